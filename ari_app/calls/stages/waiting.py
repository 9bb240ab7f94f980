"""In the queue: music and announcements, until an operator is offered or the caller's patience is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ari_app.calls.call.cleanup import destroy_left_bridges, leave_queue, transfer_over
from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.call.next_step import not_taken, rings_in_vain
from ari_app.calls.call.record import STORE_RETRY
from ari_app.calls.call.survey import agrees, note_agreement
from ari_app.calls.call.survey import due_at as survey_due_at
from ari_app.calls.callbacks.offer import accepts_offer, due_at, instead_of_waiting, open_offer, to_leaving_callback
from ari_app.calls.messages import Digit, Message, Offer
from ari_app.calls.transfers.recall import come_back
from ari_app.calls.transfers.transfer import part_from_handling_party
from ari_app.core.admission import Step as Overload
from ari_app.core.area import Reach
from ari_app.core.call import ChoiceKind, Fact, FactKind, Stage
from ari_app.core.callbacks import RequestReason
from ari_app.core.transfer import TimeUp
from ari_app.core.transfer_rules import step
from ari_app.prompts.phrases import caller as to_caller

#: a caller who hears ringing hears music after this at latest
LONGEST_RINGING = timedelta(seconds=40)
#: how often it is asked whether they may hear it now
LOOK_AGAIN = timedelta(seconds=4)


async def waiting(flow: Flow) -> Step | End:
    if flow.call.answered_at is not None and not flow.is_placed:
        # The caller leaves the previous party before another one may be offered; only then is that party free.
        await flow.commit()
        await flow.ensure_music()
        await part_from_handling_party(flow)
        await destroy_left_bridges(flow)
        flow.is_placed = True
    if rings_in_vain(flow):
        return not_taken(flow, "no_answer")
    flow.announced_at = flow.call.last_told_at
    ring_until = flow.call.direct_until_at
    sits_out = flow.is_on_hold and ring_until is None
    if not sits_out:
        flow.shell.dispatcher.wait(flow.call)
    flow.note_position(flow.shell.dispatcher.position(flow.call.id))
    if ring_until is not None:
        return await _hear_ringing(flow, ring_until)
    # An operator who is free is offered at once, and the caller goes on without waiting.
    message: Message | None = await _offer_in_mailbox(flow)
    if isinstance(message, Offer) and not (flow.is_on_hold or _has_to_wait(flow, message)):
        return _take(flow, message)
    await flow.commit()
    if not flow.is_placed and not _rings_instead(flow):
        await _begin_music(flow, is_greeted=message is None or flow.store_is_away)
    while sits_out or flow.is_on_hold or not isinstance(message, Offer):
        if sits_out or flow.is_on_hold:
            sits_out = False
            await _sit_out_hold(flow)
        elif accepts_offer(flow, message):
            return instead_of_waiting(flow)
        elif agrees(flow, message):
            await note_agreement(flow)
            await _announce(flow, to_caller.SURVEY_AGREED)
        if flow.is_behind:
            await flow.commit_or_hold()
        step = await _do_what_is_due(flow)
        if step is not None:
            return step
        message = await flow.next(flow.now if flow.is_behind else _next_due_at(flow))
    if flow.music_due_at is not None and message.reach is Reach.RING:
        await flow.ensure_music(is_needed=True)  # the phone may ring for long, on a line that is answered
    return _take(flow, message)


def _rings_instead(flow: Flow) -> bool:
    """Whether a caller hears ringing instead of music: with too many callers, as that costs Asterisk nothing.

    Not for so long that the network, or the caller, takes it for a number that nobody answers.
    """
    if flow.call.line_answered_at is not None or flow.call.calamity or flow.store_is_away:
        return False  # after words on a line that is not answered there would be silence instead
    since = flow.call.queued_at or flow.call.arrived_at
    return flow.shell.admission.step >= Overload.RINGING and flow.now < since + LONGEST_RINGING


async def _begin_music(flow: Flow, *, is_greeted: bool) -> None:
    await flow.ensure_music()
    if flow.call.last_told_at is None and is_greeted:
        await _announce(flow, _greeting(flow))


def _has_to_wait(flow: Flow, offer: Offer) -> bool:
    """Whether a caller hears music first, although somebody is free: a phone rings long, and a store may be away long.

    One who heard music before, and was taken out of it, would be in silence.
    """
    rings_long = flow.call.line_answered_at is not None and offer.reach is Reach.RING
    return rings_long or flow.store_is_away or (flow.call.has_music and not flow.is_placed)


async def _offer_in_mailbox(flow: Flow) -> Offer | None:
    while (message := await flow.next(flow.now)) is not None:
        if isinstance(message, Offer):
            return message
    return None


async def _sit_out_hold(flow: Flow) -> None:
    """The caller's phone has us on hold: an operator would hear nobody, and the caller would hear no announcement.

    Until they are back, or have waited for as long as anybody may. They keep their place, and lose no operator.
    """
    await leave_queue(flow)
    await flow.commit()
    while flow.is_on_hold and await flow.next(flow.call.wait_until_at) is not None:
        pass
    if not flow.is_on_hold:
        flow.shell.dispatcher.wait(flow.call)
    await flow.commit()


async def _hear_ringing(flow: Flow, until: datetime) -> Step:
    """A direct number of a person or a team: the caller hears it ring, and pays nothing, until somebody takes it."""
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
    is_rung = offer.reach is Reach.RING
    fact = Fact(flow.now, FactKind.OFFERED, {"operator": offer.operator, "ring": is_rung, "overflow": offer.overflow})
    return Step(Stage.CONNECTING, (fact,), {"operator_session": offer.session_id})


# --- announcements ---


def _greeting(flow: Flow) -> tuple[str, ...]:
    """The municipality's name, where no menu named it; and that all are busy, which is not so where nobody is."""
    call = flow.call
    words: tuple[str, ...] = ()
    if call.choice is ChoiceKind.NUMBER and call.municipality is not None:
        words = to_caller.greeting(call.municipality)
    is_busy = flow.shell.dispatcher.anyone_for(call) and not flow.store_is_away
    return (*words, *to_caller.ALL_BUSY) if is_busy else words


