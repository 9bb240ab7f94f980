"""Operators at work on a standing line: their keys, and the end of the line, on fakes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ari_app.core.call import EndReason, LegEndReason, Stage
from ari_app.core.operators import LogoutReason, OperatorState, PauseReason
from tests.calls.world import ESDAM_ALONE, World

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("1", PauseReason.BREAK),
        ("2", PauseReason.LUNCH),
        ("3", PauseReason.MEETING),
        ("4", PauseReason.TRAINING),
        ("5", PauseReason.ADMINISTRATION),
    ],
)
async def test_star_nine_pauses_for_a_reason_and_star_nought_resumes(
    world: World, key: str, reason: PauseReason
) -> None:
    operator = await world.operator("101")
    await world.press(operator, f"*9{key}")
    assert (world.session("101").state, world.session("101").pause_reason) == (OperatorState.PAUSED, reason)
    assert world.call(await world.citizen(ESDAM_ALONE)).stage is Stage.WAITING
    await world.press(operator, "*0")
    assert world.session("101").state is OperatorState.TALKING
    assert "nl/klaar" in world.switch.heard(operator)


async def test_star_nine_with_a_key_that_names_no_reason_pauses_nobody(world: World) -> None:
    operator = await world.operator("101")
    await world.press(operator, "*97")
    assert world.session("101").state is OperatorState.READY
    assert world.switch.heard(operator)[-1] == "nl/onbekende-code"


async def test_an_unknown_code_is_called_that(world: World) -> None:
    operator = await world.operator("101")
    for code in ("*5#", "*1#", "*39", "*5*5#"):
        said = len(world.switch.said)
        await world.press(operator, code)
        assert world.switch.heard(operator)[-1] == "nl/onbekende-code" and len(world.switch.said) > said


async def test_a_code_about_a_caller_means_nothing_without_one(world: World) -> None:
    operator = await world.operator("101")
    for code in ("*1200#", "*2200#", "*31", "*4", "*52"):
        said = len(world.switch.said)
        await world.press(operator, code)
        assert world.switch.heard(operator)[-1] == "nl/onbekende-code" and len(world.switch.said) > said


@pytest.mark.parametrize("state", ["ready", "paused", "wrap-up"])
async def test_star_eight_logs_out_at_once_when_there_is_no_call(world: World, state: str) -> None:
    operator = await world.operator("101")
    match state:
        case "paused":
            await world.press(operator, "*91")
        case "wrap-up":
            await world.hang_up(await world.citizen(ESDAM_ALONE))
            assert world.session("101").state is OperatorState.WRAP_UP
    await world.press(operator, "*8")
    assert world.session("101").logout_reason is LogoutReason.KEY
    assert world.switch.heard(operator)[-1] == "nl/afgemeld"
    assert operator not in world.switch.channels and not world.switch.bridges
    line = world.line(operator)
    assert (line.end_reason, line.end_is_estimated) == (LegEndReason.RELEASED, False)


async def test_star_eight_while_a_call_is_announced_logs_out_after_that_call(world: World) -> None:
    operator = await world.operator("101")
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    await world.press(operator, "*8")
    assert world.session("101").state is OperatorState.OFFERED
    world.switch.prompts_last = False
    world.switch.finish_prompt(operator)
    await world.clock.advance(0)
    assert world.switch.partners(citizen) == {operator}
    await world.hang_up(citizen)
    assert world.session("101").logout_reason is LogoutReason.KEY
    assert operator not in world.switch.channels


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("*92", ["nl/straks-pauze"]),
        ("*8", ["nl/straks-afgemeld"]),
        ("*0", ["nl/straks-klaar"]),
        ("*97", ["nl/onbekende-code"]),
        ("#", []),
    ],
)
async def test_a_key_in_a_talk_is_confirmed_in_a_few_words_that_only_the_operator_hears(
    world: World, keys: str, words: list[str]
) -> None:
    operator, citizen = await world.talk()
    heard, before = world.switch.heard(citizen), len(world.switch.heard(operator))
    await world.press(operator, keys)
    assert world.switch.heard(operator)[before:] == words
    assert world.switch.heard(citizen) == heard


@pytest.mark.parametrize(
    ("keys", "hint"),
    [
        ("*6", "nl/rond-af"),
        ("*60612345678", "nl/rond-af"),
        ("*1", "nl/rond-af"),
        ("*2200", "nl/rond-af"),
        ("*5", "nl/nog-een-cijfer"),
        ("*9", "nl/nog-een-cijfer"),
        ("*", "nl/nog-een-cijfer"),
    ],
)
async def test_half_a_code_is_answered_after_three_seconds_and_only_once(world: World, keys: str, hint: str) -> None:
    operator, citizen = await world.talk()
    heard = world.switch.heard(citizen)
    await world.press(operator, keys)
    await world.clock.advance(2.9)
    assert hint not in world.switch.heard(operator)
    await world.clock.advance(0.1)
    assert world.switch.heard(operator)[-1] == hint
    await world.clock.advance(60)
    assert world.switch.heard(operator).count(hint) == 1
    assert world.switch.heard(citizen) == heard


async def test_choices_that_are_read_out_are_not_cut_short_by_a_hint(world: World) -> None:
    operator = await world.operator("101")
    await world.press(operator, "*9")
    await world.clock.advance(10)
    assert world.switch.heard(operator)[-1] == "nl/pauze-reden"
    await world.press(operator, "1*0")
    await world.citizen(ESDAM_ALONE)
    await world.press(operator, "*3")
    await world.clock.advance(10)
    assert world.switch.heard(operator)[-1] == "nl/collega-keuzes"


async def test_each_key_of_a_code_begins_the_three_seconds_again_and_a_whole_code_needs_no_hint(world: World) -> None:
    operator, _ = await world.talk()
    for key in "*61":
        await world.press(operator, key)
        await world.clock.advance(2.5)
    await world.press(operator, "*4")
    await world.clock.advance(10)
    assert not {"nl/rond-af", "nl/nog-een-cijfer"} & {*world.switch.heard(operator)}


async def test_star_codes_in_a_talk_take_effect_after_it(world: World) -> None:
    operator, citizen = await world.talk()
    await world.press(operator, "*92")
    assert world.session("101").pause_pending is PauseReason.LUNCH
    joined = next(order for order in world.switch.orders if order[0] == "join" and order[2] == operator)
    assert joined[3] == "keys stay"
    await world.hang_up(citizen)
    session = world.session("101")
    assert (session.state, session.pause_reason) == (OperatorState.PAUSED, PauseReason.LUNCH)


async def test_star_eight_in_a_talk_logs_out_after_it(world: World) -> None:
    operator, citizen = await world.talk()
    await world.press(operator, "*8")
    assert world.switch.partners(citizen) == {operator}
    await world.hang_up(citizen)
    assert world.session("101").logout_reason is LogoutReason.KEY
    assert world.call(citizen).end_reason is EndReason.CALLER_HUNG_UP


async def test_star_nought_in_a_talk_takes_back_a_pause_and_a_logout(world: World) -> None:
    operator, citizen = await world.talk()
    await world.press(operator, "*92*8*0")
    await world.hang_up(citizen)
    assert world.session("101").state is OperatorState.WRAP_UP


async def test_the_hash_ends_wrap_up_and_nothing_else(world: World) -> None:
    operator, citizen = await world.talk()
    await world.press(operator, "#")
    assert world.session("101").state is OperatorState.TALKING
    await world.hang_up(citizen)
    await world.press(operator, "#")
    assert world.session("101").state is OperatorState.READY
    await world.press(operator, "*91#")
    assert world.session("101").state is OperatorState.PAUSED


async def test_wrap_up_ends_by_itself_and_the_next_caller_is_offered(world: World) -> None:
    operator, citizen = await world.talk()
    await world.hang_up(citizen)
    following = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(29)
    assert world.call(following).stage is Stage.WAITING
    await world.clock.advance(1)
    assert world.switch.partners(following) == {operator}


async def test_a_wrap_up_that_is_paused_away_does_not_end_in_being_ready(world: World) -> None:
    operator, citizen = await world.talk()
    await world.hang_up(citizen)
    await world.press(operator, "*91")
    await world.clock.advance(60)
    assert world.session("101").state is OperatorState.PAUSED


async def test_star_nought_in_wrap_up_is_as_good_as_the_hash(world: World) -> None:
    operator, citizen = await world.talk()
    await world.hang_up(citizen)
    await world.press(operator, "*0")
    assert world.session("101").state is OperatorState.READY


# --- the line ends ---


async def test_an_operator_who_hangs_up_is_logged_out_at_that_moment(world: World) -> None:
    operator = await world.operator("101")
    await world.clock.advance(60)
    await world.hang_up(operator)
    session, line = world.session("101"), world.line(operator)
    assert (session.logout_reason, session.logged_out_at) == (LogoutReason.HUNG_UP, world.clock.now())
    assert (line.end_reason, line.ended_at, line.end_is_estimated) == (
        LegEndReason.HUNG_UP,
        world.clock.now(),
        False,
    )
    assert not world.switch.bridges


async def test_a_hang_up_that_an_order_finds_before_its_event_comes_is_still_a_hang_up(world: World) -> None:
    operator = await world.operator("101")
    world.switch.channels.discard(operator)
    await world.press(operator, "*91")
    await world.clock.advance(0.1)
    world.switch.leave(operator)
    await world.clock.advance(0.1)
    line = world.line(operator)
    assert (line.end_reason, line.end_is_estimated) == (LegEndReason.HUNG_UP, False)
    assert line.ended_at == world.clock.now() - timedelta(seconds=0.1)


async def test_the_sweep_logs_out_an_operator_whose_channel_is_gone_and_marks_the_moment_as_estimated(
    world: World,
) -> None:
    operator, citizen = await world.talk()
    world.switch.channels.discard(operator)
    world.switch.bridges.clear()
    await world.clock.advance(10)
    await world.sweep()
    await world.clock.advance(3)
    line = world.line(operator)
    assert world.session("101").logout_reason is LogoutReason.LOST
    assert (line.end_reason, line.end_is_estimated) == (LegEndReason.LOST, True)
    call = world.call(citizen)
    assert call.stage is Stage.WAITING and call.returned_at is not None
    operator_leg = next(leg for leg in world.ledger.legs.values() if leg.channel_id == operator)
    assert (operator_leg.end_reason, operator_leg.end_is_estimated) == (LegEndReason.LOST, True)
