"""Thousands of screens beside the calls: what they cost, how soon they show what happens, and what calls feel of it."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ari_app.core.access import Role
from ari_app.core.event_log.cel import ChannelHistory, histories
from ari_app.core.ids import MunicipalityCode, TeamCode, new_account_id, new_web_session_id
from ari_app.jobs import cel_file
from ari_app.local.pages import LocalPages, PagesSettings
from ari_app.local.ports import Protocol, free_port
from ari_app.storage.accounts.tokens import digest, new_token
from ari_app.storage.boards.figures import BoardView
from ari_app.storage.boards.tokens import add_board
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE, WEB
from tests.acceptance.application import Application, import_into
from tests.acceptance.record import questions
from tests.bench.connecting import connected, is_caller
from tests.bench.desk_page import measure_page
from tests.bench.figures import percentile
from tests.bench.processor import Meter, resident_bytes
from tests.bench.shown import Heard, Shown, shown_between
from tests.bench.stand import OUR_NUMBER, SPEAKERS, Stand, area, now, operator_number
from tests.bench.throughput import Load, working_application
from tests.bench.watch_figures import Round, WatchFigures
from tests.place import address
from tests.roles import as_role

OURS, QUIET = MunicipalityCode("GM9911"), MunicipalityCode("GM9912")
#: nobody answers there: its callers wait, so that the queue line of every desk changes
QUIET_NUMBER = "0119990501"
QUIET_AREA = """
[[municipality]]
code = "GM9912"
name = "Stildam"
geographic = ["0119990501"]
open_on_legal_days = true
hours = { mon = ["00:00-24:00"], tue = ["00:00-24:00"], wed = ["00:00-24:00"], thu = ["00:00-24:00"], \
fri = ["00:00-24:00"], sat = ["00:00-24:00"], sun = ["00:00-24:00"] }
norms = { nobody_grace_seconds = 600 }
[[team]]
code = "stil"
name = "Stil"
serves = ["GM9912"]
"""
PAGES = address(2)
#: callers of the quiet town: a new one so often, each for so long
ARRIVES_EVERY_SECONDS, WAITS_SECONDS = 2.0, 7.0
OPEN_SECONDS = 120.0
#: from the last hang-up to the last row and frame
LATE_SECONDS = 1.0
LOG_WRITTEN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Watch:
    """So many desks and boards, each open in a browser; calls without them, and with them, round after round."""

    desks: int = 2000
    boards: int = 50
    operators: int = 120  # of the desks; the others are of people who are not at their phones
    load: Load = Load(per_second=30.0, seconds=20.0)
    settle_seconds: float = 3.0  # between the last screen that opens and the first measurement
    idle_seconds: float = 5.0
    rounds: int = 3
    with_page: bool = True

    @property
    def longest_seconds(self) -> float:
        """Longer than all rounds together take."""
        one = 2 * (self.load.seconds + self.load.warm_up_seconds + self.load.hold_seconds + 15) + self.idle_seconds
        return 60 + self.rounds * (one + OPEN_SECONDS)


async def measure_watch(stand: Stand, watch: Watch, say: Callable[[str], None]) -> WatchFigures:
    """The operators stay on their lines throughout."""
    prepared_from = now()
    await import_into(stand.database_url, area(watch.operators) + QUIET_AREA)
    screens = await _people(stand, watch)
    seconds = watch.longest_seconds
    async with working_application(stand, watch.operators, seconds) as application:
        quiet = stand.callers(
            QUIET_NUMBER,
            calls=round(seconds / ARRIVES_EVERY_SECONDS),
            per_second=1 / ARRIVES_EVERY_SECONDS,
            hold_seconds=WAITS_SECONDS,
            address=SPEAKERS,
        )
        async with quiet:
            rounds, page = [], None
            for number in range(1, watch.rounds + 1):
                alone = await _calls(stand, watch.load, prepared_from, application, None)
                async with _watched(stand, screens) as watchers:
                    await asyncio.sleep(watch.settle_seconds)
                    idle = await watchers.used_cores(watch.idle_seconds)
                    beside = await _calls(stand, watch.load, prepared_from, application, watchers)
                    if watch.with_page and page is None:
                        page = await measure_page(watchers.pages.settings.url, screens[0][1])
                shown = await _shown(stand, watch, watchers, beside)
                found = Round(
                    alone.p99_ms,
                    beside.p99_ms,
                    alone.failed + beside.failed,
                    alone.cpu_ms,
                    beside.cpu_ms,
                    idle,
                    beside.pages_cores,
                    beside.watchers_cores,
                    watchers.pages_bytes,
                    shown,
                )
                rounds.append(found)
                say(f"round {number} of {watch.rounds}: {found.as_text()}")
    return WatchFigures(watch.desks, watch.boards, watch.load.per_second, tuple(rounds), page)


async def _shown(stand: Stand, watch: Watch, watchers: Watchers, calls: Calls) -> Shown:
    assert watchers.heard_file is not None
    desks = {operator_number(at): at for at in range(watch.desks)}
    heard = Heard.read(watchers.heard_file)
    assert heard.closed == 0, f"{heard.closed} screens were closed"
    return await shown_between(stand.database_url, heard, desks, calls.channels, calls.began_at, calls.until)


# --- the people and their screens ---


async def _people(stand: Stand, watch: Watch) -> list[tuple[str, str]]:
    """An account with a login for each desk, and an address for each board: where each screen looks, and its cookie."""
    began_at = now()
    people = [(new_account_id(), operator_number(at), new_token()) for at in range(watch.desks)]
    async with questions(stand.database_url) as record, record.transaction():
        await record.executemany(
            "INSERT INTO operator (number, name, pin_hash) VALUES ($1, 'Druk ' || $1, '') ON CONFLICT DO NOTHING",
            [(number,) for _, number, _ in people],
        )
        await record.execute("INSERT INTO operator_team SELECT number, 'druk' FROM operator ON CONFLICT DO NOTHING")
        await record.executemany(
            "INSERT INTO account (id, login, name, operator, created_at) VALUES ($1, 'druk' || $2, 'Druk', $2, $3)",
            [(account, number, began_at) for account, number, _ in people],
        )
        await record.executemany(
            "INSERT INTO account_role (account, role, municipality, team) VALUES ($1, $2, $3, '')",
            [(account, Role.OPERATOR, town) for account, _, _ in people for town in (OURS, QUIET)],
        )
        await record.executemany(
            "INSERT INTO web_session (id, token_hash, account, created_at, last_seen_at, agent)"
            " VALUES ($1, $2, $3, $4, $4, 'bench')",
            [(new_web_session_id(), digest(token), account, began_at) for account, _, token in people],
        )
    views = [BoardView(None), BoardView(frozenset({OURS})), BoardView(frozenset({OURS}), TeamCode("druk"))]
    async with Database(as_role(stand.database_url, SERVE)) as serve:
        boards = [
            await add_board(serve.pool, f"Bord {at}", views[at % len(views)], "bench", began_at)
            for at in range(watch.boards)
        ]
    desks = [("/live", f"sid={token}") for _, _, token in people]
    return [*desks, *((f"/bord/{token}/live", "") for token in boards)]


@dataclass
class Watchers:
    """The pages, and the process with all their screens. What was heard is there when both have ended."""

    pages: LocalPages
    pages_pid: int
    watchers_pid: int
    pages_bytes: int = 0
    heard_file: Path | None = None

    async def used_cores(self, seconds: float) -> float:
        """By the pages, of one core."""
        meter = Meter({"pages": self.pages_pid})
        before = meter.read()["pages"] or 0.0
        await asyncio.sleep(seconds)
        return ((meter.read()["pages"] or 0.0) - before) / seconds


@asynccontextmanager
async def _watched(stand: Stand, screens: list[tuple[str, str]]) -> AsyncIterator[Watchers]:
    """Every screen is open, and has shown everything, when the block begins."""
    directory = stand.directory / f"pages-{secrets.token_hex(3)}"
    settings = PagesSettings(directory, as_role(stand.database_url, WEB), free_port(Protocol.TCP, PAGES), PAGES)
    pages = LocalPages(settings)
    async with AsyncExitStack() as stack:
        pages.start()
        stack.push_async_callback(asyncio.to_thread, pages.stop)
        await asyncio.to_thread(pages.wait_until_ready)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.watchers", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdin is not None and process.stdout is not None and pages.pid is not None
        stack.callback(_kill, process)
        file = directory / "heard.json"
        wanted = {"host": PAGES, "port": settings.port, "screens": screens, "file": str(file)}
        process.stdin.write(f"{json.dumps(wanted)}\n".encode())
        async with asyncio.timeout(OPEN_SECONDS):
            assert await process.stdout.readline() == b"open\n", "not every screen was let in"
        watchers = Watchers(pages, pages.pid, process.pid)
        yield watchers
        watchers.pages_bytes = resident_bytes(pages.pid)
        process.stdin.close()
        assert await process.wait() == 0
        watchers.heard_file = file


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()


# --- the calls ---


@dataclass(frozen=True, slots=True)
class Calls:
    """One turn of the calls. `cpu_ms` is of Asterisk, the application and PostgreSQL, for each call."""

    began_at: datetime
    until: datetime
    channels: tuple[ChannelHistory, ...]
    p99_ms: float
    failed: int
    cpu_ms: float
    pages_cores: float = 0.0
    watchers_cores: float = 0.0


async def _calls(
    stand: Stand, load: Load, prepared_from: datetime, application: Application, watchers: Watchers | None
) -> Calls:
    """`prepared_from`: before the operators came to their lines."""
    meter = Meter(
        {
            "asterisk": stand.asterisk.pid,
            "application": application.pid,
            "postgres": stand.postgres_pid,
            "pages": None if watchers is None else watchers.pages_pid,
            "watchers": None if watchers is None else watchers.watchers_pid,
        }
    )
    await _run(stand, load, load.warm_up_calls)
    began_at, before, clock = now(), meter.read(), time.monotonic()
    failed = await _run(stand, load, load.calls)
    after, took = meter.read(), time.monotonic() - clock
    await asyncio.sleep(LATE_SECONDS)
    until = now()
    used = {name: (after[name] or 0.0) - (before[name] or 0.0) for name in after}
    channels = await _channels(stand, prepared_from)
    callers = connected(channels, began_at)
    of_calls = sum(used[name] for name in ("asterisk", "application", "postgres")) * 1000 / load.calls
    return Calls(
        began_at,
        until,
        tuple(channels),
        percentile(callers.connect_ms, 99),
        max(failed, callers.failed, load.calls - callers.calls),
        of_calls,
        used["pages"] / took,
        used["watchers"] / took,
    )


async def _run(stand: Stand, load: Load, calls: int) -> int:
    run = stand.callers(OUR_NUMBER, calls=calls, per_second=load.per_second, hold_seconds=load.hold_seconds)
    async with run as callers:
        return (await callers.ended()).failed


async def _channels(stand: Stand, since: datetime) -> list[ChannelHistory]:
    """Those of the calls, and of the operators; without the callers who only wait."""
    async with asyncio.timeout(LOG_WRITTEN_SECONDS):
        while True:
            read = histories(cel_file.events_since(stand.asterisk.cel_file, since))
            channels = [one for one in read if not is_caller(one) or one.exten == OUR_NUMBER]
            if all(one.ended_at is not None for one in channels if is_caller(one)):
                return channels
            await asyncio.sleep(0.2)  # Asterisk tells nobody that a line is written
