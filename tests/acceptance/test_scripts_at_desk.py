"""AV §3 on real Asterisk: an operator answers from a script, transfers to the department it names, and the record
says subject and script version.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import EntryCode
from ari_app.core.script_imports import SourceScript
from ari_app.core.script_steps import read_lines
from ari_app.core.scripts import ScriptText, Source
from ari_app.local.pages import LocalPages, PagesSettings
from ari_app.local.ports import Protocol, free_port
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE, WEB
from ari_app.storage.scripts.imports import import_scripts
from tests.acceptance.centre import Centre
from tests.acceptance.lanes import Scene
from tests.acceptance.remote_control import RemoteAsterisk
from tests.acceptance.stories import dials
from tests.acceptance.test_calls_at_desk import AREA, BINDS, LANE, TOWN, press
from tests.roles import as_role
from tests.web.chromium import Desk, before_pages

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

__all__ = ["AREA"]

SCRIPT = ScriptText(
    "Hoe vraag ik een paspoort aan?",
    "U maakt een afspraak en komt zelf langs.",
    "Paspoort",
    department=EntryCode(f"entry-{LANE.colleague}"),
    steps=read_lines("1. Is het voor een kind?\n- Ja: 2\n- Nee: einde\n2. Verbind door met Burgerzaken."),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(running_centre: Centre, server_directory: Path) -> AsyncIterator[Desk]:
    url = running_centre.database_url
    settings = PagesSettings(server_directory / "pages", as_role(url, WEB), free_port(Protocol.TCP, BINDS), BINDS)
    async with Database(as_role(url, SERVE)) as serve, before_pages(LocalPages(settings), serve) as desk:
        await desk.account("anna", RoleRow(Role.OPERATOR, TOWN), operator=LANE.operator)
        await desk.account("bea", RoleRow(Role.SUPERVISOR, TOWN), name="Bea")
        script = SourceScript(Source.VAC, "paspoort", TOWN, SCRIPT)
        await import_scripts(serve.background, [script], TOWN, "test", datetime.now(UTC))
        yield desk


async def test_given_a_caller_when_the_operator_answers_from_a_script_then_the_record_says_which_and_about_what(
    centre: Centre, exchange_view: RemoteAsterisk, desk: Desk
) -> None:
    scene, page = Scene(centre, LANE, exchange_view), await desk.logged_in("anna")
    await (await centre.dials_in(LANE.operator_desk, LANE.operator)).hang_up()
    await centre.operator_is(LANE.operator, "ready")
    scene.citizen = await centre.citizen(dials(LANE.town))
    scene.operator = await scene.ringing(LANE.operator_desk)
    await desk.text_of(page, "#scripts-found", SCRIPT.question)  # it rings, and the answers are there
    await scene.operator.pick_up()
    await scene.is_with(LANE.operator_desk)
    await desk.text_of(page, "#card", "In gesprek voor")

    await press(page, "S")
    await page.keyboard.type("pasport")
    await desk.text_of(page, "#scripts-found", "1 gevonden.")
    await page.keyboard.press("Alt+Shift+Digit1")
    await desk.text_of(page, "#script-open", SCRIPT.answer)
    await page.keyboard.press("Alt+Shift+Digit1")
    await desk.text_of(page, "#script-open .script__now", "Verbind door met Burgerzaken.")
    await press(page, "G")
    await desk.text_of(page, "#answer", "Het antwoord staat bij dit gesprek.")
    await desk.text_of(page, "#script-open", "Het gesprek gaat over: Paspoort")

    await page.locator("#script-open button", has_text="Direct doorverbinden").click()
    colleague = await scene.ringing()
    await colleague.pick_up()
    await scene.is_with(LANE.colleague_desk)
    await desk.text_of(page, "#card", "Nawerk van het gesprek")
    (transfer,) = await centre.rows("SELECT to_party, pii_subject FROM transfer ORDER BY requested_at DESC LIMIT 1")
    assert tuple(transfer) == (LANE.colleague, "Paspoort")
    call = (await centre.call(scene.citizen))["id"]
    (chosen,) = await centre.rows(f"SELECT operator, version, subject FROM call_script WHERE call_id = '{call}'")
    assert tuple(chosen) == (LANE.operator, 1, "paspoort")
    (wrap_up,) = await centre.rows(f"SELECT operator, subject FROM call_wrap_up WHERE call_id = '{call}'")
    assert tuple(wrap_up) == (LANE.operator, "paspoort")
    await scene.citizen.hang_up()
    await colleague.ended()

    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/gesprekken/{call}")
    await desk.text_of(bea, "main", SCRIPT.question)
    await desk.look_over(bea, "the story of a call with a script")
    await asyncio.gather(scene.operator.ended())
