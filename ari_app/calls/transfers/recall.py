"""A transfer came to nothing: the caller goes back to whoever had them, or a step that was not written is not taken."""

from __future__ import annotations

from datetime import timedelta

from ari_app.calls.call.bridging import prompt_handling_party
from ari_app.calls.call.cleanup import transfer_over
from ari_app.calls.call.flow import Flow, Step
from ari_app.calls.call.next_step import DIRECT_SECONDS, queued, returning
from ari_app.core import routing
from ari_app.core.call import Fact, FactKind, Stage
from ari_app.core.command_traces import withdrawn
from ari_app.core.ids import Endpoint, EntryCode
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.transfer import CancelTransfer, Transfer
from ari_app.core.transfer_rules import step
from ari_app.prompts.phrases import operator as to_operator


async def come_back(flow: Flow, transfer: Transfer, facts: list[Fact]) -> Step:
    """The step back to the party that transferred the caller, or, if that is gone, to the front of the queue."""
    now = flow.now
    flow.shell.dispatcher.leave(flow.call.id)  # no operator is to be reserved for a caller who goes back
    changes = returning(flow)
    session_id = transfer.from_session
    if session_id is not None and flow.shell.registry.session(session_id) is not None:
        back = Fact(now, FactKind.CAME_BACK, {"to": transfer.from_party})
        return Step(Stage.CONNECTING, (*facts, back), changes | {"operator_session": session_id})
    endpoint = _phone(flow, transfer.from_party) if session_id is None else None
    if endpoint is not None:
        back = Fact(now, FactKind.CAME_BACK, {"to": transfer.from_party})
        until = now + timedelta(seconds=DIRECT_SECONDS)
        return Step(
            Stage.CONNECTING,
            (*facts, back),
            changes | {"direct_endpoint": endpoint, "direct_until_at": until},
        )
    return queued(flow, changes, [*facts, Fact(now, FactKind.CAME_BACK, {"to": "queue"})])


def _phone(flow: Flow, party: str) -> Endpoint | None:
    """The phone at which this colleague had the caller; ringing tells whether they are still there.

    `party` is an extension or the code of an entry, in whatever scope; or the phone itself, of a direct number.
    """
    number = routing.direct_number(flow.area, flow.call.dialled)
    if number is not None and party in (number.endpoint, number.deputy_endpoint):
        return Endpoint(party)
    entry = flow.area.by_extension.get(party) or flow.area.entries.get(EntryCode(party))
    return None if entry is None else entry.endpoint


async def withdraw(flow: Flow, transfer: Transfer) -> bool:
    """The store went away just now: nobody is called, and caller and handling party go on talking.

    False when the colleague is being reached already, or nobody waits to hear of it: that goes on, and the row follows.
    """
    target = flow.target
    if target is None or flow.shell.registry.is_owned(target.channel_id) or not transfer.in_presence:
        return False
    flow.note_never_created(target.channel_id)
    after, _ = step(transfer, CancelTransfer(), flow.now)
    flow.change_transfer(after)
    flow.note(withdrawn(transfer_over(after), flow.command_id))
    await refuse(flow)
    return True


async def refuse(flow: Flow) -> None:
    """What was asked for could not be written, and is not done."""
    flow.refuse_instead(RefusalReason.STORE_AWAY)
    await prompt_handling_party(flow, to_operator.refusal(RefusalReason.STORE_AWAY))
