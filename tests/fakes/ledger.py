"""A ledger in memory that keeps the rules of the real one; `tests/storage/test_ledger_contract.py` holds it to them.

ledger = FakeLedger()
ledger.available = False            # every write and read: StoreUnavailable
ledger.freeze()                     # no write or read gets an answer, until `thaw`
ledger.lose_answers = 1             # the next write arrives, its answer does not
ledger.add_operator("101", "4711")
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from ari_app.calls.clock import Clock, time_limit
from ari_app.core.call import Call, Fact, FactKind, Leg
from ari_app.core.call_changes import at_seq
from ari_app.core.ids import AsteriskId, CallId, Endpoint, LegId, LineId, OperatorNumber, SessionId, TransferId, VisitId
from ari_app.core.ledger import AlreadyTaken, OpenRows, PinVerdict, StaleRow, StoreUnavailable
from ari_app.core.operator_states import OperatorStretch, ended_stretch
from ari_app.core.operators import OperatorLine, OperatorSession
from ari_app.core.pin_limits import FORGOTTEN_AFTER, OF_NUMBER, OF_PHONE, PinLimit
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.survey import SurveyAnswer
from ari_app.core.transfer import Transfer

T = TypeVar("T")
_ALL = 1000
Versioned = TypeVar("Versioned", OperatorLine, OperatorSession)

#: as STATEMENT_SECONDS of the real one
STATEMENT_PATIENCE = timedelta(seconds=2)


@dataclass
class _Attempts:
    failed: int
    last_at: datetime
    locked_until_at: datetime | None = None


def _one_more(before: _Attempts | None, limit: PinLimit, now: datetime) -> _Attempts | None:
    """The attempts with another failure; None while there is to be none."""
    if before is not None and before.locked_until_at is not None and now < before.locked_until_at:
        return None
    failed = 1 if before is None or now - before.last_at >= FORGOTTEN_AFTER else before.failed + 1
    wait = limit.wait_after(failed)
    return _Attempts(failed, now, None if wait is None else now + wait)


def _is_older(row: Versioned, stored: Versioned | None) -> bool:
    """Whether the stored row has a later change, or another one, than this one."""
    return stored is not None and row != stored and row.version <= stored.version


@dataclass
class FakeLedger:
    calls: dict[CallId, Call] = field(default_factory=dict)
    legs: dict[LegId, Leg] = field(default_factory=dict)
    told: dict[CallId, list[Fact]] = field(default_factory=dict)
    lines: dict[LineId, OperatorLine] = field(default_factory=dict)
    sessions: dict[SessionId, OperatorSession] = field(default_factory=dict)
    transfers: dict[TransferId, Transfer] = field(default_factory=dict)
    stretches: list[OperatorStretch] = field(default_factory=list)
    visits: dict[VisitId, QueueVisit] = field(default_factory=dict)
    answers: dict[UUID, SurveyAnswer] = field(default_factory=dict)
    allowances: dict[CallId, int] = field(default_factory=dict)
    available: bool = True
    lose_answers: int = 0
    writes: int = 0
    #: with it a frozen ledger raises StoreUnavailable after STATEMENT_SECONDS, as the real one does
    clock: Clock | None = None

    def __post_init__(self) -> None:
        self._pins: dict[str, str] = {}
        self.pages: dict[str, OperatorNumber] = {}  # whose page is which phone
        self._attempts: dict[str, _Attempts] = {}
        self._attempts_on: dict[Endpoint, _Attempts] = {}
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._given_up: list[Callable[[], object]] = []  # writes that nobody waits for any more
        self._late: list[tuple[int, Callable[[], object]]] = []  # these, once it answers; how many newer ones go first
        self._thawed_at: datetime | None = None

    @property
    def is_frozen(self) -> bool:
        return not self._thawed.is_set()

    def freeze(self) -> None:
        self._thawed.clear()

    def thaw(self, overtaken: Callable[[], int] = lambda: 0) -> None:
        """As the real one, it does what was asked of it meanwhile, whoever still waits for the answer.

        `overtaken`: how many newer writes are done before the next late one, all within one instant; each connection
        has its own process.
        """
        self._thawed.set()
        self._thawed_at = None if self.clock is None else self.clock.now()
        self._late += [(overtaken(), write) for write in self._given_up]
        self._given_up.clear()
        self._do_late(0)

    def _do_late(self, newer: int) -> None:
        """Do the late writes that this many newer ones were the last to overtake."""
        late, self._late = self._late, []
        for overtaken, write in late:
            if overtaken > newer:
                self._late.append((overtaken - newer, write))
                continue
            with suppress(StaleRow, AlreadyTaken):
                write()

    def add_operator(self, number: str, pin: str) -> None:
        self._pins[number] = pin

    async def store(
        self,
        call: Call,
        facts: Sequence[Fact],
        legs: Sequence[Leg] = (),
        transfers: Sequence[Transfer] = (),
        visits: Sequence[QueueVisit] = (),
        answers: Sequence[SurveyAnswer] = (),
    ) -> Call:
        if call.last_seq == 0 and not facts:
            raise ValueError("a new call has at least one fact")
        rows: tuple[Leg | Transfer | QueueVisit | SurveyAnswer, ...] = (*legs, *transfers, *visits, *answers)
        if any(row.call_id != call.id for row in rows):
            raise ValueError("legs, transfers, visits and answers are stored with their own call")
        write = partial(self._write, call, tuple(facts), tuple(legs), tuple(transfers), tuple(visits), tuple(answers))
        return await self._written(write)

    async def _written(self, write: Callable[[], T]) -> T:
        """Write and answer. A write that a frozen ledger was asked for arrives when it thaws, given up or not."""
        try:
            await self._arrive()
        except (asyncio.CancelledError, StoreUnavailable):
            if self.is_frozen:
                self._given_up.append(write)
            raise
        stored = write()
        self._do_late(1)
        self._answer()
        return stored

    def _write(
        self,
        call: Call,
        facts: Sequence[Fact],
        legs: Sequence[Leg],
        transfers: Sequence[Transfer],
        visits: Sequence[QueueVisit],
        answers: Sequence[SurveyAnswer],
    ) -> Call:
        stored = at_seq(call, call.last_seq + len(facts))
        before = self.calls.get(call.id)
        is_next = before is None if call.last_seq == 0 else before is not None and before.last_seq == call.last_seq
        is_repeat = before == stored and self.told[call.id][call.last_seq :] == list(facts)
        # Two processes of which each was the first to see a call never do so at the same microsecond; here they may.
        is_repeat = is_repeat and all(leg.id in self.legs for leg in legs)
        if not is_next and not is_repeat:
            raise StaleRow(f"call {call.id} is not at fact {call.last_seq} any more")
        if is_next:
            self.calls[call.id] = stored
            self.told.setdefault(call.id, []).extend(facts)
        self.legs.update({leg.id: leg for leg in legs})
        self.transfers.update({transfer.id: transfer for transfer in transfers})
        self.answers |= {answer.id: answer for answer in answers}
        for visit in visits:
            self.visits[visit.id] = visit
            if visit.is_open and len([one for one in self.visits_of(call.id) if one.is_open]) > 1:
                raise AlreadyTaken(f"call {call.id} is in two queues")
        return stored

    def visits_of(self, call_id: CallId) -> list[QueueVisit]:
        """The stays of a call in queues, in their order."""
        found = [visit for visit in self.visits.values() if visit.call_id == call_id]
        return (
            found
            if len(found) < 2
            else sorted(found, key=lambda visit: (visit.entered_at, visit.is_open, visit.left_at))
        )

    async def call(self, call_id: CallId) -> Call | None:
        await self._arrive()
        return self.calls.get(call_id)

    async def allowed_transfers(self, call_id: CallId) -> int:
        await self._arrive()
        return self.allowances.get(call_id, 0)

    async def store_line(self, line: OperatorLine) -> None:
        await self._written(partial(self._write_line, line))

    def _write_line(self, line: OperatorLine) -> None:
        before = self.lines.get(line.id)
        is_over = before is not None and before.ended_at is not None and line.ended_at is None
        if is_over or _is_older(line, before):
            raise StaleRow(f"operator line {line.id} is newer, or has ended")
        self.lines[line.id] = line

    async def store_session(self, session: OperatorSession, is_estimated: bool = False) -> None:
        await self._written(partial(self._write_session, session, is_estimated))

    def _write_session(self, session: OperatorSession, is_estimated: bool) -> None:
        before = self.sessions.get(session.id)
        if (before is not None and not before.is_open and session.is_open) or _is_older(session, before):
            raise StaleRow(f"operator session {session.id} is newer, or over")
        others = (other for other in self.sessions.values() if other.id != session.id and other.is_open)
        if session.is_open and any(other.operator == session.operator for other in others):
            raise AlreadyTaken(f"operator {session.operator} is logged in elsewhere")
        ended = ended_stretch(before, session, is_estimated=is_estimated)
        if ended is not None:
            self.stretches.append(ended)
        self.sessions[session.id] = session

    async def open_rows(self, asterisk_id: AsteriskId) -> OpenRows:
        await self._arrive()
        here = [call for call in self.calls.values() if call.asterisk_id == asterisk_id]
        ids = {call.id for call in here}
        legs = [leg for leg in self.legs.values() if leg.is_open and leg.call_id in ids]
        lines = [one for one in self.lines.values() if one.ended_at is None and one.asterisk_id == asterisk_id]
        sessions = [one for one in self.sessions.values() if one.is_open and one.asterisk_id == asterisk_id]
        transfers = [transfer for transfer in self.transfers.values() if transfer.is_open and transfer.call_id in ids]
        visits = [visit for visit in self.visits.values() if visit.is_open and visit.call_id in ids]
        return OpenRows(
            calls=tuple(sorted((call for call in here if call.is_open), key=lambda call: (call.arrived_at, call.id))),
            legs=tuple(sorted(legs, key=lambda leg: (leg.started_at, leg.id))),
            lines=tuple(sorted(lines, key=lambda line: (line.started_at, line.id))),
            sessions=tuple(sorted(sessions, key=lambda session: (session.logged_in_at, session.id))),
            transfers=tuple(sorted(transfers, key=lambda transfer: (transfer.requested_at, transfer.id))),
            visits=tuple(sorted(visits, key=lambda visit: (visit.entered_at, visit.id))),
        )

    async def open_versions(self, asterisk_id: AsteriskId) -> Mapping[UUID, int]:
        rows = await self.open_rows(asterisk_id)
        versions: dict[UUID, int] = {call.id: call.last_seq for call in rows.calls}
        versions |= {line.id: line.version for line in rows.lines}
        return versions | {session.id: session.version for session in rows.sessions}

    async def facts(self, call_id: CallId) -> tuple[Fact, ...]:
        await self._arrive()
        return tuple(self.told.get(call_id, ()))

    async def check_pin(self, operator: str, pin: str, endpoint: Endpoint, now: datetime) -> PinVerdict:
        await self._arrive()
        of_phone = _one_more(self._attempts_on.get(endpoint), OF_PHONE, now)
        if of_phone is None:
            return PinVerdict.LOCKED
        self._attempts_on[endpoint] = of_phone
        of_number = _one_more(self._attempts.get(operator), OF_NUMBER, now)
        if of_number is None:
            return PinVerdict.LOCKED
        if self._pins.get(operator) == pin:
            self._attempts.pop(operator, None)
            del self._attempts_on[endpoint]
            return PinVerdict.OK
        self._attempts[operator] = of_number
        is_last = of_number.locked_until_at is not None or of_phone.locked_until_at is not None
        return PinVerdict.LOCKED if is_last else PinVerdict.WRONG

    async def operator_at_page(self, name: str, now: datetime) -> OperatorNumber | None:
        await self._arrive()
        return self.pages.get(name)

    def kinds(self, call_id: CallId) -> list[FactKind]:
        """The kinds of a call's facts, in order."""
        return [fact.kind for fact in self.told.get(call_id, ())]

    def session_of(self, operator: OperatorNumber) -> OperatorSession | None:
        """The operator's open session."""
        return next((one for one in self.sessions.values() if one.operator == operator and one.is_open), None)

    async def _arrive(self) -> None:
        await asyncio.sleep(0)  # like the real one, it lets others go first
        if self.clock is not None and self.clock.now() != self._thawed_at and not self.is_frozen:
            self._do_late(_ALL)
        if self.is_frozen:
            try:
                async with nullcontext() if self.clock is None else time_limit(self.clock, STATEMENT_PATIENCE):
                    await self._thawed.wait()
            except TimeoutError:
                raise StoreUnavailable("no answer") from None
        if not self.available:
            raise StoreUnavailable("the store is away")

    def _answer(self) -> None:
        self.writes += 1
        if self.lose_answers > 0:
            self.lose_answers -= 1
            raise StoreUnavailable("the answer was lost")
