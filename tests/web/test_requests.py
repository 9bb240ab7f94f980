"""Callbacks of a supervisor's municipalities: what is at risk, given away, closed, and seen with its number."""

from __future__ import annotations

import re

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode, new_command_id
from ari_app.core.supervisor_commands import AssignRequest
from ari_app.web.live import hub
from ari_app.web.pages import open_requests_export, requests
from tests.web.callers import NUMBER, a_request
from tests.web.controllers import rows_are_changed
from tests.web.frames import frame_with, next_frames
from tests.web.people import Browser, Place
from tests.web.rows import an_operator
from tests.words import says

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
OTHER = "+31119555124"


@pytest.fixture
async def bea(place: Place) -> Browser:
    place.trusts_all_roles()
    await place.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM))
    browser = await place.logged_in("bea")
    await place.area_has(lambda area: WIERDAM in area.municipalities)
    return browser


async def test_what_is_open_is_listed_with_its_risks_and_without_a_number(place: Place, bea: Browser) -> None:
    ours = await a_request(place.serve, WIERDAM, subject="paspoort", operator="101")
    theirs = await a_request(place.serve, ELDERLO, subject="rijbewijs")
    html = await (await bea.get("/terugbelverzoeken")).text()
    assert ours.reference in html and "paspoort" in html and "eindigt op 23" in html and "Anna" in html
    assert theirs.reference not in html and "rijbewijs" not in html
    assert NUMBER not in html and not says(html, "555")
    assert (await bea.get("/terugbelverzoeken?risico=1")).status == 200
    await place.serve.pool.execute(
        """INSERT INTO operator_absence (operator, from_at, author, created_at)
        VALUES ('101', now() - interval '1 hour', 'test', now());
        UPDATE callback_request SET first_contact_at = first_contact_at - interval '9 days',
          deadline_at = now() - interval '1 hour', plan_by_at = now() - interval '2 hours'"""
    )
    html = await (await bea.get("/terugbelverzoeken?risico=1&team=team:wierdam")).text()
    for words in ("te laat", "is afwezig", "niemand van het team is aangemeld"):
        assert words in html
    await an_operator(place.serve, "101", WIERDAM)
    assert "niemand van het team" not in await (await bea.get("/terugbelverzoeken")).text()


