"""Logging in, and calling back, from a screen: wherever the process dies, what was confirmed is in the record."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.calls.callbacks.ports import Spoken, SpokenReminder
from ari_app.calls.messages import CommandAsked
from ari_app.core.area import Reach
from ari_app.core.call import FactKind
from ari_app.core.command_traces import answer_by_facts
from ari_app.core.ids import CommandId, Endpoint, OperatorNumber, TeamCode, new_command_id
from ari_app.core.operator_commands import (
    ACCEPTED,
    Answer,
    MakeCallback,
    NextCallback,
    RefusalReason,
    Refused,
)
from ari_app.core.reminders import ReminderKind
from ari_app.core.state_commands import LogOff
from tests.calls.promises import at_work, promised
from tests.calls.test_killed_at_every_step import Stalls
from tests.calls.test_state_commands import ANNA, READY, Make, answered, asks, is_now
from tests.calls.world import ESDAM_ALONE, World, an_area
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure


async def rung(world: World, phone: str = "PJSIP/phone07") -> Answer:
    await settle()  # the process is at work
    return await answered(world.commands().log_in(ANNA, Endpoint(phone), command_id=new_command_id()))


async def test_given_a_login_from_a_screen_when_the_phone_is_picked_up_then_no_number_and_no_pin_are_asked(
    make_world: Make,
) -> None:
    world = make_world()
    assert await rung(world) == ACCEPTED
    phone = world.ringing_at("PJSIP/phone07")
    world.switch.pick_up(phone)
    await world.clock.advance(1)
    assert is_now(world) == READY
    assert "nl/inlog-nummer" not in world.switch.heard(phone)
    assert await rung(world) == Refused(RefusalReason.LOGGED_IN)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(5)
    assert world.switch.partners(citizen) == {phone}


async def test_given_a_team_whose_phones_are_rung_then_picking_up_and_putting_down_is_the_login(
    make_world: Make,
) -> None:
    world = make_world(area=an_area(reach=Reach.RING))
    assert await rung(world) == ACCEPTED
    phone = world.ringing_at("PJSIP/phone07")
    world.switch.pick_up(phone)
    await world.clock.advance(1)
    await world.hang_up(phone)
    await world.clock.advance(1)
    assert is_now(world) == READY


async def test_given_a_phone_that_rings_when_it_is_asked_again_then_it_rings_once(make_world: Make) -> None:
    world = make_world()
    assert await rung(world) == ACCEPTED
    assert await rung(world) == Refused(RefusalReason.LOGGED_IN)
    assert len(world.switch.ringing) == 1
    await world.clock.advance(40)
    assert not world.switch.ringing
    assert await rung(world) == ACCEPTED


async def test_given_a_logout_then_the_operator_may_log_in_again_while_their_phone_still_says_goodbye(
    make_world: Make,
) -> None:
    world = make_world()
    assert await rung(world) == ACCEPTED
    phone = world.ringing_at("PJSIP/phone07")
    world.switch.pick_up(phone)
    await world.clock.advance(1)
    world.switch.prompts_last = True
    assert await asks(world, LogOff()) == ACCEPTED
    assert phone in world.switch.channels
    assert await rung(world, "PJSIP/phone08") == ACCEPTED
    world.switch.prompts_last = False
    world.switch.finish_prompt(phone)
    await world.clock.advance(10)
    assert phone not in world.switch.channels
    assert await rung(world, "PJSIP/phone09") == Refused(RefusalReason.LOGGED_IN), "the second phone rings"
    world.switch.pick_up(world.ringing_at("PJSIP/phone08"))
    await world.clock.advance(1)
    assert is_now(world) == READY


async def test_given_somebody_at_the_menu_of_a_rung_phone_then_they_are_logging_in_still(make_world: Make) -> None:
    world = make_world(area=an_area(reach=Reach.RING))
    assert await rung(world) == ACCEPTED
    world.switch.pick_up(world.ringing_at("PJSIP/phone07"))
    await world.clock.advance(1)
    assert await rung(world, "PJSIP/phone08") == Refused(RefusalReason.LOGGED_IN)


async def test_given_a_phone_that_we_call_then_its_channel_is_named_after_its_call_id(make_world: Make) -> None:
    """Whoever reads Asterisk's log finds one by the other."""
    world = make_world()
    assert await rung(world) == ACCEPTED
    reminder = SpokenReminder(1, ReminderKind.DAY_START, TeamCode("front"), None, (), "PJSIP/phone08")
    spoken = asyncio.create_task(world.supervisor.operators.reminder_calls.remind(reminder))
    await settle()
    assert len(world.switch.created) == 2
    for channel_id, (_, call_id, _) in world.switch.created.items():
        assert str(call_id) in channel_id
    await world.clock.advance(40)
    assert await spoken is Spoken.NOT_HEARD


