"""Logging in by an identity provider: accounts and roles of people whom it lets in."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.provider import ProviderRules, read_rules
from ari_app.storage.accounts.store import find_account, list_accounts
from tests.web.controllers import rows_are_changed
from tests.web.people import Place
from tests.web.provider import IdentityProvider
from tests.web.provider_logins import ELDERLO, RULES, WIERDAM, knows, logs_in, nobody_is_in

pytestmark = pytest.mark.postgres


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


@pytest.mark.usefixtures("controller")
async def test_a_first_login_is_in_the_audit_log_of_its_municipality(place: Place, provider: IdentityProvider) -> None:
    assert (await logs_in(await place.browser())).status == 303
    rows = await place.serve.pool.fetch("SELECT action, municipalities FROM audit_log ORDER BY id")
    assert [(row["action"], row["municipalities"]) for row in rows] == [
        ("account.add", [WIERDAM]),
        ("account.subject", [WIERDAM]),
        ("login", [WIERDAM]),
    ]


async def test_two_first_logins_at_the_same_moment_are_one_account(place: Place, provider: IdentityProvider) -> None:
    async with rows_are_changed(place):
        answers = await asyncio.gather(logs_in(await place.browser()), logs_in(await place.browser()))
    assert [answer.status for answer in answers] == [303, 303]
    assert len(await list_accounts(place.serve.background, None)) == 1


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


@pytest.mark.usefixtures("controller")
async def test_a_client_may_show_its_secret_in_the_form_or_in_a_header(
    place: Place, provider: IdentityProvider
) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await logs_in(await place.browser())).status == 303
    knows(place, provider, ProviderRules(RULES), secret="not ours")
    assert (await logs_in(await place.browser())).status == 403


async def test_without_a_provider_there_is_no_such_page(place: Place) -> None:
    browser = await place.browser()
    assert "gemeenteaccount" not in await (await browser.get("/inloggen")).text()
    for path in ("/inloggen/oidc", "/inloggen/oidc/terug?code=a&state=b"):
        assert (await browser.get(path)).status == 404
