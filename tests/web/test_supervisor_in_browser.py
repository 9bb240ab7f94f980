"""The supervisor's pages and the wallboard before a real browser: they follow, say when they are old, and pass axe."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.area_commands import CloseEarly
from ari_app.core.ids import MunicipalityCode
from ari_app.core.operator_commands import RefusalReason
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.area.calamities import end_calamity, set_calamity
from ari_app.storage.area.early_closings import close_early_in
from ari_app.storage.db.connections import transaction
from tests.web.callers import a_request, a_talk
from tests.web.chromium import Desk
from tests.web.controllers import all_is_refused
from tests.web.desks import a_desk
from tests.web.looks import looked_at
from tests.web.rows import an_operator, everybody_leaves, waiting_callers

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
DAY = timedelta(days=1)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(postgres_server: LocalPostgres, migrated_template: str, server_directory: Path) -> AsyncIterator[Desk]:
    async with a_desk(postgres_server, migrated_template, server_directory) as desk:
        # Operators need no code on this machine; a supervisor with the role of both would.
        await desk.account("bea", RoleRow(Role.SUPERVISOR))
        yield desk


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nothing_goes_on(desk: Desk) -> None:
    await everybody_leaves(desk.serve)
    await desk.serve.pool.execute("UPDATE node SET seen_at = now() + interval '1 hour'")


async def an_address(desk: Desk, page: Page) -> str:
    await page.goto(f"{desk.url}/wandbord")
    await page.fill("#naam", "Zaal 2")
    await page.get_by_role("button", name="Maak een adres").click()
    return await page.inner_text("#adres")


async def test_a_screen_on_the_wall_follows_and_says_when_it_is_old_and_comes_back(desk: Desk) -> None:
    bea = await desk.logged_in("bea")
    path = await an_address(desk, bea)
    await looked_at(desk, bea, "the choice of boards, a new address")
    wall = await desk.page()
    await wall.goto(path)
    await desk.text_of(wall, "#board", "Niemand wacht")
    await looked_at(desk, wall, "a quiet board")
    await waiting_callers(desk.serve, WIERDAM, 2)
    await waiting_callers(desk.serve, ELDERLO, 1)
    for number, town, state in (("101", WIERDAM, "ready"), ("102", ELDERLO, "talking")):
        await an_operator(desk.serve, number, town, state=state)
    await desk.text_of(wall, "#board .staff", "In gesprek")
    await wall.locator(".tile.is-late .late-word").first.wait_for()
    await looked_at(desk, wall, "a busy board")
    desk.pages.kill()
    await desk.text_of(wall, "#line", "Geen verbinding")
    assert re.search(r"stand van \d\d\.\d\d uur", await wall.inner_text("#line"))
    assert await wall.evaluate("getComputedStyle(document.getElementById('board')).filter") == "grayscale(1)"
    stood = await wall.inner_text(".tile .count")
    await looked_at(desk, wall, "an old board")
    assert await wall.inner_text(".tile .count") == stood, "what is old stands still"
    await waiting_callers(desk.serve, WIERDAM, 1)
    desk.pages.start()
    desk.pages.wait_until_ready()
    await desk.text_of(wall, ".tile__figure", "4")
    await desk.gone(wall, "body", "Geen verbinding")


async def test_a_caller_becomes_late_on_the_board_without_any_news(desk: Desk) -> None:
    wall = await desk.page()
    await wall.goto(await an_address(desk, await desk.logged_in("bea")))
    await desk.text_of(wall, "#board", "Niemand wacht")
    await desk.serve.pool.execute("UPDATE municipality SET answer_within_seconds = 3")
    await an_operator(desk.serve, "101", WIERDAM, state="talking")
    await desk.text_of(wall, "#board", "norm 3 seconden")
    await wall.locator(".tile.is-late .late-word").wait_for()
    await desk.serve.pool.execute("UPDATE municipality SET answer_within_seconds = 25")


async def test_an_unattended_board_loads_a_new_version_by_itself_also_when_the_server_is_late(desk: Desk) -> None:
    build = re.compile('data-build="[0-9a-f]+"')
    path = await an_address(desk, await desk.logged_in("bea"))
    wall = await desk.page()
    loads: list[int] = []

    async def older(route: Route) -> None:
        """The page as the version before made it the first time; the second time the server is not there yet."""
        answer = await route.fetch()
        loads.append(len(loads))
        body = await answer.text()
        if len(loads) == 1:
            body = build.sub('data-build="0"', body)
        await route.fulfill(response=answer, body=body, status=503 if len(loads) == 2 else answer.status)

    await wall.route(path, older)
    await wall.clock.install()
    await wall.goto(path)
    await desk.text_of(wall, "#board", "Wachten")
    while len(loads) < 2:
        await wall.clock.run_for(100)
    while len(loads) < 4:
        await wall.clock.run_for(4000)
    await wall.locator('#hello:not([data-build="0"])').wait_for(state="attached")


async def test_an_address_that_was_ended_says_so_on_its_screen(desk: Desk) -> None:
    bea = await desk.logged_in("bea")
    wall = await desk.page()
    await wall.goto(await an_address(desk, bea))
    await desk.text_of(wall, "#board", "Wachten")
    await bea.goto(f"{desk.url}/wandbord")
    await bea.get_by_role("button", name="Beëindig").first.click()
    await desk.text_of(wall, "main", "Dit wandbord is er niet meer")
    await looked_at(desk, wall, "a board that was ended")


async def test_a_supervisor_sees_a_wish_and_allows_it_and_the_page_keeps_its_place(desk: Desk) -> None:
    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/medewerkers")
    await desk.text_of(bea, "#staff", "Niet aangemeld")
    await an_operator(desk.serve, "102", ELDERLO)
    talk = await a_talk(desk.serve, "101", WIERDAM)
    await talk.becomes(transfer_count=2)
    await bea.focus("#staff-101 a")
    await desk.serve.pool.execute("INSERT INTO transfer_wish VALUES ($1, '101', now())", talk.call.id)
    await desk.serve.pool.execute(
        "INSERT INTO pin_attempt VALUES ('102', 3, now(), now() + interval '5 min') ON CONFLICT DO NOTHING"
    )
    await talk.becomes(has_music=True)
    await desk.text_of(bea, "#wish-101", "vraagt sinds")
    await desk.text_of(bea, "#status", "vraagt of de beller nog een keer mag worden doorverbonden")
    assert await bea.evaluate("document.activeElement.textContent") == "Anna (101)"
    await looked_at(desk, bea, "operators")
    await bea.click("#wish-101 a")
    await desk.text_of(bea, "main", "Sta één keer toe")
    await looked_at(desk, bea, "an operator with a wish")
    await bea.fill("#reden-doorverbinden", "hoort bij twee afdelingen")
    async with all_is_refused(desk.serve, RefusalReason.NO_SUCH_CALL):
        await bea.get_by_role("button", name="Sta één keer toe").click()
        await desk.text_of(bea, "#answer", "Dit gesprek is al voorbij")
    await bea.goto(f"{desk.url}/medewerkers/102")
    await desk.text_of(bea, "main", "Hef het wachten op")
    await looked_at(desk, bea, "an operator who has to wait")


async def test_callbacks_at_risk_are_chosen_by_keyboard_and_a_reason_is_asked_for(desk: Desk) -> None:
    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/terugbelverzoeken")
    late = await a_request(desk.serve, WIERDAM, subject="paspoort", operator="101")
    await a_request(desk.serve, ELDERLO, subject="afval " * 12, number="+31119555124")
    await desk.serve.pool.execute(
        """UPDATE callback_request SET first_contact_at = first_contact_at - interval '9 days',
          deadline_at = now() - interval '1 hour', plan_by_at = now() - interval '2 hours' WHERE id = $1""",
        late.id,
    )
    await a_request(desk.serve, WIERDAM, number="+31119555125")
    await desk.text_of(bea, "#at_risk", "3 open, 1 te laat")
    await bea.reload()
    await looked_at(desk, bea, "callbacks at risk")
    await bea.focus(f"#kies-{late.reference}")
    await bea.keyboard.press("Space")
    await bea.get_by_role("button", name="Sluit", exact=True).click()
    assert await bea.evaluate("document.activeElement.id") == "reden", "the browser asks for it"
    await bea.select_option("#aan", "team:wierdam")
    async with all_is_refused(desk.serve, RefusalReason.NO_REQUEST):
        await bea.get_by_role("button", name="Geef", exact=True).click()
        await desk.text_of(bea, "#answer", "1 niet: Dit terugbelverzoek is al klaar")
    await bea.click(f"text={late.reference}")
    await desk.text_of(bea, "main", "Laat nummer en notitie zien")
    await looked_at(desk, bea, "a callback without its number")
    await bea.get_by_role("button", name="Laat nummer en notitie zien").click()
    await desk.text_of(bea, "main", "0119 555 123")
    await looked_at(desk, bea, "a callback with its number")


async def test_a_calamity_is_heard_before_it_is_on_and_what_is_wrong_is_said(desk: Desk) -> None:
    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/calamiteiten")
    await bea.fill("#tekst", "Er is brand bij het gemeentehuis. Kom vandaag niet langs.")
    await bea.get_by_role("button", name="Luister").click()
    await desk.text_of(bea, "#listen-said", "Dit horen bellers.")
    assert await bea.evaluate("document.getElementById('listen').src.startsWith('blob:')")
    assert await bea.evaluate("document.getElementById('listen').error") is None
    await looked_at(desk, bea, "a calamity that was heard")
    await bea.get_by_role("button", name="Zet aan").click()
    await desk.text_of(bea, "#answer", "Kies een of meer gemeenten")
    assert await bea.input_value("#tekst") == "Er is brand bij het gemeentehuis. Kom vandaag niet langs."
    await looked_at(desk, bea, "a calamity for nobody")
    now = datetime.now(UTC)
    for town, text, from_at in ((WIERDAM, "Er is brand.", now), (ELDERLO, "Morgen is er onderhoud.", now + DAY)):
        one = Calamity(town, from_at, from_at + DAY, text, AfterCalamity.QUEUE, "test")
        await set_calamity(desk.serve.background, one, now)
    async with transaction(desk.serve.background) as connection:
        await close_early_in(connection, WIERDAM, CloseEarly(now + DAY, "storm"), "test", now, now)
    await desk.text_of(bea, "#calamities", "Calamiteit Wierdam")
    await bea.reload()
    await looked_at(desk, bea, "calamities that go on and are planned")
    other = await desk.logged_in("bea")
    await desk.text_of(other, "#calamities", "Calamiteit Wierdam")
    await looked_at(desk, other, "the desk in a calamity")
    wall = await desk.page()
    await wall.goto(await an_address(desk, other))
    await desk.text_of(wall, "#board", "Calamiteit Wierdam")
    await looked_at(desk, wall, "a board in a calamity")
    await end_calamity(desk.serve.background, WIERDAM, "test", datetime.now(UTC))
    await desk.gone(wall, "#board", "Calamiteit Wierdam")
    await desk.gone(bea, "#calamities", "Calamiteit Wierdam")
