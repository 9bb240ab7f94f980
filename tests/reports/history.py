"""A contact centre's record at random, written as the controller writes it: in pieces, late, and sometimes not at all.

Two municipalities share a number and a team. Every piece is one commit of the ledger; `steps` runs some work between
them. Some calls and sessions are left as a crash leaves them, to be closed later with an estimated end.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ari_app.core.call import Call, ChoiceKind, EndReason, Fact, FactKind, Leg, LegEndReason, LegRole, Stage
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode, new_leg_id, new_visit_id
from ari_app.core.operator_rules import step
from ari_app.core.operators import (
    CallConnected,
    CallOffered,
    CallOver,
    LogOut,
    OperatorEvent,
    OperatorSession,
    WrapUpOver,
)
from ari_app.core.queue_visits import QueueVisit, VisitOutcome, VisitReason
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Pool
from tests.storage.values import new_call, new_session

TOWNS = (MunicipalityCode("GM9901"), MunicipalityCode("GM9902"))
TEAMS = (TeamCode("samen"), TeamCode("eigen"))
NUMBERS = ("140119", "0119990100")
_ENDS = (
    EndReason.CALLER_HUNG_UP_EARLY,
    EndReason.ABANDONED_IN_MENU,
    EndReason.CLOSED,
    EndReason.HEARD_BUSY,
    EndReason.NOT_SERVED,
    EndReason.LOST,
)
_LEFT_QUEUE = {
    VisitOutcome.ABANDONED: EndReason.ABANDONED_WAITING,
    VisitOutcome.CALLBACK: EndReason.CALLBACK_PROMISED,
    VisitOutcome.WAITED_TOO_LONG: EndReason.WAITED_TOO_LONG,
    VisitOutcome.LOST: EndReason.LOST,
}

Work = Callable[[], Awaitable[None]]


@dataclass
class History:
    """`since` and `until`: when calls arrive. The same seed gives the same record."""

    ledger: PostgresLedger
    pool: Pool
    since: datetime
    until: datetime
    seed: int
    between: Work
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    async def write(self, calls: int) -> None:
        waiting = [self._story() for _ in range(calls)]
        while waiting:  # the pieces of many calls, in any order that keeps those of each
            pieces = self.random.choice(waiting)
            await pieces.pop(0)()
            if not pieces:
                waiting.remove(pieces)
            if self.random.random() < 0.15:
                await self.between()

    def _later(self, at: datetime, most_seconds: float) -> datetime:
        return at + timedelta(seconds=self.random.uniform(0.001, most_seconds))

    def _story(self) -> list[Work]:
        rng = self.random
        span = (self.until - self.since).total_seconds()
        call = replace(
            new_call(at=self.since + timedelta(seconds=rng.uniform(0, span))),
            dialled=rng.choice(NUMBERS),
            pii_caller_number=f"+3161234560{rng.randrange(5)}" if rng.random() < 0.8 else None,
        )
        state = _Telling(self, call)
        pieces: list[Work] = [state.arrive]
        if rng.random() < 0.25:
            return [*pieces, state.end_before_the_queue]
        pieces.append(state.wait)
        if rng.random() < 0.3:
            return [*pieces, state.leave_queue]
        pieces.append(state.answer)
        if rng.random() < 0.3:
            pieces += [state.to_other_queue, state.answer_there]
        if rng.random() < 0.3:
            pieces.append(state.hold)
        return [*pieces, state.end, state.wrap_up, state.log_out]


class _Telling:
    """One call, as its pieces are written."""

    def __init__(self, history: History, call: Call) -> None:
        self.history, self.call, self.now = history, call, call.arrived_at
        self.visit: QueueVisit | None = None
        self.leg: Leg | None = None
        self.session: OperatorSession | None = None

    def _pass(self, most_seconds: float) -> datetime:
        self.now = self.history._later(self.now, most_seconds)
        return self.now

    async def _store(self, call: Call, kind: FactKind, legs: list[Leg] | None = None) -> None:
        visits = [] if self.visit is None else [self.visit]
        self.call = await self.history.ledger.store(call, [Fact(self.now, kind)], legs or [], [], visits)

    async def arrive(self) -> None:
        town = self.history.random.choice(TOWNS)
        has_menu = self.call.dialled == NUMBERS[0]
        choice = self.history.random.choice((ChoiceKind.KEY, ChoiceKind.DEFAULT)) if has_menu else ChoiceKind.NUMBER
        shared = self.call.dialled if has_menu else None
        await self._store(replace(self.call, municipality=town, choice=choice, shared_number=shared), FactKind.ARRIVED)

    async def end_before_the_queue(self) -> None:
        reason = self.history.random.choice(_ENDS)
        at = self._pass(30)
        ended = replace(
            self.call, stage=Stage.ENDED, ended_at=at, end_reason=reason, end_is_estimated=reason is EndReason.LOST
        )
        await self._store(ended, FactKind.ENDED)

    async def wait(self) -> None:
        rng, at = self.history.random, self._pass(20)
        self.visit = QueueVisit(
            new_visit_id(), self.call.id, self.call.municipality, VisitReason.MENU, at, calamity=rng.random() < 0.1
        )
        await self._store(
            replace(self.call, stage=Stage.WAITING, queued_at=at, calamity=self.visit.calamity), FactKind.QUEUED
        )

    async def leave_queue(self) -> None:
        outcome = self.history.random.choice(list(_LEFT_QUEUE))
        at = self._pass(90)
        assert self.visit is not None
        is_lost = outcome is VisitOutcome.LOST
        self.visit = replace(self.visit, left_at=at, outcome=outcome, end_is_estimated=is_lost)
        ended = replace(
            self.call,
            stage=Stage.ENDED,
            ended_at=at,
            end_reason=_LEFT_QUEUE[outcome],
            end_is_estimated=is_lost,
        )
        await self._store(ended, FactKind.ENDED)

    async def _offered(self) -> None:
        number = OperatorNumber(str(self.call.id)[-12:])  # one login for each call, so that stories do not meet
        self.session = replace(new_session(number, at=self.call.arrived_at), teams=(self.history.random.choice(TEAMS),))
        await self.history.ledger.store_session(self.session)
        await self._event(CallOffered(self.call.id, self._pass(5)))

    async def _event(self, event: OperatorEvent) -> None:
        assert self.session is not None
        self.session = step(self.session, event)
        await self.history.ledger.store_session(self.session)

    async def answer(self) -> None:
        await self._offered()
        at = self._pass(60)
        assert self.visit is not None and self.session is not None
        await self._event(CallConnected(self.call.id, at))
        self.visit = replace(self.visit, left_at=at, outcome=VisitOutcome.ANSWERED, operator=self.session.operator)
        self.leg = Leg(
            new_leg_id(),
            self.call.id,
            self.call.channel_id,
            LegRole.OPERATOR,
            self.session.operator,
            at,
            at,
            at,
            team=self.session.teams[0],
        )
        answered = replace(self.call, stage=Stage.TALKING, answered_at=self.call.answered_at or at)
        await self._store(answered, FactKind.ANSWERED, [self.leg])

    async def to_other_queue(self) -> None:
        assert self.leg is not None
        at, here = self._pass(120), self.call.municipality
        there = TOWNS[here == TOWNS[0]]
        left = replace(self.leg, left_at=at, ended_at=at, end_reason=LegEndReason.RELEASED)
        await self._event(CallOver(self.call.id, at, 20))
        await self._event(WrapUpOver(self._pass(20)))
        await self._event(LogOut(self._pass(5)))
        self.visit = QueueVisit(new_visit_id(), self.call.id, there, VisitReason.TRANSFER, at, from_municipality=here)
        moved = replace(self.call, stage=Stage.WAITING, municipality=there, transfer_count=1, transfers_asked=1)
        await self._store(moved, FactKind.TRANSFERRED, [left])

    async def answer_there(self) -> None:
        await self.answer()

    async def hold(self) -> None:
        self._pass(60)
        await self._store(replace(self.call, held_at=self.now), FactKind.HELD)
        self._pass(60)
        await self._store(replace(self.call, held_at=None), FactKind.HELD_NO_MORE)

    async def end(self) -> None:
        at, rng = self._pass(1500), self.history.random
        assert self.leg is not None
        is_lost = rng.random() < 0.1
        left = replace(self.leg, left_at=at, ended_at=at, end_reason=LegEndReason.HUNG_UP, end_is_estimated=is_lost)
        reason = EndReason.LOST if is_lost else EndReason.CALLER_HUNG_UP
        await self._event(CallOver(self.call.id, at, 60))
        ended = replace(self.call, stage=Stage.ENDED, ended_at=at, end_reason=reason, end_is_estimated=is_lost)
        await self._store(ended, FactKind.ENDED, [left])

    async def wrap_up(self) -> None:
        assert self.session is not None and self.leg is not None
        await self._event(WrapUpOver(self._pass(60)))
        await self.history.pool.execute(
            "INSERT INTO call_wrap_up VALUES ($1, $2, $3, 'answered', now(), '')",
            self.call.id,
            self.session.operator,
            self.history.random.choice(("paspoort", "afval", "")),
        )

    async def log_out(self) -> None:
        await self._event(LogOut(self._pass(1200)))
