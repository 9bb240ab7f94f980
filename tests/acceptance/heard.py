"""No row says "announced", "told" or "answered" of something that a phone did not get: the record beside the wire.

A line that the record calls answered was answered by a message that passed the wire by then. Whoever was told something
got the very prompt, packet by packet, by then; a prompt that an answer by a key cut off, its first words.
"""

from __future__ import annotations

import json
import math
import re
import wave
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TypeAlias

import asyncpg
import numpy as np
import numpy.typing as npt

from ari_app.core.call import FactKind, LegRole
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts.phrases import caller as to_caller
from ari_app.prompts.phrases.parts import Phrase, digits, texts
from ari_app.prompts.voice import media_of
from tests.acceptance import audio
from tests.acceptance.lines import Line, Taken
from tests.acceptance.record import questions
from tests.acceptance.wire_filter import EVERY

#: of a prompt's packets that were looked at
_ENOUGH = 0.7
#: the record's clock is read a little before or after the wire's
_UNSURE_SECONDS = 0.25
_JUST_THEN_SECONDS = 1.0
_ENDPOINT = "PJSIP/"
#: how far the arrival of a call may be from its first message, on a busy machine
_ARRIVAL_SECONDS = 3.0
_SAMPLES = round(audio.PACKET_SECONDS * audio.RATE)
_SEGMENT_ENDS = np.array([0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF, 0x1FFF, 0x3FFF, 0x7FFF])

_TOLD = f"""
    SELECT f.kind, f.at, f.detail, c.id, c.dialled, c.arrived_at, c.pii_caller_number, c.municipality,
      c.callback_reference
    FROM call_fact f JOIN call c ON c.id = f.call_id
    WHERE f.at >= $1 AND c.arrived_at >= $1
      AND f.kind IN ('{FactKind.ANNOUNCED}', '{FactKind.POSITION_TOLD}', '{FactKind.NOBODY_TOLD}')"""
_ANSWERED = """
    SELECT l.call_id AS id, l.answered_at AS at, l.role, coalesce(o.endpoint, l.party) AS party, c.dialled,
      c.arrived_at, c.pii_caller_number
    FROM call_leg l JOIN call c ON c.id = l.call_id LEFT JOIN operator_line o ON o.channel_id = l.channel_id
    WHERE l.answered_at >= $1 AND c.arrived_at >= $1
      AND coalesce(o.endpoint, l.party, '') NOT LIKE 'PJSIP/web-%'"""  # a page: nobody listens to its socket

Row: TypeAlias = "asyncpg.Record"


async def unheard(
    taken: Taken, since: float, database_url: str, sounds: Path, *, pages_call: bool = False
) -> list[str]:
    """What the record of calls that arrived after `since` says and the wire does not show, described.

    `pages_call`: callers without a number call from pages, whose sound nobody on the wire can read.
    """
    if not taken.lines:
        return []
    async with questions(database_url) as record:
        begun = datetime.fromtimestamp(since, UTC)
        told, answered = await record.fetch(_TOLD, begun), await record.fetch(_ANSWERED, begun)
    if pages_call:
        told, answered = ([row for row in rows if row["pii_caller_number"]] for rows in (told, answered))
    return [
        *(f"answered, and no answer was seen: {_told(row)}" for row in answered if not _was_answered(taken, row)),
        *(f"told, and not heard: {_told(row)}" for row in told if not _was_heard(taken, row, sounds)),
    ]


def _told(row: Row) -> str:
    return ", ".join(f"{name} {value}" for name, value in dict(row).items() if not name.startswith("pii_"))


def _was_answered(taken: Taken, row: Row) -> bool:
    """A rung phone is not always known by its row, which names who was rung: one was answered just then."""
    at, party = row["at"].timestamp(), row["party"] or ""
    since = -math.inf
    if row["role"] == LegRole.CALLER:
        lines = _lines_of_caller(taken, row)
    elif party.startswith(_ENDPOINT):
        phone = _subscriber(party.removeprefix(_ENDPOINT).partition("@")[0])
        lines = [line for line in taken.lines if _subscriber(line.phone) == phone]
    else:
        lines, since = [line for line in taken.lines if line.is_ours], at - _JUST_THEN_SECONDS
    return any(
        line.answered_at is not None
        and since <= line.answered_at <= at + _UNSURE_SECONDS
        and (line.down_at is None or line.down_at >= at - _UNSURE_SECONDS)
        for line in lines
    )


