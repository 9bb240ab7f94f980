"""A desk in a browser beside a phone on real Asterisk: what keys change is seen, and what is clicked happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode, TeamCode
from ari_app.local.pages import LocalPages, PagesSettings
from ari_app.local.ports import Protocol, free_port
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE, WEB
from tests.acceptance.application import sample_area
from tests.acceptance.centre import Centre
from tests.place import address
from tests.roles import as_role
from tests.web.chromium import Desk, before_pages

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

AREA = sample_area()
BINDS = address(1)
WIERDAM = "0119990400"


@pytest_asyncio.fixture(loop_scope="module")
async def desk(centre: Centre, server_directory: Path) -> AsyncIterator[Desk]:
    """The pages over the centre's database, an account of operator 101, and one of a supervisor."""
    web = as_role(centre.database_url, WEB)
    pages = LocalPages(PagesSettings(server_directory / "pages", web, free_port(Protocol.TCP, BINDS), BINDS))
    async with Database(as_role(centre.database_url, SERVE)) as serve, before_pages(pages, serve) as desk:
        if not await serve.pool.fetchval("SELECT count(*) FROM account"):  # the database stays between tests
            await desk.account("anna", RoleRow(Role.OPERATOR, team=TeamCode("gezamenlijk")), operator="101")
            await desk.account("bea", RoleRow(Role.SUPERVISOR, MunicipalityCode("GM9904")))
        yield desk


@pytest.mark.timeout(300)
async def test_given_a_desk_and_a_phone_when_either_is_used_then_the_other_knows(centre: Centre, desk: Desk) -> None:
    page = await desk.logged_in("anna")
    state, line = "#operator .state", "#line"
    await desk.text_of(page, state, "Niet aangemeld")
    phone = await centre.operator("phone01", "101")
    await desk.text_of(page, state, "Klaar voor gesprekken")

    await page.click("#do-lunch")
    await desk.text_of(page, state, "lunch")
    await centre.operator_is("101", "paused")
    await phone.press("*0")
    await desk.text_of(page, state, "Klaar voor gesprekken")

    citizen = await centre.citizen(WIERDAM)
    await desk.text_of(page, state, "In gesprek")
    await desk.text_of(page, "#card", "Wierdam")
    await page.click("#do-meeting")
    await desk.text_of(page, "#operator", "Na dit gesprek: pauze (overleg)")

    await centre.application.kill()
    await desk.text_of(page, line, "De centrale is niet te bereiken")
    await page.click("#do-lunch")
    await desk.text_of(page, "#answer", "Er is niets veranderd")
    await citizen.speak_tone(700)
    await phone.listen()
    await phone.hears_tone(700)
    await citizen.fall_silent()
    await centre.application.start()
    await desk.gone(page, "body", "De centrale is niet te bereiken")

    await citizen.hang_up()
    await desk.text_of(page, state, "overleg")
    await page.click("#do-log-out")
    await desk.text_of(page, state, "Niet aangemeld")
    await phone.ended()


@pytest.mark.timeout(300)
async def test_given_a_supervisor_when_they_act_then_operators_read_why_and_the_next_caller_hears_the_calamity(
    centre: Centre, desk: Desk
) -> None:
    anna, bea = await desk.logged_in("anna"), await desk.logged_in("bea")
    phone = await centre.operator("phone01", "101")
    await bea.goto(f"{desk.url}/medewerkers")
    await desk.text_of(bea, "#staff-101", "Klaar voor gesprekken")
    await bea.click("#staff-101 a")
    await bea.select_option("#doe", "pause:meeting")
    await bea.fill("#reden", "Iedereen naar het overleg")
    await bea.get_by_role("button", name="Verander de stand").click()
    await desk.text_of(bea, "#answer", "Gedaan.")
    await centre.operator_is("101", "paused")
    await desk.text_of(anna, "#operator", "Uw teamleider zet u op pauze.")
    await desk.text_of(anna, "#operator", "Iedereen naar het overleg")
    await anna.click("#do-ready")
    await desk.gone(anna, "#operator", "Uw teamleider")

    await bea.goto(f"{desk.url}/calamiteiten")
    await bea.fill("#tekst", "Er is brand bij het gemeentehuis.")
    await bea.check("#gemeenten-GM9904")
    centre.application.forget_log()
    await bea.get_by_role("button", name="Zet aan").click()
    await desk.text_of(bea, "#answer", "De calamiteit is bewaard.")
    await desk.text_of(anna, "#calamities", "Er is brand bij het gemeentehuis.")
    await centre.application.says("area_loaded")
    citizen = await centre.citizen(WIERDAM, listens=True)
    await citizen.hears_recording(centre.sound("nl/mededeling"), since=0)
    await centre.call_has(citizen, "calamity", True)
    await citizen.hang_up()
    centre.application.forget_log()
    await bea.get_by_role("button", name="Beëindig").click()
    await desk.text_of(bea, "main", "Er is geen calamiteit.")
    await centre.application.says("area_loaded")

    # Closing early: the next caller hears that it is closed, without the line being answered.
    await bea.check("#sluiten-GM9904")
    await bea.fill("#waarom", "storm")
    centre.application.forget_log()
    await bea.get_by_role("button", name="Sluit eerder").click()
    await desk.text_of(bea, "#answer", "vandaag eerder gesloten")
    await centre.application.says("area_loaded")
    citizen = await centre.citizen(WIERDAM, listens=True)
    await citizen.hears_recording(centre.sound("gemeente/GM9904/gemeente-gesloten"), since=0)
    assert citizen.answered_at is None
    await citizen.hang_up()
    await bea.get_by_role("button", name="Toch open").click()
    await desk.text_of(bea, "#answer", "niet meer eerder")
    await anna.click("#do-log-out")
    await phone.ended()


@pytest.mark.timeout(300)
async def test_given_a_phone_that_is_chosen_on_the_desk_when_it_is_picked_up_then_that_is_the_login(
    centre: Centre, desk: Desk
) -> None:
    page = await desk.logged_in("anna")
    await (await centre.operator("phone01", "101")).hang_up()  # with a PIN, once
    await desk.text_of(page, "#operator .state", "Niet aangemeld")
    await page.reload()
    assert await page.input_value("#toestel") == "phone01"
    await page.fill("#toestel", "trunk")
    await page.keyboard.press("Enter")
    await desk.text_of(page, "#answer", "Dit toestel kennen wij niet")

    # First a colleague is logged in at that phone.
    colleague = await centre.operator("phone01", "102")
    await page.fill("#toestel", "phone01")
    await page.click("#ring button")
    await desk.text_of(page, "#answer", "Op dit toestel is een collega aangemeld")
    await colleague.hang_up()
    await centre.operator_is("102", "away")
    await page.click("#ring button")
    await desk.text_of(page, "#answer", "Uw telefoon gaat over")
    phone = await centre.phones.incoming("phone01")
    await phone.listen()
    await phone.pick_up()
    await desk.text_of(page, "#operator .state", "Klaar voor gesprekken")
    assert not await page.is_visible("#ring")

    citizen = await centre.citizen(WIERDAM)
    await desk.text_of(page, "#card", "Wierdam")
    await citizen.hang_up()
    await desk.text_of(page, "#card", "Geen gesprek")
    await phone.hang_up()  # as after dialling 1400
    await desk.text_of(page, "#operator .state", "Niet aangemeld")
    await page.wait_for_selector("#ring")
