"""A phone that we call, message by message; and a citizen whose phone Asterisk does not let ring."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from ari_app.calls.call.ringing import CalledPhone, Ringing
from ari_app.calls.errors import SwitchUnavailable
from ari_app.calls.messages import Digit, Entered, Left, Message, Up
from ari_app.core.call import EndReason
from ari_app.core.callbacks import AttemptOutcome
from ari_app.core.ids import CallId, ChannelId, Endpoint
from tests.calls.promises import at_work, attempts, promised
from tests.calls.world import World
from tests.fakes.clock import FakeClock
from tests.fakes.switch import FakeSwitch

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
OURS, OTHER = ChannelId("ours"), ChannelId("other")
DESK = Endpoint("PJSIP/phone20")


@pytest.fixture
async def switch() -> FakeSwitch:
    switch = FakeSwitch(FakeClock(NOW), lambda channel_id, message: None)
    await switch.create(DESK, OURS, CallId(uuid4()), "")
    return switch


@pytest.mark.parametrize(
    ("message", "ringing"),
    [
        (None, Ringing.TIME_UP),
        (Up(OURS, NOW), Ringing.PICKED_UP),
        (Left(OURS, NOW), Ringing.LEFT),
        (Entered(OURS, NOW, NOW), None),
        (Up(OTHER, NOW), None),
        (Left(OTHER, NOW), None),
        (Entered(OTHER, NOW, NOW), None),
        (Digit(OURS, "1", NOW), None),
    ],
)
async def test_what_a_message_means_for_a_phone_that_is_called(
    switch: FakeSwitch, message: Message | None, ringing: Ringing | None
) -> None:
    assert await CalledPhone(switch, OURS).heard(message) is ringing


async def test_a_phone_is_dialled_once_its_channel_has_entered_and_not_before(switch: FakeSwitch) -> None:
    phone = CalledPhone(switch, OURS)
    await phone.heard(Entered(OTHER, NOW, NOW))
    assert not switch.ringing
    await phone.heard(Entered(OURS, NOW, NOW))
    assert switch.ringing == {OURS: DESK}


async def test_a_phone_whose_channel_is_gone_before_it_is_dialled_is_unreachable(switch: FakeSwitch) -> None:
    switch.leave(OURS)
    assert await CalledPhone(switch, OURS).heard(Entered(OURS, NOW, NOW)) is Ringing.UNREACHABLE


async def test_a_phone_that_asterisk_refuses_to_dial_may_ring_all_the_same(switch: FakeSwitch) -> None:
    switch.trouble = _refuses_to_dial
    phone = CalledPhone(switch, OURS)
    assert await phone.heard(Entered(OURS, NOW, NOW)) is None
    assert phone.is_dial_refused
    assert await phone.heard(Up(OURS, NOW)) is Ringing.PICKED_UP


async def test_given_a_citizen_who_is_called_back_when_asterisk_refuses_to_dial_then_it_was_no_call_unanswered(
    make_world: Callable[..., World],
) -> None:
    world, operator = await at_work(make_world)
    await promised(world)
    world.switch.trouble = _refuses_to_dial
    await world.press(operator, "*7")
    await world.clock.advance(40)
    (call,) = world.ledger.calls.values()
    assert call.end_reason is EndReason.CALLBACK_GIVEN_UP
    assert attempts(world) == [AttemptOutcome.FAILED]
    assert not [channel for channel in world.switch.channels if channel != operator]


def _refuses_to_dial(order: tuple[str, ...], is_done: bool) -> bool:
    if order[0] == "dial":
        raise SwitchUnavailable("ordered by the test")
    return False
