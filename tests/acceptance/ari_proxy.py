"""Between the application and Asterisk: everything goes through, but for the orders of which a test says otherwise."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from types import TracebackType

import aiohttp
from aiohttp import web

from tests.place import address

_HOP = frozenset({"host", "content-length", "transfer-encoding", "connection", "keep-alive", "content-encoding"})


@dataclass
class Fault:
    """The next `times` orders that look like this are not carried out, and answered with this status."""

    method: str
    path: str  # a regular expression, searched in the path with its query
    status: int
    times: int = 1
    happened: asyncio.Event = field(default_factory=asyncio.Event)


class AriProxy:
    """Forwards ARI on a port of its own. Used with `async with`; `url` is what the application is to use."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.faults: list[Fault] = []
        self.orders: list[str] = []  # all that came and that reads nothing, also those that a fault refused
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self.url = ""

    async def __aenter__(self) -> AriProxy:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application()
        app.router.add_route("*", "/ari/{path:.*}", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, address(1), 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://{address(1)}:{port}/ari"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None and self._session is not None
        await self._runner.cleanup()
        await self._session.close()

    def refuse(self, method: str, path: str, status: int, times: int = 1) -> Fault:
        fault = Fault(method, path, status, times)
        self.faults.append(fault)
        return fault

    def behave(self) -> None:
        """Everything goes through again."""
        self.faults.clear()

    def _fault_of(self, request: web.Request) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.method == request.method and re.search(fault.path, request.path_qs):
                fault.times -= 1
                fault.happened.set()
                return fault
        return None

    async def _take(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        url = f"{self._url}/{request.path_qs.removeprefix('/ari/')}"
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._events(request, url, headers)
        if request.method != "GET":
            self.orders.append(f"{request.method} {request.path_qs}")
        fault = self._fault_of(request)
        if fault is not None:
            return web.json_response({"message": "refused by a test"}, status=fault.status)
        body = await request.read()
        async with self._session.request(request.method, url, headers=headers, data=body) as answer:
            content = await answer.read()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            return web.Response(status=answer.status, body=content, headers=kept)

    async def _events(self, request: web.Request, url: str, headers: dict[str, str]) -> web.WebSocketResponse:
        assert self._session is not None
        headers = {name: value for name, value in headers.items() if not name.lower().startswith(("sec-", "upgrade"))}
        inside = web.WebSocketResponse()
        async with self._session.ws_connect(url, headers=headers, max_msg_size=0) as outside:
            await inside.prepare(request)

            async def forward() -> None:
                async for message in outside:
                    await inside.send_str(message.data)
                await inside.close()

            forwarding = asyncio.create_task(forward())
            try:
                async for message in inside:
                    await outside.send_str(message.data)
            finally:
                forwarding.cancel()
                await asyncio.gather(forwarding, return_exceptions=True)
        return inside
