"""What a waiting caller is told: whose number it is, that all are busy, their place, that nobody is there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ari_app.calls.call.flow import Flow, Step
from ari_app.calls.callbacks.offer import due_at, note_offer, says_yes, to_be_called
from ari_app.calls.messages import Digit, Offer
from ari_app.core.call import ChoiceKind, Fact, FactKind
from ari_app.core.callbacks import RequestReason
from ari_app.prompts.phrases import caller as to_caller


async def say_what_is_due(flow: Flow) -> Step | None:
    """Tell the caller their place, or that nobody is there; the step out of the queue when patience is over."""
    call, now = flow.call, flow.now
    if call.wait_until_at is not None and call.wait_until_at <= now:
        return to_be_called(RequestReason.WAITING, None)
    if not flow.shell.dispatcher.anyone_for(call):
        if call.nobody_until_at is None:
            until = now + timedelta(seconds=flow.norms.nobody_grace_seconds)
            await flow.commit(Fact(now, FactKind.NOBODY_TOLD), nobody_until_at=until, last_told_at=now)
            await tell(flow, to_caller.NOBODY_YET)
        elif call.nobody_until_at <= now:
            return to_be_called(RequestReason.WAITING, None)
        return None
    if call.nobody_until_at is not None:
        await flow.commit(nobody_until_at=None)
    offer_at = due_at(flow)
    if offer_at is not None and offer_at <= now:
        await tell(flow, await note_offer(flow))
        return None
    if call.last_told_at is not None and now < _told_next(flow):
        return None
    position = flow.shell.dispatcher.position(call.id) or 1
    told = Fact(now, FactKind.POSITION_TOLD, {"position": position})
    await flow.commit(told, last_told_at=now, position_told=position)
    await tell(flow, to_caller.position(position))
    return None


def first_words(flow: Flow) -> tuple[str, ...]:
    """Whose number it is, where no question told; and that all are busy, which is not so where nobody is."""
    call = flow.call
    words: tuple[str, ...] = ()
    if call.choice is ChoiceKind.NUMBER and call.municipality is not None:
        words = to_caller.greeting(call.municipality)
    return (*words, *to_caller.ALL_BUSY) if flow.shell.dispatcher.anyone_for(call) else words


async def tell(flow: Flow, names: Sequence[str]) -> None:
    """Say it until a key is pressed or an operator is offered; an offer, or a yes, stays the next news."""
    if not names:
        return
    message = await flow.play(names, stop_on=(Digit, Offer))
    if message is not None and (isinstance(message, Offer) or says_yes(flow, message)):
        flow.mailbox.post_first(message)


def _told_next(flow: Flow) -> datetime:
    return (flow.call.last_told_at or flow.now) + timedelta(seconds=flow.norms.position_every_seconds)


def next_moment(flow: Flow) -> datetime:
    """When there is something to say or to end, if nothing happens before."""
    call = flow.call
    due = _told_next(flow) if call.nobody_until_at is None else call.nobody_until_at
    offer_at = None if call.nobody_until_at is not None else due_at(flow)
    due = due if offer_at is None else min(due, offer_at)
    return due if call.wait_until_at is None else min(due, call.wait_until_at)
