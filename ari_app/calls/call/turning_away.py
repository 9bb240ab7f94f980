"""A caller for whom this machine has no room: told why, and called back, instead of waiting.

Whoever hears that they are called back has a request that is stored.
"""

from __future__ import annotations

from collections.abc import Collection

from ari_app.calls.call.announcements import announce
from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.callbacks.requests import agreed_request, is_within_limits
from ari_app.core.admission import Verdict
from ari_app.core.call import EndReason, Fact, FactKind, Stage
from ari_app.core.call_changes import CallChanges
from ari_app.core.callback_offers import is_offered_to
from ari_app.core.callback_requests import callback_number
from ari_app.core.callbacks import CallbackRequest, Confirmed, RequestKind, RequestReason
from ari_app.core.causes import Cause
from ari_app.core.ids import MunicipalityCode
from ari_app.core.tariffs import Forbidden
from ari_app.prompts.phrases import callback_caller as callback_to_caller
from ari_app.prompts.phrases import caller as to_caller

#: the network may say so, or lead the call elsewhere
BUSY = End(EndReason.TURNED_AWAY, Cause.BUSY)


def hears_busy(flow: Flow, municipalities: Collection[MunicipalityCode]) -> bool:
    """Whether there is not even room to tell this caller why; one who just arrived."""
    is_busy = flow.shell.admission.verdict(flow.call, municipalities) is Verdict.BUSY
    if is_busy:
        flow.shell.admission.turned_away(flow.call, is_told=False)
    return is_busy


def is_turned_away(flow: Flow, municipalities: Collection[MunicipalityCode]) -> bool:
    """Whether there is no room for this caller, who chose one of these municipalities.

    Whoever waited or talked already keeps what they have.
    """
    if flow.call.queued_at is not None or flow.call.answered_at is not None:
        return False
    is_admitted = flow.shell.admission.verdict(flow.call, municipalities) is Verdict.ADMITTED
    if not is_admitted:
        flow.shell.admission.turned_away(flow.call, is_told=True)
    return not is_admitted


def to_turning_away(changes: CallChanges, facts: list[Fact]) -> Step:
    """The step to the announcement; a process that resumes it goes on by `callback_reason`."""
    return Step(Stage.ANNOUNCING, tuple(facts), changes | {"callback_reason": RequestReason.OVERLOAD})


async def turn_away(flow: Flow) -> End:
    """Say why nobody answers, and by when they are called back. On a line that is not answered this costs nothing."""
    promised = await _promised(flow)
    if promised is None:
        words = (*to_caller.ALL_LINES_BUSY, *to_caller.GOODBYE)
    else:
        words = (
            *to_caller.ALL_LINES_BUSY,
            *callback_to_caller.instead_of_the_queue(promised.deadline_at, flow.now),
        )
    await announce(flow, words, "overload")
    return BUSY


async def _promised(flow: Flow) -> CallbackRequest | None:
    """The request of this caller, stored; None where nobody is called back, or nobody knows on which number."""
    call = flow.call
    if call.pii_callback_number is None:
        if call.municipality is None or flow.store_is_away or not is_offered_to(flow.area, call, flow.now):
            return None
        number = None if call.pii_caller_number is None else callback_number(call.pii_caller_number, flow.area)
        if number is None or isinstance(number, Forbidden) or not await is_within_limits(flow, number):
            return None
        await flow.commit(
            pii_callback_number=number,
            callback_confirmed_how=Confirmed.UNCONFIRMED,
            callback_kind=RequestKind.PROMISE,
        )
    made = await agreed_request(flow)
    if made is None:
        return None
    if flow.call.callback_reference is None:
        detail = {"reference": made.request.reference, "kind": made.request.kind.value, "joined": made.joined}
        await flow.commit(
            Fact(flow.now, FactKind.CALLBACK_REQUESTED, detail), callback_reference=made.request.reference
        )
    return made.request
