"""The pages over a centre's database, with the relay of phones in pages, and two operators who log in on them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.local.pages import LocalPages, PagesSettings
from ari_app.local.ports import Protocol, free_port
from ari_app.storage.accounts.passwords import Passwords
from ari_app.storage.accounts.store import add_account, set_password_hash
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE, WEB
from tests.acceptance.centre import Centre
from tests.acceptance.page_phone import BINDS, Account, PagePhone
from tests.roles import as_role
from tests.web.people import PASSWORD, Browser, Clock, set_number


@dataclass
class House:
    """The pages over the centre's database, with anna (101) and bert (102)."""

    centre: Centre
    pages: LocalPages
    serve: Database
    stack: AsyncExitStack

    @property
    def url(self) -> str:
        return self.pages.settings.url

    async def browser(self, login: str) -> Browser:
        session = await self.stack.enter_async_context(ClientSession(cookie_jar=CookieJar(unsafe=True)))
        browser = Browser(session, self.url, Clock())
        assert (await browser.log_in(login)).status == 303
        return browser

    async def account(self, browser: Browser) -> Account:
        """Of this login's page."""
        async with await browser.post("/computer") as reply:
            assert reply.status == 200, await reply.text()
            assert reply.headers["Cache-Control"] == "no-store"
            said = json.loads(await reply.text())
        return Account(said["name"], said["password"])

    async def socket(self, browser: Browser, **headers: str) -> ClientWebSocketResponse:
        sent = {"Origin": self.url} | headers
        return await browser.session.ws_connect(f"{self.url}/sip", headers=sent, protocols=("sip",))

    async def phone(self, browser: Browser) -> PagePhone:
        """Registered, and in no call."""
        account = await self.account(browser)
        phone = PagePhone(await self.socket(browser), account)
        assert (await phone.register()).startswith("SIP/2.0 200")
        return phone


@asynccontextmanager
async def open_house(centre: Centre, directory: Path, options: Mapping[str, str] | None = None) -> AsyncIterator[House]:
    settings = centre.asterisk.settings
    extra = {
        "ARI_APP_DESK_PHONE_URL": f"ws://{settings.http_bind}:{settings.http_port}/ws",
        "ARI_APP_DESK_PHONE_FROM": BINDS,
        **(options or {}),
    }
    port = free_port(Protocol.TCP, BINDS)
    pages = LocalPages(PagesSettings(directory / "page-phone", as_role(centre.database_url, WEB), port, BINDS, extra))
    async with Database(as_role(centre.database_url, SERVE)) as serve, AsyncExitStack() as stack:
        if not await serve.pool.fetchval("SELECT count(*) FROM account"):
            for login, number, town in (("anna", "101", "GM9904"), ("bert", "102", "GM9904")):
                role = RoleRow(Role.OPERATOR, MunicipalityCode(town))
                account = await add_account(serve.background, login, login, None, [role], "test", Clock()())
                await set_number(serve, account, number)
                await set_password_hash(serve.background, account, await Passwords().hash(PASSWORD))
        pages.start()
        stack.callback(pages.stop)
        pages.wait_until_ready()
        yield House(centre, pages, serve, stack)
