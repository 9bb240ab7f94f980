"""Calls that somebody asks for: by period, operator, team, end, wait, subject. A page at a time, within the scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ari_app.core.access import Scope
from ari_app.core.call import EndReason, Stage
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, RequestId, TeamCode
from ari_app.storage.calls.durations import seconds, talked, waited
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import RowShape
from ari_app.storage.db.scopes import reading, scope_codes

#: an operator's calls are looked for so far back, unless a beginning is named
OPERATORS_PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SelectedCall:
    """One call. `operator`: whoever has it or is offered it, else the last one who had it. No number of a caller.

    `wait_seconds`: in the queues of the scope, until now; None: in none. `talk_seconds`: for which operators and
    colleagues had the caller, until now; None: nobody had (`storage.calls.durations`).
    """

    id: CallId
    arrived_at: datetime
    dialled: str
    municipality: MunicipalityCode | None
    municipality_name: str | None
    stage: Stage
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    end_reason: EndReason | None
    end_is_estimated: bool
    operator: OperatorNumber | None
    transfer_count: int
    held_at: datetime | None
    calamity: bool
    handled_by_fallback: bool
    callback_request: RequestId | None
    wait_seconds: float | None
    talk_seconds: float | None


@dataclass(frozen=True, slots=True)
class Selection:
    """`before`: the last call of the page that was read before this one. `is_open` None: both kinds.

    `operator`: calls that they have, are offered, or had; without `since` those of the last thirty days. Of open calls
    those that they have or are offered now: they may have transferred others.
    `ends`: any of them; empty: whatever the end. `team`: one of its operators had the caller. `waited_seconds`: longer
    than that in the queues of the scope. `subject`: an operator's wrap-up says so.
    """

    since: datetime | None = None
    until: datetime | None = None
    operator: OperatorNumber | None = None
    is_open: bool | None = None
    before: tuple[datetime, CallId] | None = None
    only: CallId | None = None
    ends: tuple[EndReason, ...] = ()
    team: TeamCode | None = None
    waited_seconds: int | None = None
    is_transferred: bool | None = None
    subject: str | None = None

    @property
    def is_picky(self) -> bool:
        """Whether few of the calls may be meant, so that many are read for a page of them."""
        return bool(self.ends) or (self.team, self.waited_seconds, self.is_transferred, self.subject) != (None,) * 4


# Every statement has the same parameters; the first words of each decide over the index by which it goes.
_WHERE = """
arrived_at >= coalesce($1::timestamptz, '-infinity') AND arrived_at < coalesce($2::timestamptz, 'infinity')
AND arrived_at <= coalesce($3::timestamptz, 'infinity')
AND ($3::timestamptz IS NULL OR (arrived_at, id) < ($3, $4::uuid))
AND ($6::text[] IS NULL OR municipality = ANY ($6)) AND ($7::boolean IS NULL OR (ended_at IS NULL) = $7)
AND ($8::text IS NULL OR true) AND ($9::uuid IS NULL OR id = $9) AND ($10::timestamptz IS NULL OR true)
AND (cardinality($11::text[]) = 0 OR end_reason = ANY ($11)) AND ($12::text IS NULL OR true)
AND ($13::integer IS NULL OR arrived_at < coalesce(ended_at, $16::timestamptz) - make_interval(secs => $13))
AND ($14::boolean IS NULL OR (transfer_count > 0) = $14) AND ($15::text IS NULL OR true){0}"""
# Scalar and with a limit, so that they are asked of one call after the other: a join would read all legs first.
_OF_TEAM = """
AND (SELECT true FROM call_leg leg WHERE leg.call_id = call.id AND leg.role = 'operator' AND leg.team = $12
  AND leg.joined_at IS NOT NULL LIMIT 1)"""
_WAITED = waited(now="$16", towns="$6")
_WAITED_LONGER = f"\nAND {_WAITED} > make_interval(secs => $13)"
_ABOUT = "\nAND (SELECT true FROM call_wrap_up said WHERE said.call_id = call.id AND said.subject = $15 LIMIT 1)"
_ORDER = "ORDER BY arrived_at DESC, id DESC LIMIT $5"
_NEWEST = f"(SELECT * FROM call WHERE {{where}} {_ORDER}) AS call"
_OPEN = f"(SELECT * FROM call WHERE ended_at IS NULL AND {{where}} {_ORDER}) AS call"
_THE_CALL = f"(SELECT * FROM call WHERE id = $9 AND {{where}} {_ORDER}) AS call"
# As `storage.calls.reads`: by municipality and moment, whatever Postgres guesses.
_OF_TOWNS = f"""
(SELECT newest.* FROM (SELECT code FROM unnest($6::text[]) AS code) town CROSS JOIN LATERAL (SELECT * FROM call
  WHERE municipality = town.code AND {{where}} {_ORDER}) newest {_ORDER}) AS call"""
_HAS_NOW = """
  SELECT session.call_id FROM operator_session session
    WHERE session.operator = $8 AND session.logged_out_at IS NULL AND session.call_id IS NOT NULL"""
_OF_OPERATOR_NOW = f"(SELECT * FROM call WHERE id IN ({_HAS_NOW}) AND {{where}} {_ORDER}) AS call"
_OF_OPERATOR = f"""
(SELECT * FROM call WHERE id IN ({_HAS_NOW}
  UNION SELECT past.call_id FROM operator_state past WHERE past.operator = $8 AND past.state = 'talking'
    AND past.call_id IS NOT NULL AND past.from_at >= coalesce($1::timestamptz, $10)) AND {{where}} {_ORDER}) AS call"""
_SELECT = f"""
SELECT call.id, call.arrived_at, call.dialled, call.municipality, town.name AS municipality_name, call.stage,
  call.queued_at, call.answered_at, call.ended_at, call.end_reason, call.end_is_estimated, call.transfer_count,
  call.held_at, call.calamity, call.handled_by_fallback, call.callback_request,
  {seconds(_WAITED)} AS wait_seconds, {seconds(talked(now="$16"))} AS talk_seconds,
  coalesce((SELECT session.operator FROM operator_session session
      WHERE session.id = call.operator_session AND call.ended_at IS NULL),
    (SELECT leg.party FROM call_leg leg WHERE leg.call_id = call.id AND leg.role = 'operator'
      AND leg.joined_at IS NOT NULL ORDER BY leg.joined_at DESC LIMIT 1)) AS operator
