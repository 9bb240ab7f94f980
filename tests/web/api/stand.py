"""The API before a database, programs with tokens, and people who are logged in: one of each for a module."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import ClientResponse, ClientSession

from ari_app.core.access import ApiScope, Role, Scope
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.storage.accounts.service_tokens import MOST_PER_MINUTE, add_token
from tests.web.people import Place

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
OF_WIERDAM: Scope = frozenset({WIERDAM})
BASE = "/api/v1"
ALL = frozenset(ApiScope)


@dataclass
class Told:
    """An answer, read."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Program:
    """Another program with its token, or a browser with its cookie; nothing else is remembered between requests."""

    session: ClientSession
    base: str
    headers: Mapping[str, str]

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Told:
        return await self.send("GET", path, headers=headers)

    async def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None, data: bytes = b""
    ) -> Told:
        sent = {**self.headers, **(headers or {})}
        if body is not None:
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        async with self.session.request(
            method, f"{self.base}{BASE}{path}", headers=sent, data=data or None, allow_redirects=False
        ) as answer:
            return await told(answer)


async def told(answer: ClientResponse) -> Told:
    return Told(answer.status, answer.headers, await answer.text())


@dataclass
class Stand:
    place: Place
    session: ClientSession
    all_of_wierdam: Program | None = None

    @property
    def base(self) -> str:
        return str(self.place.server.make_url("")).rstrip("/")

    async def token(
        self,
        name: str,
        *scopes: ApiScope,
        of: Scope = OF_WIERDAM,
        operator: str | None = None,
        most_per_minute: int = MOST_PER_MINUTE * 100,
        lasts: timedelta = timedelta(days=1),
    ) -> str:
        number = None if operator is None else OperatorNumber(operator)
        return await add_token(
            self.place.serve.background,
            name,
            scopes or ALL,
            of,
            "test",
            self.place.clock(),
            lasts=lasts,
            operator=number,
            most_per_minute=most_per_minute,
        )

    async def program(self, name: str, *scopes: ApiScope, **more: Any) -> Program:
        return self.with_token(await self.token(name, *scopes, **more))

    async def everything(self) -> Program:
        """A program that may do all that can be done in Wierdam."""
        if self.all_of_wierdam is None:
            self.all_of_wierdam = await self.program("alles-van-wierdam")
        return self.all_of_wierdam

    def with_token(self, token: str) -> Program:
        return Program(self.session, self.base, {"Authorization": f"Bearer {token}"})

    def nobody(self) -> Program:
        return Program(self.session, self.base, {})

    async def person(self, login: str, role: Role, of: MunicipalityCode, operator: str | None = None) -> Program:
        """Logged in on the pages."""
        await self.place.account(login, RoleRow(role, of), operator=operator)
        browser = await self.place.logged_in(login)
        return Program(self.session, self.base, {"Cookie": f"sid={browser.cookie}"})
