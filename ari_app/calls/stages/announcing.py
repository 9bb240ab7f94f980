"""What must be said before, or instead of, an operator: a calamity text, or when we open."""

from __future__ import annotations

from collections.abc import Sequence

from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.call.next_step import admitted
from ari_app.calls.callbacks.offer import staying
from ari_app.core import routing
from ari_app.core.call import EndReason, Fact, FactKind
from ari_app.core.callbacks import RequestReason
from ari_app.core.causes import Cause
from ari_app.prompts.phrases import caller as to_caller
from ari_app.prompts.phrases.parts import municipality_name


async def announcing(flow: Flow) -> Step | End:
    """Said as early media where the line is not answered yet, so that it costs the caller nothing (AV §8)."""
    call, now = flow.call, flow.now
    admission = routing.admit(flow.area, call.municipality, call.shared_number, now)
    if admission.calamities and not call.calamity:
        await flow.store(calamity=True)
    for calamity in admission.calamities:
        whose = municipality_name(calamity.municipality) if call.municipality is None else ()
        await _say(flow, (*whose, *to_caller.calamity(calamity.text)), "calamity")
    match admission:
        case routing.CalamityOnly():
            return await staying(flow, End(EndReason.CALAMITY, Cause.NO_ANSWER), RequestReason.CALAMITY)
        case routing.Closed(opens_at=opens_at):
            await _say(flow, to_caller.closed(call.municipality, opens_at, now), "closed")
            return await staying(flow, End(EndReason.CLOSED, Cause.NO_ANSWER), RequestReason.CLOSED)
        case routing.Open():
            return admitted(flow, {}, [])


async def _say(flow: Flow, names: Sequence[str], what: str) -> None:
    await flow.play(names)
    await flow.store(Fact(flow.now, FactKind.ANNOUNCED, {"what": what}))
