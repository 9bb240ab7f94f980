"""A wire to Postgres that a test can freeze, as when a host vanishes, or cut, as when a server stops."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit


class Link:
    """async with Link(database_url) as link: … link.url … link.freeze() … link.cut() … link.mend()"""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._parts = parts
        self._socket = parse_qs(parts.query)["host"][0] + "/.s.PGSQL.5432"
        self._server: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._is_cut = False
        self._handlers: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""
        self.accepted = 0  # connections, since the beginning

    def freeze(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._flows.clear()

    def cut(self) -> None:
        """Every connection breaks, and new ones break at once."""
        self._is_cut = True
        self._break_all()

    def break_once(self) -> None:
        """Every connection breaks; new ones work."""
        self._break_all()

    def mend(self) -> None:
        self._is_cut = False
        self._flows.set()

    def _break_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.accepted += 1
        self._handlers.add(task)
        self._writers.add(writer)
        try:
            if self._is_cut:
                writer.transport.abort()
                return
            there, thither = await asyncio.open_unix_connection(self._socket)
            self._writers.add(thither)
            ways = [asyncio.create_task(self._carry(reader, thither)), asyncio.create_task(self._carry(there, writer))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                thither.transport.abort()
                self._writers.discard(thither)
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self._handlers.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        credentials = self._parts.netloc.rpartition("@")[0]
        self.url = f"postgresql://{credentials}@127.0.0.1:{port}{self._parts.path}?sslmode=disable"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for handler in list(self._handlers):
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        await self._server.wait_closed()