def _was_heard(taken: Taken, row: Row, sounds: Path) -> bool:
    wanted = packets(sounds, row["municipality"], _words(row))
    at = row["at"].timestamp() + _UNSURE_SECONDS
    for line in _lines_of_caller(taken, row):
        got = sum(payload in wanted for came_at, payload in taken.sound_of(line) if came_at <= at)
        if wanted and got >= max(1, _ENOUGH * len(wanted) / EVERY - 1):
            return True
    return False


def _words(row: Row) -> Phrase:
    """Those that the fact is sure to stand for: opening hours and the text of a calamity are not in it."""
    what = json.loads(row["detail"])
    match FactKind(row["kind"]), what.get("what"):
        case FactKind.POSITION_TOLD, _:
            return to_caller.position(what["position"])
        case FactKind.NOBODY_TOLD, _:
            return to_caller.NOBODY_YET
        case _, "closed":
            return to_caller.closed(row["municipality"], None, row["at"])[:1]
        case _, "calamity":
            return to_caller.calamity("")[:1]
        case _, "too_long":
            return to_caller.WAITED_LONG
        case _, "nobody":
            return to_caller.NOBODY_HERE
        case _, "overload":
            return to_caller.ALL_LINES_BUSY
        case _, "promise":
            return (*texts("terug-kenmerk"), *digits(row["callback_reference"] or ""), *texts("terug-dank"))
    raise AssertionError(f"an announcement without words here: {_told(row)}")


def packets(sounds: Path, municipality: str | None, words: Phrase) -> frozenset[bytes]:
    """All packets of these words, as they pass the wire."""
    code = None if municipality is None else MunicipalityCode(municipality)
    files = [Path(media.removeprefix("sound:") + ".wav") for media in media_of(sounds, code, words)]
    return frozenset().union(*(_packets_of(file, file.stat().st_mtime_ns) for file in files))


@cache
def _packets_of(file: Path, _written_at: int) -> frozenset[bytes]:
    """The packets of a prompt that have sound in them, each as Asterisk sends it."""
    with wave.open(str(file)) as opened:
        samples = np.frombuffer(opened.readframes(opened.getnframes()), dtype="<i2").astype(np.int32)
    rows = samples[: len(samples) // _SAMPLES * _SAMPLES].reshape(-1, _SAMPLES)
    return frozenset(bytes(_alaw(row)) for row in rows[audio.has_somebody(rows / 32768.0)])


def _alaw(samples: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
    """As Asterisk codes them: by a table with one entry for eight values."""
    values = samples | 7
    magnitude = np.abs(values)
    segment = np.searchsorted(_SEGMENT_ENDS, magnitude)
    code = (segment << 4) | ((magnitude >> np.where(segment > 0, segment + 3, 4)) & 0x0F)
    return np.asarray(code ^ np.where(values >= 0, 0xD5, 0x55), dtype=np.uint8)


def _lines_of_caller(taken: Taken, row: Row) -> list[Line]:
    """The line of a call, or those that may be it: calls of the same number at the same time are not told apart."""
    number, arrived_at = row["pii_caller_number"], row["arrived_at"].timestamp()
    lines = [
        line
        for line in taken.lines
        if abs(line.made_at - arrived_at) <= _ARRIVAL_SECONDS
        and (line.is_ours or _digits(line.dialled) == _digits(row["dialled"]))
        and (number is None or _subscriber(line.phone) == _subscriber(number))
    ]
    return sorted(lines, key=lambda line: abs(line.made_at - arrived_at))


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _subscriber(user: str) -> str:
    """A number without what may be written before it: +31, 0031 or 0; a name as it is."""
    return re.sub(r"^(\+31|0031|0)(?=\d{9}$)", "", user)
