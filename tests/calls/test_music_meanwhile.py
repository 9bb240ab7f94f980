"""While an operator or colleague listens to a prompt in a talk, the other party hears music instead of silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.area import Reach
from ari_app.core.call import Stage
from ari_app.core.ids import ChannelId
from tests.calls.transfers import Talk, consulting, talk
from tests.calls.world import World

pytestmark = pytest.mark.pure
Make = Callable[..., World]
REACHES = pytest.mark.parametrize("reach", Reach)
PROMPT_SECONDS = 2.5


def lasting(t: Talk, seconds: float = PROMPT_SECONDS) -> None:
    """From here on each prompt takes so long, and ends when the test says so."""
    t.world.voice.prompt_seconds = seconds
    t.world.switch.prompts_last = True


async def heard_out(t: Talk, listener: ChannelId) -> None:
    t.world.switch.finish_prompt(listener)
    await t.world.clock.advance(0)


@REACHES
@pytest.mark.parametrize("keys", ["*6#", "*2999#", "*33", "*3"], ids=["answer", "refusal", "no transfer", "choices"])
async def test_given_a_talk_when_the_operator_listens_to_us_then_the_citizen_hears_music_until_the_end(
    make_world: Make, reach: Reach, keys: str
) -> None:
    t = await talk(make_world, reach=reach)
    lasting(t)
    await t.keys(keys)
    assert t.citizen in t.world.switch.music
    assert t.hears(t.citizen) == {t.operator}, "still in the talk"
    await heard_out(t, t.operator)
    assert t.citizen not in t.world.switch.music
    assert t.hears(t.citizen) == {t.operator}
    assert not t.call.has_music


@REACHES
@pytest.mark.parametrize("keys", ["*92", "*8", "*0"])
async def test_a_few_words_need_no_music(make_world: Make, reach: Reach, keys: str) -> None:
    t = await talk(make_world, reach=reach)
    lasting(t, 1.2)
    await t.keys(keys)
    assert t.citizen not in t.world.switch.music


@REACHES
async def test_given_a_prompt_whose_end_is_not_reported_then_the_music_stops_when_it_must_be_over(
    make_world: Make, reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    lasting(t)
    await t.keys("*33")
    await t.world.clock.advance(PROMPT_SECONDS + 1.9)
    assert t.citizen in t.world.switch.music
    await t.world.clock.advance(0.2)
    assert t.citizen not in t.world.switch.music


@REACHES
async def test_given_music_meanwhile_when_the_caller_is_put_on_hold_then_the_end_of_the_prompt_does_not_stop_it(
    make_world: Make, reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    lasting(t)
    await t.keys("*6#")
    await t.keys("*4")
    await heard_out(t, t.operator)
    await t.world.clock.advance(30)
    assert t.has_music(t.citizen)
    await t.keys("*4")
    assert t.citizen not in t.world.switch.music
    assert t.hears(t.citizen) == {t.operator}


@REACHES
async def test_given_a_consult_when_the_choices_are_read_out_then_the_colleague_hears_music(
    make_world: Make, reach: Reach
) -> None:
    t, colleague = await consulting(make_world, reach=reach)
    lasting(t)
    await t.keys("*3")
    assert colleague in t.world.switch.music
    await t.keys("2")
    assert t.hears(colleague) == {t.operator, t.citizen}
    assert not t.world.switch.music


@REACHES
@pytest.mark.parametrize("in_consult", [False, True], ids=["talk", "consult"])
async def test_given_music_meanwhile_when_the_process_dies_then_the_next_one_stops_it(
    make_world: Make, reach: Reach, in_consult: bool
) -> None:
    t = await talk(make_world, reach=reach)
    other = t.citizen
    if in_consult:
        t, other = await consulting(make_world, reach=reach)
    lasting(t)
    await t.keys("*3")
    assert other in t.world.switch.music
    await t.world.kill()
    await t.world.restart()
    await t.world.clock.advance(1)
    assert other not in t.world.switch.music
    assert t.hears(other) == {t.operator}


@REACHES
async def test_given_music_meanwhile_when_the_operator_hangs_up_then_the_talk_ends_as_any_other(
    make_world: Make, reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    lasting(t)
    await t.keys("*6#")
    await t.world.hang_up(t.operator)
    assert t.citizen not in t.world.switch.channels
    assert not [leg for leg in t.world.ledger.legs.values() if leg.is_open]


@pytest.mark.parametrize(("prompt_seconds", "hears_music"), [(0.5, False), (1.5, True)])
async def test_given_a_caller_from_the_menu_when_the_operator_is_told_much_then_the_caller_hears_music(
    make_world: Make, *, prompt_seconds: float, hears_music: bool
) -> None:
    """Two prompts, a beep and a name: one second need no music, three do."""
    world = make_world()
    line = await world.operator("101")
    citizen = await world.citizen()
    world.voice.prompt_seconds = prompt_seconds
    world.switch.prompts_last = True
    await world.press(citizen, "1")
    assert world.call(citizen).stage is Stage.CONNECTING
    assert (citizen in world.switch.music, world.call(citizen).has_music) == (hears_music, hears_music)
    world.switch.finish_prompt(line)
    await world.clock.advance(0)
    assert world.call(citizen).stage is Stage.TALKING
    assert citizen not in world.switch.music
    assert world.switch.partners(citizen) == {line}
