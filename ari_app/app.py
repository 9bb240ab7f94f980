"""Composition root: builds every room, runs them in one task group, and stops them in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.stream import Connected, EventStream, Item
from ari_app.callbacks.reminders import ReminderService
from ari_app.callbacks.service import CallbackService
from ari_app.calls.admission import Admission
from ari_app.calls.callbacks.virtual_hold import VirtualHolds
from ari_app.calls.clock import SystemClock
from ari_app.calls.dispatcher import Dispatcher
from ari_app.calls.door import Door
from ari_app.calls.load import Load
from ari_app.calls.operators.commands import OperatorCommands
from ari_app.calls.recovery import Recovery, no_log
from ari_app.calls.registry import Registry
from ari_app.calls.shell import Shell
from ari_app.calls.supervisor import Supervisor
from ari_app.calls.switch import AriSwitch, listen
from ari_app.calls.switch.incoming import EVENT_TYPES
from ari_app.calls.switch.retrying import RetryingSwitch
from ari_app.calls.unowned import UnownedRows
from ari_app.controller import Controller, Exchange, Health, installation_of, look
from ari_app.core.area import Area
from ari_app.core.ids import AsteriskId, CallId
from ari_app.jobs.area_follower import AreaFollower
from ari_app.jobs.browser_phones import BrowserPhones
from ari_app.jobs.callback_ticks import CallbackTicks
from ari_app.jobs.cel_file import CelFileUnreadable
from ari_app.jobs.changes import CHANGES_SECONDS, ChangeUpkeep
from ari_app.jobs.clockwork import ticking
from ari_app.jobs.command_claimer import CommandClaimer
from ari_app.jobs.delivery import Outside
from ari_app.jobs.directory_check import DirectoryCheck
from ari_app.jobs.fallback import FallbackTaker
from ari_app.jobs.figures import FIGURES_SECONDS, FiguresJob
from ari_app.jobs.overloads import keep_record, tell_asterisk, when_there_is_room
from ari_app.jobs.reminder_sender import ReminderSender, ways_to
from ari_app.jobs.retention import RetentionJob
from ari_app.jobs.trial import EVENT_TYPE, TrialListener
from ari_app.jobs.unseen_events import UnseenEvents
from ari_app.prompts.voice import PromptVoice
from ari_app.settings import Settings
from ari_app.storage.callbacks.reminders import ReminderQueue
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.calls.overloads import Overloads
from ari_app.storage.commands.claims import CommandClaims
from ari_app.storage.db.engine import STATEMENT_SECONDS, Database
from ari_app.storage.db.lock import ControllerLock
from ari_app.storage.db.nodes import NodeRow
from ari_app.storage.db.notifications import Notifier
from ari_app.storage.db.outbox import Outbox
from ari_app.storage.db.revision import require_head
from ari_app.web.app import make_app, serving

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 10.0
FALLBACK_SECONDS = 5.0
NIGHTLY_SECONDS = 300.0
SPEECH_SECONDS = 1800.0
BROWSER_PHONES_SECONDS = 2.0
PAGES_GONE_SECONDS = 1.0
VIRTUAL_HOLD_SECONDS = 10.0


async def serve(settings: Settings) -> None:
    """Run the application: standby until the lock is ours, then controller. Ends by cancellation.

    Raises InstallationUnknown, NotMigrated, NodeTaken before anything else is done, ControllerReplaced, PortTaken.
    """
    started_at = datetime.now(UTC)
    url = settings.database_url.reveal()
    lock = ControllerLock(url, f"ari_app/{settings.node}/{settings.ari_application}", settings.node)
    health = Health()
    installation = installation_of(settings.sounds_dir)
    async with Database(url) as database:
        await require_head(url)
        node = NodeRow(database.pool, settings.node, installation)
        await node.require_free()
        async with serving(make_app(health.status), settings.web_bind, settings.web_port) as port:
            log.info("waiting_for_lock", web_port=port)
            waited_from = datetime.now(UTC)
            async with lock:
                if datetime.now(UTC) - waited_from > timedelta(seconds=1):
                    started_at = datetime.now(UTC)  # the time spent as a standby is no part of a recovery
                log.info("controller", node=settings.node)
                await _control(settings, database, node, lock, health, started_at)


async def _control(
    settings: Settings,
    database: Database,
    row: NodeRow,
    lock: ControllerLock,
    health: Health,
    started_at: datetime,
) -> None:
    """Handle calls until cancelled. Raises ControllerReplaced when another socket took our place."""
    await row.beat(STATEMENT_SECONDS)  # before anything is closed that may be another installation's
    node, application = AsteriskId(settings.node), settings.ari_application
    health.is_standby = False
    async with AsyncExitStack() as stack:
        seen = asyncio.create_task(row.keep_seen(), name="seen while starting")
        stack.callback(seen.cancel)
        area = AreaFollower(database, settings.sounds_dir)
        await area.reload()
        password = settings.ari_password.reveal()
        is_sure = lock.wait_until_sure  # no order and no row by a process that was frozen and lost its place
        ari = await stack.enter_async_context(
            AriClient(settings.ari_url, settings.ari_user, password, may_order=is_sure)
        )
        switch = AriSwitch(ari, application, settings.outbound_endpoint, settings.outbound_format)
        ledger, callback_store = PostgresLedger(database.pool, may_write=is_sure), PostgresCallbackStore(database.pool)
        stack.push_async_callback(ledger.close)
        stack.push_async_callback(callback_store.close)
        voice = PromptVoice(settings.sounds_dir, area.current)
        callbacks = CallbackService(callback_store, area.current)
        shell = _shell(switch, ledger, voice, callbacks, area.current, node, settings.capacity_calls)
        health.admission = admission = shell.admission
        tasks = asyncio.TaskGroup()
        supervisor = Supervisor(shell, node, tasks)
        fallback = await _fallback(settings.cel_file, database, node, area.current, supervisor.owns_call)
        # Without the lock another copy may be at work: opening our socket then would take its place.
        may_connect = lock.wait_until_held
        wanted = EVENT_TYPES if settings.trial_password is None else (*EVENT_TYPES, EVENT_TYPE)
        stream = EventStream(ari, application, event_types=wanted, may_connect=may_connect)
        exchange = Exchange(node, application, ari, switch, stream)
        read_log = no_log if settings.cel_file is None else UnseenEvents(settings.cel_file).read
        recovery = partial(Recovery, shell, supervisor, partial(look, exchange), read_log)
        controller = Controller(
            exchange, row, lock, supervisor, shell.clock, shell.door, recovery, fallback, started_at
        )
        health.controller = controller
        # The last entered ends first: jobs, then the stream, then the tasks, then the heartbeat.
        stack.push_async_callback(controller.last_beat)
        await stack.enter_async_context(tasks)
        await stack.enter_async_context(stream)
        unowned = UnownedRows(shell, supervisor, node)
        holds = VirtualHolds(shell, supervisor.operators)
        ways = await stack.enter_async_context(ways_to(Outside(*settings.outside), supervisor.operators.reminder_calls))
        reminders = ReminderService(callback_store, area.current)
        queue, outbox = ReminderQueue(database.pool), Outbox(database.pool)
        sender = ReminderSender(reminders, queue, outbox, ways, area.current, _utc_now)
        ticks = CallbackTicks(callbacks, reminders, sender, area.current, _utc_now, node)
        phones = BrowserPhones(database.pool, ari, node, shell.registry, _utc_now, settings.phone_relays)
        directory_check = DirectoryCheck(database, ari, area.current, settings.nightly_hour)
        retention = RetentionJob(database, area.current, settings.nightly_hour)
        jobs = ticks.jobs() | {
            "sweep": (SWEEP_SECONDS, controller.sweep),
            "unowned": (SWEEP_SECONDS, unowned.look),
            "directory_check": (NIGHTLY_SECONDS, when_there_is_room(admission, directory_check.tick)),
            "retention": (NIGHTLY_SECONDS, when_there_is_room(admission, retention.tick)),
            "figures": (FIGURES_SECONDS, when_there_is_room(admission, FiguresJob(database).tick)),
            "changes": (CHANGES_SECONDS, ChangeUpkeep(database).tick),
            "browser_phones": (BROWSER_PHONES_SECONDS, phones.tick),
            "pages_gone": (PAGES_GONE_SECONDS, phones.look),
            "speech": (SPEECH_SECONDS, voice.forget),
            "virtual_holds": (VIRTUAL_HOLD_SECONDS, holds.refresh),
        }
        if fallback is not None:
            jobs["fallback"] = (FALLBACK_SECONDS, fallback.tick)
        await stack.enter_async_context(ticking(jobs))
        seen.cancel()
        tasks.create_task(controller.beat(), name="heartbeat")
        tasks.create_task(controller.watch_store(), name="store")
        tasks.create_task(controller.keep_lock(), name="lock")
        tasks.create_task(admission.watch(), name="admission")
        tasks.create_task(tell_asterisk(admission, switch, _utc_now), name="busy")
        overloads = Overloads(database.pool, is_sure)
        tasks.create_task(keep_record(admission, overloads, node, _utc_now), name="overloads")
        claimer = CommandClaimer(
            database,
            CommandClaims(database.pool, node, may_write=is_sure),
            OperatorCommands(shell.registry, supervisor.operators.start_login),
            area.current,
            _utc_now,
            node,
            lambda: controller.is_ready,
            supervisor.start,
            phones,
            settings.provider_grants,
        )
        supervisor.keep(claimer.follow, "commands")
        tasks.create_task(unowned.keep_compared(partial(controller.close_gap, None)), name="unowned")
        tasks.create_task(area.follow(shell.dispatcher, supervisor.live_calls, holds), name="area")

        async def connected(connection: Connected) -> None:
            await controller.close_gap(connection)
            supervisor.start(phones.give_all(), "browser phones")

        items: AsyncIterable[Item] = stream
        if settings.trial_password is not None:
            notifier = Notifier(database.pool)
            stack.push_async_callback(notifier.close)
            items = TrialListener(notifier, settings.sounds_dir).over(stream)
        await listen(items, application, supervisor, connected, admission.event_came)


def _shell(
    switch: AriSwitch,
    ledger: PostgresLedger,
    voice: PromptVoice,
    callbacks: CallbackService,
    area: Callable[[], Area],
    node: AsteriskId,
    capacity_calls: int | None,
) -> Shell:
    """The tools of the tasks of calls and operators. Their switch retries orders to Asterisk; nothing else does."""
    clock = SystemClock()
    load = Load(clock)
    registry = Registry(load.channel_left)
    dispatcher = Dispatcher(registry, area, clock)
    door = Door(clock)
    paced = RetryingSwitch(switch, load)
    admission = Admission(clock, load, registry, area, node, capacity_calls)
    return Shell(paced, ledger, voice, clock, registry, dispatcher, area, callbacks, door, load, admission)


async def _fallback(
    cel_file: Path | None,
    database: Database,
    node: AsteriskId,
    area: Callable[[], Area],
    owns_call: Callable[[CallId], bool],
) -> FallbackTaker | None:
    """Begins before calls are handled, so that each call which the fallback takes from then on is recorded."""
    if cel_file is None:
        return None
    fallback = FallbackTaker(database, cel_file, node, area, owns_call)
    with suppress(CelFileUnreadable):  # its job logs that, and tries again
        await fallback.begin()
    return fallback


def _utc_now() -> datetime:
    return datetime.now(UTC)
