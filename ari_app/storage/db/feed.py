"""Changes as they happen: a hint which rows to read again, never the rows themselves.

`number` is that of the row's last change (`core.changes`); None where the writer does not know it.

async with Feed(url) as feed:
    async for notification in feed:
        match notification:
            case Resync(): ...          # read everything
            case CallChanged(call_id): ...
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from uuid import UUID

import asyncpg

from ari_app.core.ids import CallId, CommandId, LineId, RequestId, SessionId
from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.db.engine import STATEMENT_SECONDS, connect
from ari_app.storage.db.errors import translated
from ari_app.storage.db.notifications import (
    ANSWER_CHANNEL,
    AREA_CHANNEL,
    CALL_CHANNEL,
    CALLBACK_CHANNEL,
    COMMAND_CHANNEL,
    NO_PROMPT,
    OPERATOR_CHANNEL,
    TRIAL_CHANNEL,
)

#: a writer that dies between its commit and its notification leaves a change unseen for at most so long
RESYNC_SECONDS = 60.0
PING_SECONDS = 5.0
RETRY_SECONDS = 0.5
EVERY_CHANNEL = (CALL_CHANNEL, CALLBACK_CHANNEL, OPERATOR_CHANNEL, AREA_CHANNEL, ANSWER_CHANNEL)
#: a listener that is this far behind had better read everything
MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class CallChanged:
    call_id: CallId
    number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LineChanged:
    line_id: LineId
    number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SessionChanged:
    session_id: SessionId
    number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class CallbackChanged:
    """A request to be called back, or a reminder of it."""

    request_id: RequestId
    number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AreaChanged:
    """The area was imported, or a calamity was switched."""

    number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """A command from a screen has its answer."""

    command_id: CommandId
    number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class CommandAsked:
    """For controllers: there is a command for this node; None: for any of them."""

    node: str | None
    number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class TrialHeard:
    """In the demonstration a prompt begins; None: none is played now. `turn` tells two of the same prompt apart."""

    sip_id: str
    call_id: CallId
    turn: int
    prompt: str | None


@dataclass(frozen=True, slots=True)
class Resync:
    """Changes may have been missed: read everything. A feed begins with it, and so does what follows a gap."""


Notification = (
    CallChanged
    | CallbackChanged
    | LineChanged
    | SessionChanged
    | AreaChanged
    | CommandAnswered
    | CommandAsked
    | TrialHeard
    | Resync
)


def read_notification(channel: str, payload: str) -> Notification:
    """The notification of a payload; one that is not ours means that something unknown changed: Resync."""
    words = payload.split(" ")
    try:
        number = int(words.pop()) if len(words) > 1 and words[-1].isdigit() else None
        match channel, words:
            case (channel, [text]) if channel == CALL_CHANNEL:
                return CallChanged(CallId(UUID(text)), number)
            case (channel, [text]) if channel == CALLBACK_CHANNEL:
                return CallbackChanged(RequestId(UUID(text)), number)
            case (channel, ["line", text]) if channel == OPERATOR_CHANNEL:
                return LineChanged(LineId(UUID(text)), number)
            case (channel, ["session", text]) if channel == OPERATOR_CHANNEL:
                return SessionChanged(SessionId(UUID(text)), number)
            case (channel, [text]) if channel == ANSWER_CHANNEL:
                return CommandAnswered(CommandId(UUID(text)), number)
            case (channel, [node]) if channel == COMMAND_CHANNEL:
                return CommandAsked(None if node == "*" else node)
            case (channel, [sip_id, call, turn, prompt]) if channel == TRIAL_CHANNEL:
                return TrialHeard(sip_id, CallId(UUID(call)), int(turn), None if prompt == NO_PROMPT else prompt)
            case (channel, _) if channel == AREA_CHANNEL:
                return AreaChanged(number)
    except ValueError:
        pass
    return Resync()


class Feed:
    """The changes for one reader, to iterate over; it reconnects by itself, for ever.

    Notifications of one row that were not fetched yet are one. `channels`: those whose changes the reader uses; each of
    the others would wake it several times per call.
    """

    def __init__(
        self,
        url: str,
        channels: Collection[str] = EVERY_CHANNEL,
        *,
        resync_seconds: float = RESYNC_SECONDS,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        self._url = url
        self._channels = channels
        self._resync_seconds = resync_seconds
        self._ping_seconds = ping_seconds
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._waiting: dict[Notification, None] = {}
        self._woken = asyncio.Event()
        self._resync_due = 0.0  # the loop's clock

    def __aiter__(self) -> AsyncIterator[Notification]:
        return self

    async def __anext__(self) -> Notification:
        clock = asyncio.get_running_loop().time
        while True:
            if self._connection is None or self._connection.is_closed():
                await self._connect()
            if clock() >= self._resync_due:
                self._resync_due = clock() + self._resync_seconds
                self._waiting = {Resync(): None}
            if self._waiting:
                notification = next(iter(self._waiting))
                del self._waiting[notification]
                return notification
            self._woken.clear()
            try:
                async with asyncio.timeout(min(self._ping_seconds, self._resync_due - clock())):
                    await self._woken.wait()
            except TimeoutError:
                await self._ping()

    async def close(self) -> None:
        self._disconnect()

    async def _connect(self) -> None:
        while True:
            self._disconnect()
            try:
                connection = self._connection = await connect(self._url, "ari_app feed")
                connection.add_termination_listener(lambda _: self._woken.set())
                with translated():
                    async with asyncio.timeout(STATEMENT_SECONDS):
                        for channel in self._channels:
                            await connection.add_listener(channel, self._hear)
            except StoreUnavailable:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._resync_due = 0.0
                return

    def _hear(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._resync_due = 0.0
        else:
            heard = read_notification(channel, str(payload))
            self._waiting.pop(heard, None)  # the number that is kept is the newest
            self._waiting[heard] = None
        self._woken.set()

    async def _ping(self) -> None:
        if self._connection is None:
            return
        try:
            with translated():
                await self._connection.fetchval("SELECT 1", timeout=STATEMENT_SECONDS)
        except StoreUnavailable:
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
