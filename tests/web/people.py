"""Somebody at a browser, as far as the server can tell: cookies, forms, and what a browser says of itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from ipaddress import ip_network

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse, CookieJar
from aiohttp.test_utils import TestServer
from yarl import URL

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.area import Area
from ari_app.core.ids import AccountId
from ari_app.core.totp import code_of, step_at
from ari_app.storage.accounts.passwords import Passwords
from ari_app.storage.accounts.store import add_account, new_link, set_password_hash
from ari_app.storage.db.engine import Database
from ari_app.web.desk_app import make_desk_app
from ari_app.web.process import make_site
from ari_app.web.site import Site, SiteOptions
from tests.storage.values import eventually

PASSWORD = "vijf losse woorden op rij"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
#: the networks of the tests themselves
TRUSTED = (ip_network("127.0.0.0/8"),)
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


class Clock:
    """The time of the pages; it goes on when a test says so."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@dataclass
class Browser:
    """One browser with its cookies. It follows no redirect by itself."""

    session: ClientSession
    base: str
    clock: Clock

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> ClientResponse:
        return await self.session.get(f"{self.base}{path}", allow_redirects=False, headers=headers)

    async def post(
        self, path: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> ClientResponse:
        """A form of a page of ours, unless the headers say otherwise."""
        sent = SAME_ORIGIN if headers is None else headers
        return await self.session.post(f"{self.base}{path}", data=form or {}, allow_redirects=False, headers=sent)

    async def log_in(self, login: str, password: str = PASSWORD, **fields: str) -> ClientResponse:
        return await self.post("/inloggen", {"naam": login, "wachtwoord": password, **fields})

    async def give_code(self, code: str | None = None, **fields: str) -> ClientResponse:
        """That of `SECRET` at this moment, unless another is given."""
        return await self.post("/inloggen/code", {"code": code or code_of(SECRET, step_at(self.clock())), **fields})

    async def live(
        self, headers: Mapping[str, str] | None = None, *, query: str = "", path: str = "/live"
    ) -> ClientWebSocketResponse:
        sent = {"Origin": self.base} if headers is None else headers
        return await self.session.ws_connect(f"{self.base}{path}{query}", headers=sent)

    def plant(self, cookie: str) -> None:
        """As somebody who can set a cookie in it would."""
        self.session.cookie_jar.update_cookies({"sid": cookie}, URL(self.base))

    @property
    def cookie(self) -> str | None:
        return next((cookie.value for cookie in self.session.cookie_jar if cookie.key == "sid"), None)


async def set_number(serve: Database, account: AccountId, operator: str | None) -> None:
    """Who somebody is at the phone. In tests several accounts may be one operator, which no command allows."""
    await serve.pool.execute("UPDATE account SET operator = $2 WHERE id = $1", account, operator)


def hidden_fields(html: str) -> dict[str, str]:
    """What the forms of a page carry."""
    return {unescape(name): unescape(value) for name, value in _HIDDEN.findall(html)}


@asynccontextmanager
async def served(database: Database, options: SiteOptions, clock: Clock) -> AsyncIterator[tuple[Site, TestServer]]:
    """The pages on this database for the time of the block."""
    site = make_site(database, options, clock)
    server = TestServer(make_desk_app(site))
    async with site.answers, server:
        hub = asyncio.create_task(site.hub.run())
        try:
            yield site, server
        finally:
            site.hub.close()
            hub.cancel()
            await asyncio.gather(hub, return_exceptions=True)


@dataclass
class Place:
    """The pages with the people who use them. Accounts are made as the commands make them."""

    site: Site
    serve: Database
    server: TestServer
    clock: Clock
    stack: AsyncExitStack

    async def area_has(self, what: Callable[[Area], object]) -> None:
        """Wait until the pages have read an area in which that is so."""

        async def is_read() -> bool:
            return bool(what(self.site.area.current))

        self.site.area.mark()
        await eventually(is_read)

    def trusts_all_roles(self) -> None:
        """Whoever has a password needs no second factor."""
        object.__setattr__(self.site.options, "trusted_roles", frozenset(Role))

    async def browser(self) -> Browser:
        """A browser that nobody has used yet."""
        session = ClientSession(cookie_jar=CookieJar(unsafe=True))
        await self.stack.enter_async_context(session)
        return Browser(session, str(self.server.make_url("")).rstrip("/"), self.clock)

    async def account(
        self, login: str, *roles: RoleRow, operator: str | None = None, name: str = "Anna", secret: str | None = None
    ) -> AccountId:
        """With `PASSWORD`; a code is asked when there is a secret."""
        account = await add_account(self.serve.background, login, name, None, roles, "test", self.clock())
        await set_number(self.serve, account, operator)
        await set_password_hash(self.serve.background, account, await Passwords().hash(PASSWORD))
        await self.serve.pool.execute("UPDATE account SET totp_secret = $2 WHERE id = $1", account, secret)
        return account

    async def link(self, login: str) -> str:
        return await new_link(self.serve.background, login, "test", self.clock())

    async def logged_in(self, login: str) -> Browser:
        browser = await self.browser()
        answer = await browser.log_in(login)
        assert answer.status in (200, 303), await answer.text()
        if answer.status == 200:
            assert (await browser.give_code()).status == 303
        return browser

    async def deeds(self, action: str) -> list[str]:
        """The actors of the audit log's rows with this action."""
        rows = await self.serve.pool.fetch("SELECT actor FROM audit_log WHERE action = $1 ORDER BY id", action)
        return [row["actor"] for row in rows]
