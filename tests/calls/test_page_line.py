"""An operator dials 1400 from the page of the desk, on fakes: no number, no PIN, and a standing line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.area import Reach
from ari_app.core.ids import OperatorNumber
from ari_app.core.operators import LogoutReason, OperatorState
from tests.calls.world import ESDAM_ALONE, World, an_area

pytestmark = pytest.mark.pure

PAGE = f"web-{'0a' * 16}"


async def test_a_call_from_a_page_is_the_login_and_a_standing_line_as_any_other(world: World) -> None:
    world.ledger.pages[PAGE] = OperatorNumber("101")
    channel = await world.dial_in(PAGE)
    session = world.session("101")
    assert (session.state, session.channel_id, session.reach) == (OperatorState.READY, channel, Reach.LINE)
    assert (world.line(channel).operator, world.line(channel).endpoint) == ("101", f"PJSIP/{PAGE}")
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.switch.partners(citizen) == {channel}
    await world.hang_up(citizen)
    await world.press(channel, "#")
    await world.hang_up(channel)
    assert world.session("101").logout_reason is LogoutReason.HUNG_UP


async def test_a_page_whose_login_is_over_is_asked_nothing_and_is_nobody(world: World) -> None:
    channel = await world.dial_in(PAGE)
    assert "nl/inlog-gesloten" in world.switch.heard(channel)
    assert channel not in world.switch.channels
    assert world.ledger.sessions == {}


async def test_a_page_of_an_operator_who_was_removed_is_nobody(world: World) -> None:
    world.ledger.pages[PAGE] = OperatorNumber("999")
    channel = await world.dial_in(PAGE)
    assert channel not in world.switch.channels
    assert world.ledger.sessions == {}


async def test_an_operator_whose_phone_is_rung_has_a_standing_line_on_a_page(make_world: Callable[..., World]) -> None:
    world = make_world(area=an_area(reach=Reach.RING))
    world.ledger.pages[PAGE] = OperatorNumber("101")
    channel = await world.dial_in(PAGE)
    assert (world.session("101").reach, world.session("101").channel_id) == (Reach.LINE, channel)


async def test_a_page_takes_the_place_of_the_phone_of_its_operator(world: World) -> None:
    phone = await world.operator("101")
    await world.clock.advance(1)
    world.ledger.pages[PAGE] = OperatorNumber("101")
    channel = await world.dial_in(PAGE)
    assert phone not in world.switch.channels
    assert world.session("101").channel_id == channel
