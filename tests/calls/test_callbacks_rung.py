"""Callbacks and operators whose phone is rung for each call, on fakes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ari_app.calls.callbacks.ports import SpokenReminder
from ari_app.core.area import Reach
from ari_app.core.callbacks import (
    CloseKind,
    RequestState,
)
from ari_app.core.ids import TeamCode
from ari_app.core.reminders import ReminderKind
from tests.calls.promises import CITIZEN, now_is, promised
from tests.calls.transfers import with_directory
from tests.calls.world import ESDAM_ALONE, World, an_area
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure

MakeWorld = Callable[..., World]


async def test_given_an_operator_who_is_rung_when_they_press_the_key_for_the_next_callback_then_their_phone_rings(
    make_world: MakeWorld,
) -> None:
    w = make_world(area=with_directory(an_area(reach=Reach.RING)))
    request = await promised(w)
    operator = await w.operator("101", phone="phone07")
    await w.press(operator, "*7")
    await w.clock.advance(1)
    if operator in w.switch.channels:
        await w.hang_up(operator)
    await w.clock.advance(1)
    assert w.ringing_at("PJSIP/phone07") in w.switch.ringing
    assert now_is(w, request).state is RequestState.IN_PROGRESS


async def test_given_an_operator_who_is_rung_when_a_citizen_calls_again_then_they_hear_that_a_call_is_owed(
    make_world: MakeWorld,
) -> None:
    w = make_world(area=with_directory(an_area(reach=Reach.RING)))
    request = await promised(w, CITIZEN)
    await w.hang_up(await w.operator("101", phone="phone07"))
    citizen = await w.citizen(ESDAM_ALONE, number=CITIZEN)
    operator = w.ringing_at("PJSIP/phone07")
    w.switch.pick_up(operator)
    await w.clock.advance(20)
    assert "nl/terugbellen-wacht" in w.switch.heard(operator)
    assert w.switch.partners(citizen) == {operator}
    await w.press(operator, "*60#")
    assert now_is(w, request).close_kind is CloseKind.HELPED


async def test_given_a_reminder_when_an_operator_who_is_rung_logs_in_on_it_then_their_phone_rings_for_the_first(
    make_world: MakeWorld,
) -> None:
    w = make_world(area=with_directory(an_area(reach=Reach.RING)))
    request = await promised(w)
    reminder = SpokenReminder(1, ReminderKind.DAY_START, TeamCode("front"), None, (request.id,), "PJSIP/phone30")
    spoken = asyncio.create_task(w.supervisor.operators.reminder_calls.remind(reminder))
    await settle()
    phone = w.ringing_at("PJSIP/phone30")
    w.switch.pick_up(phone)
    await w.clock.advance(1)
    assert await spoken
    await w.press(phone, "1")
    await w.press(phone, "101#1234#")
    await w.clock.advance(1)
    if phone in w.switch.channels:
        await w.hang_up(phone)
    await w.clock.advance(1)
    assert w.switch.ringing and now_is(w, request).state is RequestState.IN_PROGRESS


async def test_given_a_stop_when_a_reminder_rings_then_the_stop_is_not_swallowed(make_world: MakeWorld) -> None:
    w = make_world(area=with_directory())
    request = await promised(w)
    reminder = SpokenReminder(1, ReminderKind.DAY_START, TeamCode("front"), None, (request.id,), "PJSIP/phone30")
    spoken = asyncio.create_task(w.supervisor.operators.reminder_calls.remind(reminder))
    await settle()
    spoken.cancel()
    await settle()
    assert spoken.cancelled()
