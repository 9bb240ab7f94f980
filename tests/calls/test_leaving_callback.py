"""Callers who want to be called back, on fakes: where they are asked, and the requests that follow."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from ari_app.calls.messages import Digit, Offer
from ari_app.core.area import AfterCalamity
from ari_app.core.call import ChoiceKind, EndReason, FactKind, Stage
from ari_app.core.callback_requests import Wish
from ari_app.core.callbacks import Confirmed, Created, RequestKind, RequestReason
from ari_app.core.ids import ChannelId, TeamCode
from tests.calls.requests import (
    KEYS,
    SHOWN,
    TOMORROW_FIVE,
    TYPED,
    Make,
    asked_for_number,
    asking,
    flooded,
    is_over,
    spoken_digits,
    the_request,
    waiting,
)
from tests.calls.world import CLOSED_AT, ESDAM, ESDAM_ALONE, OPEN_AT, VEENDIJK, World
from tests.fakes.clock import settle

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


# --- callers who left ---


@pytest.mark.parametrize(("setting", "made"), [(True, 1), (False, 0)])
async def test_a_caller_who_left_before_an_answer_is_called_back_where_the_municipality_wants_it(
    make_world: Make, setting: bool, made: int
) -> None:
    world = make_world(area=asking(offered=False, abandoned=setting))
    citizen = await world.citizen(ESDAM_ALONE)
    await world.hang_up(citizen)
    assert is_over(world, citizen) is EndReason.ABANDONED_WAITING
    assert len(world.callback_rows.requests) == made
    for request in world.callback_rows.requests.values():
        assert (request.reason, request.number_confirmed_how) == (RequestReason.ABANDONED, Confirmed.UNCONFIRMED)
        assert (request.pii_number, request.call_id, request.kind) == (
            SHOWN,
            world.call(citizen).id,
            RequestKind.PROMISE,
        )


async def test_a_caller_who_left_and_cannot_be_called_is_not_promised_a_call(make_world: Make) -> None:
    world = make_world(area=asking(abandoned=True))
    for number in ("", "+31900123456", "+3225550123"):
        await world.hang_up(await world.citizen(ESDAM_ALONE, number=number))
    undecided = await world.citizen()
    await world.hang_up(undecided)
    assert world.call(undecided).end_reason is EndReason.ABANDONED_IN_MENU
    assert not world.callback_rows.requests


async def test_a_caller_who_had_a_talk_is_not_called_back(make_world: Make) -> None:
    world = make_world(area=asking(abandoned=True))
    _, citizen = await world.talk()
    await world.clock.advance(10)
    await world.hang_up(citizen)
    assert not world.callback_rows.requests


async def test_a_store_of_promises_that_is_away_does_not_hold_up_the_end_of_a_call(
    make_world: Make, caplog: pytest.LogCaptureFixture
) -> None:
    world = make_world(area=asking(abandoned=True))
    citizen = await world.citizen(ESDAM_ALONE)
    world.callback_store.available = False
    await world.hang_up(citizen)
    assert is_over(world, citizen) is EndReason.ABANDONED_WAITING
    assert not world.registry.has_call(world.call(citizen).id)


async def test_the_promise_to_a_caller_who_left_is_made_when_the_store_is_back(make_world: Make) -> None:
    world = make_world(area=asking(abandoned=True))
    citizen = await world.citizen(ESDAM_ALONE)
    world.callback_store.available = world.ledger.available = False
    await world.hang_up(citizen)
    await world.clock.advance(60)
    world.callback_store.available = world.ledger.available = True
    await world.clock.advance(1)
    assert is_over(world, citizen) is EndReason.ABANDONED_WAITING
    assert the_request(world).reason is RequestReason.ABANDONED


async def test_a_caller_who_left_while_no_process_was_there_is_called_back(make_world: Make) -> None:
    world = make_world(area=asking(abandoned=True))
    citizen = await world.citizen(ESDAM_ALONE)
    await world.kill()
    await world.hang_up(citizen)
    await world.restart()
    assert world.call(citizen).end_reason is EndReason.LOST
    assert the_request(world).reason is RequestReason.ABANDONED


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


# --- the end of the call, and its request ---


async def test_a_second_request_of_the_same_number_joins_the_first(make_world: Make) -> None:
    world, citizen = await asked_for_number(make_world)
    await world.press(citizen, "1")
    first = the_request(world)
    again = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(6)
    await world.press(again, "11")
    assert is_over(world, again) is EndReason.CALLBACK_PROMISED
    request = the_request(world)
    assert (request.reference, request.joined_count, request.deadline_at) == (first.reference, 1, first.deadline_at)
    assert world.call(again).callback_reference == first.reference


PROMPTS = [
    "terug-aanbod",
    "terug-klopt-getoond",
    "terug-toets-nummer",
    "terug-klopt-getoetst",
    "terug-betaald",
    "terug-kenmerk",
]
WRONG = {**KEYS, "terug-toets-nummer": "0900123456#"}


@pytest.mark.parametrize(
    ("where", "prompt"),
    [(where, prompt) for where in ("waiting", "closed") for prompt in PROMPTS]
    + [("menu", prompt) for prompt in PROMPTS[1:]],
)
async def test_a_caller_who_hangs_up_at_any_prompt_is_promised_nothing_until_the_number_is_confirmed(
    make_world: Make, where: str, prompt: str
) -> None:
    ends = {
        "waiting": EndReason.ABANDONED_WAITING,
        "menu": EndReason.ABANDONED_IN_MENU,
        "closed": EndReason.CLOSED,
    }
    world = make_world(area=asking(), now=CLOSED_AT if where == "closed" else OPEN_AT)
    match where:
        case "waiting":
            citizen = await waiting(world)
        case "menu":
            citizen = await world.citizen()
            await world.press(citizen, "*1")
        case _:
            citizen = await world.citizen(ESDAM_ALONE)
            await world.clock.advance(6)
    world.switch.prompts_last = True
    keys = WRONG if prompt == "terug-betaald" else KEYS
    if where == "waiting" and prompt != "terug-aanbod":
        await world.press(citizen, "1")
    while f"nl/{prompt}" not in (last := world.switch.said[-1][1]):
        name = next(name for name in keys if f"nl/{name}" in last)
        await world.press(citizen, keys[name])
    await world.hang_up(citizen)
    is_promised = prompt == "terug-kenmerk"
    assert is_over(world, citizen) is (EndReason.CALLBACK_PROMISED if is_promised else ends[where])
    assert len(world.callback_rows.requests) == int(is_promised)


async def test_a_store_that_is_away_for_a_moment_is_waited_for(make_world: Make) -> None:
    world, citizen = await asked_for_number(make_world)
    world.callback_store.available = False
    await world.press(citizen, "1")
    await world.clock.advance(3)
    world.callback_store.available = True
    await world.clock.advance(1)
    assert is_over(world, citizen) is EndReason.CALLBACK_PROMISED
    assert the_request(world).pii_number == SHOWN


async def test_a_confirmed_number_is_not_forgotten_when_the_store_stays_away(make_world: Make) -> None:
    world, citizen = await asked_for_number(make_world)
    world.callback_store.available = False
    await world.press(citizen, "1")
    world.ledger.available = False
    await world.clock.advance(20)
    assert citizen in world.switch.music, "and not in silence"
    await world.clock.advance(11)
    assert world.switch.fallback == {citizen: "store_unavailable"}
    await world.clock.advance(60)
    world.callback_store.available = world.ledger.available = True
    await world.clock.advance(1)
    assert the_request(world).pii_number == SHOWN
    assert world.call(citizen).end_reason is EndReason.HANDLED_BY_FALLBACK


async def test_numbers_are_nowhere_but_in_fields_for_personal_data(
    make_world: Make, caplog: pytest.LogCaptureFixture
) -> None:
    world, citizen = await asked_for_number(make_world)
    await world.press(citizen, "20612345678#1")
    assert is_over(world, citizen) is EndReason.CALLBACK_PROMISED
    told = str(world.ledger.told) + str(world.callback_rows.history) + caplog.text
    call = world.call(citizen)
    assert "612345678" not in told + repr(call) and "201234567" not in told + repr(call)
    assert call.pii_callback_number == TYPED


async def test_an_offer_that_came_with_the_yes_is_not_taken_up_later(make_world: Make) -> None:
    world = make_world(area=asking())
    citizen = await waiting(world, number="")
    call, session = world.call(citizen), world.session("101")
    world.registry.post(citizen, Digit(citizen, "1", world.clock.now()))
    world.registry.post_to_call(call.id, Offer(session.id, session.operator, session.reach))
    for digit in "###":  # no number at all
        world.registry.post(citizen, Digit(citizen, digit, world.clock.now()))
    await settle()
    call = world.call(citizen)
    assert (call.stage, world.dispatcher.position(call.id)) == (Stage.WAITING, 1)
    assert FactKind.OFFERED not in world.ledger.kinds(call.id)


async def test_a_number_that_was_confirmed_is_not_asked_for_again_after_a_restart(
    make_world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(wish: Wish, now: datetime) -> Created:
        await asyncio.Event().wait()
        raise AssertionError

    world, citizen = await asked_for_number(make_world)
    with monkeypatch.context() as patched:
        patched.setattr(world.callbacks, "create_or_join", never)
        await world.press(citizen, "1")
        await world.kill()
    assert not world.callback_rows.requests
    await world.restart()
    assert is_over(world, citizen) is EndReason.CALLBACK_PROMISED
    assert the_request(world).pii_number == SHOWN
    assert world.switch.heard(citizen).count("nl/terug-klopt-getoond") == 1
