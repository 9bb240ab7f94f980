"""Mishaps around a callback that lose and double nothing: a sweep, kills, the wrong municipality, a store away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from ari_app.calls.callbacks.virtual_hold import VirtualHolds
from ari_app.calls.errors import SwitchUnavailable
from ari_app.core.area import CallbackRules, Reach
from ari_app.core.callbacks import (
    AttemptOutcome,
    CallbackRequest,
    RequestKind,
    RequestState,
)
from ari_app.core.ids import ChannelId, TeamCode
from ari_app.core.operators import OperatorState
from tests.calls.promises import CITIZEN, at_work, attempts, now_is, promised, ringing
from tests.calls.transfers import talk, with_directory
from tests.calls.world import ESDAM_ALONE, VEENDIJK, World, an_area
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure

MakeWorld = Callable[..., World]


async def _called_back(make_world: MakeWorld) -> tuple[World, ChannelId, CallbackRequest, ChannelId]:
    """An operator who talks with a citizen whom they called back."""
    w, operator = await at_work(make_world)
    request = await promised(w)
    await w.press(operator, "*7")
    citizen = ringing(w)
    w.switch.pick_up(citizen)
    await w.clock.advance(5)
    assert w.switch.partners(citizen) == {operator}
    return w, operator, request, citizen


# --- the sweep ---


@pytest.mark.parametrize("reach", [Reach.LINE, Reach.RING])
async def test_given_a_long_note_or_a_slow_pick_up_when_it_is_swept_then_the_callback_goes_on(
    make_world: MakeWorld, reach: Reach
) -> None:
    """The citizen has no channel yet, and must not be taken for missing."""
    w = make_world(area=with_directory(an_area(reach=reach)))
    operator = await w.operator("101", phone="phone07")
    w.switch.prompts_last = True
    if reach is Reach.RING:
        await w.hang_up(operator)
    request = await promised(w, kind=RequestKind.VIRTUAL_HOLD, queued_at=w.clock.now())
    await VirtualHolds(w.shell, w.supervisor.operators).refresh()
    await settle()
    for _ in range(3):
        await w.clock.advance(4)
        await w.sweep()
    assert all(call.is_open for call in w.ledger.calls.values())
    assert now_is(w, request).state is RequestState.IN_PROGRESS


async def test_given_a_callback_that_never_was_made_when_it_is_lost_then_the_citizen_did_not_ask_again(
    make_world: MakeWorld,
) -> None:
    w = make_world(area=with_directory(an_area(callback=CallbackRules(abandoned=True))))
    operator = await w.operator("101", phone="phone07")
    request = await promised(w)
    w.switch.prompts_last = True
    await w.press(operator, "*7")
    await w.hang_up(operator)
    await w.clock.advance(3)
    assert now_is(w, request).joined_count == 0
    assert (len(w.callback_rows.requests), now_is(w, request).state) == (1, RequestState.OPEN)


# --- requests made within a callback ---


async def test_given_a_callback_when_another_call_is_promised_in_it_then_that_is_a_promise_of_its_own(
    make_world: MakeWorld,
) -> None:
    w, operator, request, citizen = await _called_back(make_world)
    await w.press(operator, "*6#")
    await w.hang_up(citizen)
    await w.clock.advance(3)
    assert attempts(w) == [AttemptOutcome.REACHED]
    assert now_is(w, request).state is RequestState.CLOSED
    (other,) = (one for one in w.callback_rows.requests.values() if one.id != request.id)
    assert (other.state, other.pii_number) == (RequestState.OPEN, request.pii_number)


async def test_given_a_promise_that_was_closed_as_helped_when_it_is_made_again_in_that_talk_then_it_is_open(
    make_world: MakeWorld,
) -> None:
    t = await talk(make_world)
    for keys in ("*6#", "*60#", "*6#"):
        await t.keys(keys)
        await t.world.clock.advance(5)
    assert [one.state for one in t.world.callback_rows.requests.values()] == [RequestState.CLOSED, RequestState.OPEN]


async def test_given_a_request_of_another_municipality_when_the_citizen_calls_here_then_it_is_not_closed(
    make_world: MakeWorld,
) -> None:
    w = make_world(area=with_directory())
    operator = await w.operator("102", phone="phone07")
    request = await promised(w, CITIZEN, municipality=VEENDIJK, team=TeamCode("both"))
    citizen = await w.citizen(ESDAM_ALONE, number=CITIZEN)
    await w.clock.advance(10)
    assert w.switch.partners(citizen) == {operator}
    assert "nl/terugbellen-wacht" not in w.switch.heard(operator)
    await w.press(operator, "*60#")
    assert now_is(w, request).state is RequestState.OPEN


async def test_given_a_caller_who_was_only_announced_when_the_operator_promises_then_the_last_talk_is_meant(
    make_world: MakeWorld,
) -> None:
    w = make_world(area=with_directory(an_area(wrap_up_seconds=0)))
    operator = await w.operator("101", phone="phone07")
    first = await w.citizen(ESDAM_ALONE, number="+31612340001")
    await w.clock.advance(10)
    w.switch.prompts_last = True
    second = await w.citizen(ESDAM_ALONE, number="+31612340002")
    await w.hang_up(first)
    await w.clock.advance(1)
    assert w.session("101").state is OperatorState.OFFERED
    await w.hang_up(second)
    await w.clock.advance(1)
    await w.press(operator, "*6#")
    await w.clock.advance(1)
    assert [request.pii_number for request in w.callback_rows.requests.values()] == ["+31612340001"]


# --- kills and faults ---


async def test_given_a_voicemail_that_was_marked_when_the_process_dies_then_it_was_no_talk(
    make_world: MakeWorld,
) -> None:
    w, operator, request, citizen = await _called_back(make_world)
    await w.press(operator, "*61#")
    await w.kill()
    w.switch.vanish_one(citizen)
    await w.restart()
    await w.clock.advance(3)
    assert attempts(w) == [AttemptOutcome.VOICEMAIL]
    assert now_is(w, request).state is RequestState.PLANNED


async def test_given_a_voicemail_that_was_marked_when_the_call_goes_to_the_fallback_then_it_was_no_talk(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    w, operator, request, _ = await _called_back(make_world)
    await w.press(operator, "*61#")

    async def fails(*_: object, **__: object) -> None:
        raise SwitchUnavailable("500")

    monkeypatch.setattr(w.switch, "ensure_waiting", fails)
    await w.press(operator, "*4")
    await w.clock.advance(10)
    assert attempts(w) == [AttemptOutcome.VOICEMAIL]
    assert (now_is(w, request).state, now_is(w, request).lease_owner) == (RequestState.PLANNED, None)


async def test_given_a_talk_that_was_recorded_but_never_began_when_the_process_dies_then_the_citizen_was_not_reached(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    w, operator = await at_work(make_world)
    request = await promised(w)
    await w.press(operator, "*7")
    citizen = ringing(w)
    record = w.callbacks.talk_began

    async def stalls(*args: object, **more: object) -> None:
        await record(*args, **more)  # type: ignore[arg-type]
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(w.callbacks, "talk_began", stalls)
        w.switch.pick_up(citizen)
        await w.clock.advance(1)
        await w.kill()
    w.switch.vanish_one(citizen)
    await w.restart()
    await w.clock.advance(3)
    assert attempts(w) == [AttemptOutcome.FAILED]
    assert now_is(w, request).closed_at is None


async def test_given_a_kill_before_the_citizens_phone_rings_when_it_is_taken_up_then_it_rings(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    w, operator = await at_work(make_world)
    await promised(w)

    async def never(_: ChannelId) -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(w.switch, "dial", never)
        await w.press(operator, "*7")
        await w.clock.advance(1)
        await w.kill()
    assert not w.switch.ringing
    await w.restart()
    await w.clock.advance(3)
    citizen = ringing(w)
    w.switch.pick_up(citizen)
    await w.clock.advance(3)
    assert w.switch.partners(citizen) == {operator}


async def test_given_the_store_goes_away_after_a_virtual_hold_is_claimed_then_the_operator_is_free_for_others(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = make_world(area=with_directory())
    operator = await w.operator("101", phone="phone07")
    await promised(w, kind=RequestKind.VIRTUAL_HOLD, queued_at=w.clock.now())
    claim = w.callbacks.claim

    async def goes_away(*args: object, **more: object) -> CallbackRequest | None:
        claimed = await claim(*args, **more)  # type: ignore[arg-type]
        w.callback_store.available = False
        return claimed

    with monkeypatch.context() as patch:
        patch.setattr(w.callbacks, "claim", goes_away)
        await VirtualHolds(w.shell, w.supervisor.operators).refresh()
        await settle()
        await w.clock.advance(3)
    w.callback_store.available = True
    await w.clock.advance(30)
    assert w.session("101").state is OperatorState.READY
    citizen = await w.citizen(ESDAM_ALONE)
    await w.clock.advance(10)
    assert w.switch.partners(citizen) == {operator}


async def test_given_an_operator_who_leaves_as_the_citizen_picks_up_then_the_citizen_is_not_sent_away_at_once(
    make_world: MakeWorld,
) -> None:
    w, operator = await at_work(make_world)
    await promised(w)
    await w.press(operator, "*7")
    citizen = ringing(w)
    await w.clock.advance(20)
    w.switch.pick_up(citizen)
    await w.clock.advance(0.1)
    await w.hang_up(operator)
    await w.clock.advance(10)
    assert citizen in w.switch.channels
    assert "nl/te-lang-gewacht" not in w.switch.heard(citizen)


# --- personal data ---


async def test_a_number_that_was_keyed_stands_in_a_pii_column_only(make_world: MakeWorld) -> None:
    t = await talk(make_world)
    await t.keys("*10612345678#")
    assert t.transfer.pii_to_number == "+31612345678"
    assert "612345678" not in repr(replace(t.transfer, pii_to_number=None))
    assert t.world.switch.ringing
