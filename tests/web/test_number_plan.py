"""The number plan as editors, supervisors and operators have it: what it shows, what is changed, and by whom."""

from __future__ import annotations

import re
from html import unescape

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.directory_commands import ChangeDirectory
from ari_app.core.ids import EntryCode, MunicipalityCode
from ari_app.storage.area.snapshot import load_area
from tests.web.callers import a_talk
from tests.web.controllers import rows_are_changed
from tests.web.people import Browser, Place, hidden_fields

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
ENTRIES = """
INSERT INTO directory_entry (code, kind, name, municipality, subject, extension, endpoint, pii_number, operator, deputy,
  shared, has_hours, last_check, last_checked_at) VALUES
('balie', 'department', 'Balie', 'GM9901', 'paspoort', '2000', 'PJSIP/balie', NULL, NULL, 'jan', false, false,
  'unreachable', now()),
('jan', 'person', 'Jan Jansen', 'GM9901', '', '2001', NULL, '+31119990999', NULL, NULL, false, false, 'fine', now()),
('anna', 'person', 'Anna', 'GM9901', '', NULL, NULL, NULL, '101', NULL, false, true, 'fine', now()),
('geheim', 'department', 'Sociale recherche', 'GM9902', '', '3000', 'PJSIP/geheim', NULL, NULL, NULL, false, false,
  NULL, NULL),
('brug', 'department', 'Brugwacht', 'GM9902', '', '3001', 'PJSIP/brug', NULL, NULL, NULL, true, false, NULL, NULL);
INSERT INTO directory_entry_hours VALUES ('anna', 0, '08:30', '12:00'), ('anna', 1, '08:30', '12:00')"""


@pytest.fixture
async def plan(place: Place) -> Place:
    """Pages over that number plan, for people who need no code."""
    place.trusts_all_roles()
    await place.serve.pool.execute(ENTRIES)
    await place.area_has(lambda area: len(area.entries) == 5)
    return place


async def editor(place: Place, login: str = "els", town: MunicipalityCode = WIERDAM) -> Browser:
    await place.account(login, RoleRow(Role.EDITOR, town))
    return await place.logged_in(login)


async def page(browser: Browser, path: str, status: int = 200) -> str:
    answer = await browser.get(path)
    assert answer.status == status, path
    return unescape(await answer.text())


def rows_of(html: str) -> list[str]:
    """The entries of the list, by code."""
    return re.findall(r'scope="row"><a class="nl-link" href="/nummerplan/nummer/([a-z0-9-]+)">', html)


def form_of(html: str) -> dict[str, str]:
    """The form as its editor gets it, with all that stands in its fields."""
    form = hidden_fields(html)
    for name, value in re.findall(r'<input class="utrecht-textbox[^>]*name="([a-z]+)"[^>]*? value="([^"]*)"', html):
        form[name] = unescape(value)
    for name, options in re.findall(r'<select[^>]*name="([a-z]+)">(.*?)</select>', html, re.DOTALL):
        form[name] = next(iter(re.findall(r'value="([^"]*)" selected', options)), "")
    return form


async def test_the_list_says_who_is_there_who_stands_in_and_what_was_found_at_night(plan: Place) -> None:
    html = await page(await editor(plan), "/nummerplan")
    assert rows_of(html) == ["anna", "balie", "brug", "jan"]
    assert "Nummer 1 tot en met 4 van 4" in html and "toestel stond uit" in html
    assert "<bdi>Jan Jansen</bdi>" in html and "niet bekend" in html and "Er zijn nog geen gesprekken" in html
    wrong = await page(await plan.logged_in("els"), "/nummerplan?controle=1")
    assert rows_of(wrong) == ["balie"]
    assert rows_of(await page(await plan.logged_in("els"), "/nummerplan?gemeente=GM9901")) == ["anna", "balie", "jan"]
    own = await (await (await plan.logged_in("els")).post("/nummerplan/zoeken", {"zoek": "paspoort"})).text()
    assert rows_of(own) == ["balie"] and "Niets gevonden" not in own
    none = await (await (await plan.logged_in("els")).post("/nummerplan/zoeken", {"zoek": "recherche"})).text()
    assert rows_of(none) == [] and "Niets gevonden" in none


