"""Composition root: builds every room, runs them in one task group, and stops them in order."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError
from ari_app.ari.stream import Connected, EventStream
from ari_app.calls.call.flow import Shell
from ari_app.calls.callbacks.virtual_hold import VirtualHolds
from ari_app.calls.clock import SystemClock
from ari_app.calls.dispatcher import Dispatcher
from ari_app.calls.errors import CallError, ControllerReplaced, SwitchUnavailable
from ari_app.calls.recovery import Recovery
from ari_app.calls.registry import Registry
from ari_app.calls.supervisor import Supervisor
from ari_app.calls.switch import AriSwitch, listen, take_snapshot
from ari_app.calls.switch.incoming import EVENT_TYPES
from ari_app.calls.switch.retrying import RetryingSwitch
from ari_app.core.ids import AsteriskId, BridgeId
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.recovery import WAITING_PREFIX, Snapshot
from ari_app.jobs.area_follower import AreaFollower
from ari_app.jobs.callback_jobs import keeping_promises
from ari_app.jobs.clockwork import Job, ticking
from ari_app.jobs.delivery import Outside
from ari_app.jobs.directory_check import NumberPlanCheck
from ari_app.jobs.fallback import FallbackTaker
from ari_app.prompts.voice import PromptVoice
from ari_app.settings import Settings
from ari_app.storage.callbacks.requests import PostgresCallbacks
from ari_app.storage.calls.cel_file import CelFileUnreadable
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from ari_app.storage.db.lock import ControllerLock
from ari_app.storage.db.migrate import require_head
from ari_app.web.app import make_app, serving

log = structlog.get_logger(__name__)

BEAT_SECONDS = 1.0
SWEEP_SECONDS = 10.0
FALLBACK_SECONDS = 5.0
NIGHTLY_SECONDS = 300.0
SPEECH_SECONDS = 1800.0
PLACES_SECONDS = 10.0
RETRY_SECONDS = 0.5


class Controller:
    """The one that handles the calls of one Asterisk, while it holds the lock."""

    def __init__(self, settings: Settings, database: Database, lock: ControllerLock) -> None:
        self._settings = settings
        self._database = database
        self._lock = lock
        self._area = AreaFollower(database, settings)
        self._asterisk_id = AsteriskId(settings.node)
        self._ledger = PostgresLedger(database.pool)
        self._promises = PostgresCallbacks(database.pool)
        self._voice = PromptVoice(settings.sounds_dir)
        self._stream: EventStream | None = None
        self._fallback: FallbackTaker | None = None
        if settings.cel_file is not None:
            self._fallback = FallbackTaker(database, settings.cel_file, self._asterisk_id, self._area.current)
        self._started_at: datetime | None = None
        self._gap_closed = False
        self._one_gap_at_a_time = asyncio.Lock()
        self._one_beat_at_a_time = asyncio.Lock()  # or a 0 from before overtakes the first time that is written
        self._store_answers = True
        self._was_ready: bool | None = None  # what Asterisk was told last; None: unknown
        self.active = False
        self.recovery_seconds: float | None = None

    def status(self) -> dict[str, str | int | bool | None]:
        return {
            "ready": self._is_ready,
            "standby": not self.active,
            "store": self._store_answers,
            "recovery_ms": None if self.recovery_seconds is None else round(self.recovery_seconds * 1000),
        }

    @property
    def _is_ready(self) -> bool:
        connected = self._stream is not None and self._stream.is_connected
        return self.active and connected and self._gap_closed and self._store_answers and self._lock.is_held

    async def run(self, started_at: datetime) -> None:
        """Handle calls until cancelled. Raises ControllerReplaced when another socket took our place."""
        settings = self._settings
        self._started_at = started_at
        self.active = True
        await self._area.reload()
        if self._fallback is not None:
            with suppress(CelFileUnreadable):  # the job says so, and tries again
                await self._fallback.begin()
        password = settings.ari_password.get_secret_value()
        async with AsyncExitStack() as stack:
            ari = await stack.enter_async_context(AriClient(settings.ari_url, settings.ari_user, password))
            switch = AriSwitch(ari, settings.ari_application, settings.outbound_endpoint, settings.outbound_format)
            stack.push_async_callback(self._ledger.close)
            stack.push_async_callback(self._promises.close)
            stack.push_async_callback(self._last_beat, switch)
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            shell = self._shell(switch)
            supervisor = Supervisor(shell, self._asterisk_id, tasks)
            # Without the lock another copy may be at work: opening our socket then would take its place.
            may_connect = self._lock.wait_until_held
            stream = EventStream(ari, settings.ari_application, event_types=EVENT_TYPES, may_connect=may_connect)
            self._stream = await stack.enter_async_context(stream)
            outside = Outside(*settings.outside)
            places = VirtualHolds(shell, supervisor.operators)
            reminders = supervisor.operators.reminder_calls
            promises = keeping_promises(self._database, outside, self._area.current, self._asterisk_id, reminders)
            jobs = self._jobs(ari, supervisor) | await stack.enter_async_context(promises)
            jobs["places"] = (PLACES_SECONDS, places.refresh)
            await stack.enter_async_context(ticking(jobs))
            tasks.create_task(self._beat(switch), name="heartbeat")
            close_gap = partial(self._close_gap, ari, shell, supervisor, switch)
            tasks.create_task(self._keep_lock(close_gap), name="lock")
            following = self._area.follow(shell.dispatcher, supervisor.live_calls, places)
            tasks.create_task(following, name="directory")
            await listen(stream, settings.ari_application, supervisor, close_gap)

    def _shell(self, switch: AriSwitch) -> Shell:
        clock = SystemClock()
        registry = Registry()
        dispatcher = Dispatcher(registry, self._area.current, clock)
        patient = RetryingSwitch(switch, clock)
        return Shell(
            patient, self._ledger, self._voice, clock, registry, dispatcher, self._area.current, self._promises
        )

    def _jobs(self, ari: AriClient, supervisor: Supervisor) -> dict[str, tuple[float, Job]]:
        number_plan = NumberPlanCheck(self._database, ari, self._area.current, self._settings.nightly_hour)
        jobs: dict[str, tuple[float, Job]] = {
            "sweep": (SWEEP_SECONDS, partial(self._sweep, ari, supervisor)),
            "number_plan": (NIGHTLY_SECONDS, number_plan.tick),
            "speech": (SPEECH_SECONDS, self._voice.forget),
        }
        if self._fallback is not None:
            jobs["fallback"] = (FALLBACK_SECONDS, self._fallback.tick)
        return jobs

    # --- Asterisk ---

    async def _close_gap(
        self, ari: AriClient, shell: Shell, supervisor: Supervisor, switch: AriSwitch, connected: Connected | None
    ) -> None:
        """What is there, what do the rows say, what is to be done; only then is work accepted.

        At each (re)connect, and with None after the lock was lost: then Postgres was, and its rows may be older ones.
        Both may be at the same time, and are done one after the other.
        """
        async with self._one_gap_at_a_time:
            await self._compare(ari, shell, supervisor, switch, connected)

    async def _compare(
        self, ari: AriClient, shell: Shell, supervisor: Supervisor, switch: AriSwitch, connected: Connected | None
    ) -> None:
        self._gap_closed = False
        restarted = connected is not None and connected.asterisk_restarted
        while True:
            try:
                await switch.read_clock(datetime.now(UTC))
                recovery = Recovery(shell, supervisor, partial(self._look, ari, switch))
                counts = await recovery.run(self._asterisk_id, asterisk_restarted=restarted)
                break
            except StoreUnavailable as error:
                log.warning("recovery_waits_for_store", error=str(error))
            except (AriError, CallError) as error:
                log.warning("recovery_waits_for_asterisk", error=str(error))
                if self._stream is None or not self._stream.is_connected:
                    return  # the next connection closes this gap too
            await asyncio.sleep(RETRY_SECONDS)
        self._gap_closed = True
        await self._beat_once(switch)
        if self._started_at is not None:
            self.recovery_seconds = (shell.clock.now() - self._started_at).total_seconds()
            self._started_at = None
            gc.freeze()  # what lives as long as the process is not looked at again by every full collection
        if connected is None:
            log.info("rows_compared", **counts)
            return
        if self._fallback is not None:
            self._fallback.asterisk_started(connected.info.started_at)
        log.info(
            "asterisk_connected",
            asterisk=connected.info.version,
            asterisk_restarted=restarted,
            seconds=self.recovery_seconds,
            **counts,
        )

    async def _look(self, ari: AriClient, switch: AriSwitch) -> Snapshot:
        snapshot = await take_snapshot(ari, self._settings.ari_application, datetime.now(UTC))
        switch.use_waiting_bridge(_waiting_bridge(snapshot))
        return snapshot

    async def _sweep(self, ari: AriClient, supervisor: Supervisor) -> None:
        """Operator states are derived from live channels, not only from events."""
        if not self._is_ready:
            return
        at = datetime.now(UTC)
        try:
            snapshot = await take_snapshot(ari, self._settings.ari_application, at)
        except AriError as error:
            log.warning("sweep_postponed", error=str(error))
            return
        supervisor.sweep(frozenset(snapshot.channels), at)

    # --- being alive, being the only one ---

    async def _beat(self, switch: AriSwitch) -> None:
        while True:
            await self._beat_once(switch)
            await asyncio.sleep(BEAT_SECONDS)

    async def _beat_once(self, switch: AriSwitch) -> None:
        """Written only while we could really handle a call; 0 sends new calls to the dialplan's fallback at once."""
        try:
            await self._database.ping()
            self._store_answers = True
        except StoreUnavailable:
            if self._store_answers:
                log.warning("store_away")
            self._store_answers = False
        async with self._one_beat_at_a_time:
            await self._write_beat(switch)

    async def _write_beat(self, switch: AriSwitch) -> None:
        is_ready = self._is_ready
        if not is_ready and self._was_ready is False:
            return  # said once; said again and again it would contradict a copy that took over
        try:
            self._was_ready = None
            await switch.beat(datetime.now(UTC) if is_ready else None)
            self._was_ready = is_ready
        except SwitchUnavailable as error:
            log.debug("heartbeat_not_written", error=str(error))

    async def _last_beat(self, switch: AriSwitch) -> None:
        """On the way out: new calls need not wait until our silence is noticed. Not when another copy took over."""
        self.active = False
        if not self._lock.is_held:
            return
        try:
            await switch.beat(None)
            await switch.leave_nothing_empty()
        except SwitchUnavailable as error:
            log.debug("heartbeat_not_written", error=str(error))

    async def _keep_lock(self, close_gap: Callable[[Connected | None], Awaitable[None]]) -> None:
        """With Postgres gone the lock is gone; whoever has it first afterwards is the controller.

        A standby that was faster opens our socket, and `listen` ends this process with ControllerReplaced.
        """
        while True:
            await self._lock.lost.wait()
            log.warning("lock_lost")
            await self._lock.acquire()
            log.info("lock_regained")
            await close_gap(None)


def _waiting_bridge(snapshot: Snapshot) -> BridgeId | None:
    found = [bridge_id for bridge_id in snapshot.bridges if bridge_id.startswith(WAITING_PREFIX)]
    return max(found, key=lambda bridge_id: len(snapshot.bridges[bridge_id]), default=None)


async def serve(settings: Settings) -> None:
    """The application: standby until the lock is ours, then controller. Ends by cancellation.

    Raises NotMigrated before anything else is done, ControllerReplaced, PortTaken.
    """
    started_at = datetime.now(UTC)
    url = settings.database_url.get_secret_value()
    lock = ControllerLock(url, f"ari_app/{settings.node}/{settings.ari_application}")
    async with Database(url) as database:
        await require_head(url)
        controller = Controller(settings, database, lock)
        async with serving(make_app(controller.status), settings.web_bind, settings.web_port) as port:
            log.info("waiting_for_lock", web_port=port)
            waited_from = datetime.now(UTC)
            async with lock:
                if datetime.now(UTC) - waited_from > timedelta(seconds=1):
                    started_at = datetime.now(UTC)  # as a standby it was not needed before
                log.info("controller", node=settings.node)
                await controller.run(started_at)


__all__ = ["Controller", "ControllerReplaced", "serve"]
