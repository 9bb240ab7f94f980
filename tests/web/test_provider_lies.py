"""Logins by an identity provider under attack: lies in its claims, made-up codes, other browsers and other pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import new_account_id
from ari_app.core.login_limits import OF_ADDRESS
from ari_app.core.operator_commands import ACCEPTED, RefusalReason, Refused
from ari_app.core.provider_commands import FollowProvider
from ari_app.storage.accounts.store import list_accounts
from ari_app.storage.commands.asker import ask
from tests.web.controllers import rows_are_changed
from tests.web.people import Place
from tests.web.provider import CLIENT, SECRET, IdentityProvider, signed_with_what_is_public, unsigned
from tests.web.provider_logins import WIERDAM, came_back, logs_in, nobody_is_in

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(
    ("issuer", "actor", "roles"),
    [
        (None, None, "administrator"),
        (None, None, "operator:GM9902"),
        (None, None, "operator:GM9901,administrator"),
        ("https://evil.example", "provider:https://evil.example", "operator:GM9901"),
        (None, "console:root", "operator:GM9901"),
        (None, "account:anna", "operator:GM9901"),
    ],
)
@pytest.mark.usefixtures("controller")
async def test_whoever_took_over_the_pages_speaks_for_no_provider(
    place: Place, provider: IdentityProvider, issuer: str | None, actor: str | None, roles: str
) -> None:
    said = FollowProvider(issuer or provider.issuer, "me", "mole", "Mole", roles)

    async def told(wanted: FollowProvider, by: str) -> object:
        return await ask(place.site.pool, AskedCommand(wanted, account=new_account_id()), actor=by, scope=None)

    refused = await told(said, actor or f"provider:{provider.issuer}")
    assert refused == Refused(RefusalReason.NOT_ALLOWED)
    assert await list_accounts(place.serve.background, None) == []
    good = FollowProvider(provider.issuer, "me", "mole", "Mole", "operator:GM9901")
    assert await told(good, f"provider:{provider.issuer}") == ACCEPTED


LIES: dict[str, Callable[[IdentityProvider], object]] = {
    "issuer": lambda p: p.claims.update(iss="https://login.other.example"),
    "audience": lambda p: p.claims.update(aud="another-client"),
    "audience without us": lambda p: p.claims.update(aud=["a", "b"], azp="a"),
    "two audiences and no party": lambda p: p.claims.update(aud=[CLIENT, "b"]),
    "party": lambda p: p.claims.update(azp="another-client"),
    "nonce": lambda p: p.claims.update(nonce="of another login"),
    "no nonce": lambda p: p.claims.update(nonce=None),
    "expired": lambda p: p.claims.update(exp=int((p.now() - timedelta(minutes=5)).timestamp())),
    "no end": lambda p: p.claims.update(exp=None),
    "an end that is a word": lambda p: p.claims.update(exp="tomorrow"),
    "an end beyond time": lambda p: p.claims.update(exp=1e300),
    "made tomorrow": lambda p: p.claims.update(iat=int((p.now() + timedelta(days=1)).timestamp())),
    "valid tomorrow": lambda p: p.claims.update(nbf=int((p.now() + timedelta(days=1)).timestamp())),
    "no subject": lambda p: p.person.update(sub=""),
    "userinfo of another": lambda p: p.userinfo.update(sub="somebody else"),
    "userinfo of nobody": lambda p: p.userinfo.update(sub=None),
    "no signature": lambda p: setattr(p, "signature", unsigned),
    "a signature with what is public": lambda p: setattr(p, "signature", signed_with_what_is_public),
    "a signature cut off": lambda p: setattr(p, "signature", lambda payload: unsigned(payload)[:-1]),
    "no token": lambda p: setattr(p, "signature", lambda payload: ""),
    "a key of nobody": lambda p: setattr(p, "signs_with", "second"),
    "another provider's code": lambda p: p.answer.update(iss="https://login.other.example"),
    "a code of no provider": lambda p: p.answer.update(iss=""),
    "a code that nobody gave": lambda p: p.answer.update(code="made up"),
    "no code": lambda p: p.answer.update(code=""),
    "a refusal": lambda p: p.answer.update(error="access_denied"),
    "an unknown role": lambda p: p.person.update(roles=["Burgemeester", "administrator"]),
    "no role": lambda p: p.person.update(roles=None),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.usefixtures("controller")
async def test_a_provider_that_lies_lets_nobody_in(place: Place, provider: IdentityProvider, lie: str) -> None:
    LIES[lie](provider)
    browser = await place.browser()
    answer = await logs_in(browser)
    assert answer.status == 403
    text = await answer.text()
    assert "niet gelukt" in text or "nog geen rol" in text
    await nobody_is_in(place, browser)
    assert await list_accounts(place.serve.background, None) == []


async def test_only_the_browser_that_began_a_login_ends_it_and_once(place: Place, provider: IdentityProvider) -> None:
    async with rows_are_changed(place):
        mine, other = await place.browser(), await place.browser()
        back = await came_back(mine)
        for stranger in (other, await place.browser()):
            assert (await stranger.get(back)).status == 400
        await other.get("/inloggen/oidc")
        assert (await other.get(back)).status == 400, "with a login of its own under way"
        await nobody_is_in(place, other)
        assert (await mine.get(f"{back}0".replace("state=", "state=x"))).status == 400
        assert (await mine.get(back)).status == 400, "what it kept is gone after the first try"
        again = await came_back(mine)
        assert (await mine.get(again)).status == 303
        assert (await mine.get(again)).status == 400


async def test_codes_that_are_made_up_make_their_address_wait_before_the_provider_is_asked(
    place: Place, provider: IdentityProvider
) -> None:
    provider.answer["code"] = "made up"
    answers = [(await logs_in(await place.browser())).status for _ in range(OF_ADDRESS.free + 1)]
    assert set(answers) == {403}
    asked = provider.asked.count("token")
    waits = await logs_in(await place.browser())
    assert (waits.status, "Wacht" in await waits.text()) == (429, True)
    assert provider.asked.count("token") == asked
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    assert (await (await place.browser()).log_in("anna")).status == 303, "with a password one gets in all the same"


async def test_a_page_elsewhere_is_never_gone_on_to(place: Place, provider: IdentityProvider) -> None:
    async with rows_are_changed(place):
        for path in ("//elders.example", "https://elders.example", "/\\elders.example"):
            answer = await logs_in(await place.browser(), f"/inloggen/oidc?verder={path}")
            assert (answer.status, answer.headers["Location"]) == (303, "/")


async def test_what_goes_to_the_provider_holds_no_secret(place: Place, provider: IdentityProvider) -> None:
    browser = await place.browser()
    begun = await browser.get("/inloggen/oidc")
    query = parse_qs(urlsplit(begun.headers["Location"]).query)
    assert SECRET not in begun.headers["Location"] and "code_verifier" not in query
    cookie = begun.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Max-Age=600" in cookie
    assert SECRET not in repr(place.site.provider.options if place.site.provider else "")
