"""The rule that the record says nothing of what was not heard finds rows that were forged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from ari_app.prompts.phrases import caller as to_caller
from tests.acceptance.heard import packets, unheard
from tests.acceptance.lines import Line, Packet, Taken
from tests.acceptance.record import questions
from tests.acceptance.wire_filter import EVERY

pytestmark = pytest.mark.postgres

AT = 1_750_000_000.0
CALL = UUID("6c0ae4a5-8f0b-4f2e-8c6e-52cf1a8b7d02")
CALLER, PHONE = 10_000, 10_002  # ports
STORY = """
INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at, last_seq,
    pii_caller_number, line_answered_at, answered_at, queued_at)
  VALUES ($1, 'node1', 'c', '0119990100', 'talking', $2, $2, 1, '+31201234567', $2, $2, $2)"""
LEG = """
INSERT INTO call_leg (id, call_id, channel_id, role, party, started_at, answered_at, joined_at)
  VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, $6)"""
FACT = "INSERT INTO call_fact (call_id, seq, at, kind, detail) VALUES ($1, $2, $3, $4, $5)"


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(AT + at, UTC)


def line(phone: str, *, port: int, is_ours: bool = False, answered_at: float | None = 0.5) -> Line:
    at = None if answered_at is None else AT + answered_at
    return Line(phone, "0119990100", is_ours, AT, port=port, up_at=at, answered_at=at)


def said(words: list[bytes], until: float) -> list[Packet]:
    """Of these packets every fourth, the last at `until`."""
    taken = words[::EVERY]
    return [(AT + until - 0.08 * (len(taken) - at), payload) for at, payload in enumerate(taken)]


async def told(database_url: str, *facts: tuple[float, str, dict[str, object]]) -> None:
    async with questions(database_url) as record:
        await record.execute(STORY, CALL, moment(0))
        await record.execute(LEG, CALL, "c", "caller", None, moment(0), moment(0.5))
        await record.execute(LEG, CALL, "d", "operator", "PJSIP/phone01", moment(1), moment(9))
        for seq, (at, kind, detail) in enumerate(facts, start=1):
            await record.execute(FACT, CALL, seq, moment(at), kind, json.dumps(detail))


@pytest.fixture
def position(sounds_dir: Path) -> list[bytes]:
    return sorted(packets(sounds_dir, None, to_caller.position(3)))


async def test_a_position_is_told_when_its_very_prompt_came_in_time_and_whole(
    database_url: str, sounds_dir: Path, position: list[bytes]
) -> None:
    await told(database_url, (6.0, "position_told", {"position": 3}))
    lines = [line("+31201234567", port=CALLER), line("phone01", port=PHONE, is_ours=True, answered_at=8.9)]
    other = sorted(packets(sounds_dir, None, to_caller.position(4)) - set(position))

    async def found(sound: list[Packet], *, on: int = CALLER) -> list[str]:
        everything = Taken(lines, {on: sound}, [], AT + 20)
        return [entry.partition(",")[0] for entry in await unheard(everything, AT - 1, database_url, sounds_dir)]

    assert await found(said(position, until=5.9)) == []
    for sound in (
        [],
        said(other, until=5.9),  # another position
        said(position, until=8.0),  # after the row said so
        said(position[: len(position) // 2], until=5.9),  # broken off
    ):
        assert await found(sound) == ["told"]
    assert await found(said(position, until=5.9), on=PHONE) == ["told"], "on another line"


async def test_an_answer_in_the_record_is_one_on_the_wire(database_url: str, sounds_dir: Path) -> None:
    await told(database_url)
    caller = line("0201234567", port=CALLER)
    phone = line("phone01", port=PHONE, is_ours=True, answered_at=8.9)

    async def found(*lines: Line) -> list[str]:
        everything = await unheard(Taken(lines, {}, [], AT + 20), AT - 1, database_url, sounds_dir)
        return [role for entry in everything for role in ("caller", "operator") if f"role {role}" in entry]

    assert await found(caller, phone) == []
    assert await found(replace(caller, answered_at=None), phone) == ["caller"]
    assert await found(caller, replace(phone, answered_at=AT + 12)) == ["operator"]
    assert await found(caller, replace(phone, down_at=AT + 8)) == ["operator"], "they had gone"
    assert await found(caller, replace(phone, phone="phone02")) == ["operator"]


async def test_an_announcement_whose_words_are_not_known_here_is_a_failure(
    database_url: str, sounds_dir: Path, position: list[bytes]
) -> None:
    await told(database_url, (6.0, "announced", {"what": "something new"}))
    with pytest.raises(AssertionError, match="an announcement without words here"):
        await unheard(Taken([line("+31201234567", port=CALLER)], {}, [], AT + 20), AT - 1, database_url, sounds_dir)
