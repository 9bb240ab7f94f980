"""What a person does about a caller: each button is one command, and each refusal says what can be done instead."""

from __future__ import annotations

from uuid import uuid4

import pytest
from aiohttp import ClientResponse

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.callbacks import AttemptOutcome
from ari_app.core.ids import EntryCode, MunicipalityCode, OperatorNumber
from ari_app.core.operator_commands import (
    ACCEPTED,
    CloseRequest,
    HoldOrResume,
    MakeCallback,
    MarkCallback,
    PromiseCallback,
    Promised,
    PutDown,
    RefusalReason,
    Refused,
    StartTransfer,
    TransferToQueue,
)
from ari_app.core.transfer import CancelTransfer, CompleteTransfer, Conference, SwapParties, TransferKind
from ari_app.core.wrap_ups import WrapUp
from ari_app.web.call_words import REFUSALS
from tests.web.callers import NUMBER, Talk, a_request, a_talk
from tests.web.controllers import a_controller
from tests.web.people import SAME_ORIGIN, Browser, Place
from tests.words import says

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
SCRIPT = {**SAME_ORIGIN, "Accept": "text/plain"}
ENTRIES = """
INSERT INTO directory_entry (code, kind, name, municipality, extension, endpoint, subject, deputy, has_hours) VALUES
  ('wierdam-bz', 'department', 'Burgerzaken', 'GM9901', '2010', 'PJSIP/desk1', 'Paspoort', NULL, false),
  ('wierdam-jan', 'person', 'Jan Bouman', 'GM9901', '2011', 'PJSIP/desk3', 'Bouwen', 'wierdam-bz', false),
  ('elderlo-bz', 'department', 'Burgerzaken Elderlo', 'GM9902', '2020', 'PJSIP/desk2', 'Paspoort', NULL, false)"""


@pytest.fixture
async def anna(place: Place) -> Browser:
    await place.serve.pool.execute(ENTRIES)
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    await place.area_has(lambda area: area.entries)
    return await place.logged_in("anna")


@pytest.fixture
async def talk(place: Place, anna: Browser) -> Talk:
    return await a_talk(place.serve, "101", WIERDAM)


async def sent(browser: Browser, path: str, **fields: str) -> ClientResponse:
    return await browser.post(path, fields, SCRIPT)


async def test_each_button_is_one_command_about_this_caller(place: Place, anna: Browser, talk: Talk) -> None:
    buttons = {
        "hold": HoldOrResume(is_for_hold=True),
        "resume": HoldOrResume(is_for_hold=False),
        "swap": SwapParties(),
        "conference": Conference(),
        "complete": CompleteTransfer(),
        "cancel": CancelTransfer(),
        "close_request": CloseRequest(),
        "mark:wrong_number": MarkCallback(AttemptOutcome.WRONG_NUMBER),
        "put_down": PutDown(),
    }
    call = str(talk.call.id)
    async with a_controller(place, *[ACCEPTED] * (len(buttons) + 3)) as asked:
        for what in buttons:
            answer = await sent(anna, "/gesprek", doe=what, gesprek=call)
            assert (answer.status, await answer.text(), answer.headers["X-Answer"]) == (200, "", "done")
        await sent(anna, "/gesprek", doe="warm", gesprek=call, naar="2010", over="paspoort")
        await sent(anna, "/gesprek", doe="cold", gesprek=call, naar="0611111111")
        await sent(anna, "/gesprek", doe="queue", gesprek=call, naar="GM9901")
    assert asked == [
        *buttons.values(),
        StartTransfer(TransferKind.WARM, "2010", "paspoort"),
        StartTransfer(TransferKind.COLD, "0611111111"),
        TransferToQueue("GM9901"),
    ]
    rows = await place.serve.pool.fetch("SELECT DISTINCT actor, operator, call_id FROM command")
    assert [tuple(row) for row in rows] == [("account:anna", "101", talk.call.id)]


async def test_a_third_transfer_is_refused_before_it_is_tried(place: Place, anna: Browser, talk: Talk) -> None:
    await talk.becomes(transfer_count=2)
    for what, to in (("warm", "2010"), ("cold", "2010"), ("queue", "GM9901")):
        refused = await sent(anna, "/gesprek", doe=what, gesprek=str(talk.call.id), naar=to)
        assert refused.status == 409
        assert "al 2 keer doorverbonden" in await refused.text()
    found = await (await sent(anna, "/nummerplan", zoek="burgerzaken", deel="1")).text()
    assert 'value="warm"' not in found and "Laten terugbellen" in found
    assert await place.serve.pool.fetchval("SELECT count(*) FROM command") == 0


