"""A page that is an operator's phone loses its line, on fakes: who waits, for how long, and what a new line finds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.call import Call, EndReason, FactKind, LegEndReason, LegRole, Stage
from ari_app.core.ids import ChannelId, OperatorNumber
from ari_app.core.operator_rules import PAGE_PATIENCE
from ari_app.core.operators import LogoutReason, OperatorState
from tests.calls.test_killed_at_every_step import Stalls
from tests.calls.world import ESDAM_ALONE, World

pytestmark = pytest.mark.pure

PAGE, NEXT_PAGE = f"web-{'0a' * 16}", f"web-{'0b' * 16}"
ANNA = OperatorNumber("101")


async def talks(world: World) -> tuple[ChannelId, ChannelId]:
    """Operator 101 talks from her page; returns her line and the citizen's channel."""
    world.ledger.pages[PAGE] = ANNA
    line = await world.dial_in(PAGE)
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.switch.partners(citizen) == {line}
    await world.clock.advance(5)
    return line, citizen


async def comes_back(world: World) -> ChannelId:
    """Loaded anew: the login has another account, and dials."""
    world.ledger.pages.pop(PAGE, None)
    world.ledger.pages[NEXT_PAGE] = ANNA
    return await world.dial_in(NEXT_PAGE)


def held(world: World, call: Call) -> list[FactKind]:
    return [fact.kind for fact in world.ledger.told[call.id] if fact.detail.get("how") == "line"]


def assert_waits(world: World, citizen: ChannelId) -> None:
    session, call = world.session("101"), world.call(citizen)
    assert (session.state, session.channel_id, session.is_reconnecting) == (OperatorState.TALKING, None, True)
    assert citizen in world.switch.music
    assert citizen in world.switch.waiting
    assert (call.stage, call.held_at) == (Stage.TALKING, session.line_lost_at)


def assert_talks_again(world: World, citizen: ChannelId, line: ChannelId) -> None:
    session, call = world.session("101"), world.call(citizen)
    assert world.switch.partners(citizen) == {line}
    assert citizen not in world.switch.music
    assert (session.channel_id, session.is_reconnecting, session.state) == (line, False, OperatorState.TALKING)
    assert session.endpoint == f"PJSIP/{NEXT_PAGE}"
    assert (call.stage, call.held_at, call.operator_session) == (Stage.TALKING, None, session.id)
    legs = [leg for leg in world.ledger.legs.values() if leg.call_id == call.id and leg.role is LegRole.OPERATOR]
    assert [(leg.channel_id, leg.is_open) for leg in legs][-1] == (line, True)
    assert call.handled_by == legs[-1].id
    assert [leg.end_reason for leg in legs[:-1]] == [LegEndReason.LOST]


async def test_a_page_that_is_loaded_anew_in_a_talk_has_its_caller_again_and_the_caller_hears_music_meanwhile(
    world: World,
) -> None:
    line, citizen = await talks(world)
    before = world.session("101")
    await world.hang_up(line)  # with a goodbye, as a page that is left says it
    assert_waits(world, citizen)
    assert world.line(line).ended_at is not None
    await world.clock.advance(4)
    again = await comes_back(world)
    assert_talks_again(world, citizen, again)
    assert world.session("101").id == before.id
    assert held(world, world.call(citizen)) == [FactKind.HELD, FactKind.HELD_NO_MORE]
    assert len(world.ledger.sessions) == 1
    # From here on it is a line as any other.
    await world.hang_up(citizen)
    assert world.session("101").state is OperatorState.WRAP_UP
    await world.hang_up(again)
    assert world.session("101").is_reconnecting
    await world.clock.advance(PAGE_PATIENCE.total_seconds())
    assert world.session("101").logout_reason is LogoutReason.LINE_LOST


async def test_a_page_that_does_not_come_back_has_no_caller_any_more_and_the_caller_is_first(world: World) -> None:
    line, citizen = await talks(world)
    await world.hang_up(line)
    await world.clock.advance(PAGE_PATIENCE.total_seconds() - 0.5)
    assert_waits(world, citizen)
    await world.clock.advance(0.5)
    session, call = world.session("101"), world.call(citizen)
    assert (session.state, session.logout_reason) == (OperatorState.AWAY, LogoutReason.LINE_LOST)
    assert (call.stage, call.operator_session) == (Stage.WAITING, None)
    assert call.returned_at is not None
    assert citizen in world.switch.music
    other = await world.operator("102", phone="phone02")
    assert world.switch.partners(citizen) == {other}


async def test_a_caller_who_leaves_meanwhile_costs_the_operator_nothing_but_a_wrap_up(world: World) -> None:
    line, citizen = await talks(world)
    await world.hang_up(line)
    await world.clock.advance(2)
    await world.hang_up(citizen)
    assert world.call(citizen).end_reason is EndReason.CALLER_HUNG_UP
    assert world.session("101").state is OperatorState.WRAP_UP
    again = await comes_back(world)
    assert (world.session("101").state, world.session("101").channel_id) == (OperatorState.WRAP_UP, again)


