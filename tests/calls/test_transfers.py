"""Transfers on fakes: a colleague is consulted; who hears each other, what is refused, and which count (AV §2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.area import Reach
from ari_app.core.call import EndReason, FactKind, LegEndReason, LegRole, Stage
from ari_app.core.operators import OperatorState
from ari_app.core.transfer import TransferOutcome
from tests.calls.transfers import DEPUTY, DESK, consulting, talk, with_directory
from tests.calls.world import World, an_area

pytestmark = pytest.mark.pure
Make = Callable[..., World]
REACHES = pytest.mark.parametrize("reach", Reach)


@REACHES
async def test_given_a_talk_when_a_colleague_is_consulted_and_has_the_caller_then_the_operator_is_free(
    make_world: Make, reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    await t.keys("*1200#")
    assert t.has_music(t.citizen) and t.hears(t.operator) == set()
    assert "tone:ring;tonezone=nl" in t.world.switch.heard(t.operator) or reach is Reach.RING
    colleague = await t.picked_up()
    assert t.world.switch.heard(colleague) == [
        "toon/piep",
        "gemeente/GM9901/naam",
        "nl/het-gaat-over",
        "said paspoorten",
        "nl/aan-de-lijn-1",
    ]
    assert t.hears(colleague) == {t.operator} and t.has_music(t.citizen)
    await t.keys("*33")
    assert t.hears(t.citizen) == {colleague}
    assert t.citizen not in t.world.switch.music
    assert t.call.transfer_count == 1 and t.call.operator_session is None
    assert (t.transfer.outcome, t.transfer.counted) == (TransferOutcome.COMPLETED, True)
    assert t.world.session("101").state is OperatorState.WRAP_UP
    assert (t.operator in t.world.switch.channels) is (reach is Reach.LINE)
    await t.world.clock.advance(1)
    await t.world.hang_up(colleague)
    assert t.call.end_reason is EndReason.OPERATOR_HUNG_UP
    (leg,) = t.legs(LegRole.COLLEAGUE)
    assert leg.end_reason is LegEndReason.HUNG_UP and leg.joined_at is not None
    assert not [leg for leg in t.world.ledger.legs.values() if leg.is_open]


@REACHES
async def test_given_a_colleague_who_is_briefed_then_the_operator_hears_so_and_music_until_they_talk(
    make_world: Make, reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    await t.keys("*1200#")
    t.world.switch.prompts_last = True
    colleague = await t.picked_up()
    assert t.world.switch.heard(t.operator)[-2:] == ["nl/collega-luistert", "music/wachtmuziek"]
    assert {t.operator, colleague} <= {*t.world.switch.playing.values()}
    t.world.switch.finish_prompt(colleague)
    await t.world.clock.advance(1)
    assert t.hears(colleague) == {t.operator}
    assert not t.world.switch.playing


async def test_given_a_ringing_colleague_when_the_operator_leaves_the_transfer_then_no_tone_is_left(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    t.world.area = with_directory(an_area(wrap_up_seconds=0))
    t.world.switch.prompts_last = True
    await t.keys("*1200#")
    assert t.operator in t.world.switch.playing.values()
    await t.keys("*33")
    assert t.call.stage is Stage.CONNECTING
    assert t.operator not in t.world.switch.playing.values()


@REACHES
async def test_given_a_consult_when_parties_are_swapped_then_nobody_hears_the_one_on_hold(
    make_world: Make, reach: Reach
) -> None:
    t, colleague = await consulting(make_world, reach=reach)
    await t.keys("*31")
    assert t.hears(t.citizen) == {t.operator} and t.has_music(colleague)
    await t.keys("*31")
    assert t.hears(colleague) == {t.operator} and t.has_music(t.citizen)
    await t.keys("*32")
    assert t.hears(t.citizen) == {t.operator, colleague}
    assert not t.world.switch.music
    await t.keys("*34")
    assert t.hears(t.citizen) == {t.operator}
    assert colleague not in t.world.switch.channels
    assert (t.transfer.outcome, t.transfer.counted) == (TransferOutcome.CANCELLED, False)
    assert t.call.transfer_count == 0
    assert t.world.session("101").state is OperatorState.TALKING


@REACHES
@pytest.mark.parametrize("turns", ["", "*31", "*32"])
async def test_given_a_consult_when_the_operator_hangs_up_then_colleague_and_caller_talk(
    make_world: Make, turns: str, reach: Reach
) -> None:
    t, colleague = await consulting(make_world, reach=reach)
    await t.keys(turns)
    await t.world.hang_up(t.operator)
    assert t.hears(t.citizen) == {colleague}
    assert t.call.transfer_count == 1
    await t.world.hang_up(t.citizen)
    assert t.call.end_reason is EndReason.CALLER_HUNG_UP
    assert colleague not in t.world.switch.channels


@REACHES
@pytest.mark.parametrize("turns", ["", "*31", "*32"])
async def test_given_a_consult_when_the_colleague_hangs_up_then_operator_and_caller_talk_again(
    make_world: Make, turns: str, reach: Reach
) -> None:
    t, colleague = await consulting(make_world, reach=reach)
    await t.keys(turns)
    await t.world.hang_up(colleague)
    assert t.hears(t.citizen) == {t.operator}
    assert (t.transfer.outcome, t.call.transfer_count) == (TransferOutcome.REFUSED, 0)
    assert t.world.session("101").state is OperatorState.TALKING


@REACHES
@pytest.mark.parametrize("turns", ["", "*31", "*32"])
async def test_given_a_consult_when_the_caller_hangs_up_then_everybody_is_free(
    make_world: Make, turns: str, reach: Reach
) -> None:
    t, colleague = await consulting(make_world, reach=reach)
    await t.keys(turns)
    await t.world.hang_up(t.citizen)
    assert t.call.end_reason is EndReason.CALLER_LEFT_IN_TRANSFER
    assert colleague not in t.world.switch.channels
    assert t.transfer.outcome is TransferOutcome.CALLER_LEFT
    assert t.world.session("101").state is OperatorState.WRAP_UP


async def test_given_a_ringing_colleague_when_nobody_answers_then_the_operator_has_the_caller_again(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    await t.keys("*1200#")
    colleague = t.rings()
    await t.world.clock.advance(26)
    assert colleague not in t.world.switch.channels
    assert t.hears(t.citizen) == {t.operator}
    assert t.world.switch.heard(t.operator)[-1] == "nl/geen-gehoor"
    assert t.transfer.outcome is TransferOutcome.NO_ANSWER
    (leg,) = t.legs(LegRole.COLLEAGUE)
    assert leg.end_reason is LegEndReason.NO_ANSWER


async def test_given_a_ringing_colleague_when_the_operator_is_in_a_hurry_then_it_goes_on_as_a_cold_transfer(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    await t.keys("*1200#")
    await t.keys("*33")
    assert t.call.stage is Stage.CONNECTING and t.world.session("101").state is OperatorState.WRAP_UP
    colleague = await t.picked_up()
    assert t.hears(t.citizen) == {colleague}
    assert t.call.transfer_count == 1


async def test_given_two_transfers_when_a_third_is_asked_for_then_it_is_refused_until_a_supervisor_allows_it(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    await t.keys("*2200#")
    first = await t.picked_up()
    await t.world.press(first, "*2201#")
    second = await t.picked_up(DEPUTY)
    assert first not in t.world.switch.channels
    assert t.hears(t.citizen) == {second} and t.call.transfer_count == 2
    await t.world.press(second, "*2200#")
    assert t.world.switch.heard(second)[-1] == "nl/maximum-doorverbonden"
    assert t.hears(t.citizen) == {second} and len(t.transfers) == 2
    assert FactKind.TRANSFER_REFUSED in t.world.ledger.kinds(t.call.id), "stored at once"
    t.world.ledger.allowances[t.call.id] = 1
    await t.world.press(second, "*1200#")
    third = await t.picked_up()
    await t.world.press(second, "*33")
    assert t.hears(t.citizen) == {third} and t.call.transfer_count == 3


async def test_given_a_number_outside_when_it_answers_then_only_a_key_takes_the_caller(make_world: Make) -> None:
    t = await talk(make_world)
    await t.keys("*2210#")
    voicemail = await t.picked_up("PJSIP/+31612345678@trunk")  # type: ignore[arg-type]
    assert t.has_music(t.citizen) and t.hears(voicemail) == set()
    await t.world.clock.advance(21)
    assert t.hears(t.citizen) == {t.operator}
    await t.keys("*20612345678#")
    person = await t.picked_up("PJSIP/+31612345678@trunk")  # type: ignore[arg-type]
    await t.world.press(person, "1")
    assert t.hears(t.citizen) == {person}
    assert t.transfer.to_party == "outside" and t.transfer.pii_to_number == "+31612345678"


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("*1999#", "nl/nummer-onbekend"),
        ("*1240#", "nl/nummer-onbekend"),  # another municipality's
        ("*109001234#", "nl/betaalnummer"),
        ("*11850#", "nl/betaalnummer"),
        ("*100491701234567#", "nl/betaalnummer"),
        ("*1220#", "nl/alleen-direct"),
        ("*1230#", "nl/alleen-direct"),
        ("*2220#", "nl/collega-onbereikbaar"),  # not logged in
        ("*2250#", "nl/niemand-aangemeld"),
        ("*52", "nl/niemand-aangemeld"),
        ("*59", "nl/nummer-onbekend"),
        ("*33", "nl/geen-collega"),
        ("*31", "nl/geen-collega"),
    ],
)
async def test_a_refusal_is_heard_and_the_talk_goes_on(make_world: Make, keys: str, says: str) -> None:
    t = await talk(make_world)
    await t.keys(keys)
    assert t.world.switch.heard(t.operator)[-1] == says
    assert t.hears(t.citizen) == {t.operator}
    assert not t.transfers and t.world.session("101").state is OperatorState.TALKING


async def test_given_a_dead_phone_when_it_is_asked_for_then_the_deputy_is_named_and_nothing_rings(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    t.world.switch.unregistered.add(DESK)
    for keys, says in (("*2200#", "nl/collega-onbereikbaar"), ("*2260#", "nl/nu-gesloten")):
        await t.keys(keys)
        words = t.world.switch.heard(t.operator)[-5:]
        assert words == [says, "nl/probeer-toestel", "nl/getal-2", "nl/getal-0", "nl/cijfer-1"]
    assert not t.world.switch.ringing and t.hears(t.citizen) == {t.operator}


@pytest.mark.parametrize("keys", ["*2200#", "*2260#"], ids=["dead", "closed"])
async def test_given_a_dead_deputy_when_nobody_is_at_the_phone_either_then_no_deputy_is_named(
    make_world: Make, keys: str
) -> None:
    t = await talk(make_world)
    t.world.switch.unregistered.update({DESK, DEPUTY})
    await t.keys(keys)
    assert "nl/probeer-toestel" not in t.world.switch.heard(t.operator)
    assert t.hears(t.citizen) == {t.operator}


async def test_given_a_rung_operator_when_the_caller_is_put_on_hold_then_music_plays(make_world: Make) -> None:
    t = await talk(make_world, reach=Reach.RING)
    await t.keys("*4")
    assert t.has_music(t.citizen) and t.hears(t.operator) == set()
    assert t.world.switch.heard(t.operator)[-1] == "nl/in-de-wacht"
    await t.keys("*4")
    assert t.hears(t.citizen) == {t.operator} and not t.world.switch.music


async def test_given_a_caller_on_hold_when_the_operator_hangs_up_then_the_caller_is_first_in_the_queue(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    await t.keys("*4")
    assert t.has_music(t.citizen) and t.hears(t.operator) == set()
    await t.world.hang_up(t.operator)
    assert t.call.stage is Stage.WAITING and t.has_music(t.citizen)
    other = await t.world.operator("102", phone="phone08")
    assert t.hears(t.citizen) == {other}
    await t.world.hang_up(t.citizen)
    assert t.call.end_reason is EndReason.CALLER_HUNG_UP
