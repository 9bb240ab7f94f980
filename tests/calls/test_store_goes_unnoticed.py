"""The store goes away between two looks at it, and an operator presses a key: nobody waits for it in silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.area import Reach
from ari_app.core.call import EndReason, Stage
from ari_app.core.ids import CallId
from tests.calls.absences import all_is_closed, the_store_is_back
from tests.calls.transfers import Talk, consulting, talk
from tests.calls.world import ESDAM_ALONE, World

pytestmark = pytest.mark.pure

#: of nobody on a line is heard for longer that there is nothing to hear
SILENCE_SECONDS = 2


def goes_after_next_read(world: World) -> None:
    """The store freezes just when it has said how many transfers are allowed."""
    allowed_transfers = world.ledger.allowed_transfers

    async def freezes(call_id: CallId) -> int:
        allowed = await allowed_transfers(call_id)
        world.ledger.freeze()
        return allowed

    world.ledger.allowed_transfers = freezes  # type: ignore[method-assign]


def wakes(world: World) -> None:
    world.ledger.thaw()
    the_store_is_back(world)


def hears_somebody_or_music(t: Talk) -> bool:
    return t.has_music(t.citizen) or bool(t.hears(t.citizen)) or t.citizen in t.world.switch.playing.values()


@pytest.mark.parametrize("reach", Reach)
async def test_a_warm_transfer_that_cannot_be_stored_is_refused_aloud_and_the_talk_goes_on(
    make_world: Callable[..., World], reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    goes_after_next_read(t.world)
    await t.keys("*1200#")
    await t.world.clock.advance(SILENCE_SECONDS)
    assert t.world.switch.heard(t.operator)[-1].endswith("lukt-nu-niet")
    assert t.hears(t.citizen) == {t.operator} and not t.world.switch.ringing
    wakes(t.world)
    await t.world.clock.advance(2)
    assert t.call.stage is Stage.TALKING and t.call.transfer_count == 0
    await t.world.hang_up(t.operator)
    await t.world.clock.advance(3)
    assert t.call.end_reason is EndReason.OPERATOR_HUNG_UP
    assert all_is_closed(t.world)


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("keys", ["*2200#", "*52"])
async def test_a_caller_who_leaves_a_talk_for_a_transfer_hears_music_while_it_cannot_be_stored(
    make_world: Callable[..., World], keys: str, reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    other = await t.world.operator("102", phone="phone08")
    if reach is Reach.RING:
        await t.world.hang_up(other)
    goes_after_next_read(t.world)
    await t.keys(keys)
    await t.world.clock.advance(SILENCE_SECONDS)
    assert t.has_music(t.citizen)
    await t.world.hang_up(t.operator)
    for _ in range(10):
        await t.world.clock.advance(1)
        assert t.has_music(t.citizen)
    wakes(t.world)
    await t.world.clock.advance(2)
    assert t.call.transfers_asked == 1
    await t.world.hang_up(t.citizen)
    await t.world.clock.advance(40)
    assert all_is_closed(t.world)


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("keys", ["*31", "*32", "*33", "*34"])
async def test_a_consultation_goes_on_without_the_store_and_a_hang_up_in_it_is_seen_at_once(
    make_world: Callable[..., World], keys: str, reach: Reach
) -> None:
    t, colleague = await consulting(make_world, reach=reach)
    t.world.ledger.freeze()
    await t.keys(keys)
    await t.world.clock.advance(SILENCE_SECONDS)
    assert hears_somebody_or_music(t)
    await t.world.hang_up(t.operator)
    await t.world.clock.advance(SILENCE_SECONDS)
    is_over = keys == "*34"
    assert (t.citizen in t.world.switch.channels) != is_over
    assert t.hears(t.citizen) == (set() if is_over else {colleague}), "neither is alone"
    wakes(t.world)
    await t.world.clock.advance(2)
    await t.world.hang_up(t.citizen)
    await t.world.clock.advance(3)
    assert t.call.transfer_count <= 1 and all_is_closed(t.world)


async def test_a_burst_for_which_the_store_takes_three_seconds_costs_half_a_second_and_sends_nobody_away(
    world: World,
) -> None:
    operator = await world.operator("101")
    world.ledger.freeze()
    citizens = [await world.citizen(ESDAM_ALONE, f"+316123400{last:02}") for last in range(20)]
    for _ in range(30):
        await world.clock.advance(0.1)
    assert world.shell.door.is_away, "to those who wait a slow store is as one that is away"
    assert all(citizen in world.switch.music for citizen in citizens)
    wakes_at = world.clock.now()
    world.ledger.thaw()
    while not any(world.switch.partners(citizen) for citizen in citizens):
        await world.clock.advance(0.1)
    assert (world.clock.now() - wakes_at).total_seconds() <= 0.6
    assert not world.shell.door.is_away
    await world.clock.advance(1)
    assert {call.stage for call in world.ledger.calls.values()} == {Stage.TALKING, Stage.WAITING}
    assert len(world.ledger.calls) == len(citizens) and not world.switch.fallback
    assert len(world.switch.partners(operator)) == 1
