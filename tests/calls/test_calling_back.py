"""Callbacks on fakes: the outbound call, its outcome, and the requests that operators make in a talk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ari_app.calls.operators.commands import OperatorCommands
from ari_app.core.call import EndReason, LegEndReason, LegRole
from ari_app.core.callback_requests import Wish
from ari_app.core.callbacks import (
    AttemptOutcome,
    CallbackRequest,
    CloseKind,
    Confirmed,
    Created,
    RequestReason,
    RequestState,
)
from ari_app.core.ids import ChannelId, OperatorNumber, TeamCode
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
from ari_app.prompts.phrases import callback_operator as callback_to_operator
from tests.calls.transfers import MOBILE, Talk, talk, with_directory
from tests.calls.world import ESDAM, ESDAM_ALONE, World
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure
Make = Callable[..., World]
CITIZEN = "+31201234567"


async def promised(world: World, number: str = MOBILE, **more: object) -> CallbackRequest:
    """A request that is due from now on."""
    now = world.clock.now()
    wish = Wish(
        municipality=ESDAM,
        reason=RequestReason.DESK,
        first_contact_at=now,
        number_confirmed_how=Confirmed.SPOKEN,
        pii_number=number,
        team=TeamCode("front"),
        subject="paspoort",
        pii_note="belt na tienen",
    )
    made = await world.callbacks.create_or_join(replace(wish, **more), now)  # type: ignore[arg-type]
    assert isinstance(made, Created)
    return made.request


async def at_work(make: Make) -> tuple[World, ChannelId]:
    world = make(area=with_directory())
    return world, await world.operator("101", phone="phone07")


def now_is(world: World, request: CallbackRequest) -> CallbackRequest:
    return world.callback_rows.requests[request.id]


def attempts(world: World) -> list[AttemptOutcome | None]:
    return [attempt.outcome for attempt in world.callback_rows.tries.values()]


def ringing(world: World) -> ChannelId:
    return world.ringing_at(f"PJSIP/{MOBILE}@trunk")


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


# --- requests made in a talk -----------------------------------------------------------------------------------------


def the_request(t: Talk) -> CallbackRequest:
    (request,) = t.world.callback_rows.requests.values()
    return request


async def test_given_a_talk_when_the_operator_promises_then_the_shown_number_is_called_back(make_world: Make) -> None:
    t = await talk(make_world)
    await t.keys("*6#")
    request = the_request(t)
    assert (request.pii_number, request.reason, request.owner_team) == (CITIZEN, RequestReason.OPERATOR, "both")
    assert request.first_contact_at == t.call.arrived_at and request.call_id == t.call.id
    said = callback_to_operator.promised(request.reference)
    assert tuple(t.world.switch.heard(t.operator)[-len(said) :]) == said
    assert t.hears(t.citizen) == {t.operator}


async def test_given_a_talk_that_is_over_when_the_operator_promises_in_wrap_up_then_it_is_about_that_talk(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    await t.world.hang_up(t.citizen)
    await t.keys("*60612345678#")
    assert (the_request(t).pii_number, the_request(t).call_id) == (MOBILE, t.call.id)


async def test_given_a_withheld_number_when_it_is_not_keyed_then_it_is_asked_for(make_world: Make) -> None:
    world, operator = await at_work(make_world)
    await world.citizen(ESDAM_ALONE, number="")
    await world.press(operator, "*6#")
    assert world.switch.heard(operator)[-1] == "nl/geen-nummer" and not world.callback_rows.requests
    await world.press(operator, "*60119555001#")
    assert world.switch.heard(operator)[-1] == "nl/geen-nummer" and not world.callback_rows.requests, "is served here"
    await world.press(operator, "*609001234#")
    assert world.switch.heard(operator)[-1] == "nl/betaalnummer" and not world.callback_rows.requests
    await world.press(operator, "*60612345678#")
    assert [request.pii_number for request in world.callback_rows.requests.values()] == [MOBILE]


async def test_given_a_refused_third_transfer_when_a_callback_is_promised_then_that_is_its_reason(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    t.world.ledger.allowances[t.call.id] = -2
    await t.keys("*1200#")
    assert t.world.switch.heard(t.operator)[-1] == "nl/maximum-doorverbonden"
    await t.keys("*6#")
    assert the_request(t).reason is RequestReason.REFUSED_TRANSFER


async def test_given_a_transfer_that_nobody_answered_when_a_callback_is_promised_then_that_is_its_reason(
    make_world: Make,
) -> None:
    t = await talk(make_world)
    await t.keys("*1200#")
    await t.world.clock.advance(26)
    await t.keys("*6#")
    assert the_request(t).reason is RequestReason.TRANSFER_NOT_ANSWERED


async def test_given_a_citizen_who_calls_again_when_they_are_helped_then_the_request_can_be_closed_with_it(
    make_world: Make,
) -> None:
    world, operator = await at_work(make_world)
    request = await promised(world, CITIZEN)
    citizen = await world.citizen(ESDAM_ALONE, number=CITIZEN)
    assert "nl/terugbellen-wacht" in world.switch.heard(operator)
    assert "nl/terugbellen-wacht" not in world.switch.heard(citizen)
    await world.clock.advance(10)
    await world.press(operator, "*60#")
    assert world.switch.heard(operator)[-1] == "nl/terugbellen-gesloten"
    closed = now_is(world, request)
    assert (closed.close_kind, closed.closed_by) == (CloseKind.HELPED, "101")
    await world.press(operator, "*60#")
    assert world.switch.heard(operator)[-1] == "nl/geen-verzoek"


async def test_given_a_callback_when_the_citizen_is_transferred_then_transfers_of_before_count(
    make_world: Make,
) -> None:
    world, operator = await at_work(make_world)
    await promised(world, transfer_count=2)
    await world.press(operator, "*7")
    citizen = ringing(world)
    world.switch.pick_up(citizen)
    await world.clock.advance(5)
    await world.press(operator, "*1200#")
    assert world.switch.heard(operator)[-1] == "nl/maximum-doorverbonden"
    assert world.switch.partners(citizen) == {operator}


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
    anna, commands = OperatorNumber("101"), OperatorCommands(w.registry)

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
