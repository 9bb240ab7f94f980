"""Promises to call back that no call leads to, written down on a page: the deadline first, and once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.calendar import AMSTERDAM
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.promise_commands import MakePromise
from tests.web.callers import NUMBER, a_request
from tests.web.controllers import rows_are_changed
from tests.web.people import Browser, Place, hidden_fields
from tests.words import says

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
HERE = "/terugbellen/nieuw"
#: a Friday; the next working day is the Monday after it
FRIDAY = datetime(2026, 11, 27, 10, tzinfo=AMSTERDAM)
HOURS = "INSERT INTO opening_hours SELECT code, day, '08:30', '17:00' FROM municipality, generate_series(0, 4) day"


@pytest.fixture
async def friday(place: Place) -> None:
    place.clock.now = FRIDAY


@pytest.fixture
async def anna(place: Place) -> Browser:
    """An operator of Wierdam, who is in no talk."""
    await place.serve.pool.execute(HOURS)
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    browser = await place.logged_in("anna")
    await place.area_has(lambda area: WIERDAM in area.municipalities and bool(area.municipalities[WIERDAM].hours))
    return browser


@pytest.mark.usefixtures("friday")
async def test_it_says_until_when_we_call_and_is_one_promise_however_often_it_is_sent(
    place: Place, anna: Browser
) -> None:
    html = await (await anna.get(HERE)).text()
    assert "Gemeente: <strong>Wierdam</strong>" in html and "Elderlo" not in html
    form = {**hidden_fields(html), "nummer": "0119 555 123", "onderwerp": "paspoort", "dagdeel": "ochtend"}
    checked = await (await anna.post(f"{HERE}/controle", form)).text()
    assert "0119 555 123" in checked and "maandag 30 nov. 17.00 uur" in checked
    seen = await (await anna.post(HERE, {**form, "doe": "controleer", "notitie": "Belt u?"})).text()
    assert "maandag 30 nov. 17.00 uur" in seen and 'value="0119 555 123"' in seen and "Belt u?" in seen
    assert hidden_fields(seen)["id"] == form["id"]
    assert await place.serve.pool.fetchval("SELECT count(*) FROM command") == 0
    async with rows_are_changed(place) as asked:
        answers = [await anna.post(HERE, form) for _ in range(2)]
    (command,) = asked
    noon = FRIDAY.replace(hour=12)
    assert command == MakePromise("0119 555 123", "paspoort", "Liefst 's ochtends.", first_contact_at=noon)
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    said = await (await anna.get(answers[0].headers["Location"])).text()
    (row,) = await place.serve.pool.fetch(
        "SELECT reference, reason, call_id, pii_number, closed_at FROM callback_request"
    )
    assert tuple(row)[1:] == ("desk", None, NUMBER, None)
    assert f"Beloofd. Wij bellen terug vóór maandag 30 nov. 17.00 uur. Kenmerk {row['reference']}." in said
    assert await place.deeds("callback.promised") == ["account:anna"]
    assert row["reference"] in await (await anna.get("/")).text(), "it is on the list of those who call"


async def test_a_number_that_asked_before_is_joined_and_what_was_asked_earlier_is_late(
    place: Place, anna: Browser
) -> None:
    request = await a_request(place.serve, WIERDAM)
    today = place.clock().astimezone(AMSTERDAM).date()
    form = {"nummer": NUMBER, "contact": today.isoformat()}
    checked = await (await anna.post(f"{HERE}/controle", form)).text()
    assert "Er staat al een terugbelverzoek open" in checked
    old = {"nummer": "0119 555 124", "contact": (today - timedelta(days=20)).isoformat()}
    assert "Dat is al voorbij" in await (await anna.post(f"{HERE}/controle", old)).text()
    async with rows_are_changed(place):
        answer = await anna.post(HERE, {**form, "voor": "ik"})
        assert f"kenmerk={request.reference}&" in answer.headers["Location"]
        said = await (await anna.get(answer.headers["Location"])).text()
    assert "Er stond al een terugbelverzoek open" in said
    owner = await place.serve.pool.fetchval("SELECT owner_operator FROM callback_request")
    assert owner == "101"


@pytest.mark.usefixtures("friday")
@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ({"nummer": ""}, {"nummer"}),
        ({"nummer": "0900-1234"}, {"nummer"}),
        ({"nummer": "112"}, {"nummer"}),
        ({"nummer": NUMBER, "contact": "2026-11-28"}, {"contact"}),
        ({"nummer": NUMBER, "contact": "2026-10-01"}, {"contact"}),
        ({"nummer": NUMBER, "contact": "gisteren"}, {"contact"}),
        ({"nummer": NUMBER, "voor": "operator:102"}, {"voor"}),
        ({"nummer": NUMBER, "voor": "<b>", "contact": "x"}, {"voor", "contact"}),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    place: Place, anna: Browser, form: dict[str, str], fields: set[str]
) -> None:
    answer = await anna.post(HERE, {**form, "onderwerp": "paspoort", "notitie": "Bel <na> vijf"})
    html = await answer.text()
    assert answer.status == 400
    assert {name for name in ("gemeente", "nummer", "contact", "voor") if f'id="{name}-fout"' in html} == fields
    assert 'value="paspoort"' in html and "Bel &lt;na&gt; vijf" in html and "<b>" not in html
    assert await place.serve.pool.fetchval("SELECT count(*) FROM command") == 0


async def test_a_supervisor_without_a_number_chooses_a_municipality_of_theirs_and_somebody_who_answers_for_it(
    place: Place,
) -> None:
    place.trusts_all_roles()
    await place.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM), RoleRow(Role.SUPERVISOR, ELDERLO))
    bea = await place.logged_in("bea")
    await place.area_has(lambda area: ELDERLO in area.municipalities)
    html = await (await bea.get(f"{HERE}?gemeente=GM9902")).text()
    assert '<option value="GM9902" selected>Elderlo</option>' in html and 'value="ik"' not in html
    form = {"nummer": NUMBER, "gemeente": "GM9902"}
    for wrong in ({"voor": "team:wierdam"}, {"gemeente": "GM9999"}, {"gemeente": ""}, {"voor": "ik"}):
        assert (await bea.post(HERE, {**form, **wrong})).status == 400, wrong
    async with rows_are_changed(place) as asked:
        for owner in ("team:elderlo", "operator:102"):
            assert (await bea.post(HERE, {**form, "voor": owner})).status == 303
    assert [(one.team, one.operator) for one in asked if isinstance(one, MakePromise)] == [
        (TeamCode("elderlo"), None),
        (None, OperatorNumber("102")),
    ]
    reference = await place.serve.pool.fetchval("SELECT reference FROM callback_request")
    story = await (await bea.get(f"/terugbelverzoeken/{reference}")).text()
    assert "beloofd (door bea)" in story and "opnieuw gevraagd (door bea)" in story and not says(story, "555")


async def test_nothing_is_said_of_an_answer_that_is_none_and_typing_stays_when_nobody_takes_it(
    place: Place, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    for query in ("kenmerk=1234567", "kenmerk=x&voor=1", "kenmerk=1&voor=%C2%B2", "kenmerk=1&voor=99999999999"):
        html = await (await anna.get(f"{HERE}?{query}")).text()
        assert "Beloofd." not in html, query
    await place.serve.pool.execute("UPDATE node SET seen_at = now() - interval '1 hour'")
    monkeypatch.setattr("ari_app.storage.commands.asker.EXPIRES_IN", timedelta(seconds=0))
    answer = await anna.post(HERE, {"nummer": NUMBER, "notitie": "graag snel"})
    html = await answer.text()
    assert answer.status == 409 and "graag snel" in html and "Beloofd." not in html


async def test_only_an_operator_of_ones_municipalities_can_be_the_one_who_calls(place: Place, anna: Browser) -> None:
    assert "Ikzelf" in await (await anna.get(HERE)).text()
    place.trusts_all_roles()
    for login, operator in (("ton", "102"), ("eva", "999"), ("max", None)):
        await place.account(login, RoleRow(Role.SUPERVISOR, WIERDAM), operator=operator)
        browser = await place.logged_in(login)
        assert "Ikzelf" not in await (await browser.get(HERE)).text(), login
        form = {"gemeente": "GM9901", "nummer": "0119 555 123", "voor": "ik"}
        refused = await browser.post(HERE, form)
        assert refused.status == 400 and "Kies iets uit de lijst" in await refused.text(), login
    assert await place.serve.pool.fetchval("SELECT count(*) FROM command") == 0


DEPARTMENTS = """
INSERT INTO directory_entry (code, kind, name, municipality, extension, team) VALUES
  ('w-belasting', 'department', 'Belastingen', 'GM9901', '2041', 'wierdam'),
  ('e-zorg', 'department', 'Zorg', 'GM9902', '2042', 'elderlo')"""


async def test_a_department_of_the_municipality_can_be_the_one_that_calls_and_no_other(
    place: Place, anna: Browser
) -> None:
    await place.serve.pool.execute(DEPARTMENTS)
    await place.area_has(lambda area: "w-belasting" in area.entries)
    html = await (await anna.get(HERE)).text()
    assert '<option value="entry:w-belasting">Belastingen (afdeling)</option>' in html and "Zorg" not in html
    form = {"nummer": "0119 555 123"}
    assert (await anna.post(HERE, {**form, "voor": "entry:e-zorg"})).status == 400
    async with rows_are_changed(place) as asked:
        assert (await anna.post(HERE, {**form, "voor": "entry:w-belasting"})).status == 303
    (command,) = asked
    assert isinstance(command, MakePromise)
    assert (command.entry, command.team, command.operator) == ("w-belasting", TeamCode("wierdam"), None)
    place.trusts_all_roles()
    await place.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM), RoleRow(Role.SUPERVISOR, ELDERLO))
    bea = await place.logged_in("bea")
    html = await (await bea.get(HERE)).text()
    assert "(afdeling)" not in html and "Controleer eerst" in html
    html = await (await bea.get(f"{HERE}?gemeente=GM9902")).text()
    assert "Zorg (afdeling)" in html and "Belastingen" not in html
