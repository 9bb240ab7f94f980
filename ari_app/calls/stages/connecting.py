"""An operator, or a direct number's phone, is being reached; the caller goes on hearing music, or the ringing tone."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Unpack

from ari_app.calls.ahead import begun
from ari_app.calls.call.bridging import SHORT_PROMPT_SECONDS
from ari_app.calls.call.cleanup import transfer_over
from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.call.next_step import not_taken, queued
from ari_app.calls.call.ringing import play_whisper, ring
from ari_app.calls.callbacks.attempts import record_talk
from ari_app.calls.callbacks.outbound import brief_operator, briefing, call_citizen, prompt_operator
from ari_app.calls.callbacks.requests import known_request
from ari_app.calls.door import TRY_PATIENCE
from ari_app.calls.messages import CallDone, OperatorGone, OperatorReady, TakeCall
from ari_app.calls.transfers.transfer import carry_out_transfer
from ari_app.core.area import Reach, Whisper
from ari_app.core.call import EndReason, Fact, FactKind, Leg, LegEndReason, LegRole, Stage
from ari_app.core.call_changes import NO_LONGER_DIRECT, CallChanges
from ari_app.core.callbacks import CallbackRequest
from ari_app.core.ids import BridgeId, Endpoint, new_bridge_id, new_leg_id
from ari_app.core.operators import OperatorSession
from ari_app.core.skills import first_team, team_for
from ari_app.core.transfer import Taken
from ari_app.core.transfer_rules import step
from ari_app.prompts.phrases import callback_operator as callback_to_operator
from ari_app.prompts.phrases import operator as to_operator
from ari_app.prompts.phrases.parts import BEEP

#: a whisper takes two seconds; an operator's session that is silent for so long is taken for gone
WHISPER_PATIENCE = timedelta(seconds=15)
#: ends for which the operator is not to blame: lost, in a gap of ours or on the network, or released because they were
#: engaged after all
NOT_THEIR_DOING = (LegEndReason.LOST, LegEndReason.LINE_LOST, LegEndReason.RELEASED)
NOT_ANSWERED = (LegEndReason.NO_ANSWER, LegEndReason.BUSY, LegEndReason.UNREACHABLE)
#: an operator whose phone rang for less, because the caller had no more time, is not paused for letting it ring
TIME_TO_PICK_UP = timedelta(seconds=10)


async def connecting(flow: Flow) -> Step | End:
    if flow.call.callback_request is not None and flow.call.answered_at is None:
        await flow.commit()
        return await _call_back(flow)
    session = _session_on_line(flow)
    if session is not None:
        async with begun(known_request(flow, session.operator)) as known:
            await flow.commit_or_hold()
            return await _whisper_on_line(flow, session, known)
    await flow.commit_or_hold()
    while flow.open_transfer is not None and flow.open_transfer.to_leg is not None:
        step_on = await carry_out_transfer(flow)
        if step_on is not None:
            return step_on
    if flow.call.direct_endpoint is not None:
        return await _ring_direct_number(flow, flow.call.direct_endpoint)
    session = _session(flow)
    if session is None:
        return _back_to_queue(flow, "operator_gone")
    if session.reach is Reach.RING and session.endpoint is not None:
        return await _ring_operator(flow, session, session.endpoint)
    async with begun(known_request(flow, session.operator)) as known:
        return await _whisper_on_line(flow, session, known)


def _session(flow: Flow) -> OperatorSession | None:
    session_id = flow.call.operator_session
    return None if session_id is None else flow.shell.registry.session(session_id)


def _session_on_line(flow: Flow) -> OperatorSession | None:
    """The session of an operator on a standing line who is to have this caller, and nobody else is."""
    if flow.open_transfer is not None or flow.call.direct_endpoint is not None:
        return None
    session = _session(flow)
    return session if session is not None and (session.reach is not Reach.RING or session.endpoint is None) else None


async def _call_back(flow: Flow) -> Step | End:
    """The operator first, then the citizen, so that the citizen need not wait after picking up."""
    session = _session(flow)
    if session is None:
        return End(EndReason.CALLBACK_GIVEN_UP)
    place = await _operator_of_callback(flow, session)
    if place is None:
        return End(EndReason.CALLBACK_GIVEN_UP)
    bridge_id, leg = place
    refused = await call_citizen(flow, session.operator, leg)
    if refused is not None:
        return refused
    await prompt_operator(flow, leg, ())
    step_on = await _to_talk(flow, bridge_id, flow.leg(leg.channel_id) or leg, session)
    await record_talk(flow)
    return step_on


async def _operator_of_callback(flow: Flow, session: OperatorSession) -> tuple[BridgeId, Leg] | None:
    """Tell the operator what the callback is about, on their standing line or their phone; where the talk is to be.

    None when they left, or did not pick up.
    """
    if session.reach is not Reach.RING or session.endpoint is None:
        ready = await brief_operator(flow, session)
        return None if ready is None else (ready.bridge_id, _standing_leg(flow, ready, session, flow.now))
    mailbox = flow.session_mailbox(session.id)
    if mailbox is not None:
        mailbox.post(TakeCall(flow.call.id, (), wanted=True))
    until = flow.call.stage_entered_at + timedelta(seconds=team_for(flow.area, session.operator).ring_seconds)
    leg = await ring(flow, session.endpoint, session.operator, until)
    if leg.is_open and await play_whisper(flow, leg, await briefing(flow)):
        leg = flow.leg(leg.channel_id) or leg
        await prompt_operator(flow, leg, callback_to_operator.CALLING)
        return new_bridge_id("talk"), leg
    if mailbox is not None:
        mailbox.post(CallDone(flow.call.id, flow.now, 0, answered=leg.end_reason not in NOT_ANSWERED))
    return None


def _standing_leg(flow: Flow, ready: OperatorReady, session: OperatorSession, since: datetime) -> Leg:
    """The leg of an operator on a standing line."""
    return Leg(
        id=new_leg_id(),
        call_id=flow.call.id,
        channel_id=ready.channel_id,
        role=LegRole.OPERATOR,
        party=session.operator,
        started_at=since,
        answered_at=flow.now,
        owns_channel=False,
        team=first_team(flow.area, session.operator),
    )


async def _whisper_on_line(flow: Flow, session: OperatorSession, known: Awaitable[CallbackRequest | None]) -> Step:
    """An operator on a standing line hears a beep and the whisper, and then the caller joins them.

    With nothing to whisper the caller's line is answered while the session's row is written: neither needs the other.
    """
    mailbox = flow.session_mailbox(session.id)
    if mailbox is None:
        return _back_to_queue(flow, "operator_gone")
    offered_at = flow.now
    words = _whisper_words(flow, session, await known)
    await _no_long_silence(flow, words)
    mailbox.post(TakeCall(flow.call.id, words, returns=flow.call.returned_at is not None))
    until = offered_at + WHISPER_PATIENCE
    silent_until: datetime | None = None
    if not words and not flow.call.has_music:
        await flow.answer()
        silent_until = flow.now + TRY_PATIENCE
    while True:
        match await flow.next(silent_until or until):
            case OperatorReady(session_id=ready) as found if ready == session.id:
                return await _to_talk(flow, found.bridge_id, _standing_leg(flow, found, session, offered_at), session)
            case OperatorGone(session_id=gone) if gone == session.id:
                return _back_to_queue(flow, "operator_gone")
            case None if silent_until is not None:
                silent_until = None
                await flow.comfort(flow.call)
            case None:
                mailbox.post(CallDone(flow.call.id, flow.now, 0))
                return _back_to_queue(flow, "operator_silent")


async def _no_long_silence(flow: Flow, words: Sequence[str]) -> None:
    """A caller who came straight from the menu hears music while the operator is told more than a few words."""
    if flow.call.line_answered_at is None or flow.call.has_music:
        return
    if flow.shell.voice.seconds(words, flow.call.municipality) > SHORT_PROMPT_SECONDS:
        await flow.stop_unfinished_prompt()
        await flow.commit(has_music=True)
        await flow.shell.switch.ensure_waiting(flow.caller)


async def _ring_operator(flow: Flow, session: OperatorSession, endpoint: Endpoint) -> Step:
    """An operator's phone is rung; one that lets it ring is paused, and is not offered this caller again.

    It rings no longer than the caller waits for this very person or team (AV §1).
    """
    mailbox = flow.session_mailbox(session.id)
    if mailbox is not None:
        mailbox.post(TakeCall(flow.call.id, (), returns=flow.call.returned_at is not None))
    team = team_for(flow.area, session.operator)
    since, patience = flow.call.stage_entered_at, timedelta(seconds=team.ring_seconds)
    until = min(since + patience, flow.call.direct_until_at or since + patience)
    had_time = until - since >= min(patience, TIME_TO_PICK_UP)
    leg = await ring(flow, endpoint, session.operator, until)
    if leg.is_open and await play_whisper(
        flow, leg, _whisper_words(flow, session, await known_request(flow, session.operator))
    ):
        return await _to_talk(flow, new_bridge_id("talk"), flow.leg(leg.channel_id) or leg, session)
    leg = flow.leg(leg.channel_id) or leg  # the whisper may have found them gone
    if mailbox is not None:
        is_blamed = leg.end_reason in NOT_ANSWERED and (had_time or flow.now < until)
        mailbox.post(CallDone(flow.call.id, flow.now, 0, answered=not is_blamed))
    if leg.end_reason in NOT_THEIR_DOING:
        return _back_to_queue(flow, "operator_gone")
    return _back_to_queue(flow, "no_answer", refused_by=(*flow.call.refused_by, session.operator))


async def _ring_direct_number(flow: Flow, endpoint: Endpoint) -> Step:
    """A direct number (AV §1): its phone rings until it is answered or the caller goes to the deputy or the queue."""
    until = flow.call.direct_until_at or flow.now
    leg = await ring(flow, endpoint, endpoint, until)
    if not leg.is_open or not await play_whisper(flow, leg, BEEP):
        reason = (flow.leg(leg.channel_id) or leg).end_reason
        return not_taken(flow, (reason or LegEndReason.NO_ANSWER).value)
    return await _to_talk(flow, new_bridge_id("talk"), flow.leg(leg.channel_id) or leg, None)


async def _to_talk(flow: Flow, bridge_id: BridgeId, leg: Leg, session: OperatorSession | None) -> Step:
    """Answer the caller's line, and only then write the talk, so that both have their true moment."""
    await flow.answer()
    now = flow.now
    legs = [replace(leg, joined_at=now)]
    caller = flow.leg(flow.caller)
    if caller is not None and caller.joined_at is None:
        legs.append(replace(caller, joined_at=now))
    who = leg.party if session is None else session.operator
    answered = Fact(now, FactKind.ANSWERED, {"by": who})
    # A transfer from this talk must not wait for the person, phone or team of a direct number again.
    changes = NO_LONGER_DIRECT | {
        "answered_at": flow.call.answered_at or now,
        "bridge_id": bridge_id,
        "handled_by": leg.id,
        "returned_at": None,
    }
    transfer = flow.open_transfer
    if transfer is None:
        return Step(Stage.TALKING, (answered,), changes, tuple(legs))
    taken, _ = step(transfer, Taken(who or ""), now)
    flow.change_transfer(taken)
    changes["transfer_count"] = flow.call.transfer_count + int(taken.counted)
    return Step(Stage.TALKING, (answered, transfer_over(taken)), changes, tuple(legs))


def _back_to_queue(flow: Flow, why: str, **changes: Unpack[CallChanges]) -> Step:
    return queued(flow, {"operator_session": None, **changes}, [Fact(flow.now, FactKind.OFFER_FAILED, {"why": why})])


def _whisper_words(flow: Flow, session: OperatorSession, owed: CallbackRequest | None) -> tuple[str, ...]:
    """The words that an operator hears before the caller joins, also that this caller is owed a callback."""
    return (*_whisper(flow, session), *(callback_to_operator.HAS_REQUEST if owed is not None else ()))


def _whisper(flow: Flow, session: OperatorSession) -> tuple[str, ...]:
    """The whisper that this operator's team has chosen."""
    if flow.call.returned_at is not None:
        return to_operator.came_back(flow.call.municipality)
    whisper = team_for(flow.area, session.operator).whisper
    if whisper is Whisper.NONE:
        return ()
    return to_operator.whisper(None if whisper is Whisper.BEEP else flow.call.municipality)
