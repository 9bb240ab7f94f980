"""The caller is asked whether to be called back, by which municipality and on which number, and hears the promise."""

from __future__ import annotations

from dataclasses import replace

from ari_app.calls.call.announcements import announce, announce_calamity
from ari_app.calls.call.cleanup import leave_queue
from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.call.gather import ask_key
from ari_app.calls.call.next_step import after_choice, queued
from ari_app.calls.callbacks.number import confirmed_number
from ari_app.calls.callbacks.offer import YES
from ari_app.calls.callbacks.requests import agreed_request, is_within_limits
from ari_app.core import routing
from ari_app.core.call import ChoiceKind, EndReason, Fact, FactKind
from ari_app.core.call_changes import CallChanges
from ari_app.core.callback_offers import ends_without, is_offered_to, shared_number_with_offers
from ari_app.core.callbacks import Created, RequestKind, RequestReason
from ari_app.prompts.phrases import callback_caller as callback_to_caller
from ari_app.prompts.phrases import caller as to_caller

_WHY = {EndReason.WAITED_TOO_LONG: to_caller.WAITED_LONG, EndReason.NOBODY_AVAILABLE: to_caller.NOBODY_HERE}
_ANNOUNCED = {EndReason.WAITED_TOO_LONG: "too_long", EndReason.NOBODY_AVAILABLE: "nobody"}
_NOT_AGREED: CallChanges = {"callback_reason": None, "callback_kind": None}


async def leaving_callback(flow: Flow) -> Step | End:
    await leave_queue(flow)
    await flow.answer()
    if flow.call.has_music and not flow.is_behind:  # a later process that knows them as waiting leaves them so
        await flow.stop_unfinished_prompt()
        await flow.shell.switch.ensure_no_music(flow.caller)
    if flow.call.pii_callback_number is None:
        if flow.call.callback_kind is None and not await _agrees(flow):
            return End(ends_without(flow.call) or EndReason.NOBODY_AVAILABLE)
        if not await _has_municipality(flow) or not await _has_number(flow):
            return await _goes_on(flow)
    made = await agreed_request(flow)
    if made is None:
        return await _goes_on(flow)
    await _announce_promise(flow, made)
    return End(EndReason.CALLBACK_PROMISED)


async def _agrees(flow: Flow) -> bool:
    """Say why nobody answers, where that was not said yet, and ask whether the caller agrees on a callback."""
    call, now = flow.call, flow.now
    why = ends_without(call)
    first = () if why is None else _WHY.get(why, ())
    is_asked = is_offered_to(flow.area, call, now) and not flow.store_is_away
    key = None
    if is_asked:
        await flow.commit(callback_offered_at=now)
        reason = call.callback_reason or RequestReason.WAITING
        asked = Fact(now, FactKind.CALLBACK_OFFERED, {"reason": reason.value, "kind": RequestKind.PROMISE.value})
        key = await ask_key(flow, (*first, *callback_to_caller.offer(RequestKind.PROMISE)), YES, asked)
    if key is None:
        await flow.play(to_caller.GOODBYE if is_asked else (*first, *to_caller.GOODBYE))
    if why in _ANNOUNCED and (key is not None or flow.was_heard):
        await flow.commit(Fact(flow.now, FactKind.ANNOUNCED, {"what": _ANNOUNCED[why]}))
    if key is None:
        return False
    await flow.commit(callback_kind=RequestKind.PROMISE)
    return True


async def _has_municipality(flow: Flow) -> bool:
    """Ask for the municipality where it is not known: somebody has to keep the promise."""
    if flow.store_is_away:
        return False
    if flow.call.municipality is not None:
        return is_offered_to(flow.area, flow.call, flow.now)
    shared = shared_number_with_offers(flow.area, flow.call.shared_number, flow.now)
    keys = [str(member.key) for member in shared.members]
    key = await ask_key(flow, to_caller.which_municipality(shared), keys)
    municipality = None if key is None else routing.choose(shared, key)
    if municipality is None:
        return False
    chosen = {"municipality": municipality, "how": ChoiceKind.KEY.value}
    admission = routing.admit(flow.area, municipality, flow.call.shared_number, flow.now)
    texts = () if flow.call.calamity else admission.calamities
    await flow.commit(
        Fact(flow.now, FactKind.MUNICIPALITY_CHOSEN, chosen),
        municipality=municipality,
        choice=ChoiceKind.KEY,
        calamity=flow.call.calamity or bool(texts),
    )
    for calamity in texts:
        await announce_calamity(flow, calamity)
    return True


async def _has_number(flow: Flow) -> bool:
    """Ask for the number. Once a confirmed number is committed, it is a promise; False when the store is away."""
    if flow.store_is_away or not await is_within_limits(flow):
        return False
    found = await confirmed_number(flow)
    if found is None:
        return False
    number, how = found
    if not await is_within_limits(flow, number):
        return False
    await flow.commit(pii_callback_number=number, callback_confirmed_how=how)
    return True


async def _goes_on(flow: Flow) -> Step | End:
    """No callback was agreed on: a caller who can wait goes on waiting, with the place they had."""
    call, end = flow.call, ends_without(flow.call)
    if end is not None:
        await flow.play((*callback_to_caller.NO_USE, *to_caller.GOODBYE))
        return End(end)
    await flow.play(callback_to_caller.NO_USE)
    if call.queued_at is not None:
        if call.has_music:
            await flow.ensure_music()  # before the row says so: a process that finds them waiting leaves them so
        return queued(flow, _NOT_AGREED, [])
    municipality = call.municipality or routing.default_choice(flow.area, call.shared_number, flow.now)
    how = call.choice or ChoiceKind.DEFAULT
    step = after_choice(flow, municipality, how)
    return replace(step, changes={**step.changes, **_NOT_AGREED})


async def _announce_promise(flow: Flow, made: Created) -> None:
    request = made.request
    if flow.call.callback_reference is None:
        detail = {"reference": request.reference, "kind": request.kind.value, "joined": made.joined}
        await flow.commit(Fact(flow.now, FactKind.CALLBACK_REQUESTED, detail), callback_reference=request.reference)
    words = callback_to_caller.promise(request.kind, request.deadline_at, request.reference, flow.now)
    await announce(flow, words, "promise")