async def test_what_is_open_is_a_file_for_excel_of_what_was_chosen_and_without_a_number(
    place: Place, bea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await a_request(place.serve, WIERDAM, subject="paspoort", operator="101")
    second = await a_request(place.serve, WIERDAM, subject="=HYPERLINK", number=OTHER)
    theirs = await a_request(place.serve, ELDERLO, subject="rijbewijs")
    page = await (await bea.get("/terugbelverzoeken?medewerker=operator:101")).text()
    assert "/terugbelverzoeken.csv?medewerker=operator%3A101" in page
    answer = await bea.get("/terugbelverzoeken.csv")
    assert answer.content_type == "text/csv" and "terugbelverzoeken-open-" in answer.headers["Content-Disposition"]
    text = await answer.text(encoding="utf-8-sig")
    head, *rows = (line.split(";") for line in text.splitlines())
    assert head[:3] == ["verzoek", "gemeente", "onderwerp"]
    assert {row[0]: row[2] for row in rows} == {first.reference: "paspoort", second.reference: "'=HYPERLINK"}
    assert theirs.reference not in text and not says(text, NUMBER) and not says(text, OTHER)
    chosen = await (await bea.get("/terugbelverzoeken.csv?medewerker=operator:101")).text()
    assert first.reference in chosen and second.reference not in chosen
    monkeypatch.setattr(open_requests_export, "MOST_ROWS", 1)
    assert "eerste" in (await (await bea.get("/terugbelverzoeken.csv")).text()).splitlines()[-1]


async def test_how_many_are_late_comes_by_itself(place: Place, bea: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SLOWLY", dict.fromkeys(hub.SLOWLY, 0.1))
    async with await bea.live(query="?blad=terugbelverzoeken") as socket:
        assert "<strong>0</strong> open" in await next_frames(socket, "hello", "line", "at_risk")
        await a_request(place.serve, ELDERLO)
        await a_request(place.serve, WIERDAM)
        await frame_with(socket, "<strong>1</strong> open")


async def test_many_are_given_to_somebody_and_closed_with_a_reason(place: Place, bea: Browser) -> None:
    one = await a_request(place.serve, WIERDAM)
    other = await a_request(place.serve, WIERDAM, number=OTHER)
    chosen = {f"v-{one.id}": "1", f"v-{other.id}": "1", "id": str(new_command_id())}
    async with rows_are_changed(place) as asked:
        for _ in range(2):  # sent twice, it is one
            answer = await bea.post("/terugbelverzoeken", {**chosen, "doe": "geven", "aan": "operator:101"})
            assert "2 verzoeken gegeven." in await (await bea.get(answer.headers["Location"])).text()
        anna = OperatorNumber("101")
        assert set(asked) == {AssignRequest(one.id, None, anna), AssignRequest(other.id, None, anna)}
        assert len(asked) == 2
        reason = {"doe": "sluiten", "reden": "is aan de balie geholpen", f"v-{one.id}": "1"}
        answer = await bea.post("/terugbelverzoeken", reason)
        assert "1 verzoek gesloten." in await (await bea.get(answer.headers["Location"])).text()
    rows = await place.serve.pool.fetch(
        "SELECT owner_operator, closed_by, pii_close_reason FROM callback_request ORDER BY closed_at"
    )
    assert [tuple(row) for row in rows] == [
        ("101", "account:bea", "is aan de balie geholpen"),
        ("101", None, None),
    ]


async def test_nothing_is_given_to_people_who_could_not_see_it_nor_taken_from_elsewhere(
    place: Place, bea: Browser
) -> None:
    ours, theirs = await a_request(place.serve, WIERDAM), await a_request(place.serve, ELDERLO)
    html = await (await bea.get("/terugbelverzoeken")).text()
    assert 'value="team:wierdam"' in html and "elderlo" not in html and "Bert" not in html
    for aan in ("team:elderlo", "operator:102", "", "team:"):
        form = {f"v-{ours.id}": "1", "doe": "geven", "aan": aan}
        assert (await bea.post("/terugbelverzoeken", form)).status == 400, aan
    form = {f"v-{theirs.id}": "1", "doe": "geven", "aan": "team:wierdam"}
    answer = await bea.post("/terugbelverzoeken", form)
    assert answer.headers["Location"].startswith("/terugbelverzoeken?antwoord=no_request")
    assert "0 verzoeken gegeven" not in await (await bea.get(answer.headers["Location"])).text()
    assert await place.serve.pool.fetchval("SELECT count(*) FROM command") == 0
    empty = await bea.post("/terugbelverzoeken", {"doe": "geven", "aan": "team:wierdam"})
    assert "Kies eerst" in await (await bea.get(empty.headers["Location"])).text()
    nameless = {f"v-{ours.id}": "1", "doe": "sluiten", "reden": " "}
    assert (await bea.post("/terugbelverzoeken", nameless)).status == 400


async def test_of_several_municipalities_each_request_goes_to_those_who_answer_for_it(place: Place) -> None:
    place.trusts_all_roles()
    await place.account("groep", RoleRow(Role.SUPERVISOR))
    group = await place.logged_in("groep")
    ours, theirs = await a_request(place.serve, WIERDAM), await a_request(place.serve, ELDERLO)
    await place.area_has(lambda area: WIERDAM in area.municipalities)
    form = {f"v-{ours.id}": "1", f"v-{theirs.id}": "1", "doe": "geven", "aan": "team:wierdam"}
    async with rows_are_changed(place) as asked:
        answer = await group.post("/terugbelverzoeken", form)
    assert asked == [AssignRequest(ours.id, TeamCode("wierdam"))]
    assert "1 verzoek gegeven. 1 niet:" in await (await group.get(answer.headers["Location"])).text()


async def test_a_number_is_shown_to_whoever_asks_and_that_is_kept(place: Place, bea: Browser) -> None:
    ours, theirs = await a_request(place.serve, WIERDAM), await a_request(place.serve, ELDERLO)
    await place.serve.pool.execute("UPDATE callback_request SET pii_note = 'vraagt naar Jan'")
    path = f"/terugbelverzoeken/{ours.reference}"
    bare = await (await bea.get(path)).text()
    assert "beloofd" in bare and "Jan" not in bare and NUMBER not in bare and not says(bare, "555")
    assert await place.deeds("callback.number_shown") == []
    whole = await (await bea.post(f"{path}/nummer")).text()
    assert "0119 555 123" in whole and "vraagt naar Jan" in whole
    assert await place.deeds("callback.number_shown") == ["account:bea"]
    for found in (
        await bea.get(f"/terugbelverzoeken/{theirs.reference}"),
        await bea.post(f"/terugbelverzoeken/{theirs.reference}/nummer"),
    ):
        assert found.status == 404
    assert await place.deeds("callback.number_shown") == ["account:bea"]
    assert re.search(r"\d{7}", ours.reference)


async def test_a_list_says_that_it_is_cut_only_when_it_is(
    place: Place, bea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MOST_LISTED", 2)
    for number in range(2):
        await a_request(place.serve, WIERDAM, number=f"+3111955513{number}")
    assert "U ziet de eerste" not in await (await bea.get("/terugbelverzoeken")).text()
    await a_request(place.serve, WIERDAM, number="+31119555139")
    html = await (await bea.get("/terugbelverzoeken")).text()
    assert "U ziet de eerste 2." in html and html.count('class="choose"') == 2
