"""The one process that handles the calls of an Asterisk: it holds the lock, writes the heartbeat and closes gaps."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError
from ari_app.ari.stream import Connected, EventStream
from ari_app.calls.admission import Admission
from ari_app.calls.clock import Clock
from ari_app.calls.door import Door
from ari_app.calls.errors import CallError, ControllerReplaced, SwitchUnavailable
from ari_app.calls.recovery import Recovery
from ari_app.calls.supervisor import Supervisor
from ari_app.calls.switch import AriSwitch, take_snapshot
from ari_app.core.door import holds
from ari_app.core.ids import AsteriskId, BridgeId
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.recovery import WAITING_PREFIX, Snapshot
from ari_app.jobs.fallback import FallbackTaker
from ari_app.storage.db.lock import ControllerLock, LockTaken
from ari_app.storage.db.nodes import BEAT_SECONDS as ASK_SECONDS
from ari_app.storage.db.nodes import NodeRow

log = structlog.get_logger(__name__)

#: the dialplan takes a heartbeat that is older than three seconds for a controller that is gone
BEAT_SECONDS = 0.5
RETRY_SECONDS = 0.5


class InstallationUnknown(Exception):
    """The directory of the prompts cannot be written; the text names the setting."""


def installation_of(sounds_dir: Path) -> str:
    """The mark of this machine, made at its first start: copies that share an Asterisk share its prompts, and this.

    Raises InstallationUnknown.
    """
    file = sounds_dir / ".installation"
    try:
        if not file.exists():
            part = sounds_dir / f".installation.{uuid4().hex}"
            part.write_text(f"{uuid4()}\n", encoding="ascii")
            with suppress(FileExistsError):
                file.hardlink_to(part)  # of two copies that start at once the first one wins
            part.unlink()
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not what this program wrote"
        raise InstallationUnknown(
            f"ARI_APP_SOUNDS_DIR: {file} cannot be kept ({why}); let this user write there"
        ) from None


class Health:
    """The state of this process for /health/ready: a standby until it has the lock, a controller afterwards."""

    def __init__(self) -> None:
        self.is_standby = True
        self.controller: Controller | None = None
        self.admission: Admission | None = None

    def status(self) -> dict[str, str | int | bool | None]:
        controller = self.controller
        seconds = None if controller is None else controller.recovery_seconds
        return {
            "ready": controller is not None and controller.is_ready,
            "standby": self.is_standby,
            "store": controller is None or controller.store_answers,
            "recovery_ms": None if seconds is None else round(seconds * 1000),
            "overload": None if self.admission is None else self.admission.step.word,
            "live_calls": None if self.admission is None else self.admission.live_calls,
        }


@dataclass(frozen=True, slots=True)
class Exchange:
    """The Asterisk that is controlled, and the ways to it."""

    id: AsteriskId
    application: str
    ari: AriClient
    switch: AriSwitch
    stream: EventStream


class Controller:
    """Built once the lock is held. `started_at`: the moment from which the first recovery is timed."""

    def __init__(
        self,
        exchange: Exchange,
        node: NodeRow,
        lock: ControllerLock,
        supervisor: Supervisor,
        clock: Clock,
        door: Door,
        recovery: Callable[[], Recovery],
        fallback: FallbackTaker | None,
        started_at: datetime,
    ) -> None:
        self._exchange = exchange
        self._node = node
        self._lock = lock
        self._supervisor = supervisor
        self._clock = clock
        self._door = door
        self._recovery = recovery
        self._fallback = fallback
        self._started_at: datetime | None = started_at
        self._asterisk_started_at: datetime | None = None  # by its own clock
        self._gap_closed = False
        self._gaps = 0
        self._one_gap_at_a_time = asyncio.Lock()
        self._one_beat_at_a_time = asyncio.Lock()  # or an earlier 0 overtakes the first moment that is written
        self._was_ready: bool | None = None  # the last state that Asterisk was given; None: unknown
        self.is_active = True
        self.store_answers = True
        self._away_since: datetime | None = None  # the store, or the lock that lasts as long as our connection to it
        self.recovery_seconds: float | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a new call would be handled, or held at the door until the store is back.

        While the store is away nobody else can have the lock. A standby that is faster afterwards opens our socket.
        """
        connected = self._exchange.stream.is_connected
        may_hold = holds(self._away_since, self._clock.now())
        return self.is_active and connected and self._gap_closed and may_hold

    # --- gaps ---

    async def close_gap(self, connected: Connected | None) -> None:
        """Read the rows and look at Asterisk, carry out the difference; only then is work accepted.

        Called at each (re)connect, and with None after the lock was lost: Postgres was away then, and its rows may be
        older than Asterisk; new callers are taken meanwhile. When both happen at once, the second waits for the first.
        """
        async with self._one_gap_at_a_time:
            await self._compare(connected)

    async def _compare(self, connected: Connected | None) -> None:
        if connected is not None:
            self._gaps += 1
            self._gap_closed = False
            self._asterisk_started_at = connected.info.started_at
            self._supervisor.forget_holds()
        while True:
            try:
                await self._exchange.switch.read_clock(self._clock.now())
                counts = await self._recovery().run(self._exchange.id, self._asterisk_started_at)
                break
            except StoreUnavailable as error:
                log.warning("recovery_waits_for_store", error=str(error))
            except (AriError, CallError) as error:
                log.warning("recovery_waits_for_asterisk", error=str(error))
                if not self._exchange.stream.is_connected:
                    return  # the next connection closes this gap too
            await asyncio.sleep(RETRY_SECONDS)
        self._gap_closed = True
        await self._ask_store()
        await self._write_beat()
        if self._started_at is not None:
            self.recovery_seconds = (self._clock.now() - self._started_at).total_seconds()
            self._started_at = None
            gc.freeze()  # a full collection skips the objects that live as long as the process
        if connected is None:
            log.info("rows_compared", **counts)
            return
        if self._fallback is not None:
            self._fallback.asterisk_started(connected.info.started_at)
        log.info(
            "asterisk_connected",
            asterisk=connected.info.version,
            asterisk_restarted=connected.asterisk_restarted,
            seconds=self.recovery_seconds,
            **counts,
        )

    async def sweep(self) -> None:
        """Compare the tasks with the live channels: events alone are not trusted."""
        if not self.is_ready:
            return
        at, gap = self._clock.now(), self._gaps
        try:
            snapshot = await take_snapshot(self._exchange.ari, self._exchange.application, at)
        except AriError as error:
            log.warning("sweep_postponed", error=str(error))
            return
        if self.is_ready and self._gaps == gap:  # else another Asterisk answered than the one that was asked about
            self._supervisor.sweep(snapshot)

    # --- the heartbeat ---

    async def beat(self) -> None:
        """Write the heartbeat, for as long as the process lives: a store that is slow to answer does not delay it."""
        while True:
            await self._write_beat()
            await asyncio.sleep(BEAT_SECONDS)

    async def watch_store(self) -> None:
        """Ask the store every second whether it is there. Raises NodeTaken, which ends this process."""
        while True:
            await self._ask_store()
            await asyncio.sleep(ASK_SECONDS)

    async def _ask_store(self) -> None:
        await self._lock.wait_until_sure()  # another copy may have written the row since this process was frozen
        try:
            await self._node.beat()
            self.store_answers = True
            self._door.heartbeat_written()
        except StoreUnavailable:
            if self.store_answers:
                log.warning("store_away")
            self.store_answers = False
            self._door.heartbeat_failed()
        self._note_absence()

    def _note_absence(self) -> None:
        if self.store_answers and self._lock.is_held:
            self._away_since = None
        elif self._away_since is None:
            self._away_since = self._clock.now()

    async def _write_beat(self) -> None:
        """Write the moment while a new call would be taken, and 0 otherwise: the dialplan then uses its fallback."""
        await self._lock.wait_until_sure()  # another copy may have written it since this process was frozen
        async with self._one_beat_at_a_time:
            await self._write_state()

    async def _write_state(self) -> None:
        is_ready = self.is_ready
        if not is_ready and self._was_ready is False:
            return  # a second 0 would contradict another copy that took over since the first
        try:
            self._was_ready = None
            await self._exchange.switch.beat(self._clock.now() if is_ready else None)
            self._was_ready = is_ready
        except SwitchUnavailable as error:
            log.debug("heartbeat_not_written", error=str(error))

    async def last_beat(self) -> None:
        """Write 0 at shutdown, so that new calls need not wait until the silence is noticed.

        Nothing is written without the lock: another copy may have taken over.
        """
        self.is_active = False
        if not self._lock.is_held:
            return
        try:
            await self._exchange.switch.beat(None)
            await self._exchange.switch.destroy_empty_waiting_bridge()
        except SwitchUnavailable as error:
            log.debug("heartbeat_not_written", error=str(error))

    # --- the lock ---

    async def keep_lock(self) -> None:
        """Take the lock again each time it is lost, which happens when Postgres goes away.

        Raises ControllerReplaced when a standby was faster, or took it from us because we were frozen.
        """
        while True:
            await self._lock.lost.wait()
            log.warning("lock_lost")
            self._note_absence()
            try:
                await self._lock.regain()
            except LockTaken:
                raise ControllerReplaced(self._exchange.application) from None
            log.info("lock_regained")
            self._note_absence()
            await self.close_gap(None)


async def look(exchange: Exchange) -> Snapshot:
    """The channels and bridges of this moment; gives the switch the waiting bridge that is in use. Raises AriError."""
    snapshot = await take_snapshot(exchange.ari, exchange.application, datetime.now(UTC))
    exchange.switch.use_waiting_bridge(_waiting_bridge(snapshot))
    return snapshot


def _waiting_bridge(snapshot: Snapshot) -> BridgeId | None:
    """The one with the most callers: a crash between its making and its use may have left another."""
    found = [bridge_id for bridge_id in snapshot.bridges if bridge_id.startswith(WAITING_PREFIX)]
    return max(found, key=lambda bridge_id: len(snapshot.bridges[bridge_id]), default=None)
