"""Logging out at the identity provider: from here, and told by its server; and every lie in what that says."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.provider import ProviderRules, read_rules
from ari_app.storage.accounts.store import set_subject
from ari_app.web.oidc import client
from ari_app.web.oidc.client import Provider, ProviderOptions
from tests.web.controllers import rows_are_changed
from tests.web.frames import closed_with
from tests.web.people import Browser, Place
from tests.web.provider import CLIENT, SECRET, IdentityProvider, a_provider, signed_with_what_is_public, unsigned

pytestmark = pytest.mark.postgres

WIERDAM = MunicipalityCode("GM9901")
HEARD = "/inloggen/oidc/afmelden"
BACK = "/inloggen/oidc/uit"


@pytest.fixture
async def provider(place: Place, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[IdentityProvider]:
    """Which the pages know, with a controller that gives its roles."""
    monkeypatch.setattr(client, "CHECKED_FOR", timedelta(0))
    async with a_provider(place.clock) as provider:
        provider.person["roles"] = ["Klantcontactmedewerker"]
        rules = ProviderRules(read_rules("Klantcontactmedewerker=operator:GM9901"))
        options = ProviderOptions(provider.issuer, CLIENT, SECRET, rules, "uw gemeenteaccount")
        url = str(place.server.make_url("")).rstrip("/")
        object.__setattr__(place.site, "provider", Provider(options, url, place.clock))
        async with rows_are_changed(place):
            yield provider


async def by_provider(place: Place) -> Browser:
    """Somebody who came in by the provider."""
    browser = await place.browser()
    begun = await browser.get("/inloggen/oidc?verder=/account")
    sent = await browser.session.get(begun.headers["Location"], allow_redirects=False)
    back = await browser.get(sent.headers["Location"].removeprefix(browser.base))
    assert back.headers["Location"] == "/account"
    return browser


async def tells(place: Place, token: str) -> int:
    """The provider's server, which is no browser, tells of a logout."""
    browser = await place.browser()
    return (await browser.post(HEARD, {"logout_token": token}, headers={})).status


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/account")).status == 200


async def test_logging_out_here_goes_on_to_the_provider_and_back(place: Place, provider: IdentityProvider) -> None:
    browser = await by_provider(place)
    answer = await browser.post("/uitloggen")
    text = await answer.text()
    assert answer.status == 200 and "U bent hier uitgelogd" in text
    assert not await is_in(browser), "whatever happens at the provider"
    (onward,) = re.findall(r'content="0; url=([^"]+)"', text)
    address = unescape(onward)
    query = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{provider.issuer}/end?") and set(query) == {
        "client_id",
        "post_logout_redirect_uri",
        "state",
    }
    sent = await browser.session.get(address, allow_redirects=False)
    back = sent.headers["Location"].removeprefix(browser.base)
    assert back.startswith(BACK)
    other = await place.browser()
    for wrong in (back.replace("state=", "state=x"), BACK):
        assert (await browser.get(wrong)).headers["Location"] == "/inloggen"
    assert (await other.get(back)).headers["Location"] == "/inloggen", "another browser began it"
    done = await browser.get(back)
    assert done.status == 200 and "ook bij de inlogdienst" in await done.text()
    assert (await browser.get(back)).status == 303, "once"


@pytest.mark.parametrize("metadata", [{"end_session_endpoint": None}, {"end_session_endpoint": "javascript:alert(1)"}])
async def test_a_provider_without_a_door_for_it_keeps_nobody_logged_in_here(
    place: Place, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch, metadata: dict[str, Any]
) -> None:
    browser = await by_provider(place)
    monkeypatch.setattr(client, "KEPT_FOR", timedelta(0))
    provider.metadata = metadata
    answer = await browser.post("/uitloggen")
    assert answer.headers["Location"] == "/inloggen?uit=hier"
    assert "misschien nog ingelogd" in await (await browser.get("/inloggen?uit=hier")).text()
    assert not await is_in(browser)


async def test_with_a_password_one_logs_out_here_only(place: Place, provider: IdentityProvider) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM))
    browser = await place.logged_in("anna")
    asked = len(provider.asked)
    assert (await browser.post("/uitloggen")).headers["Location"] == "/inloggen"
    assert len(provider.asked) == asked


async def test_given_a_logout_at_the_provider_then_its_logins_end_and_the_page_says_why(
    place: Place, provider: IdentityProvider
) -> None:
    browser, other = await by_provider(place), await by_provider(place)
    socket = await browser.live()
    assert await tells(place, provider.logout_token()) == 200
    assert await closed_with(socket) == 4401
    page = await (await browser.get("/inloggen?verder=/account")).text()
    assert "omdat u bij de inlogdienst bent uitgelogd" in page and "gaat gewoon door" in page
    assert not await is_in(other)
    assert await place.deeds("session.end") == [f"provider:{provider.issuer}"] * 2
    stranger = await (await (await place.browser()).get("/inloggen")).text()
    assert "omdat u bij de inlogdienst" not in stranger
    place.clock.pass_by(timedelta(hours=13))
    assert "omdat u" not in await (await browser.get("/inloggen")).text()


