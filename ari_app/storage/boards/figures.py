"""What a wallboard shows: how it is now, and today's figures from the record. One statement, nothing personal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from ari_app.core.access import Scope
from ari_app.core.area import Norms
from ari_app.core.calendar import instant_of, local_date
from ari_app.core.ids import MunicipalityCode, TeamCode, optional
from ari_app.core.operators import OperatorState
from ari_app.core.queue_visits import VisitOutcome, VisitReason
from ari_app.core.service_level import Answering, answering, share_percent
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.indexes import REFUSED
from ari_app.storage.db.rows import RowShape
from ari_app.storage.db.scopes import reading, scope_codes


@dataclass(frozen=True, slots=True)
class BoardView:
    """What a board is of. With a team: its operators and callbacks, and the municipalities of the scope that it serves
    or helps.
    """

    scope: Scope
    team: TeamCode | None = None

    @property
    def is_group(self) -> bool:
        """Of the whole group, and so of calls that reached no municipality as well."""
        return self.scope is None and self.team is None


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """The callers who wait for one municipality; None: they chose none."""

    municipality: MunicipalityCode | None
    name: str | None
    norm_seconds: int
    count: int
    longest_since_at: datetime


@dataclass(frozen=True, slots=True)
class Staff:
    """So many operators are in this state, the one who is in it longest since then."""

    state: OperatorState
    count: int
    longest_since_at: datetime


@dataclass(frozen=True, slots=True)
class Running:
    """A calamity that callers hear now."""

    municipality: str
    since_at: datetime
    until_at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class BoardFigures:
    """`norms`: the shortest and the longest norm of its municipalities, in seconds. `within` and `beyond`: callers of
    today (`core.service_level`). `callbacks_due`: to be called today, the overdue ones among them.
    `refused`: calls of today for which there was no room, whether their callers heard why or only busy. Whoever heard
    busy before the municipality was known counts for the whole group only.
    """

    waiting: tuple[WaitingFor, ...]
    within: int
    beyond: int
    abandoned: int
    norms: tuple[int, int]
    staff: tuple[Staff, ...]
    callbacks_due: int
    callbacks_overdue: int
    running: tuple[Running, ...]
    fallback_calls: int
    refused: int

    @property
    def waiting_count(self) -> int:
        return sum(one.count for one in self.waiting)

    @property
    def longest(self) -> WaitingFor | None:
        """Of the municipality whose norm is missed first; where there is more time, somebody may wait longer."""
        due = ((one.longest_since_at + timedelta(seconds=one.norm_seconds), one) for one in self.waiting)
        return min(due, key=lambda pair: pair[0], default=(None, None))[1]

    @property
    def counted(self) -> int:
        return self.within + self.beyond

    @property
    def within_percent(self) -> int | None:
        return share_percent(self.within, self.beyond)


_WAITING = RowShape(WaitingFor, "queue_visit")
_STAFF = RowShape(Staff, "operator_session")
_RUNNING = RowShape(Running, "calamity")
_NORM = Norms().answer_within_seconds
# Counted by kind; what each kind is for the figure, `core.service_level` says. A stay that lasts is as long as now.
_KINDS = """
SELECT visit.reason, visit.outcome, visit.calamity,
  coalesce(visit.left_at, $3::timestamptz) - visit.entered_at <= make_interval(secs => {norm}) AS is_within,
  count(*) AS count
FROM queue_visit visit WHERE {which} AND visit.entered_at >= $4 GROUP BY 1, 2, 3, 4"""
_IS_OF_TEAM = (
    "($2::text IS NULL OR EXISTS (SELECT FROM operator_team m WHERE m.operator = session.operator AND m.team = $2))"
)
_IS_IN_SCOPE = """($1::text[] IS NULL OR EXISTS (SELECT FROM operator_skill skill
  WHERE skill.operator = session.operator AND skill.municipality = ANY ($1)))"""
_OF_TOWN = "visit.municipality = town.code"
_IS_GROUP = "$1::text[] IS NULL AND $2::text IS NULL"
# Callers who chose no municipality, and calls that never reached one, are of the whole group.
_FIGURES = f"""
WITH town AS MATERIALIZED (
  SELECT code, name, answer_within_seconds AS norm FROM municipality
  WHERE ($1::text[] IS NULL OR code = ANY ($1)) AND ($2::text IS NULL
    OR code IN (SELECT served.municipality FROM team_municipality served WHERE served.team = $2))),
