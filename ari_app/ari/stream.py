"""The events of one application as they come, and an honest word about every stretch in which some may be missing.

async with AriClient(url, user, password) as ari, EventStream(ari, "ari_app") as stream:
    async for item in stream:
        match item:
            case Connected(): ...   # list what is there, and compare
            case Gap(): ...         # from here to here events are lost; a Connected follows
            case Event(): ...       # in the order in which Asterisk sent them
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn, Self

import aiohttp
import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.decoding import DECODED, decode
from ari_app.ari.errors import AriError, AriUnreachable, Unauthorized
from ari_app.ari.events import Event, Unknown
from ari_app.ari.models import AsteriskInfo

#: Every channel, not only those in Stasis: else nobody tells that a caller's channel is destroyed (22.10.1).
#: Never device states: a socket with them that closes while one changes can lock its application up for ever
#: (asterisk/asterisk#2170, open in 22.10.1). The state of a phone is asked for when it is needed.
ALL_CHANNELS = "channel:"

PING_SECONDS = 3.0
#: A peer is dead after this many pings without any sign of life: 6 to 9 s. Pings are counted, not seconds, so that
#: a process that was stopped for a while first reads what has arrived meanwhile.
LOST_PINGS = 2
FIRST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 2.0
#: how many texts are remembered to recognise an event that comes twice
REMEMBERED = 32

SOCKET = "events.event_websocket"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Connected:
    """The application is registered, its filter and subscriptions are in place; events follow. `at`: our clock."""

    at: datetime
    info: AsteriskInfo
    asterisk_restarted: bool  # since the Connected before this one


@dataclass(frozen=True, slots=True)
class Gap:
    """Between these instants of our clock events may have been lost. Given when the connection is back."""

    from_at: datetime
    to_at: datetime


Item = Event | Connected | Gap


class EventStream:
    """An endless iterator over Items; Connected is the first. One consumer, which may be slow: nothing is dropped.

    `may_connect` is awaited before each opening: the newest socket of a name takes the place of the one before.
    The iterator ends after `close`, and raises Unauthorized when the very first connection is refused for the
    password. Anything else that goes wrong is a Gap.
    """

    def __init__(
        self,
        ari: AriClient,
        application: str,
        *,
        subscriptions: Iterable[str] = (ALL_CHANNELS,),
        event_types: Iterable[str] = DECODED,
        may_connect: Callable[[], Awaitable[None]] | None = None,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        self._is_connected = False
        self.problems = 0  # texts that could not be read
        self._ari = ari
        self._application = application
        self._subscriptions = tuple(subscriptions)
        self._may_connect = may_connect
        self._ping_seconds = ping_seconds
        self._filter = {"allowed": [{"type": kind} for kind in sorted(event_types)]}
        self._items: deque[str | Connected | Gap] = deque()
        self._filled = asyncio.Event()
        self._recent: deque[str] = deque(maxlen=REMEMBERED)
        self._runner: asyncio.Task[None] | None = None
        self._info: AsteriskInfo | None = None
        self._given_out = 0  # connections that the consumer has received
        self._lost_at: datetime | None = None  # last sign of life on the latest of them

    async def __aenter__(self) -> Self:
        self._runner = asyncio.create_task(self._run(), name=f"ari-events-{self._application}")
        self._runner.add_done_callback(lambda _: self._filled.set())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the socket and end the iterator; events that were not taken are lost."""
        if self._runner is None:
            return
        self._runner.cancel()
        await asyncio.wait([self._runner])
        self._items.clear()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        while not self._items:
            if self._runner is None:
                raise RuntimeError("the stream is not open: use it in `async with`")
            if self._runner.done():
                if not self._runner.cancelled() and (error := self._runner.exception()) is not None:
                    raise error
                raise StopAsyncIteration
            self._filled.clear()
            await self._filled.wait()
        item = self._items.popleft()
        return self._decoded(item) if isinstance(item, str) else item

    @property
    def is_connected(self) -> bool:
        """True from a Connected until its socket is known to be dead."""
        return self._is_connected

    @property
    def backlog(self) -> int:
        """How many items wait for the consumer."""
        return len(self._items)

    def _decoded(self, text: str) -> Event:
        event = decode(text)
        if isinstance(event, Unknown) and event.problem:
            self.problems += 1
            log.warning("event_not_understood", type=event.type, problem=event.problem)
        return event

    def _deliver(self, text: str) -> None:
        # A channel that lived through a reconnection is subscribed twice, by itself and by ALL_CHANNELS, and then each
        # of its events comes twice, word for word (22.10.1).
        if text in self._recent:
            return
        self._recent.append(text)
        self._items.append(text)
        self._filled.set()

    async def _run(self) -> None:
        retry_seconds = FIRST_RETRY_SECONDS
        while True:
            given_out = self._given_out
            try:
                problem = await self._connection()
            except AriError as error:
                problem = error
            if isinstance(problem, Unauthorized) and self._info is None:
                raise problem
            if self._given_out > given_out:
                retry_seconds = FIRST_RETRY_SECONDS
            level = logging.WARNING if retry_seconds == FIRST_RETRY_SECONDS else logging.DEBUG
            log.log(level, "no_connection_for_events", problem=str(problem))
            await asyncio.sleep(retry_seconds * random.uniform(0.75, 1.25))  # many applications, one Asterisk
            retry_seconds = min(retry_seconds * 2, LONGEST_RETRY_SECONDS)

    async def _connection(self) -> AriError:
        """One connection from its opening to its end. Returns what ended it; raises AriError when it never was."""
        problem: AriError = AriUnreachable(SOCKET, "closed")
        if self._may_connect is not None:
            await self._may_connect()
        socket = await self._ari.transport.open_websocket(app=self._application)
        connection = _Connection(socket)
        before = self._given_out
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(connection.read())
                group.create_task(connection.ping(self._ping_seconds))
                self._give_out(connection, await self._set_up())
        except* AriError as errors:
            problem = next(error for error in errors.exceptions if isinstance(error, AriError))
        finally:
            self._is_connected = False
            if self._given_out > before:
                self._lost_at = connection.alive_at
            await socket.close()
        return problem

    async def _set_up(self) -> AsteriskInfo:
        applications = self._ari.applications
        await applications.filter(self._application, filter=self._filter)
        if self._subscriptions:
            await applications.subscribe(self._application, event_source=self._subscriptions)
        return await self._ari.asterisk.get_info()

    def _give_out(self, connection: _Connection, info: AsteriskInfo) -> None:
        now = datetime.now(UTC)
        old, self._info = self._info, info
        restarted = old is not None and (old.started_at, old.entity_id) != (info.started_at, info.entity_id)
        if self._lost_at is not None:
            self._items.append(Gap(self._lost_at, now))
        self._items.append(Connected(now, info, restarted))
        self._filled.set()
        self._given_out += 1
        connection.alive_at = now
        self._is_connected = True
        for text in connection.early:
            self._deliver(text)
        connection.deliver = self._deliver
        log.info("events_connected", version=info.version, asterisk_restarted=restarted)


