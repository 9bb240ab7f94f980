"""Real servers for the tests, started by the test command and stopped by it.

    async def test_something(database_url: str, asterisk: LocalAsterisk) -> None: ...

* `postgres_server`: one PostgreSQL per worker. `database_url`: a migrated, empty database for one test.
* `asterisk`: one Asterisk per worker, on the worker's own addresses. A test that uses it gets it running and without a
  heartbeat, and must leave it without channels and bridges.

Every module says what it needs with exactly one of the marks pure, postgres, asterisk. How tests are shared out among
workers: `tests.sharing`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
import shutil
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from ari_app.local import asterisk_root
from ari_app.local.asterisk import AccountKind, AsteriskSettings, LocalAsterisk, SipAccount
from ari_app.local.errors import LocalError
from ari_app.local.ports import Protocol, free_port
from ari_app.local.postgres import LocalPostgres
from tests import dead_channels, directories, hashes, machine, privacy, sharing
from tests.place import WORKER, address
from tests.trial import TRIAL_PASSWORD

if TYPE_CHECKING:
    from tests.databases import Databases

MARKS = {"pure", "postgres", "asterisk"}
ASTERISK_ADDRESS = address(1)
#: a call from these addresses comes over the trunk; the phones of a test use others, such as 127.0.0.1
TRUNK_ADDRESSES = tuple(address(last) for last in range(10, 41))
#: where calls to numbers outside go: the carrier of a test's phone network, when there is one
CARRIER_ADDRESS = address(11)
PHONES = 40
CITIZENS = 3

# No example has a time limit: on a busy machine that measures the machine.
settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")
# Nobody outside is spoken to over TLS: our processes begin sooner without all the authorities that a machine knows.
os.environ.update(SSL_CERT_FILE=os.devnull, SSL_CERT_DIR=os.devnull)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    wrong: dict[str, set[str]] = {}
    for item in items:
        found = {mark.name for mark in item.iter_markers() if mark.name in MARKS}
        if len(found) != 1:
            wrong.setdefault(str(item.path), set()).update(found)
    if wrong:
        lines = [f"{path}: {sorted(found) or 'none'}" for path, found in sorted(wrong.items())]
        raise pytest.UsageError(f"each test module has exactly one mark of {sorted(MARKS)}:\n" + "\n".join(lines))
    sharing.arrange(items)


def pytest_sessionstart(session: pytest.Session) -> None:
    gc.set_threshold(0)
    hashes.be_cheap()
    sharing.import_share(session.config)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Garbage is looked for from here on, but seldom, and not in what was collected: that cost a tenth, and a third."""
    yield
    gc.set_threshold(20_000)
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    sharing.give_priority(item)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    return sharing.workers(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return sharing.ByGroup(config, log)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Everything that takes minutes on a machine's first run is made before the first test, whose time is limited."""
    if session.config.option.collectonly or not any(item.get_closest_marker("asterisk") for item in session.items):
        return
    with suppress(LocalError):  # said again by each test that needs it
        machine.prepare(_say(session.config))


def _say(config: pytest.Config) -> machine.Say:
    """Tells the person at the terminal about a step that takes long; pytest would keep it to itself."""
    capture = config.pluginmanager.getplugin("capturemanager")

    def tell(line: str) -> None:
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            terminal = sys.stderr if WORKER else sys.stdout  # a worker's output is how it talks with its controller
            terminal.write(f"\n{line}\n")
            terminal.flush()

    return tell


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """The directory of this worker's servers; that of its databases is another. Both are gone after the session."""
    with directories.own_directory(directories.on_disk()) as directory:
        privacy.watch(directory)
        yield directory
        found = privacy.leaks_of_this_run()
    assert found == [], "in the logs of this run:\n" + "\n".join(found)


@pytest.fixture(scope="session")
def postgres_directory() -> Iterator[Path]:
    """The directory of this worker's PostgreSQL servers."""
    with directories.own_directory(directories.in_memory()) as directory:
        privacy.watch(directory)
        yield directory


@pytest.fixture(scope="session")
def postgres_server(postgres_directory: Path, server_directory: Path) -> Iterator[LocalPostgres]:
    password = secrets.token_hex(16)
    privacy.keep_secret([password])
    server = LocalPostgres(postgres_directory / "postgres", password, durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres_server: LocalPostgres) -> str:
    """The name of a database at head, from which each test gets a copy."""
    # Imported here: the pure tests need no database.
    from ari_app.storage.db.migrate import upgrade_to_head
    from tests.roles import PASSWORDS

    postgres_server.sql('CREATE DATABASE "template_head"')
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, upgrade_to_head(postgres_server.url("template_head"), PASSWORDS)).result()
    for role, password in PASSWORDS.items():  # once more, by the server: with few iterations each connection is quick
        postgres_server.sql(f"ALTER ROLE {role} PASSWORD '{password}'")
    return "template_head"


@pytest.fixture(scope="session")
def databases(postgres_server: LocalPostgres) -> Iterator[Databases]:
    from tests.databases import Databases

    made = Databases(postgres_server)
    yield made
    made.close()


