"""Operators dial in and log in, on fakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import structlog

from ari_app.core.call import LegEndReason
from ari_app.core.ids import AsteriskId, new_session_id
from ari_app.core.operators import LogoutReason, OperatorState
from tests.calls.scenes import talking_rung
from tests.calls.world import ESDAM_ALONE, World

pytestmark = pytest.mark.pure


async def test_an_operator_who_keys_number_and_pin_hears_their_municipalities_and_stays_on_the_line(
    world: World,
) -> None:
    operator = await world.operator("102")
    session = world.session("102")
    assert (session.state, session.channel_id) == (OperatorState.READY, operator)
    assert world.switch.heard(operator)[-4:] == [
        "nl/aangemeld-voor",
        "gemeente/GM9901/naam",
        "nl/en",
        "gemeente/GM9902/naam",
    ]
    assert world.line(operator).operator == "102"
    await world.clock.advance(3600)
    assert operator in world.switch.channels


async def test_after_three_wrong_pins_the_line_is_closed_and_the_number_is_locked_for_five_minutes(
    world: World,
) -> None:
    operator = await world.dial_in()
    await world.press(operator, "101#9999#101#9999#")
    assert operator in world.switch.channels
    await world.press(operator, "101#9999#")
    assert "nl/inlog-gesloten" in world.switch.heard(operator)
    assert operator not in world.switch.channels
    line = world.line(operator)
    assert (line.failed_logins, line.operator) == (3, None)
    assert (line.ended_at, line.end_reason, line.end_is_estimated) == (world.clock.now(), LegEndReason.RELEASED, False)

    assert await world.operator("101", phone="phone02") not in world.switch.channels
    await world.clock.advance(301)
    await world.operator("101", phone="phone03")
    assert world.session("101").state is OperatorState.READY


async def test_a_failed_login_is_logged_with_its_phone_and_without_what_was_keyed(world: World) -> None:
    with structlog.testing.capture_logs() as logged:
        await world.operator("101", "9999", "phone07")
    (failed,) = [entry for entry in logged if entry["event"] == "login_failed"]
    assert (failed["endpoint"], failed["verdict"]) == ("PJSIP/phone07", "wrong")
    assert "9999" not in str(failed)


async def test_it_is_not_revealed_whether_the_number_or_the_pin_was_wrong(world: World) -> None:
    wrong_pin = await world.dial_in("phone01")
    await world.press(wrong_pin, "101#9999#" * 3)
    wrong_number = await world.dial_in("phone02")
    await world.press(wrong_number, "777#1234#" * 3)
    assert world.switch.heard(wrong_pin) == world.switch.heard(wrong_number)
    assert wrong_number not in world.switch.channels


async def test_an_entry_may_be_keyed_slowly(world: World) -> None:
    operator = await world.dial_in()
    for key in "101#1234#":
        await world.clock.advance(14)
        await world.press(operator, key)
    assert world.session("101").state is OperatorState.READY


async def test_an_operator_who_stops_keying_is_asked_again_and_in_the_end_hung_up(world: World) -> None:
    operator = await world.dial_in()
    await world.press(operator, "10")
    await world.clock.advance(31)
    assert world.line(operator).failed_logins == 1
    await world.clock.advance(61)
    assert operator not in world.switch.channels


async def test_a_key_may_be_pressed_while_the_question_is_still_spoken(world: World) -> None:
    world.switch.prompts_last = True
    await world.operator("101")
    assert world.session("101").state is OperatorState.READY


@pytest.mark.parametrize("pressed", ["", "10", "101#", "101#12", "101#9999#"])
async def test_a_hang_up_while_logging_in_leaves_a_closed_line_and_no_session(world: World, pressed: str) -> None:
    operator = await world.dial_in()
    await world.press(operator, pressed)
    await world.clock.advance(1)
    await world.hang_up(operator)
    line = world.line(operator)
    assert (line.ended_at, line.end_reason, line.end_is_estimated) == (world.clock.now(), LegEndReason.HUNG_UP, False)
    assert not world.ledger.sessions and not world.registry.is_owned(operator)


async def test_three_hundred_digits_are_one_wrong_entry(world: World) -> None:
    operator = await world.dial_in()
    await world.press(operator, "1" * 300 + "#" + "2" * 300 + "#")
    assert world.line(operator).failed_logins == 1
    await world.press(operator, "101#1234#")
    assert world.session("101").state is OperatorState.READY


async def test_a_login_on_a_second_phone_replaces_the_first_which_says_so(world: World) -> None:
    first = await world.operator("101", phone="phone01")
    old = world.session("101")
    await world.clock.advance(1)
    second = await world.operator("101", phone="phone02")
    assert "nl/elders-aangemeld" in world.switch.heard(first)
    assert first not in world.switch.channels
    assert world.ledger.sessions[old.id].logout_reason is LogoutReason.REPLACED
    assert world.session("101").channel_id == second
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.switch.partners(citizen) == {second}


async def test_a_login_on_a_second_phone_in_the_middle_of_a_talk_is_refused_and_the_talk_goes_on(world: World) -> None:
    first, citizen = await world.talk()
    await world.clock.advance(60)
    second = await world.operator("101", phone="phone02")
    await world.clock.advance(1)
    assert world.switch.heard(second)[-1] == "nl/nog-in-gesprek"
    assert second not in world.switch.channels
    assert world.line(second).end_reason is LegEndReason.RELEASED
    assert world.switch.partners(citizen) == {first}
    assert (world.session("101").state, world.session("101").channel_id) == (OperatorState.TALKING, first)


async def test_after_the_talk_the_login_on_a_second_phone_is_a_login_as_any(world: World) -> None:
    first, citizen = await world.talk()
    await world.hang_up(citizen)
    await world.clock.advance(1)
    second = await world.operator("101", phone="phone02")
    assert first not in world.switch.channels
    assert world.session("101").channel_id == second


async def test_a_login_on_a_second_phone_while_a_caller_is_announced_sends_that_caller_to_the_second(
    world: World,
) -> None:
    first = await world.operator("101")
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    queued_at = world.call(citizen).queued_at
    world.switch.prompts_last = False
    second = await world.operator("101", phone="phone02")
    await world.clock.advance(1)
    assert first not in world.switch.channels
    assert world.switch.partners(citizen) == {second}
    assert world.call(citizen).queued_at == queued_at


async def test_a_rung_operator_in_a_talk_who_logs_in_on_a_second_phone_is_refused_and_the_talk_goes_on(
    make_world: Callable[..., World],
) -> None:
    scene = await talking_rung(make_world)
    world = scene.world
    before = world.session("101")
    second = await world.operator("101", phone="phone09")
    await world.clock.advance(1)
    assert "nl/nog-in-gesprek" in world.switch.heard(second)
    assert world.switch.partners(scene.citizen) == {scene.other}
    assert (world.session("101").id, world.session("101").state) == (before.id, OperatorState.TALKING)


async def test_two_phones_that_log_in_at_once_leave_one_of_them_at_work(world: World) -> None:
    first, second = await world.dial_in("phone01"), await world.dial_in("phone02")
    for line in (first, second):
        await world.press(line, "101#123")
    for line in (first, second):
        await world.press(line, "4")
    world.switch.turns = lambda: 1
    first_hash, second_hash = world.press(first, "#"), world.press(second, "#")
    await first_hash
    await second_hash
    await world.clock.advance(5)
    at_work = [session for session in world.ledger.sessions.values() if session.is_open]
    assert [session.channel_id for session in at_work] == [c for c in (first, second) if c in world.switch.channels]
    assert len(at_work) == 1


async def test_an_open_session_that_a_dead_process_left_behind_does_not_keep_its_operator_out(world: World) -> None:
    first = await world.operator("101")
    await world.kill()
    world.start_process()  # and nobody tells it of the gap
    await world.clock.advance(1)
    second = await world.operator("101", phone="phone02")
    assert world.session("101").channel_id == second
    left_behind = next(s for s in world.ledger.sessions.values() if s.channel_id == first)
    assert left_behind.logout_reason is LogoutReason.REPLACED


async def test_an_operator_at_work_on_another_asterisk_is_not_logged_in_here_and_hears_it(world: World) -> None:
    await world.hang_up(await world.operator("101"))
    elsewhere = replace(
        world.session("101"),
        id=new_session_id(),
        asterisk_id=AsteriskId("node2"),
        state=OperatorState.READY,
        logged_out_at=None,
        logout_reason=None,
    )
    world.ledger.sessions[elsewhere.id] = elsewhere
    operator = await world.operator("101", phone="phone02")
    await world.clock.advance(1)
    assert world.switch.heard(operator)[-1] == "nl/storing-bel-later"
    assert operator not in world.switch.channels
    assert world.line(operator).end_reason is LegEndReason.RELEASED
    assert world.ledger.sessions[elsewhere.id] == elsewhere