async def test_a_logout_of_one_login_there_ends_that_one_here(place: Place, provider: IdentityProvider) -> None:
    provider.claims["sid"] = "first"
    first = await by_provider(place)
    provider.claims["sid"] = "second"
    second = await by_provider(place)
    assert await tells(place, provider.logout_token(sub=None, sid="first")) == 200
    assert (await is_in(first), await is_in(second)) == (False, True)
    assert await tells(place, provider.logout_token(sid="first")) == 200
    assert await tells(place, provider.logout_token(sub="somebody else", sid="second")) == 200
    assert await is_in(second), "that login is not of that person"
    assert await tells(place, provider.logout_token(sid="second")) == 200
    assert not await is_in(second)
    del provider.claims["sid"]
    unnamed = await by_provider(place)
    assert await tells(place, provider.logout_token(sub=None, sid="third")) == 200
    assert await is_in(unnamed)
    assert await tells(place, provider.logout_token(sid="third")) == 200
    assert not await is_in(unnamed), "the provider never said what it calls this one"


async def test_logins_with_a_password_and_of_others_go_on(place: Place, provider: IdentityProvider) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM))
    mine = await place.logged_in("anna")
    dirk = await by_provider(place)
    await set_subject(place.serve.background, "dirk", provider.issuer, "", "test", place.clock())
    await set_subject(place.serve.background, "dirk", provider.issuer, "another", "test", place.clock())
    provider.person["sub"] = "4f2"
    provider.person["preferred_username"] = "eva"
    eva = await by_provider(place)
    assert await tells(place, provider.logout_token(sub="4f1")) == 200
    assert (await is_in(mine), await is_in(dirk), await is_in(eva)) == (True, False, True)


async def test_a_logout_counts_once(place: Place, provider: IdentityProvider) -> None:
    token = provider.logout_token()
    await by_provider(place)
    assert await tells(place, token) == 200
    browser = await by_provider(place)
    assert await tells(place, token) == 400
    assert await is_in(browser), "whoever kept the token logs nobody out with it"


LIES: dict[str, dict[str, Any]] = {
    "issuer": {"iss": "https://login.other.example"},
    "audience": {"aud": "another-client"},
    "no audience": {"aud": None},
    "of yesterday": {"iat": -86_400},
    "of tomorrow": {"iat": 86_400},
    "no moment": {"iat": None},
    "expired": {"exp": -300},
    "no name": {"jti": None},
    "an empty name": {"jti": ""},
    "a name that cannot be stored": {"jti": "\x00"},
    "no event": {"events": None},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "an event that is a list": {"events": ["http://schemas.openid.net/event/backchannel-logout"]},
    "an event that is a word": {"events": {"http://schemas.openid.net/event/backchannel-logout": "yes"}},
    "a nonce": {"nonce": "of a login"},
    "nobody": {"sub": None},
    "a subject that is a number": {"sub": 4},
    "a login that is a list": {"sid": ["first"]},
    "an identity token": {"events": None, "nonce": "of a login", "jti": None},
}


async def test_a_logout_that_lies_logs_nobody_out(place: Place, provider: IdentityProvider) -> None:
    browser = await by_provider(place)
    now = int(place.clock().timestamp())
    for why, lie in LIES.items():
        said = {name: now + at if name in ("iat", "exp") and at is not None else at for name, at in lie.items()}
        assert await tells(place, provider.logout_token(**said)) == 400, why
    assert await tells(place, provider.logout_token("at+jwt")) == 400
    for signature in (unsigned, signed_with_what_is_public, lambda payload: unsigned(payload)[:-1], lambda payload: ""):
        provider.signature = signature
        assert await tells(place, provider.logout_token()) == 400
    provider.signature, provider.signs_with = None, "second"
    assert await tells(place, provider.logout_token()) == 400, "a key of nobody"
    provider.signs_with = "first"
    assert await is_in(browser)
    assert await place.deeds("session.end") == []
    for typ in (None, "JWT", "logout+jwt"):
        assert await tells(place, provider.logout_token(typ, exp=None)) == 200, typ


async def test_what_is_no_form_and_a_provider_that_is_away_are_answered(
    place: Place, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await place.browser()
    answer = await browser.session.post(f"{browser.base}{HEARD}", json={"logout_token": provider.logout_token()})
    assert answer.status == 415
    assert (await browser.post(HEARD, {}, headers={})).status == 400
    assert (await browser.get(HEARD)).status == 405
    assert (await browser.post("/uitloggen", {}, headers={})).status == 403, "everything else is sent by our pages"
    monkeypatch.setattr(client, "KEPT_FOR", timedelta(0))
    provider.is_away = True
    assert await tells(place, provider.logout_token()) == 503


async def test_without_a_provider_there_is_no_logout_of_one(place: Place) -> None:
    browser = await place.browser()
    assert (await browser.get(f"{BACK}?state=a")).status == 404
    assert (await browser.post(HEARD, {"logout_token": "a"}, headers={})).status == 404
