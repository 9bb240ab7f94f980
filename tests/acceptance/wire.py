"""The wire between the application and Asterisk, with somebody on it who looks at orders and may lose answers."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web

from tests.acceptance.ari_proxy import AriProxy

#: what an order does, by its method and path; orders that touch nobody, such as a look at a bridge, are not among them
_ORDERS = (
    ("answer", "POST", r"channels/(?P<channel>[^/?]+)/answer"),
    ("play", "POST", r"channels/(?P<channel>[^/?]+)/play/"),
    ("music", "POST", r"channels/(?P<channel>[^/?]+)/moh"),
    ("no music", "DELETE", r"channels/(?P<channel>[^/?]+)/moh"),
    ("create", "POST", r"channels/create\?.*channelId=(?P<channel>[^&]+)"),
    ("dial", "POST", r"channels/(?P<channel>[^/?]+)/dial"),
    ("wait", "POST", r"bridges/waiting-[^/?]+/addChannel\?.*channel=(?P<channel>[^&]+)"),
    ("join", "POST", r"bridges/[^/?]+/addChannel\?.*channel=(?P<channel>[^&]+)"),
    ("hand over", "POST", r"channels/(?P<channel>[^/?]+)/continue"),
    ("hang up", "DELETE", r"channels/(?P<channel>[^/?]+)(\?|$)"),
)


@dataclass(frozen=True, slots=True)
class Order:
    """One that is about somebody's channel."""

    name: str
    channel_id: str
    text: str


def order_of(method: str, path: str) -> Order | None:
    for name, its_method, pattern in _ORDERS:
        if its_method == method and (found := re.search(pattern, path)):
            return Order(name, found["channel"], f"{method} {path}")
    return None


class Wire(AriProxy):
    """`look` is awaited with each order before it is carried out.

    Of the orders that `loses` is true for, the application never hears that they were carried out.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.look: Callable[[Order], Awaitable[None]] | None = None
        self.loses: Callable[[Order], bool] = lambda order: False
        #: the heartbeats in the order in which they came to Asterisk; the zeros among them take so long
        self.beats: list[str] = []
        self.has_beaten = asyncio.Event()
        self.zero_takes_seconds = 0.0
        self.seen: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        #: orders about a channel that came while another one about it was not answered yet
        self.at_the_same_time: list[str] = []
        self._unanswered: dict[str, Order] = {}

    async def __aenter__(self) -> Wire:
        await super().__aenter__()
        return self

    async def _take(self, request: web.Request) -> web.StreamResponse:
        order = order_of(request.method, request.path_qs)
        if order is None:
            return await self._take_other(request)
        self.seen[order.name] += 1
        with self._one_by_one(order):
            if self.look is not None:
                await self.look(order)
            answer = await super()._take(request)
        if self.loses(order) and request.transport is not None:
            self.lost[order.name] += 1
            request.transport.close()
        return answer

    async def _take_other(self, request: web.Request) -> web.StreamResponse:
        beat = re.search(r"asterisk/variable\?.*HEARTBEAT.*value=(\d+)", request.path_qs)
        if beat is None:
            return await super()._take(request)
        if beat[1] == "0":
            await asyncio.sleep(self.zero_takes_seconds)
        answer = await super()._take(request)
        self.beats.append(beat[1])
        self.has_beaten.set()
        return answer

    @contextmanager
    def _one_by_one(self, order: Order) -> Iterator[None]:
        other = self._unanswered.get(order.channel_id)
        if other is not None:
            self.at_the_same_time.append(f"{order.text} during {other.text}")
        self._unanswered[order.channel_id] = order
        try:
            yield
        finally:
            self._unanswered.pop(order.channel_id, None)
