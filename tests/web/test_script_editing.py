"""The pages of editors: write, review by somebody else, publish, compare; and what is theirs to see."""

from __future__ import annotations

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.script_steps import read_lines
from ari_app.core.scripts import ScriptText
from ari_app.web.script_forms import FIELDS, side_by_side, values_of, written
from tests.web.people import Browser, Place, hidden_fields
from tests.web.test_call import ENTRIES

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
FORM = {
    "vraag": "Hoe vraag ik een paspoort aan?",
    "antwoord": "Kom langs.\r\n- een pasfoto",
    "stappen": "1. Nieuw?\n- Ja: einde",
    "onderwerp": "Paspoort",
    "trefwoorden": "pas, reisdocument",
    "afdeling": "burgerzaken",
    "links": "Tarieven | https://example.org/",
}


@pytest.fixture
async def eva(place: Place) -> Browser:
    await place.serve.pool.execute(ENTRIES)
    place.trusts_all_roles()
    for name in ("eva", "fred"):
        await place.account(name, RoleRow(Role.EDITOR, WIERDAM), name=name.capitalize())
    await place.account("greet", RoleRow(Role.EDITOR, ELDERLO), name="Greet")
    await place.account("hans", RoleRow(Role.EDITOR), name="Hans")
    await place.area_has(lambda area: area.entries)
    return await place.logged_in("eva")


async def made(browser: Browser, **fields: str) -> str:
    """The address of a new script."""
    answer = await browser.post("/antwoorden/nieuw", {**FORM, **fields})
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"].partition("?")[0]


async def does(browser: Browser, where: str, what: str, version: str = "1") -> str:
    answer = await browser.post(f"{where}/stand", {"doe": what, "versie": version})
    assert answer.status == 303
    return await (await browser.get(answer.headers["Location"])).text()


async def test_a_script_is_written_by_one_editor_and_published_by_another(place: Place, eva: Browser) -> None:
    where = await made(eva)
    page = await (await eva.get(f"{where}?gedaan=bewaard")).text()
    assert "Bewaard als concept" in page and "Publiceer versie" not in page
    assert "Klaar om na te lezen" in await does(eva, where, "nalezen")
    page = await (await eva.get(where)).text()
    assert "U schreef deze versie" in page and "Publiceer versie" not in page
    assert "iemand anders was u voor, of u schreef" in await does(eva, where, "gepubliceerd")
    fred = await place.logged_in("fred")
    assert "Publiceer versie 1" in await (await fred.get(where)).text()
    assert "Medewerkers zien het nu" in await does(fred, where, "gepubliceerd")
    row = await place.serve.pool.fetchrow("SELECT published, owner FROM script")
    assert row is not None and tuple(row) == (1, "account:eva")
    assert "Houd mij op de hoogte" in await (await fred.get(where)).text()
    await does(fred, where, "eigenaar")
    assert await place.serve.pool.fetchval("SELECT owner FROM script") == "account:fred"
    assert "Ingetrokken" in await does(fred, where, "ingetrokken")
    assert await place.serve.pool.fetchval("SELECT published FROM script") is None
    assert [await place.deeds(f"script.{deed}") for deed in ("add", "review", "publish", "withdraw")] == [
        ["account:eva"],
        ["account:eva"],
        ["account:fred"],
        ["account:fred"],
    ]


async def test_two_editors_at_once_see_both_texts_and_lose_none(place: Place, eva: Browser) -> None:
    where = await made(eva)
    fred = await place.logged_in("fred")
    fields = hidden_fields(await (await fred.get(where)).text())
    assert fields["versie"] == "1"
    assert (await eva.post(where, {**FORM, "versie": "1", "antwoord": "Van Eva"})).status == 303
    refused = await fred.post(where, {**FORM, "versie": "1", "antwoord": "Van Fred"})
    page = await refused.text()
    assert refused.status == 409 and "Iemand anders bewaarde dit antwoord terwijl u schreef" in page
    assert "<mark>Van Fred</mark>" in page and "<mark>Van Eva</mark>" in page
    assert await place.serve.pool.fetchval("SELECT count(*) FROM script_version") == 2
    assert '<input type="hidden" name="versie" value="2">' in page
    assert (await fred.post(where, {**FORM, "versie": "2", "antwoord": "Van Fred"})).status == 303
    compared = await (await fred.get(f"{where}/versies?a=2&b=3")).text()
    assert "<mark>Van Eva</mark>" in compared and "<mark>Van Fred</mark>" in compared
    assert (await fred.get(f"{where}/versies?a=2&b=9")).status == 404