class _Connection:
    """One socket: read promptly, because Asterisk cuts a slow reader off, and pinged."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.early: list[str] = []  # what came before the set-up was done
        self.deliver: Callable[[str], None] = self.early.append
        self.alive_at = datetime.now(UTC)
        self._socket = socket
        self._lost_pings = 0

    async def read(self) -> NoReturn:
        while True:
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                self._is_alive()
                self.deliver(message.data)
            elif message.type is aiohttp.WSMsgType.PONG:
                self._is_alive()
            elif message.type is aiohttp.WSMsgType.PING:
                self._is_alive()
                await self._send(self._socket.pong(message.data))
            elif message.type is not aiohttp.WSMsgType.BINARY:
                raise AriUnreachable(SOCKET, f"{message.type.name.lower()} {self._socket.close_code or ''}".rstrip())

    async def ping(self, seconds: float) -> NoReturn:
        while True:
            await asyncio.sleep(seconds)
            if self._lost_pings >= LOST_PINGS:
                raise AriUnreachable(SOCKET, "no sign of life")
            self._lost_pings += 1
            await self._send(self._socket.ping())

    def _is_alive(self) -> None:
        self.alive_at = datetime.now(UTC)
        self._lost_pings = 0

    async def _send(self, sending: Awaitable[None]) -> None:
        try:
            await sending
        except (ConnectionError, aiohttp.ClientError) as error:
            raise AriUnreachable(SOCKET, type(error).__name__) from None
