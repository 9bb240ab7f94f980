"""Callers who left before an answer are called back where the municipality wants it, on fakes."""

from __future__ import annotations

import pytest

from ari_app.core.call import EndReason
from ari_app.core.callbacks import Confirmed, RequestKind, RequestReason
from tests.calls.requests import (
    SHOWN,
    Make,
    asking,
    is_over,
    the_request,
)
from tests.calls.world import ESDAM_ALONE

pytestmark = pytest.mark.pure


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
