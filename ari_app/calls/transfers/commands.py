"""Commands of the handling party about the caller: judged by the rules, committed, then answered.

A refusal is true at once, and so is answered at once. Any other answer is given by the commit that writes what the
command leads to: a process that dies in between has given no answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from ari_app.calls.call.bridging import prompt_handling_party
from ari_app.calls.call.flow import Flow
from ari_app.calls.call.survey import offered_by_person
from ari_app.calls.callbacks.commands import carry_out, confirmation
from ari_app.calls.messages import CommandAsked
from ari_app.calls.transfers.requests import LeaveStage, TransferBegun, start_transfer
from ari_app.core.ids import ChannelId, SessionId
from ari_app.core.operator_commands import (
    ACCEPTED,
    Answer,
    CallbackCommand,
    CallbackKey,
    CloseRequest,
    HoldOrResume,
    MakeCallback,
    MarkCallback,
    NextCallback,
    OfferSurvey,
    PromiseCallback,
    PutDown,
    RefusalReason,
    Refused,
    StartTransfer,
    TransferToQueue,
)
from ari_app.core.transfer import (
    CancelTransfer,
    CompleteTransfer,
    Conference,
    SwapParties,
    TransferCommand,
    TransferState,
)
from ari_app.prompts.phrases import operator as to_operator


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do but to commit what was noted."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class ToggleHold:
    """The caller is to be put on hold, or to be taken back into the talk."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """The call is to end, by the handling party's wish."""


#: what follows from a command; a TransferCommand is an event of the open transfer
Verdict = Refused | Done | ToggleHold | HangUp | TransferBegun | LeaveStage | TransferCommand


async def respond(flow: Flow, asked: CommandAsked) -> Verdict:
    """Judge a command and see to its answer; the stage carries out what is left to do."""
    flow.command_id = asked.command_id
    verdict = await _judge(flow, asked)
    match verdict:
        case Refused(reason, deputy):
            flow.answer_now(asked.answer, verdict)
            if flow.handling_party is not None and asked.by == flow.handling_party.channel_id:
                await prompt_handling_party(flow, to_operator.refusal(reason, deputy))
            await flow.commit_if_possible()
        case Done(answer):
            flow.answer_with_commit(asked.answer, answer)
            await flow.commit()
            if isinstance(asked.command, CallbackCommand):
                await prompt_handling_party(flow, confirmation(asked.command, answer))
            elif isinstance(asked.command, OfferSurvey):
                await prompt_handling_party(flow, to_operator.SURVEY_FOLLOWS)
        case _:
            flow.answer_with_commit(asked.answer, ACCEPTED)
    return verdict


async def _judge(flow: Flow, asked: CommandAsked) -> Verdict:
    if not _is_handling_party(flow, asked.by):
        return Refused(RefusalReason.NOT_YOURS)
    match asked.command:
        case StartTransfer() | TransferToQueue():
            return await start_transfer(flow, asked.command)
        case HoldOrResume():
            return _hold(flow, asked.command.is_for_hold)
        case PutDown():
            return Refused(RefusalReason.TRANSFER_OPEN) if flow.open_transfer is not None else HangUp()
        case SwapParties() | Conference() | CompleteTransfer() | CancelTransfer():
            return _of_open_transfer(flow, asked.command)
        case OfferSurvey():
            return Done(ACCEPTED) if offered_by_person(flow) else Refused(RefusalReason.NO_SURVEY)
        case NextCallback() | MakeCallback():
            return Refused(RefusalReason.TRANSFER_OPEN)
        case PromiseCallback() | CloseRequest() | MarkCallback() | CallbackKey():
            answer = await carry_out(flow, asked.command)
            return answer if isinstance(answer, Refused) else Done(answer)


def _hold(flow: Flow, is_for_hold: bool | None) -> Refused | ToggleHold | Done:
    if flow.open_transfer is not None:
        return Refused(RefusalReason.TRANSFER_OPEN)
    is_held = flow.call.held_at is not None
    if is_for_hold is is_held:
        return Done(ACCEPTED)  # it is so already
    return ToggleHold() if is_held or not flow.store_is_away else Refused(RefusalReason.STORE_AWAY)


def _is_handling_party(flow: Flow, by: SessionId | ChannelId) -> bool:
    leg = flow.handling_party
    return by == flow.call.operator_session or (leg is not None and by == leg.channel_id)


def _of_open_transfer(flow: Flow, command: TransferCommand) -> Refused | TransferCommand:
    transfer = flow.open_transfer
    if transfer is None:
        return Refused(RefusalReason.NO_TRANSFER)
    has_no_colleague = transfer.state in (TransferState.RINGING, TransferState.BRIEFING)
    if has_no_colleague and isinstance(command, SwapParties | Conference):
        return Refused(RefusalReason.NOT_YET)
    return Refused(RefusalReason.STORE_AWAY) if flow.store_is_away else command
