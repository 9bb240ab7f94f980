"""`ari-app web` as a process: what it refuses to start with, what everybody is told, and how it ends."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from ari_app.commands.web import NICENESS
from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.local.pages import LocalPages, PagesSettings
from ari_app.local.ports import Protocol, free_port
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from tests.place import address
from tests.roles import as_role
from tests.web.frames import closed_with, next_frames
from tests.web.people import Browser, Clock, Place

pytestmark = pytest.mark.postgres

BINDS = address(1)
TRIAL = {"ARI_APP_TRIAL_PASSWORD": "betweenus0123456789"}
PHONE = {"ARI_APP_DESK_PHONE_URL": "ws://127.0.0.1:8088/ws"}


@pytest.fixture
def pages(database_url: str, serve: Database, tmp_path: Path) -> Iterator[LocalPages]:
    settings = PagesSettings(tmp_path, as_role(database_url, WEB), free_port(Protocol.TCP, BINDS), BINDS)
    pages = LocalPages(settings)
    pages.start()
    pages.wait_until_ready()
    yield pages
    pages.stop()


async def test_a_process_that_is_told_to_stop_says_so_to_its_pages_and_ends(pages: LocalPages, place: Place) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR, MunicipalityCode("GM9901")), operator="101")
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        browser = Browser(session, pages.settings.url, Clock())
        assert (await browser.log_in("anna")).status == 303
        async with await browser.live() as socket:
            await next_frames(socket, "hello", "line", "operator", "queue")
            stopping = asyncio.create_task(asyncio.to_thread(pages.stop))
            assert await closed_with(socket) == 1012
            await stopping


async def test_nothing_tells_which_software_answers(pages: LocalPages) -> None:
    port = pages.settings.port
    for text in (
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /nergens HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection(BINDS, port)
        writer.write(text)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        writer.close()
        assert "Server: ari_app\r\n" in head
        assert "aiohttp" not in head.lower() and "python" not in head.lower()


def test_pages_give_way_to_calls(pages: LocalPages) -> None:
    assert pages.pid is not None
    here = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, pages.pid) == min(here + NICENESS, 19)


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"ARI_APP_DESK_PORT": "web"}, "ARI_APP_DESK_PORT: must be a whole number"),
        ({"ARI_APP_DESK_URL": "https://kcc.example/pad"}, "ARI_APP_DESK_URL: must be an address without a path"),
        ({"ARI_APP_DESK_TRUSTED": "kantoor"}, "ARI_APP_DESK_TRUSTED: must be addresses or networks"),
        ({"ARI_APP_DESK_TRUSTED_ROLES": "boss"}, "ARI_APP_DESK_TRUSTED_ROLES: must be roles"),
        ({"ARI_APP_DESK_PASSKEY_DOMAIN": "Gemeente"}, "ARI_APP_DESK_PASSKEY_DOMAIN: must be the name of a host"),
        ({"ARI_APP_DESK_PASSKEY_DOMAIN": "kcc.example"}, "ARI_APP_DESK_PASSKEY_DOMAIN: needs ARI_APP_DESK_URL"),
        ({"ARI_APP_TRIAL_PASSWORD": "between-us"}, "ARI_APP_TRIAL_PASSWORD: must be 16 letters and digits or more"),
        (TRIAL, "ARI_APP_TRIAL_PASSWORD is for the demonstration of `make run`; leave it out here: it needs"),
        (TRIAL | PHONE | {"ARI_APP_DESK_BIND": "0.0.0.0"}, "an address that only this machine reaches"),
        (TRIAL | PHONE | {"ARI_APP_DESK_URL": "https://kcc.example"}, "an address that only this machine reaches"),
        (TRIAL | PHONE | {"ARI_APP_DESK_PROXIES": "127.0.0.1"}, "no proxy may stand before the pages"),
        ({"ARI_APP_OIDC_ISSUER": "http://login.example"}, "ARI_APP_OIDC_ISSUER: must begin with https://"),
        ({"ARI_APP_OIDC_ISSUER": "https://login.example"}, "ARI_APP_OIDC_ISSUER needs ARI_APP_OIDC_CLIENT_ID"),
        ({"ARI_APP_OIDC_ROLES": "Beheerder"}, "ARI_APP_OIDC_ROLES: must be pairs"),
        ({"ARI_APP_OIDC_SCOPE_CLAIM": "gemeente"}, "ARI_APP_OIDC_SCOPE_CLAIM needs ARI_APP_OIDC_SCOPES"),
        ({"ARI_APP_OIDC_SCOPES": "GM9901"}, "ARI_APP_OIDC_SCOPES needs ARI_APP_OIDC_SCOPE_CLAIM"),
        ({"ARI_APP_DESK_TLS_CERT": "/nowhere"}, "ARI_APP_DESK_TLS_CERT: must be a file"),
        ({"ARI_APP_DESK_TLS_CERT": __file__, "ARI_APP_DESK_TLS_KEY": __file__}, "not a certificate and its key"),
    ],
)
def test_wrong_settings_are_named(database_url: str, variables: dict[str, str], says: str) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": ":".join(sys.path),
        "DATABASE_URL": as_role(database_url, WEB),
    }
    done = subprocess.run(
        [sys.executable, "-m", "ari_app", "web"],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
