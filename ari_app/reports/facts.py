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
    TalkRow,
    TeamTimes,
    VisitRow,
    count_call,
    count_promise,
    no_buckets,
    no_team_times,
    state_key,
)
from ari_app.reports.periods import QUARTER, quarters
from ari_app.storage.db.engine import Connection
from ari_app.storage.db.indexes import LONG_STATE, LONGEST_STATE

#: facts that figures are made of; all others are told by the rows
_COUNTED_FACTS = (FactKind.WRONG_KEY, FactKind.HELD, FactKind.HELD_NO_MORE, FactKind.TRANSFER_REFUSED)
#: a wrap-up begins with the end of the talk; clocks of two processes differ by less
_WRAP_UP_BEGINS = "interval '5 seconds'"
#: then others of the process have a turn
_CALLS_AT_ONCE = 100

_MS = "floor(extract(epoch FROM {0} - $1) * 1000)"
_NUMBER = f"""
CASE WHEN call.callback_request IS NOT NULL OR call.end_reason IS NOT DISTINCT FROM '{EndReason.NOT_SERVED}' THEN ''
  ELSE coalesce(call.shared_number, call.dialled) END"""
_CALLS = f"""
SELECT call.id, call.arrived_at, call.municipality, {_NUMBER} AS number, call.choice, call.answered_at, call.ended_at,
  call.end_reason, call.end_is_estimated, call.calamity, call.handled_by_fallback,
  call.callback_request IS NOT NULL AS is_ours, call.callback_reason, call.transfer_count, call.transfers_asked
FROM call WHERE call.arrived_at >= $1 AND call.arrived_at < $2"""
# By their ids: from an interval Postgres would guess how many there are, and read whole tables.
_VISITS = """
SELECT call_id, municipality, reason, entered_at, from_municipality, calamity, left_at, outcome
FROM queue_visit WHERE call_id = ANY ($1) ORDER BY entered_at, id"""
# The wrap-up of an operator names no call: it is the first one that begins while they have the caller, or right after.
_TALKS = f"""
SELECT leg.call_id, leg.team, leg.joined_at, coalesce(leg.left_at, leg.ended_at) AS left_at,
  floor(extract(epoch FROM after.until_at - after.from_at) * 1000)::bigint AS wrap_up_ms
FROM call_leg leg LEFT JOIN LATERAL (
  SELECT past.from_at, past.until_at FROM operator_state past
  WHERE leg.role = '{LegRole.OPERATOR}' AND past.operator = leg.party AND past.state = '{OperatorState.WRAP_UP}'
    AND past.from_at >= leg.joined_at AND past.from_at <= coalesce(leg.left_at, leg.ended_at) + {_WRAP_UP_BEGINS}
  ORDER BY past.from_at LIMIT 1) after ON true
WHERE leg.call_id = ANY ($1) AND leg.role IN ('{LegRole.OPERATOR}', '{LegRole.COLLEAGUE}')
  AND leg.joined_at IS NOT NULL
ORDER BY leg.joined_at, leg.id"""
_FACTS = f"""
SELECT call_id, kind, at FROM call_fact WHERE call_id = ANY ($1)
  AND kind IN ({", ".join(f"'{kind}'" for kind in _COUNTED_FACTS)}) ORDER BY call_id, seq"""
_SUBJECTS = "SELECT call_id, subject FROM call_wrap_up WHERE call_id = ANY ($1)"
_REPEATED = "SELECT call_id FROM repeated_call WHERE call_id = ANY ($1)"
_PROMISES = """
SELECT municipality, owner_team, first_contact_at, deadline_at, first_attempt_at, reached_at FROM callback_request
WHERE (first_contact_at >= $1 AND first_contact_at < $2) OR (deadline_at >= $1 AND deadline_at < $2)"""
# The part of each state that lies in the quarter; whole milliseconds, so that the parts of a state are the whole of it.
# Nearly all are shorter than an hour; those that are longer, and than a day, have indexes of their own.
_TIMES = f"""
SELECT coalesce(teams[1], '') AS team, state, pause_reason, sum({_MS.format("least(until_at, $2::timestamptz)")}
  - {_MS.format("greatest(from_at, $1::timestamptz)")})::bigint AS ms
FROM (
  SELECT * FROM operator_state WHERE from_at > $1::timestamptz - interval '1 hour' AND from_at < $2 AND until_at > $1
    AND NOT ({LONG_STATE})
  UNION ALL SELECT * FROM operator_state WHERE from_at > $1::timestamptz - interval '24 hours' AND from_at < $2
    AND until_at > $1 AND {LONG_STATE} AND NOT ({LONGEST_STATE})
  UNION ALL SELECT * FROM operator_state WHERE until_at > $1 AND from_at < $2 AND {LONGEST_STATE}) overlapping
WHERE state <> '{OperatorState.AWAY}' GROUP BY 1, 2, 3"""


async def counted(connection: Connection, since: datetime, until: datetime) -> tuple[Buckets, TeamTimes]:
    """Everything of the quarters from `since` up to `until`, which are beginnings of quarters.

    Calls of this process wait for a few hundredths of a second at most meanwhile.
    """
    buckets, times = no_buckets(), no_team_times()
    none = CallParts()
    for quarter in quarters(since, until):
        ends_at = quarter + QUARTER
        rows = await connection.fetch(_CALLS, quarter, ends_at)
        parts = await _parts(connection, [row["id"] for row in rows]) if rows else {}
        for number, (call_id, *values) in enumerate(rows):
            count_call(buckets, CallRow(*values), parts.get(call_id, none))
            if number % _CALLS_AT_ONCE == 0:
                await asyncio.sleep(0)
        for team, state, reason, ms in await connection.fetch(_TIMES, quarter, ends_at):
            times[quarter, team][state_key(state, reason)] += ms
    for row in await connection.fetch(_PROMISES, since, until):
        count_promise(buckets, PromiseRow(*row))
    for key in [key for key in buckets if not since <= key[0] < until]:
        del buckets[key]  # of a promise that has its other end elsewhere
    return buckets, times


async def _parts(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, CallParts]:
    visits: defaultdict[UUID, list[VisitRow]] = defaultdict(list)
    for call_id, *values in await connection.fetch(_VISITS, ids):
        visits[call_id].append(VisitRow(*values))
    talks: defaultdict[UUID, list[TalkRow]] = defaultdict(list)
    for call_id, *values in await connection.fetch(_TALKS, ids):
        talks[call_id].append(TalkRow(*values))
    facts: defaultdict[UUID, list[tuple[str, datetime]]] = defaultdict(list)
    for call_id, kind, at in await connection.fetch(_FACTS, ids):
        facts[call_id].append((kind, at))
    subjects: defaultdict[UUID, list[str]] = defaultdict(list)
    for call_id, subject in await connection.fetch(_SUBJECTS, ids):
        subjects[call_id].append(subject)
    again = {row["call_id"] for row in await connection.fetch(_REPEATED, ids)}
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
