"""A request to be called back, on fakes: none without a confirmed number, and none is lost after it."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from ari_app.calls.messages import Digit, Offer
from ari_app.core.call import EndReason, FactKind, Stage
from ari_app.core.callback_requests import Wish
from ari_app.core.callbacks import Created
from tests.calls.requests import (
    KEYS,
    SHOWN,
    TYPED,
    Make,
    asked_for_number,
    asking,
    is_over,
    the_request,
    waiting,
)
from tests.calls.world import CLOSED_AT, ESDAM_ALONE, OPEN_AT
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure


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
