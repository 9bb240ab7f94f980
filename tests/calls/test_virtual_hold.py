"""Virtual holds and spoken reminders: each at its turn, and never two phones for one citizen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ari_app.calls.callbacks.ports import Spoken, SpokenReminder
from ari_app.calls.callbacks.virtual_hold import VirtualHolds
from ari_app.calls.errors import SwitchUnavailable
from ari_app.core.area import Reach
from ari_app.core.callbacks import AttemptOutcome, RequestKind, RequestState
from ari_app.core.ids import ChannelId, OperatorNumber, TeamCode
from ari_app.core.operators import OperatorState
from ari_app.core.reminders import ReminderKind
from tests.calls.promises import attempts, now_is, promised, ringing
from tests.calls.transfers import MOBILE, with_directory
from tests.calls.world import ESDAM_ALONE, World, an_area
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure
Make = Callable[..., World]


async def refreshed(world: World) -> None:
    await VirtualHolds(world.shell, world.supervisor.operators).refresh()
    await settle()


async def test_given_a_virtual_hold_when_an_operator_is_ready_then_the_citizen_is_called_at_their_turn(
    make_world: Make,
) -> None:
    world = make_world(area=with_directory())
    first = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(5)
    request = await promised(world, kind=RequestKind.VIRTUAL_HOLD, queued_at=world.clock.now())
    await world.clock.advance(5)
    last = await world.citizen(ESDAM_ALONE)
    await refreshed(world)
    assert world.dispatcher.position(world.call(last).id) == 3, "the kept place counts"
    operator = await world.operator("101", phone="phone07")
    assert world.switch.partners(first) == {operator} and not world.switch.ringing
    await world.clock.advance(5)
    await world.hang_up(first)
    await world.press(operator, "#")
    citizen = ringing(world)
    assert world.switch.partners(last) == set()
    world.switch.pick_up(citizen)
    await world.clock.advance(5)
    assert world.switch.partners(citizen) == {operator}
    await world.hang_up(citizen)
    assert attempts(world) == [AttemptOutcome.REACHED]
    assert now_is(world, request).state is RequestState.CLOSED
    await world.press(operator, "#")
    assert world.switch.partners(last) == {operator}


async def test_given_more_virtual_holds_than_operators_when_they_are_called_then_each_operator_has_one(
    make_world: Make,
) -> None:
    world = make_world(area=with_directory())
    await world.operator("101", phone="phone07")
    await world.operator("102", phone="phone08")
    for n in range(5):
        await promised(world, f"+3161234567{n}", kind=RequestKind.VIRTUAL_HOLD, queued_at=world.clock.now())
    await refreshed(world)
    await refreshed(world)
    assert len(world.switch.ringing) == 2
    assert len(attempts(world)) == 2


async def test_given_a_virtual_hold_that_another_program_calls_when_it_is_offered_then_the_operator_is_free_again(
    make_world: Make,
) -> None:
    world = make_world(area=with_directory())
    request = await promised(world, kind=RequestKind.VIRTUAL_HOLD, queued_at=world.clock.now())
    await refreshed(world)
    now = world.clock.now()
    await world.callbacks.claim(request.id, OperatorNumber("102"), now, lease_owner="another copy")
    operator = await world.operator("101", phone="phone07")
    assert not world.switch.ringing and world.session("101").state is OperatorState.READY
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.switch.partners(citizen) == {operator}


async def test_given_a_rung_operator_when_a_virtual_hold_is_theirs_then_their_phone_rings_first(
    make_world: Make,
) -> None:
    world = make_world(area=with_directory(an_area(reach=Reach.RING)))
    await world.hang_up(await world.operator("101", phone="phone07"))
    await promised(world, kind=RequestKind.VIRTUAL_HOLD, queued_at=world.clock.now())
    await refreshed(world)
    operator = world.ringing_at("PJSIP/phone07")
    assert len(world.switch.ringing) == 1
    world.switch.pick_up(operator)
    await world.clock.advance(1)
    assert "nl/terugbellen" in world.switch.heard(operator)
    citizen = ringing(world)
    world.switch.pick_up(citizen)
    await world.clock.advance(3)
    assert world.switch.partners(citizen) == {operator}
    await world.hang_up(operator)
    assert attempts(world) == [AttemptOutcome.REACHED]


# --- spoken reminders ------------------------------------------------------------------------------------------------


async def reminded(world: World, phone: str = "PJSIP/phone09") -> tuple[asyncio.Task[Spoken], ChannelId]:
    requests = tuple(world.callback_rows.requests)
    reminder = SpokenReminder(1, ReminderKind.DAY_START, TeamCode("front"), None, requests, phone)
    work = asyncio.create_task(world.supervisor.operators.reminder_calls.remind(reminder))
    await settle()
    return work, world.ringing_at(phone)


async def test_given_a_reminder_when_somebody_picks_up_and_presses_the_key_then_they_log_in_and_call_the_first(
    make_world: Make,
) -> None:
    world = make_world(area=with_directory())
    await promised(world)
    work, phone = await reminded(world)
    world.switch.pick_up(phone)
    await settle()
    assert await work is Spoken.HEARD
    assert world.switch.heard(phone)[:3] == ["nl/terugbellen-vandaag", "nl/terugbellen-aantal", "nl/getal-1"]
    await world.press(phone, "1")
    await world.press(phone, "101#1234#")
    citizen = ringing(world)
    world.switch.pick_up(citizen)
    await world.clock.advance(3)
    assert world.switch.partners(citizen) == {phone}


@pytest.mark.parametrize("failing", ["create", "dial", "play", "bridge", "join"])
async def test_given_an_asterisk_that_refuses_an_order_once_when_an_operator_logs_in_on_a_reminder_then_it_is_retried(
    make_world: Make, failing: str
) -> None:
    """Also the orders of reminder calls go through the one RetryingSwitch."""
    world = make_world(area=with_directory())
    await promised(world)
    refused: set[str] = set()

    def refuse_once(order: tuple[str, ...], is_done: bool) -> bool:
        if order[0] == failing and failing not in refused:
            refused.add(failing)
            raise SwitchUnavailable("ordered by the test")
        return False

    world.switch.trouble = refuse_once
    reminder = SpokenReminder(
        1, ReminderKind.DAY_START, TeamCode("front"), None, tuple(world.callback_rows.requests), "PJSIP/phone09"
    )
    work = asyncio.create_task(world.supervisor.operators.reminder_calls.remind(reminder))
    await world.clock.advance(1)
    phone = world.ringing_at("PJSIP/phone09")
    world.switch.pick_up(phone)
    await world.clock.advance(1)
    assert await work is Spoken.HEARD
    await world.press(phone, "1")
    await world.clock.advance(1)
    await world.press(phone, "101#1234#")
    await world.clock.advance(1)
    citizen = ringing(world)
    world.switch.pick_up(citizen)
    await world.clock.advance(3)
    assert world.switch.partners(citizen) == {phone}
    assert refused == {failing}


async def test_given_an_asterisk_that_never_says_whether_it_created_the_channel_of_a_reminder_then_none_is_left(
    make_world: Make,
) -> None:
    world = make_world(area=with_directory())
    await promised(world)

    def lose_answers(order: tuple[str, ...], is_done: bool) -> bool:
        if order[0] == "create" and is_done:
            raise SwitchUnavailable("ordered by the test")
        return False

    world.switch.trouble = lose_answers
    reminder = SpokenReminder(1, ReminderKind.DAY_START, TeamCode("front"), None, (), "PJSIP/phone09")
    work = asyncio.create_task(world.supervisor.operators.reminder_calls.remind(reminder))
    await world.clock.advance(2)
    assert await work is Spoken.NOT_NOW
    assert world.switch.created and not world.switch.channels


@pytest.mark.parametrize("key", ["", "2"])
async def test_given_a_reminder_when_no_key_goes_on_then_it_was_heard_and_the_phone_is_hung_up(
    make_world: Make, key: str
) -> None:
    world = make_world(area=with_directory())
    await promised(world)
    work, phone = await reminded(world)
    world.switch.pick_up(phone)
    await settle()
    await world.press(phone, key)
    await world.clock.advance(9)
    assert await work is Spoken.HEARD
    assert phone not in world.switch.channels and not world.ledger.sessions


async def test_given_a_reminder_when_the_phone_is_put_down_before_its_end_then_it_was_not_heard(
    make_world: Make,
) -> None:
    world = make_world(area=with_directory())
    await promised(world)
    world.switch.prompts_last = True
    work, phone = await reminded(world)
    world.switch.pick_up(phone)
    await world.clock.advance(1)
    await world.hang_up(phone)
    assert await work is Spoken.NOT_HEARD


async def test_given_a_reminder_that_nobody_picks_up_then_it_was_not_heard(make_world: Make) -> None:
    world = make_world(area=with_directory())
    await promised(world)
    work, phone = await reminded(world)
    await world.clock.advance(31)
    assert await work is Spoken.NOT_HEARD
    assert phone not in world.switch.channels


async def test_given_no_way_outside_when_a_reminder_is_for_a_number_outside_then_it_is_not_now(
    make_world: Make,
) -> None:
    world = make_world(area=with_directory())
    world.switch.outbound = ""
    await settle()
    reminder = SpokenReminder(1, ReminderKind.DAY_START, TeamCode("front"), None, (), MOBILE)
    assert await world.supervisor.operators.reminder_calls.remind(reminder) is Spoken.NOT_NOW