FROM {{0}} LEFT JOIN municipality town ON town.code = call.municipality {_ORDER.replace("LIMIT $5", "")}"""
_SHAPE = RowShape(SelectedCall, "call")
_TOOK_PART = """
SELECT EXISTS (SELECT FROM call_leg leg WHERE leg.call_id = $1 AND leg.role = 'operator' AND leg.party = $2
    AND leg.joined_at IS NOT NULL)
  OR EXISTS (SELECT FROM operator_session session WHERE session.operator = $2 AND session.call_id = $1
    AND session.logged_out_at IS NULL)"""


async def select_calls(
    pool: Pool, scope: Scope, wanted: Selection, now: datetime, *, limit: int = 50
) -> list[SelectedCall]:
    """The newest first. Raises StoreUnavailable."""
    at, last = wanted.before or (None, None)
    towns = scope_codes(scope)
    asked = (wanted.since, wanted.until, at, last, limit, towns, wanted.is_open, wanted.operator, wanted.only)
    picked = (list(wanted.ends), wanted.team, wanted.waited_seconds, wanted.is_transferred, wanted.subject)
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_statement(wanted, towns), *asked, now - OPERATORS_PERIOD, *picked, now)
    return [_SHAPE.read(row) for row in rows]


async def took_part(pool: Pool, scope: Scope, call_id: CallId, operator: OperatorNumber) -> bool:
    """Whether this operator has, is offered, or was in this call of the scope. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            return bool(await connection.fetchval(_TOOK_PART, call_id, operator))


def _statement(wanted: Selection, towns: list[str] | None) -> str:
    more = ("" if wanted.team is None else _OF_TEAM) + ("" if wanted.subject is None else _ABOUT)
    more += "" if wanted.waited_seconds is None else _WAITED_LONGER
    return _SELECT.format(_source(wanted, towns).format(where=_WHERE.format(more)))


def _source(wanted: Selection, towns: list[str] | None) -> str:
    if wanted.only is not None:
        return _THE_CALL
    if wanted.operator is not None:
        return _OF_OPERATOR_NOW if wanted.is_open else _OF_OPERATOR
    if wanted.is_open:
        return _OPEN
    return _NEWEST if towns is None else _OF_TOWNS
