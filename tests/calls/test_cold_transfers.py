"""Transfers on fakes: cold, to an operator and into a queue, and where the caller goes when they fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.area import Reach
from ari_app.core.call import EndReason, FactKind, LegRole, Stage
from ari_app.core.operators import OperatorState
from ari_app.core.transfer import CountReason, TransferKind, TransferOutcome, TransferState
from tests.calls.transfers import talk
from tests.calls.world import ESDAM_ALONE, VEENDIJK, World

pytestmark = pytest.mark.pure
Make = Callable[..., World]
REACHES = pytest.mark.parametrize("reach", Reach)


@REACHES
async def test_given_a_cold_transfer_when_the_colleague_answers_then_they_are_briefed_and_talk(
    make_world: Make, reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    await t.keys("*2200#")
    assert t.has_music(t.citizen)
    assert t.world.session("101").state is OperatorState.WRAP_UP
    assert (t.operator in t.world.switch.channels) is (reach is Reach.LINE)
    colleague = await t.picked_up()
    assert "said paspoorten" in t.world.switch.heard(colleague)
    assert t.hears(t.citizen) == {colleague}
    assert t.call.transfer_count == 1
    await t.world.hang_up(t.citizen)
    assert t.call.end_reason is EndReason.CALLER_HUNG_UP


@pytest.mark.parametrize("how", ["time", "busy", "declined", "in the briefing"])
async def test_given_a_cold_transfer_when_it_comes_to_nothing_then_the_caller_is_back_with_the_operator(
    make_world: Make, how: str
) -> None:
    t = await talk(make_world)
    await t.keys("*2200#")
    colleague = t.rings()
    match how:
        case "time":
            await t.world.clock.advance(26)
        case "busy":
            t.world.switch.leave(colleague, 17)
        case "declined":
            t.world.switch.leave(colleague, 21)
        case _:
            t.world.switch.prompts_last = True
            t.world.switch.pick_up(colleague)
            await t.world.clock.advance(0.1)
            t.world.switch.prompts_last = False
            await t.world.hang_up(colleague)
    await t.world.clock.advance(1)
    assert t.hears(t.citizen) == {t.operator}
    assert "nl/beller-terug" in t.world.switch.heard(t.operator)
    assert t.call.transfer_count == 0 and t.call.returned_at is None
    assert t.world.session("101").state is OperatorState.TALKING
    assert FactKind.CAME_BACK in t.world.ledger.kinds(t.call.id)
    outcomes = {"time": "no_answer", "busy": "busy", "declined": "no_answer", "in the briefing": "refused"}
    assert t.transfer.outcome == outcomes[how]
    operators = t.legs(LegRole.OPERATOR)
    assert [leg.is_open for leg in operators] == [False, True]


async def test_given_a_cold_transfer_when_it_fails_and_the_operator_is_gone_then_the_caller_is_first_in_the_queue(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    await t.keys("*2200#")
    await t.world.hang_up(t.operator)
    earlier = await t.world.citizen(ESDAM_ALONE)
    await t.world.clock.advance(26)
    assert t.call.stage is Stage.WAITING and t.has_music(t.citizen)
    other = await t.world.operator("102")
    assert t.hears(t.citizen) == {other}
    assert t.hears(earlier) == set()
    assert t.call.transfer_count == 0 and len(t.legs(LegRole.OPERATOR)) == 2


async def test_given_a_cold_transfer_when_it_fails_and_the_operator_talks_then_the_caller_is_first_in_the_queue(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    await t.keys("*2200#")
    await t.keys("#")
    next_citizen = await t.world.citizen(ESDAM_ALONE)
    assert t.hears(next_citizen) == {t.operator}
    await t.world.clock.advance(26)
    assert t.call.stage is Stage.WAITING and t.has_music(t.citizen)
    await t.world.hang_up(t.citizen)
    assert t.call.end_reason is EndReason.CALLER_LEFT_IN_TRANSFER


async def test_given_a_colleague_who_transfers_when_nobody_answers_then_the_caller_is_back_with_that_colleague(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    await t.keys("*2200#")
    first = await t.picked_up()
    await t.world.press(first, "*2201#")
    await t.world.clock.advance(26)
    again = await t.picked_up()
    assert t.hears(t.citizen) == {again} and t.call.transfer_count == 1


async def test_given_a_transfer_to_an_operator_when_they_are_ready_then_they_are_offered_the_caller(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    bram = await t.world.operator("102", phone="phone08")
    await t.keys("*2220#")
    assert t.hears(t.citizen) == {bram}
    assert (t.transfer.outcome, t.call.transfer_count) == (TransferOutcome.COMPLETED, 1)
    assert t.world.session("101").state is OperatorState.WRAP_UP


async def test_given_a_transfer_to_an_operator_when_they_stay_busy_then_the_caller_comes_back(make_world: Make) -> None:
    t = await talk(make_world)
    bram = await t.world.operator("102", phone="phone08")
    await t.world.press(bram, "*91")
    await t.keys("*2220#")
    assert t.has_music(t.citizen)
    await t.world.clock.advance(26)
    assert t.hears(t.citizen) == {t.operator}
    assert t.transfer.outcome is TransferOutcome.NO_ANSWER and t.call.only_operator is None


@pytest.mark.parametrize("keys", ["*52", "*2250#"])
async def test_given_another_queue_when_its_operator_takes_the_caller_then_it_counts(
    make_world: Make, keys: str
) -> None:
    t = await talk(make_world)
    bram = await t.world.operator("102", phone="phone08")
    await t.world.press(bram, "*91")
    await t.keys(keys)
    assert t.call.stage is Stage.WAITING and t.call.municipality == VEENDIJK and t.has_music(t.citizen)
    assert t.transfer.kind is TransferKind.QUEUE and t.transfer.state is TransferState.QUEUED
    assert t.call.transfer_count == 0
    await t.world.press(bram, "*0")
    assert t.hears(t.citizen) == {bram}
    assert t.call.transfer_count == 1


async def test_given_a_queue_when_the_same_operator_gets_the_caller_back_then_it_does_not_count(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    await t.keys("*51")
    assert t.call.stage is Stage.WAITING
    await t.world.clock.advance(31)  # the wrap-up time
    assert t.hears(t.citizen) == {t.operator}
    assert (t.transfer.counted, t.transfer.count_reason) == (False, CountReason.SAME_PERSON)
    assert t.call.transfer_count == 0
