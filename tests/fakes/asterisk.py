"""An Asterisk that speaks ARI over real sockets, knows no telephony, and can be told to misbehave.

    async with FakeAsterisk() as asterisk, AriClient(asterisk.url, USER, PASSWORD) as ari: ...

Requests are recognised by the client's own table of operations; another test compares that table with a real
Asterisk.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote

from aiohttp import WSMsgType, web

from ari_app.ari.operations import OPERATIONS, Operation
from tests.fakes.ari_samples import ANSWERS, AT, Json, event

USER = "fake"
PASSWORD = "pw-of-the-fake"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in: ARI's own names, everything as text except what is in the body."""

    operation: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    line: str  # the request line, for what must not be in it


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    message: str = "ordered by the test"


@dataclass(slots=True)
class Application:
    socket: web.WebSocketResponse | None = None
    allowed: list[str] = field(default_factory=list)
    subscriptions: set[str] = field(default_factory=set)


class FakeAsterisk:
    """Knobs are plain attributes and methods; they act from the next request or event on."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.applications: defaultdict[str, Application] = defaultdict(Application)
        self.sockets_opened = 0
        self.started_at = AT
        self.answers: dict[str, object] = dict(ANSWERS)
        self.refusals: dict[str, list[Refusal]] = defaultdict(list)  # one is used up by each request
        self.delays: dict[str, float] = {}  # seconds, by operation
        self.broken: dict[str, int] = {}  # the connection is cut instead of answering, so many times
        self.duplicate_events = False
        self.drop_at_event: int | None = None  # the socket is cut instead of sending the n-th from now
        self.on_socket: list[Json] = []  # events that come at once when a socket opens, before any set-up
        self._changed = asyncio.Condition()
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._requests_of: dict[web.WebSocketResponse, web.Request] = {}
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._routes = [(operation, _pattern(operation)) for operation in _by_precision()]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/ari"

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.thaw()
        await self.stop_listening()

    async def listen(self) -> None:
        """Listen, on the same port as before."""
        application = web.Application()
        application.router.add_route("*", "/ari/{rest:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop_listening(self) -> None:
        """As a dead Asterisk: everything is cut, new connections are refused."""
        self.drop_sockets()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def restart(self, started_at: str = "2026-11-23T16:00:00.000+0000") -> None:
        await self.stop_listening()
        self.started_at = started_at
        self.applications.clear()
        await self.listen()

    def freeze(self) -> None:
        """Like SIGSTOP: connections stay, nothing is answered, no pong is sent."""
        self._thawed.clear()

    def thaw(self) -> None:
        self._thawed.set()

    def drop_sockets(self) -> None:
        """Cut every event socket without a word."""
        for request in self._requests_of.values():
            if request.transport is not None:
                request.transport.abort()

    async def emit(self, application: str, kind: str, **fields: object) -> None:
        """Send one event to the application's newest socket, as its filter allows."""
        target = self.applications[application]
        if target.socket is None or (target.allowed and kind not in target.allowed):
            return
        if self.drop_at_event is not None:
            self.drop_at_event -= 1
            if self.drop_at_event <= 0:
                self.drop_at_event = None
                self.drop_sockets()
                return
        for _ in range(2 if self.duplicate_events else 1):
            await self.send(application, json.dumps(event(application, kind, **fields)))

    async def send(self, application: str, text: str) -> None:
        """Send any text, also what is no event."""
        socket = self.applications[application].socket
        assert socket is not None, f"{application} is not connected"
        await socket.send_str(text)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a state of this fake, looked at whenever a request or a socket comes or a socket goes."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def _something_changed(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def requests_for(self, operation: str) -> list[Request]:
        return [request for request in self.requests if request.operation == operation]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        expected = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != expected:
            return _refuse(Refusal(401, "Authentication required"))
        for operation, pattern in self._routes:
            if operation.verb == request.method and (found := pattern.fullmatch(request.rel_url.raw_path)):
                return await self._carry_out(operation, _unquoted(found.groupdict()), request)
        return _refuse(Refusal(404, "Resource not found"))

    async def _carry_out(self, operation: Operation, path: dict[str, str], request: web.Request) -> web.StreamResponse:
        name = operation.name
        text = await request.text()
        body = json.loads(text) if text else {}
        line = f"{request.method} {request.raw_path}"
        self.requests.append(Request(name, path, dict(request.query), body, line))
        await self._something_changed()
        await self._thawed.wait()
        await asyncio.sleep(self.delays.get(name, 0))
        if self.broken.get(name, 0) > 0:
            self.broken[name] -= 1
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if self.refusals[name]:
            return _refuse(self.refusals[name].pop(0))
        if name == "events.event_websocket":
            return await self._serve_socket(request)
        answer = self._answer(name, path, dict(request.query), body)
        return web.Response(status=204) if answer is None else web.json_response(answer)

    def _answer(self, name: str, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> object:
        if name == "asterisk.get_info":
            return self._info()
        if not name.startswith("applications."):
            return self.answers.get(name)
        if name == "applications.list":
            return [self._application(each) for each in self.applications]
        application = self.applications[path["applicationName"]]
        sources = query.get("eventSource", "").split(",")
        if name == "applications.filter":
            allowed = body["allowed"]
            assert isinstance(allowed, list)
            application.allowed = [item["type"] for item in allowed]
        elif name == "applications.subscribe":
            application.subscriptions.update(sources)
        elif name == "applications.unsubscribe":
            application.subscriptions.difference_update(sources)
        return self._application(path["applicationName"])

    def _info(self) -> Json:
        return {
            "system": {"version": "22.10.1", "entity_id": "02:fc:00:00:00:01"},
            "config": {"name": "node1", "default_language": "nl"},
            "status": {"startup_time": self.started_at, "last_reload_time": self.started_at},
        }

    def _application(self, name: str) -> Json:
        application = self.applications[name]
        return {
            "name": name,
            "channel_ids": sorted(source.partition(":")[2] for source in application.subscriptions),
            "bridge_ids": [],
            "endpoint_ids": [],
            "device_names": [],
            "events_allowed": [{"type": kind} for kind in application.allowed],
            "events_disallowed": [],
        }

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        name = request.query["app"]
        socket = web.WebSocketResponse(autoping=False, timeout=0.5)
        await socket.prepare(request)
        self._requests_of[socket] = request
        self.sockets_opened += 1
        application = self.applications[name]
        older, application.socket = application.socket, socket
        if older is not None and not older.closed:
            await older.send_json(event(name, "ApplicationReplaced"))
        for each in self.on_socket:
            await socket.send_json(each)
        try:
            async for message in socket:
                if message.type is WSMsgType.PING:
                    await self._thawed.wait()
                    await socket.pong(message.data)
        finally:
            self._requests_of.pop(socket, None)
            if application.socket is socket:
                application.socket = None
            await self._something_changed()
        return socket


def _refuse(refusal: Refusal) -> web.Response:
    key = "error" if refusal.status in (401, 500) else "message"  # as Asterisk does
    return web.json_response({key: refusal.message}, status=refusal.status)


def _unquoted(path: Mapping[str, str]) -> dict[str, str]:
    return {name: unquote(value) for name, value in path.items()}


def _pattern(operation: Operation) -> re.Pattern[str]:
    return re.compile("/ari" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.path))


def _by_precision() -> list[Operation]:
    """Those with a fixed word where others have an argument come first: /channels/create before /channels/{id}."""
    return sorted(OPERATIONS.values(), key=lambda operation: len(operation.path_names))
