"""A day at the desk on real Asterisk, in a real browser: who calls, hold, a warm transfer by clicks, the wrap-up.

And what is left of it on the pages of a supervisor and an administrator.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.local.pages import LocalPages, PagesSettings
from ari_app.local.ports import Protocol, free_port
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE, WEB
from ari_app.web.call_words import phone as phone_words
from tests.acceptance.centre import Centre, edited_sample, entry
from tests.acceptance.lanes import LANES, Scene, add_lanes
from tests.acceptance.remote_control import RemoteAsterisk
from tests.acceptance.stories import dials
from tests.patience import PATIENCE_SECONDS
from tests.place import address
from tests.roles import as_role
from tests.web.chromium import Desk, before_pages

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LANE = LANES[0]
TOWN = MunicipalityCode(f"GM99{LANE.town}")
BINDS = address(1)
#: of citizens who are called back
KEPT, CLOSED = "+31610000011", "+31610000012"
#: what the card said, in order, and since when
_WATCH = """
() => { window.cards = [];
  document.addEventListener("regions", () => {
    const said = document.querySelector("#card .card__kind")?.textContent ?? "geen";
    if (window.cards.at(-1) !== said) window.cards.push(said); }); }"""


def at_the_screens_pace(area: dict[str, Any]) -> None:
    """Every phone rings until it is picked up, however long the page takes; and nothing ends the wrap-up."""
    add_lanes(area)
    patience = int(PATIENCE_SECONDS)
    entry(area, "team", f"team-{LANE.town}").update(wrap_up_seconds=600, reach="ring", ring_seconds=patience)
    town = entry(area, "municipality", f"GM99{LANE.town}")
    town["norms"]["transfer_ring_seconds"] = patience
    town["callback"] = {"call_from": "00:00", "call_until": "23:59"}  # the tests may run at any hour


AREA = edited_sample(at_the_screens_pace)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(running_centre: Centre, server_directory: Path) -> AsyncIterator[Desk]:
    url = running_centre.database_url
    settings = PagesSettings(server_directory / "pages", as_role(url, WEB), free_port(Protocol.TCP, BINDS), BINDS)
    async with Database(as_role(url, SERVE)) as serve, before_pages(LocalPages(settings), serve) as desk:
        await desk.account("anna", RoleRow(Role.OPERATOR, TOWN), operator=LANE.operator)
        await desk.account("bea", RoleRow(Role.SUPERVISOR, TOWN), name="Bea")
        await desk.account("ada", RoleRow(Role.ADMINISTRATOR, TOWN), name="Ada")
        yield desk


_MADE_FOR = """
SELECT made.id FROM call made JOIN callback_request request ON request.id = made.callback_request
WHERE request.reference = '{0}'"""


async def press(page: Page, letter: str) -> None:
    await page.keyboard.press(f"Alt+Shift+Key{letter}")


async def test_given_a_desk_when_a_caller_comes_then_the_card_is_there_first_and_all_is_done_from_the_page(
    centre: Centre, exchange_view: RemoteAsterisk, desk: Desk
) -> None:
    scene, town = Scene(centre, LANE, exchange_view), LANE.name
    page = await desk.logged_in("anna")
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    await desk.look_over(page, "the desk without a call")
    await page.evaluate(_WATCH)
    login = await centre.dials_in(LANE.operator_desk, LANE.operator)
    await login.hang_up()
    await centre.operator_is(LANE.operator, "ready")
    await page.click("#do-lunch")
    await centre.operator_is(LANE.operator, "paused")
    await page.locator("#do-ready").wait_for()
    await press(page, "K")
    await centre.operator_is(LANE.operator, "ready")

    # The card is on the screen before the caller is.
    scene.citizen = await centre.citizen(dials(LANE.town))
    scene.operator = await scene.ringing(LANE.operator_desk)
    await desk.text_of(page, "#card", "Gesprek komt binnen voor")
    await scene.operator.pick_up()
    await scene.is_with(LANE.operator_desk)
    await desk.text_of(page, "#card", "In gesprek voor")
    assert (await page.evaluate("window.cards"))[-2:] == ["Gesprek komt binnen voor", "In gesprek voor"]
    assert await page.inner_text("#card-town") == town
    number = centre.number_of(scene.citizen).removeprefix("+31")
    assert number in (await page.inner_text("#card .card__number")).replace(" ", "")[1:]
    await desk.text_of(page, "#card", "eerste keer")
    await desk.text_of(page, "#status", town)

    # Somebody writes; nothing that happens meanwhile takes a letter away.
    await press(page, "B")
    await page.keyboard.type("Vraagt naar")
    await page.focus("#doe-hold")
    await page.keyboard.press("Enter")
    await scene.is_on_hold(LANE.operator_desk)
    await desk.text_of(page, "#card", "De beller staat in de wacht")
    await desk.look_over(page, "a caller on hold")
    await press(page, "H")
    await scene.is_with(LANE.operator_desk)
    assert await page.input_value("#wrap-up-notitie") == "Vraagt naar"

    # A warm transfer by clicks.
    await press(page, "Z")
    await page.keyboard.type("colega 2111")
    await desk.text_of(page, "#found", "Collega 2111")
    await desk.look_over(page, "what the directory found")
    await page.locator("#found button", has_text="Eerst overleggen").first.click()
    colleague = await scene.ringing()
    await desk.text_of(page, "#card", "De telefoon van Collega 2111 gaat over")
    await press(page, "R")  # nobody is there yet, so there is no such button
    await colleague.pick_up()
    await scene.is_on_hold(LANE.operator_desk, LANE.colleague_desk)
    await desk.text_of(page, "#card", "U overlegt met Collega 2111")
    await desk.look_over(page, "a consultation")
    await page.click("#doe-conference")
    await scene.is_with(LANE.operator_desk, LANE.colleague_desk)
    await desk.text_of(page, "#card", "spreken samen")
    await press(page, "A")
    await scene.is_with(LANE.operator_desk)
    await colleague.ended()

    # A promise, checked while it is typed.
    await press(page, "T")
    await page.keyboard.type("0900 1234")
    await desk.text_of(page, "#callback-check", "kost extra geld")
    await desk.look_over(page, "a number that is not called")
    await press(page, "T")
    await page.keyboard.type("06 11 11 11 11")
    await desk.text_of(page, "#callback-check", "terug vóór")
    await page.fill("#promise-onderwerp", "paspoort")
    await page.locator("#promise button[type=submit]").click()
    await desk.text_of(page, "#answer", "Kenmerk")
    await desk.text_of(page, "#callbacks", "paspoort")
    await desk.look_over(page, "a promise")

    # The second transfer ends the talk here; then the wrap-up.
    await page.locator("#found button", has_text="Eerst overleggen").first.click()
    colleague = await scene.ringing()
    await colleague.pick_up()
    await desk.text_of(page, "#card", "U overlegt met Collega 2111")
    await press(page, "V")
    await scene.is_with(LANE.colleague_desk)
    await desk.text_of(page, "#card", "Nawerk van het gesprek")
    await desk.look_over(page, "the wrap-up")
    await page.focus("#wrap-up-notitie")
    await page.keyboard.press("End")
    await page.keyboard.type(" een paspoort")
    await page.reload()
    assert await page.input_value("#wrap-up-notitie") == "Vraagt naar een paspoort"
    await page.select_option("#wrap-up-onderwerp", "paspoorten")
    await page.select_option("#resultaat", "doorverbonden")
    await page.locator("#wrap-up button[type=submit]").click()
    await desk.text_of(page, "#answer", "Het nawerk is bewaard.")
    said = await centre.rows("SELECT operator, subject, result, pii_note FROM call_wrap_up")
    assert [tuple(row) for row in said] == [(LANE.operator, "paspoorten", "doorverbonden", "Vraagt naar een paspoort")]
    await press(page, "N")
    await centre.operator_is(LANE.operator, "ready")
    await desk.text_of(page, "#card", "Geen gesprek")
    await scene.citizen.hang_up()

    # Somebody still writes about the last call when the next one comes: the text stays, and stays with its call.
    await press(page, "B")
    await page.keyboard.press("End")
    await page.keyboard.type(", met spoed")
    other = await centre.citizen(dials(LANE.town))
    phone = await scene.ringing(LANE.operator_desk)
    await phone.pick_up()
    await desk.text_of(page, "#card", "In gesprek voor")
    await page.keyboard.type("!")
    await desk.text_of(page, "#wrap-up [data-about]", "Naar het gesprek van")
    assert await page.input_value("#wrap-up-notitie") == "Vraagt naar een paspoort, met spoed!"
    await page.locator("#wrap-up [data-about] button").click()
    assert await page.input_value("#wrap-up-notitie") == ""
    await page.locator("#wrap-up [data-about] button").click()
    assert await page.input_value("#wrap-up-notitie") == "Vraagt naar een paspoort, met spoed!"
    await page.click("#doe-put_down")
    await other.ended()
    await page.click("#keys-open")
    await desk.look_over(page, "the list of keys")
    await page.uncheck("#keys-on")
    await page.click("#keys-close")
    await press(page, "Z")
    assert await page.evaluate("document.activeElement.id") != "zoek"
    assert wrong == []
    await asyncio.gather(colleague.ended(), scene.operator.ended(), phone.ended())


async def test_given_a_day_of_calls_and_promises_then_every_page_tells_it_as_the_record_has_it(
    centre: Centre, exchange_view: RemoteAsterisk, desk: Desk
) -> None:
    scene, anna = Scene(centre, LANE, exchange_view), await desk.logged_in("anna")
    await (await centre.dials_in(LANE.operator_desk, LANE.operator)).hang_up()
    await centre.operator_is(LANE.operator, "ready")
    scene.citizen = await centre.citizen(dials(LANE.town))
    scene.operator = await scene.ringing(LANE.operator_desk)
    await scene.operator.pick_up()
    await scene.is_with(LANE.operator_desk)
    await scene.citizen.hang_up()
    await scene.is_over("caller_hung_up")
    call, number = (await centre.call(scene.citizen))["id"], centre.number_of(scene.citizen)

    # The own day: the wrap-up was left open. Then two promises to citizens who are in no call.
    await desk.text_of(anna, "#card", "Nawerk van het gesprek")
    await press(anna, "N")
    await centre.operator_is(LANE.operator, "ready")
    await anna.locator(f"#missing-{call} a").wait_for()
    form = await anna.context.new_page()
    for promised in (KEPT, CLOSED):
        await form.goto(f"{desk.url}/terugbellen/nieuw")
        await form.fill("#nummer", promised)
        await desk.text_of(form, "#promise-check", "terug vóór")
        await form.select_option("#voor", "ik")
        await form.get_by_role("button", name="Beloof terugbellen").click()
        await desk.text_of(form, "#answer", "Beloofd. Wij bellen terug vóór")
    rows = await centre.rows(
        "SELECT reference, pii_number, call_id FROM callback_request ORDER BY created_at DESC LIMIT 2"
    )
    closed, kept = (row["reference"] for row in rows)
    assert [(row["pii_number"], row["call_id"]) for row in rows] == [(CLOSED, None), (KEPT, None)]

    # One is kept: by a click, on real phones.
    await anna.click(f"#call-{kept}")
    phone = await scene.ringing(LANE.operator_desk)
    await phone.pick_up()
    citizen = await centre.phones.outside(KEPT)
    await citizen.pick_up()
    await centre.becomes(
        f"SELECT reached_at IS NOT NULL FROM callback_attempt WHERE call_id = ({_MADE_FOR.format(kept)})", True
    )
    await citizen.hang_up()
    await centre.becomes(f"SELECT close_kind FROM callback_request WHERE reference = '{kept}'", "reached")

    # The other one is given to the team in one action, and closed with a reason.
    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/terugbelverzoeken/overdragen?van={LANE.operator}")
    await bea.select_option("#aan", "eigen-team")
    await bea.get_by_role("button", name="Draag").click()
    await desk.text_of(bea, "#answer", "1 verzoek overgedragen.")
    await bea.goto(f"{desk.url}/terugbelverzoeken")
    await bea.check(f"#kies-{closed}")
    await bea.fill("#reden", "kwam aan de balie")
    await bea.get_by_role("button", name="Sluit", exact=True).click()
    await desk.text_of(bea, "#answer", "1 verzoek gesloten.")
    await bea.goto(f"{desk.url}/terugbelverzoeken/gesloten")
    await desk.text_of(bea, f"tr:has-text('{kept}')", f"({LANE.operator})")
    await desk.text_of(bea, f"tr:has-text('{kept}')", "gesproken")
    await bea.get_by_role("button", name="Laat de redenen zien").click()
    await desk.text_of(bea, f"tr:has-text('{closed}')", "kwam aan de balie")
    file = await (await bea.context.request.get(f"{desk.url}/terugbelverzoeken/gesloten.csv?hoe=gesproken")).text()
    assert kept in file and closed not in file and KEPT not in file

    # The calls: found, told, and as a file.
    await bea.goto(f"{desk.url}/gesprekken?medewerker={LANE.operator}&einde=geholpen")
    await bea.locator(f'a[href="/gesprekken/{call}"]').click()
    await desk.text_of(bea, "main", "Wie was erbij?")
    assert number not in (await bea.content())
    await bea.get_by_role("button", name="Laat nummer en notities zien").click()
    await desk.text_of(bea, "main", phone_words(number))
    await desk.look_over(bea, "the story of a real call")
    file = await (await bea.context.request.get(f"{desk.url}/gesprekken.csv?medewerker={LANE.operator}")).text()
    assert str(call) in file and number not in file

    # And the audit log has every look and every deed.
    ada = await desk.logged_in("ada")
    await ada.goto(f"{desk.url}/auditlog")
    for done in ("schreef een terugbelverzoek op", "bekeek waarom", "bekeek het nummer van een beller"):
        await desk.text_of(ada, "main", done)
    assert not [one for one in (number, KEPT, CLOSED) if one in await ada.content()]
    await asyncio.gather(phone.ended(), scene.operator.ended(), citizen.ended())
