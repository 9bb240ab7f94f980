"""Logging in by an identity provider: people whom it lets in, and every lie in its claims."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientResponse

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import MunicipalityCode, new_account_id
from ari_app.core.login_limits import OF_ADDRESS
from ari_app.core.operator_commands import ACCEPTED, RefusalReason, Refused
from ari_app.core.provider import ProviderRules, read_rules
from ari_app.core.provider_commands import FollowProvider
from ari_app.storage.accounts.changes import AccountRefused
from ari_app.storage.accounts.passwords import Passwords
from ari_app.storage.accounts.store import (
    change_roles,
    find_account,
    list_accounts,
    lock_account,
    set_subject,
)
from ari_app.storage.commands.asker import ask
from ari_app.web.oidc import client
from ari_app.web.oidc.client import Provider, ProviderOptions
from tests.web.controllers import rows_are_changed
from tests.web.people import PASSWORD, Browser, Place
from tests.web.provider import CLIENT, SECRET, IdentityProvider, a_provider, signed_with_what_is_public, unsigned

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
RULES = read_rules("Klantcontactmedewerker=operator:GM9901,Teamleider=supervisor:GM9901,Beheerder=administrator:GM9901")
NO_LOGIN = (None, "")


@pytest.fixture
async def provider(place: Place, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[IdentityProvider]:
    """Which the pages know, and look for at each login; Dirk is an operator there."""
    monkeypatch.setattr(client, "CHECKED_FOR", timedelta(0))
    async with a_provider(place.clock) as provider:
        provider.person["roles"] = ["Klantcontactmedewerker"]
        knows(place, provider, ProviderRules(RULES))
        yield provider


@pytest.fixture
async def controller(place: Place, provider: IdentityProvider) -> AsyncIterator[None]:
    async with rows_are_changed(place):
        yield


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


@pytest.mark.usefixtures("controller")
async def test_somebody_gets_an_account_at_the_first_login_and_has_it_at_the_next(
    place: Place, provider: IdentityProvider
) -> None:
    browser = await place.browser()
    page = await (await browser.get("/inloggen?verder=/account")).text()
    assert 'href="/inloggen/oidc?verder=%2Faccount"' in page and "Log in met uw gemeenteaccount" in page
    answer = await logs_in(browser, "/inloggen/oidc?verder=/account")
    assert (answer.status, answer.headers["Location"]) == (303, "/account")
    assert "Dirk" in await (await browser.get("/account")).text()
    dirk = await find_account(place.serve.background, "dirk", None)
    assert dirk is not None
    assert (dirk.roles, dirk.has_password) == ((RoleRow(Role.OPERATOR, WIERDAM),), False)
    provider.person["preferred_username"] = "another.name"
    assert (await logs_in(await place.browser())).status == 303
    assert [one.login for one in await list_accounts(place.serve.background, None)] == ["dirk"]
    assert await place.deeds("login") == ["dirk", "dirk"]
    assert await place.deeds("account.add") == [f"provider:{provider.issuer}"]
    assert provider.asked.count("keys") == 1, "what it is, is asked once"


async def test_a_login_that_changes_no_roles_needs_no_controller(place: Place, provider: IdentityProvider) -> None:
    async with rows_are_changed(place):
        await logs_in(await place.browser())
    assert (await logs_in(await place.browser())).status == 303


@pytest.mark.usefixtures("controller")
async def test_roles_follow_the_provider_and_those_given_here_stay(place: Place, provider: IdentityProvider) -> None:
    await logs_in(await place.browser())
    await place.serve.pool.execute(
        "INSERT INTO account_role (account, role, municipality, team) SELECT id, 'editor', 'GM9902', '' FROM account"
    )
    provider.person["roles"] = ["Teamleider", "Iets anders"]
    assert (await logs_in(await place.browser())).status == 303
    dirk = await find_account(place.serve.background, "dirk", None)
    assert dirk is not None
    assert set(dirk.roles) == {RoleRow(Role.EDITOR, ELDERLO), RoleRow(Role.SUPERVISOR, WIERDAM)}
    provider.person["roles"] = []
    browser = await place.browser()
    assert (await logs_in(browser)).status == 303, "the role that was given here is left"
    await place.serve.pool.execute("DELETE FROM account_role")
    refused = await logs_in(await place.browser())
    assert (refused.status, "nog geen rol" in await refused.text()) == (403, True)


@pytest.mark.usefixtures("controller")
async def test_a_local_account_with_the_same_name_is_another_ones(place: Place, provider: IdentityProvider) -> None:
    mine = await place.account("dirk@gemeente.example", RoleRow(Role.ADMINISTRATOR))
    provider.person |= {"preferred_username": None, "email": "dirk@gemeente.example", "email_verified": True}
    assert (await logs_in(await place.browser())).status == 303
    accounts = await list_accounts(place.serve.background, None)
    (other,) = (one for one in accounts if one.id != mine)
    assert other.login.startswith("dirk@gemeente.example-") and other.roles == (RoleRow(Role.OPERATOR, WIERDAM),)


async def test_an_account_is_linked_to_a_subject_by_an_administrator(place: Place, provider: IdentityProvider) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    await linked(place, provider)
    async with rows_are_changed(place):
        browser = await place.browser()
        assert (await logs_in(browser)).status == 303
    assert "anna" in await (await browser.get("/account")).text()
    assert len(await list_accounts(place.serve.background, None)) == 1
    await lock_account(place.serve.background, "anna", "test", place.clock())
    refused = await logs_in(await place.browser())
    assert (refused.status, "geblokkeerd" in await refused.text()) == (403, True)


async def test_a_subject_that_no_provider_can_say_or_of_another_account_is_refused_and_nothing_forgotten(
    place: Place, provider: IdentityProvider
) -> None:
    for login in ("anna", "bert"):
        await place.account(login, RoleRow(Role.OPERATOR, WIERDAM))
    await linked(place, provider, "4f1")
    for subject, words in (("x" * 256, "no subject of a provider"), ("4f1", "another account")):
        with pytest.raises(AccountRefused, match=words):
            await set_subject(place.serve.background, "bert", provider.issuer, subject, "test", place.clock())
    assert (await (await place.browser()).log_in("bert")).status == 303
    await set_subject(place.serve.background, "bert", provider.issuer, "y" * 255, "test", place.clock())


async def test_a_person_of_a_provider_of_before_is_unlinked_under_that_ones_name(
    place: Place, provider: IdentityProvider
) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM))
    await set_subject(place.serve.background, "anna", "https://before.example", "4f1", "test", place.clock())
    await linked(place, provider, subject="")
    said = await place.serve.pool.fetchval(
        "SELECT detail ->> 'issuer' FROM audit_log WHERE action = 'account.subject_remove'"
    )
    assert said == "https://before.example"


async def linked(place: Place, provider: IdentityProvider, subject: str = "4f1") -> None:
    await set_subject(place.serve.background, "anna", provider.issuer, subject, "test", place.clock())


async def is_out(place: Place, browser: Browser) -> bool:
    """Neither the login that it had, nor the password of before, lets anybody in."""
    other = await place.browser()
    return (await browser.get("/account")).status == 303 and (await other.log_in("anna")).status != 303


async def test_given_a_password_of_before_when_the_account_is_linked_then_nobody_gets_in_with_it(
    place: Place, provider: IdentityProvider
) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM))
    await place.serve.pool.execute(
        "INSERT INTO account_link (token_hash, account, expires_at) SELECT '\\x00', id, now() + '1 day' FROM account"
    )
    mole = await place.logged_in("anna")
    await linked(place, provider)
    assert await is_out(place, mole)
    assert await place.serve.pool.fetchval("SELECT count(*) FROM account_link") == 0


@pytest.mark.usefixtures("controller")
async def test_given_a_new_password_of_a_linked_account_when_the_provider_adds_a_role_then_nobody_gets_in_with_it(
    place: Place, provider: IdentityProvider
) -> None:
    place.trusts_all_roles()
    await place.account("anna", RoleRow(Role.EDITOR, WIERDAM))
    await linked(place, provider)
    await place.serve.pool.execute("UPDATE account SET password_hash = $1", await Passwords().hash(PASSWORD))
    provider.person["roles"] = []
    mole = await place.logged_in("anna")
    assert (await logs_in(await place.browser())).status == 303
    assert (await mole.get("/account")).status == 200, "a login that adds nothing ends nothing"
    provider.person["roles"] = ["Klantcontactmedewerker"]
    browser = await place.browser()
    assert (await logs_in(browser)).status == 303
    assert (await browser.get("/account")).status == 200
    assert await is_out(place, mole)


@pytest.mark.usefixtures("controller")
async def test_without_its_link_an_account_has_no_roles_of_the_provider_and_no_logins(
    place: Place, provider: IdentityProvider
) -> None:
    await place.account("anna", RoleRow(Role.EDITOR, WIERDAM))
    await linked(place, provider)
    browser = await place.browser()
    assert (await logs_in(browser)).status == 303
    await linked(place, provider, subject="")
    assert (await browser.get("/account")).status == 303
    anna = await find_account(place.serve.background, "anna", None)
    assert anna is not None and anna.roles == (RoleRow(Role.EDITOR, WIERDAM),)
    rows = await place.serve.pool.fetch(
        "SELECT action, detail ->> 'before' AS before, detail ->> 'after' AS after FROM audit_log "
        "WHERE action LIKE 'account.subject%' ORDER BY id"
    )
    assert [row["action"] for row in rows] == ["account.subject", "account.subject_remove"]
    assert rows[0]["before"] is None and rows[1]["after"] is None
    assert rows[0]["after"] == rows[1]["before"] and len(rows[0]["after"]) == 16
    assert await place.deeds("account.role_remove") == ["test"]
    await linked(place, provider, subject="")
    assert len(await place.deeds("account.subject_remove")) == 1, "nothing was done"


async def test_a_role_that_is_held_from_here_too_needs_no_controller_and_stays(
    place: Place, provider: IdentityProvider
) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM))
    await linked(place, provider)
    assert (await logs_in(await place.browser())).status == 303, "nobody has to write anything"
    provider.person["roles"] = ["Teamleider"]
    async with rows_are_changed(place):
        assert (await logs_in(await place.browser())).status == 303
    given = RoleRow(Role.SUPERVISOR, WIERDAM)
    for _ in range(2):
        await change_roles(place.serve.background, "anna", [given], (), "bea", place.clock())
    assert await place.deeds("account.role_add") == [f"provider:{provider.issuer}", "bea"], "the second did nothing"
    provider.person["roles"] = []
    assert (await logs_in(await place.browser())).status == 303
    anna = await find_account(place.serve.background, "anna", None)
    assert anna is not None and given in anna.roles


@pytest.mark.usefixtures("controller")
async def test_a_first_login_is_in_the_audit_log_of_its_municipality(place: Place, provider: IdentityProvider) -> None:
    assert (await logs_in(await place.browser())).status == 303
    rows = await place.serve.pool.fetch("SELECT action, municipalities FROM audit_log ORDER BY id")
    assert [(row["action"], row["municipalities"]) for row in rows] == [
        ("account.add", [WIERDAM]),
        ("account.subject", [WIERDAM]),
        ("login", [WIERDAM]),
    ]


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


async def test_two_first_logins_at_the_same_moment_are_one_account(place: Place, provider: IdentityProvider) -> None:
    async with rows_are_changed(place):
        answers = await asyncio.gather(logs_in(await place.browser()), logs_in(await place.browser()))
    assert [answer.status for answer in answers] == [303, 303]
    assert len(await list_accounts(place.serve.background, None)) == 1


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


@pytest.mark.usefixtures("controller")
async def test_a_municipality_that_is_not_the_providers_gives_no_role(place: Place, provider: IdentityProvider) -> None:
    rules = ProviderRules(read_rules("Teamleider=supervisor"), "roles", "gemeente", frozenset({WIERDAM}))
    knows(place, provider, rules)
    provider.person |= {"roles": ["Teamleider"], "gemeente": [ELDERLO]}
    assert (await logs_in(await place.browser())).status == 403
    assert await list_accounts(place.serve.background, None) == []
    provider.person["gemeente"] = [ELDERLO, WIERDAM]
    assert (await logs_in(await place.browser())).status == 303
    (dirk,) = await list_accounts(place.serve.background, None)
    assert dirk.roles == (RoleRow(Role.SUPERVISOR, WIERDAM),)


@pytest.mark.usefixtures("controller")
async def test_a_role_for_what_the_area_does_not_have_lets_nobody_in(place: Place, provider: IdentityProvider) -> None:
    knows(place, provider, ProviderRules(read_rules("Klantcontactmedewerker=operator:GM0000")))
    browser = await place.browser()
    assert (await logs_in(browser)).status == 403
    await nobody_is_in(place, browser)


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


@pytest.mark.usefixtures("controller")
async def test_a_client_may_show_its_secret_in_the_form_or_in_a_header(
    place: Place, provider: IdentityProvider
) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await logs_in(await place.browser())).status == 303
    knows(place, provider, ProviderRules(RULES), secret="not ours")
    assert (await logs_in(await place.browser())).status == 403


async def test_whoever_waits_for_a_provider_that_is_away_waits_once_for_all(
    place: Place, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CHECKED_FOR", timedelta(hours=1))
    provider.is_away = True
    browser = await place.browser()
    answers = await asyncio.gather(*(browser.get("/inloggen/oidc") for _ in range(5)))
    assert [answer.status for answer in answers] == [503] * 5
    assert len(provider.asked) == 1


async def test_without_a_provider_there_is_no_such_page(place: Place) -> None:
    browser = await place.browser()
    assert "gemeenteaccount" not in await (await browser.get("/inloggen")).text()
    for path in ("/inloggen/oidc", "/inloggen/oidc/terug?code=a&state=b"):
        assert (await browser.get(path)).status == 404