async def test_nobody_is_free_for_callers_without_a_phone(world: World) -> None:
    line, citizen = await talks(world)
    await world.hang_up(line)
    await world.hang_up(citizen)
    await world.clock.advance(PAGE_PATIENCE.total_seconds())
    assert world.session("101").logout_reason is LogoutReason.LINE_LOST
    world.ledger.pages[PAGE] = ANNA
    line = await world.dial_in(PAGE)
    assert world.session("101").state is OperatorState.READY
    await world.hang_up(line)
    assert world.session("101").logout_reason is LogoutReason.HUNG_UP


async def test_an_operator_who_asked_to_log_out_is_not_waited_for(world: World) -> None:
    line, citizen = await talks(world)
    await world.press(line, "*8")
    await world.hang_up(line)
    assert world.session("101").state is OperatorState.AWAY
    assert (world.call(citizen).stage, world.call(citizen).end_reason) == (Stage.WAITING, None)
    assert world.call(citizen).returned_at is not None


async def test_a_page_that_dials_before_its_loss_was_seen_has_the_place_at_once(world: World) -> None:
    line, citizen = await talks(world)
    again = await comes_back(world)
    assert_talks_again(world, citizen, again)
    assert line not in world.switch.channels
    assert held(world, world.call(citizen)) == []


async def test_a_page_of_another_login_takes_no_talk_away(world: World) -> None:
    line, citizen = await talks(world)
    world.ledger.pages[NEXT_PAGE] = ANNA  # and the first one is there still
    second = await world.dial_in(NEXT_PAGE)
    assert second not in world.switch.channels
    assert "nl/nog-in-gesprek" in world.switch.heard(second)
    assert world.switch.partners(citizen) == {line}


async def test_a_caller_who_was_on_hold_stays_on_hold(world: World) -> None:
    line, citizen = await talks(world)
    await world.press(line, "*4")
    held_at = world.call(citizen).held_at
    assert held_at is not None
    await world.clock.advance(3)
    await world.hang_up(line)
    again = await comes_back(world)
    assert world.call(citizen).held_at == held_at
    assert citizen in world.switch.music
    await world.press(again, "*4")
    assert world.switch.partners(citizen) == {again}


async def test_a_pause_goes_on(world: World) -> None:
    world.ledger.pages[PAGE] = ANNA
    line = await world.dial_in(PAGE)
    await world.press(line, "*92")
    await world.hang_up(line)
    again = await comes_back(world)
    session = world.session("101")
    assert (session.state, session.channel_id) == (OperatorState.PAUSED, again)


async def test_a_phone_is_not_waited_for(world: World) -> None:
    operator, citizen = await world.talk()
    await world.clock.advance(5)
    await world.hang_up(operator)
    assert world.session("101").state is OperatorState.AWAY
    assert world.call(citizen).end_reason is EndReason.OPERATOR_HUNG_UP


@pytest.mark.parametrize("when", ["before", "after", "both"])
async def test_a_controller_that_is_killed_meanwhile_leaves_the_caller_with_the_page(world: World, when: str) -> None:
    line, citizen = await talks(world)
    if when != "after":
        await world.kill()
        world.switch.leave(line)
        await world.clock.advance(3)
        await world.restart()
    else:
        await world.hang_up(line)
    assert_waits(world, citizen)
    if when != "before":
        await world.kill()
        await world.clock.advance(3)
        await world.restart()
    assert_waits(world, citizen)
    again = await comes_back(world)
    assert_talks_again(world, citizen, again)


async def test_a_controller_that_is_killed_keeps_to_the_deadline(world: World) -> None:
    line, citizen = await talks(world)
    await world.hang_up(line)
    await world.kill()
    await world.clock.advance(PAGE_PATIENCE.total_seconds() + 1)
    await world.restart()
    assert world.session("101").logout_reason is LogoutReason.LINE_LOST
    assert world.call(citizen).stage is Stage.WAITING


async def test_wherever_the_process_dies_the_page_has_its_caller_again(make_world: Callable[..., World]) -> None:
    at, has_died = 0, True
    while has_died:
        world = make_world()
        line, citizen = await talks(world)
        stalls = Stalls(world, at)
        await world.hang_up(line)
        await world.clock.advance(1)
        again = await comes_back(world)
        await world.clock.advance(1)
        has_died = stalls.stopped
        if has_died:
            await world.kill()
            await world.clock.advance(1)
            await world.restart()
            await world.clock.advance(6)
            await world.sweep()
            await world.clock.advance(1)
        stalls.at = None
        assert_talks_again(world, citizen, again)
        await world.hang_up(citizen)
        assert not [leg for leg in world.ledger.legs.values() if leg.is_open], at
        assert [one.channel_id for one in world.ledger.lines.values() if one.ended_at is None] == [again], at
        await world.kill()
        at += 1
    assert at > 12
