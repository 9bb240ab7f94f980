"""In the queue: music, a place that is told, until an operator is offered or the caller's patience is over."""

from __future__ import annotations

from datetime import datetime

from ari_app.calls.call.cleanup import transfer_over
from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.call.next_step import not_taken, rings_in_vain
from ari_app.calls.callbacks.offer import instead_of_waiting, says_yes
from ari_app.calls.messages import Message, Offer
from ari_app.calls.stages.telling import first_words, next_moment, say_what_is_due, tell
from ari_app.calls.transfers.recall import come_back
from ari_app.calls.transfers.transfer import part_from_handling_party
from ari_app.core.area import Reach
from ari_app.core.call import Fact, FactKind, Stage
from ari_app.core.transfer import TimeUp
from ari_app.core.transfer_rules import step


async def waiting(flow: Flow) -> Step | End:
    if flow.call.answered_at is not None and not flow.is_placed:
        # Away from who had them before somebody else may be offered; and then those are free.
        await flow.commit()
        await _ensure_music(flow)
        await part_from_handling_party(flow)
        flow.is_placed = True
    if rings_in_vain(flow):
        return not_taken(flow, "no_answer")
    flow.shell.dispatcher.wait(flow.call)
    ring_until = flow.call.direct_until_at
    if ring_until is not None:
        return await _hear_ringing(flow, ring_until)
    # A caller for whom somebody is free is not made to wait: the offer is in the mailbox already.
    message: Message | None = await _offer_in_mailbox(flow)
    if isinstance(message, Offer) and not (flow.call.line_answered_at is not None and message.reach is Reach.RING):
        return _take(flow, message)
    await flow.commit()
    if not flow.is_placed:
        await _ensure_music(flow)
        if message is None and flow.call.last_told_at is None:
            await tell(flow, first_words(flow))
    while not isinstance(message, Offer):
        if says_yes(flow, message):
            return instead_of_waiting(flow)
        step = await say_what_is_due(flow)
        if step is not None:
            return step
        message = await flow.next(next_moment(flow))
    return _take(flow, message)


async def _offer_in_mailbox(flow: Flow) -> Offer | None:
    while (message := await flow.next(flow.now)) is not None:
        if isinstance(message, Offer):
            return message
    return None


async def _ensure_music(flow: Flow) -> None:
    """Among the waiting; also while a phone rings for a caller whose line is taken: silence sounds like a fault."""
    await flow.answer()
    await flow.stop_unfinished_prompt()
    if not flow.call.has_music:
        await flow.commit(has_music=True)
    await flow.shell.switch.ensure_waiting(flow.caller)


async def _hear_ringing(flow: Flow, until: datetime) -> Step:
    """A direct number: the caller hears it ring, and does not pay, until that person or team takes it."""
    await flow.commit()
    while (message := await flow.next(until)) is not None:
        if isinstance(message, Offer):
            return _take(flow, message)
    transfer = flow.open_transfer
    if transfer is not None:
        over, _ = step(transfer, TimeUp(), flow.now)
        return await come_back(flow, flow.change_transfer(over), [transfer_over(over)])
    return not_taken(flow, "no_answer")


def _take(flow: Flow, offer: Offer) -> Step:
    flow.shell.dispatcher.taken(flow.call.id)
    fact = Fact(flow.now, FactKind.OFFERED, {"operator": offer.operator, "ring": offer.reach is Reach.RING})
    return Step(Stage.CONNECTING, (fact,), {"operator_session": offer.session_id})
