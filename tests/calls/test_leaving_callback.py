"""Callers who want to be called back, on fakes: where they are asked, and where they are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from ari_app.core.area import AfterCalamity
from ari_app.core.call import ChoiceKind, EndReason, FactKind, Stage
from ari_app.core.callbacks import Confirmed, RequestKind, RequestReason
from ari_app.core.ids import ChannelId, TeamCode
from tests.calls.requests import (
    SHOWN,
    TOMORROW_FIVE,
    Make,
    asking,
    flooded,
    is_over,
    spoken_digits,
    the_request,
    waiting,
)
from tests.calls.world import CLOSED_AT, ESDAM, ESDAM_ALONE, VEENDIJK, World

pytestmark = pytest.mark.pure


async def test_a_waiting_caller_is_asked_after_a_minute_and_keeps_their_place(make_world: Make) -> None:
    world = make_world(area=asking())
    citizen = await waiting(world)
    assert world.switch.heard(citizen)[-2:] == ["nl/terug-aanbod", "nl/terug-plaats"]
    queued_at = world.call(citizen).queued_at
    await world.press(citizen, "1")
    assert world.call(citizen).stage is Stage.LEAVING_CALLBACK
    assert citizen not in world.switch.music, "a number is keyed in silence"
    await world.press(citizen, "1")
    request = the_request(world)
    assert (request.reason, request.kind, request.queued_at) == (
        RequestReason.WAITING,
        RequestKind.VIRTUAL_HOLD,
        queued_at,
    )
    assert (request.municipality, request.owner_team) == (ESDAM, TeamCode("both"))
    assert (request.pii_number, request.number_confirmed_how) == (SHOWN, Confirmed.SHOWN)
    assert (request.first_contact_at, request.deadline_at) == (world.call(citizen).arrived_at, TOMORROW_FIVE)
    assert is_over(world, citizen) is EndReason.CALLBACK_PROMISED
    heard = world.switch.heard(citizen)
    assert "nl/terug-beurt" in heard and "nl/terug-morgen" in heard
    assert spoken_digits(heard[heard.index("nl/terug-kenmerk") :]) == request.reference
    assert world.call(citizen).callback_reference == request.reference


async def test_a_key_before_the_question_means_nothing_and_one_long_after_it_means_yes(make_world: Make) -> None:
    world = make_world(area=asking())
    await world.operator("101")
    await world.citizen(ESDAM_ALONE)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(30)
    await world.press(citizen, "1")
    assert world.call(citizen).stage is Stage.WAITING
    await world.clock.advance(60)
    await world.press(citizen, "5")
    assert world.call(citizen).stage is Stage.WAITING
    await world.press(citizen, "1")
    assert world.call(citizen).stage is Stage.LEAVING_CALLBACK
    assert world.ledger.kinds(world.call(citizen).id).count(FactKind.CALLBACK_OFFERED) == 1


async def test_where_no_place_is_kept_it_is_a_promise(make_world: Make) -> None:
    world = make_world(area=asking(keep_place=False))
    citizen = await waiting(world)
    assert world.switch.heard(citizen)[-1] == "nl/terug-aanbod"
    await world.press(citizen, "11")
    assert (the_request(world).kind, the_request(world).queued_at) == (RequestKind.PROMISE, None)


async def test_after_the_hours_for_calling_no_place_is_kept(make_world: Make) -> None:
    world = make_world(area=asking(call_from=time(8, 30), call_until=time(11)))
    citizen = await waiting(world)
    assert world.switch.heard(citizen)[-1] == "nl/terug-aanbod"
    await world.press(citizen, "1")
    await world.press(citizen, "1")
    assert the_request(world).kind is RequestKind.PROMISE


async def test_where_it_is_not_offered_no_caller_is_asked(make_world: Make) -> None:
    world = make_world()
    citizen = await waiting(world)
    await world.press(citizen, "1")
    assert world.call(citizen).stage is Stage.WAITING
    menu = await world.citizen()
    await world.press(menu, "*")
    assert world.call(menu).menu_tries == 1
    await world.clock.advance(1000)
    assert not world.callback_rows.requests
    assert not any(name.startswith("nl/terug-") for name in (*world.switch.heard(citizen), *world.switch.heard(menu)))


async def test_where_no_team_could_own_the_promise_no_caller_is_asked(make_world: Make) -> None:
    world = make_world(area=replace(asking(), teams={}), now=CLOSED_AT)
    citizen = await world.citizen(ESDAM_ALONE)
    assert is_over(world, citizen) is EndReason.CLOSED


@pytest.mark.parametrize("reason", [EndReason.NOBODY_AVAILABLE, EndReason.WAITED_TOO_LONG])
async def test_a_caller_whom_nobody_helps_is_asked_before_the_end(make_world: Make, reason: EndReason) -> None:
    async def stands() -> tuple[World, ChannelId]:
        world = make_world(area=asking(offer_after_seconds=3000))
        if reason is EndReason.NOBODY_AVAILABLE:
            citizen = await world.citizen(ESDAM_ALONE)
            await world.clock.advance(60.5)
        else:
            citizen = await waiting(world)
            await world.clock.advance(60)
        assert world.call(citizen).stage is Stage.LEAVING_CALLBACK
        return world, citizen

    world, citizen = await stands()
    await world.press(citizen, "11")
    assert is_over(world, citizen) is EndReason.CALLBACK_PROMISED
    assert (the_request(world).reason, the_request(world).kind) == (RequestReason.WAITING, RequestKind.PROMISE)

    world, citizen = await stands()
    await world.clock.advance(11)
    assert is_over(world, citizen) is reason
    assert world.switch.heard(citizen)[-1] == "nl/tot-later"
    assert not world.callback_rows.requests


async def test_a_caller_who_stays_after_the_closed_announcement_is_asked_and_only_then_pays(make_world: Make) -> None:
    world = make_world(area=asking(), now=CLOSED_AT)
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.switch.heard(citizen)[-2:] == ["nl/terug-blijf", "music/wachtmuziek"]
    await world.clock.advance(5.5)
    assert world.call(citizen).line_answered_at is None
    await world.clock.advance(1)
    assert world.call(citizen).line_answered_at == world.call(citizen).arrived_at + timedelta(seconds=6)
    await world.press(citizen, "11")
    assert is_over(world, citizen) is EndReason.CALLBACK_PROMISED
    request = the_request(world)
    assert (request.reason, request.kind, request.deadline_at) == (
        RequestReason.CLOSED,
        RequestKind.PROMISE,
        TOMORROW_FIVE,
    )


async def test_a_caller_who_stays_after_the_closed_announcement_hears_music_until_the_line_is_answered(
    make_world: Make,
) -> None:
    world = make_world(area=asking(), now=CLOSED_AT)
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    for _ in ("closed", "stay on the line"):
        world.switch.finish_prompt(citizen)
        await world.clock.advance(0)
    assert world.switch.heard(citizen)[-1] == "music/wachtmuziek"
    await world.clock.advance(5.9)
    assert len(world.switch.playing) == 1
    assert citizen not in world.switch.up
    await world.clock.advance(0.1)
    assert citizen in world.switch.up
    assert world.switch.heard(citizen)[-1] == "nl/terug-aanbod"
    assert len(world.switch.playing) == 1, "the music is over"


async def test_a_caller_who_hangs_up_after_the_closed_announcement_pays_nothing_and_has_heard_it(
    make_world: Make,
) -> None:
    world = make_world(area=asking(abandoned=True), now=CLOSED_AT)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(3)
    await world.hang_up(citizen)
    assert is_over(world, citizen) is EndReason.CLOSED
    assert world.call(citizen).line_answered_at is None
    assert not world.callback_rows.requests
    silent = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(20)
    assert is_over(world, silent) is EndReason.CLOSED


async def test_a_caller_who_learns_after_the_question_that_it_is_closed_is_asked_at_once(make_world: Make) -> None:
    area = asking()
    closed = replace(area.municipalities[VEENDIJK], hours={})
    world = make_world(area=replace(area, municipalities={**area.municipalities, VEENDIJK: closed}))
    citizen = await world.citizen()
    await world.press(citizen, "2")
    assert "nl/terug-blijf" not in world.switch.heard(citizen)
    await world.press(citizen, "11")
    assert is_over(world, citizen) is EndReason.CALLBACK_PROMISED
    assert (the_request(world).municipality, the_request(world).reason) == (VEENDIJK, RequestReason.CLOSED)


async def test_when_all_are_closed_the_municipality_is_asked_for(make_world: Make) -> None:
    world = make_world(area=asking(), now=CLOSED_AT)
    citizen = await world.citizen()
    await world.clock.advance(6)
    await world.press(citizen, "1")
    assert "nl/welke-gemeente" in world.switch.heard(citizen)
    await world.press(citizen, "21")
    assert is_over(world, citizen) is EndReason.CALLBACK_PROMISED
    assert (the_request(world).municipality, world.call(citizen).choice) == (VEENDIJK, ChoiceKind.KEY)


async def test_the_star_in_the_menu_asks_for_the_municipality_and_the_number(make_world: Make) -> None:
    world = make_world(area=asking())
    citizen = await world.citizen()
    assert "nl/terug-menu" in world.switch.heard(citizen)
    await world.press(citizen, "*11")
    assert is_over(world, citizen) is EndReason.CALLBACK_PROMISED
    request = the_request(world)
    assert (request.reason, request.kind, request.municipality) == (
        RequestReason.MENU,
        RequestKind.PROMISE,
        ESDAM,
    )


async def test_a_caller_who_does_not_go_through_with_it_in_the_menu_comes_into_the_queue(make_world: Make) -> None:
    world = make_world(area=asking())
    operator = await world.operator("102")
    citizen = await world.citizen()
    await world.press(citizen, "*")
    await world.clock.advance(11)
    assert "nl/terug-lukt-niet" in world.switch.heard(citizen)
    assert world.switch.partners(citizen) == {operator}
    assert (world.call(citizen).callback_kind, world.call(citizen).callback_reason) == (None, None)


@pytest.mark.parametrize("then", AfterCalamity)
async def test_in_a_calamity_the_reason_is_the_calamity(make_world: Make, then: AfterCalamity) -> None:
    world = make_world(area=flooded(then))
    if then is AfterCalamity.QUEUE:
        citizen = await waiting(world)
    else:
        citizen = await world.citizen(ESDAM_ALONE)
        await world.clock.advance(6)
    await world.press(citizen, "11")
    assert is_over(world, citizen) is EndReason.CALLBACK_PROMISED
    assert the_request(world).reason is RequestReason.CALAMITY


async def test_a_caller_who_hangs_up_after_a_calamity_text_that_ends_the_call_has_heard_it(make_world: Make) -> None:
    world = make_world(area=flooded(AfterCalamity.END))
    citizen = await world.citizen(ESDAM_ALONE)
    await world.hang_up(citizen)
    assert is_over(world, citizen) is EndReason.CALAMITY


async def test_a_caller_who_names_the_municipality_late_hears_its_calamity_text_then(make_world: Make) -> None:
    world = make_world(area=flooded(AfterCalamity.QUEUE))
    citizen = await world.citizen()
    await world.press(citizen, "*1")
    assert any(name.startswith("said/") for name in world.switch.heard(citizen))
    await world.press(citizen, "1")
    assert (the_request(world).reason, world.call(citizen).calamity) == (RequestReason.CALAMITY, True)


async def test_a_waiting_caller_who_confirms_no_number_is_back_in_their_old_place(make_world: Make) -> None:
    world = make_world(area=asking())
    citizen = await waiting(world)
    queued_at = world.call(citizen).queued_at
    await world.press(citizen, "1")
    assert world.dispatcher.position(world.call(citizen).id) is None
    await world.clock.advance(11)
    call = world.call(citizen)
    assert (call.stage, call.queued_at) == (Stage.WAITING, queued_at)
    assert world.dispatcher.position(call.id) == 1
    assert citizen in world.switch.music
    await world.press(citizen, "11")
    assert the_request(world).queued_at == queued_at


async def test_an_operator_who_becomes_free_meanwhile_is_offered_the_next_caller(make_world: Make) -> None:
    world = make_world(area=asking())
    leaves = await waiting(world)
    stays = await world.citizen(ESDAM_ALONE)
    await world.press(leaves, "1")
    operator = await world.operator("102", phone="phone02")
    assert world.switch.partners(stays) == {operator}
    await world.clock.advance(11)
    assert world.call(leaves).stage is Stage.WAITING
