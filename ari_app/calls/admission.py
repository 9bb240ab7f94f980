"""How many callers this machine can carry now: `core.admission` and `core.shares` over time.

The supervisor says which calls there are, a stage asks whether its caller may come in, and everything that can be left
out asks for the step.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta

import structlog

from ari_app.calls.clock import Clock, sleep_until
from ari_app.calls.load import Load
from ari_app.calls.registry import Registry
from ari_app.core.admission import SAMPLE, LagMeter, Lasting, Level, Signal, Step, Verdict, after_signals
from ari_app.core.area import Area
from ari_app.core.call import Call
from ari_app.core.callbacks import RequestReason
from ari_app.core.ids import AsteriskId, CallId, MunicipalityCode, OverloadId
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.overloads import Overload, after_level
from ari_app.core.shares import Shares, most_turning

log = structlog.get_logger(__name__)

STORE_RETRY = timedelta(seconds=1)
#: a caller who was turned away makes it an overload for so long
RECENT = timedelta(seconds=2)


class Admission:
    """One per process. `capacity`: the calls of citizens that this machine carries; None: what is measured decides."""

    def __init__(
        self,
        clock: Clock,
        load: Load,
        registry: Registry,
        area: Callable[[], Area],
        asterisk_id: AsteriskId,
        capacity: int | None = None,
    ) -> None:
        self._clock = clock
        self._load = load
        self._registry = registry
        self._area = area
        self._asterisk_id = asterisk_id
        self._capacity = capacity
        #: the pairs of ports for sound; None until Asterisk has told
        self.sound_pairs: int | None = None
        self._health = self._room = Level(clock.now() - SAMPLE * 4)
        self._lasting = {signal: Lasting() for signal in (Signal.ORDERS, Signal.EVENTS, Signal.LOOP)}
        self._events = LagMeter()
        self._calls: dict[CallId, MunicipalityCode | None] = {}
        self._counts: Counter[MunicipalityCode | None] = Counter()  # of `_calls`
        self._turning: set[CallId] = set()  # callers who are told why nobody answers, and are none of `_calls`
        self._turned: deque[tuple[datetime, str]] = deque()  # lately: when, and what they had dialled
        self._turned_away = 0
        self._turned_before = 0  # the overload began
        self._overload: Overload | None = None
        self._unstored: dict[OverloadId, Overload] = {}
        self._changed = asyncio.Event()

    # --- what others ask ---

    @property
    def step(self) -> Step:
        return max(self._health.step, self._room.step)

    @property
    def has_extras(self) -> bool:
        """Whether there is room for what nobody misses: announcements of a position, spoken reminders, nightly jobs."""
        return self.step < Step.NO_EXTRAS

    @property
    def live_calls(self) -> int:
        return len(self._calls)

    @property
    def refuses_all(self) -> bool:
        """This machine does so badly that the dialplan is to refuse every new call."""
        return self._health.step is Step.BUSY

    def refused_numbers(self) -> frozenset[str]:
        """The numbers whose callers were turned away lately, while more of them are than can be told so."""
        if self._room.step is not Step.BUSY:
            return frozenset()
        return frozenset(dialled for _, dialled in self._lately())

    # --- calls ---

    def entered(self, call: Call) -> None:
        """There is a task for this call. A caller who is new is not counted before there was a verdict."""
        if call.last_seq == 0 and call.callback_request is None:
            return
        if call.callback_reason is RequestReason.OVERLOAD:
            self._turning.add(call.id)
        else:
            self._count(call.id, call.municipality)

    def left(self, call_id: CallId) -> None:
        if call_id in self._calls:
            self._counts[self._calls.pop(call_id)] -= 1
        self._turning.discard(call_id)

    def verdict(self, call: Call, municipalities: Collection[MunicipalityCode]) -> Verdict:
        """What becomes of this caller, who is new, and whom one of these municipalities is to answer.

        To be asked when the call arrives, and again when it is known which one; the last answer counts.
        """
        self.left(call.id)
        if not self.refuses_all:
            if self._shares().may_enter(municipalities):
                self._count(call.id, next(iter(municipalities)) if len(municipalities) == 1 else None)
                return Verdict.ADMITTED
            if len(self._turning) < self._most_turning:
                self._turning.add(call.id)
                return Verdict.TURNED_AWAY
        return Verdict.BUSY

    def _count(self, call_id: CallId, municipality: MunicipalityCode | None) -> None:
        self._calls[call_id] = municipality
        self._counts[municipality] += 1

    def turned_away(self, call: Call, *, is_told: bool) -> None:
        """This caller gets no place, for good; `is_told`: hears why, else busy.

        Whoever was in the menu when the last place went is told, however many are: those who come after them hear busy.
        """
        if is_told:
            self._turning.add(call.id)
        self._turned.append((self._clock.now(), call.dialled))
        self._turned_away += 1

    def _shares(self) -> Shares:
        live = {code: count for code, count in self._counts.items() if code is not None and count}
        is_strained = self._health.step >= Step.TURNING_AWAY
        sharing = len(self._area().municipalities)
        return Shares(self._capacity, sharing, live, self._counts[None], is_strained)

    @property
    def _most_turning(self) -> int:
        carried = len(self._calls) if self._capacity is None else self._capacity
        return most_turning(carried)

    def _lately(self) -> deque[tuple[datetime, str]]:
        now = self._clock.now()
        while self._turned and not now - RECENT < self._turned[0][0] <= now:
            self._turned.popleft()
        return self._turned

    # --- signals ---

    def event_came(self, at: datetime) -> None:
        """An event of Asterisk with this moment, by its clock, is here now."""
        now = self._clock.now()
        self._events.add(now, (now - at).total_seconds())

    async def watch(self) -> None:
        """Take the signals four times a second, for as long as the process lives."""
        while True:
            due = self._clock.now() + SAMPLE
            await sleep_until(self._clock, due)
            self.sample((self._clock.now() - due).total_seconds())

    def sample(self, late_seconds: float = 0.0) -> None:
        """Take the signals now; `late_seconds`: so much later than was planned."""
        now, before = self._clock.now(), self.step
        measured = {
            Signal.ORDERS: self._load.order_seconds(),
            Signal.EVENTS: self._events.take(),
            Signal.LOOP: late_seconds,
        }
        lasted = {signal: self._lasting[signal].add(now, value) for signal, value in measured.items()}
        room = self._room_signals()
        self._health = after_signals(self._health, lasted, now)
        self._room = after_signals(self._room, room, now)
        if self.step is not before:
            self._say(before, {**lasted, **room})
            self._record(now)

    def _room_signals(self) -> Mapping[Signal, float]:
        turned = len(self._turning) / self._most_turning
        found = {Signal.TURNED_AWAY: max(turned, 0.001) if self._lately() else turned}
        if self._capacity is not None:
            found[Signal.CALLS] = len(self._calls) / self._capacity
        if self.sound_pairs:
            found[Signal.SOUND] = self._registry.channel_count / self.sound_pairs
        return found

    def _say(self, before: Step, values: Mapping[Signal, float]) -> None:
        level = self._level
        say = log.warning if level.step > before else log.info
        say(
            "overload_changed",
            step=level.step.word,
            signal=None if level.signal is None else level.signal.value,
            live_calls=self.live_calls,
            turned_away=self._turned_away - self._turned_before,
            **{f"{signal}_value": round(value, 3) for signal, value in values.items()},
        )

    @property
    def _level(self) -> Level:
        """The higher one of the two."""
        return self._health if self._health.step >= self._room.step else self._room

    def _record(self, now: datetime) -> None:
        if self._overload is None or self._overload.ended_at is not None:
            self._turned_before = self._turned_away - len(self._lately())
        turned_away = self._turned_away - self._turned_before
        self._overload = after_level(self._overload, self._level, self._asterisk_id, turned_away, now)
        if self._overload is not None:
            self._unstored[self._overload.id] = self._overload
            self._changed.set()

    async def keep_record(self, store: Callable[[Overload], Awaitable[None]]) -> None:
        """Store each overload when it begins, grows and ends, for as long as the process lives."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            for overload in list(self._unstored.values()):
                try:
                    await store(overload)
                except StoreUnavailable:
                    self._changed.set()
                    await sleep_until(self._clock, self._clock.now() + STORE_RETRY)
                    break
                if self._unstored.get(overload.id) is overload:
                    del self._unstored[overload.id]
