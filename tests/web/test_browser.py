"""People before a real browser: by keyboard alone, with changes that come by themselves, with parts away."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Route

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.operators import OperatorState, PauseReason
from ari_app.local.pages import LocalPages, PagesSettings
from ari_app.local.ports import Protocol, free_port
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.accounts.store import lock_account, new_link
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE, WEB
from tests.place import address
from tests.roles import as_role
from tests.web.callers import a_talk
from tests.web.chromium import Desk, before_pages
from tests.web.conftest import AREA
from tests.web.html import WrittenPages
from tests.web.people import PASSWORD, Clock
from tests.web.rows import a_call, an_operator, everybody_leaves, paused, store, waiting_callers

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
SHOWN = {
    OperatorState.READY: "Klaar voor gesprekken",
    OperatorState.OFFERED: "Gesprek komt binnen",
    OperatorState.TALKING: "In gesprek",
    OperatorState.WRAP_UP: "Nawerk",
    OperatorState.PAUSED: "Pauze",
}
BINDS = address(1)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(postgres_server: LocalPostgres, migrated_template: str, server_directory: Path) -> AsyncIterator[Desk]:
    """One database, one `ari-app web`, one Chromium for all tests here."""
    name = f"browser_{uuid4().hex}"
    postgres_server.sql(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    url = postgres_server.url(name)
    settings = PagesSettings(server_directory / "pages", as_role(url, WEB), free_port(Protocol.TCP, BINDS), BINDS)
    pages = LocalPages(settings)
    async with Database(as_role(url, SERVE)) as serve, before_pages(pages, serve) as desk:
        await serve.pool.execute(AREA)
        await desk.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
        await desk.account("bea", RoleRow(Role.ADMINISTRATOR, WIERDAM))
        await desk.account("cor", RoleRow(Role.ANALYST, WIERDAM))
        yield desk
    postgres_server.sql(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nobody_is_logged_in_at_the_phone(desk: Desk) -> None:
    await everybody_leaves(desk.serve)
    await desk.serve.pool.execute("UPDATE node SET seen_at = now() + interval '1 hour'")


async def test_somebody_logs_in_and_out_by_keyboard_alone(desk: Desk) -> None:
    page = await desk.page()
    await page.goto(f"{desk.url}/")
    assert await page.evaluate("document.activeElement.id") == "naam"
    await page.keyboard.type("anna")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await desk.text_of(page, "#operator", "Niet aangemeld")
    await page.evaluate("document.fonts.ready.then(() => true)")
    fetched = await page.evaluate("performance.getEntriesByType('resource').map(one => one.name).join(' ')")
    assert "noto-sans-latin-400" in fetched and "latin-ext" not in fetched, "letters that no name here has"
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Naar de inhoud"
    for _ in range(10):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.textContent") == "Uitloggen":
            break
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{desk.url}/inloggen")


async def test_a_change_at_the_phone_shows_at_once_and_the_focus_stays(desk: Desk) -> None:
    page = await desk.logged_in("anna")
    session = await an_operator(desk.serve, "101", WIERDAM)
    await desk.text_of(page, "#operator .state", "Klaar voor gesprekken")
    await page.focus("#do-lunch")
    await store(desk.serve, paused(session, PauseReason.LUNCH))
    await desk.text_of(page, "#operator .state", "lunch")
    assert await page.evaluate("document.activeElement.id") == "do-lunch"
    assert await page.get_attribute("#do-lunch", "aria-pressed") == "true"
    await desk.text_of(page, "#status", "Pauze: lunch")
    assert await page.inner_text("#operator .count") != ""


async def test_callers_who_wait_are_counted_and_their_time_goes_on(desk: Desk) -> None:
    page = await desk.logged_in("anna")
    await desk.text_of(page, "#queue", "Niemand wacht")
    await waiting_callers(desk.serve, WIERDAM, 2)
    await desk.text_of(page, "#queue", "bellers wachten")
    shown = await page.inner_text("#queue .figure .count")
    assert shown.startswith("1."), shown
    await desk.gone(page, "#queue .figure .count", shown)


async def test_a_command_that_no_controller_takes_is_said_to_have_done_nothing(desk: Desk) -> None:
    page = await desk.logged_in("anna")
    await an_operator(desk.serve, "101", WIERDAM)
    await page.click("#do-lunch")
    await desk.text_of(page, "#answer", "Er is niets veranderd")
    rows = await desk.serve.pool.fetch("SELECT actor, what, arguments FROM command")
    assert [(row["actor"], row["what"]) for row in rows] == [("account:anna", "pause")]


async def test_a_screen_says_that_it_is_old_when_the_controller_is_away_and_recovers(desk: Desk) -> None:
    page = await desk.logged_in("anna")
    await desk.serve.pool.execute("UPDATE node SET seen_at = now() - interval '1 minute'")
    await desk.text_of(page, "#line", "De centrale is niet te bereiken")
    await desk.look_over(page, "the desk without a controller")
    await desk.serve.pool.execute("UPDATE node SET seen_at = now() + interval '1 hour'")
    await desk.gone(page, "body", "De centrale is niet te bereiken")


async def test_a_screen_says_that_it_is_old_when_the_pages_are_killed_and_recovers(desk: Desk) -> None:
    page = await desk.logged_in("anna")
    await desk.text_of(page, "#operator", "Niet aangemeld")
    desk.pages.kill()
    await desk.text_of(page, "#line", "Geen verbinding")
    assert "Gesprekken gaan door" in await page.inner_text("#line")
    await desk.look_over(page, "the desk without a connection")
    await an_operator(desk.serve, "101", WIERDAM)
    desk.pages.start()
    desk.pages.wait_until_ready()
    await desk.text_of(page, "#operator .state", "Klaar voor gesprekken")
    await desk.gone(page, "body", "Geen verbinding")


async def test_a_screen_says_so_when_there_is_no_network(desk: Desk) -> None:
    page = await desk.logged_in("anna")
    await desk.text_of(page, "#operator", "Niet aangemeld")
    await page.context.set_offline(True)
    await desk.text_of(page, "#line", "Geen verbinding")
    await page.context.set_offline(False)
    await desk.gone(page, "body", "Geen verbinding")


async def test_a_login_that_ends_leads_to_the_login_page(desk: Desk) -> None:
    await desk.account("dirk", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    page = await desk.logged_in("dirk")
    await desk.text_of(page, "#operator", "Niet aangemeld")
    await lock_account(desk.serve.background, "dirk", "test", Clock()())
    await page.wait_for_url(f"{desk.url}/inloggen**")


async def test_what_somebody_typed_is_found_again_after_an_ended_login_but_not_by_the_next_person(desk: Desk) -> None:
    await desk.account("fenna", RoleRow(Role.OPERATOR, ELDERLO), operator="102")
    page = await desk.logged_in("anna")
    await a_talk(desk.serve, "101", WIERDAM)
    await desk.text_of(page, "#card", "In gesprek voor Wierdam")
    await page.fill("#promise-notitie", "Over haar scheiding.")
    await page.context.clear_cookies()
    await desk.log_in(page, "anna")
    assert await page.input_value("#promise-notitie") == "Over haar scheiding."
    await page.get_by_role("button", name="Uitloggen").click()
    await page.wait_for_url(f"{desk.url}/inloggen")
    await a_talk(desk.serve, "102", ELDERLO)
    await desk.log_in(page, "fenna")
    await desk.text_of(page, "#promise [data-about]", "Elderlo")
    assert await page.get_by_role("button", name="Naar het gesprek").count() == 0
    assert "scheiding" not in await page.evaluate("JSON.stringify(sessionStorage)")


async def test_an_answer_for_somebody_without_a_login_is_not_put_into_the_page(desk: Desk) -> None:
    page = await desk.logged_in("anna")
    await a_talk(desk.serve, "101", WIERDAM)
    await desk.text_of(page, "#callback-check", "Wij bellen")
    await page.context.clear_cookies()
    async with page.expect_response(f"{desk.url}/inloggen"):  # its end is never told: the page does not read it
        await page.fill("#nummer", "0900 1234")
    await page.evaluate("fetch('/inloggen').then((reply) => reply.text())")  # what came before it is done by then
    assert "Wij bellen" in await page.inner_text("#callback-check")
    assert await page.locator("#naam").count() == 0


async def test_nothing_that_a_page_needs_comes_from_elsewhere_and_no_rule_is_broken(desk: Desk) -> None:
    page = await desk.page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{desk.url}/")
    await page.fill("#naam", "anna")
    await page.fill("#wachtwoord", PASSWORD)
    await page.keyboard.press("Enter")
    await desk.text_of(page, "#operator", "Niet aangemeld")
    assert said == []
    assert [url for url in asked if not url.startswith((desk.url, "data:"))] == []
    assert any("/static/live-" in url for url in asked)


async def test_every_page_passes_the_look_of_axe_at_every_width(desk: Desk) -> None:
    page = await desk.page()
    await page.goto(f"{desk.url}/inloggen")
    await desk.look_over(page, "the login")
    await page.fill("#naam", "bea")
    await page.fill("#wachtwoord", "verkeerd wachtwoord")
    await page.keyboard.press("Enter")
    await desk.text_of(page, "main", "klopt niet")
    await desk.look_over(page, "the login after a wrong password")
    await page.get_by_role("link", name="Toegankelijkheid").click()
    await desk.text_of(page, "h1", "Toegankelijkheid")
    await desk.look_over(page, "the accessibility statement")
    await page.goto(f"{desk.url}/nergens")
    await desk.look_over(page, "a page that does not exist")
    await desk.account("eva", RoleRow(Role.ADMINISTRATOR, WIERDAM))
    await page.goto(f"{desk.url}/start/{await new_link(desk.serve.background, 'eva', 'test', Clock()())}")
    await desk.look_over(page, "a one-time link")
    await page.goto(f"{desk.url}/start/nonsense")
    await desk.look_over(page, "a link that does not work")
    for login, paths in (
        ("anna", ["/", "/account", "/accounts"]),
        ("bea", ["/", "/accounts", "/accounts/anna"]),
        ("cor", ["/"]),
    ):
        page = await desk.logged_in(login)
        for path in paths:
            await page.goto(f"{desk.url}{path}")
            await desk.look_over(page, f"{path} of {login}")


async def test_the_desk_passes_the_look_of_axe_in_every_state(desk: Desk) -> None:
    page = await desk.logged_in("anna")
    call = await a_call(desk.serve, WIERDAM)
    session = await an_operator(desk.serve, "101", WIERDAM)
    for version, state in enumerate(SHOWN, start=1):
        has_call = state in (OperatorState.TALKING, OperatorState.OFFERED)
        changed = replace(
            session,
            state=state,
            call_id=call.id if has_call else None,
            pause_reason=PauseReason.ON_HOLD if state is OperatorState.PAUSED else None,
            pause_pending=PauseReason.MEETING if has_call else None,
            version=version,
        )
        await store(desk.serve, changed)
        await desk.text_of(page, "#operator .badge", SHOWN[state])
        await desk.look_over(page, f"the desk, {state.value}")


async def test_a_page_of_an_older_version_is_loaded_anew_but_not_in_a_talk(desk: Desk) -> None:
    build = re.compile('data-build="[0-9a-f]+"')
    loads: list[str] = []

    async def older(route: Route) -> None:
        """The page as the version before made it, the first time."""
        answer = await route.fetch()
        text = await answer.text()
        loads.append(text)
        await route.fulfill(response=answer, body=build.sub('data-build="0"', text) if len(loads) == 1 else text)

    page = await desk.logged_in("anna")
    session = await an_operator(desk.serve, "101", WIERDAM, state="talking")
    await desk.text_of(page, "#operator .badge", "In gesprek")
    await page.route(f"{desk.url}/", older)
    await page.goto(f"{desk.url}/")
    await page.locator('#hello:not([data-build="0"])').wait_for(state="attached")
    await store(desk.serve, replace(session, state=OperatorState.WRAP_UP, call_id=None, version=1))
    await desk.text_of(page, "#operator .badge", "Nawerk")
    assert len(loads) == 1
    await page.context.set_offline(True)
    await desk.text_of(page, "#line", "Geen verbinding")
    async with page.expect_navigation():
        await page.context.set_offline(False)
    assert len(loads) == 2


async def test_what_browsers_would_have_to_guess_at_is_found(tmp_path: Path) -> None:
    pages = WrittenPages(tmp_path)
    pages.add("<!DOCTYPE html><html lang=nl><title>a</title><p><button>x</button></html>", "a page", by_browser=True)
    found = await pages.findings()
    assert any("no-implicit-button-type" in one and one.startswith("a page: ") for one in found), found
