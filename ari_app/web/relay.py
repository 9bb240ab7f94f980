"""The way of a page's phone to Asterisk: SIP over the web's own port, for those who are logged in and nobody else.

Nothing else of Asterisk's HTTP server is behind it: the relay opens one address, with one subprotocol.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import structlog
from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, ClientWSTimeout, TCPConnector, WSMsgType, web

from ari_app.core.access import Action, may
from ari_app.core.browser_phones import LARGEST_FRAME, FrameBudget, refusal
from ari_app.core.ids import AsteriskId, WebSessionId
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.turn import TurnServers
from ari_app.storage.accounts.phones import phone_names
from ari_app.storage.accounts.sessions import find_session, living_in_slices
from ari_app.storage.db.engine import Pool

log = structlog.get_logger(__name__)

SIP = "sip"
CONNECT_SECONDS = 3.0
CLOSE_SECONDS = 2.0
#: a login that ended, or whose phone is another page now, keeps its socket so long at most
WATCH_SECONDS = 2.0
HEARTBEAT_SECONDS = 10.0
POLICY, TOO_LARGE, SERVICE_RESTART = 1008, 1009, 1012
LOGGED_OUT, RIGHTS_CHANGED = 4401, 4403
#: another page of the same login is the phone now
OTHER_PAGE = 4409


@dataclass(frozen=True, slots=True)
class PhoneOptions:
    """`url`: of Asterisk's WebSocket for SIP; `node`: of that Asterisk. `address`: from which it is reached, as
    Asterisk knows the relay by its address; None: whichever the machine takes. `turn`: for pages that need it.
    """

    url: str
    node: AsteriskId
    address: str | None = None
    turn: TurnServers | None = None


@dataclass(frozen=True, slots=True)
class _Phone:
    session: WebSessionId
    name: str
    page: web.WebSocketResponse


class Relay:
    """The sockets of the pages that this process serves; one for each login. `watch` runs beside it."""

    def __init__(self, pool: Pool, options: PhoneOptions, now: Callable[[], datetime]) -> None:
        self.options = options
        self._pool = pool
        self._now = now
        self._open: dict[WebSessionId, _Phone] = {}

    async def serve(self, request: web.Request, cookie: str) -> web.StreamResponse:
        """Relay until one side goes. Raises HTTPForbidden, HTTPConflict, HTTPBadRequest, HTTPServiceUnavailable."""
        page = web.WebSocketResponse(
            protocols=(SIP,), max_msg_size=LARGEST_FRAME, compress=False, heartbeat=HEARTBEAT_SECONDS
        )
        if page.can_prepare(request).protocol != SIP:
            raise _refused("no_sip", web.HTTPBadRequest())
        token = request.cookies.get(cookie)
        found = None if token is None else await find_session(self._pool, token, self._now())
        if found is None or found.waits_for_code:
            raise _refused("no_login", web.HTTPForbidden())
        if found.actor.operator is None or not may(found.actor, Action.OWN_STATE):
            raise _refused("no_operator", web.HTTPForbidden())
        session = found.session.id
        name = (await phone_names(self._pool, {session}, self.options.node)).get(session)
        if name is None:
            raise _refused("no_phone", web.HTTPConflict())
        async with ClientSession(connector=connector(self.options.address)) as client:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    asterisk = await client.ws_connect(
                        self.options.url, protocols=(SIP,), timeout=ClientWSTimeout(ws_close=CLOSE_SECONDS)
                    )
            except (ClientError, OSError, TimeoutError):
                raise _refused("asterisk_away", web.HTTPServiceUnavailable()) from None
            await page.prepare(request)
            await self._relay(_Phone(session, name, page), asterisk)
        return page

    async def _relay(self, phone: _Phone, asterisk: ClientWebSocketResponse) -> None:
        before = self._open.get(phone.session)
        self._open[phone.session] = phone
        if before is not None:
            await close_page(before.page, OTHER_PAGE)
        ways = [
            asyncio.create_task(_to_asterisk(phone, asterisk), name="phone to Asterisk"),
            asyncio.create_task(to_page(asterisk, phone.page), name="phone to page"),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._open.get(phone.session) is phone:
                del self._open[phone.session]
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await asterisk.close()
            await close_page(phone.page, SERVICE_RESTART)

    async def watch(self) -> None:
        """Close the sockets of logins that are over, or that have another phone. Ends by cancellation only."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            phones = list(self._open.values())
            if not phones:
                continue
            sessions = {phone.session for phone in phones}
            try:
                living = await living_in_slices(self._pool, sessions, self._now())
                names = await phone_names(self._pool, sessions, self.options.node)
            except StoreUnavailable:
                continue  # a talk goes on; and Asterisk asks for the password all the same
            for phone in phones:
                actor = living.get(phone.session)
                if actor is None:
                    await close_page(phone.page, LOGGED_OUT)
                elif actor.operator is None or not may(actor, Action.OWN_STATE):
                    await close_page(phone.page, RIGHTS_CHANGED)
                elif names.get(phone.session, phone.name) != phone.name:
                    await close_page(phone.page, OTHER_PAGE)

    async def close(self) -> None:
        """This process stops: pages come back to the next one."""
        for phone in list(self._open.values()):
            await close_page(phone.page, SERVICE_RESTART)


async def _to_asterisk(phone: _Phone, asterisk: ClientWebSocketResponse) -> None:
    budget = FrameBudget()
    async for message in phone.page:
        if message.type is not WSMsgType.TEXT:
            why: str | None = "too_large" if message.type is WSMsgType.ERROR else "no_text"
        else:
            why = refusal(message.data, phone.name) if budget.take(monotonic()) else "flood"
        if why is not None:
            log.warning("phone_frame_refused", session=str(phone.session), why=why)
            await close_page(phone.page, POLICY)
            return
        await asterisk.send_str(message.data)
    if phone.page.close_code == TOO_LARGE:
        log.warning("phone_frame_refused", session=str(phone.session), why="too_large")


async def to_page(asterisk: ClientWebSocketResponse, page: web.WebSocketResponse) -> None:
    async for message in asterisk:
        if message.type is WSMsgType.TEXT:
            await page.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await page.send_str(message.data.decode("utf-8", "replace"))


async def close_page(page: web.WebSocketResponse, code: int) -> None:
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await page.close(code=code)


def connector(address: str | None) -> TCPConnector:
    return TCPConnector(limit=1, local_addr=None if address is None else (address, 0))


def _refused(why: str, answer: web.HTTPException) -> web.HTTPException:
    log.warning("phone_socket_refused", why=why)
    return answer