async def test_who_was_never_transferred_to_is_told_as_far_as_the_record_goes(plan: Place) -> None:
    browser = await editor(plan)
    talk = await a_talk(plan.serve, "101", WIERDAM)
    leg = "00000000-0000-0000-0000-000000000001"
    await plan.serve.pool.execute(
        """INSERT INTO transfer (id, call_id, number, kind, state, requested_at, from_party, from_leg, to_party,
          in_presence, must_accept, ended_at, outcome, counted, count_reason)
        VALUES (gen_random_uuid(), $1, 1, 'cold', 'ended', '2026-03-12T10:00Z', '101', $2, '2000', false, false, now(),
          'no_answer', false, 'not_handed_over')""",
        talk.call.id,
        leg,
    )
    assert "12-3-2026" in await page(browser, "/nummerplan/nummer/balie")
    assert "nooit sinds" in await page(browser, "/nummerplan/nummer/jan")
    never = await page(browser, "/nummerplan?nooit=1")
    assert rows_of(never) == ["anna", "brug", "jan"] and "Doorverbonden is geteld sinds" in never
    elsewhere = await page(await editor(plan, "piet", ELDERLO), "/nummerplan?nooit=1")
    assert rows_of(elsewhere) == ["brug", "geheim"]


async def test_an_entry_is_changed_by_its_form_and_everything_else_of_it_stays(plan: Place) -> None:
    browser = await editor(plan)
    before = (await load_area(plan.serve.background)).entries[EntryCode("anna")]
    form = form_of(await page(browser, "/nummerplan/nummer/anna"))
    assert (form["medewerker"], form["uren"], form["soort"]) == ("101", "ma-di 08:30-12:00", "person")
    async with rows_are_changed(plan):
        answer = await browser.post("/nummerplan/nummer/anna", form | {"naam": "Anna Bos", "vervanger": "2001"})
        assert answer.status == 303, await answer.text()
        await plan.area_has(lambda area: area.entries[EntryCode("anna")].name == "Anna Bos")
        again = await browser.post("/nummerplan/nummer/anna", form | {"naam": "Anna Bos", "vervanger": "2001"})
        assert again.status == 303, "the same form again is told what it did"
        shown = await page(browser, answer.headers["Location"])
    assert "Anna Bos" in shown and "Bewaard." in shown
    after = (await load_area(plan.serve.background)).entries[EntryCode("anna")]
    assert (after.name, after.deputy, after.hours, after.operator) == ("Anna Bos", "jan", before.hours, "101")
    assert await plan.deeds("directory.change") == ["account:els"]


async def test_mistakes_are_told_at_their_field_and_nothing_is_asked(plan: Place) -> None:
    browser = await editor(plan)
    form = form_of(await page(browser, "/nummerplan/nummer/jan"))
    wrong = form | {"verkort": "2000", "nummer": "0900 1234", "uren": "altijd", "tot": "niet"}
    answer = await browser.post("/nummerplan/nummer/jan", wrong)
    html = unescape(await answer.text())
    assert answer.status == 400
    faults = dict(re.findall(r'id="([a-z]+)-fout">([^<]*)<', html))
    assert set(faults) == {"verkort", "nummer", "uren", "tot"}
    assert "kost bellers extra" in faults["nummer"] and "al in gebruik" in faults["verkort"]
    assert "balie" not in faults["verkort"] and 'value="0900 1234"' in html
    nameless = unescape(await (await browser.post("/nummerplan/nummer/jan", form | {"naam": ""})).text())
    assert 'id="naam-fout">Dit moet u invullen.<' in nameless
    none = await browser.post("/nummerplan/nummer/jan", form | {"nummer": ""})
    assert "Vul precies één bestemming in" in unescape(await none.text())
    assert await plan.serve.pool.fetchval("SELECT count(*) FROM command") == 0


async def test_a_new_entry_is_found_at_once_and_can_go_unless_somebody_needs_it(plan: Place) -> None:
    browser = await editor(plan)
    form = form_of(await page(browser, "/nummerplan/nieuw")) | {
        "code": "nieuw",
        "naam": "Groenbeheer",
        "soort": "department",
        "toestel": "PJSIP/groen",
        "zoekwoorden": "snoeien, kap",
    }
    async with rows_are_changed(plan):
        assert (await browser.post("/nummerplan/nieuw", form)).status == 303
        await plan.area_has(lambda area: EntryCode("nieuw") in area.entries)
        again = await browser.post("/nummerplan/nieuw", form)
        taken = await browser.post("/nummerplan/nieuw", form | {"naam": "Anders"})
        assert again.status == 303, "the same form twice is one entry, also when it is there by now"
        assert taken.status == 400 and "bestaat al" in unescape(await taken.text())
        made = (await load_area(plan.serve.background)).entries[EntryCode("nieuw")]
        assert (made.name, made.keywords, made.municipality) == ("Groenbeheer", ("snoeien", "kap"), WIERDAM)
        kept = hidden_fields(await page(browser, "/nummerplan/nummer/jan"))
        needed = await browser.post("/nummerplan/nummer/jan/verwijderen", kept)
        assert needed.status == 409 and "Dit is de vervanger" in unescape(await needed.text())
        gone = hidden_fields(await page(browser, "/nummerplan/nummer/nieuw"))
        left = await browser.post("/nummerplan/nummer/nieuw/verwijderen", gone)
        assert left.status == 303
        assert "uit het nummerplan gehaald" in await page(browser, left.headers["Location"])
        await plan.area_has(lambda area: EntryCode("nieuw") not in area.entries)
        assert (await browser.post("/nummerplan/nummer/nieuw/verwijderen", gone)).status == 303, "it was done before"
    assert set((await load_area(plan.serve.background)).entries) == {"balie", "jan", "anna", "geheim", "brug"}
    assert await plan.deeds("directory.remove") == ["account:els"]


