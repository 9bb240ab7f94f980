"""Keys of the handling party on a phone that the call owns: a rung operator's, or a colleague's.

The codes are the same as on a standing line, whose keys the operator's own task reads.
"""

from __future__ import annotations

from datetime import datetime

from ari_app.calls.call.bridging import end_music, pass_key, prompt_handling_party
from ari_app.calls.call.flow import Flow
from ari_app.calls.messages import (
    CommandAsked,
    Digit,
    KeyCommandGiven,
    KeyForOthers,
    Message,
    Played,
    PlayPrompt,
    PromptOver,
    PromptWanted,
)
from ari_app.core.keypad import CommandKey, ConsultPrompt, PlainKey
from ari_app.prompts.phrases import operator as to_operator


async def read_key(flow: Flow, digit: Digit) -> None:
    """Read a key of the handling party. A command about the caller is the next message of this call.

    One about the operator, such as a pause, is posted to their session; a colleague has none.
    """
    command = flow.read_key(digit.channel_id, digit.digit)
    match command:
        case None:
            return
        case CommandKey(wanted):
            flow.mailbox.post_first(CommandAsked(wanted, digit.channel_id, lambda answer: None))
        case ConsultPrompt():
            await prompt_handling_party(flow, to_operator.CONSULT_CHOICES)
        case PlainKey(digit=plain):
            await pass_key(flow, plain)
        case _:
            session = flow.session_mailbox(flow.call.operator_session)
            if session is not None:
                session.post(KeyCommandGiven(command))
                if words := to_operator.in_talk(command):
                    await prompt_handling_party(flow, words)  # their own task has no channel to play it on


def next_moment(flow: Flow) -> datetime | None:
    """When `tend` has something to do, if no message comes before."""
    return min((at for at in (flow.hint_due_at, flow.music_until, flow.retry_at) if at is not None), default=None)


async def tend(flow: Flow, message: Message | None) -> bool:
    """See to the prompts of the handling party, to the party that waits meanwhile, and to rows that are to follow.

    False: it is about none of these.
    """
    handling_party = flow.handling_party
    match message:
        case None:
            return await _say_what_a_code_needs(flow) or await _end_music_in_time(flow) or await _catch_up(flow)
        case PromptWanted(session_id=by, names=names):
            mailbox = flow.session_mailbox(by)
            if by == flow.call.operator_session:
                await prompt_handling_party(flow, names)
            elif mailbox is not None:
                mailbox.post(PlayPrompt(names))
        case KeyForOthers(session_id=by, digit=digit):
            if by == flow.call.operator_session:
                await pass_key(flow, digit)
        case PromptOver(session_id=by) if by == flow.call.operator_session:
            await end_music(flow)
        case Played(playback_id=over) if handling_party is not None:
            if flow.prompts_of.get(handling_party.channel_id) != over:
                return False
            await end_music(flow)
        case _:
            return False
    return True


async def _say_what_a_code_needs(flow: Flow) -> bool:
    key = flow.take_hint()
    if key is not None:
        await prompt_handling_party(flow, to_operator.incomplete_code(key))
    return key is not None


async def _end_music_in_time(flow: Flow) -> bool:
    is_due = flow.music_until is not None and flow.music_until <= flow.now
    if is_due:
        await end_music(flow)
    return is_due


async def _catch_up(flow: Flow) -> bool:
    is_due = flow.retry_at is not None and flow.retry_at <= flow.now
    if is_due:
        await flow.commit_if_possible()
    return is_due
