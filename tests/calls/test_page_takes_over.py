"""A page's next line takes a session over from the line before it: nothing posted meanwhile is lost or misread."""

from __future__ import annotations

import pytest

from ari_app.calls.messages import PutBack
from ari_app.calls.recovery import Recovery
from ari_app.core.ids import ChannelId
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.operators import OperatorSession, OperatorState
from ari_app.core.recovery import Snapshot
from tests.calls.test_page_comes_back import ANNA, NEXT_PAGE, assert_talks_again, comes_back, talks
from tests.calls.world import ESDAM_ALONE, NODE, World
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure

THIRD_PAGE = f"web-{'0c' * 16}"


async def page_is_replaced(world: World) -> ChannelId:
    """The page of before was not seen to go."""
    world.ledger.pages = {THIRD_PAGE: ANNA}
    return await world.dial_in(THIRD_PAGE)


async def test_a_loss_that_nobody_saw_ends_the_talk_on_that_line_now_and_not_at_the_loss_before(world: World) -> None:
    line, citizen = await talks(world)
    await world.hang_up(line)
    second = await comes_back(world)
    await world.hang_up(citizen)
    await world.clock.advance(60)  # the wrap-up
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(10)
    third = await page_is_replaced(world)
    assert world.switch.partners(citizen) == {third}
    talk = [leg for leg in world.ledger.legs.values() if leg.channel_id == second][-1]
    assert talk.ended_at is not None
    assert (talk.ended_at - talk.started_at).total_seconds() == 10


async def test_a_line_that_goes_while_it_gives_its_place_is_not_waited_for(world: World) -> None:
    """A store that is away for a moment keeps the commit up; the page that dials has the talk all the same."""
    line, citizen = await talks(world)
    store, is_away = world.ledger.store_session, True

    async def store_session(session: OperatorSession, is_estimated: bool = False) -> None:
        if is_away:
            raise StoreUnavailable("away")
        await store(session, is_estimated)

    world.ledger.store_session = store_session  # type: ignore[method-assign]
    again = await comes_back(world)
    await world.hang_up(line)
    await world.clock.advance(1)
    is_away = False
    await world.clock.advance(5)
    assert_talks_again(world, citizen, again)


async def test_the_end_of_a_talk_that_comes_just_before_the_loss_is_read_all_the_same(world: World) -> None:
    """An order finds that the line is gone; before Asterisk's message of that comes the end of the call."""
    line, citizen = await talks(world)
    mailbox, post = world.registry.session_mailbox(world.session("101").id), world.switch.post
    assert mailbox is not None
    world.switch.post = lambda *_: None
    world.switch.leave(line)
    world.switch.post = post
    mailbox.post(PutBack())
    await settle()
    await world.hang_up(citizen)
    await world.clock.advance(3)
    session = world.session("101")
    assert (session.state, session.call_id, session.is_reconnecting) == (OperatorState.WRAP_UP, None, True)


async def test_a_sweep_that_looked_before_the_page_was_back_takes_no_line_for_lost(world: World) -> None:
    line, citizen = await talks(world)
    await world.hang_up(line)
    await world.clock.advance(6)
    seen = world.snapshot()
    again = await comes_back(world)
    world.supervisor.sweep(seen)
    await settle()
    assert_talks_again(world, citizen, again)


@pytest.mark.parametrize("is_back", [True, False])
async def test_a_comparison_with_rows_of_before_takes_no_page_for_lost(world: World, is_back: bool) -> None:
    """The socket was away; rows are read, and then the page is seen to go, and perhaps to be back."""
    line, citizen = await talks(world)
    again: list[ChannelId] = []

    async def look() -> Snapshot:
        await world.hang_up(line)
        if is_back:
            again.append(await comes_back(world))
        return world.snapshot()

    await Recovery(world.shell, world.supervisor, look, world.read_log).run(NODE, world.asterisk_started_at)
    await world.clock.advance(1)
    if is_back:
        assert_talks_again(world, citizen, again[0])
    else:
        assert world.session("101").is_reconnecting
        assert NEXT_PAGE not in world.ledger.pages
