"""Operators whose phone is rung for each call, on fakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from ari_app.calls.messages import ApplyEvent
from ari_app.core.area import Reach, Whisper
from ari_app.core.call import Call, EndReason, Fact, Leg, LegEndReason, Stage
from ari_app.core.ids import ChannelId
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.operators import LogoutReason, OperatorState, Pause, PauseReason
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.survey import SurveyAnswer
from ari_app.core.transfer import Transfer
from ari_app.prompts.phrases import callback_operator as callback_to_operator
from ari_app.prompts.phrases import operator as to_operator
from tests.calls.world import ESDAM_ALONE, World, an_area
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure


@pytest.fixture
async def ring_world(make_world: Callable[..., World]) -> World:
    return make_world(area=an_area(reach=Reach.RING, whisper=Whisper.NONE))


async def rung_talk(world: World) -> tuple[ChannelId, ChannelId]:
    await world.hang_up(await world.operator("101", phone="phone07"))
    citizen = await world.citizen(ESDAM_ALONE)
    phone = world.ringing_at("PJSIP/phone07")
    world.switch.pick_up(phone)
    await world.clock.advance(0)
    assert world.switch.partners(citizen) == {phone}
    return phone, citizen


async def test_a_rung_operator_logs_in_hangs_up_and_is_ready(ring_world: World) -> None:
    login = await ring_world.operator("101", phone="phone07")
    assert "nl/belteam" in ring_world.switch.heard(login)
    await ring_world.hang_up(login)
    session = ring_world.session("101")
    assert (session.state, session.reach, session.endpoint) == (OperatorState.READY, Reach.RING, "PJSIP/phone07")
    assert ring_world.line(login).end_reason is LegEndReason.HUNG_UP


async def test_a_rung_operator_is_not_rung_while_their_phone_is_still_on_the_login_line(ring_world: World) -> None:
    citizen = await ring_world.citizen(ESDAM_ALONE)
    login = await ring_world.operator("101", phone="phone07")
    await ring_world.clock.advance(5)
    assert not ring_world.switch.ringing
    await ring_world.hang_up(login)
    ring_world.switch.pick_up(ring_world.ringing_at("PJSIP/phone07"))
    await ring_world.clock.advance(0)
    assert ring_world.call(citizen).stage is Stage.TALKING


async def test_a_rung_operator_who_stays_on_the_login_line_is_hung_up(ring_world: World) -> None:
    login = await ring_world.operator("101", phone="phone07")
    await ring_world.clock.advance(16)
    assert login not in ring_world.switch.channels
    assert ring_world.session("101").state is OperatorState.READY


async def test_a_rung_operator_pauses_resumes_and_logs_out_by_dialling_in_again(ring_world: World) -> None:
    async def dial_in_and_press(keys: str) -> None:
        login = await ring_world.operator("101", phone="phone07")
        await ring_world.press(login, keys)
        await ring_world.clock.advance(1)
        if login in ring_world.switch.channels:
            await ring_world.hang_up(login)

    await dial_in_and_press("*92")
    first = ring_world.session("101")
    assert (first.state, first.pause_reason) == (OperatorState.PAUSED, PauseReason.LUNCH)
    await dial_in_and_press("*0")
    assert ring_world.session("101").state is OperatorState.READY
    await dial_in_and_press("*91")
    assert ring_world.session("101").state is OperatorState.PAUSED
    await dial_in_and_press("")
    assert ring_world.session("101").state is OperatorState.READY
    await dial_in_and_press("*8")
    assert ring_world.session("101").logout_reason is LogoutReason.KEY
    assert {session.id for session in ring_world.ledger.sessions.values()} == {first.id}


async def test_a_rung_operator_who_logs_in_on_another_phone_is_rung_there(ring_world: World) -> None:
    await ring_world.hang_up(await ring_world.operator("101", phone="phone07"))
    await ring_world.clock.advance(1)
    await ring_world.hang_up(await ring_world.operator("101", phone="phone08"))
    await ring_world.citizen(ESDAM_ALONE)
    assert set(ring_world.switch.ringing.values()) == {"PJSIP/phone08"}
    assert sum(session.is_open for session in ring_world.ledger.sessions.values()) == 1


async def test_the_keys_of_a_rung_operator_in_a_talk_work_as_on_a_standing_line(ring_world: World) -> None:
    phone, citizen = await rung_talk(ring_world)
    await ring_world.press(phone, "*92")
    assert ring_world.session("101").pause_pending is PauseReason.LUNCH
    await ring_world.hang_up(citizen)
    assert ring_world.session("101").state is OperatorState.PAUSED


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("*2999#", to_operator.refusal(RefusalReason.UNKNOWN_DESTINATION)),
        ("*33", to_operator.refusal(RefusalReason.NO_TRANSFER)),
        ("*3", to_operator.CONSULT_CHOICES),
        ("*6#", callback_to_operator.promised("")),
        ("*92", to_operator.PAUSE_AFTER_CALL),
        ("*8", to_operator.LOGOUT_AFTER_CALL),
        ("*0", to_operator.READY_AFTER_CALL),
        ("*5#", to_operator.UNKNOWN_CODE),
    ],
)
async def test_a_rung_operator_hears_the_answer_to_a_command_and_the_caller_does_not(
    ring_world: World, keys: str, words: tuple[str, ...]
) -> None:
    phone, citizen = await rung_talk(ring_world)
    before = ring_world.switch.heard(citizen)
    await ring_world.press(phone, keys)
    assert ring_world.switch.heard(phone).count(words[0]) == 1
    assert ring_world.switch.heard(citizen) == before


async def test_half_a_code_on_a_rung_phone_is_answered_after_three_seconds(ring_world: World) -> None:
    phone, citizen = await rung_talk(ring_world)
    before = ring_world.switch.heard(citizen)
    await ring_world.press(phone, "*6")
    await ring_world.clock.advance(3)
    assert ring_world.switch.heard(phone)[-1] == "nl/rond-af"
    assert ring_world.switch.heard(citizen) == before


async def test_a_command_about_the_operator_on_a_rung_phone_reaches_the_session_once(ring_world: World) -> None:
    phone, citizen = await rung_talk(ring_world)
    await ring_world.press(phone, "*8")
    assert ring_world.session("101").logout_pending
    await ring_world.press(phone, "*0")
    assert not ring_world.session("101").logout_pending
    await ring_world.press(phone, "*8")
    await ring_world.hang_up(citizen)
    assert ring_world.session("101").logout_reason is LogoutReason.KEY


async def test_a_rung_operator_who_hangs_up_is_not_logged_out(ring_world: World) -> None:
    phone, citizen = await rung_talk(ring_world)
    await ring_world.clock.advance(30)
    await ring_world.hang_up(phone)
    assert ring_world.call(citizen).end_reason is EndReason.OPERATOR_HUNG_UP
    assert ring_world.session("101").state is OperatorState.WRAP_UP


@pytest.mark.parametrize("how", ["busy", "not registered"])
async def test_a_rung_operator_who_cannot_be_reached_is_paused_and_the_caller_waits_on(
    ring_world: World, how: str
) -> None:
    await ring_world.hang_up(await ring_world.operator("101", phone="phone07"))
    if how == "not registered":
        ring_world.switch.unregistered.add("PJSIP/phone07")  # type: ignore[arg-type]
    citizen = await ring_world.citizen(ESDAM_ALONE)
    if how == "busy":
        ring_world.switch.leave(ring_world.ringing_at("PJSIP/phone07"), cause=17)
        await ring_world.clock.advance(0)
    session, call = ring_world.session("101"), ring_world.call(citizen)
    assert (session.state, session.pause_reason) == (OperatorState.PAUSED, PauseReason.NO_ANSWER)
    assert (call.stage, call.refused_by) == (Stage.WAITING, ("101",))
    leg = next(leg for leg in ring_world.ledger.legs.values() if leg.party == "101")
    assert leg.end_reason is (LegEndReason.BUSY if how == "busy" else LegEndReason.UNREACHABLE)
    assert leg.owns_channel is (how == "busy")  # a channel that never was is nobody's


async def test_a_rung_operator_who_pauses_in_the_instant_of_the_offer_is_not_connected(
    ring_world: World,
) -> None:
    await ring_world.hang_up(await ring_world.operator("101", phone="phone07"))
    store, mailbox = ring_world.ledger.store, ring_world.registry.session_mailbox(ring_world.session("101").id)
    assert mailbox is not None

    async def store_and_pause(
        call: Call,
        facts: Sequence[Fact],
        legs: Sequence[Leg] = (),
        transfers: Sequence[Transfer] = (),
        visits: Sequence[QueueVisit] = (),
        answers: Sequence[SurveyAnswer] = (),
    ) -> Call:
        if call.stage is Stage.CONNECTING:
            mailbox.post(ApplyEvent(Pause(PauseReason.LUNCH, ring_world.clock.now())))
            await settle()
        return await store(call, facts, legs, transfers, visits, answers)

    ring_world.ledger.store = store_and_pause  # type: ignore[method-assign]
    citizen = await ring_world.citizen(ESDAM_ALONE)
    await ring_world.clock.advance(1)
    assert not ring_world.switch.ringing
    session, call = ring_world.session("101"), ring_world.call(citizen)
    assert (session.state, session.pause_reason) == (OperatorState.PAUSED, PauseReason.LUNCH)
    assert (call.stage, call.refused_by) == (Stage.WAITING, ())
