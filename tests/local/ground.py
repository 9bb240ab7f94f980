"""The ground for tests of the dialplan: the smallest ARI application, phones, and the channel event log read."""

from __future__ import annotations

import asyncio
import csv
import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID, uuid4

import aiohttp

from ari_app.local.asterisk import LocalAsterisk
from tests.patience import PATIENCE_SECONDS
from tests.place import address
from tests.rawsip import SipPhone

TRUNK = address(10)
PHONE = address(2)
STRANGER = address(3)

T = TypeVar("T")


class Application:
    """The smallest ARI application: hears events, sends requests, keeps the heartbeat."""

    def __init__(self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse, url: str) -> None:
        self._session = session
        self._socket = socket
        self._url = url

    async def event(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                event: dict[str, Any] = await self._socket.receive_json()
                if event["type"] == kind:
                    return event

    async def post(self, path: str, **query: str) -> None:
        async with self._session.post(f"{self._url}/{path}", params=query) as answer:
            assert answer.status in (200, 204), await answer.text()


@asynccontextmanager
async def application(asterisk: LocalAsterisk) -> AsyncIterator[Application]:
    credentials = b64encode(f"{asterisk.ari_user}:{asterisk.ari_password}".encode()).decode()
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Basic {credentials}"}) as session,
        session.ws_connect(f"{asterisk.ari_url}/events", params={"app": "ari_app"}) as socket,
    ):
        beat(asterisk)
        yield Application(session, socket, asterisk.ari_url)


def beat(asterisk: LocalAsterisk) -> None:
    """As an application that goes on writing it: once is enough for the calls of a test."""
    asterisk.cli(f"dialplan set global ARI_APP_HEARTBEAT {int(time.time()) + 60}")


def sip_phone(asterisk: LocalAsterisk, address: str, user: str = "0201234567") -> SipPhone:
    return SipPhone(address, (asterisk.sip_host, asterisk.sip_port), user)


def password_of(asterisk: LocalAsterisk, name: str) -> str:
    return next(account.password for account in asterisk.accounts if account.name == name)


def cel(asterisk: LocalAsterisk) -> list[list[str]]:
    if not asterisk.cel_file.exists():
        return []
    with asterisk.cel_file.open(newline="") as file:
        return list(csv.reader(file))


async def cel_of(asterisk: LocalAsterisk, dialled: str, until: str) -> list[list[str]]:
    """The log of the channel that dialled this number, once it has an event of the kind `until`."""

    def found() -> list[list[str]]:
        rows = cel(asterisk)
        channels = {row[2] for row in rows if row[0] == "CHAN_START" and row[7] == dialled}
        own = [row for row in rows if row[2] in channels]
        return own if any(row[0] == until for row in own) else []

    return await eventually(found)


async def eventually(ask: Callable[[], T]) -> T:
    """The first answer that is not empty: a file and a command line have no event to wait for."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if answer := ask():
                return answer
            await asyncio.sleep(0.02)


async def fallback_reason(asterisk: LocalAsterisk, dialled: str) -> str:
    """Why the call with this dialled number went to the fallback, as the channel event log has it."""
    rows = await cel_of(asterisk, dialled, "FALLBACK")
    row = next(row for row in rows if row[0] == "FALLBACK")
    UUID(row[5])  # the call id ties this row to the call
    reason: str = json.loads(row[9])["extra"]
    return reason


def new_number() -> str:
    """A number that no other test dials."""
    return f"14{uuid4().int % 10**9:09}"