async def test_a_refusal_names_the_deputy_and_a_form_without_a_script_hears_it_too(
    place: Place, anna: Browser, talk: Talk
) -> None:
    fields = {"doe": "cold", "gesprek": str(talk.call.id), "naar": "2011"}
    async with a_controller(place, *[Refused(RefusalReason.UNREACHABLE, "2010")] * 2):
        assert (await (await sent(anna, "/gesprek", **fields)).text()).endswith(
            "U kunt ook Burgerzaken proberen: 2010."
        )
        form = await anna.post("/gesprek", fields)
    assert form.status == 303
    said = f"{REFUSALS[RefusalReason.UNREACHABLE]} U kunt ook Burgerzaken proberen: 2010."
    assert said in await (await anna.get(form.headers["Location"])).text()
    foreign = await (await anna.get("/?antwoord=unreachable&vervanger=2020")).text()
    assert REFUSALS[RefusalReason.UNREACHABLE] in foreign and "Elderlo" not in foreign and not says(foreign, "2020")
    assert set(REFUSALS) == set(RefusalReason)


@pytest.mark.parametrize("what", ["", "fly", "warm", "mark:reached", "queue"])
async def test_what_no_button_says_is_refused(anna: Browser, talk: Talk, what: str) -> None:
    assert (await sent(anna, "/gesprek", doe=what, gesprek=str(talk.call.id))).status == 400
    assert (await sent(anna, "/gesprek", doe="hold", gesprek="nonsense")).status == 400


async def test_somebody_elses_call_is_nobodys(place: Place, anna: Browser, talk: Talk) -> None:
    other = await a_talk(place.serve, "102", ELDERLO, number="+31119555999")
    answer = await sent(anna, "/gesprek", doe="put_down", gesprek=str(other.call.id))
    assert (answer.status, await answer.text()) == (409, REFUSALS[RefusalReason.NO_SUCH_CALL])
    assert await place.serve.pool.fetchval("SELECT count(*) FROM command") == 0


async def test_the_directory_finds_what_one_may_use_and_offers_what_can_be_done(
    place: Place, anna: Browser, talk: Talk
) -> None:
    found = await (await sent(anna, "/nummerplan", zoek="burgerzken", deel="1")).text()
    assert "Burgerzaken" in found and "Elderlo" not in found and "toestel 2010" in found
    assert 'value="warm"' in found and 'value="cold"' in found and str(talk.call.id) in found
    await place.serve.pool.execute("UPDATE directory_entry SET valid_until = '2020-01-01' WHERE code = 'wierdam-jan'")
    await place.serve.pool.execute("UPDATE directory_entry SET deputy = 'wierdam-bz' WHERE code = 'wierdam-jan'")
    place.site.area.mark()

    async def gone() -> str:
        return await (await sent(anna, "/nummerplan", zoek="bouman", deel="1")).text()

    for _ in range(1000):
        if "geldt vandaag niet" in await gone():
            break
    dead = await gone()
    assert "geldt vandaag niet" in dead and "Vervanger: <strong>Burgerzaken</strong>" in dead
    assert 'data-callback-for="wierdam-jan"' in dead
    assert "Nummerplan" in await (await anna.post("/nummerplan", {"zoek": "bouman"})).text()
    paid = await (await sent(anna, "/nummerplan", zoek="0900 1234", deel="1")).text()
    assert "kost extra geld" in paid and 'value="cold"' not in paid
    outside = await (await sent(anna, "/nummerplan", zoek="06 1111 1111", deel="1")).text()
    assert "Nummer 06 1111 1111" in outside and 'value="warm"' in outside


async def test_a_promise_is_checked_as_it_is_typed_and_says_until_when(place: Place, anna: Browser, talk: Talk) -> None:
    async def says(number: str) -> str:
        return await (await sent(anna, "/terugbellen/controle", nummer=number, gesprek=str(talk.call.id))).text()

    assert "Wij bellen 0119 555 123 terug vóór" in await says("")
    assert "06 11111111 terug vóór" in await says("06-11111111")
    assert "kost extra geld" in await says("0900 1234")
    assert "buitenland" in await says("+49 30 901820")
    assert "geen telefoonnummer" in await says("hallo")
    await a_request(place.serve, WIERDAM)
    assert "Er staat al een terugbelverzoek open" in await says("")


async def test_what_is_written_for_another_call_is_not_judged_by_the_caller_of_now(place: Place, anna: Browser) -> None:
    """The form stays with the call that it was begun for (`client/desk.js`); this caller shows no number."""
    await a_talk(place.serve, "101", WIERDAM, number=None)
    draft = {"gesprek": str(uuid4()), "nummer": "0900 1234"}
    assert "Dit gesprek loopt nu niet" in await (await sent(anna, "/terugbellen/controle", **draft)).text()
    assert "Er is geen gesprek" in await (await sent(anna, "/terugbellen/controle", nummer="")).text()
    refused = await sent(anna, "/terugbellen", voor="team", **draft)
    assert (refused.status, await refused.text()) == (409, REFUSALS[RefusalReason.NO_SUCH_CALL])


