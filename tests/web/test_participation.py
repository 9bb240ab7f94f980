"""Who shares a 14-number, and what each had of a period: others' calls are nobody else's."""

from __future__ import annotations

import re
from html import unescape

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from tests.web.people import Place

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
DAYS = "vanaf=2026-03-01&tot=2026-03-31"
SHARED = """
INSERT INTO shared_number (digits, default_municipality) VALUES ('140119', 'GM9902');
INSERT INTO shared_number_member (shared_number, municipality, menu_key, technical_since, operational_since)
VALUES ('140119', 'GM9901', 1, '2026-01-05', '2026-02-01'), ('140119', 'GM9902', 2, NULL, NULL);
INSERT INTO member_consultation (shared_number, municipality, neighbour, on_date, kind, author)
VALUES ('140119', 'GM9901', 'Elderlo', '2025-12-01', 'consulted', 'M. de Wit');
INSERT INTO direct_number (e164, municipality, kind) VALUES ('+31119990100', 'GM9901', 'geographic');
INSERT INTO figure_progress (counted_at, days_until) VALUES (now(), '2026-04-01');
INSERT INTO figure_bucket (municipality, span, from_at, team, number, counts) VALUES
('GM9901', 'day', '2026-03-01T23:00Z', '', '140119', '{"in": 30, "answered": 27, "talk_ms": 5400000}'),
('GM9901', 'day', '2026-03-01T23:00Z', '', '+31119990100', '{"in": 500, "answered": 500, "talk_ms": 60000}'),
('GM9901', 'day', '2026-04-05T22:00Z', '', '140119', '{"in": 700}'),
('GM9902', 'day', '2026-03-02T23:00Z', '', '140119', '{"in": 66, "answered": 60, "talk_ms": 1800000}'),
('', 'day', '2026-03-02T23:00Z', '', '140119', '{"in": 4}')"""


@pytest.fixture
async def shared(place: Place) -> Place:
    """Two municipalities on one number, for people who need no code."""
    place.trusts_all_roles()
    await place.serve.pool.execute(SHARED)
    await place.area_has(lambda area: area.shared_numbers)
    return place


def rows_of(html: str, table: str) -> list[list[str]]:
    """The cells of a table, without markup."""
    body = html.split(f'<table class="utrecht-table utrecht-table--html-table" aria-labelledby="{table}">')[1]
    rows = re.findall(r"<tr.*?</tr>", body.split("</table>")[0], re.DOTALL)[1:]
    return [[text_of(cell) for cell in re.findall(r"<t[dh].*?</t[dh]>", row)] for row in rows]


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def test_the_whole_group_sees_who_shares_it_who_was_told_and_the_shares_of_a_period(shared: Place) -> None:
    await shared.account("bea", RoleRow(Role.ADMINISTRATOR))
    browser = await shared.logged_in("bea")
    html = await (await browser.get(f"/deelname?{DAYS}")).text()
    assert "Wie niets kiest, komt bij Elderlo." in html
    assert rows_of(html, "deelnemers-1") == [
        ["Wierdam", "1", "5-1-2026", "1-2-2026", "0119 990 100 zelfde wachtrij"],
        ["Elderlo", "2", "niet vastgelegd", "niet vastgelegd", "geen nummer"],
    ]
    assert rows_of(html, "buren-1") == [
        ["Wierdam", "Elderlo", "geraadpleegd op 1-12-2025, door M. de Wit"],
        ["Elderlo", "Wierdam", "niets vastgelegd"],
    ]
    assert rows_of(html, "delen-1") == [
        ["Elderlo", "66", "60", "30,0", "66,0 %", "25,0 %"],
        ["Wierdam", "30", "27", "90,0", "30,0 %", "75,0 %"],
        ["geen gemeente gekozen", "4", "0", "0,0", "4,0 %", "0,0 %"],
    ]
    file = await (await browser.get(f"/deelname.csv?{DAYS}")).text()
    assert "14 0119;Wierdam;2026-03-01;2026-03-31;30;27;90,0;30,0;75,0" in file


async def test_of_the_calls_a_municipality_sees_its_own_and_no_shares_of_a_whole(shared: Place) -> None:
    await shared.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM))
    browser = await shared.logged_in("bea")
    html = await (await browser.get(f"/deelname?{DAYS}")).text()
    assert rows_of(html, "delen-1") == [["Wierdam", "30", "27", "90,0", "-", "-"]]
    assert [row[0] for row in rows_of(html, "deelnemers-1")] == ["Wierdam", "Elderlo"], "who shares it is no secret"
    file = await (await browser.get(f"/deelname.csv?{DAYS}")).text()
    assert file.count("14 0119") == 1 and "66" not in file and "Elderlo" not in file


async def test_who_shares_no_number_sees_none(shared: Place) -> None:
    await shared.serve.pool.execute("INSERT INTO municipality (code, name) VALUES ('GM9903', 'Verderop')")
    await shared.account("bea", RoleRow(Role.ADMINISTRATOR, MunicipalityCode("GM9903")))
    html = await (await (await shared.logged_in("bea")).get("/deelname")).text()
    assert "delen geen 14-nummer" in html and "Wierdam" not in html


@pytest.mark.parametrize(
    "query", ["vanaf=gisteren", "vanaf=2026-03-02&tot=2026-03-01", "vanaf=2020-01-01&tot=2026-01-01"]
)
async def test_days_that_make_no_sense_are_told_at_their_field(shared: Place, query: str) -> None:
    await shared.account("bea", RoleRow(Role.ADMINISTRATOR))
    browser = await shared.logged_in("bea")
    answer = await browser.get(f"/deelname?{query}")
    assert answer.status == 400 and "utrecht-form-field-error-message" in await answer.text()
    assert (await browser.get(f"/deelname.csv?{query}")).status == 400
