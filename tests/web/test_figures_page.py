"""The page of figures: of the own municipalities, with definitions, comparisons and the calls behind; and as a file."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from html import escape

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.calendar import local_date
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.reports.choices import Choices, Definition, EarlyAbandons
from ari_app.reports.definitions import add_definition
from ari_app.reports.measures import MEASURES
from ari_app.reports.upkeep import count_changes
from ari_app.web.figures_view import lasting
from tests.reports.counted import count_all
from tests.web.callers import a_talk
from tests.web.people import Browser, Place

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")


async def visitor(place: Place, role: Role, of: MunicipalityCode | None = WIERDAM) -> Browser:
    place.trusts_all_roles()
    await place.account("iemand", RoleRow(role, of) if of else RoleRow(role))
    browser = await place.logged_in("iemand")
    await place.area_has(lambda area: OperatorNumber("102") in area.operators)
    return browser


async def counted(place: Place) -> None:
    await count_changes(place.serve.background, place.clock())


def figure(html: str, code: str) -> list[str]:
    """The cells of a measure's row, as text."""
    (row,) = [one for one in re.findall(r"<tr.*?</tr>", html, re.DOTALL) if f'href="#maat-{code}"' in one]
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]


async def test_before_anything_is_counted_it_is_said(place: Place) -> None:
    bea = await visitor(place, Role.SUPERVISOR)
    assert "Er is nog niets geteld" in await (await bea.get("/cijfers")).text()


async def test_figures_of_today_are_of_the_own_municipality(place: Place) -> None:
    bea = await visitor(place, Role.SUPERVISOR)
    await a_talk(place.serve, "101", WIERDAM, waited_seconds=300)
    await a_talk(place.serve, "102", ELDERLO)
    await counted(place)
    html = await (await bea.get("/cijfers")).text()
    assert figure(html, "aangeboden")[0].startswith("1")
    assert figure(html, "wachttijd_langste")[0] == "5 min 00 s"
    assert figure(html, "binnen_norm")[0] == "te weinig"
    assert "Elderlo" not in html and "elderlo" not in html and "KCC Wierdam" in html
    assert "<strong>Wierdam</strong>: Norm 25 seconden, gerekend vanaf de wachtrij;" in html
    today = local_date(place.clock()).isoformat()
    assert f'href="/gesprekken?vanaf={today}&amp;tot={today}"' in html, "the calls behind a figure"
    theirs = await bea.get("/cijfers?gemeente=GM9902")
    assert theirs.status == 400 and "Kies iets uit de lijst." in await theirs.text()


async def test_days_that_are_still_to_be_counted_are_said(place: Place) -> None:
    cor = await visitor(place, Role.ANALYST)
    await count_all(place.serve.background, place.clock())
    today = local_date(place.clock())
    asked = f"/cijfers?vanaf={today - timedelta(days=3)}&tot={today}"
    assert "Wij tellen nog" not in await (await cor.get(asked)).text()
    await place.serve.pool.execute("UPDATE figure_progress SET days_until = $1", today - timedelta(days=2))
    assert "Wij tellen nog. Van " in await (await cor.get(asked)).text()
    found = await (await cor.get(f"/api/v1/meetwaarden?periode={today - timedelta(days=3)}..{today}")).json()
    assert found["nogTeTellenVanaf"] == (today - timedelta(days=2)).isoformat()


async def test_of_many_municipalities_together_one_is_asked_for(place: Place) -> None:
    await place.serve.pool.execute(
        "INSERT INTO municipality (code, name) SELECT 'GM' || n, 'Plaats ' || n FROM generate_series(1, 60) n"
    )
    ada = await visitor(place, Role.ADMINISTRATOR, None)
    await place.area_has(lambda area: len(area.municipalities) == 62)
    await a_talk(place.serve, "101", WIERDAM, waited_seconds=300)
    await counted(place)
    answer = await ada.get("/cijfers")
    html = await answer.text()
    assert answer.status == 200 and "Kies een gemeente." in html and "maat-aangeboden" not in html
    html = await (await ada.get("/cijfers?gemeente=GM9901")).text()
    assert "Kies een gemeente." not in html and figure(html, "aangeboden")[0].startswith("1")
    for path in ("/cijfers.csv", "/api/v1/meetwaarden"):
        assert [(await ada.get(asked)).status for asked in (path, f"{path}?gemeente=GM9901")] == [400, 200]


