"""Many screens before one `ari-app web`, as a process of their own: `python -m tests.bench.watchers`.

A client of nothing but what the bench needs, so that it takes little of the cores that it measures: WebSockets that
only listen. It reads one JSON object from its standard input, says `open` when every screen shows everything, and
writes what they heard when its standard input ends.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

#: so many screens connect at once
AT_ONCE = 50
_CARD, _CALL = b'<section id="card"', re.compile(rb'data-call="([^"]*)"')
_COUNTED = re.compile(rb"van (\d+) bellers")
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA


@dataclass
class Heard:
    """Moments are seconds since 1970. `cards`: desk, moment, call or nothing; `boards`: board, moment, callers counted;
    `frames` and `octets` by whole second."""

    cards: list[tuple[int, float, str]] = field(default_factory=list)
    boards: list[tuple[int, float, int]] = field(default_factory=list)
    frames: Counter[int] = field(default_factory=Counter)
    octets: Counter[int] = field(default_factory=Counter)
    closed: int = 0

    def frame(self, screen: int, text: bytes) -> None:
        now = time.time()
        self.frames[int(now)] += 1
        self.octets[int(now)] += len(text)
        if (at := text.find(_CARD)) >= 0:
            # Of an empty card nothing names a call; what follows the card does not either.
            found = _CALL.search(text, at, text.find(b">", at))
            self.cards.append((screen, now, found[1].decode() if found else ""))
        elif counted := _COUNTED.search(text):
            self.boards.append((screen, now, int(counted[1])))


class Watcher(asyncio.Protocol):
    """One screen. `is_open` is done when it has shown something."""

    def __init__(self, number: int, heard: Heard) -> None:
        self._number = number
        self._heard = heard
        self._received = bytearray()
        self._is_upgraded = False
        self._transport: asyncio.WriteTransport | None = None
        self.is_open: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self._heard.closed += 1
        if not self.is_open.done():
            self.is_open.set_exception(ConnectionError(f"screen {self._number} was not let in: {error}"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._is_upgraded:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101 "):
                self.is_open.set_exception(ConnectionError(head.partition(b"\r\n")[0].decode()))
                return
            self._is_upgraded, self._received = True, rest
        while self._read_frame():
            pass

    def _read_frame(self) -> bool:
        """False: the rest of it is on its way. A server masks nothing, and sends each message in one frame."""
        received = self._received
        if len(received) < 2:
            return False
        length, begins = received[1], 2
        if length >= 126:
            begins = 4 if length == 126 else 10
            if len(received) < begins:
                return False
            length = int.from_bytes(received[2:begins], "big")
        if len(received) < begins + length:
            return False
        kind, content = received[0] & 0x0F, bytes(received[begins : begins + length])
        del received[: begins + length]
        if kind == _TEXT:
            self._heard.frame(self._number, content)
            if not self.is_open.done():
                self.is_open.set_result(None)
        elif kind == _PING:
            self._send(_PONG, content)
        elif kind == _CLOSE and self._transport is not None:
            self._transport.close()
        return True

    def _send(self, kind: int, content: bytes) -> None:
        # A mask of zeroes is a mask.
        assert self._transport is not None and len(content) < 126
        self._transport.write(bytes((0x80 | kind, 0x80 | len(content))) + bytes(4) + content)


@dataclass(frozen=True, slots=True)
class Screens:
    """Where they look: each an address and its cookie, or nothing."""

    host: str
    port: int
    screens: list[tuple[str, str]]
    file: str


async def watch(wanted: Screens) -> None:
    loop, heard, limit = asyncio.get_running_loop(), Heard(), asyncio.Semaphore(AT_ONCE)

    async def connect(number: int, path: str, cookie: str) -> None:
        async with limit:
            transport, watcher = await loop.create_connection(lambda: Watcher(number, heard), wanted.host, wanted.port)
            key = base64.b64encode(secrets.token_bytes(16)).decode()
            transport.write(
                f"GET {path} HTTP/1.1\r\nHost: {wanted.host}:{wanted.port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                f"Origin: http://{wanted.host}:{wanted.port}\r\nCookie: {cookie}\r\n\r\n".encode()
            )
            await watcher.is_open

    await asyncio.gather(*(connect(at, path, cookie) for at, (path, cookie) in enumerate(wanted.screens)))
    print("open", flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.read)
    await asyncio.to_thread(Path(wanted.file).write_text, json.dumps(vars(heard)), encoding="utf-8")


def main() -> None:
    read = json.loads(sys.stdin.readline())
    asyncio.run(watch(Screens(read["host"], read["port"], [(a, b) for a, b in read["screens"]], read["file"])))


if __name__ == "__main__":
    main()
