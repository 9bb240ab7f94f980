"""Logging in, at the phone and on the pages, before a real browser: each state is looked over by axe."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.provider import ProviderGrants
from ari_app.core.totp import code_of, step_at
from ari_app.local.postgres import LocalPostgres
from tests.patience import PATIENCE_SECONDS
from tests.web.chromium import Desk
from tests.web.controllers import all_is_refused, rows_are_changed_in
from tests.web.desks import a_desk
from tests.web.looks import looked_at
from tests.web.people import PASSWORD
from tests.web.provider import CLIENT, SECRET, IdentityProvider, a_provider
from tests.web.rows import an_operator, was_at

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def provider() -> AsyncIterator[IdentityProvider]:
    async with a_provider() as provider:
        yield provider


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(
    postgres_server: LocalPostgres, migrated_template: str, server_directory: Path, provider: IdentityProvider
) -> AsyncIterator[Desk]:
    extra = {
        "ARI_APP_OIDC_ISSUER": provider.issuer,
        "ARI_APP_OIDC_CLIENT_ID": CLIENT,
        "ARI_APP_OIDC_CLIENT_SECRET": SECRET,
        "ARI_APP_OIDC_ROLES": "Klantcontactmedewerker=operator:GM9901",
    }
    async with a_desk(postgres_server, migrated_template, server_directory, extra) as desk:
        await desk.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
        await desk.account("bea", RoleRow(Role.ADMINISTRATOR))
        await desk.account("wim", RoleRow(Role.ADMINISTRATOR, WIERDAM))
        await desk.account("beide", RoleRow(Role.OPERATOR, WIERDAM), RoleRow(Role.EDITOR, ELDERLO))
        yield desk


async def test_an_operator_lets_their_phone_ring_by_keyboard_alone(desk: Desk) -> None:
    page = await desk.logged_in("anna")
    await desk.text_of(page, ".ring", "Typ het toestelnummer uit het nummerplan.")
    await looked_at(desk, page, "ring-first")
    await was_at(desk.serve, "101", "PJSIP/phone02", "PJSIP/phone01")
    await page.reload()
    assert await page.input_value("#toestel") == "phone01"
    async with all_is_refused(desk.serve, RefusalReason.PHONE_TAKEN):
        await page.focus("#toestel")
        await page.keyboard.press("Enter")
        await desk.text_of(page, "#answer", "Op dit toestel is een collega aangemeld.")
    await looked_at(desk, page, "ring-refused")
    await page.fill("#toestel", "9999")
    await page.keyboard.press("Enter")
    await desk.text_of(page, "#answer", "Dit toestel kennen wij niet")
    await an_operator(desk.serve, "101", WIERDAM)
    await desk.text_of(page, "#operator .state", "Klaar voor gesprekken")
    assert not await page.is_visible("#ring")


async def test_an_administrator_makes_changes_and_locks_an_account(desk: Desk) -> None:
    page = await desk.logged_in("bea")
    await page.goto(f"{desk.url}/accounts")
    await looked_at(desk, page, "accounts")
    async with rows_are_changed_in(desk.serve):
        await page.get_by_role("link", name="Maak een nieuw account").click()
        await page.fill("#naam", "anna")
        await page.fill("#persoon", "Dirk Smit")
        await page.select_option("#rol", "supervisor")
        await page.select_option("#voor", "GM9901")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await desk.text_of(page, "#answer", "Er is al een account met deze naam.")
        await looked_at(desk, page, "accounts-refused")
        assert await page.input_value("#persoon") == "Dirk Smit"
        assert await page.input_value("#rol") == "supervisor"
        await page.fill("#naam", "dirk")
        await page.get_by_role("button", name="Maak account").click()
        link = await page.inner_text("#startlink")
        assert link.startswith(f"{desk.url}/start/")
        await looked_at(desk, page, "account-link")
        await page.get_by_role("link", name="Naar het account").click()
        await desk.text_of(page, "main", "Teamleider (Wierdam)")
        await page.select_option("#rol", "editor")
        await page.select_option("#voor", "elderlo")
        await page.get_by_role("button", name="Geef deze rol").click()
        await desk.text_of(page, "#answer", "Gedaan.")
        await looked_at(desk, page, "account")
        await page.get_by_role("button", name=re.compile("Neem af.*redacteur .team KCC Elderlo")).click()
        await desk.gone(page, "main ul.list", "Elderlo")
        await page.get_by_role("button", name="Blokkeer dit account").click()
        await desk.text_of(page, "main", "Dit account is geblokkeerd sinds")
        await looked_at(desk, page, "account-locked")
    await page.goto(f"{desk.url}/accounts/bea")
    await looked_at(desk, page, "account-own")
    small = await desk.logged_in("wim")
    await small.goto(f"{desk.url}/accounts/beide")
    await desk.text_of(small, "main", "Dit account werkt ook voor andere gemeenten.")
    await looked_at(desk, small, "account-shared")


async def test_somebody_whose_phone_is_gone_sets_a_new_code(desk: Desk) -> None:
    page = await desk.logged_in("bea")
    await page.goto(f"{desk.url}/accounts/wim")
    async with rows_are_changed_in(desk.serve):
        await page.get_by_role("button", name="Haal de code weg").click()
        await desk.text_of(page, "#answer", "Gedaan.")
    await looked_at(desk, page, "account-without-code")
    own = await desk.page()
    await own.goto(f"{desk.url}/account")
    await own.fill("#naam", "wim")
    await own.fill("#wachtwoord", PASSWORD)
    await own.keyboard.press("Enter")
    await desk.text_of(own, "h1", "Stel een nieuwe code in")
    await looked_at(desk, own, "new-code")
    secret = await own.input_value("[name=geheim]")
    await own.fill("#code", "1234")
    await own.keyboard.press("Enter")
    await desk.text_of(own, "main", "Deze code klopt niet.")
    await looked_at(desk, own, "new-code-wrong")
    await own.fill("#code", code_of(secret, step_at(datetime.now(UTC))))
    await own.keyboard.press("Enter")
    await desk.text_of(own, "h1", "Bewaar deze herstelcodes")
    await looked_at(desk, own, "new-recovery-codes")
    await own.get_by_role("link", name="Ik heb ze bewaard").click()
    assert own.url == f"{desk.url}/account"


async def test_somebody_logs_in_by_the_provider_and_reads_why_when_it_fails(
    desk: Desk, provider: IdentityProvider
) -> None:
    page = await desk.page()
    await page.goto(f"{desk.url}/account")
    await looked_at(desk, page, "login")
    provider.person |= {"roles": ["Burgemeester"], "preferred_username": "sanne", "name": "Sanne"}
    provider_link = page.get_by_role("link", name="Log in met uw gemeenteaccount")
    await provider_link.click()
    await desk.text_of(page, "[role=alert]", "U hebt hier nog geen rol.")
    await looked_at(desk, page, "login-no-role")
    provider.person["roles"] = ["Klantcontactmedewerker"]
    provider.claims["aud"] = "another-client"
    await provider_link.click()
    await desk.text_of(page, "[role=alert]", "Inloggen via de inlogdienst is niet gelukt.")
    await looked_at(desk, page, "login-refused")
    del provider.claims["aud"]
    async with all_is_refused(desk.serve, RefusalReason.EXPIRED):
        await provider_link.click()
        await desk.text_of(page, "[role=alert]", "uw rollen kunnen nu niet worden bijgewerkt")
    await looked_at(desk, page, "login-no-controller")
    provider.is_away = True
    async with asyncio.timeout(PATIENCE_SECONDS):
        while "De inlogdienst antwoordt niet." not in await page.inner_text("body"):  # it answered just now
            await page.goto(f"{desk.url}/inloggen/oidc?verder=/account")
    await looked_at(desk, page, "login-away")
    provider.is_away = False
    gives = ProviderGrants(provider.issuer, frozenset({"operator:GM9901"}))
    async with rows_are_changed_in(desk.serve, provider=lambda: gives), asyncio.timeout(PATIENCE_SECONDS):
        while page.url != f"{desk.url}/account":
            await page.goto(f"{desk.url}/inloggen/oidc?verder=/account")
    await desk.text_of(page, "header", "Sanne")
    provider.stays = True
    await page.get_by_role("button", name="Uitloggen").click()
    await desk.text_of(page, "h1", "U bent hier uitgelogd")
    await looked_at(desk, page, "logged-out-here")
    provider.stays = False
    await page.get_by_role("link", name="uitloggen bij de inlogdienst").click()
    await desk.text_of(page, "[role=status]", "U bent uitgelogd, ook bij de inlogdienst.")
    await looked_at(desk, page, "logged-out")
    await page.goto(f"{desk.url}/inloggen/oidc?verder=/")
    await desk.text_of(page, "header", "Sanne")
    told = await page.request.post(f"{desk.url}/inloggen/oidc/afmelden", form={"logout_token": provider.logout_token()})
    assert told.status == 200
    await desk.text_of(page, "[role=alert]", "omdat u bij de inlogdienst bent uitgelogd")
    await looked_at(desk, page, "logged-out-there")
    other = await desk.logged_in("bea")
    await other.goto(f"{desk.url}/accounts/sanne")
    await desk.text_of(other, "main .facts", "via de inlogdienst")
    assert await other.input_value("#kenmerk") == "4f1"
    await looked_at(desk, other, "account-of-provider")
