"""A mail server on this machine that keeps what it gets; just enough SMTP for a client that sends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Self


@dataclass
class MailServer:
    """`refuse`: the answer to every `refuse_to`, such as "550 no such user"; `slow_seconds`: before each answer."""

    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuse: str | None = None
    refuse_to: str = "RCPT"
    slow_seconds: float = 0.0
    port: int = 0

    _conversations: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()
        await asyncio.gather(*self._conversations)  # who was slow sees that nobody is there any more

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._conversations.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):  # a client may go away
                await self._converse(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            words = line.decode().strip()
            await asyncio.sleep(self.slow_seconds)
            match words[:4].upper():
                case verb if verb == self.refuse_to and self.refuse is not None:
                    answer = self.refuse
                case "EHLO":
                    answer = "250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME"
                case "AUTH":
                    answer = "235 welcome"
                case "RCPT":
                    self.recipients.append(words.partition("<")[2].partition(">")[0])
                    answer = "250 ok"
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    body = await reader.readuntil(b"\r\n.\r\n")
                    message = message_from_bytes(body[:-3].replace(b"\r\n..", b"\r\n."), policy=policy.default)
                    assert isinstance(message, EmailMessage)
                    self.messages.append(message)
                    answer = "250 kept"
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                case _:
                    answer = "250 ok"
            writer.write(answer.encode() + b"\r\n")
