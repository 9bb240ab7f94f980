"""Nobody on a line of ours is in silence for more than two seconds: every test's lines, by what came over the wire.

In a talk the sound is that of the other party. The phones of most tests say nothing, so each of them breathes
(tests.acceptance.breath): who hears not even that is with nobody.

Silence that is meant (docs/prompts.md): the pauses of the ringing tone, the time to answer a question by keys, an
operator's standing line between calls, and a phone that has put us on hold. Nor is a silence judged in which a test had
stopped or frozen the application. A test that breaks something else, so that silence is the price, says so:
`@pytest.mark.silence_meant("why")`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg

from ari_app.calls.call.gather import NEXT_DIGIT_PATIENCE
from ari_app.core.call import FactKind
from tests.acceptance.application import absences
from tests.acceptance.breath import EVERY_SECONDS
from tests.acceptance.lines import OF_RINGING_SECONDS, Line, Silence, Taken
from tests.acceptance.record import questions

MOST_SECONDS = 2.0
#: every fourth packet is looked at, and on a busy machine they come a little late
UNSURE_SECONDS = 0.25
#: in a talk the other party is heard only as often as they breathe
BREATHS_SECONDS = 2 * EVERY_SECONDS
OPERATORS_NUMBER = "1400"
#: from such a fact until one of the others the caller may be keying an answer
_ASKS = {FactKind.QUESTION_ASKED, FactKind.WRONG_KEY, FactKind.CALLBACK_OFFERED}
_ENDS_QUESTIONS = {FactKind.QUEUED, FactKind.OFFERED, FactKind.CALLBACK_REQUESTED, FactKind.TO_FALLBACK, FactKind.ENDED}

_LEGS_OF_STANDING_LINE = """
    SELECT l.call_id, l.joined_at AS since, coalesce(l.ended_at, now()) AS until
    FROM call_leg l JOIN operator_line o USING (channel_id) WHERE o.endpoint = $1 AND l.joined_at IS NOT NULL"""
#: from the answer: from then on we owe them sound
_LEGS_OF_RUNG_PHONE = """
    SELECT call_id, answered_at AS since, coalesce(ended_at, now()) AS until
    FROM call_leg WHERE role <> 'caller' AND answered_at IS NOT NULL
    ORDER BY party LIKE $1 DESC NULLS LAST, abs(extract(epoch FROM started_at - $2)) LIMIT 1"""
_FACTS = "SELECT kind, at, detail FROM call_fact WHERE call_id = $1 ORDER BY seq"

Span = tuple[float, float]


async def unmeant(taken: Taken, database_url: str) -> list[str]:
    """The silences that no rule allows, described."""
    away = [*absences, *taken.stalls]
    found = [one for one in taken.silences(MOST_SECONDS + UNSURE_SECONDS) if not _is_excused(one, away)]
    if not found:
        return []
    async with questions(database_url) as record:
        return [
            f"{silence}; {await _story(record, silence.line)}"
            for silence in found
            for part in await _judged_parts(record, silence)
            if part > MOST_SECONDS + UNSURE_SECONDS
        ]


async def _story(record: asyncpg.Connection[asyncpg.Record], line: Line) -> str:
    """What the record says of a call meanwhile, in seconds after the line was there."""
    if line.is_ours:
        leg = await record.fetchrow(_LEGS_OF_RUNG_PHONE, f"PJSIP/{line.phone}%", _moment(line.made_at))
        call_id = leg and leg["call_id"]
    else:
        call = None if line.dialled == OPERATORS_NUMBER else await _call_of(record, line)
        call_id = call and call["id"]
    facts = await record.fetch(_FACTS, call_id)
    after = [f"{fact['at'].timestamp() - (line.up_at or 0):.1f}" for fact in facts]
    return ", ".join(f"{fact['kind']} {fact['detail']} {at}" for fact, at in zip(facts, after, strict=True))


def _is_excused(silence: Silence, away: Sequence[Span]) -> bool:
    """The phone had us on hold, or the application was away, or the phones were."""
    spans = [*silence.line.held, *away]
    return any(since < silence.until_at and until > silence.from_at for since, until in spans)


async def _judged_parts(record: asyncpg.Connection[asyncpg.Record], silence: Silence) -> list[float]:
    """How long each part of a silence is in which there should have been sound."""
    line, whole = silence.line, (silence.from_at, silence.until_at)
    of_ringing = OF_RINGING_SECONDS - MOST_SECONDS if silence.is_ringing_pause else 0.0
    if not line.is_ours and line.dialled == OPERATORS_NUMBER:
        talks = await _talks(record, _LEGS_OF_STANDING_LINE, f"PJSIP/{line.phone}")
        return [_shared(whole, talk) - max(of_ringing, BREATHS_SECONDS) for talk in talks]
    if line.is_ours:
        talks = await _talks(record, _LEGS_OF_RUNG_PHONE, f"PJSIP/{line.phone}%", _moment(line.made_at))
        return [_shared(whole, talk) - max(of_ringing, BREATHS_SECONDS) for talk in talks or [whole]]
    call = await _call_of(record, line)
    if call is None:
        return [silence.seconds - of_ringing]
    longest = NEXT_DIGIT_PATIENCE.total_seconds() if await _is_asked(record, call, whole) else MOST_SECONDS
    is_talk = call["answered_at"] is not None and call["answered_at"].timestamp() < silence.until_at
    return [silence.seconds - max(longest - MOST_SECONDS, of_ringing, BREATHS_SECONDS if is_talk else 0.0)]


async def _talks(record: asyncpg.Connection[asyncpg.Record], legs: str, *arguments: object) -> list[Span]:
    """When a human of ours was with somebody; on hold they are not: they wanted to hear nothing."""
    talks: list[Span] = []
    for row in await record.fetch(legs, *arguments):
        begins, until = row["since"].timestamp(), row["until"].timestamp()
        facts = await record.fetch(_FACTS, row["call_id"])
        for held_at, back_at in _spans(facts, {FactKind.HELD}, {FactKind.HELD_NO_MORE, FactKind.ENDED}):
            talks.append((begins, min(until, held_at)))
            begins = max(begins, back_at)
        talks.append((begins, until))
    return talks


async def _call_of(record: asyncpg.Connection[asyncpg.Record], line: Line) -> asyncpg.Record | None:
    return await record.fetchrow(
        "SELECT id, answered_at FROM call WHERE pii_caller_number IS NULL OR pii_caller_number = $1"
        " ORDER BY pii_caller_number IS NULL, abs(extract(epoch FROM arrived_at - $2)) LIMIT 1",
        line.phone,
        _moment(line.made_at),
    )


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


async def _is_asked(record: asyncpg.Connection[asyncpg.Record], call: asyncpg.Record, span: Span) -> bool:
    """Whether the caller may have been keying an answer at the beginning of a silence."""
    questions_asked = _spans(await record.fetch(_FACTS, call["id"]), _ASKS, _ENDS_QUESTIONS)
    return any(since <= span[0] + UNSURE_SECONDS and span[0] < until for since, until in questions_asked)


def _spans(facts: Sequence[asyncpg.Record], begins: set[FactKind], ends: set[FactKind]) -> list[Span]:
    spans: list[Span] = []
    since: float | None = None
    for fact in facts:
        is_asking = begins is _ASKS and fact["kind"] == FactKind.STAGE and "leaving_callback" in str(fact["detail"])
        if fact["kind"] in begins or is_asking:
            since = fact["at"].timestamp() if since is None else since
        elif fact["kind"] in ends and since is not None:
            spans.append((since, fact["at"].timestamp()))
            since = None
    return spans if since is None else [*spans, (since, float("inf"))]


def _shared(one: Span, other: Span) -> float:
    return min(one[1], other[1]) - max(one[0], other[0])
