"""The phone network of an acceptance test."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tomllib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio

from ari_app.local.asterisk import LocalAsterisk
from ari_app.local.asterisk_root import AsteriskProgram
from ari_app.local.postgres import LocalPostgres
from tests import machine
from tests.acceptance import prepared
from tests.acceptance.aftermath import assert_nothing_is_left
from tests.acceptance.application import Application, import_into, sample_area
from tests.acceptance.ari_proxy import AriProxy
from tests.acceptance.centre import HURRY, Centre
from tests.acceptance.crowd import Crowd, crowd_area
from tests.acceptance.heard import unheard
from tests.acceptance.lines import Taken
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.network_conf import Exchange
from tests.acceptance.phones import Sipp
from tests.acceptance.record import kept
from tests.acceptance.remote_control import RemoteAsterisk
from tests.acceptance.silence import unmeant
from tests.acceptance.small_application import SmallApplication
from tests.acceptance.stories import Told, tell
from tests.acceptance.wiretap import Wiretap
from tests.place import address

#: fixtures of tests in which the lines are those of the application under test
OURS = {"application", "running_centre"}
DESKS = 8
CENTRE_DESKS = 14


def exchange_of(asterisk: LocalAsterisk) -> Exchange:
    settings = asterisk.settings
    return Exchange(settings.sip_bind, settings.sip_port, int(settings.trunk_contact.rpartition(":")[2]))


@pytest.fixture(scope="session", autouse=True)
def prepared_program() -> Iterator[None]:
    """The program that applications begin with: read when the first of them is."""
    yield
    prepared.put_away()


@pytest.fixture
def exchange(asterisk: LocalAsterisk) -> Exchange:
    return exchange_of(asterisk)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def phone_network(
    asterisk: LocalAsterisk, asterisk_program: AsteriskProgram, server_directory: Path
) -> AsyncIterator[PhoneNetwork]:
    """A carrier, and phone01..phone08 on their desks, registered at the exchange; for all tests of a module."""
    directory = server_directory / f"phones-{secrets.token_hex(2)}"
    desks = asterisk.accounts[:DESKS]
    async with PhoneNetwork(asterisk_program, exchange_of(asterisk), desks, directory) as network:
        await network.all_registered()
        yield network


@pytest_asyncio.fixture(loop_scope="module")
async def phones(phone_network: PhoneNetwork) -> AsyncIterator[PhoneNetwork]:
    """The module's phones, none of them in a call; at the end of the test all are put down."""
    yield phone_network
    await phone_network.everybody_hangs_up()


@pytest_asyncio.fixture(loop_scope="module")
async def application(asterisk: LocalAsterisk, database_url: str) -> AsyncIterator[Application]:
    """The application with the sample area, not started yet; stopped at the end, with nothing left open."""
    await import_into(database_url, sample_area())
    running = Application(asterisk, database_url)
    async with kept(database_url):
        yield running
        try:
            if running.was_started:
                await assert_nothing_is_left(asterisk, database_url, application=running)
        finally:
            await running.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def crowd(
    application: Application, asterisk: LocalAsterisk, exchange: Exchange, database_url: str, tmp_path: Path
) -> Crowd:
    """Many people, in the crowd's area."""
    await import_into(database_url, crowd_area())
    return Crowd(asterisk, exchange, database_url, tmp_path)


@pytest.fixture
def carrier_sipp(exchange: Exchange, tmp_path: Path) -> Sipp:
    """Many simple citizens, who call over the trunk."""
    return Sipp(exchange, address(21), tmp_path)


@pytest.fixture
def desk_sipp(exchange: Exchange, tmp_path: Path) -> Sipp:
    """Many simple phones with accounts, on an address that is not the trunk's."""
    return Sipp(exchange, address(52), tmp_path)