today AS (
  SELECT kind.* FROM town CROSS JOIN LATERAL ({_KINDS.format(norm="town.norm", which=_OF_TOWN)}) kind
  UNION ALL {_KINDS.format(norm=_NORM, which=f"{_IS_GROUP} AND visit.municipality IS NULL")})
SELECT
  (SELECT jsonb_agg(to_jsonb(one) ORDER BY one.longest_since_at) FROM (
    SELECT visit.municipality, town.name, coalesce(town.norm, {_NORM}) AS norm_seconds, count(*) AS count,
      min(visit.entered_at) AS longest_since_at
    FROM queue_visit visit LEFT JOIN town ON town.code = visit.municipality
    WHERE visit.outcome IS NULL AND (town.code IS NOT NULL
      OR (visit.municipality IS NULL AND {_IS_GROUP}))
    GROUP BY visit.municipality, town.name, town.norm) one) AS waiting,
  (SELECT jsonb_agg(to_jsonb(one)) FROM (SELECT reason, outcome, calamity, is_within, sum(count) AS count FROM today
    GROUP BY 1, 2, 3, 4) one) AS today,
  (SELECT jsonb_build_array(min(norm), max(norm)) FROM town) AS norms,
  (SELECT jsonb_agg(to_jsonb(one)) FROM (
    SELECT session.state, count(*) AS count, min(session.state_since_at) AS longest_since_at
    FROM operator_session session WHERE session.logged_out_at IS NULL AND {_IS_OF_TEAM} AND {_IS_IN_SCOPE}
    GROUP BY session.state) one) AS staff,
  (SELECT jsonb_build_array(count(*), count(*) FILTER (WHERE request.deadline_at <= $3))
    FROM callback_request request JOIN town ON town.code = request.municipality
    WHERE request.closed_at IS NULL AND request.plan_by_at < $5 AND ($2::text IS NULL OR request.owner_team = $2))
    AS callbacks,
  (SELECT jsonb_agg(jsonb_build_object('municipality', town.name, 'since_at', calamity.from_at,
      'until_at', calamity.until_at, 'text', calamity.text) ORDER BY calamity.from_at)
    FROM calamity JOIN town ON town.code = calamity.municipality
    WHERE calamity.from_at <= $3 AND (calamity.until_at IS NULL OR calamity.until_at > $3)) AS running,
  (SELECT count(*) FROM call WHERE call.handled_by_fallback AND call.arrived_at >= $4
    AND (call.municipality IN (SELECT code FROM town)
      OR (call.municipality IS NULL AND {_IS_GROUP}))) AS fallback_calls,
  (SELECT count(*) FROM call WHERE {REFUSED} AND call.arrived_at >= $4
    AND (call.municipality IN (SELECT code FROM town)
      OR (call.municipality IS NULL AND {_IS_GROUP}))) AS refused"""


_LISTS = ("waiting", "today", "staff", "running")


async def board_figures(pool: Pool, view: BoardView, now: datetime) -> BoardFigures:
    """As they are at this moment; "today" is the day in the Netherlands. Raises StoreUnavailable."""
    midnight, tomorrow = (instant_of(local_date(now) + timedelta(days=days), time(0)) for days in (0, 1))
    asked = (scope_codes(view.scope), view.team, now, midnight, tomorrow)
    with translated():
        async with reading(pool, view.scope) as connection:
            row = await connection.fetchrow(_FIGURES, *asked)
    assert row is not None  # one row of subqueries
    waiting, today, staff, running = (json.loads(row[name] or "[]") for name in _LISTS)
    answered: Counter[Answering] = Counter()
    for kind in today:
        answered[_answering(kind)] += kind["count"]
    shortest, longest = (int(one or _NORM) for one in json.loads(row["norms"]))
    due, overdue = json.loads(row["callbacks"])
    return BoardFigures(
        waiting=tuple(map(_WAITING.read_json, waiting)),
        within=answered[Answering.WITHIN],
        beyond=answered[Answering.BEYOND],
        abandoned=sum(kind["count"] for kind in today if kind["outcome"] == VisitOutcome.ABANDONED),
        norms=(shortest, longest),
        staff=tuple(map(_STAFF.read_json, staff)),
        callbacks_due=due,
        callbacks_overdue=overdue,
        running=tuple(map(_RUNNING.read_json, running)),
        fallback_calls=row["fallback_calls"],
        refused=row["refused"],
    )


def _answering(kind: Mapping[str, Any]) -> Answering:
    reason, outcome = VisitReason(kind["reason"]), optional(VisitOutcome, kind["outcome"])
    return answering(reason, outcome, in_calamity=kind["calamity"], is_within=kind["is_within"])
