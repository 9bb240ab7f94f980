"""The outbound call of a callback: the operator is briefed first, then the citizen's phone rings."""

from __future__ import annotations

from datetime import timedelta

import structlog

from ari_app.calls.call.bridging import start_prompt
from ari_app.calls.call.flow import End, Flow
from ari_app.calls.call.ringing import CalledPhone, Ringing, create_phone
from ari_app.calls.callbacks.attempts import lease_owner_of, record_answer
from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.calls.messages import Entered, Left, OperatorGone, OperatorReady, PlayPrompt, TakeCall
from ari_app.core.call import EndReason, Leg
from ari_app.core.causes import Cause
from ari_app.core.ids import OperatorNumber, tone_id_of
from ari_app.core.ledger import CallbackRefused
from ari_app.core.operators import OperatorSession
from ari_app.core.outbound import shown_number
from ari_app.prompts.phrases import callback_operator as callback_to_operator

log = structlog.get_logger(__name__)

#: how long a citizen's phone rings: shorter than most voicemails wait
RING_SECONDS = 25
#: an operator's session that does not answer for so long is taken for gone; a note may be long
LISTEN_PATIENCE = timedelta(seconds=90)
#: how much of a note is spoken, in about half a minute; the screen shows all of it
SPOKEN_NOTE_CHARACTERS = 400


async def brief_operator(flow: Flow, session: OperatorSession) -> OperatorReady | None:
    """An operator on a standing line hears municipality, subject and note; None when they are gone."""
    mailbox = flow.session_mailbox(session.id)
    if mailbox is None:
        return None
    mailbox.post(TakeCall(flow.call.id, await briefing(flow), wanted=True))
    phone = CalledPhone(flow.shell.switch, flow.caller)
    until = flow.now + LISTEN_PATIENCE
    while True:
        match await flow.next(until):
            case Entered() as message:  # created by a process before this one
                if await phone.heard(message) is Ringing.UNREACHABLE:
                    raise PartyLeft(flow.caller)
            case OperatorReady(session_id=ready) as found if ready == session.id:
                mailbox.post(PlayPrompt(callback_to_operator.CALLING, tone_id_of(flow.call.id, flow.call.last_seq)))
                return found
            case OperatorGone(session_id=gone) if gone == session.id:
                return None
            case None:
                return None


async def briefing(flow: Flow) -> tuple[str, ...]:
    """The prompts for the operator before the citizen is called; none when the citizen's phone rings already."""
    if flow.call.wait_until_at is not None:
        return ()
    call = flow.call
    request_id, municipality = call.callback_request, call.municipality
    assert request_id is not None and municipality is not None
    request = await flow.shell.callbacks.request(request_id)
    subject: tuple[str, ...] = ()
    note: tuple[str, ...] = ()
    if request is not None:
        subject = await flow.shell.voice.say(request.subject) if request.subject else ()
        spoken = request.pii_note[:SPOKEN_NOTE_CHARACTERS]
        note = await flow.shell.voice.say(spoken) if spoken else ()
    return callback_to_operator.announced(municipality, subject, note)


async def prompt_operator(flow: Flow, leg: Leg, names: tuple[str, ...]) -> None:
    """Start a prompt to the operator while the citizen's phone rings; no names: stop the one that plays."""
    mailbox = flow.session_mailbox(flow.call.operator_session)
    if leg.owns_channel:
        await start_prompt(flow, leg.channel_id, names)
    elif mailbox is not None:
        mailbox.post(PlayPrompt(names, tone_id_of(flow.call.id, flow.call.last_seq) if names else None))


async def call_citizen(flow: Flow, operator: OperatorNumber, leg: Leg) -> End | None:
    """Ring the citizen's phone; None when they picked up. After a restart it rings on."""
    refused = await _start_attempt(flow, operator)
    if refused is not None:
        return refused
    if not flow.is_here(flow.caller):
        return End(EndReason.CALLBACK_GIVEN_UP)
    if flow.call.wait_until_at is None:
        await flow.commit(wait_until_at=flow.now + timedelta(seconds=RING_SECONDS))
        refused = await _create_phone(flow)
        if refused is not None:
            return refused
    phone = CalledPhone(flow.shell.switch, flow.caller)
    while flow.call.line_answered_at is None:
        message = await flow.next(flow.call.wait_until_at)
        match await phone.heard(message):
            case Ringing.UNREACHABLE:
                raise PartyLeft(flow.caller)
            case Ringing.TIME_UP if phone.is_dial_refused:
                return End(EndReason.CALLBACK_GIVEN_UP, Cause.NO_ANSWER)
            case Ringing.TIME_UP:
                return End(EndReason.CALLBACK_NOT_ANSWERED, Cause.NO_ANSWER)
        match message:
            case OperatorGone(session_id=gone) if gone == flow.call.operator_session:
                return End(EndReason.CALLBACK_GIVEN_UP, Cause.NO_ANSWER)
            case Left(channel_id=left) if left == leg.channel_id:
                return End(EndReason.CALLBACK_GIVEN_UP, Cause.NO_ANSWER)
    await record_answer(flow)
    return None


async def _start_attempt(flow: Flow, operator: OperatorNumber) -> End | None:
    """Commit the attempt before anybody is dialled: after a crash in between the citizen is not called twice."""
    call = flow.call
    if call.callback_attempt is not None:
        return None
    assert call.callback_request is not None
    try:
        attempt = await flow.shell.callbacks.start_attempt(
            call.callback_request, lease_owner_of(call.id), operator, call.id, flow.now
        )
    except CallbackRefused as error:
        log.info("callback_refused", call_id=str(call.id), error=str(error))
        return End(EndReason.CALLBACK_GIVEN_UP)
    await flow.commit(callback_attempt=attempt.id)
    return None


async def _create_phone(flow: Flow) -> End | None:
    number = flow.call.pii_caller_number
    endpoint = None if number is None else flow.shell.switch.outside(number)
    shown = shown_number(flow.area, flow.call.municipality, flow.call.shared_number)
    error = "nobody can be called there"
    try:
        if await create_phone(flow, flow.caller, endpoint, shown):
            return None
    except SwitchUnavailable as refusal:
        error = str(refusal)
    log.warning("citizen_not_called", call_id=str(flow.call.id), error=error)
    return End(EndReason.CALLBACK_GIVEN_UP)