async def test_given_a_phone_that_is_not_registered_then_the_login_is_refused(make_world: Make) -> None:
    world = make_world()
    world.switch.unregistered.add(Endpoint("PJSIP/phone07"))
    assert await rung(world) == Refused(RefusalReason.UNREACHABLE)
    assert not world.switch.channels


async def test_given_a_phone_in_a_talk_or_of_a_colleague_then_the_login_is_refused_and_it_does_not_ring(
    make_world: Make,
) -> None:
    world = make_world()
    await world.operator("102", phone="phone02")
    assert await rung(world, "PJSIP/phone02") == Refused(RefusalReason.PHONE_TAKEN)
    world.switch.in_call.add(Endpoint("PJSIP/phone07"))
    assert await rung(world) == Refused(RefusalReason.PHONE_BUSY)
    assert not world.switch.created
    world.switch.in_call.clear()
    assert await rung(world) == ACCEPTED
    other = OperatorNumber("103")
    asked = world.commands().log_in(other, Endpoint("PJSIP/phone07"), command_id=new_command_id())
    assert await answered(asked) == Refused(RefusalReason.PHONE_TAKEN), "it rings for a colleague already"


async def test_given_an_asterisk_that_says_nothing_of_phones_then_the_phone_is_tried(make_world: Make) -> None:
    world = make_world()
    world.switch.hides_presence = True
    assert await rung(world) == ACCEPTED


async def test_wherever_the_process_dies_a_confirmed_login_has_its_line_in_the_record(make_world: Make) -> None:
    async def play(at: int | None) -> tuple[World, list[Answer], Stalls, CommandId]:
        world, given, command_id = make_world(), list[Answer](), new_command_id()
        await settle()
        stalls = Stalls(world, at)
        world.supervisor.operators.start_login(ANNA, Endpoint("PJSIP/phone07"), given.append, command_id)
        await settle()
        await world.clock.advance(1)
        return world, given, stalls, command_id

    world, given, stalls, _ = await play(None)
    assert given == [ACCEPTED]
    for at in range(stalls.moments):
        world, given, _, command_id = await play(at)
        await world.kill()
        named = [line for line in world.ledger.lines.values() if line.command_id == command_id]
        assert given in ([], [ACCEPTED]), at
        assert not given or [line.operator for line in named] == [ANNA], at


# --- callbacks that a screen begins ---


async def test_wherever_the_process_dies_a_confirmed_callback_has_its_call_in_the_record(make_world: Make) -> None:
    """The lease alone is no yes: a process that dies with it calls nobody."""

    async def play(at: int | None, *, is_this_one: bool) -> tuple[World, list[Answer], Stalls, CommandId]:
        world, _ = await at_work(make_world)
        request = await promised(world)
        given, command_id, stalls = list[Answer](), new_command_id(), Stalls(world, at)
        entry = world.registry.session_of(ANNA)
        assert entry is not None
        wanted = MakeCallback(request.id) if is_this_one else NextCallback()
        entry.mailbox.post(CommandAsked(wanted, entry.session.id, given.append, command_id))
        await settle()
        await world.clock.advance(1)
        return world, given, stalls, command_id

    for is_this_one in (True, False):
        _, given, stalls, _ = await play(None, is_this_one=is_this_one)
        assert given == [ACCEPTED]
        confirmed = 0
        for at in range(stalls.moments):
            world, given, _, command_id = await play(at, is_this_one=is_this_one)
            await world.kill()
            facts = [fact for told in world.ledger.told.values() for fact in told]
            named = [fact for fact in facts if fact.detail.get("command") == str(command_id)]
            assert given in ([], [ACCEPTED]), at
            assert not given or [fact.kind for fact in named] == [FactKind.CALLING_BACK], at
            assert (answer_by_facts(named, None) == ACCEPTED) == bool(named), at
            confirmed += bool(given)
        assert 0 < confirmed < stalls.moments
