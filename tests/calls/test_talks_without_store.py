"""A talk goes on while the store is away: prompts, holds and keys in it, and its end; on fakes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ari_app.calls.messages import Held
from ari_app.core.area import Reach
from ari_app.core.call import EndReason, FactKind
from ari_app.core.operators import LogoutReason, OperatorSession, OperatorState
from tests.calls.absences import all_is_closed, the_store_is_back
from tests.calls.transfers import consulting, talk
from tests.calls.world import ESDAM_ALONE, World, an_area

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("who", ["caller", "operator"])
@pytest.mark.parametrize("reach", Reach)
async def test_a_talk_goes_on_ends_when_its_people_end_it_and_is_stored_when_the_store_is_back(
    make_world: Callable[..., World], who: str, reach: Reach
) -> None:
    world = make_world(area=an_area(reach=reach))
    operator = await world.operator("101", phone="phone07")
    if reach is Reach.RING:
        await world.hang_up(operator)
    citizen = await world.citizen(ESDAM_ALONE)
    if reach is Reach.RING:
        operator = world.ringing_at("PJSIP/phone07")
        world.switch.pick_up(operator)
    await world.clock.advance(10)
    world.ledger.available = False
    await world.clock.advance(60)
    assert world.switch.partners(citizen) == {operator}
    ended_at = world.clock.now()
    await world.hang_up(citizen if who == "caller" else operator)
    await world.clock.advance(3)
    # Nobody is kept on the line for the sake of a row.
    assert citizen not in world.switch.channels
    assert (operator in world.switch.channels) == (who == "caller" and reach is Reach.LINE)
    await world.clock.advance(60)
    world.ledger.available = True
    await world.clock.advance(2)
    call = world.call(citizen)
    reason = EndReason.CALLER_HUNG_UP if who == "caller" else EndReason.OPERATOR_HUNG_UP
    assert (call.end_reason, call.end_is_estimated) == (reason, False)
    assert call.ended_at is not None and timedelta(0) <= call.ended_at - ended_at <= timedelta(seconds=2.5)
    assert all_is_closed(world)
    if reach is Reach.LINE and who == "operator":
        assert world.session("101").logout_reason is LogoutReason.HUNG_UP
    else:
        assert world.session("101").state is OperatorState.WRAP_UP


async def test_an_operator_who_hangs_up_just_when_the_store_goes_away_does_not_leave_the_caller_alone(
    world: World,
) -> None:
    """Even when the session's task is in the middle of a write."""
    operator = await world.operator("101")
    store_session = world.ledger.store_session

    async def goes_away(session: OperatorSession, is_estimated: bool = False) -> None:
        world.ledger.available = False
        await store_session(session, is_estimated)

    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    world.ledger.store_session = goes_away  # type: ignore[method-assign]
    world.switch.finish_prompt(operator)
    await world.clock.advance(10)
    assert world.switch.partners(citizen) == {operator}
    await world.hang_up(operator)
    await world.clock.advance(3)
    assert citizen not in world.switch.channels


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("keys", ["*1200#", "*33", "*6#"])
async def test_a_prompt_in_a_talk_does_not_wait_for_the_store_and_a_hang_up_after_it_is_seen_at_once(
    make_world: Callable[..., World], keys: str, reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    world = t.world
    world.voice.prompt_seconds, world.switch.prompts_last = 2.5, True
    world.ledger.available = world.callback_store.available = False
    heard = len(world.switch.heard(t.operator))
    await t.keys(keys)
    assert len(world.switch.heard(t.operator)) > heard
    assert t.citizen not in world.switch.music, "which a later process could not know of"
    world.switch.finish_prompt(t.operator)
    await world.clock.advance(10)
    await t.keys(keys)
    assert len(world.switch.heard(t.operator)) > heard + 1
    await world.hang_up(t.operator)
    await world.clock.advance(2.1)
    assert t.citizen not in world.switch.channels
    world.ledger.available = True
    await world.clock.advance(2)
    assert t.call.end_reason is EndReason.OPERATOR_HUNG_UP and not t.call.has_music
    assert all_is_closed(world)


@pytest.mark.parametrize("reach", Reach)
async def test_music_that_began_before_the_store_went_away_ends_with_its_prompt(
    make_world: Callable[..., World], reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    world = t.world
    world.voice.prompt_seconds, world.switch.prompts_last = 2.5, True
    await t.keys("*33")
    assert t.citizen in world.switch.music
    world.ledger.available = False
    world.switch.finish_prompt(t.operator)
    await world.clock.advance(1)
    assert t.citizen not in world.switch.music
    await world.hang_up(t.operator)
    await world.clock.advance(2.1)
    assert t.citizen not in world.switch.channels
    world.ledger.available = True
    await world.clock.advance(2)
    assert not t.call.has_music and all_is_closed(world)


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("in_consult", [False, True], ids=["talk", "consult"])
async def test_a_phone_that_holds_while_the_store_is_away_does_not_make_the_talk_deaf(
    make_world: Callable[..., World], in_consult: bool, reach: Reach
) -> None:
    """It is seen at once that somebody leaves: the other party is let go within seconds."""
    if in_consult:
        t, stays = await consulting(make_world, reach=reach)
        goes = t.citizen
    else:
        t = await talk(make_world, reach=reach)
        goes, stays = t.operator, t.citizen
    world = t.world
    world.ledger.available = False
    world.post(t.citizen, Held(t.citizen, world.clock.now()))
    await world.clock.advance(5)
    await world.hang_up(goes)
    await world.clock.advance(2.1)
    assert stays not in world.switch.channels
    world.ledger.available = True
    await world.clock.advance(2)
    held = [f for f in world.ledger.told[t.call.id] if f.kind is FactKind.HELD and f.detail.get("how") == "phone"]
    assert len(held) == 1 and world.ledger.kinds(t.call.id).count(FactKind.ENDED) == 1
    assert all_is_closed(world)


@pytest.mark.parametrize("reach", Reach)
async def test_without_the_store_nobody_is_put_on_hold_and_who_is_on_hold_comes_back(
    make_world: Callable[..., World], reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    world = t.world
    world.ledger.available = False
    await t.keys("*4")
    assert t.hears(t.citizen) == {t.operator} and t.call.held_at is None
    assert world.switch.heard(t.operator)[-1].endswith("lukt-nu-niet")
    the_store_is_back(world)
    await world.clock.advance(2)
    await t.keys("*4")
    assert t.has_music(t.citizen)
    world.ledger.available = False
    await t.keys("*4")
    assert t.hears(t.citizen) == {t.operator} and t.call.held_at is not None
    the_store_is_back(world)
    await world.clock.advance(2)
    await world.hang_up(t.citizen)
    await world.clock.advance(2)
    assert t.call.held_at is None
    assert world.ledger.kinds(t.call.id).count(FactKind.HELD) == world.ledger.kinds(t.call.id).count(
        FactKind.HELD_NO_MORE
    )
    assert all_is_closed(world)


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("keys", ["*31", "*32", "*33", "*34"])
async def test_without_the_store_a_consultation_goes_on_as_it_is_and_the_operator_is_told(
    make_world: Callable[..., World], keys: str, reach: Reach
) -> None:
    t, colleague = await consulting(make_world, reach=reach)
    world = t.world
    world.ledger.available = False
    world.shell.door.heartbeat_failed()
    heard = len(world.switch.heard(t.operator))
    await t.keys(keys)
    assert t.hears(colleague) == {t.operator} and t.transfer.is_open
    assert any(name.endswith("lukt-nu-niet") for name in world.switch.heard(t.operator)[heard:])
    the_store_is_back(world)
    await world.clock.advance(2)
    await t.keys("*34")
    assert t.hears(t.citizen) == {t.operator}
