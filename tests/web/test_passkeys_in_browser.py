"""A passkey from its beginning to its end in a real browser, with the authenticator that Chromium has for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Page

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.totp import code_of, step_at
from ari_app.local.postgres import LocalPostgres
from tests.web.desks import a_desk
from tests.web.looks import looked_at
from tests.web.people import PASSWORD

pytestmark = pytest.mark.postgres

#: what a browser does at last when its owner has no passkey; it waits for minutes before
HAS_NONE = "navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
TESTS = "127.0.0.0/8"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def a_device(page: Page) -> None:
    """The computer of this page has a reader of fingers, and a finger on it."""
    chromium = await page.context.new_cdp_session(page)
    await chromium.send("WebAuthn.enable")
    await chromium.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


async def test_somebody_adds_a_passkey_logs_in_with_it_and_removes_it(
    postgres_server: LocalPostgres, migrated_template: str, server_directory: Path
) -> None:
    settings = {
        "ARI_APP_DESK_URL": "http://localhost:{port}",
        "ARI_APP_DESK_TRUSTED": "192.0.2.0/24",
    }
    async with a_desk(postgres_server, migrated_template, server_directory, settings) as desk:
        await desk.account("bea", RoleRow(Role.ADMINISTRATOR, MunicipalityCode("GM9901")), name="Bea")
        url = f"http://localhost:{desk.pages.settings.port}"
        # So that the first login sets codes.
        await desk.serve.pool.execute("UPDATE account SET sets_factor_until = now() + interval '1 hour'")
        without = await desk.page()
        await without.add_init_script(HAS_NONE)
        await without.goto(f"{url}/inloggen")
        await looked_at(desk, without, "login-with-passkeys")
        await without.get_by_role("button", name="Log in met een passkey").click()
        await desk.text_of(without, "[data-failed]", "Er is geen passkey gegeven.")
        await looked_at(desk, without, "passkey-none")
        page = await desk.page()
        await a_device(page)
        await page.goto(f"{url}/inloggen?verder=/account")
        await log_in_with_codes(page)
        await page.get_by_role("link", name="Inloggen met uw vinger").click()
        await looked_at(desk, page, "passkeys-none")
        await page.fill("#naam", "laptop van het werk")
        await page.fill("#huidig", "een ander wachtwoord")
        await page.keyboard.press("Enter")
        await desk.text_of(page, "main", "Dit is niet uw wachtwoord.")
        await looked_at(desk, page, "passkeys-refused")
        await page.fill("#huidig", PASSWORD)
        await page.keyboard.press("Enter")
        await desk.text_of(page, "[role=status]", "De passkey is toegevoegd.")
        await looked_at(desk, page, "passkeys-one")
        await page.fill("#naam", "nog een")
        await page.fill("#huidig", PASSWORD)
        await page.keyboard.press("Enter")
        await desk.text_of(page, "[data-failed]", "op dit apparaat al een passkey")
        await looked_at(desk, page, "passkey-there")
        await page.get_by_role("button", name="Uitloggen").click()
        await page.get_by_role("button", name="Log in met een passkey").click()
        await desk.text_of(page, "header", "Bea")
        await page.get_by_role("button", name="Uitloggen").click()
        await page.fill("#naam", "bea")
        await page.fill("#wachtwoord", PASSWORD)
        await page.keyboard.press("Enter")
        await desk.text_of(page, "h1", "Code invullen")
        await looked_at(desk, page, "code-or-passkey")
        await page.get_by_role("button", name="Gebruik mijn passkey").click()
        await desk.text_of(page, "header", "Bea")
        await page.goto(f"{url}/account/passkeys")
        await page.get_by_role("button", name="Verwijder").click()
        await desk.text_of(page, "[role=status]", "De passkey is weg.")
        await looked_at(desk, page, "passkeys-removed")


async def test_where_browsers_give_no_passkeys_the_pages_say_what_to_do(
    postgres_server: LocalPostgres, migrated_template: str, server_directory: Path
) -> None:
    """Bea has to give a code everywhere, and Anna in no office; neither has one."""
    settings = {"ARI_APP_DESK_TRUSTED": TESTS, "ARI_APP_DESK_TRUSTED_ROLES": "operator"}
    async with a_desk(postgres_server, migrated_template, server_directory, settings) as desk:
        for login, role in (("bea", Role.ADMINISTRATOR), ("anna", Role.OPERATOR)):
            await desk.account(login, RoleRow(role, MunicipalityCode("GM9901")), name=login.title())
        await desk.serve.pool.execute(
            """INSERT INTO passkey (id, account, credential, public_key, sign_count, name, created_at)
            SELECT gen_random_uuid(), id, login::bytea, '', 0, 'laptop', now() FROM account"""
        )
        page = await desk.page()
        for login, where, says in (
            ("bea", "[role=alert]", "Uw account heeft alleen een passkey"),
            ("anna", "main", "Op dit adres kan niemand een passkey gebruiken"),
        ):
            await page.goto(f"{desk.pages.settings.url}/inloggen?verder=/account/passkeys")
            await page.fill("#naam", login)
            await page.fill("#wachtwoord", PASSWORD)
            await page.keyboard.press("Enter")
            await desk.text_of(page, where, says)
            await looked_at(desk, page, f"passkeys-off-{login}")


async def log_in_with_codes(page: Page) -> None:
    """The first time: with codes of an app that is connected now."""
    await page.fill("#naam", "bea")
    await page.fill("#wachtwoord", PASSWORD)
    await page.keyboard.press("Enter")
    secret = await page.input_value("[name=geheim]")
    await page.fill("#code", code_of(secret, step_at(datetime.now(UTC))))
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Ik heb ze bewaard").click()
