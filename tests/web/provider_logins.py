"""Browsers that log in by an identity provider that the pages know."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import ClientResponse

from ari_app.core.ids import MunicipalityCode
from ari_app.core.provider import ProviderRules, read_rules
from ari_app.web.oidc import client
from ari_app.web.oidc.client import Provider, ProviderOptions
from tests.web.people import Browser, Place
from tests.web.provider import CLIENT, SECRET, IdentityProvider, a_provider

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
RULES = read_rules("Klantcontactmedewerker=operator:GM9901,Teamleider=supervisor:GM9901,Beheerder=administrator:GM9901")
NO_LOGIN = (None, "")


def knows(place: Place, provider: IdentityProvider, rules: ProviderRules, secret: str = SECRET) -> None:
    options = ProviderOptions(provider.issuer, CLIENT, secret, rules, "uw gemeenteaccount")
    url = str(place.server.make_url("")).rstrip("/")
    object.__setattr__(place.site, "provider", Provider(options, url, place.clock))


async def came_back(browser: Browser, path: str = "/inloggen/oidc") -> str:
    """The address at the pages to which the provider sends somebody who goes there."""
    begun = await browser.get(path)
    assert begun.status == 303, await begun.text()
    sent = await browser.session.get(begun.headers["Location"], allow_redirects=False)
    assert sent.status == 302
    return sent.headers["Location"].removeprefix(browser.base)


async def logs_in(browser: Browser, path: str = "/inloggen/oidc") -> ClientResponse:
    return await browser.get(await came_back(browser, path))


async def nobody_is_in(place: Place, browser: Browser) -> None:
    assert browser.cookie in NO_LOGIN
    assert (await browser.get("/account")).status == 303
    assert await place.serve.pool.fetchval("SELECT count(*) FROM web_session") == 0


@asynccontextmanager
async def asked_at_each_login(place: Place, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[IdentityProvider]:
    """A provider that the pages know, and look for at each login; Dirk is an operator there."""
    monkeypatch.setattr(client, "CHECKED_FOR", timedelta(0))
    async with a_provider(place.clock) as provider:
        provider.person["roles"] = ["Klantcontactmedewerker"]
        knows(place, provider, ProviderRules(RULES))
        yield provider
