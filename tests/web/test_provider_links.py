"""Accounts linked to a person of an identity provider: they log in there alone, until they are unlinked."""

from __future__ import annotations

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.storage.accounts.changes import AccountRefused
from ari_app.storage.accounts.passwords import Passwords
from ari_app.storage.accounts.store import change_roles, find_account, list_accounts, lock_account, set_subject
from tests.web.controllers import rows_are_changed
from tests.web.people import PASSWORD, Browser, Place
from tests.web.provider import IdentityProvider
from tests.web.provider_logins import WIERDAM, logs_in

pytestmark = pytest.mark.postgres


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
