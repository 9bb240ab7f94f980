"""How soon screens showed what was committed, and what Asterisk said: the record beside the frames that came."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from ari_app.core.event_log.cel import ChannelHistory
from tests.acceptance.record import Connection, questions
from tests.bench.connecting import is_caller

#: A state becomes a row when it ends, in the commit that begins the next one. Without commit timestamps (a setting of
#: PostgreSQL) the moment is the one at which it was decided, just before.
_STATES = """
SELECT session_id, operator, call_id::text, extract(epoch FROM {ended_at})::float8 AS ended_at
FROM operator_state WHERE until_at > $1 ORDER BY session_id, from_at"""
_COUNTED = """
SELECT extract(epoch FROM {left_at})::float8 AS at FROM queue_visit
WHERE outcome = 'answered' AND left_at IS NOT NULL ORDER BY 1"""
_CALLS = "SELECT id::text, channel_id FROM call WHERE arrived_at >= $1 AND arrived_at < $2"


@dataclass(frozen=True, slots=True)
class Heard:
    """What `watchers` wrote. Moments are seconds since 1970, in their order."""

    cards: Mapping[int, Sequence[tuple[float, str]]]
    boards: Mapping[int, Sequence[tuple[float, int]]]
    frames: Mapping[int, int]
    octets: Mapping[int, int]
    closed: int

    @classmethod
    def read(cls, file: Path) -> Heard:
        said = json.loads(file.read_text(encoding="utf-8"))
        cards, boards = defaultdict(list), defaultdict(list)
        for screen, at, call in said["cards"]:
            cards[screen].append((at, call))
        for screen, at, counted in said["boards"]:
            boards[screen].append((at, counted))
        frames, octets = ({int(at): count for at, count in said[name].items()} for name in ("frames", "octets"))
        return cls(cards, boards, frames, octets, said["closed"])


@dataclass(frozen=True, slots=True)
class Shown:
    """Of one turn of the calls; milliseconds. `missed`: what was never shown."""

    desk_ms: tuple[float, ...]  # from the commit to the desk that shows it: a caller who comes, and who goes
    event_ms: tuple[float, ...]  # from the caller's channel that begins, or ends, to the same
    board_ms: tuple[float, ...]  # from the commit to the board whose figures count the caller
    missed: int
    frames_per_second: float
    octets_per_second: float


@dataclass(frozen=True, slots=True)
class _Stay:
    """A caller at an operator, by the commits that say so."""

    operator: str
    call: str
    came_at: float
    went_at: float


async def shown_between(
    database_url: str,
    heard: Heard,
    desks: Mapping[str, int],
    channels: Sequence[ChannelHistory],
    began_at: datetime,
    until: datetime,
) -> Shown:
    """`desks`: the screen of each operator. Callers who came before, or went after, are left out."""
    async with questions(database_url) as record:
        commits = await record.fetchval("SHOW track_commit_timestamp") == "on"
        stays = await _stays(record, began_at, commits=commits)
        left_at = "pg_xact_commit_timestamp(xmin)" if commits else "left_at"
        counted = [row["at"] for row in await record.fetch(_COUNTED.format(left_at=left_at))]
        calls = {row["id"]: row["channel_id"] for row in await record.fetch(_CALLS, began_at, until)}
    callers = {one.channel_id: one for one in channels if is_caller(one)}
    begin, end = began_at.timestamp(), until.timestamp()
    desk_ms, event_ms, missed = list[float](), list[float](), 0
    for stay in stays:
        caller = callers.get(calls.get(stay.call, ""))
        if caller is None or stay.came_at < begin or stay.went_at > end:
            continue
        came, went = moments_of(heard.cards.get(desks[stay.operator], ()), stay.call)
        missed += (came is None) + (went is None)
        for shown_at, committed_at, happened_at in (
            (came, stay.came_at, caller.started_at),
            (went, stay.went_at, caller.ended_at),
        ):
            if shown_at is not None and happened_at is not None:
                desk_ms.append((shown_at - committed_at) * 1000)
                event_ms.append((shown_at - happened_at.timestamp()) * 1000)
    board_ms = [
        (at - counted[number]) * 1000
        for frames in heard.boards.values()
        for number, at in first_counted(frames)
        if number < len(counted) and begin <= counted[number] <= end
    ]
    seconds = range(int(begin) + 1, int(end))
    frames, octets = (sum(found.get(at, 0) for at in seconds) for found in (heard.frames, heard.octets))
    took = max(1, len(seconds))
    return Shown(tuple(desk_ms), tuple(event_ms), tuple(board_ms), missed, frames / took, octets / took)


async def _stays(record: Connection, since: datetime, *, commits: bool) -> list[_Stay]:
    ended_at = "pg_xact_commit_timestamp(xmin)" if commits else "until_at"
    found = []
    by_session = groupby(await record.fetch(_STATES.format(ended_at=ended_at), since), lambda row: row["session_id"])
    for _, states in by_session:
        came_at: float | None = None  # not in the rows
        for call, of_call in groupby(states, lambda row: row["call_id"]):
            rows = list(of_call)
            if call is not None and came_at is not None:
                found.append(_Stay(rows[-1]["operator"], call, came_at, rows[-1]["ended_at"]))
            came_at = rows[-1]["ended_at"]
    return found


def moments_of(frames: Sequence[tuple[float, str]], call: str) -> tuple[float | None, float | None]:
    """When a desk showed this caller first, and when no more."""
    came = next((at for at, shown in frames if shown == call), None)
    went = None if came is None else next((at for at, shown in frames if at > came and shown != call), None)
    return came, went


def first_counted(frames: Sequence[tuple[float, int]]) -> Iterator[tuple[int, float]]:
    """The callers whom a board counts, the first 0, each with the frame in which it first did."""
    known: int | None = None
    for at, count in frames:
        if known is not None:
            for number in range(known, count):
                yield number, at
        known = count
