"""The store is away, or its answers are lost: citizens are helped, talks go on, and nothing is left inconsistent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ari_app.calls.messages import Held
from ari_app.core.area import Norms, Reach
from ari_app.core.call import EndReason, FactKind, Stage
from ari_app.core.ids import ChannelId
from ari_app.core.operators import LogoutReason, OperatorSession, OperatorState
from tests.calls.scenes import SceneMaker, choosing, connecting, connecting_rung, waiting
from tests.calls.transfers import consulting, talk
from tests.calls.world import ESDAM_ALONE, World, an_area

pytestmark = pytest.mark.pure


def all_is_closed(world: World) -> bool:
    ledger = world.ledger
    open_calls = [call for call in ledger.calls.values() if call.is_open]
    return not open_calls and not any(leg.is_open for leg in ledger.legs.values())


@pytest.mark.parametrize("scene", [choosing, connecting, connecting_rung])
async def test_a_call_that_waits_for_the_store_goes_to_the_fallback_after_its_patience(
    make_world: Callable[..., World], scene: SceneMaker
) -> None:
    found = await scene(make_world)
    world, citizen = found.world, found.citizen
    world.ledger.available = False
    world.switch.prompts_last = False
    if found.other is None:
        await world.press(citizen, "1")
    elif found.other in world.switch.ringing:
        world.switch.pick_up(found.other)
    else:
        world.switch.finish_prompt(found.other)
    await world.clock.advance(29)
    assert citizen not in world.switch.fallback and citizen in world.switch.music
    await world.clock.advance(2)
    assert world.switch.fallback == {citizen: "store_unavailable"}
    assert not any(citizen in world.switch.partners(channel) for channel in world.switch.channels)
    await world.clock.advance(60)
    world.ledger.available = True
    await world.clock.advance(3)
    assert world.call(citizen).end_reason is EndReason.HANDLED_BY_FALLBACK
    assert world.call(citizen).answered_at is None
    assert all_is_closed(world)
    if found.other is not None:
        assert world.session("101").state is OperatorState.READY


async def test_waiting_callers_keep_their_place_through_an_absence(world: World) -> None:
    found = await waiting(lambda: world)
    world.ledger.available = False
    await world.clock.advance(28)
    world.ledger.available = True
    operator = await world.operator("101")
    await world.clock.advance(1)
    assert world.switch.partners(found.citizen) == {operator}


async def test_waiting_callers_go_to_the_fallback_when_the_absence_lasts(make_world: Callable[..., World]) -> None:
    found = await waiting(lambda: make_world(area=an_area(norms=Norms(nobody_grace_seconds=600))))
    world = found.world
    world.ledger.available = False
    await world.clock.advance(59)
    assert world.call(found.citizen).stage is Stage.WAITING  # with nothing to write, nothing is noticed
    for _ in range(136):
        world.shell.door.heartbeat_failed()  # as the application notices by itself
        await world.clock.advance(4)
    assert world.switch.fallback == {found.citizen: "store_unavailable"}


async def test_a_caller_who_hangs_up_while_the_call_waits_for_the_store_was_not_helped_by_the_fallback(
    world: World,
) -> None:
    citizen = await world.citizen()
    world.ledger.available = False
    await world.press(citizen, "1")
    await world.clock.advance(3)
    left_at = world.clock.now()
    await world.hang_up(citizen)
    await world.clock.advance(20)
    world.ledger.available = True
    await world.clock.advance(3)
    call = world.call(citizen)
    assert (call.end_reason, call.handled_by_fallback) == (EndReason.ABANDONED_WAITING, False)
    assert (call.ended_at, call.end_is_estimated) == (left_at, False)


@pytest.mark.parametrize("who", ["caller", "operator"])
@pytest.mark.parametrize("reach", Reach)
async def test_a_talk_goes_on_ends_when_its_people_end_it_and_is_stored_when_the_store_is_back(
    make_world: Callable[..., World], who: str, reach: Reach
) -> None:
    world = make_world(area=an_area(reach=reach))
    operator = await world.operator("101", phone="phone07")
    if reach is Reach.RING:
        await world.hang_up(operator)
    citizen = await world.citizen(ESDAM_ALONE)
    if reach is Reach.RING:
        operator = world.ringing_at("PJSIP/phone07")
        world.switch.pick_up(operator)
    await world.clock.advance(10)
    world.ledger.available = False
    await world.clock.advance(60)
    assert world.switch.partners(citizen) == {operator}
    ended_at = world.clock.now()
    await world.hang_up(citizen if who == "caller" else operator)
    await world.clock.advance(3)
    # Nobody is kept on the line for the sake of a row.
    assert citizen not in world.switch.channels
    assert (operator in world.switch.channels) == (who == "caller" and reach is Reach.LINE)
    await world.clock.advance(60)
    world.ledger.available = True
    await world.clock.advance(2)
    call = world.call(citizen)
    reason = EndReason.CALLER_HUNG_UP if who == "caller" else EndReason.OPERATOR_HUNG_UP
    assert (call.end_reason, call.end_is_estimated) == (reason, False)
    assert call.ended_at is not None and timedelta(0) <= call.ended_at - ended_at <= timedelta(seconds=2.5)
    assert all_is_closed(world)
    if reach is Reach.LINE and who == "operator":
        assert world.session("101").logout_reason is LogoutReason.HUNG_UP
    else:
        assert world.session("101").state is OperatorState.WRAP_UP


async def test_an_operator_who_hangs_up_just_when_the_store_goes_away_does_not_leave_the_caller_alone(
    world: World,
) -> None:
    """Even when the session's task is in the middle of a write."""
    operator = await world.operator("101")
    store_session = world.ledger.store_session

    async def goes_away(session: OperatorSession, is_estimated: bool = False) -> None:
        world.ledger.available = False
        await store_session(session, is_estimated)

    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    world.ledger.store_session = goes_away  # type: ignore[method-assign]
    world.switch.finish_prompt(operator)
    await world.clock.advance(10)
    assert world.switch.partners(citizen) == {operator}
    await world.hang_up(operator)
    await world.clock.advance(3)
    assert citizen not in world.switch.channels


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("keys", ["*1200#", "*33", "*6#"])
async def test_a_prompt_in_a_talk_does_not_wait_for_the_store_and_a_hang_up_after_it_is_seen_at_once(
    make_world: Callable[..., World], keys: str, reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    world = t.world
    world.voice.prompt_seconds, world.switch.prompts_last = 2.5, True
    world.ledger.available = world.callback_store.available = False
    heard = len(world.switch.heard(t.operator))
    await t.keys(keys)
    assert len(world.switch.heard(t.operator)) > heard
    assert t.citizen not in world.switch.music, "which a later process could not know of"
    world.switch.finish_prompt(t.operator)
    await world.clock.advance(10)
    await t.keys(keys)
    assert len(world.switch.heard(t.operator)) > heard + 1
    await world.hang_up(t.operator)
    await world.clock.advance(2.1)
    assert t.citizen not in world.switch.channels
    world.ledger.available = True
    await world.clock.advance(2)
    assert t.call.end_reason is EndReason.OPERATOR_HUNG_UP and not t.call.has_music
    assert all_is_closed(world)


@pytest.mark.parametrize("reach", Reach)
async def test_music_that_began_before_the_store_went_away_ends_with_its_prompt(
    make_world: Callable[..., World], reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    world = t.world
    world.voice.prompt_seconds, world.switch.prompts_last = 2.5, True
    await t.keys("*33")
    assert t.citizen in world.switch.music
    world.ledger.available = False
    world.switch.finish_prompt(t.operator)
    await world.clock.advance(1)
    assert t.citizen not in world.switch.music
    await world.hang_up(t.operator)
    await world.clock.advance(2.1)
    assert t.citizen not in world.switch.channels
    world.ledger.available = True
    await world.clock.advance(2)
    assert not t.call.has_music and all_is_closed(world)


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("in_consult", [False, True], ids=["talk", "consult"])
async def test_a_phone_that_holds_while_the_store_is_away_does_not_make_the_talk_deaf(
    make_world: Callable[..., World], in_consult: bool, reach: Reach
) -> None:
    """It is seen at once that somebody leaves: the other party is let go within seconds."""
    if in_consult:
        t, stays = await consulting(make_world, reach=reach)
        goes = t.citizen
    else:
        t = await talk(make_world, reach=reach)
        goes, stays = t.operator, t.citizen
    world = t.world
    world.ledger.available = False
    world.post(t.citizen, Held(t.citizen, world.clock.now()))
    await world.clock.advance(5)
    await world.hang_up(goes)
    await world.clock.advance(2.1)
    assert stays not in world.switch.channels
    world.ledger.available = True
    await world.clock.advance(2)
    held = [f for f in world.ledger.told[t.call.id] if f.kind is FactKind.HELD and f.detail.get("how") == "phone"]
    assert len(held) == 1 and world.ledger.kinds(t.call.id).count(FactKind.ENDED) == 1
    assert all_is_closed(world)


async def test_an_operator_who_cannot_log_in_hears_it_and_the_line_is_closed_when_the_store_is_back(
    world: World,
) -> None:
    operator = await world.dial_in()
    world.ledger.available = False
    await world.press(operator, "101#1234#")
    assert world.switch.heard(operator)[-1] == "nl/storing-bel-later"
    assert operator not in world.switch.channels
    ended_at = world.clock.now()
    await world.clock.advance(60)
    world.ledger.available = True
    await world.clock.advance(1)
    assert world.line(operator).ended_at == ended_at
    await world.operator("101")
    assert world.session("101").state is OperatorState.READY


async def test_an_operator_at_work_stays_at_work(world: World) -> None:
    operator = await world.operator("101")
    world.ledger.available = False
    await world.press(operator, "*92")
    await world.clock.advance(600)
    assert operator in world.switch.channels
    world.ledger.available = True
    await world.clock.advance(1)
    assert world.session("101").state is OperatorState.PAUSED
    await world.press(operator, "*0")
    assert world.session("101").state is OperatorState.READY


# --- lost answers ---


async def _a_call(world: World) -> ChannelId:
    await world.operator("101")
    citizen = await world.citizen()
    await world.clock.advance(0.6)
    await world.press(citizen, "1")
    await world.clock.advance(10)
    await world.hang_up(citizen)
    await world.clock.advance(5)
    return citizen


async def test_a_lost_answer_is_harmless_whichever_it_is(make_world: Callable[..., World]) -> None:
    world = make_world()
    undisturbed = world.ledger.kinds(world.call(await _a_call(world)).id)
    writes = world.ledger.writes
    assert writes > 8
    for lost in range(writes):
        world = make_world()
        store = Losing(world, lost)
        call = world.call(await _a_call(world))
        assert world.ledger.kinds(call.id) == undisturbed, f"answer {lost} was lost"
        assert call.end_reason is EndReason.CALLER_HUNG_UP and all_is_closed(world)
        assert store.is_lost
        assert world.session("101").state is OperatorState.WRAP_UP


async def test_a_lost_answer_of_a_store_that_then_stays_away_leaves_no_row_open(
    make_world: Callable[..., World],
) -> None:
    """The write arrived, its answer did not, and the fallback took the caller: the row ends after what did arrive."""
    for lost in range(20):
        world = make_world()
        await world.operator("101")
        store = Losing(world, lost, stays_away=True)
        citizen = await world.citizen()
        await world.press(citizen, "1")
        await world.clock.advance(30)
        world.ledger.available = True
        await world.clock.advance(5)
        if not store.is_lost:
            break
        call = world.call(citizen)
        in_talk = world.switch.partners(citizen) != set()
        assert in_talk or (call.end_reason is EndReason.HANDLED_BY_FALLBACK and citizen in world.switch.fallback)
        assert in_talk == call.is_open, f"answer {lost} was lost"
        await world.hang_up(citizen)
        await world.clock.advance(5)
        assert all_is_closed(world)
    assert lost > 5


class Losing:
    """One answer is lost, counted from now; `stays_away`: and with it the store."""

    def __init__(self, world: World, number: int, *, stays_away: bool = False) -> None:
        self.is_lost = False
        ledger, answer = world.ledger, world.ledger._answer
        first = ledger.writes

        def lose() -> None:
            if ledger.writes - first == number and not self.is_lost:
                self.is_lost = True
                ledger.lose_answers = 1
                ledger.available = not stays_away
            answer()

        ledger._answer = lose  # type: ignore[method-assign]


@pytest.mark.parametrize("reach", Reach)
async def test_a_login_whose_answer_was_lost_leaves_no_operator_at_work_who_hung_up_meanwhile(
    make_world: Callable[..., World], reach: Reach
) -> None:
    world = make_world(area=an_area(reach=reach))
    login = await world.dial_in()
    await world.press(login, "101#")
    store_session = world.ledger.store_session

    async def loses_the_answer(session: OperatorSession, is_estimated: bool = False) -> None:
        is_first = not world.ledger.sessions
        world.ledger.lose_answers = int(is_first)
        try:
            await store_session(session, is_estimated)
        finally:
            world.ledger.available = world.ledger.available and not is_first

    world.ledger.store_session = loses_the_answer  # type: ignore[method-assign]
    await world.press(login, "1234#")
    if reach is Reach.RING:
        await world.press(login, "*0")
        await world.clock.advance(20)
    await world.clock.advance(2)
    await world.hang_up(login)
    await world.clock.advance(3)
    world.ledger.available = True
    await world.clock.advance(2)
    open_sessions = [session for session in world.ledger.sessions.values() if session.is_open]
    assert {session.id for session in open_sessions} == {session.id for session in world.registry.sessions()}
    assert len(open_sessions) == (reach is Reach.RING), "whose phone is rung is at work"
    if reach is Reach.LINE:
        (session,) = world.ledger.sessions.values()
        assert session.logout_reason is LogoutReason.HUNG_UP
        assert [one.until_at for one in world.ledger.stretches] == [session.logged_out_at]


@pytest.mark.parametrize("is_offered", [True, False])
async def test_a_login_whose_answer_was_lost_and_that_a_recovery_took_up_is_one_task(
    make_world: Callable[..., World], is_offered: bool
) -> None:
    world = make_world(area=an_area(reach=Reach.RING))
    login = await world.dial_in()
    await world.press(login, "101#1234#")
    world.ledger.lose_answers = 1
    await world.hang_up(login)
    await world.clock.advance(0.1)
    await world.close_gap()
    assert world.session("101").state is OperatorState.READY
    if is_offered:
        await world.citizen(ESDAM_ALONE)
    await world.clock.advance(1)
    assert world.line(login).ended_at is not None
    assert len(list(world.registry.sessions())) == 1
    assert world.session("101").state is (OperatorState.OFFERED if is_offered else OperatorState.READY)


def the_store_is_back(world: World) -> None:
    """And the heartbeat, which is tried twice a second, has found it."""
    world.ledger.available = True
    world.shell.door.heartbeat_written()


@pytest.mark.parametrize("reach", Reach)
async def test_without_the_store_nobody_is_put_on_hold_and_who_is_on_hold_comes_back(
    make_world: Callable[..., World], reach: Reach
) -> None:
    t = await talk(make_world, reach=reach)
    world = t.world
    world.ledger.available = False
    await t.keys("*4")
    assert t.hears(t.citizen) == {t.operator} and t.call.held_at is None
    assert world.switch.heard(t.operator)[-1].endswith("lukt-nu-niet")
    the_store_is_back(world)
    await world.clock.advance(2)
    await t.keys("*4")
    assert t.has_music(t.citizen)
    world.ledger.available = False
    await t.keys("*4")
    assert t.hears(t.citizen) == {t.operator} and t.call.held_at is not None
    the_store_is_back(world)
    await world.clock.advance(2)
    await world.hang_up(t.citizen)
    await world.clock.advance(2)
    assert t.call.held_at is None
    assert world.ledger.kinds(t.call.id).count(FactKind.HELD) == world.ledger.kinds(t.call.id).count(
        FactKind.HELD_NO_MORE
    )
    assert all_is_closed(world)


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("keys", ["*31", "*32", "*33", "*34"])
async def test_without_the_store_a_consultation_goes_on_as_it_is_and_the_operator_is_told(
    make_world: Callable[..., World], keys: str, reach: Reach
) -> None:
    t, colleague = await consulting(make_world, reach=reach)
    world = t.world
    world.ledger.available = False
    world.shell.door.heartbeat_failed()
    heard = len(world.switch.heard(t.operator))
    await t.keys(keys)
    assert t.hears(colleague) == {t.operator} and t.transfer.is_open
    assert any(name.endswith("lukt-nu-niet") for name in world.switch.heard(t.operator)[heard:])
    the_store_is_back(world)
    await world.clock.advance(2)
    await t.keys("*34")
    assert t.hears(t.citizen) == {t.operator}
