"""The call card: who calls, for which municipality, and what is known of them within the reader's municipalities."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.call import EndReason
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.core.operators import OperatorState
from ari_app.core.queue_visits import VisitReason
from ari_app.core.transfer import TransferOutcome, TransferState
from ari_app.storage.area.calamities import set_calamity
from ari_app.web.live import hub
from tests.storage.values import eventually
from tests.web.callers import a_request, a_talk, an_earlier_call, over
from tests.web.frames import next_frames
from tests.web.people import Browser, Place

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")


@pytest.fixture
async def anna(place: Place) -> Browser:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    return await place.logged_in("anna")


async def test_the_card_comes_with_the_offer_and_goes_on_into_the_talk_and_the_wrap_up(
    place: Place, anna: Browser
) -> None:
    async with await anna.live() as socket:
        assert "Geen gesprek" in await next_frames(socket, "card")
        talk = await a_talk(place.serve, "101", WIERDAM, state=OperatorState.OFFERED)
        offered = await next_frames(socket, "card")
        assert "Gesprek komt binnen voor" in offered and ">Wierdam</h2>" in offered
        assert "0119 555 123" in offered and "eerste keer" in offered
        assert "0 van 2 keer" in offered and 'value="hold"' not in offered
        await talk.operator_is(OperatorState.TALKING)
        talking = await next_frames(socket, "card")
        assert 'value="hold"' in talking and "In gesprek voor Wierdam" in talking
        await talk.becomes(held_at=talk.call.answered_at)
        held = await next_frames(socket, "card")
        assert "De beller staat in de wacht" in held and 'value="resume"' in held
        await talk.operator_is(OperatorState.WRAP_UP, has_call=False)
        over_now = await next_frames(socket, "card")
        assert "Nawerk van het gesprek" in over_now and str(talk.call.id) in over_now
        assert 'value="hold"' not in over_now


async def test_a_number_that_is_withheld_is_said_to_be(place: Place, anna: Browser) -> None:
    await a_talk(place.serve, "101", WIERDAM, number=None)
    html = await (await anna.get("/")).text()
    assert "<dt>Nummer</dt><dd>geheim</dd>" in html and "<dt>Wachttijd</dt><dd>1.20</dd>" in html


async def test_earlier_calls_and_promises_are_those_of_ones_own_municipalities(place: Place, anna: Browser) -> None:
    for town in (WIERDAM, ELDERLO):
        await an_earlier_call(place.serve, town, EndReason.ABANDONED_WAITING)
        await a_request(place.serve, town, subject=f"paspoort {town}")
    await a_talk(place.serve, "101", WIERDAM)
    html = await (await anna.get("/")).text()
    assert "Wierdam, opgehangen voor iemand opnam" in html
    assert "paspoort GM9901" in html and 'value="close_request"' in html
    assert "GM9902" not in html and "Elderlo" not in html


async def test_how_the_call_came_is_said_with_the_names_that_one_may_know(place: Place, anna: Browser) -> None:
    talk = await a_talk(place.serve, "101", WIERDAM)
    asked = talk.transfer("2010", TransferState.CONSULTING)
    await place.serve.pool.execute(
        """INSERT INTO directory_entry (code, kind, name, municipality, extension, endpoint)
        VALUES ('wierdam-bz', 'department', 'Burgerzaken', 'GM9901', '2010', 'PJSIP/desk1')"""
    )
    await talk.becomes(transfers=[asked])
    html = await (await anna.get("/")).text()
    assert "U overlegt met Burgerzaken." in html
    for action in ("complete", "swap", "conference", "cancel"):
        assert f'value="{action}"' in html
    await talk.becomes(transfers=[over(asked, TransferOutcome.NO_ANSWER)])
    assert "teruggekomen: Burgerzaken nam niet op" in await (await anna.get("/")).text()
    ours = over(asked, TransferOutcome.COMPLETED)
    await talk.becomes(transfers=[ours], transfer_count=1)
    assert "u hebt doorverbonden naar Burgerzaken" in await (await anna.get("/")).text()
    by_bert = talk.transfer("101", TransferState.CONSULTING, from_party=OperatorNumber("102"), number=2)
    foreign = over(by_bert, TransferOutcome.COMPLETED)
    await talk.becomes(transfers=[foreign], transfer_count=2)
    html = await (await anna.get("/")).text()
    assert "doorverbonden door een collega" in html and "2 van 2 keer" in html
    assert "Nog een keer doorverbinden mag niet" in html
    assert "Bert" not in html


@pytest.fixture
def quick_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "CLOCK_SECONDS", 0.2)


@pytest.mark.usefixtures("quick_clock")
async def test_a_calamity_of_the_municipality_is_on_the_card_while_it_goes_on(place: Place, anna: Browser) -> None:
    await a_talk(place.serve, "101", WIERDAM, visit=VisitReason.DIRECT)
    async with await anna.live() as socket:
        first = await next_frames(socket, "card")
        assert "Calamiteit" not in first and "belde een doorkiesnummer" in first
        await next_frames(socket, "operator")
        now = place.clock()
        calamity = Calamity(WIERDAM, now, now + timedelta(seconds=2), "Er is een gaslek.", AfterCalamity.QUEUE, "test")
        await set_calamity(place.serve.background, calamity, now)
        assert "Er is een gaslek." in await next_frames(socket, "card")

        async def area_is_read() -> bool:
            return bool(place.site.area.current.calamities)

        await eventually(area_is_read)
        place.site.hub._look_for_calamities()
        place.clock.pass_by(timedelta(seconds=3))
        place.site.hub._look_for_calamities()  # its time is over, and no row changed
        assert "Calamiteit" not in await next_frames(socket, "card")


async def test_a_call_of_another_municipality_has_no_card(place: Place) -> None:
    await place.account("mol", RoleRow(Role.OPERATOR, WIERDAM), operator="102")
    await a_talk(place.serve, "102", ELDERLO)
    html = await (await (await place.logged_in("mol")).get("/")).text()
    assert "Geen gesprek" in html
    assert [word for word in ("Elderlo", "0119 555 123") if word in html] == []


async def test_of_a_caller_who_chose_no_municipality_the_card_says_so_and_can_be_acted_on(
    place: Place, anna: Browser
) -> None:
    talk = await a_talk(place.serve, "101", None)
    html = await (await anna.get("/")).text()
    assert "Gemeente nog niet bekend" in html and str(talk.call.id) in html
    assert 'value="hold"' in html and 'value="resume"' in html
    assert "0119 555 123" not in html
