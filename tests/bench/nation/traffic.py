"""Thirty calls a second, written by the application's own ledger, each commit timed.

A call has its five commits (arrived, queued, offered, answered, ended), and its operator's session the four that go
with it. Calls begin at fixed moments, whether those before are over or not: a slow database gets no relief.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from typing import TypeVar

from ari_app.core.area import Reach
from ari_app.core.call import Call, ChoiceKind, EndReason, Fact, FactKind, Leg, LegEndReason, LegRole, Stage
from ari_app.core.ids import (
    AsteriskId,
    ChannelId,
    Endpoint,
    MunicipalityCode,
    OperatorNumber,
    TeamCode,
    new_call_id,
    new_channel_id,
    new_leg_id,
    new_session_id,
    new_visit_id,
)
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.operators import LogoutReason, OperatorSession, OperatorState
from ari_app.core.queue_visits import QueueVisit, VisitOutcome, VisitReason
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.bench.nation.size import Town

T = TypeVar("T")

CALLS_A_SECOND = 30.0
#: between two commits of one call; there are as many calls at a time as this makes of them
BETWEEN_SECONDS = 0.2
OPERATORS = 90
_NODE = AsteriskId("bench")


class Traffic:
    """Calls on one database. `latencies_ms`: of every commit, in order of their end."""

    def __init__(self, database: Database, every: Sequence[Town]) -> None:
        self._ledger = PostgresLedger(database.pool)
        self._towns = cycle(every)
        self._free: asyncio.Queue[OperatorSession] = asyncio.Queue()
        self.latencies_ms: list[float] = []

    async def log_in(self) -> None:
        """Sessions of operators of its own, open until `log_out`; those of a run that was broken off are others."""
        name = f"bench-{secrets.token_hex(3)}"
        for number in range(OPERATORS):
            session = OperatorSession(
                id=new_session_id(),
                asterisk_id=_NODE,
                operator=OperatorNumber(f"{name}-{number}"),
                reach=Reach.LINE,
                endpoint=Endpoint(f"PJSIP/bench{number}"),
                logged_in_at=_now(),
                state=OperatorState.READY,
                state_since_at=_now(),
                idle_since_at=_now(),
                channel_id=ChannelId(f"bench.{number}"),
                teams=(TeamCode("team-0"),),
            )
            await self._ledger.store_session(session)
            self._free.put_nowait(session)

    async def log_out(self) -> None:
        while not self._free.empty():
            gone = self._in_state(self._free.get_nowait(), OperatorState.AWAY)
            await self._ledger.store_session(
                replace(gone, logged_out_at=gone.state_since_at, logout_reason=LogoutReason.KEY)
            )
        await self._ledger.close()

    async def run(self, is_over: Callable[[], bool], *, calls_a_second: float = CALLS_A_SECOND) -> None:
        """Calls until it is over; returns when the last has ended."""
        began, number = time.monotonic(), 0
        async with asyncio.TaskGroup() as tasks:
            while not is_over():
                tasks.create_task(self._call(next(self._towns)))
                number += 1
                await asyncio.sleep(began + number / calls_a_second - time.monotonic())

    async def run_for(self, seconds: float) -> list[float]:
        """The latencies of so many seconds, in milliseconds."""
        ends, first = time.monotonic() + seconds, len(self.latencies_ms)
        await self.run(lambda: time.monotonic() >= ends)
        return self.latencies_ms[first:]

    async def _call(self, town: Town) -> None:
        municipality = MunicipalityCode(town.code)
        channel, call_id = ChannelId(f"{time.time():.6f}"), new_call_id()
        call = Call(call_id, _NODE, channel, town.geographic, Stage.ARRIVED, _now(), _now())
        call = replace(call, pii_caller_number="+31612345678")
        caller = Leg(new_leg_id(), call_id, channel, LegRole.CALLER, None, call.arrived_at)
        call = await self._store(call, [(FactKind.ARRIVED, {"dialled": town.geographic})], [caller])
        visit = QueueVisit(new_visit_id(), call_id, municipality, VisitReason.MENU, _now(), position=1)
        chosen = {"municipality": town.code, "how": ChoiceKind.NUMBER.value}
        call = replace(call, stage=Stage.WAITING, stage_entered_at=visit.entered_at, queued_at=visit.entered_at)
        call = replace(call, municipality=municipality, choice=ChoiceKind.NUMBER, has_music=True)
        call = await self._store(call, [(FactKind.MUNICIPALITY_CHOSEN, chosen), (FactKind.QUEUED, {})], [], [visit])
        session = await self._change(await self._free.get(), OperatorState.OFFERED, call)
        leg = Leg(new_leg_id(), call_id, new_channel_id(call_id, "line"), LegRole.OPERATOR, session.operator, _now())
        leg = replace(leg, owns_channel=False, team=TeamCode("team-0"))
        offered: dict[str, str | bool] = {"operator": session.operator, "ring": False, "overflow": False}
        call = replace(call, stage=Stage.CONNECTING, stage_entered_at=_now(), operator_session=session.id)
        call = await self._store(call, [(FactKind.OFFERED, offered)], [leg])
        session, at = await self._change(session, OperatorState.TALKING, call), _now()
        leg = replace(leg, answered_at=at, joined_at=at)
        visit = replace(visit, left_at=at, outcome=VisitOutcome.ANSWERED, operator=session.operator, team=leg.team)
        call = replace(call, stage=Stage.TALKING, stage_entered_at=at, answered_at=at, handled_by=leg.id)
        caller = replace(caller, answered_at=at, joined_at=at)
        call = await self._store(call, [(FactKind.ANSWERED, {"by": session.operator})], [caller, leg], [visit])
        session, at = await self._change(session, OperatorState.WRAP_UP, call), _now()
        legs = [replace(one, left_at=at, ended_at=at, end_reason=LegEndReason.HUNG_UP) for one in (caller, leg)]
        call = replace(call, stage=Stage.ENDED, stage_entered_at=at, ended_at=at, end_reason=EndReason.CALLER_HUNG_UP)
        ended: dict[str, str | bool] = {"reason": EndReason.CALLER_HUNG_UP.value, "estimated": False}
        await self._store(call, [(FactKind.ENDED, ended)], legs)
        self._free.put_nowait(await self._change(session, OperatorState.READY, None))

    async def _store(
        self,
        call: Call,
        facts: Sequence[tuple[FactKind, Mapping[str, str | bool]]],
        legs: Sequence[Leg],
        visits: Sequence[QueueVisit] = (),
    ) -> Call:
        made = [Fact(_now(), kind, dict(detail)) for kind, detail in facts]
        stored = await self._timed(lambda: self._ledger.store(call, made, legs, (), visits))
        await asyncio.sleep(BETWEEN_SECONDS)
        return stored

    async def _change(self, session: OperatorSession, state: OperatorState, call: Call | None) -> OperatorSession:
        changed = replace(self._in_state(session, state), call_id=None if call is None else call.id)
        await self._timed(lambda: self._ledger.store_session(changed))
        return changed

    def _in_state(self, session: OperatorSession, state: OperatorState) -> OperatorSession:
        at = max(_now(), session.state_since_at)
        return replace(session, state=state, state_since_at=at, version=session.version + 1)

    async def _timed(self, work: Callable[[], Awaitable[T]]) -> T:
        """The same write again until it has arrived, as a call does; all of it is one latency."""
        began = time.perf_counter()
        while True:
            try:
                result = await work()
            except StoreUnavailable:
                continue
            self.latencies_ms.append((time.perf_counter() - began) * 1000)
            return result


def _now() -> datetime:
    return datetime.now(UTC)
