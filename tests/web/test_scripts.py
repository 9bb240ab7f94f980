"""Scripts on the desk: found, read, walked through, chosen and remarked upon, within the operator's municipalities."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import EntryCode, MunicipalityCode, ScriptId
from ari_app.core.operator_commands import ACCEPTED
from ari_app.core.script_commands import ChooseScript
from ari_app.core.script_imports import SourceScript
from ari_app.core.script_steps import Choice, Step
from ari_app.core.scripts import Link, ScriptText, Source
from ari_app.storage.scripts.editing import withdraw_script
from ari_app.storage.scripts.imports import import_scripts
from ari_app.web.pages.scripts import CHOSEN, TAKEN_BACK
from tests.web.callers import Talk, a_talk
from tests.web.controllers import a_controller
from tests.web.people import Browser, Place
from tests.web.test_call import ENTRIES, SCRIPT

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
PASSPORT = ScriptText(
    "Hoe vraag ik een paspoort aan?",
    "Kom **zelf** langs.\n# Meenemen\n- een pasfoto",
    "Reisdocumenten",
    keywords=("pas",),
    department=EntryCode("wierdam-bz"),
    memo="Spoed kost extra.",
    links=(Link("Tarieven", "https://example.org/"),),
    steps=(
        Step(1, "Is het voor een kind?", (Choice("Ja", 2), Choice("Nee", None))),
        Step(2, "Vraag naar toestemming."),
    ),
)


async def stored(place: Place, text: ScriptText, municipality: MunicipalityCode | None, key: str) -> ScriptId:
    script = SourceScript(Source.VAC, key, municipality, text)
    await import_scripts(place.serve.background, [script], municipality, "test", datetime.now(UTC))
    found = await place.serve.pool.fetchval("SELECT id FROM script WHERE source_key = $1", key)
    return ScriptId(found)


@pytest.fixture
async def scripts(place: Place) -> dict[str, ScriptId]:
    return {
        "own": await stored(place, PASSPORT, WIERDAM, "own"),
        "shared": await stored(place, replace(PASSPORT, question="Paspoort kwijt?", department=None), None, "shared"),
        "foreign": await stored(place, replace(PASSPORT, question="Paspoort in Elderlo?"), ELDERLO, "foreign"),
    }


@pytest.fixture
async def anna(place: Place, scripts: dict[str, ScriptId]) -> Browser:
    await place.serve.pool.execute(ENTRIES)
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    await place.area_has(lambda area: area.entries)
    return await place.logged_in("anna")


@pytest.fixture
async def talk(place: Place, anna: Browser) -> Talk:
    return await a_talk(place.serve, "101", WIERDAM)


async def part(browser: Browser, path: str, **fields: str) -> str:
    answer = await browser.post(path, {**fields, "deel": "1"})
    assert answer.status == 200, answer.status
    return await answer.text()


def questions(html: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'class="scripts__open"[^>]*>([^<]*?)\s*<', html)]


async def test_the_list_and_a_search_have_own_scripts_first_and_nothing_of_others(
    anna: Browser, talk: Talk, place: Place
) -> None:
    for typed in ("", "paspoort", "pasport", "paspo"):
        found = await part(anna, "/antwoorden/zoek", zoek=typed)
        assert questions(found) == [PASSPORT.question, "Paspoort kwijt?"], typed
    assert "Het meest gevraagd voor Wierdam" in await part(anna, "/antwoorden/zoek")
    assert "Geen antwoord gevonden" in await part(anna, "/antwoorden/zoek", zoek="wolkenkrabber", klaar="1")
    missed = await place.serve.pool.fetchrow("SELECT municipality, words, times FROM script_miss")
    assert missed is not None and tuple(missed) == ("GM9901", None, 1)
    page = await (await anna.post("/antwoorden/zoek", {"zoek": "paspoort"})).text()
    assert "<!DOCTYPE html>" in page and PASSPORT.question in page, "without a script it is a page"


async def test_a_script_is_read_and_walked_through(anna: Browser, talk: Talk, scripts: dict[str, ScriptId]) -> None:
    own = str(scripts["own"])
    shown = await part(anna, "/antwoorden/lees", antwoord=own)
    assert "Kom <strong>zelf</strong> langs." in shown and "<h4>Meenemen</h4>" in shown
    assert "Spoed kost extra." in shown and 'href="https://example.org/"' in shown
    assert "Is het voor een kind?" in shown and "Vraag naar toestemming" not in shown
    assert "Burgerzaken" in shown and 'value="cold"' in shown and 'name="over" value="Reisdocumenten"' in shown
    second = await part(anna, "/antwoorden/lees", antwoord=own, stap="", keuze="0")
    assert "Is het voor een kind? <strong>Ja</strong>" in second and "Vraag naar toestemming." in second
    assert "dit was de laatste stap" in await part(anna, "/antwoorden/lees", antwoord=own, stap="1")
    assert "<!DOCTYPE html>" in await (await anna.post("/antwoorden/lees", {"antwoord": own})).text()


async def test_a_script_of_another_municipality_is_not_there(
    anna: Browser, talk: Talk, scripts: dict[str, ScriptId]
) -> None:
    foreign = str(scripts["foreign"])
    assert (await anna.post("/antwoorden/lees", {"antwoord": foreign})).status == 404
    remark = {"antwoord": foreign, "versie": "1", "soort": "onjuist"}
    assert (await anna.post("/antwoorden/opmerking", remark)).status == 409
    for path, form in (
        ("/antwoorden/lees", {"antwoord": "x"}),
        ("/antwoorden/lees", {"antwoord": foreign, "stap": "9"}),
        ("/antwoorden/kies", {"gesprek": str(talk.call.id), "antwoord": foreign, "versie": "1²"}),
        ("/antwoorden/opmerking", {**remark, "soort": "anders"}),
    ):
        assert (await anna.post(path, form)).status == 400, path


async def test_what_operators_may_not_read_now_is_not_named_by_another_script(
    place: Place, anna: Browser, scripts: dict[str, ScriptId]
) -> None:
    await place.serve.pool.execute(
        "UPDATE script_version SET related = $1 WHERE script = $2", [scripts["shared"]], scripts["own"]
    )
    assert "Paspoort kwijt?" in await part(anna, "/antwoorden/lees", antwoord=str(scripts["own"]))
    await withdraw_script(place.serve.background, None, scripts["shared"], "account:eva", datetime.now(UTC))
    shown = await part(anna, "/antwoorden/lees", antwoord=str(scripts["own"]))
    assert "Paspoort kwijt?" not in shown and "Kijk ook bij" not in shown


async def test_choosing_is_one_command_and_the_subject_can_be_that_of_a_script(
    place: Place, anna: Browser, talk: Talk, scripts: dict[str, ScriptId]
) -> None:
    form = {"gesprek": str(talk.call.id), "antwoord": str(scripts["own"]), "versie": "1"}
    async with a_controller(place, ACCEPTED, ACCEPTED, ACCEPTED) as asked:
        answer = await anna.post("/antwoorden/kies", {**form, "doe": "kies"}, SCRIPT)
        assert (answer.status, await answer.text()) == (200, CHOSEN)
        answer = await anna.post("/antwoorden/kies", {**form, "doe": "terug"}, SCRIPT)
        assert (answer.status, await answer.text()) == (200, TAKEN_BACK)
        wrap_up = {"gesprek": form["gesprek"], "onderwerp": "reisdocumenten", "resultaat": "beantwoord"}
        assert (await anna.post("/nawerk", wrap_up, SCRIPT)).status == 200
    assert asked[:2] == [ChooseScript(scripts["own"], 1), ChooseScript()]
    assert 'value="reisdocumenten"' in await (await anna.get("/")).text()


async def test_a_remark_reaches_the_editors_and_holds_no_number(
    place: Place, anna: Browser, scripts: dict[str, ScriptId]
) -> None:
    form = {"antwoord": str(scripts["shared"]), "versie": "1", "soort": "verouderd", "tekst": "Tarief is nu 80 euro"}
    answer = await anna.post("/antwoorden/opmerking", form, SCRIPT)
    assert (answer.status, await answer.text()) == (200, "Dank u. De redactie ziet uw bericht.")
    refused = await anna.post("/antwoorden/opmerking", {**form, "tekst": "bel 0612345678"}, SCRIPT)
    assert refused.status == 409 and "niet over de beller" in await refused.text()
    assert await place.serve.pool.fetchval("SELECT count(*) FROM script_remark") == 1
