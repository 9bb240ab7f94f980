"""Every limit of the register refuses with its reason and is counted once: shown by going beyond each, on fakes.

Those of the dialplan: tests/rawsip/test_flood.py, with a real Asterisk.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import pytest
import structlog

from ari_app.core.callback_requests import Wish
from ari_app.core.callbacks import Confirmed, RequestReason
from ari_app.core.ids import ChannelId
from ari_app.core.limits import BUSY, RULES, Limit
from tests.calls.requests import SHOWN, TYPED, asking
from tests.calls.transfers import DEPUTY, talk
from tests.calls.world import CLOSED_AT, ESDAM_ALONE, VEENDIJK, World

pytestmark = pytest.mark.pure

Make = Callable[..., World]
#: reaches the limit, and returns what goes beyond it once and says who does
Beyond = Callable[[], Awaitable[ChannelId]]
Reach = Callable[[Make], Awaitable[tuple[World, Beyond]]]


async def _asks(world: World, keys: str) -> ChannelId:
    citizen = await world.citizen(ESDAM_ALONE, number=SHOWN)
    await world.clock.advance(6)
    await world.press(citizen, keys)
    return citizen


async def _numbers_of_a_caller(make_world: Make) -> tuple[World, Beyond]:
    world = make_world(area=asking(most_per_caller=1), now=CLOSED_AT)
    await _asks(world, "120612345671#1")
    return world, lambda: _asks(world, "120612345672#1")


async def _requests_for_a_number(make_world: Make) -> tuple[World, Beyond]:
    world = make_world(area=asking(most_per_number=1), now=CLOSED_AT)
    now = world.clock.now()
    await world.callbacks.create_or_join(Wish(VEENDIJK, RequestReason.MENU, now, Confirmed.TYPED, TYPED), now)
    return world, lambda: _asks(world, "120612345678#1")


async def _requests_in_an_hour(make_world: Make) -> tuple[World, Beyond]:
    world = make_world(area=asking(most_per_hour=1), now=CLOSED_AT)
    other = await world.citizen(ESDAM_ALONE, number="+31201234599")
    await world.clock.advance(6)
    await world.press(other, "11")
    return world, lambda: _asks(world, "120612345672#1")


async def _transfers(make_world: Make) -> tuple[World, Beyond]:
    t = await talk(make_world)
    await t.keys("*2200#")
    first = await t.picked_up()
    await t.world.press(first, "*2201#")
    second = await t.picked_up(DEPUTY)

    async def beyond() -> ChannelId:
        await t.world.press(second, "*2200#")
        return second

    return t.world, beyond


async def _tries_on_a_line(make_world: Make) -> tuple[World, Beyond]:
    world = make_world()
    line = await world.dial_in()
    await world.press(line, "101#9999#102#9999#")
    await world.operator("102")  # a right one: those of the phone are forgotten, those of the line not

    async def beyond() -> ChannelId:
        await world.press(line, "103#9999#")
        return line

    return world, beyond


async def _wrong_pins(make_world: Make) -> tuple[World, Beyond]:
    world = make_world()
    for phone in ("phone01", "phone02", "phone03"):
        await world.operator("101", "9999", phone)
    return world, lambda: world.operator("101", "9999", "phone04")


REACH: dict[Limit, Reach] = {
    Limit.CALLER: _numbers_of_a_caller,
    Limit.NUMBER: _requests_for_a_number,
    Limit.HOUR: _requests_in_an_hour,
    Limit.TRANSFERS: _transfers,
    Limit.LOGIN_TRIES: _tries_on_a_line,
    Limit.PIN_WAIT: _wrong_pins,
}


def test_every_limit_of_the_register_is_tried() -> None:
    assert set(REACH) == {limit for limit in Limit if RULES[limit].reason != BUSY}
    assert set(RULES) == set(Limit)


@pytest.mark.parametrize("limit", REACH)
async def test_given_a_limit_that_is_reached_when_somebody_goes_beyond_it_then_they_hear_why_and_it_counts_one_more(
    make_world: Make, limit: Limit
) -> None:
    rule = RULES[limit]
    world, beyond = await REACH[limit](make_world)
    before = _facts(world, limit)
    with structlog.testing.capture_logs() as logged:
        channel = await beyond()
    assert f"nl/{rule.reason}" in world.switch.heard(channel)
    assert _facts(world, limit) - before == (rule.fact is not None)
    assert _lines(logged, limit) == (rule.event is not None)
    assert rule.fact is not None or rule.event is not None


def _facts(world: World, limit: Limit) -> int:
    rule = RULES[limit]
    facts = [fact for told in world.ledger.told.values() for fact in told]
    return sum(fact.kind is rule.fact and fact.detail.get(rule.field) == limit for fact in facts)


def _lines(logged: Sequence[MutableMapping[str, Any]], limit: Limit) -> int:
    return sum(line["event"] == RULES[limit].event and line.get("limit") == limit for line in logged)
