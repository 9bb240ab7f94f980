"""Everything behind the page `/probeer`: its visitors, what they hear, and their way to Asterisk."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

import structlog
from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, ClientWSTimeout, WSMsgType, web

from ari_app.core.area import Area
from ari_app.core.browser_phones import LARGEST_FRAME, FrameBudget, refusal
from ari_app.core.call import Stage
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.trial import (
    ACCOUNT,
    OwnCall,
    is_answer_to,
    is_of_this_machine,
    line_of,
    number_outside_sample,
    numbers_of,
)
from ari_app.prompts.transcript import text_of
from ari_app.storage.calls.trial import read_trial_call
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.feed import CallChanged, Feed, Resync, TrialHeard
from ari_app.storage.db.notifications import CALL_CHANNEL, TRIAL_CHANNEL
from ari_app.web.relay import (
    CLOSE_SECONDS,
    CONNECT_SECONDS,
    HEARTBEAT_SECONDS,
    POLICY,
    SERVICE_RESTART,
    SIP,
    PhoneOptions,
    close_page,
    connector,
    to_page,
)
from ari_app.web.trial.visits import Line, Visit, Visits
from ari_app.web.trial.words import state_words

log = structlog.get_logger(__name__)

COOKIE = "probeer"
#: pages that call at the same time; each takes a thread of Asterisk
MOST_SOCKETS = 20


@dataclass(frozen=True, slots=True)
class TrialOptions:
    """`password`: of the account `probeer` in Asterisk."""

    phone: PhoneOptions
    password: str = field(repr=False)


class Trial:
    """`run` keeps up what is shown."""

    def __init__(self, database_url: str, pool: Pool, options: TrialOptions, area: Callable[[], Area]) -> None:
        self.options = options
        self.visits = Visits()
        self._url = database_url
        self._pool = pool
        self._area = area
        self._sockets: set[web.WebSocketResponse] = set()
        self._is_closing = False

    def require(self, request: web.Request) -> None:
        """Raises HTTPNotFound where the area is not the sample's, HTTPForbidden for whoever is not at this machine."""
        if number_outside_sample(self._area()) is not None:
            raise web.HTTPNotFound
        is_forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "Via"))
        if not is_of_this_machine(request.host, request.remote or "", is_forwarded=is_forwarded):
            raise _refused("elsewhere")

    def visit_of(self, request: web.Request) -> Visit:
        """Raises HTTPForbidden for whoever has not opened the page."""
        self.require(request)
        visit = self.visits.find(request.cookies.get(COOKIE))
        if visit is None:
            raise _refused("no_page")
        return visit

    # --- what is shown ---

    async def run(self) -> None:
        """Ends by cancellation only."""
        async with Feed(self._url, (CALL_CHANNEL, TRIAL_CHANNEL)) as feed:
            async for notification in feed:
                match notification:
                    case TrialHeard():
                        await self._heard(notification)
                    case CallChanged(call_id):
                        line = self.visits.line_of(call_id)
                        await self._look_at(() if line is None else (line,))
                    case Resync():
                        await self._look_at(self.visits.known)

    async def _heard(self, heard: TrialHeard) -> None:
        line = self.visits.line(heard.sip_id)
        if line is None:
            return
        line.call_id = heard.call_id
        if heard.prompt is None:
            line.show_quiet()
        else:
            line.show_text(text_of(self._area(), heard.prompt))
        await self._look_at((line,))

    async def _look_at(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if line.call_id is None:
                continue
            try:
                call = await read_trial_call(self._pool, line.call_id)
            except StoreUnavailable:
                return  # a Resync comes when it is back
            if call is not None:
                line.show_state(state_words(call, self._area()), is_over=call.stage is Stage.ENDED)

    # --- the way to Asterisk ---

    async def relay(self, request: web.Request) -> web.StreamResponse:
        """Raises HTTPForbidden, HTTPBadRequest, HTTPServiceUnavailable."""
        page = web.WebSocketResponse(
            protocols=(SIP,), max_msg_size=LARGEST_FRAME, compress=False, heartbeat=HEARTBEAT_SECONDS
        )
        if page.can_prepare(request).protocol != SIP:
            raise web.HTTPBadRequest
        visit = self.visit_of(request)
        if len(self._sockets) >= MOST_SOCKETS:
            raise web.HTTPServiceUnavailable
        phone = self.options.phone
        async with ClientSession(connector=connector(phone.address)) as client:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    timeout = ClientWSTimeout(ws_close=CLOSE_SECONDS)
                    asterisk = await client.ws_connect(phone.url, protocols=(SIP,), timeout=timeout)
            except (ClientError, OSError, TimeoutError):
                raise web.HTTPServiceUnavailable from None
            await page.prepare(request)
            self._sockets.add(page)
            own = OwnCall()
            ways = [
                asyncio.create_task(self._to_asterisk(visit, page, asterisk, own), name="trial to Asterisk"),
                asyncio.create_task(to_page(asterisk, page), name="trial to page"),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._sockets.discard(page)
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                if not self._is_closing:
                    await _end(own, asterisk)
                await asterisk.close()
                await close_page(page, SERVICE_RESTART)
        return page

    async def _to_asterisk(
        self, visit: Visit, page: web.WebSocketResponse, asterisk: ClientWebSocketResponse, own: OwnCall
    ) -> None:
        budget = FrameBudget()
        async for message in page:
            why = "no_text" if message.type is not WSMsgType.TEXT else None
            why = why or (self._refusal(visit, message.data) if budget.take(monotonic()) else "flood")
            if why is not None:
                log.warning("trial_frame_refused", why=why)
                await close_page(page, POLICY)
                return
            own.said(message.data)
            await asterisk.send_str(message.data)

    def _refusal(self, visit: Visit, frame: str) -> str | None:
        dials = {number.dials for number in numbers_of(self._area())}
        why = refusal(frame, ACCOUNT, dials)
        if why is not None or not frame.startswith("INVITE "):
            return why
        sip_id = line_of(frame)
        return None if sip_id is not None and self.visits.open_line(visit, sip_id) else "no_call_id"

    async def close(self) -> None:
        """This process stops; calls go on without it."""
        self._is_closing = True
        for page in list(self._sockets):
            await close_page(page, SERVICE_RESTART)


async def _end(own: OwnCall, asterisk: ClientWebSocketResponse) -> None:
    """End the call of a page that is gone: Asterisk alone would wait a minute for its sound."""
    ending = own.ending(f"z9hG4bK{secrets.token_hex(12)}")
    if ending is None:
        return
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await asterisk.send_str(ending)
            # With the socket Asterisk would drop what it has not carried out yet.
            async for message in asterisk:
                if message.type is WSMsgType.TEXT and is_answer_to(message.data, ending):
                    return


def _refused(why: str) -> web.HTTPException:
    log.warning("trial_refused", why=why)
    return web.HTTPForbidden()
