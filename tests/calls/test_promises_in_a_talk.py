"""Requests that operators make in a talk with a citizen, or close with it; on fakes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.callbacks import (
    CallbackRequest,
    CloseKind,
    RequestReason,
)
from ari_app.prompts.phrases import callback_operator as callback_to_operator
from tests.calls.promises import CITIZEN, at_work, now_is, promised, ringing
from tests.calls.transfers import MOBILE, Talk, talk
from tests.calls.world import ESDAM_ALONE, World

pytestmark = pytest.mark.pure
Make = Callable[..., World]


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