async def test_every_figure_leads_to_its_definition(place: Place) -> None:
    cor = await visitor(place, Role.ANALYST)
    await counted(place)
    html = await (await cor.get("/cijfers")).text()
    for code, one in MEASURES.items():
        assert html.count(f'href="#maat-{code}"') == html.count(f'id="maat-{code}"') == 1
        assert escape(one.definition, quote=False).replace("'", "&#39;") in html
    assert 'href="/gesprekken' not in html, "an analyst sees no calls"


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.ANALYST, 200), (Role.ADMINISTRATOR, 200), (Role.SUPERVISOR, 200), (Role.OPERATOR, 403), (Role.EDITOR, 403)],
)
async def test_who_may(place: Place, role: Role, status: int) -> None:
    browser = await visitor(place, role)
    for path in ("/cijfers", "/cijfers.csv"):
        assert (await browser.get(path)).status == status
    assert ('href="/cijfers"' in await (await browser.get("/account")).text()) == (status == 200)


async def test_other_choices_within_the_days_are_said_and_counted_with_both(place: Place) -> None:
    cor = await visitor(place, Role.ANALYST)
    await a_talk(place.serve, "101", WIERDAM, waited_seconds=300)
    await counted(place)
    today = local_date(place.clock())
    for day, norm in ((today - timedelta(days=30), 25), (today, 400)):
        choices = Choices(norm_seconds=norm, early_abandons=EarlyAbandons.MET, fewest_calls=1)
        await add_definition(place.serve.background, Definition(WIERDAM, day, choices, "anna", place.clock()))
    html = await (await cor.get(f"/cijfers?vanaf={today - timedelta(days=1)}&tot={today}")).text()
    assert "veranderde hoe er wordt geteld (Wierdam: vanaf" in html
    assert figure(html, "binnen_norm")[0] == "100,0 %zoals op de eerste dag: 0,0 %"
    html = await (await cor.get(f"/cijfers?vanaf={today}")).text()
    assert "veranderde hoe" not in html and figure(html, "binnen_norm")[0] == "100,0 %"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("vanaf=gisteren", "vanaf"),
        ("vanaf=2026-11-30&tot=2026-11-01", "tot"),
        ("vanaf=2020-01-01&tot=2026-01-01", "tot"),
        ("team=elderlo", "team"),
        ("nummer=112", "nummer"),
        ("gemeente=GM9901&gemeente=GM9901", "gemeente"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(place: Place, query: str, field: str) -> None:
    cor = await visitor(place, Role.ANALYST)
    answer = await cor.get(f"/cijfers?{query}")
    assert answer.status == 400 and f'href="#{field}"' in await answer.text()
    assert (await cor.get(f"/cijfers.csv?{query}")).status == 400


async def test_the_file_has_every_measure_with_numbers_and_definitions(place: Place) -> None:
    cor = await visitor(place, Role.ANALYST)
    await a_talk(place.serve, "101", WIERDAM, waited_seconds=300)
    await a_talk(place.serve, "102", ELDERLO)
    await counted(place)
    answer = await cor.get("/cijfers.csv")
    rows = list(csv.DictReader(io.StringIO((await answer.text()).removeprefix("\ufeff")), delimiter=";"))
    found = {row["code"]: row for row in rows[:-1]}
    assert list(found) == list(MEASURES) and "geteld tot" in rows[-1]["code"]
    assert (found["aangeboden"]["waarde"], found["wachttijd_langste"]["waarde"]) == ("1", "300")
    assert found["binnen_norm"]["waarde"] == "" and found["binnen_norm"]["van hoeveel"] == "1"
    assert found["uitval"]["definitie"] == MEASURES["uitval"].definition


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (3599.6, "1 uur 00 min"), (9e6, "2.500 uur 00 min")],
)
def test_times_are_said_in_words(seconds: float, words: str) -> None:
    assert lasting(seconds) == words
