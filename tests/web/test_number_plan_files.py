"""Files of the number plan: what is taken out, what goes in, what is shown before, and each mistake at its line."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO

import pytest
from aiohttp import ClientResponse, FormData

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.directory_commands import ChangeDirectory
from ari_app.core.ids import EntryCode
from ari_app.storage.area.snapshot import load_area
from ari_app.web.pages.number_plan_files import LARGEST_FILE
from ari_app.web.uploads import text_of_file
from tests.web.controllers import rows_are_changed
from tests.web.people import SAME_ORIGIN, Browser, Place, hidden_fields
from tests.web.test_number_plan import ELDERLO, ENTRIES, WIERDAM, editor, page

pytestmark = pytest.mark.postgres

HEAD = "code;kind;name;municipality;extension;endpoint;number;operator;deputy;hours\r\n"
FILE = f"""{HEAD}balie;department;Balie west;GM9901;2000;PJSIP/balie;;;jan;
groen;department;Groenbeheer;GM9901;2005;PJSIP/groen;;;balie;ma-vr 08:30-17:00
jan;person;Jan Jansen;GM9901;2001;;0119 990 999;;;
"""


@pytest.fixture
async def plan(place: Place) -> Place:
    """Pages over that number plan, for people who need no code."""
    place.trusts_all_roles()
    await place.serve.pool.execute(ENTRIES)
    await place.area_has(lambda area: len(area.entries) == 5)
    return place


async def sent(browser: Browser, path: str, fields: dict[str, str], content: bytes | None = None) -> ClientResponse:
    """A form with a file in it, as a browser sends it."""
    data = FormData(default_to_multipart=True)
    for name, value in fields.items():
        data.add_field(name, value)
    if content is not None:
        data.add_field("bestand", BytesIO(content), filename="nummerplan.csv", content_type="text/csv")
    return await browser.session.post(f"{browser.base}{path}", data=data, allow_redirects=False, headers=SAME_ORIGIN)


def confirmed(html: str) -> dict[str, str]:
    """The form that puts in what was shown."""
    text = re.search(r'<textarea name="tekst" hidden>\n(.*?)</textarea>', html, re.DOTALL)
    assert text is not None
    return hidden_fields(html) | {"tekst": unescape(text[1])}


async def looked(browser: Browser, content: str = FILE, **fields: str) -> str:
    answer = await sent(browser, "/nummerplan/invoeren", {"gemeente": "GM9901", **fields}, content.encode())
    assert answer.status == 200, await answer.text()
    return await answer.text()


async def test_a_file_is_shown_first_and_then_put_in_once(plan: Place) -> None:
    browser = await editor(plan)
    html = await looked(browser, vervangen="1")
    shown = unescape(html)
    assert "Nieuw: 1. Veranderd: 1. Weg: 1. Hetzelfde: 1." in shown and "Balie west" in shown and "Groenbeheer" in shown
    assert await plan.serve.pool.fetchval("SELECT count(*) FROM command") == 0, "nothing is asked yet"
    async with rows_are_changed(plan):
        for _ in range(2):  # somebody clicks twice
            answer = await sent(browser, "/nummerplan/invoeren/doen", confirmed(html))
            assert answer.status == 303, unescape(await answer.text())
    assert "Het bestand is ingevoerd." in await page(browser, answer.headers["Location"])
    entries = (await load_area(plan.serve.background)).entries
    assert set(entries) == {"balie", "groen", "jan", "geheim", "brug"}
    assert (entries[EntryCode("balie")].name, entries[EntryCode("groen")].deputy) == ("Balie west", "balie")
    assert await plan.deeds("directory.import") == ["account:els"]
    assert await plan.serve.pool.fetchval("SELECT count(*) FROM command WHERE pii_arguments IS NOT NULL") == 0


async def test_a_file_that_would_do_something_else_by_now_does_nothing_and_is_shown_anew(plan: Place) -> None:
    browser = await editor(plan)
    form = confirmed(await looked(browser))
    await plan.serve.pool.execute("UPDATE directory_entry SET name = 'Balie oost' WHERE code = 'balie'")
    async with rows_are_changed(plan):
        answer = await sent(browser, "/nummerplan/invoeren/doen", form)
        html = await answer.text()
        assert answer.status == 409 and "Iemand anders veranderde dit" in html and "Balie oost" in html
        assert (await load_area(plan.serve.background)).entries[EntryCode("balie")].name == "Balie oost"
        assert (await sent(browser, "/nummerplan/invoeren/doen", confirmed(html))).status == 303
    assert (await load_area(plan.serve.background)).entries[EntryCode("balie")].name == "Balie west"


async def test_each_mistake_is_told_at_its_line_and_column(plan: Place) -> None:
    browser = await editor(plan)
    wrong = f"{HEAD}balie;department;Balie;GM9901;2000;PJSIP/balie;;;weg;\nx;ding;X;GM9901;2001;;0900 1234;;;altijd\n"
    answer = await sent(browser, "/nummerplan/invoeren", {"gemeente": "GM9901"}, wrong.encode())
    html = unescape(await answer.text())
    assert answer.status == 400 and "Er is niets ingevoerd." in html and "Voer in" not in html
    found = re.findall(r'<th class="utrecht-table__cell" scope="row">(\d+)</th><td [^>]*><bdi>(\w+)</bdi>', html)
    assert found == [("2", "deputy"), ("3", "hours"), ("3", "kind")]


async def test_a_file_touches_nothing_of_another_municipality_whatever_it_says(plan: Place) -> None:
    browser = await editor(plan)
    for line in (
        "geheim;department;Van ons;GM9901;3000;PJSIP/geheim;;;;",
        "nieuw;department;Van hen;GM9902;3005;PJSIP/x;;;;",
        "nieuw;department;Van ons;GM9901;3000;PJSIP/x;;;;",
        "nieuw;department;Van ons;GM9901;3005;PJSIP/x;;;geheim;",
    ):
        answer = await sent(browser, "/nummerplan/invoeren", {"gemeente": "GM9901"}, f"{HEAD}{line}\n".encode())
        html = await answer.text()
        assert answer.status == 400 and "recherche" not in html and "GM9902" not in html, line
    other = await sent(browser, "/nummerplan/invoeren", {"gemeente": "GM9902"}, FILE.encode())
    assert other.status == 400 and "Kies een gemeente." in await other.text()
    async with rows_are_changed(plan) as asked:
        form = {"gemeente": "GM9902", "tekst": f"{HEAD}", "gezien": "", "vervangen": "1"}
        assert (await sent(browser, "/nummerplan/invoeren/doen", form)).status == 400
        # What a page did not find, as it is asked by hand: the controller judges anew.
        crafted = {"gemeente": "GM9901", "tekst": f"{HEAD}geheim;department;Ons;GM9901;3000;PJSIP/geheim;;;;\n"}
        assert (await sent(browser, "/nummerplan/invoeren/doen", crafted | {"gezien": ""})).status == 400
    assert [type(one) for one in asked] == [ChangeDirectory]
    assert (await load_area(plan.serve.background)).entries[EntryCode("geheim")].name == "Sociale recherche"


async def test_the_file_that_is_taken_out_is_put_in_and_changes_nothing(plan: Place) -> None:
    browser = await editor(plan)
    answer = await browser.post("/nummerplan/nummers.csv", {"gemeente": "GM9901"})
    content = await answer.read()
    assert answer.content_type == "text/csv" and b"+31 119 990" in content and b"geheim" not in content
    assert await plan.deeds("directory.numbers_exported") == ["account:els"]
    html = await looked(browser, content.decode(), vervangen="1")
    assert "alles staat al zo" in unescape(html) and "/nummerplan/invoeren/doen" not in html


async def test_without_the_right_to_numbers_a_file_has_none_and_putting_it_in_loses_none(plan: Place) -> None:
    await plan.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM))
    answer = await (await plan.logged_in("bea")).get("/nummerplan.csv")
    content = (await answer.read()).decode()
    assert "jan;person;Jan Jansen" in content and "119 990" not in content and "brug" not in content
    assert await plan.deeds("directory.numbers_exported") == []
    refused = await sent(await editor(plan), "/nummerplan/invoeren", {"gemeente": "GM9901"}, content.encode())
    assert refused.status == 400 and "precies één bestemming" in unescape(await refused.text())
    foreign = await (await plan.logged_in("bea")).get(f"/nummerplan.csv?gemeente={ELDERLO}")
    assert "geheim" not in await foreign.text()


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 400), (b"\x00\x01" * 50, 400), (b"x" * (LARGEST_FILE + 1), 413), (b"y" * (2 * LARGEST_FILE), 413)],
    ids=("empty", "no_text", "too_large", "much_too_large"),
)
async def test_what_is_no_file_of_a_number_plan_is_refused_with_a_reason(
    plan: Place, content: bytes, status: int
) -> None:
    answer = await sent(await editor(plan), "/nummerplan/invoeren", {"gemeente": "GM9901"}, content)
    assert answer.status == status
    said = re.search(r'id="bestand-fout">([^<]+)<', await answer.text())
    assert said is not None and said[1]


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_is_read_as_excel_saves_it(coding: str) -> None:
    text = "code;name\r\nx;Café Één\r\n"
    assert text_of_file(text.encode(coding)) == text.replace("\r\n", "\n")
