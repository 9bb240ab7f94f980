"""`ari-app up`: the whole system on one machine, set up, started, watched, and stopped together.

What this process starts it also stops, and nothing else. A part that dies is started again. Should this process itself
be killed, the next start in the same run directory ends what was left running.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from urllib.parse import urlsplit

from ari_app.core.area import Area
from ari_app.core.ledger import LedgerError
from ari_app.local import accounts, area, asterisk_root, secrets, summary, toolbox
from ari_app.local.application import ApplicationSettings, LocalApplication
from ari_app.local.assets import AssetsBuild
from ari_app.local.asterisk import AsteriskSettings, LocalAsterisk
from ari_app.local.errors import LocalError
from ari_app.local.pages import LocalPages, PagesSettings
from ari_app.local.postgres import LocalPostgres
from ari_app.local.rotation import LogKeeper
from ari_app.local.settings import LocalSettings, load
from ari_app.local.watch import Part, Watch
from ari_app.prompts.build import build, build_music
from ari_app.prompts.errors import PromptError
from ari_app.storage.db.errors import StorageError
from ari_app.storage.db.roles import SERVE, WEB

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run until interrupted. The exit code: 0 after an interruption, 1 when something prevents a start."""
    for sign in STOP_SIGNALS:
        signal.signal(sign, _interrupt)
    try:
        settings = load()
        with _only_copy(settings):
            _run(settings)
    except KeyboardInterrupt:
        _say("Stopped.")
        return 0
    except (LocalError, StorageError, LedgerError, PromptError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _run(settings: LocalSettings) -> None:
    began = time.monotonic()
    assets = AssetsBuild(_say)
    assets.start()  # beside everything that takes long: packages, Asterisk, prompts
    with ExitStack() as stack:
        toolbox.require(toolbox.FOR_RUN, _say)
        program = asterisk_root.find(settings.cache_dir, _say)
        database, asterisk, application, pages = _parts(settings, program)
        postgres = database.server
        for part in (pages, application, asterisk, postgres):
            if part is not None:
                part.reap_leftover()
        settings.require_free_ports()
        # Everything below is stopped in the opposite order; no second Ctrl-C can prevent that.
        if postgres is not None:
            _say("Starting PostgreSQL …")
            stack.callback(postgres.stop)
            postgres.start()
        stack.callback(asterisk.stop)
        stack.callback(application.stop)
        stack.callback(pages.stop)
        stack.callback(_stopping)
        directory = asyncio.run(area.prepare(database.owner_url, _say, database.passwords))
        _make_sounds(asterisk, directory)
        _say("Starting Asterisk …")
        asterisk.start()
        _say("Starting the application …")
        application.start()
        assets.wait()
        pages.start()
        application.wait_until_ready()
        pages.wait_until_ready()
        logins = asyncio.run(accounts.prepare(database.owner_url, directory, database.logins))
        environment = {**application.environment, "ARI_APP_DESK_URL": pages.settings.url}
        environment_file = settings.run_dir / "env"
        secrets.write(environment_file, {name: f"'{value}'" for name, value in environment.items()})
        print(  # noqa: T201
            "",
            summary.text(
                directory,
                asterisk.accounts,
                sip_address=f"{asterisk.sip_host}:{asterisk.sip_port}",
                web_url=f"http://{settings.web_bind}:{settings.web_port}",
                desk_url=pages.settings.url,
                has_trial=settings.is_demonstration,
                logins=logins,
                database_url=application.settings.database_url.replace("+asyncpg", ""),
                outside=settings.outbound_endpoint,
                environment_file=environment_file,
                logs=[
                    ("app log", application.log_file),
                    ("web log", pages.log_file),
                    ("asterisk", asterisk.messages_file),
                    ("refused", asterisk.security_file),
                    *([("postgres", postgres.log_file)] if postgres is not None else []),
                ],
            ),
            "",
            f"Ready after {time.monotonic() - began:.1f} s. Ctrl-C stops everything.",
            sep="\n",
            flush=True,
        )
        parts: list[tuple[str, Part]] = [
            ("The application", application),
            ("The web process", pages),
            ("Asterisk", asterisk),
        ]
        if postgres is not None:
            parts.append(("PostgreSQL", postgres))
        logs = [application.log_file, pages.log_file, asterisk.output_file]
        logs += [] if postgres is None else [postgres.log_file]
        Watch(parts, _say, chore=LogKeeper(logs, asterisk.cel_file.parent).look).forever()


@dataclass(frozen=True, slots=True)
class _Database:
    """Where the rows are: a server of our own, or the one of DATABASE_URL, which has one role for everything."""

    server: LocalPostgres | None
    owner_url: str = field(repr=False)
    serve_url: str = field(repr=False)
    web_url: str = field(repr=False)
    logins: Mapping[str, str] = field(repr=False)  # passwords of the sample's accounts
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)