async def test_of_two_editors_the_second_sees_what_the_first_wrote_and_loses_nothing(plan: Place) -> None:
    els, piet = await editor(plan), await editor(plan, "piet")
    mine, theirs = [form_of(await page(one, "/nummerplan/nummer/balie")) for one in (els, piet)]
    async with rows_are_changed(plan) as asked:
        assert (await els.post("/nummerplan/nummer/balie", mine | {"naam": "Balie west"})).status == 303
        clash = await piet.post("/nummerplan/nummer/balie", theirs | {"naam": "Balie oost", "onderwerp": "rijbewijs"})
        html = unescape(await clash.text())
        assert clash.status == 409 and "Iemand anders veranderde" in html
        assert "Balie west" in html and "Balie oost" in html and "rijbewijs" in html
        assert (await load_area(plan.serve.background)).entries[EntryCode("balie")].name == "Balie west"
        await plan.area_has(lambda area: area.entries[EntryCode("balie")].name == "Balie west")
        assert (await piet.post("/nummerplan/nummer/balie", form_of(html))).status == 303
    assert (await load_area(plan.serve.background)).entries[EntryCode("balie")].name == "Balie oost"
    assert {type(one) for one in asked} == {ChangeDirectory}


async def test_an_editor_reads_what_is_shared_and_touches_nothing_of_another_municipality(plan: Place) -> None:
    browser = await editor(plan)
    await page(browser, "/nummerplan/nummer/geheim", 404)
    shared = await page(browser, "/nummerplan/nummer/brug")
    assert "Brugwacht" in shared and '<form method="post" action="/nummerplan/nummer' not in shared
    form = form_of(await page(browser, "/nummerplan/nummer/balie"))
    async with rows_are_changed(plan) as asked:
        assert (await browser.post("/nummerplan/nummer/geheim", form)).status == 404
        assert (await browser.post("/nummerplan/nummer/geheim/verwijderen", form)).status == 404
        assert (await browser.post("/nummerplan/nummer/brug", form)).status == 403
        assert (await browser.post("/nummerplan/nummer/brug/verwijderen", form)).status == 403
        theirs = form | {"code": "nieuw", "gemeente": "GM9902"}
        assert (await browser.post("/nummerplan/nieuw", theirs)).status == 400
        taken = await browser.post("/nummerplan/nieuw", form | {"code": "geheim", "verkort": "", "gemeente": "GM9901"})
        assert taken.status == 400 and "recherche" not in await taken.text()
        # A code in the form of another entry changes nothing but the entry of the address.
        await browser.post("/nummerplan/nummer/balie", form | {"code": "geheim", "gemeente": "GM9902"})
        # Whether somebody of another municipality is free, and who calls them, is not the editor's to find out.
        reaching = {"code": "nieuw", "gemeente": "GM9901", "verkort": "", "toestel": "", "medewerker": "102"}
        refused = await browser.post("/nummerplan/nieuw", form | reaching | {"soort": "person", "vervanger": ""})
        assert refused.status == 400 and "Deze medewerker is er niet." in await refused.text()
    entries = (await load_area(plan.serve.background)).entries
    assert entries[EntryCode("geheim")].name == "Sociale recherche" and entries[EntryCode("brug")].name == "Brugwacht"
    assert all(isinstance(one, ChangeDirectory) and one.entry == "balie" for one in asked)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR], ids=str)
async def test_operators_and_supervisors_read_it_and_change_nothing(plan: Place, role: Role) -> None:
    await plan.account("bea", RoleRow(role, WIERDAM), operator="101")
    browser = await plan.logged_in("bea")
    html = await page(browser, "/nummerplan")
    assert rows_of(html) == ["anna", "balie", "brug", "jan"] and "/nummerplan/nieuw" not in html
    assert "+31 119 990" in await page(browser, "/nummerplan/nummer/jan")
    for path in ("/nummerplan/nieuw", "/nummerplan/nummer/jan", "/nummerplan/nummer/jan/verwijderen"):
        assert (await browser.post(path, {})).status == 403
    assert (await browser.post("/nummerplan/nummers.csv", {})).status == 403