async def test_a_note_is_as_long_as_the_form_allows_and_no_longer(place: Place, anna: Browser, talk: Talk) -> None:
    """A form without a script sends the end of each line as two characters."""
    form = {"gesprek": str(talk.call.id), "nummer": NUMBER, "voor": "team"}
    fits = "een\n" * 499 + "twee"
    async with a_controller(place, Promised("1234567", talk.call.arrived_at, joined=False), ACCEPTED) as asked:
        assert (await sent(anna, "/terugbellen", notitie=fits.replace("\n", "\r\n"), **form)).status == 200
        twice = {"gesprek": str(talk.call.id), "notitie": f"{fits}\n{fits}"[1:].replace("\n", "\r\n")}
        assert (await sent(anna, "/nawerk", **twice)).status == 200
    assert asked[0] == PromiseCallback(NUMBER, "", fits)
    for wrong in ({"notitie": "x" * 2001}, {"notitie": "x" * 2200}, {"onderwerp": "x" * 201}):
        assert (await sent(anna, "/terugbellen", **form, **wrong)).status == 400


async def test_a_promise_is_a_command_with_what_the_form_said(place: Place, anna: Browser, talk: Talk) -> None:
    form = {
        "gesprek": str(talk.call.id),
        "nummer": NUMBER,
        "onderwerp": "paspoort",
        "notitie": "Belt voor haar moeder.",
        "dagdeel": "ochtend",
    }
    one = str(uuid4())
    async with a_controller(place, *[Promised("1234567", talk.call.arrived_at, joined=False)] * 3) as asked:
        answer = await sent(anna, "/terugbellen", id=one, voor="team", **form)
        assert "Kenmerk 1234567" in await answer.text()
        assert await (await sent(anna, "/terugbellen", id=one, voor="team", **form)).text() == await answer.text()
        await sent(anna, "/terugbellen", voor="ik", **form)
        plain = await anna.post("/terugbellen", {"voor": "ander", "wie": "wierdam-bz", **form})
    assert plain.headers["Location"] == "/?antwoord=promised&kenmerk=1234567"
    promise = PromiseCallback(NUMBER, "paspoort", "Liefst 's ochtends. Belt voor haar moeder.")
    assert asked[0] == promise
    assert asked[1:] == [
        PromiseCallback(*_said(promise), operator=OperatorNumber("101")),
        PromiseCallback(*_said(promise), entry=EntryCode("wierdam-bz")),
    ]
    bad = await sent(anna, "/terugbellen", voor="team", **{**form, "nummer": "0900 1234"})
    assert (bad.status, await bad.text()) == (409, "Dit nummer kost extra geld. Dat bellen wij niet terug.")
    foreign = await sent(anna, "/terugbellen", voor="ander", wie="elderlo-bz", **form)
    assert foreign.status == 400


def _said(promise: PromiseCallback) -> tuple[str, str, str]:
    return promise.pii_number, promise.subject, promise.pii_note


async def test_the_list_has_what_is_mine_and_my_teams_and_each_can_be_called(place: Place, anna: Browser) -> None:
    mine = await a_request(place.serve, WIERDAM, operator="101", subject="rijbewijs")
    teams = await a_request(place.serve, WIERDAM, number="+31119555124", subject="bouwen")
    foreign = await a_request(place.serve, ELDERLO, subject="afval")
    await a_talk(place.serve, "101", WIERDAM, number=None)
    html = await (await anna.get("/")).text()
    listed = html[html.index('id="callbacks"') :]
    assert listed.index("rijbewijs") < listed.index("bouwen")
    assert "voor u" in listed and "voor KCC Wierdam" in listed
    assert "afval" not in html and foreign.reference not in html and NUMBER not in html
    async with a_controller(place, ACCEPTED, Refused(RefusalReason.TRANSFER_OPEN)) as asked:
        await sent(anna, "/terugbellen/bel", verzoek=str(teams.id))
        await sent(anna, "/terugbellen/bel", doe="next")
    assert asked[0] == MakeCallback(teams.id)
    story = await (await anna.get(f"/terugbellen/{mine.reference}")).text()
    assert "rijbewijs" in story and "beloofd" in story and NUMBER not in story
    assert (await anna.get(f"/terugbellen/{foreign.reference}")).status == 404
    assert (await sent(anna, "/terugbellen/bel", verzoek="1")).status == 400


async def test_a_wrap_up_has_a_subject_of_the_list_a_result_and_a_note(place: Place, anna: Browser, talk: Talk) -> None:
    said = {"gesprek": str(talk.call.id), "onderwerp": "paspoort", "resultaat": "beantwoord", "notitie": "Komt langs."}
    async with a_controller(place, ACCEPTED) as asked:
        assert await (await sent(anna, "/nawerk", **said)).text() == "Het nawerk is bewaard."
    assert asked == [WrapUp("paspoort", "beantwoord", "Komt langs.")]
    for wrong in ({"onderwerp": "jan-jansen"}, {"resultaat": "boos"}, {"notitie": "x" * 4001}, {"gesprek": ""}):
        assert (await sent(anna, "/nawerk", **{**said, **wrong})).status == 400
