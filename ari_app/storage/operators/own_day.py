"""An operator's own day: the talks that are over, and of which of them the wrap-up is still to be filled in.

From the stretches of their states, so it is as true as the figures; the talk that goes on is on the card.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from ari_app.core.access import Scope
from ari_app.core.ids import CallId, OperatorNumber
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import Named, RowShape
from ari_app.storage.db.scopes import reading, scope_codes

#: so many of the last talks are listed, and of those without a wrap-up
MOST_LISTED, MOST_MISSING = 8, 20
#: a talk of today that began before it is looked for so far back: the index knows when it began
LONGEST_TALK_HOURS = 24


@dataclass(frozen=True, slots=True)
class OwnTalk:
    """One call in which the operator talked. `subject`: a code of their wrap-up, may be empty."""

    call_id: CallId
    municipality: str
    began_at: datetime
    seconds: float
    has_wrap_up: bool
    subject: str


@dataclass(frozen=True, slots=True)
class OwnDay:
    """`last`: the newest talks; `missing`: those without a wrap-up, the newest first. The counts are of all."""

    count: int = 0
    missing_count: int = 0
    last: tuple[OwnTalk, ...] = ()
    missing: tuple[OwnTalk, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedWrapUp:
    """A call in which the operator talked, and what they said of it; nothing yet: empty, and `saved_at` None."""

    call_id: CallId
    municipality: str
    arrived_at: datetime
    saved_at: datetime | None
    subject: str
    result: str
    pii_note: str = field(repr=False)


_IN_SCOPE = "($1::text[] IS NULL OR call.municipality = ANY ($1))"
_DAYS = f"""
SELECT one.number AS reader, day.* FROM unnest($2::text[]) AS one (number) CROSS JOIN LATERAL (
  SELECT talk.call_id, town.name AS municipality, talk.began_at, talk.seconds, said.call_id IS NOT NULL AS has_wrap_up,
    coalesce(said.subject, '') AS subject, count(*) OVER ()::int AS count,
    count(*) FILTER (WHERE said.call_id IS NULL) OVER ()::int AS missing_count,
    row_number() OVER (ORDER BY talk.began_at DESC) <= {MOST_LISTED} AS is_last,
    row_number() OVER (PARTITION BY said.call_id IS NULL ORDER BY talk.began_at DESC) AS number_of_kind
  FROM (SELECT past.call_id, min(past.from_at) AS began_at,
      extract(epoch FROM sum(past.until_at - past.from_at))::float8 AS seconds
    FROM operator_state past WHERE past.operator = one.number AND past.state = 'talking' AND past.call_id IS NOT NULL
      AND past.until_at > $3 AND past.from_at > $3::timestamptz - interval '{LONGEST_TALK_HOURS} hours'
    GROUP BY past.call_id) talk
  JOIN call ON call.id = talk.call_id AND {_IN_SCOPE} JOIN municipality town ON town.code = call.municipality
  LEFT JOIN call_wrap_up said ON said.call_id = talk.call_id AND said.operator = one.number
  WHERE NOT EXISTS (SELECT FROM operator_session now WHERE now.operator = one.number AND now.logged_out_at IS NULL
    AND now.state = 'talking' AND now.call_id = talk.call_id)) day
WHERE day.is_last OR (NOT day.has_wrap_up AND day.number_of_kind <= {MOST_MISSING})
ORDER BY one.number, day.began_at DESC"""
_WRAP_UP = f"""
SELECT call.id AS call_id, town.name AS municipality, call.arrived_at, said.saved_at,
  coalesce(said.subject, '') AS subject, coalesce(said.result, '') AS result, coalesce(said.pii_note, '') AS pii_note
FROM call JOIN municipality town ON town.code = call.municipality
LEFT JOIN call_wrap_up said ON said.call_id = call.id AND said.operator = $2
WHERE call.id = $3 AND {_IN_SCOPE} AND EXISTS (SELECT FROM call_leg leg WHERE leg.call_id = call.id
  AND leg.role = 'operator' AND leg.party = $2 AND leg.joined_at IS NOT NULL)"""
_SAVED = RowShape(SavedWrapUp, "call")


async def own_days(
    pool: Pool, scope: Scope, operators: Collection[OperatorNumber], since: datetime
) -> dict[OperatorNumber, OwnDay]:
    """Of each of them, what ended since the beginning of the day; of calls of the scope. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope, keeps_plans=True) as connection:
            rows = await connection.fetch(_DAYS, scope_codes(scope), list(operators), since)
    days = dict.fromkeys(operators, OwnDay())
    for reader, group in groupby(rows, key=itemgetter("reader")):
        own = list(group)
        last = tuple(_talk(row) for row in own if row["is_last"])
        missing = tuple(_talk(row) for row in own if not row["has_wrap_up"])
        days[OperatorNumber(reader)] = OwnDay(own[0]["count"], own[0]["missing_count"], last, missing)
    return days


def _talk(row: Named) -> OwnTalk:
    return OwnTalk(**{one.name: row[one.name] for one in fields(OwnTalk)})


async def own_wrap_up(pool: Pool, scope: Scope, operator: OperatorNumber, call_id: CallId) -> SavedWrapUp | None:
    """None: there is no such call in the scope, or this operator did not talk in it. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            row = await connection.fetchrow(_WRAP_UP, scope_codes(scope), operator, call_id)
    return None if row is None else _SAVED.read(row)
