"""Keys of the handling party on a phone that the call owns: a rung operator's, or a colleague's.

The codes are the same as on a standing line, whose keys the operator's own task reads.
"""

from __future__ import annotations

from ari_app.calls.call.bridging import prompt_handling_party
from ari_app.calls.call.flow import Flow
from ari_app.calls.messages import CommandAsked, Digit, KeyCommandGiven
from ari_app.core.keypad import CommandKey, ConsultPrompt
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
        case _:
            session = flow.session_mailbox(flow.call.operator_session)
            if session is not None:
                session.post(KeyCommandGiven(command))
                if words := to_operator.in_talk(command):
                    await prompt_handling_party(flow, words)  # their own task has no channel to play it on


async def hint(flow: Flow) -> bool:
    """Say which keys half a code of the handling party needs; False when none is due."""
    key = flow.take_hint()
    if key is not None:
        await prompt_handling_party(flow, to_operator.incomplete_code(key))
    return key is not None
