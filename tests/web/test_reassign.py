"""All requests of somebody who is away, given to others: one command each, and what could not be given is said."""

from __future__ import annotations

import re

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.callbacks import CallbackRequest
from ari_app.core.commands import AnyCommand
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.operator_commands import ACCEPTED, RefusalReason, Refused
from ari_app.core.supervisor_commands import AssignRequest
from tests.web.callers import a_request, a_talk
from tests.web.controllers import a_controller, rows_are_changed
from tests.web.people import Browser, Place, hidden_fields

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
HERE = "/terugbelverzoeken/overdragen"
CAS = OperatorNumber("103")
#: his number, and no thousandths of a second
OF_BERT = r"(?<![.])\b102\b"


@pytest.fixture
async def bea(place: Place) -> Browser:
    """Cas is of the same team as Anna, who is away."""
    place.trusts_all_roles()
    await place.serve.pool.execute(
        """INSERT INTO operator VALUES ('103', 'Cas', ''); INSERT INTO operator_team VALUES ('103', 'wierdam');
        INSERT INTO operator_team VALUES ('101', 'elderlo');
        INSERT INTO operator_absence (operator, from_at, author, created_at)
        VALUES ('101', now() - interval '1 hour', 'test', now())"""
    )
    await place.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM))
    browser = await place.logged_in("bea")
    await place.area_has(lambda area: CAS in area.operators)
    return browser


async def of_anna(place: Place) -> list[CallbackRequest]:
    """Two of Wierdam; one of Elderlo, which is not Bea's."""
    await a_request(place.serve, ELDERLO, operator="101", number="+31119555130")
    return [await a_request(place.serve, WIERDAM, operator="101", number=f"+3111955514{n}") for n in range(2)]


async def owners(place: Place) -> set[tuple[str, str | None]]:
    rows = await place.serve.pool.fetch("SELECT owner_team, owner_operator FROM callback_request")
    return {(row["owner_team"], row["owner_operator"]) for row in rows}


async def test_everything_goes_to_a_colleague_and_sent_twice_it_is_done_once(place: Place, bea: Browser) -> None:
    requests = await of_anna(place)
    html = await (await bea.get(HERE)).text()
    assert "Anna (101)</bdi></a>: 2 verzoeken" in html and "afwezig" in html and "Elderlo" not in html
    page = await (await bea.get(f"{HERE}?van=101")).text()
    assert "moet nog 2 burgers terugbellen" in page and 'value="operator:101"' not in page
    form = {**hidden_fields(page), "aan": "operator:103"}
    async with rows_are_changed(place) as asked:
        for _ in range(2):
            answer = await bea.post(HERE, form)
            assert answer.status == 303
    wanted = {AssignRequest(one.id, None, CAS) for one in requests}
    assert set(asked) == wanted and len(asked) == 2
    first = await (await bea.get(f"{HERE}?van=101&gegeven=2")).text()
    assert "2 verzoeken overgedragen." in first and "hoeft niemand meer terug te bellen" in first
    assert await owners(place) == {("wierdam", "103"), ("elderlo", "101")}, "what is elsewhere is not touched"


async def test_each_may_go_to_the_team_that_it_is_of(place: Place, bea: Browser) -> None:
    requests = await of_anna(place)
    async with rows_are_changed(place) as asked:
        answer = await bea.post(HERE, {"van": "101", "aan": "eigen-team"})
    assert answer.headers["Location"] == f"{HERE}?van=101&gegeven=2"
    assert set(asked) == {AssignRequest(one.id, TeamCode("wierdam")) for one in requests}
    assert await owners(place) == {("wierdam", None), ("elderlo", "101")}


async def test_what_could_not_be_given_is_named_with_the_reason(place: Place, bea: Browser) -> None:
    one, other = await of_anna(place)
    async with a_controller(place, ACCEPTED, Refused(RefusalReason.BEING_CALLED)) as asked:
        answer = await bea.post(HERE, {"van": "101", "aan": "team:wierdam"})
    where = answer.headers["Location"]
    left = other if asked[0] == AssignRequest(one.id, TeamCode("wierdam")) else one
    assert f"gegeven=1&niet={left.reference}%3Abeing_called" in where
    html = await (await bea.get(where)).text()
    assert "1 verzoek overgedragen." in html and "1 niet. Iemand belt deze burger nu." in html
    assert f'href="/terugbelverzoeken/{left.reference}"' in html


async def test_when_nobody_answers_the_others_are_not_asked_for(place: Place, bea: Browser) -> None:
    for n in range(12):
        await a_request(place.serve, WIERDAM, operator="101", number=f"+311195551{n + 50}")
    asked: list[AnyCommand]
    async with a_controller(place, *[Refused(RefusalReason.EXPIRED)] * 8) as asked:
        answer = await bea.post(HERE, {"van": "101", "aan": "team:wierdam"})
    assert len(asked) == 8 == await place.serve.pool.fetchval("SELECT count(*) FROM command")
    html = await (await bea.get(answer.headers["Location"])).text()
    assert "0 verzoeken overgedragen." in html and "12 niet. De centrale antwoordt niet." in html


@pytest.mark.parametrize("form", [{"van": "101"}, {"van": "101", "aan": "operator:101"}, {"aan": "team:wierdam"}])
async def test_a_form_that_says_nothing_is_refused(bea: Browser, form: dict[str, str]) -> None:
    assert (await bea.post(HERE, form)).status == 400


async def test_an_address_with_nonsense_says_nothing_and_a_colleague_elsewhere_is_not_known(
    place: Place, bea: Browser
) -> None:
    html = await (await bea.get(f"{HERE}?van=101&gegeven=x&niet=%3Cb%3E:no_request,12:geheim&anderen=-1")).text()
    assert "<b>" not in html and "geheim" not in html and "overgedragen." not in html
    for number in ("102", "jan", "9" * 30):
        assert (await bea.get(f"{HERE}?van={number}")).status == 404
        assert (await bea.post(HERE, {"van": number, "aan": "team:wierdam"})).status == 404


async def test_the_history_says_who_did_what_and_leads_to_the_calls_that_are_the_readers(
    place: Place, bea: Browser
) -> None:
    request = await a_request(place.serve, WIERDAM, operator="101", number="+31119555160")
    async with rows_are_changed(place):
        await bea.post(HERE, {"van": "101", "aan": "operator:103"})
    ours, theirs = await a_talk(place.serve, "103", WIERDAM), await a_talk(place.serve, "102", ELDERLO)
    for number, call in enumerate((ours.call, theirs.call), start=1):
        await place.serve.pool.execute(
            """INSERT INTO callback_attempt (id, request_id, number, operator, started_at, call_id, ended_at, outcome)
            VALUES (gen_random_uuid(), $1, $2, $3, now(), $4, now(), 'no_answer')""",
            request.id,
            number,
            "103" if call is ours.call else "102",
            call.id,
        )
    html = await (await bea.get(f"/terugbelverzoeken/{request.reference}")).text()
    assert "aan iemand gegeven (aan Cas (103), door bea)" in html and "door <bdi>Cas (103)</bdi>" in html
    assert f'href="/gesprekken/{ours.call.id}"' in html and str(theirs.call.id) not in html
    assert "door <bdi>een collega</bdi>" in html and "Bert" not in html
    assert not re.search(OF_BERT, html)
    for query, is_there in (
        ("medewerker=operator:103", True),
        ("medewerker=operator:101", False),
        ("gemeente=x", True),
    ):
        listed = await (await bea.get(f"/terugbelverzoeken?{query}")).text()
        assert (request.reference in listed) is is_there, query
