"""Monday 23 November 2026 in the sample area, call by call; `test_hand_counted` has the figures that a person counts.

Times are those of the Netherlands. Oosterwende (GM9901) has a norm of 25 s, Zandermeer (GM9902) of 20 s.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ari_app.core.call import Call, ChoiceKind, EndReason, Fact, FactKind, Leg, LegEndReason, LegRole, Stage
from ari_app.core.ids import MunicipalityCode, TeamCode, new_leg_id, new_visit_id
from ari_app.core.queue_visits import QueueVisit, VisitOutcome, VisitReason
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Pool
from tests.storage.values import new_call

OOSTERWENDE, ZANDERMEER = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
TEAM = TeamCode("gezamenlijk")
MIDNIGHT = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)


def clock(text: str) -> datetime:
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    return MIDNIGHT + timedelta(hours=hours, minutes=minutes, seconds=seconds)


async def write_day(ledger: PostgresLedger, pool: Pool) -> None:
    day = _Day(ledger, pool)
    # Oosterwende: waited 10 s, talked 120 s, wrap-up 30 s
    await day.answered("9:00:00", OOSTERWENDE, queued=10, answered=20, left=140, wrap_up=30)
    # waited 35 s, talked 45 s, of which 15 on hold, wrap-up 10 s; then a colleague talked 60 s
    await day.answered("9:05:00", OOSTERWENDE, queued=10, answered=45, left=90, wrap_up=10, hold=15, colleague=60)
    # hung up after 8 s in the queue, and after 40 s
    await day.left("9:10:00", OOSTERWENDE, queued=10, left=18)
    await day.left("9:12:00", OOSTERWENDE, queued=10, left=50)
    # hung up in the menu; heard busy: of no municipality
    await day.ended("9:14:00", None, EndReason.ABANDONED_IN_MENU, choice=None)
    await day.ended("9:15:00", None, EndReason.HEARD_BUSY, choice=None)
    # Zandermeer: waited 18 s without having chosen, talked 30 s; in a calamity waited 60 s, talked 20 s; closed
    await day.answered("9:30:00", ZANDERMEER, queued=15, answered=33, left=63, choice=ChoiceKind.DEFAULT)
    await day.answered("9:40:00", ZANDERMEER, queued=12, answered=72, left=92, calamity=True)
    await day.ended("12:00:00", ZANDERMEER, EndReason.CLOSED)
    # Oosterwende, over midnight: waited 10 s, talked 60 s
    await day.answered("23:59:50", OOSTERWENDE, queued=10, answered=20, left=80)
    # a call promised at 9:12, to be made by Tuesday 17:00; tried at 16:00, spoken on Wednesday
    tuesday = clock("17:00:00") + timedelta(days=1)
    await pool.execute(
        """
INSERT INTO callback_request (id, reference, municipality, reason, kind, state, first_contact_at, deadline_at,
  plan_by_at, owner_team, number_confirmed_how, pii_number, created_at, last_seq, first_attempt_at, reached_at,
  closed_at, close_kind, closed_by)
VALUES (gen_random_uuid(), 'TB-1', 'GM9901', 'waiting', 'promise', 'closed', $1, $2, $2, 'gezamenlijk', 'shown',
  '+31612345678', $1, 1, $3, $4, $4, 'reached', 'operator')""",
        clock("9:12:00"),
        tuesday,
        tuesday - timedelta(hours=1),
        tuesday + timedelta(hours=20),
    )


class _Day:
    def __init__(self, ledger: PostgresLedger, pool: Pool) -> None:
        self._ledger, self._pool = ledger, pool

    def _call(self, at: str, town: MunicipalityCode | None, **changes: Any) -> Call:
        made = replace(new_call(at=clock(at)), municipality=town, shared_number="140119", choice=ChoiceKind.KEY)
        return replace(made, **changes)

    async def ended(self, at: str, town: MunicipalityCode | None, reason: EndReason, **changes: Any) -> None:
        call = self._call(at, town, **changes)
        ends_at = call.arrived_at + timedelta(seconds=5)
        await self._ledger.store(
            replace(call, stage=Stage.ENDED, ended_at=ends_at, end_reason=reason),
            [Fact(call.arrived_at, FactKind.ARRIVED)],
        )

    async def left(self, at: str, town: MunicipalityCode, *, queued: float, left: float) -> None:
        call = self._call(at, town)
        ends_at = call.arrived_at + timedelta(seconds=left)
        visit = QueueVisit(
            new_visit_id(), call.id, town, VisitReason.MENU, call.arrived_at + timedelta(seconds=queued),
            left_at=ends_at, outcome=VisitOutcome.ABANDONED,
        )  # fmt: skip
        await self._ledger.store(
            replace(call, stage=Stage.ENDED, ended_at=ends_at, end_reason=EndReason.ABANDONED_WAITING),
            [Fact(call.arrived_at, FactKind.ARRIVED)],
            visits=[visit],
        )

    async def answered(
        self,
        at: str,
        town: MunicipalityCode,
        *,
        queued: float,
        answered: float,
        left: float,
        wrap_up: float = 0,
        hold: float = 0,
        colleague: float = 0,
        calamity: bool = False,
        choice: ChoiceKind = ChoiceKind.KEY,
    ) -> None:
        call = self._call(at, town, calamity=calamity, choice=choice, transfer_count=int(colleague > 0))

        def after(seconds: float) -> datetime:
            return call.arrived_at + timedelta(seconds=seconds)

        visit = QueueVisit(
            new_visit_id(), call.id, town, VisitReason.MENU, after(queued), calamity=calamity, left_at=after(answered),
            outcome=VisitOutcome.ANSWERED,
        )  # fmt: skip
        legs = [self._leg(call, LegRole.OPERATOR, "101", TEAM, after(answered), after(left))]
        if colleague:
            legs.append(self._leg(call, LegRole.COLLEAGUE, "2201", None, after(left), after(left + colleague)))
        facts = [Fact(call.arrived_at, FactKind.ARRIVED), Fact(after(answered), FactKind.ANSWERED)]
        if hold:
            facts += [Fact(after(answered + 1), FactKind.HELD), Fact(after(answered + 1 + hold), FactKind.HELD_NO_MORE)]
        ended = replace(
            call, stage=Stage.ENDED, answered_at=after(answered), ended_at=after(left + colleague),
            end_reason=EndReason.CALLER_HUNG_UP,
        )  # fmt: skip
        await self._ledger.store(ended, facts, legs, visits=[visit])
        states = [("talking", answered, left)] + ([("wrap_up", left, left + wrap_up)] if wrap_up else [])
        for state, since, until in states:
            await self._pool.execute(
                "INSERT INTO operator_state (session_id, operator, teams, state, from_at, until_at)"
                " VALUES (gen_random_uuid(), '101', $1, $2, $3, $4)",
                [TEAM], state, after(since), after(until),
            )  # fmt: skip

    def _leg(
        self, call: Call, role: LegRole, party: str, team: TeamCode | None, since: datetime, until: datetime
    ) -> Leg:
        return Leg(
            new_leg_id(), call.id, call.channel_id, role, party, since, since, since, until, until,
            LegEndReason.RELEASED, team=team,
        )  # fmt: skip
