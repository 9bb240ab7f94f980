"""No caller who is with us is in silence for more than two seconds: every test's lines, by what came over the wire.

Until a human answers: in a talk the sound is that of the other party, and the phones of most tests say nothing.

Silence that is meant (docs/prompts.md): the pauses of the ringing tone, the time to answer a question by keys, an
operator's standing line between calls, and a phone that has put us on hold. Nor is a silence judged in which a test had
stopped or frozen the application. A test that breaks something else, so that silence is the price, says so:
`@pytest.mark.silence_meant("why")`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import asyncpg

from ari_app.calls.call.gather import NEXT_DIGIT_PATIENCE
from ari_app.core.call import FactKind
from tests.acceptance.application import absences
from tests.acceptance.record import questions
from tests.acceptance.wiretap import OF_RINGING_SECONDS, Line, Silence

MOST_SECONDS = 2.0
#: every fourth packet is looked at, and on a busy machine they come a little late
UNSURE_SECONDS = 0.25
OPERATORS_NUMBER = "1400"
#: from such a fact until one of the others the caller may be keying an answer
_ASKS = {FactKind.QUESTION_ASKED, FactKind.WRONG_KEY, FactKind.CALLBACK_OFFERED}
_ENDS_QUESTIONS = {FactKind.QUEUED, FactKind.OFFERED, FactKind.CALLBACK_REQUESTED, FactKind.TO_FALLBACK, FactKind.ENDED}

_FACTS = "SELECT kind, at, detail FROM call_fact WHERE call_id = $1 ORDER BY seq"

Span = tuple[float, float]


async def unmeant(silences: Iterable[Silence], database_url: str) -> list[str]:
    """Those that no rule allows, described."""
    found = [s for s in silences if s.seconds > MOST_SECONDS + UNSURE_SECONDS and not _is_excused(s)]
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
    """What the record says of a caller meanwhile, in seconds after the line was there."""
    is_citizen = not line.is_ours and line.dialled != OPERATORS_NUMBER
    call = await _call_of(record, line) if is_citizen else None
    facts = [] if call is None else await record.fetch(_FACTS, call["id"])
    return ", ".join(f"{fact['kind']} {fact['at'].timestamp() - (line.up_at or 0):.1f}" for fact in facts)


def _is_excused(silence: Silence) -> bool:
    """The phone had us on hold, or the application was away."""
    spans = [*silence.line.held, *absences]
    return any(since < silence.until_at and until > silence.from_at for since, until in spans)


async def _judged_parts(record: asyncpg.Connection[asyncpg.Record], silence: Silence) -> list[float]:
    """How long each part of a silence is in which there should have been sound."""
    line, whole = silence.line, (silence.from_at, silence.until_at)
    if line.is_ours or line.dialled == OPERATORS_NUMBER:
        return []
    call = await _call_of(record, line)
    of_ringing = OF_RINGING_SECONDS - MOST_SECONDS if silence.is_ringing_pause else 0.0
    if call is None:
        return [silence.seconds - of_ringing]
    if call["answered_at"] is not None:
        whole = (silence.from_at, min(silence.until_at, call["answered_at"].timestamp()))
    longest = NEXT_DIGIT_PATIENCE.total_seconds() if await _is_asked(record, call, whole) else MOST_SECONDS
    return [whole[1] - whole[0] - max(longest - MOST_SECONDS, of_ringing)]


async def _call_of(record: asyncpg.Connection[asyncpg.Record], line: Line) -> asyncpg.Record | None:
    made_at = datetime.fromtimestamp(line.made_at, UTC)
    return await record.fetchrow(
        "SELECT id, answered_at FROM call WHERE pii_caller_number IS NULL OR pii_caller_number = $1"
        " ORDER BY pii_caller_number IS NULL, abs(extract(epoch FROM arrived_at - $2)) LIMIT 1",
        line.phone,
        made_at,
    )


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
