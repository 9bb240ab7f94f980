"""The number plan before a real browser, an entry by keyboard, a file put in; and who shares a 14-number."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import EntryCode, MunicipalityCode
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.changes.area import note_area_changed
from ari_app.storage.db.connections import transaction
from tests.storage.values import eventually
from tests.web.chromium import Desk
from tests.web.controllers import rows_are_changed_in
from tests.web.desks import a_desk
from tests.web.looks import looked_at
from tests.web.test_number_plan import ENTRIES
from tests.web.test_participation import DAYS, SHARED

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

WIERDAM = MunicipalityCode("GM9901")
HEAD = "code;kind;name;extension;endpoint;number\n"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(postgres_server: LocalPostgres, migrated_template: str, server_directory: Path) -> AsyncIterator[Desk]:
    async with a_desk(postgres_server, migrated_template, server_directory) as desk:
        async with transaction(desk.serve.pool) as connection:
            await connection.execute(ENTRIES)
            await connection.execute(SHARED)
            await note_area_changed(connection, [WIERDAM])
        await desk.account("els", RoleRow(Role.EDITOR, WIERDAM), name="Els")
        await desk.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM), name="Bea")
        yield desk


async def test_the_list_is_filtered_searched_and_read_by_others(desk: Desk) -> None:
    page = await desk.logged_in("els")

    async def is_read() -> bool:
        await page.goto(f"{desk.url}/nummerplan")
        return "Jan Jansen" in await page.inner_text("main")

    await eventually(is_read)
    await looked_at(desk, page, "the number plan")
    await page.get_by_label("Vannacht niet in orde").check()
    await page.get_by_role("button", name="Laat zien").click()
    await desk.text_of(page, "tbody", "toestel stond uit")
    assert "Jan Jansen" not in await page.inner_text("tbody th")
    await page.fill("#zoek", "brugw")
    await page.keyboard.press("Enter")
    await desk.text_of(page, "tbody", "Brugwacht")
    await page.get_by_role("link", name="Brugwacht").click()
    await desk.text_of(page, "h1", "Brugwacht")
    await looked_at(desk, page, "a shared entry of another municipality")
    assert await page.locator("text=Bewaar").count() == 0


async def test_an_entry_is_changed_by_keyboard_and_mistakes_stand_at_their_field(desk: Desk) -> None:
    page = await desk.logged_in("els")
    await page.goto(f"{desk.url}/nummerplan/nummer/balie")
    await page.fill("#verkort", "2001")
    await page.keyboard.press("Enter")
    await desk.text_of(page, "#verkort-fout", "al in gebruik")
    assert await page.get_attribute("#verkort", "aria-invalid") == "true"
    await looked_at(desk, page, "an entry with a mistake")
    async with rows_are_changed_in(desk.serve):
        await page.fill("#verkort", "2000")
        await page.fill("#uren", "ma-vr 08:30-12:00")
        await page.keyboard.press("Enter")
        await desk.text_of(page, "#answer", "Bewaard.")
    await looked_at(desk, page, "an entry that was changed")
    assert (await load_area(desk.serve.background)).entries[EntryCode("balie")].hours is not None
    await page.goto(f"{desk.url}/nummerplan/nieuw")
    await looked_at(desk, page, "a new entry")


async def test_somebody_who_was_overtaken_sees_both(desk: Desk) -> None:
    page = await desk.logged_in("els")
    await page.goto(f"{desk.url}/nummerplan/nummer/jan")
    await desk.serve.pool.execute("UPDATE directory_entry SET name = 'Jan de Vries' WHERE code = 'jan'")
    await page.fill("#naam", "Jan Bos")
    async with rows_are_changed_in(desk.serve):
        await page.keyboard.press("Enter")
        await desk.text_of(page, "#answer", "Iemand anders veranderde")
        await looked_at(desk, page, "an entry that somebody else changed")
        assert await page.input_value("#naam") == "Jan Bos" and "Jan de Vries" in await page.inner_text("tbody")
        await page.get_by_role("button", name="Bewaar").click()
        await desk.text_of(page, "#answer", "Bewaard.")
    assert (await load_area(desk.serve.background)).entries[EntryCode("jan")].name == "Jan Bos"


async def test_a_file_is_looked_at_and_put_in(desk: Desk, tmp_path: Path) -> None:
    page = await desk.logged_in("els")
    await page.goto(f"{desk.url}/nummerplan")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download met telefoonnummers").click()
    taken = tmp_path / "taken.csv"
    await (await download.value).save_as(taken)
    assert taken.read_bytes().startswith(b"\xef\xbb\xbfcode;")
    await page.goto(f"{desk.url}/nummerplan/invoeren")
    await looked_at(desk, page, "the form for a file")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(f"{HEAD}balie;department;;2000;PJSIP/balie;\ngroen;ding;Groen;112;;0900 1234\n", encoding="utf-8")
    await page.set_input_files("#bestand", wrong)
    await page.get_by_role("button", name="Bekijk wat er verandert").click()
    await desk.text_of(page, "#fouten", "fouten")
    await looked_at(desk, page, "a file with mistakes")
    right = tmp_path / "right.csv"
    lines = "balie;department;Balie west;2000;PJSIP/balie;\ngroen;department;Groenbeheer café;2005;PJSIP/groen;\n"
    right.write_text(f"{HEAD}{lines}", encoding="cp1252")
    await page.set_input_files("#bestand", right)
    await page.get_by_role("button", name="Bekijk wat er verandert").click()
    await desk.text_of(page, "#gevolg", "Dit gaat er veranderen")
    await looked_at(desk, page, "what a file would change")
    async with rows_are_changed_in(desk.serve):
        await page.get_by_role("button", name="Voer in").click()
        await desk.text_of(page, "#answer", "Het bestand is ingevoerd.")
    await looked_at(desk, page, "the number plan after a file")
    assert (await load_area(desk.serve.background)).entries[EntryCode("groen")].name == "Groenbeheer café"


async def test_who_shares_a_number_is_read_at_a_glance(desk: Desk) -> None:
    page = await desk.logged_in("bea")
    await page.goto(f"{desk.url}/deelname?{DAYS}")
    await desk.text_of(page, "#nummer-1", "14 0119")
    await looked_at(desk, page, "who shares a 14-number")
