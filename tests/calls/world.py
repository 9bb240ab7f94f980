"""A small contact centre on fakes: callers and operators as the flow tests speak of them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from itertools import count
from uuid import uuid4

from ari_app.callbacks.service import CallbackService
from ari_app.calls.admission import Admission
from ari_app.calls.clock import sleep_until
from ari_app.calls.dispatcher import Dispatcher
from ari_app.calls.door import Door
from ari_app.calls.load import Load
from ari_app.calls.messages import Digit, Left, Logged, Message
from ari_app.calls.operators.commands import PATIENCE_SECONDS, OperatorCommands
from ari_app.calls.recovery import Recovery
from ari_app.calls.registry import Registry
from ari_app.calls.shell import Shell
from ari_app.calls.supervisor import Supervisor
from ari_app.calls.switch.retrying import RetryingSwitch
from ari_app.calls.unowned import UnownedRows
from ari_app.core.area import (
    Area,
    Calamity,
    CallbackRules,
    DirectNumber,
    Member,
    Municipality,
    Norms,
    OpeningSpan,
    Operator,
    Reach,
    SharedNumber,
    Team,
    Whisper,
)
from ari_app.core.call import Call
from ari_app.core.ids import AsteriskId, ChannelId, Endpoint, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.operators import OperatorLine, OperatorSession
from ari_app.core.recovery import LiveChannel, Snapshot
from ari_app.core.survey import SurveyRules
from tests.calls.snapshots import snapshot_of
from tests.fakes.callbacks import FakeCallbackStore, FakeRows
from tests.fakes.clock import FakeClock, settle
from tests.fakes.ledger import FakeLedger
from tests.fakes.switch import FakeSwitch
from tests.fakes.voice import NamedVoice

NODE = AsteriskId("node1")
ESDAM, VEENDIJK = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
SHARED = "140119"
ESDAM_ALONE = "+31119555001"
WEEKDAYS = {day: (OpeningSpan(time(8, 30), time(17, 0)),) for day in range(5)}
#: a Monday, 11:00 in Amsterdam
OPEN_AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CLOSED_AT = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)

NORMS = Norms()
#: what is tested elsewhere stays as it was; tests/calls/test_leaving_callback.py asks callers
NOT_OFFERED = CallbackRules(offered=False)
NO_SURVEY = SurveyRules()


def an_area(
    *,
    norms: Norms = NORMS,
    reach: Reach = Reach.LINE,
    wrap_up_seconds: int = 30,
    whisper: Whisper = Whisper.FULL,
    direct_numbers: Sequence[DirectNumber] = (),
    calamities: tuple[Calamity, ...] = (),
    default: MunicipalityCode | None = None,
    helps: tuple[MunicipalityCode, ...] = (),
    callback: CallbackRules = NOT_OFFERED,
    survey: SurveyRules = NO_SURVEY,
) -> Area:
    town = Municipality(ESDAM, "Esdam", hours=WEEKDAYS, norms=norms, callback=callback, survey=survey)
    esdam = replace(town, geographic_numbers=(ESDAM_ALONE,))
    veendijk = replace(town, code=VEENDIJK, name="Veendijk")
    front = Team(
        TeamCode("front"),
        "Voor",
        (ESDAM,),
        helps=helps,
        reach=reach,
        wrap_up_seconds=wrap_up_seconds,
        whisper=whisper,
        ring_seconds=20,
    )
    both = replace(front, code=TeamCode("both"), serves=(ESDAM, VEENDIJK), helps=())
    return Area(
        municipalities={ESDAM: esdam, VEENDIJK: veendijk},
        shared_numbers={SHARED: SharedNumber(SHARED, (Member(ESDAM, 1), Member(VEENDIJK, 2)), default)},
        direct_numbers={number.e164: number for number in direct_numbers},
        teams={front.code: front, both.code: both},
        operators={
            OperatorNumber(n): Operator(OperatorNumber(n), f"Operator {n}", (code,))
            for n, code in (("101", front.code), ("102", both.code), ("103", both.code))
        },
        calamities=calamities,
    )


@dataclass
class World:
    """Fakes around the real tasks. After `kill`, rows and channels stay; after `restart` another process has them."""

    area: Area = field(default_factory=an_area)
    now: datetime = OPEN_AT
    has_lock: bool = True
    capacity: int | None = None  # live calls of citizens

    def __post_init__(self) -> None:
        self.clock = FakeClock(self.now)
        self.ledger = FakeLedger(clock=self.clock)
        self.callback_store = FakeCallbackStore(self.ledger)
        self.callbacks = CallbackService(self.callback_store, lambda: self.area)
        for number in ("101", "102", "103"):
            self.ledger.add_operator(number, "1234")
        self.voice, self.switch = NamedVoice(), FakeSwitch(self.clock, self.post)
        self.asterisk_started_at = self.now - timedelta(days=1)
        self.logged_ends, self.logged_answers = dict[ChannelId, Left](), dict[ChannelId, datetime]()
        self.arrivals: dict[ChannelId, LiveChannel] = {}
        self._numbers = count(1)
        self.start_process()

    def post(self, channel_id: ChannelId, message: Message) -> None:
        self.registry.post(channel_id, message)  # the registry of the process that runs now

    @property
    def callback_rows(self) -> FakeRows:
        return self.callback_store.rows

    def start_process(self) -> None:
        self.load = Load(self.clock, jitter=lambda: 0.5)
        self.registry = Registry(self.load.channel_left)
        self.admission = Admission(self.clock, self.load, self.registry, lambda: self.area, NODE, self.capacity)
        self.dispatcher = Dispatcher(self.registry, lambda: self.area, self.clock)
        self.shell = Shell(
            RetryingSwitch(self.switch, self.load),
            self.ledger,
            self.voice,
            self.clock,
            self.registry,
            self.dispatcher,
            lambda: self.area,
            self.callbacks,
            Door(self.clock),
            self.load,
            self.admission,
        )
        self._stop = asyncio.Event()
        self._running = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            self.supervisor = Supervisor(self.shell, NODE, tasks)
            self.unowned = UnownedRows(self.shell, self.supervisor, NODE)
            tasks.create_task(self.unowned.keep_compared(self._compare))
            await self._stop.wait()

    def commands(self, *, patience_seconds: float = PATIENCE_SECONDS) -> OperatorCommands:
        """The way of commands from a screen to the process that runs now."""
        return OperatorCommands(self.registry, self.supervisor.operators.start_login, patience_seconds)

    async def _compare(self) -> None:
        """As the application does when the lock was lost: again, until the store answers. Not without the lock."""
        while self.has_lock:
            with suppress(StoreUnavailable):
                await self._compare_once()
                return
            await sleep_until(self.clock, self.clock.now() + timedelta(seconds=0.5))

    async def kill(self) -> None:
        """The process is gone, whatever it was doing; it must not use its last breath to touch anything."""
        before = (len(self.switch.orders), self.ledger.writes)
        await self.stop()
        assert (len(self.switch.orders), self.ledger.writes) == before

    async def stop(self) -> None:
        """As `kill`, without its checks: also at the end of a test that failed."""
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running

    @property
    def is_stopping(self) -> bool:
        return self._running.cancelling() > 0

    @property
    def is_running(self) -> bool:
        return not self._running.done()

    async def restart_asterisk(self) -> None:
        """Every channel is gone, and nobody says so."""
        await self.clock.advance(1)
        self.switch.vanish()
        self.asterisk_started_at = self.switch.asterisk_started_at = self.clock.now()

    async def restart(self) -> dict[str, int]:
        """A process starts, and resumes the calls it finds; returns how often each order of recovery was given."""
        self.start_process()
        await settle()
        return await self.close_gap()

    async def close_gap(self) -> dict[str, int]:
        """As the application does at each (re)connect to Asterisk; a store that does not answer is asked again."""
        assert self.ledger.available
        self.supervisor.forget_holds()
        while True:
            work = asyncio.create_task(self._compare_once())
            await settle()
            while not work.done():  # it waits before it repeats an order
                await self.clock.advance(0.1)
            try:
                return work.result()
            except StoreUnavailable:
                await settle()

    async def _compare_once(self) -> dict[str, int]:
        return await Recovery(self.shell, self.supervisor, self.look, self.read_log).run(NODE, self.asterisk_started_at)

    async def read_log(self, channels: Collection[ChannelId], since: datetime) -> Logged:
        """Asterisk's own log; empty, unless a test puts something into `logged_ends` or `logged_answers`."""
        ends = {c: left for c, left in self.logged_ends.items() if c in channels and left.at >= since}
        return Logged(ends, {c: at for c, at in self.logged_answers.items() if c in channels and at >= since})

    async def look(self) -> Snapshot:
        return self.snapshot()

    def snapshot(self) -> Snapshot:
        """The snapshot that Asterisk would give now."""
        return snapshot_of(self.switch, self.arrivals, self.clock.now(), self.now)

    async def sweep(self) -> int:
        """As the application does every few seconds."""
        found = self.supervisor.sweep(self.snapshot())
        self.supervisor.start(self.unowned.look(), "rows without a task")  # the store may be frozen
        await settle()
        return found

    async def citizen(self, dials: str = SHARED, number: str = "+31201234567") -> ChannelId:
        return await self.arrive("citizen", str(uuid4()), dials, number=number)

    async def operator(self, number: str, pin: str = "1234", phone: str = "phone01") -> ChannelId:
        """Dials 1400 and keys number and PIN."""
        channel_id = await self.dial_in(phone)
        await self.press(channel_id, f"{number}#{pin}#")
        return channel_id

    async def dial_in(self, phone: str = "phone01") -> ChannelId:
        return await self.arrive("operator", str(uuid4()), name=f"PJSIP/{phone}-00000001")

    async def arrive(self, *args: str, number: str = "", name: str = "") -> ChannelId:
        """A channel enters the application; while no process runs, nobody hears of it."""
        channel_id = ChannelId(f"node1-{args[0]}.{next(self._numbers)}")
        channel = LiveChannel(channel_id, self.clock.now(), False, args, number, name)
        self.switch.channels.add(channel_id)
        self.arrivals[channel_id] = channel
        await settle()
        if self.is_running:
            self.supervisor.accept_channel(channel)
        await settle()
        return channel_id

    async def press(self, channel_id: ChannelId, digits: str) -> None:
        for digit in digits:
            self.registry.post(channel_id, Digit(channel_id, digit, self.clock.now()))
            await settle()

    async def hang_up(self, channel_id: ChannelId) -> None:
        self.switch.leave(channel_id)
        await settle()

    def call(self, channel_id: ChannelId) -> Call:
        return next(call for call in self.ledger.calls.values() if call.channel_id == channel_id)

    def session(self, number: str) -> OperatorSession:
        """The newest session of this operator."""
        return max((s for s in self.ledger.sessions.values() if s.operator == number), key=lambda s: s.logged_in_at)

    def line(self, channel: ChannelId) -> OperatorLine:
        return next(line for line in self.ledger.lines.values() if line.channel_id == channel)

    async def talk(self) -> tuple[ChannelId, ChannelId]:
        """Operator 101 on a standing line talks; returns the operator's channel and the citizen's."""
        operator = await self.operator("101")
        citizen = await self.citizen(ESDAM_ALONE)
        assert self.switch.partners(citizen) == {operator}
        return operator, citizen

    def ringing_at(self, endpoint: str) -> ChannelId:
        return next(c for c, e in self.switch.ringing.items() if e == Endpoint(endpoint))
