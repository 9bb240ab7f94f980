"""The process dies before and after every order and write of a transfer; no caller is lost, and the count is right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from ari_app.core.area import Reach
from ari_app.core.call import LegRole, Stage
from ari_app.core.operators import OperatorState
from tests.calls.test_killed_at_every_step import Stalls
from tests.calls.transfers import Talk, talk
from tests.calls.world import World

pytestmark = pytest.mark.pure
Make = Callable[..., World]


async def ask(t: Talk, code: str) -> None:
    """The operator keys the code, and keys it again when nothing came of it before the process died."""
    if t.operator in t.world.switch.channels and not t.transfers and t.hears(t.citizen) == {t.operator}:
        await t.keys(code)
    await t.world.clock.advance(0.5)


async def pick_up(t: Talk) -> None:
    for phone in list(t.world.switch.ringing):
        t.world.switch.pick_up(phone)
    await t.world.clock.advance(2)


async def complete(t: Talk) -> None:
    if t.operator in t.world.switch.channels and t.transfers and t.transfer.is_open and t.transfer.in_presence:
        await t.keys("*33")
    await t.world.clock.advance(1)


async def restarted(t: Talk) -> None:
    await t.world.kill()
    await t.world.clock.advance(1)
    await t.world.restart()
    await t.world.clock.advance(6)
    await t.world.sweep()
    await t.world.clock.advance(1)


async def is_not_lost(t: Talk) -> None:
    """The caller hears a person or music, never nothing and never both."""
    partners = t.hears(t.citizen)
    assert partners or t.has_music(t.citizen) or t.citizen in t.world.switch.fallback
    assert len(partners) <= 1
    assert not (partners and t.citizen in t.world.switch.music)


async def all_is_closed(t: Talk) -> None:
    await t.world.clock.advance(2)
    await t.world.sweep()
    if t.citizen in t.world.switch.channels:
        await t.world.hang_up(t.citizen)
    await t.world.clock.advance(40)
    await t.world.sweep()
    await t.world.clock.advance(11)
    await t.world.sweep()
    assert not t.call.is_open
    assert not [leg for leg in t.world.ledger.legs.values() if leg.is_open]
    assert not [transfer for transfer in t.world.ledger.transfers.values() if transfer.is_open]
    assert t.call.transfer_count == sum(transfer.counted for transfer in t.transfers) <= 1
    assert t.world.session("101").state in (OperatorState.READY, OperatorState.WRAP_UP, OperatorState.AWAY)
    for line in [line.channel_id for line in t.world.ledger.lines.values() if line.ended_at is None]:
        await t.world.hang_up(line)
    await t.world.clock.advance(5)
    assert not t.world.switch.channels and not t.world.switch.bridges
    await t.world.kill()


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("code", ["*1200#", "*2200#"])
async def test_wherever_the_process_dies_the_colleague_has_the_caller_in_the_end(
    make_world: Make, code: str, reach: Reach
) -> None:
    async def play(at: int | None) -> tuple[Talk, Stalls]:
        t = await talk(make_world, reach=reach)
        stalls = Stalls(t.world, at)
        deeds = (partial(ask, t, code), partial(pick_up, t), partial(complete, t))
        for deed in deeds:
            await deed()
            if stalls.stopped:
                await restarted(t)
                await is_not_lost(t)
                for again in deeds:
                    await again()
                    await is_not_lost(t)
                break
        await is_not_lost(t)
        return t, stalls

    t, stalls = await play(None)
    moments = stalls.moments
    assert moments > 20 and t.call.transfer_count == 1
    await all_is_closed(t)
    for at in range(moments):
        t, stalls = await play(at)
        assert stalls.stopped, at
        (partner,) = t.hears(t.citizen)
        colleagues = {leg.channel_id for leg in t.legs(LegRole.COLLEAGUE)}
        # Killed while a phone was being called, it may not ring, and the caller is back with the operator.
        assert partner in colleagues or partner == t.operator or t.call.stage is Stage.TALKING, at
        assert t.call.transfer_count == int(partner in colleagues), at
        await all_is_closed(t)


@pytest.mark.parametrize("code", ["*1200#", "*2200#"])
async def test_wherever_the_process_dies_a_colleague_who_does_not_answer_loses_no_caller(
    make_world: Make, code: str
) -> None:
    async def play(at: int | None) -> tuple[Talk, Stalls]:
        t = await talk(make_world)
        stalls = Stalls(t.world, at)
        await ask(t, code)
        if not stalls.stopped:
            await t.world.clock.advance(27)
        if stalls.stopped:
            await restarted(t)
            await is_not_lost(t)
            await t.world.clock.advance(27)
        await is_not_lost(t)
        return t, stalls

    t, stalls = await play(None)
    assert t.hears(t.citizen) == {t.operator}
    moments = stalls.moments
    await all_is_closed(t)
    for at in range(moments):
        t, stalls = await play(at)
        assert stalls.stopped, at
        assert t.hears(t.citizen) == {t.operator} or t.has_music(t.citizen), at
        assert t.call.transfer_count == 0, at
        await all_is_closed(t)
