"""What nobody planned: two tabs, two clicks, a way back, names from everywhere, a clock that is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.operators import PauseReason
from ari_app.local.postgres import LocalPostgres
from tests.web.chromium import Desk
from tests.web.controllers import all_is_refused
from tests.web.desks import a_desk
from tests.web.people import PASSWORD
from tests.web.rows import an_operator, everybody_leaves, paused, store, waiting_callers

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

WIERDAM = MunicipalityCode("GM9901")
#: turns the rest of a line around, where it may; a name of twenty people; a letter with twelve marks
NAMES = ("\u202eannA", "🧑🏽\u200d🚒👨\u200d👩\u200d👧\u200d👦", "שָׁלוֹם عبد الله", "Z" + "\u0301" * 12)
HOURS_AHEAD = """{
  const Real = Date, ahead = (5 * 60 + 7) * 60_000;
  globalThis.Date = class extends Real {
    constructor(...all) { super(...(all.length ? all : [Real.now() + ahead])); }
    static now() { return Real.now() + ahead; }
  };
}"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(postgres_server: LocalPostgres, migrated_template: str, server_directory: Path) -> AsyncIterator[Desk]:
    async with a_desk(postgres_server, migrated_template, server_directory) as desk:
        await desk.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
        await desk.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM))
        yield desk


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nobody_is_logged_in_at_the_phone(desk: Desk) -> None:
    await everybody_leaves(desk.serve)


async def test_two_tabs_of_one_desk_show_the_same_and_end_together(desk: Desk) -> None:
    first = await desk.logged_in("anna")
    second = await first.context.new_page()
    await second.goto(f"{desk.url}/")
    session = await an_operator(desk.serve, "101", WIERDAM)
    for page in (first, second):
        await desk.text_of(page, "#operator .state", "Klaar voor gesprekken")
    await store(desk.serve, paused(session, PauseReason.LUNCH))
    for page in (first, second):
        await desk.text_of(page, "#operator .state", "lunch")
    await first.get_by_role("button", name="Uitloggen").click()
    await first.wait_for_url(f"{desk.url}/inloggen")
    await second.wait_for_url(f"{desk.url}/inloggen**")


async def test_two_clicks_are_one_command(desk: Desk) -> None:
    page = await desk.logged_in("anna")
    await an_operator(desk.serve, "101", WIERDAM)
    await desk.text_of(page, "#operator .state", "Klaar voor gesprekken")
    await desk.serve.pool.execute("DELETE FROM command")
    async with all_is_refused(desk.serve, RefusalReason.NOT_NOW):
        await page.dblclick("#do-lunch")
        await page.locator("#answer:not(:empty)").wait_for()
        await page.evaluate("fetch('/account').then((reply) => reply.text())")  # what was sent before it is done
    assert await desk.serve.pool.fetchval("SELECT count(*) FROM command") == 1


async def test_the_way_back_after_logging_out_shows_nothing(desk: Desk) -> None:
    page = await desk.logged_in("anna")
    await page.goto(f"{desk.url}/account")
    await desk.text_of(page, "h1", "Mijn account")
    await page.get_by_role("button", name="Uitloggen").click()
    await page.wait_for_url(f"{desk.url}/inloggen")
    await page.go_back()
    await page.locator("#wachtwoord").wait_for()
    assert "Mijn account" not in await page.content()


async def test_a_form_that_is_sent_again_by_the_way_back_does_nothing_twice(desk: Desk) -> None:
    """After a form the browser is led elsewhere, so loading anew sends nothing."""
    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/wandbord")
    await bea.fill("#naam", "Zaal 3")
    await bea.get_by_role("button", name="Maak een adres").click()
    await bea.locator("#adres").wait_for()
    await bea.get_by_role("button", name="Zaal 3").click()
    await bea.get_by_text("Er zijn geen adressen.").wait_for()
    await bea.reload()
    await bea.get_by_text("Er zijn geen adressen.").wait_for()
    assert await desk.serve.pool.fetchval("SELECT count(*) FROM board_token") == 1


async def test_names_from_everywhere_stay_within_their_place(desk: Desk) -> None:
    for number, name in enumerate(NAMES, start=201):
        await desk.serve.pool.execute("INSERT INTO operator VALUES ($1, $2, '')", str(number), name)
        await desk.serve.pool.execute("INSERT INTO operator_team VALUES ($1, 'wierdam')", str(number))
    await desk.account("noa", RoleRow(Role.OPERATOR, WIERDAM), operator="203", name=NAMES[2])
    await an_operator(desk.serve, "203", WIERDAM)
    noa, bea = await desk.logged_in("noa"), await desk.logged_in("bea")
    await desk.text_of(noa, "#operator .state", "Klaar voor gesprekken")
    assert await noa.locator("bdi", has_text=NAMES[2]).count() >= 2, "at the top, and in the region"
    await bea.goto(f"{desk.url}/medewerkers")
    for name in NAMES:
        await desk.text_of(bea, "#staff bdi", name)
    await desk.look_over(noa, "the desk of such a name")
    await desk.look_over(bea, "the operators with such names")


async def test_times_are_right_before_a_clock_that_is_wrong(desk: Desk) -> None:
    await waiting_callers(desk.serve, WIERDAM, 1)  # for a minute and a half
    page = await desk.page()
    await page.add_init_script(HOURS_AHEAD)
    await desk.log_in(page, "anna")
    await desk.text_of(page, "#queue", "beller wacht")
    shown = page.locator("#queue .figure .count")
    await desk.text_of(page, "#queue .figure .count", "1.")
    minutes, _, seconds = (await shown.inner_text()).partition(".")
    assert 85 <= int(minutes) * 60 + int(seconds) <= 180, "and not five hours more"
    await page.context.set_offline(True)
    await desk.text_of(page, "#line", "Geen verbinding")
    said = await page.locator("#line [data-clock]").inner_text()
    now = await desk.serve.pool.fetchval("SELECT to_char(now() AT TIME ZONE 'Europe/Amsterdam', 'HH24')")
    assert abs(int(said[:2]) - int(now)) in (0, 1, 23), (said, now)
    await page.context.set_offline(False)


async def test_a_form_of_an_ended_login_keeps_its_text_and_is_sent_after_the_next_login(desk: Desk) -> None:
    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/wandbord")
    await bea.fill("#naam", "Zaal 🎈 « vier »")
    await desk.serve.pool.execute("UPDATE web_session SET ended_at = now()")
    await bea.get_by_role("button", name="Maak een adres").click()
    await bea.locator("#wachtwoord").wait_for()
    await desk.look_over(bea, "the login before a form that is kept")
    await bea.fill("#naam", "bea")
    await bea.fill("#wachtwoord", PASSWORD)
    await bea.keyboard.press("Enter")
    await bea.locator("main button[type=submit]").first.wait_for()
    await desk.look_over(bea, "a form that was kept")
    await bea.locator("main button[type=submit]").first.click()
    await bea.locator("#adres").wait_for()
    assert "Zaal 🎈 « vier »" in await bea.content()