async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(place: Place, eva: Browser) -> None:
    wrong = {**FORM, "vraag": "", "stappen": "- Ja", "afdeling": "Onbekend", "verwant": "Bestaat niet", "tot": "morgen"}
    refused = await eva.post("/antwoorden/nieuw", {**wrong, "links": "x | javascript:alert(1)"})
    page = await refused.text()
    assert refused.status == 400
    for name in ("vraag", "stappen", "afdeling", "verwant", "tot", "links"):
        assert f'id="{name}-fout"' in page, name
    assert "Bestaat niet</textarea>" in page and "- een pasfoto" in page
    assert await place.serve.pool.fetchval("SELECT count(*) FROM script") == 0
    preview = await (await eva.post("/antwoorden/voorbeeld", {**FORM, "antwoord": "<b>x</b>\n# Kop"})).text()
    assert "&lt;b&gt;x&lt;/b&gt;" in preview and "<h4>Kop</h4>" in preview
    assert (
        "Zo ziet een medewerker het" in await (await eva.post("/antwoorden/nieuw", {**FORM, "doe": "voorbeeld"})).text()
    )
    assert await place.serve.pool.fetchval("SELECT count(*) FROM script") == 0


async def test_an_editor_of_another_municipality_has_nothing_of_it_and_what_is_shared_is_for_the_whole_group(
    place: Place, eva: Browser
) -> None:
    own = await made(eva)
    hans = await place.logged_in("hans")
    shared = await made(hans, gemeente="alle", vraag="Gedeelde vraag?")
    greet = await place.logged_in("greet")
    listed = await (await greet.get("/antwoorden")).text()
    assert "Gedeelde vraag?" in listed and FORM["vraag"] not in listed
    assert (await greet.get(own)).status == 404
    for path, form in ((own, {**FORM, "versie": "1"}), (f"{own}/stand", {"doe": "nalezen", "versie": "1"})):
        assert (await greet.post(path, form)).status == 404
    assert (await greet.get(f"{own}/versies?a=1&b=1")).status == 404
    page = await (await greet.get(shared)).text()
    assert "U kunt het lezen, en niet veranderen" in page and "Bewaar als concept" not in page
    for path, form in ((shared, {**FORM, "versie": "1"}), (f"{shared}/stand", {"doe": "ingetrokken", "versie": "1"})):
        assert (await greet.post(path, form)).status == 403
    assert (await greet.post("/antwoorden/nieuw", {**FORM, "gemeente": "alle"})).status == 400
    assert (await greet.post("/antwoorden/nieuw", {**FORM, "gemeente": "GM9901"})).status == 400
    assert (await greet.post("/antwoorden/opmerkingen/1/klaar")).status == 404
    assert (await greet.get("/antwoorden/geen-id")).status == 404
    assert (await greet.get("/antwoorden?toon=iets")).status == 400
    related = await made(eva, vraag="Nog een?", verwant=f"{FORM['vraag']}\nGedeelde vraag?")
    assert "Gedeelde vraag?" in await (await eva.get(related)).text()


async def test_the_list_says_what_is_to_be_done(place: Place, eva: Browser) -> None:
    where = await made(eva)
    await does(eva, where, "nalezen")
    assert FORM["vraag"] in await (await eva.get("/antwoorden?toon=nalezen")).text()
    assert FORM["vraag"] not in await (await eva.get("/antwoorden?toon=concept")).text()
    fred = await place.logged_in("fred")
    await does(fred, where, "gepubliceerd")
    script = where.rpartition("/")[2]
    await place.serve.pool.execute(
        "INSERT INTO script_remark (script, version, kind, remark, author, at) VALUES ($1, 1, 'link', 'x', 'y', now())",
        script,
    )
    await place.serve.pool.execute("UPDATE script SET valid_until = current_date + 3")
    page = await (await eva.get("/antwoorden")).text()
    assert "Een link werkt niet" in page and "verlopen binnenkort" in page
    assert "verlopen binnenkort" not in await (await fred.get("/antwoorden")).text(), "only its owner is reminded"
    number = await place.serve.pool.fetchval("SELECT id FROM script_remark")
    assert (await eva.post(f"/antwoorden/opmerkingen/{number}/klaar")).status == 303
    assert "Er zijn geen opmerkingen." in await (await eva.get("/antwoorden")).text()


def test_a_text_is_the_same_after_the_form() -> None:
    text = ScriptText("Vraag?", "Antwoord\n- x", "Iets", "uri", ("a", "b"), steps=read_lines(FORM["stappen"]))
    values = values_of(text, {}, {})
    assert set(values) == set(FIELDS)
    assert written(values, {}, {}, "uri").text == text
    ((name, one, other),) = side_by_side(
        {**values, **dict.fromkeys(set(FIELDS) - {"memo"}, ""), "memo": "a\nb"},
        dict.fromkeys(FIELDS, "") | {"memo": "a\nc"},
    )
    assert name == "memo"
    assert [(line.text, line.differs) for line in (*one, *other)] == [
        ("a", False),
        ("b", True),
        ("a", False),
        ("c", True),
    ]


def test_ends_of_lines_that_come_along_with_what_is_pasted_are_ends_of_lines() -> None:
    pasted = "Kom langs.\x0b- een pasfoto\r- een bewijs\u2028Klaar.\r\n"
    found = written({"vraag": "Hoe?", "antwoord": pasted}, {}, {})
    assert found.text is not None and found.text.answer == "Kom langs.\n- een pasfoto\n- een bewijs\nKlaar."
    assert "antwoord" in written({"vraag": "Hoe?", "antwoord": "a\x1b[2J"}, {}, {}).faults
