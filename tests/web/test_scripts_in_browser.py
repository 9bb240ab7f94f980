"""Scripts before a real browser: by keys alone, without anything that jumps, and looked over by axe in each state."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.script_imports import SourceScript
from ari_app.core.scripts import ScriptText, Source
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.scripts.imports import import_scripts
from tests.patience import PATIENCE_SECONDS
from tests.storage.values import new_call
from tests.web.callers import a_talk
from tests.web.chromium import Desk
from tests.web.controllers import rows_are_changed_in
from tests.web.desks import a_desk
from tests.web.looks import looked_at
from tests.web.rows import everybody_leaves
from tests.web.test_call import ENTRIES
from tests.web.test_scripts import PASSPORT

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

WIERDAM = MunicipalityCode("GM9901")
#: when the card of the newest call was there, and when the first line of a script was
_CLOCKS = """
() => { window.call = document.getElementById("card").dataset.call;
  document.addEventListener("regions", () => {
    const { call } = document.getElementById("card").dataset;
    if (call && call !== window.call) [window.call, window.rang] = [call, performance.now()]; });
  new MutationObserver(() => {
    if (document.querySelector("#script-open .script__answer")) window.read = performance.now();
  }).observe(document.getElementById("scripts"), { childList: true, subtree: true }); }"""
#: the first of them most
_USED = """
INSERT INTO script_use (number, day, script, uses)
SELECT $1, current_date, id, 100 - right(source_key, 1)::int FROM script WHERE source_key LIKE 'top-%'
ON CONFLICT DO NOTHING"""
HOSTILE = ScriptText(
    "<script>document.title='gestolen'</script> Veilig?",
    "<img src=x onerror=\"document.title='gestolen'\">\n[klik](javascript:document.title='gestolen')\n"
    "[ook](data:text/html,x) <style>body{display:none}</style>",
    "Veiligheid",
    memo="<svg onload=\"document.title='gestolen'\">",
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(postgres_server: LocalPostgres, migrated_template: str, server_directory: Path) -> AsyncIterator[Desk]:
    async with a_desk(postgres_server, migrated_template, server_directory) as desk:
        await desk.serve.pool.execute(ENTRIES)
        await desk.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
        await desk.account("eva", RoleRow(Role.OPERATOR, WIERDAM), RoleRow(Role.EDITOR, WIERDAM), name="Eva")
        texts = {
            "own": PASSPORT,
            "lost": replace(PASSPORT, question="Mijn paspoort is kwijt. Wat nu?", steps=(), memo="", links=()),
            "hostile": HOSTILE,
        }
        scripts = [SourceScript(Source.VAC, key, WIERDAM, text) for key, text in texts.items()]
        await import_scripts(desk.serve.background, scripts, WIERDAM, "test", datetime.now(UTC))
        yield desk


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nobody_is_logged_in_at_the_phone(desk: Desk) -> None:
    await everybody_leaves(desk.serve)
    await desk.serve.pool.execute("UPDATE node SET seen_at = now() + interval '1 hour'")


async def press(page: Page, key: str) -> None:
    await page.keyboard.press(f"Alt+Shift+{key}")


async def focused(page: Page) -> str:
    found: str = await page.evaluate("document.activeElement.id")
    return found


async def test_an_operator_finds_reads_walks_and_chooses_by_keys_alone(desk: Desk) -> None:
    await a_talk(desk.serve, "101", WIERDAM)
    page = await desk.logged_in("anna")
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    await desk.text_of(page, "#scripts-found", "Het meest gevraagd voor Wierdam")
    await looked_at(desk, page, "scripts when a call is there")
    await press(page, "KeyS")
    assert await focused(page) == "vraag"
    await page.keyboard.type("pasport aanvragn")
    await desk.text_of(page, "#scripts-found", "gevonden.")
    await press(page, "Digit1")
    await desk.text_of(page, "#script-open", "Is het voor een kind?")
    assert await focused(page) == "script-title"
    await looked_at(desk, page, "a script")
    before = await page.locator("#script-title").bounding_box()
    await press(page, "Digit1")
    await desk.text_of(page, "#script-open .script__now", "Vraag naar toestemming.")
    assert await page.locator("#script-title").bounding_box() == before, "nothing jumps"
    await looked_at(desk, page, "a script that was walked through")
    async with rows_are_changed_in(desk.serve):
        await press(page, "KeyG")
        await desk.text_of(page, "#answer", "Het antwoord staat bij dit gesprek.")
        await desk.text_of(page, "#script-open", "Het gesprek gaat over: Reisdocumenten")
        assert await page.input_value("#wrap-up-onderwerp") == "reisdocumenten"
        await looked_at(desk, page, "a script that was chosen")
        row = await desk.serve.pool.fetchrow("SELECT version, subject FROM call_script")
        assert row is not None and tuple(row) == (1, "reisdocumenten")
        await page.click("#doe-terug")
        await desk.text_of(page, "#answer", "Het antwoord is weggehaald bij dit gesprek.")
        await page.locator("#doe-kies").wait_for()
        assert await page.input_value("#wrap-up-onderwerp") == ""
    await page.click("#script-open [data-callback-for]")
    assert await page.input_value("#promise-onderwerp") == "Reisdocumenten"
    await page.click(".script__remark summary")
    await page.fill("#remark-text", "De pasfoto mag nu digitaal")
    await page.click(".script__remark button")
    await desk.text_of(page, "#answer", "De redactie ziet uw bericht")
    assert wrong == []


async def test_from_the_ring_each_of_the_ten_commonest_scripts_is_one_key_and_the_next_call_closes_it(
    desk: Desk,
) -> None:
    """The moments are those of the page; `-s` shows how long it took."""
    texts = [
        replace(PASSPORT, question=f"Vraag {number}?", answer=f"Antwoord {number}.", steps=()) for number in range(10)
    ]
    scripts = [SourceScript(Source.VAC, f"top-{number}", WIERDAM, text) for number, text in enumerate(texts)]
    await import_scripts(desk.serve.background, scripts, WIERDAM, "test", datetime.now(UTC))
    await desk.serve.pool.execute(_USED, new_call().shared_number or new_call().dialled)
    page = await desk.logged_in("anna")
    await desk.text_of(page, "#operator", "Niet aangemeld")
    await page.evaluate(_CLOCKS)
    await a_talk(desk.serve, "101", WIERDAM)
    await desk.text_of(page, "#scripts-found", "Het meest gevraagd voor Wierdam")
    for number in range(10):
        await press(page, f"Digit{(number + 1) % 10}")
        await desk.text_of(page, "#script-open", f"Antwoord {number}.")
        if number == 0:
            rang, read = await page.evaluate("[window.rang, window.read]")
    sys.stdout.write(f"from the ring to the first line: {read - rang:.0f} ms\n")
    assert read - rang < PATIENCE_SECONDS * 1000
    await everybody_leaves(desk.serve)
    await desk.text_of(page, "#operator", "Niet aangemeld")
    await a_talk(desk.serve, "101", WIERDAM)
    await page.locator("#script-open .script__answer").wait_for(state="detached")


async def test_an_article_of_somebody_who_means_harm_is_only_words(desk: Desk) -> None:
    await a_talk(desk.serve, "101", WIERDAM)
    page = await desk.logged_in("anna")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.fill("#vraag", "veilig")
    await page.locator("#lees-1", has_text="Veilig?").click()
    await desk.text_of(page, "#script-open", "document.title")
    assert "gestolen" not in await page.title()
    assert await page.locator("#script-open img, #script-open svg, #script-open script").count() == 0
    assert await page.locator("#script-open a[href^='javascript'], #script-open a[href^='data']").count() == 0
    assert all(url.startswith(desk.url) for url in asked)
    await looked_at(desk, page, "a hostile script")


async def test_an_editor_sees_while_writing_what_an_operator_will_see(desk: Desk) -> None:
    page = await desk.logged_in("eva")
    await page.goto(f"{desk.url}/antwoorden")
    await looked_at(desk, page, "the list of scripts")
    await page.click("text=Nieuw antwoord")
    await page.fill("#vraag", "Hoe meld ik een verhuizing?")
    await page.fill("#antwoord", "Online, **of** aan de balie.\n# Wanneer?\n- vanaf vier weken ervoor")
    await desk.text_of(page, "#script-preview h4", "Wanneer?")
    await page.fill("#stappen", "1. Binnen Nederland?\n- Ja: 2")
    await desk.text_of(page, "#script-preview", "verwijst naar stap 2, en die is er niet")
    await looked_at(desk, page, "the editor with a mistake")
    await page.fill("#stappen", "1. Binnen Nederland?\n- Ja: einde")
    await page.fill("#tot", (datetime.now(UTC) + timedelta(days=3)).date().isoformat())
    await page.click("text=Bewaar als concept")
    await desk.text_of(page, "#answer", "Bewaard als concept")
    await page.click("text=Versie 1 laten nalezen")
    await desk.text_of(page, "#answer", "Klaar om na te lezen")
    await looked_at(desk, page, "the editor of a script in review")
    await page.fill("#antwoord", "Anders")
    await page.click("text=Bewaar als concept")
    await page.click("text=Versie 1 en 2")
    await desk.text_of(page, "main mark", "Anders")
    await looked_at(desk, page, "versions side by side")
