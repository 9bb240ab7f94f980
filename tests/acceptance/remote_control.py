"""The least of ARI and of the manager interface that is needed to play phones; independent of the code under test."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import aiohttp

from tests.patience import PATIENCE_SECONDS

Event = Mapping[str, Any]


class RemoteError(Exception):
    """An Asterisk refused an order."""

    def __init__(self, status: int, order: str, text: str) -> None:
        super().__init__(f"{order}: {status} {text}")
        self.status = status


class RemoteAsterisk:
    """Orders to one Asterisk, and its events in the order in which they come."""

    def __init__(self, url: str, user: str, password: str, application: str) -> None:
        self._url = url
        self.application = application
        token = b64encode(f"{user}:{password}".encode()).decode()
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Basic {token}"},
            timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS),
            connector=aiohttp.TCPConnector(limit=20),
        )

    async def order(self, method: str, path: str, body: Mapping[str, Any] | None = None, /, **query: str | int) -> Any:
        """Carry out one request; returns the decoded answer, or None when there is none.

        Raises:
            RemoteError: Asterisk answered with a status of 400 or more.
        """
        url = f"{self._url}/{path}"
        async with self._session.request(method, url, params=query, json=body) as response:
            text = await response.text()
            if response.status >= 400:
                raise RemoteError(response.status, f"{method} {path}", text.strip())
            return json.loads(text) if text else None

    async def events(self, on_open: Callable[[], None]) -> AsyncIterator[Event]:
        """The events of all channels and bridges until the socket is closed; `on_open` is called when they come.

        Not those of devices, which `subscribeAll` would bring as well: on Asterisk 22.10.1 a socket with them that is
        closed while the state of a device changes can lock the application up for ever (asterisk/asterisk#2170).
        """
        query = {"app": self.application}
        async with self._session.ws_connect(f"{self._url}/events", params=query, max_msg_size=0) as socket:
            subscription = f"applications/{self.application}/subscription"
            await self.order("POST", subscription, eventSource="channel:,bridge:")
            on_open()
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    yield json.loads(message.data)

    async def close(self) -> None:
        await self._session.close()


async def manager_events(address: str, port: int, user: str, password: str) -> AsyncIterator[Mapping[str, str]]:
    """Log in to the manager interface and yield its packets, until it closes the connection."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(f"Action: Login\r\nUsername: {user}\r\nSecret: {password}\r\n\r\n".encode())
        writer.write(b"Action: PJSIPShowRegistrationsOutbound\r\n\r\n")
        await writer.drain()
        packet: dict[str, str] = {}
        while line := await reader.readline():
            text = line.decode(errors="replace").strip()
            if text:
                key, _, value = text.partition(":")
                packet[key] = value.strip()
            elif packet:
                yield packet
                packet = {}
    finally:
        writer.close()