async def _do_what_is_due(flow: Flow) -> Step | None:
    """Announce the position, that nobody is there, or the offer of a callback; the step out when patience is over.

    While the store is away nobody is sent out of the queue, or offered what could not be promised.
    Raises StoreUnavailable when it is away for too long.
    """
    flow.require_open_door()
    if flow.music_due_at is not None and flow.music_due_at <= flow.now:
        await flow.ensure_music()
    is_ringing = _rings_instead(flow)
    if flow.call.line_answered_at is None and not is_ringing:
        await _begin_music(flow, is_greeted=True)
    call, now, is_away = flow.call, flow.now, flow.store_is_away
    if call.wait_until_at is not None and call.wait_until_at <= now and not is_away:
        return to_leaving_callback(RequestReason.WAITING, None)
    if not flow.shell.dispatcher.anyone_for(call):
        if call.nobody_until_at is None:
            until = now + timedelta(seconds=flow.norms.nobody_grace_seconds)
            await flow.commit(nobody_until_at=until)
            flow.announced_at = now
            if not is_ringing and await _announce(flow, to_caller.NOBODY_YET):
                await flow.commit(Fact(flow.now, FactKind.NOBODY_TOLD), last_told_at=flow.now)
        elif call.nobody_until_at <= now and not is_away:
            return to_leaving_callback(RequestReason.WAITING, None)
        return None
    if call.nobody_until_at is not None:
        await flow.commit(nobody_until_at=None)
    offer_at, survey_at = due_at(flow), survey_due_at(flow)
    if is_ringing:
        return None
    if offer_at is not None and offer_at <= now and not is_away:
        await _offer_callback(flow)
    elif survey_at is not None and survey_at <= now and not is_away and flow.shell.admission.has_extras:
        await _offer_survey(flow)
    elif flow.announced_at is None or now >= _next_position_at(flow):
        position = flow.shell.dispatcher.position(call.id) or 1
        flow.announced_at = now
        if flow.shell.admission.has_extras and await _announce(flow, to_caller.position(position)):
            fact = Fact(flow.now, FactKind.POSITION_TOLD, {"position": position})
            await flow.commit(fact, last_told_at=flow.now, position_told=position)
    return None


async def _offer_callback(flow: Flow) -> None:
    """Ask whether they want to be called back. The key means yes from the first word on, and is an answer to it."""
    words, asked = await open_offer(flow)
    if await _announce(flow, words, is_question=True):
        await flow.commit(asked)


async def _offer_survey(flow: Flow) -> None:
    """Ask whether they will answer questions after the talk. One who did not hear it was not asked."""
    await flow.commit(survey_asked_at=flow.now)
    if await _announce(flow, to_caller.SURVEY_OFFER, is_question=True):
        await flow.commit(Fact(flow.now, FactKind.SURVEY_OFFERED))
    else:
        flow.note(survey_asked_at=None)


async def _announce(flow: Flow, names: Sequence[str], *, is_question: bool = False) -> bool:
    """Play it until a key is pressed or an operator is offered; whether it was heard to its end, or answered.

    An offer, or a yes, is the next message again.
    """
    message = await flow.play(names, stop_on=(Digit, Offer))
    is_yes = accepts_offer(flow, message) or agrees(flow, message)
    if message is not None and (isinstance(message, Offer) or is_yes):
        flow.mailbox.post_first(message)
    return flow.was_heard or (is_question and is_yes)


def _next_position_at(flow: Flow) -> datetime:
    return (flow.announced_at or flow.now) + timedelta(seconds=flow.norms.position_every_seconds)


def _next_due_at(flow: Flow) -> datetime:
    """When `_do_what_is_due` has something to do, if nothing happens before."""
    call = flow.call
    if _rings_instead(flow):
        return flow.now + LOOK_AGAIN
    due = _next_position_at(flow) if call.nobody_until_at is None else call.nobody_until_at
    offer_at = None if call.nobody_until_at is not None else due_at(flow)
    due = due if offer_at is None else min(due, offer_at)
    survey_at = survey_due_at(flow) if call.nobody_until_at is None and flow.shell.admission.has_extras else None
    due = due if survey_at is None else min(due, survey_at)
    due = due if call.wait_until_at is None else min(due, call.wait_until_at)
    due = due if flow.music_due_at is None else min(due, flow.music_due_at)
    return max(due, flow.now + STORE_RETRY) if flow.store_is_away else due
