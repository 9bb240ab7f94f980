"""Announcements before a caller gets an operator, or instead: a calamity text, and when the municipality opens."""

from __future__ import annotations

from ari_app.calls.call.announcements import announce, announce_calamity
from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.call.next_step import admitted
from ari_app.calls.call.turning_away import turn_away
from ari_app.calls.callbacks.offer import offer_after_announcement
from ari_app.core import routing
from ari_app.core.call import EndReason
from ari_app.core.callbacks import RequestReason
from ari_app.core.causes import Cause
from ari_app.prompts.phrases import caller as to_caller


async def announcing(flow: Flow) -> Step | End:
    """A line that is not answered yet hears them as early media, which costs the caller nothing (AV §8)."""
    call, now = flow.call, flow.now
    if call.callback_reason is RequestReason.OVERLOAD:
        return await turn_away(flow)
    admission = routing.admit(flow.area, call.municipality, call.shared_number, now)
    if admission.calamities and not call.calamity:
        await flow.commit(calamity=True)
    heard = [await announce_calamity(flow, calamity) for calamity in admission.calamities]
    match admission:
        case routing.CalamityOnly():
            if not any(heard):
                await flow.play(to_caller.CANNOT_HELP)  # nobody is sent away in silence
            return await offer_after_announcement(
                flow, End(EndReason.CALAMITY, Cause.NO_ANSWER), RequestReason.CALAMITY
            )
        case routing.Closed(opens_at=opens_at):
            await announce(flow, to_caller.closed(call.municipality, opens_at, now), "closed")
            return await offer_after_announcement(flow, End(EndReason.CLOSED, Cause.NO_ANSWER), RequestReason.CLOSED)
        case routing.Open():
            return admitted(flow, {}, [])