def _database(settings: LocalSettings, passwords: Mapping[str, str]) -> _Database:
    """The server that DATABASE_URL names, unless that is our own: a terminal that has read `.run/env` has its URL."""
    url, password = settings.database_url, passwords["DATABASE_PASSWORD"]
    if url is not None and urlsplit(url).password not in passwords.values():
        return _Database(None, url, url, url, passwords)
    server = LocalPostgres(settings.run_dir / "postgres", password, port=settings.database_port)
    roles = {SERVE: passwords["SERVE_DB_PASSWORD"], WEB: passwords["WEB_DB_PASSWORD"]}
    serve_url, web_url = (server.url(role=role, password=roles[role]) for role in (SERVE, WEB))
    return _Database(server, server.url(), serve_url, web_url, passwords, roles)


def _parts(
    settings: LocalSettings, program: asterisk_root.AsteriskProgram
) -> tuple[_Database, LocalAsterisk, LocalApplication, LocalPages]:
    run_dir = settings.run_dir
    names = ["DATABASE_PASSWORD", "ARI_PASSWORD", "SERVE_DB_PASSWORD", "WEB_DB_PASSWORD", *accounts.PASSWORD_NAMES]
    names.append("TRIAL_PASSWORD")
    passwords = secrets.keep(run_dir / "secrets.env", names)
    trial = {"ARI_APP_TRIAL_PASSWORD": passwords["TRIAL_PASSWORD"] if settings.is_demonstration else ""}
    database = _database(settings, passwords)
    asterisk = LocalAsterisk(
        program,
        AsteriskSettings(
            run_dir=run_dir / "asterisk",
            sounds_dir=run_dir / "sounds",
            http_port=settings.http_port,
            sip_port=settings.sip_port,
            sip_bind=settings.sip_bind,
            rtp_start=settings.rtp_start,
            rtp_end=settings.rtp_end,
            trunk_match=settings.trunk_match,
            trunk_contact=settings.trunk_contact,
            node=settings.node,
            ari_password=passwords["ARI_PASSWORD"],
            trial_password=passwords["TRIAL_PASSWORD"] if settings.is_demonstration else "",
        ),
    )
    application = LocalApplication(
        ApplicationSettings(
            run_dir=run_dir / "app",
            database_url=database.serve_url,
            web_port=settings.web_port,
            web_bind=settings.web_bind,
            node=settings.node,
            extra={"ARI_APP_OUTBOUND_ENDPOINT": settings.outbound_endpoint, **trial},
        ),
        asterisk,
    )
    phone = {"ARI_APP_DESK_PHONE_URL": f"ws://127.0.0.1:{settings.http_port}/ws", "ARI_APP_NODE": settings.node}
    extra = {**phone, **trial}
    pages = LocalPages(PagesSettings(run_dir / "app", database.web_url, settings.desk_port, settings.desk_bind, extra))
    return database, asterisk, application, pages


def _make_sounds(asterisk: LocalAsterisk, directory: Area) -> None:
    names = [(town.code, town.spoken_name) for town in directory.municipalities.values()]

    def progress(made: int, all_of_them: int) -> None:
        if made == 1:
            _say(f"Making {all_of_them} prompts …")

    for name, why in build(asterisk.sounds_dir, names, progress=progress).failed.items():
        _say(f"No sound of {name}: {why}")
    build_music(asterisk.sounds_dir / "music")


@contextmanager
def _only_copy(settings: LocalSettings) -> Iterator[None]:
    """The run directory is ours alone for the time of the block. Raises LocalError when another copy has it."""
    settings.run_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (settings.run_dir / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalError(
                f"another copy runs in {settings.run_dir}; for a second one set ARI_APP_RUN_DIR and other ports "
                "(ARI_APP_SIP_PORT, ARI_APP_ASTERISK_HTTP_PORT, ARI_APP_WEB_PORT, ARI_APP_DESK_PORT)"
            ) from None
        os.set_inheritable(lock.fileno(), False)
        yield


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _stopping() -> None:
    for sign in STOP_SIGNALS:
        signal.signal(sign, signal.SIG_IGN)
    _say("Stopping …")


def _say(line: str) -> None:
    with suppress(OSError):  # the terminal may be gone; what is running must be stopped all the same
        print(line, flush=True)  # noqa: T201