@pytest_asyncio.fixture(loop_scope="module")
async def small_application(asterisk: LocalAsterisk) -> AsyncIterator[SmallApplication]:
    """In place of the application under test."""
    async with SmallApplication(asterisk) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_centre(
    request: pytest.FixtureRequest,
    asterisk: LocalAsterisk,
    asterisk_program: AsteriskProgram,
    postgres_server: LocalPostgres,
    migrated_template: str,
    tools: None,
    server_directory: Path,
) -> AsyncIterator[Centre]:
    """A centre for all tests of a module, with the area that the module calls AREA, and settings of its OPTIONS."""
    name = f"centre_{secrets.token_hex(4)}"
    asterisk.start()
    postgres_server.start()
    postgres_server.sql(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    database_url = postgres_server.url(name)
    await import_into(database_url, request.module.AREA)
    hurry = getattr(request.module, "HURRIED", HURRY)
    towns = [(town["code"], town["name"]) for town in tomllib.loads(request.module.AREA)["municipality"]]
    sounds = shutil.copytree(machine.hurried_sounds(print, towns, hurry), server_directory / f"{name}-sounds")
    exchange = exchange_of(asterisk)
    desks = asterisk.accounts[:CENTRE_DESKS]
    network = PhoneNetwork(asterisk_program, exchange, desks, server_directory / f"{name}-phones")
    async with network, kept(database_url), AriProxy(asterisk.ari_url) as proxy:
        options = {"ARI_APP_SOUNDS_DIR": str(sounds), **getattr(request.module, "OPTIONS", {})}
        if getattr(request.module, "WITH_FAULTS", False):
            options["ARI_APP_ARI_URL"] = proxy.url
        application = Application(asterisk, database_url, options)
        await network.all_registered()
        try:
            await application.start()
            yield Centre(asterisk, network, application, database_url, sounds, proxy)
        finally:
            await application.stop()
    postgres_server.sql(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running_centre: Centre) -> AsyncIterator[Centre]:
    """The module's centre, with nobody in it; at the end of the test everybody goes home."""
    yield running_centre
    await running_centre.everybody_goes_home()


@pytest_asyncio.fixture(loop_scope="module")
async def exchange_view(running_centre: Centre) -> AsyncIterator[RemoteAsterisk]:
    """Channels and bridges as the Asterisk under test shows them."""
    asterisk = running_centre.asterisk
    remote = RemoteAsterisk(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password, "onlooker")
    yield remote
    await remote.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(request: pytest.FixtureRequest, running_centre: Centre, wiretap: Wiretap) -> Told:
    """How it went with the STORIES of the module, all told at the same time: they mostly wait."""
    wiretap.breathes = True
    told = await tell(running_centre, request.module.STORIES)
    await running_centre.everybody_goes_home()
    return told


@pytest.fixture(scope="session")
def wiretap(asterisk: LocalAsterisk) -> Iterator[Wiretap]:
    with Wiretap(asterisk.settings.sip_bind, asterisk.settings.sip_port) as listening:
        yield listening


@pytest.fixture(scope="module", autouse=True)
def fresh_wiretap(request: pytest.FixtureRequest) -> None:
    """What a module's tests are asked about begins with the module, the stories that are told before its first test."""
    if request.node.get_closest_marker("asterisk") is not None:
        wiretap: Wiretap = request.getfixturevalue("wiretap")
        wiretap.forget()


@pytest.fixture(autouse=True)
def nobody_in_silence(request: pytest.FixtureRequest) -> Iterator[None]:
    """No party was in silence on a line of ours, but where that is meant, and all were told what the record says.

    tests.acceptance.silence, tests.acceptance.heard
    """
    if "asterisk" not in request.fixturenames:
        yield
        return
    wiretap: Wiretap = request.getfixturevalue("wiretap")
    if not OURS & set(request.fixturenames) or "small_application" in request.fixturenames:
        yield
        wiretap.forget()
        return
    if "running_centre" in request.fixturenames:
        centre: Centre = request.getfixturevalue("running_centre")
        url, sounds = centre.database_url, centre.sounds
    else:
        asterisk: LocalAsterisk = request.getfixturevalue("asterisk")
        url, sounds = request.getfixturevalue("database_url"), asterisk.settings.sounds_dir
    wiretap.breathes = True
    yield
    wiretap.breathes = False
    taken, since = wiretap.taken(), wiretap.since
    wiretap.forget()
    is_meant = request.node.get_closest_marker("silence_meant") is not None
    pages_call = request.node.get_closest_marker("pages_call") is not None
    with ThreadPoolExecutor(1) as pool:
        wrong = _wrong(taken, since, url, sounds, silence_is_meant=is_meant, pages_call=pages_call)
        found = pool.submit(asyncio.run, wrong).result()
    assert not found, "\n".join(found)


async def _wrong(
    taken: Taken, since: float, url: str, sounds: Path, *, silence_is_meant: bool, pages_call: bool
) -> list[str]:
    silences = [] if silence_is_meant else await unmeant(taken, url)
    return [*silences, *await unheard(taken, since, url, sounds, pages_call=pages_call)]
