"""Callbacks on fakes: the outbound call of an operator, its outcome, and whose request it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ari_app.core.call import EndReason, LegEndReason, LegRole
from ari_app.core.callbacks import (
    AttemptOutcome,
    CloseKind,
    RequestState,
)
from ari_app.core.ids import OperatorNumber, TeamCode
from ari_app.core.operator_commands import (
    ACCEPTED,
    Answer,
    Command,
    NextCallback,
    PromiseCallback,
    Promised,
    RefusalReason,
    Refused,
)
from ari_app.core.operators import OperatorState, PauseReason
from tests.calls.promises import at_work, attempts, now_is, promised, ringing
from tests.calls.transfers import MOBILE
from tests.calls.world import World
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure
Make = Callable[..., World]


async def test_given_a_promise_when_an_operator_takes_the_next_then_they_hear_subject_and_note_and_talk(
    make_world: Make,
) -> None:
    world, operator = await at_work(make_world)
    request = await promised(world)
    await world.press(operator, "*7")
    assert world.switch.heard(operator)[-9:] == [
        "toon/piep",
        "nl/terugbellen",
        "gemeente/GM9901/naam",
        "nl/het-gaat-over",
        "said paspoort",
        "nl/terugbellen-notitie",
        "said belt na tienen",
        "nl/terugbellen-bezig",
        "tone:ring;tonezone=nl",
    ]
    assert world.session("101").state is OperatorState.OFFERED
    assert attempts(world) == [None] and now_is(world, request).state is RequestState.IN_PROGRESS
    citizen = ringing(world)
    world.switch.pick_up(citizen)
    await world.clock.advance(20)
    assert world.switch.partners(citizen) == {operator}
    assert world.session("101").state is OperatorState.TALKING
    await world.hang_up(citizen)
    assert attempts(world) == [AttemptOutcome.REACHED]
    kept = now_is(world, request)
    assert (kept.state, kept.close_kind) == (RequestState.CLOSED, CloseKind.REACHED)
    assert world.session("101").state is OperatorState.WRAP_UP
    call = world.call(citizen)
    assert call.end_reason is EndReason.CALLER_HUNG_UP and call.callback_request == request.id
    roles = {leg.role for leg in world.ledger.legs.values() if leg.call_id == call.id}
    assert roles == {LegRole.CALLBACK, LegRole.OPERATOR}


@pytest.mark.parametrize(
    ("how", "outcome", "leg_end"),
    [
        ("time", AttemptOutcome.NO_ANSWER, LegEndReason.RELEASED),
        ("busy", AttemptOutcome.BUSY, LegEndReason.BUSY),
        ("declined", AttemptOutcome.NO_ANSWER, LegEndReason.NO_ANSWER),
    ],
)
async def test_given_a_citizen_who_does_not_answer_then_it_is_planned_again_and_the_operator_hears_why(
    make_world: Make, how: str, outcome: AttemptOutcome, leg_end: LegEndReason
) -> None:
    world, operator = await at_work(make_world)
    request = await promised(world)
    await world.press(operator, "*7")
    citizen = ringing(world)
    if how == "time":
        await world.clock.advance(26)
    else:
        world.switch.leave(citizen, 17 if how == "busy" else 21)
        await world.clock.advance(0.1)
    assert attempts(world) == [outcome]
    assert now_is(world, request).state is RequestState.PLANNED
    assert world.switch.heard(operator)[-1] == "nl/terugbellen-geen-gehoor"
    assert world.session("101").state is OperatorState.READY
    assert world.call(citizen).end_reason is EndReason.CALLBACK_NOT_ANSWERED
    (leg,) = [leg for leg in world.ledger.legs.values() if leg.call_id == world.call(citizen).id]
    assert leg.end_reason is leg_end
    await world.press(operator, "*7")
    assert world.switch.heard(operator)[-1] == "nl/terugbellen-geen"


@pytest.mark.parametrize(
    ("keys", "outcome"),
    [
        ("*61#", AttemptOutcome.VOICEMAIL),
        ("*62#", AttemptOutcome.WRONG_NUMBER),
        ("*63#", AttemptOutcome.REFUSED),
    ],
)
async def test_given_an_answered_callback_when_the_operator_marks_it_then_the_mark_is_its_outcome(
    make_world: Make, keys: str, outcome: AttemptOutcome
) -> None:
    world, operator = await at_work(make_world)
    request = await promised(world)
    await world.press(operator, "*7")
    citizen = ringing(world)
    world.switch.pick_up(citizen)
    await world.clock.advance(3)
    await world.press(operator, keys)
    assert world.switch.heard(operator)[-1] == "nl/terugbellen-genoteerd"
    await world.hang_up(citizen)
    assert attempts(world) == [outcome]
    assert now_is(world, request).is_open


async def test_given_an_operator_who_leaves_while_it_rings_then_the_citizen_is_not_left_and_it_costs_no_attempt(
    make_world: Make,
) -> None:
    world, operator = await at_work(make_world)
    request = await promised(world)
    await world.press(operator, "*7")
    citizen = ringing(world)
    await world.hang_up(operator)
    assert citizen not in world.switch.channels
    assert attempts(world) == [AttemptOutcome.FAILED]
    assert now_is(world, request).attempts_count == 0 and now_is(world, request).is_open


async def test_given_a_number_that_cannot_be_dialled_then_the_operator_hears_it(make_world: Make) -> None:
    world, operator = await at_work(make_world)
    request = await promised(world)
    world.switch.outbound = ""
    await world.press(operator, "*7")
    assert world.switch.heard(operator)[-1] == "nl/terugbellen-mislukt"
    assert attempts(world) == [AttemptOutcome.FAILED] and now_is(world, request).is_open
    assert world.session("101").state is OperatorState.READY


async def test_given_a_pause_when_a_callback_is_made_in_it_then_the_pause_goes_on_after_it(make_world: Make) -> None:
    world, operator = await at_work(make_world)
    await promised(world)
    await world.press(operator, "*95*7")
    citizen = ringing(world)
    world.switch.pick_up(citizen)
    await world.clock.advance(5)
    await world.hang_up(citizen)
    session = world.session("101")
    assert (session.state, session.pause_reason) == (OperatorState.PAUSED, PauseReason.ADMINISTRATION)


async def test_given_two_operators_when_both_take_the_next_then_one_citizen_is_called_once(make_world: Make) -> None:
    world, anna = await at_work(make_world)
    world.area = replace(
        world.area,
        operators={n: replace(o, teams=(TeamCode("front"),)) for n, o in world.area.operators.items()},
    )
    bram = await world.operator("102", phone="phone08")
    await promised(world)
    await world.press(anna, "*7")
    await world.press(bram, "*7")
    assert len(world.switch.ringing) == 1
    assert world.switch.heard(bram)[-1] == "nl/terugbellen-geen"


async def test_given_a_long_note_when_the_operator_has_heard_enough_then_the_hash_key_dials(make_world: Make) -> None:
    world, operator = await at_work(make_world)
    await promised(world)
    world.switch.prompts_last = True
    await world.press(operator, "*7")
    assert not world.switch.ringing
    await world.press(operator, "#")
    assert ringing(world)


@pytest.mark.parametrize("whose", [{"team": TeamCode("front")}, {"operator": OperatorNumber("101")}])
async def test_given_a_request_of_a_municipality_that_its_owner_does_not_answer_for_then_the_owner_can_make_it(
    make_world: Make, whose: dict[str, Any]
) -> None:
    world, operator = await at_work(make_world)
    front = world.area.teams[TeamCode("front")]
    elsewhere = replace(front, serves=(), helps=())
    world.area = replace(world.area, teams={**world.area.teams, front.code: elsewhere})
    request = await promised(world, **whose)
    await world.press(operator, "*7")
    assert now_is(world, request).state is RequestState.IN_PROGRESS


async def test_given_the_desk_when_it_asks_for_the_next_callback_then_it_is_begun_as_by_key(make_world: Make) -> None:
    w, operator = await at_work(make_world)
    anna, commands = OperatorNumber("101"), w.commands()

    async def asks(command: Command) -> Answer:
        asked = asyncio.create_task(commands.ask(anna, command))
        await settle()
        return await asked

    assert await asks(NextCallback()) == Refused(RefusalReason.NO_REQUEST)
    assert await asks(PromiseCallback()) == Refused(RefusalReason.NO_SUCH_CALL)
    request = await promised(w)
    assert await asks(NextCallback()) == ACCEPTED
    assert await asks(NextCallback()) == Refused(RefusalReason.TRANSFER_OPEN)
    citizen = ringing(w)
    w.switch.pick_up(citizen)
    await w.clock.advance(5)
    assert w.switch.partners(citizen) == {operator}
    await w.hang_up(citizen)
    await w.clock.advance(3)
    assert now_is(w, request).state is RequestState.CLOSED
    again = await asks(PromiseCallback(subject="paspoort", pii_note="wil nog iets weten", pii_number=MOBILE))
    assert isinstance(again, Promised)
    (open_one,) = (one for one in w.callback_rows.requests.values() if one.is_open)
    assert (open_one.subject, open_one.pii_note) == ("paspoort", "wil nog iets weten")
