"""Every kind of page in the house style of the sample: as good to read as in the style that all others are tried in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.local.postgres import LocalPostgres
from tests.web.callers import a_request, a_talk
from tests.web.chromium import Desk
from tests.web.desks import a_desk
from tests.web.rows import waiting_callers

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

WIERDAM = MunicipalityCode("GM9901")
STYLE = Path("ari_app/sample/thema.css").resolve()
PAGES = ("/medewerkers", "/medewerkers/101", "/terugbelverzoeken", "/calamiteiten", "/wandbord", "/wandbord/toon")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(postgres_server: LocalPostgres, migrated_template: str, server_directory: Path) -> AsyncIterator[Desk]:
    extra = {"ARI_APP_DESK_THEME": str(STYLE)}
    async with a_desk(postgres_server, migrated_template, server_directory, extra) as desk:
        await desk.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM))
        await desk.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
        yield desk


async def test_the_style_is_that_of_the_municipality_and_passes_the_look_of_axe(desk: Desk) -> None:
    page = await desk.page()
    await page.goto(f"{desk.url}/inloggen")
    button = page.get_by_role("button", name="Log in")
    colour = "one => getComputedStyle(one).backgroundColor"
    assert await button.evaluate(colour) == "rgb(16, 95, 38)"
    await desk.look_over(page, "the login")
    await waiting_callers(desk.serve, WIERDAM, 2)
    await a_request(desk.serve, WIERDAM)
    await a_talk(desk.serve, "101", WIERDAM)
    anna = await desk.logged_in("anna")
    await desk.text_of(anna, "#operator .badge", "In gesprek")
    await desk.look_over(anna, "the desk in a talk")
    bea = await desk.logged_in("bea")
    for path in PAGES:
        await bea.goto(f"{desk.url}{path}")
        await desk.look_over(bea, path)
