"""What is counted, read from the record: the calls, promises and states of some quarters of an hour.

One call is one row and its parts; the parts of many calls are read together.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ari_app.core.call import EndReason, FactKind, LegRole
from ari_app.core.operators import OperatorState
from ari_app.reports.counting import (
    Buckets,
    CallParts,
    CallRow,
    PromiseRow,
    StretchRow,
    TalkRow,
    TeamTimes,
    VisitRow,
    count_call,
    count_promise,
    count_stretch,
    no_buckets,
    no_team_times,
)
from ari_app.reports.periods import QUARTER, quarters
from ari_app.storage.db.engine import Connection

#: facts that figures are made of; all others are told by the rows
_COUNTED_FACTS = (FactKind.WRONG_KEY, FactKind.HELD, FactKind.HELD_NO_MORE, FactKind.TRANSFER_REFUSED)
#: a wrap-up begins with the end of the talk; clocks of two processes differ by less
_WRAP_UP_BEGINS = "interval '5 seconds'"
#: then others of the process have a turn
_CALLS_AT_ONCE = 100

_NUMBER = f"""
CASE WHEN call.callback_request IS NOT NULL OR call.end_reason IS NOT DISTINCT FROM '{EndReason.NOT_SERVED}' THEN ''
  ELSE coalesce(call.shared_number, call.dialled) END"""
_CALLS = f"""
SELECT call.id, call.arrived_at, call.municipality, {_NUMBER} AS number, call.choice, call.answered_at, call.ended_at,
  call.end_reason, call.end_is_estimated, call.calamity, call.handled_by_fallback,
  call.callback_request IS NOT NULL AS is_ours, call.callback_reason, call.transfer_count, call.transfers_asked
FROM call WHERE call.arrived_at >= $1 AND call.arrived_at < $2"""
_OF_CALLS = "JOIN call ON call.id = {0}.call_id WHERE call.arrived_at >= $1 AND call.arrived_at < $2"
_VISITS = f"""
SELECT visit.call_id, visit.municipality, visit.reason, visit.entered_at, visit.from_municipality, visit.calamity,
  visit.left_at, visit.outcome
FROM queue_visit visit {_OF_CALLS.format("visit")} ORDER BY visit.entered_at, visit.id"""
# The wrap-up of an operator names no call: it is the first one that begins while they have the caller, or right after.
_TALKS = f"""
SELECT leg.call_id, leg.team, leg.joined_at, coalesce(leg.left_at, leg.ended_at) AS left_at,
  floor(extract(epoch FROM after.until_at - after.from_at) * 1000)::bigint AS wrap_up_ms
FROM call_leg leg JOIN call ON call.id = leg.call_id LEFT JOIN LATERAL (
  SELECT past.from_at, past.until_at FROM operator_state past
  WHERE leg.role = '{LegRole.OPERATOR}' AND past.operator = leg.party AND past.state = '{OperatorState.WRAP_UP}'
    AND past.from_at >= leg.joined_at AND past.from_at <= coalesce(leg.left_at, leg.ended_at) + {_WRAP_UP_BEGINS}
  ORDER BY past.from_at LIMIT 1) after ON true
WHERE call.arrived_at >= $1 AND call.arrived_at < $2
  AND leg.role IN ('{LegRole.OPERATOR}', '{LegRole.COLLEAGUE}') AND leg.joined_at IS NOT NULL
ORDER BY leg.joined_at, leg.id"""
_FACTS = f"""
SELECT fact.call_id, fact.kind, fact.at FROM call_fact fact {_OF_CALLS.format("fact")}
  AND fact.kind = ANY ($3) ORDER BY fact.call_id, fact.seq"""
_SUBJECTS = f"SELECT said.call_id, said.subject FROM call_wrap_up said {_OF_CALLS.format('said')}"
_REPEATED = f"SELECT again.call_id FROM repeated_call again {_OF_CALLS.format('again')}"
_PROMISES = """
SELECT municipality, owner_team, first_contact_at, deadline_at, first_attempt_at, reached_at FROM callback_request
WHERE (first_contact_at >= $1 AND first_contact_at < $2) OR (deadline_at >= $1 AND deadline_at < $2)"""
# A state of more than a day, of an operator whose phone is rung, has an index of its own.
_STRETCHES = f"""
SELECT coalesce(teams[1], '') AS team, state, pause_reason, greatest(from_at, $1) AS from_at,
  least(until_at, $2) AS until_at
FROM operator_state WHERE state <> '{OperatorState.AWAY}' AND from_at < $2 AND until_at > $1
  AND (from_at > $1::timestamptz - interval '24 hours' OR until_at - from_at > interval '24 hours')"""


async def counted(connection: Connection, since: datetime, until: datetime) -> tuple[Buckets, TeamTimes]:
    """Everything of the quarters from `since` up to `until`, which are beginnings of quarters.

    Calls of this process wait for a few hundredths of a second at most meanwhile.
    """
    buckets, times = no_buckets(), no_team_times()
    none = CallParts()
    for quarter in quarters(since, until):
        ends_at = quarter + QUARTER
        rows = await connection.fetch(_CALLS, quarter, ends_at)
        parts = await _parts(connection, quarter, ends_at) if rows else {}
        for number, (call_id, *values) in enumerate(rows):
            count_call(buckets, CallRow(*values), parts.get(call_id, none))
            if number % _CALLS_AT_ONCE == 0:
                await asyncio.sleep(0)
    for row in await connection.fetch(_PROMISES, since, until):
        count_promise(buckets, PromiseRow(*row))
    for row in await connection.fetch(_STRETCHES, since, until):
        count_stretch(times, StretchRow(*row))
    for key in [key for key in buckets if not since <= key[0] < until]:
        del buckets[key]  # of a promise that has its other end elsewhere
    return buckets, times


async def _parts(connection: Connection, since: datetime, until: datetime) -> dict[UUID, CallParts]:
    visits: defaultdict[UUID, list[VisitRow]] = defaultdict(list)
    for call_id, *values in await connection.fetch(_VISITS, since, until):
        visits[call_id].append(VisitRow(*values))
    talks: defaultdict[UUID, list[TalkRow]] = defaultdict(list)
    for call_id, *values in await connection.fetch(_TALKS, since, until):
        talks[call_id].append(TalkRow(*values))
    facts: defaultdict[UUID, list[tuple[str, datetime]]] = defaultdict(list)
    for call_id, kind, at in await connection.fetch(_FACTS, since, until, list(_COUNTED_FACTS)):
        facts[call_id].append((kind, at))
    subjects: defaultdict[UUID, list[str]] = defaultdict(list)
    for call_id, subject in await connection.fetch(_SUBJECTS, since, until):
        subjects[call_id].append(subject)
    again = {row["call_id"] for row in await connection.fetch(_REPEATED, since, until)}
    nothing: Sequence[tuple[str, datetime]] = ()
    return {
        call_id: CallParts(
            visits.get(call_id, ()),
            talks.get(call_id, ()),
            facts.get(call_id, nothing),
            subjects.get(call_id, ()),
            call_id in again,
        )
        for call_id in {*visits, *talks, *facts, *subjects, *again}
    }
