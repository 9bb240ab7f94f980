"""One HTTP request to ARI, and the WebSocket's opening: encoding, timeouts, errors. It knows no operation."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Self
from urllib.parse import quote

import aiohttp
from yarl import URL

from ari_app.ari.errors import AriUnreachable, NoAnswer, UnexpectedAnswer, error_for
from ari_app.ari.operations import OPERATIONS, Operation

Argument = str | int | Sequence[object] | Mapping[str, object] | None

#: Asterisk closes a connection that was idle for 15 s (http.conf, session_keep_alive); a request must not meet that
KEEPALIVE_SECONDS = 10.0
#: Asterisk refuses a request line over 4,096 bytes; longer arguments go into the body, where ARI reads them as well
LONGEST_LINE = 3500
#: a host that is gone answers nothing at all: do not spend the whole timeout of a call on finding out
CONNECT_SECONDS = 1.5
#: pauses before a read is tried again on a broken connection, within the same total timeout
READ_RETRY_SECONDS = (0.05, 0.3)

_BROKEN = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ConnectionError)
_SAFE = "/:@,;"


class Transport:
    """The connections to one Asterisk. Safe for many tasks at once; belongs to one event loop."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        timeout_seconds: float,
        connections: int,
        may_order: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._may_order = may_order
        self.url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._connections = connections
        self._headers = {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEPALIVE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, name: str, /, **arguments: Argument) -> object:
        """Carry out an operation and return its decoded answer, None when there is none. Raises AriError."""
        body = await self.call_for_bytes(name, **arguments)
        if not body:
            return None
        try:
            return json.loads(body)
        except ValueError:
            raise UnexpectedAnswer(name, "the answer is not JSON") from None

    async def call_for_bytes(self, name: str, /, **arguments: Argument) -> bytes:
        """The same, not decoded.

        Reads are tried again on a broken connection. A POST is never repeated; a PUT or DELETE only when a kept
        connection turns out to be closed already (aiohttp does that).
        """
        operation = OPERATIONS[name]
        url, payload = encode(self.url, operation, arguments)
        if self._may_order is not None:
            await self._may_order()
        pauses = iter(READ_RETRY_SECONDS if operation.verb == "GET" else ())
        try:
            async with asyncio.timeout(self._timeout_seconds):
                while True:
                    try:
                        return await self._request(operation, url, payload)
                    except _BROKEN as error:
                        pause = next(pauses, None)
                        if pause is None:
                            raise AriUnreachable(name, type(error).__name__) from None
                    await asyncio.sleep(pause)
        except TimeoutError:
            raise NoAnswer(name, f"no answer within {self._timeout_seconds:g} s") from None

    async def _request(self, operation: Operation, url: str, payload: bytes | None) -> bytes:
        if self._session is None:
            raise RuntimeError("the client is not open: use it in `async with`")
        headers = None if payload is None else {"Content-Type": "application/json"}
        async with self._session.request(
            operation.verb, URL(url, encoded=True), data=payload, headers=headers, allow_redirects=False
        ) as response:
            body = await response.read()
            if 200 <= response.status < 300:
                return body
            raise error_for(operation.name, response.status, _message(body) or response.reason or "")

    async def open_websocket(self, **arguments: Argument) -> aiohttp.ClientWebSocketResponse:
        """The socket of events. Raises AriError. Pings and pongs are left to the reader."""
        name = "events.event_websocket"
        if self._session is None:
            raise RuntimeError("the client is not open: use it in `async with`")
        url, _ = encode(self.url, OPERATIONS[name], arguments)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._session.ws_connect(
                    URL(url, encoded=True), autoping=False, timeout=aiohttp.ClientWSTimeout(ws_close=1.0)
                )
        except aiohttp.WSServerHandshakeError as error:
            raise error_for(name, error.status, "the socket is refused") from None
        except _BROKEN as error:
            raise AriUnreachable(name, type(error).__name__) from None
        except TimeoutError:
            raise AriUnreachable(name, f"no answer within {self._timeout_seconds:g} s") from None


def encode(base_url: str, operation: Operation, arguments: Mapping[str, Argument]) -> tuple[str, bytes | None]:
    """The URL and the body that carry these arguments. None is left out; 0, "" and False are sent."""
    parts = [base_url]
    for piece, is_argument in operation.pieces:
        parts.append(quote(_plain(arguments[piece]), safe="") if is_argument else piece)
    separator = "?"
    for python_name, name in operation.query_names:
        value = arguments.get(python_name)
        if value is not None:
            parts.append(f"{separator}{name}={quote(_plain(value), safe=_SAFE)}")
            separator = "&"
    body: dict[str, object] = {
        name: arguments[key] for key, name in operation.body_names if arguments.get(key) is not None
    }
    if body.keys() == {"filter"}:
        body = dict(_mapping(arguments["filter"]))  # the one body that is the parameter, instead of holding it
    url = "".join(parts)
    if len(url) - len(base_url) > LONGEST_LINE:
        url = url.partition("?")[0]
        body |= {name: arguments[key] for key, name in operation.query_names if arguments.get(key) is not None}
    return url, json.dumps(body).encode() if body else None


def _plain(value: Argument) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Sequence):
        return ",".join(map(str, value))
    raise TypeError(f"cannot be sent in a URL: {type(value).__name__}")


def _mapping(value: Argument) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return value
    raise TypeError(f"not a mapping: {type(value).__name__}")


def _message(body: bytes) -> str:
    """Asterisk's own words in an error answer."""
    try:
        data = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(data, dict):
        return ""
    message = data.get("message") or data.get("error")
    return message if isinstance(message, str) else ""
