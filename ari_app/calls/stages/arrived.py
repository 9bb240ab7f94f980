"""A call arrived: the dialled number decides whether to ask for the municipality, the hour whether it is open."""

from __future__ import annotations

from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.call.next_step import after_choice
from ari_app.calls.call.turning_away import BUSY, hears_busy
from ari_app.calls.errors import PartyLeft
from ari_app.core import routing
from ari_app.core.call import ChoiceKind, EndReason, Stage
from ari_app.core.call_changes import CallChanges
from ari_app.core.causes import Cause
from ari_app.prompts.phrases import caller as to_caller


async def arrived(flow: Flow) -> Step | End:
    entry = routing.entry(flow.area, flow.call.dialled, flow.now)
    if hears_busy(flow, routing.municipalities_of(entry)):
        return BUSY
    match entry:
        case routing.AskMunicipality(shared):
            changes: CallChanges = {"shared_number": shared.digits}
            if not isinstance(routing.admit_shared(flow.area, shared, flow.now), routing.Open):
                return Step(Stage.ANNOUNCING, changes=changes)
            return Step(Stage.CHOOSING, changes=changes)
        case routing.Known(municipality, shared_number):
            return after_choice(flow, municipality, ChoiceKind.NUMBER, shared_number=shared_number)
        case routing.Direct(number):
            return after_choice(flow, number.municipality, ChoiceKind.NUMBER, direct=number)
        case routing.NotServed():
            return await _not_served(flow)


async def _not_served(flow: Flow) -> End:
    """Played as early media: a caller who was sent to us by mistake pays nothing."""
    await flow.commit()
    try:
        await flow.play(to_caller.NOT_SERVED)
    except PartyLeft:
        if not await flow.caller_departed():
            raise
    return End(EndReason.NOT_SERVED, Cause.UNALLOCATED_NUMBER)