@pytest.fixture
def database_url(databases: Databases, migrated_template: str) -> Iterator[str]:
    """The URL of a migrated database that is this test's alone, as its owner; `tests.roles` for other roles."""
    with databases.one(migrated_template) as url:
        yield url


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """The URL of a database without any table."""
    with databases.one() as url:
        yield url


@pytest.fixture(scope="session")
def tools(request: pytest.FixtureRequest) -> None:
    """The distribution's programs that the tests use."""
    machine.tools(_say(request.config))


@pytest.fixture(scope="session")
def sounds_dir(request: pytest.FixtureRequest, tools: None, server_directory: Path) -> Path:
    """Every prompt of the catalogue, and music in `music/`: the worker's own, as an application adds to its sounds."""
    directory = server_directory / "sounds"
    shutil.copytree(machine.sounds(_say(request.config)), directory)
    return directory


@pytest.fixture(scope="session")
def asterisk_program(request: pytest.FixtureRequest) -> asterisk_root.AsteriskProgram:
    return machine.program(_say(request.config))


@pytest.fixture(scope="session")
def asterisk(
    server_directory: Path, sounds_dir: Path, asterisk_program: asterisk_root.AsteriskProgram
) -> Iterator[LocalAsterisk]:
    """Phones phone01..phone40, citizens citizen01..citizen03, and a trunk at `trunk_addresses`.

    Silent parties are never taken for dead: SIPp sends no sound.
    """
    phones = [SipAccount(f"phone{n:02}", secrets.token_hex(8)) for n in range(1, PHONES + 1)]
    citizens = [SipAccount(f"citizen{n:02}", secrets.token_hex(8), AccountKind.CITIZEN) for n in range(1, CITIZENS + 1)]
    server = machine.RealTimeAsterisk(
        asterisk_program,
        AsteriskSettings(
            run_dir=server_directory / "asterisk",
            sounds_dir=sounds_dir,
            http_bind=ASTERISK_ADDRESS,
            http_port=free_port(Protocol.TCP, ASTERISK_ADDRESS),
            sip_bind=ASTERISK_ADDRESS,
            sip_port=free_port(Protocol.UDP, ASTERISK_ADDRESS),
            rtp_timeout_seconds=0,
            qualify_seconds=0,
            trunk_match=TRUNK_ADDRESSES,
            trunk_contact=f"sip:{CARRIER_ADDRESS}:{free_port(Protocol.UDP, CARRIER_ADDRESS)}",
            accounts=[*phones, *citizens],
            trial_password=TRIAL_PASSWORD,
        ),
    )
    privacy.keep_secret([server.ari_password, TRIAL_PASSWORD, *(account.password for account in (*phones, *citizens))])
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def used_asterisks() -> set[int | None]:
    """Process ids of those that a module had."""
    return set()


@pytest.fixture(scope="module", autouse=True)
def fresh_asterisk(request: pytest.FixtureRequest, used_asterisks: set[int | None]) -> Iterator[None]:
    """Each module that has the mark begins with an Asterisk that was just started and knows no phone of another's."""
    if request.node.get_closest_marker("asterisk") is None:
        yield
        return
    server: LocalAsterisk = request.getfixturevalue("asterisk")
    server.start()  # a module before this one may have killed it
    if server.pid in used_asterisks:
        server.kill()  # a stop takes a second, and there is no call that needs a goodbye
        for database in server.state_dir.glob("astdb.sqlite3*"):
            database.unlink()
        server.start()
    yield
    used_asterisks.add(server.pid)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """What a test did to logging ends with it, a command that it ran in this process included.

    A logger keeps what was configured when it was first used: later tests that read the log would find nothing in it.
    """
    handlers, show_warning = [*logging.root.handlers], warnings.showwarning
    yield
    if not structlog.is_configured():
        return
    structlog.reset_defaults()
    for name, module in [*sys.modules.items()]:
        if name.startswith("ari_app.") and (log := getattr(module, "log", None)) is not None:
            vars(log).pop("bind", None)
    logging.root.handlers[:], warnings.showwarning = handlers, show_warning


@pytest.fixture(autouse=True)
def clean_asterisk(request: pytest.FixtureRequest) -> Iterator[None]:
    """For a test that uses `asterisk`: it starts with no heartbeat, and ends with no channel and no bridge.

    A channel that Asterisk keeps by mistake (tests.dead_channels) ends with a restart. A `centre`, which works on
    through all tests of a module, sees to all that itself.
    """
    if "asterisk" not in request.fixturenames or "running_centre" in request.fixturenames:
        yield
        return
    server: LocalAsterisk = request.getfixturevalue("asterisk")
    server.start()  # a test before this one may have killed it
    server.cli("dialplan set global ARI_APP_HEARTBEAT 0")
    yield
    if server.pid is not None:
        try:
            left = dead_channels.wait_until_empty(server)
        finally:
            server.cli("channel request hangup all")
        assert left == {"channels": [], "bridges": []}
