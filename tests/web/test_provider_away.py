"""Logins by an identity provider when it is away, makes no sense or changes its keys, or no controller gives roles."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.web.oidc import client
from tests.web.people import Place
from tests.web.provider import IdentityProvider
from tests.web.provider_logins import WIERDAM, came_back, logs_in, nobody_is_in

pytestmark = pytest.mark.postgres


async def test_given_a_provider_that_is_away_then_local_accounts_get_in_and_the_page_says_so(
    place: Place, provider: IdentityProvider
) -> None:
    provider.is_away = True
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    browser = await place.browser()
    answer = await browser.get("/inloggen/oidc?verder=/account")
    text = await answer.text()
    assert answer.status == 503
    assert "De inlogdienst antwoordt niet" in text and 'name="wachtwoord"' in text
    assert (await browser.log_in("anna", verder="/account")).headers["Location"] == "/account"
    provider.is_away = False
    back = await came_back(await place.browser())
    provider.is_away = True
    assert (await browser.get(back)).status == 400
    other = await place.browser()
    provider.is_away = False
    back = await came_back(other)
    provider.is_away = True
    assert (await other.get(back)).status == 503, "it went away between the two"


async def test_given_no_controller_then_nobody_gets_other_roles_and_the_page_says_so(
    place: Place, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.storage.commands.asker.SURE_AFTER_SECONDS", 0.2)
    monkeypatch.setattr("ari_app.storage.commands.asker.LONGEST_SECONDS", -4.5)
    browser = await place.browser()
    answer = await logs_in(browser)
    assert answer.status == 503
    assert "uw rollen kunnen nu niet worden bijgewerkt" in await answer.text()
    await nobody_is_in(place, browser)


@pytest.mark.usefixtures("controller")
async def test_new_keys_are_asked_for_once_they_are_used(
    place: Place, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await logs_in(await place.browser())).status == 303
    provider.signs_with, provider.shows = "second", ("second",)
    assert (await logs_in(await place.browser())).status == 403, "it was asked a moment ago"
    monkeypatch.setattr(client, "ASK_AGAIN_AFTER", timedelta(0))
    assert (await logs_in(await place.browser())).status == 303
    assert provider.asked.count("keys") == 2


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://login.other.example"},
        {"token_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": 4},
    ],
    ids=str,
)
async def test_a_provider_that_makes_no_sense_is_away(
    place: Place, provider: IdentityProvider, metadata: dict[str, object]
) -> None:
    provider.metadata = metadata
    assert (await (await place.browser()).get("/inloggen/oidc")).status == 503


async def test_whoever_waits_for_a_provider_that_is_away_waits_once_for_all(
    place: Place, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CHECKED_FOR", timedelta(hours=1))
    provider.is_away = True
    browser = await place.browser()
    answers = await asyncio.gather(*(browser.get("/inloggen/oidc") for _ in range(5)))
    assert [answer.status for answer in answers] == [503] * 5
    assert len(provider.asked) == 1
