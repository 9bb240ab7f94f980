"""The step after the municipality is known: announcement, direct number or queue, as `core.routing` decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ari_app.calls.call.flow import Flow, Step
from ari_app.calls.call.turning_away import is_turned_away, to_turning_away
from ari_app.core import routing
from ari_app.core.area import DirectNumber
from ari_app.core.call import Call, ChoiceKind, Fact, FactKind, Stage
from ari_app.core.call_changes import NO_LONGER_DIRECT, WITH_NOBODY, CallChanges
from ari_app.core.ids import MunicipalityCode
from ari_app.core.operators import OperatorState

#: a direct number that is not answered for so long goes to its deputy, and then to the municipality's queue
DIRECT_SECONDS = 20


def after_choice(
    flow: Flow,
    municipality: MunicipalityCode | None,
    choice: ChoiceKind,
    *,
    shared_number: str | None = None,
    direct: DirectNumber | None = None,
) -> Step:
    """The step that follows when the municipality is known (None: any operator of the shared number will do)."""
    now = flow.now
    changes: CallChanges = {"municipality": municipality, "choice": choice}
    if shared_number is not None:
        changes["shared_number"] = shared_number
    if direct is not None:
        changes |= {
            "only_operator": direct.operator,
            "only_team": direct.team,
            "direct_endpoint": direct.endpoint,
        }
    facts = [Fact(now, FactKind.MUNICIPALITY_CHOSEN, {"municipality": municipality, "how": choice.value})]
    admission = routing.admit(flow.area, municipality, shared_number or flow.call.shared_number, now)
    if admission.calamities or isinstance(admission, routing.Closed):
        return Step(Stage.ANNOUNCING, tuple(facts), changes | {"calamity": bool(admission.calamities)})
    return admitted(flow, changes, facts)


def admitted(flow: Flow, changes: CallChanges, facts: list[Fact]) -> Step:
    """The step into a direct number's ring, or into the queue; with no room for one more caller, to being told so."""
    call = replace(flow.call, **changes)
    if is_turned_away(flow, _answering(flow, call)):
        return to_turning_away(changes, facts)
    target = routing.Target(call.only_operator, call.only_team, call.direct_endpoint)
    if target == routing.Target():
        return queued(flow, changes, facts)
    return _ring(flow, target, changes, facts)


def _answering(flow: Flow, call: Call) -> frozenset[MunicipalityCode]:
    """The municipalities of which one is to answer this call."""
    if call.municipality is not None:
        return frozenset({call.municipality})
    shared = routing.offered(flow.area, call.shared_number, flow.now)
    return frozenset(member.municipality for member in shared.members)


def not_taken(flow: Flow, why: str) -> Step:
    """The step after the person, phone or team of a direct number did not take the call: the deputy, or the queue.

    A caller who has talked to somebody does not begin with the number again.
    """
    call = flow.call
    rung = routing.Target(call.only_operator, call.only_team, call.direct_endpoint)
    facts = [_not_taken(flow, rung, why)]
    if call.answered_at is not None:
        return queued(flow, NO_LONGER_DIRECT, facts)
    return _ring(flow, routing.rung_next(_dialled(flow), rung), {}, facts)


def rings_in_vain(flow: Flow) -> bool:
    """Whether the operator of a direct number let it ring already, and a deputy need not wait for the time to pass."""
    number = _dialled(flow)
    call = flow.call
    rings = call.direct_until_at is not None and call.answered_at is None
    return rings and number is not None and number.has_deputy and call.only_operator in call.refused_by


def _ring(flow: Flow, target: routing.Target | None, changes: CallChanges, facts: list[Fact]) -> Step:
    """The step that rings the target, or the one after it when the target cannot take the call now."""
    number = _dialled(flow)
    while target is not None and number is not None and number.has_deputy:
        why = _cannot_take(flow, target)
        if why is None:
            break
        facts = [*facts, _not_taken(flow, target, why)]
        target = routing.rung_next(number, target)
    if target is None:
        return queued(flow, changes | NO_LONGER_DIRECT, facts)
    changes = changes | {
        "only_operator": target.operator,
        "only_team": target.team,
        "direct_endpoint": target.endpoint,
        "direct_until_at": flow.now + timedelta(seconds=DIRECT_SECONDS),
    }
    if target.endpoint is None:
        return queued(flow, changes, facts)
    flow.shell.dispatcher.leave(flow.call.id)  # a phone of its own is rung: no operator is to be offered
    return Step(Stage.CONNECTING, (*facts, Fact(flow.now, FactKind.OFFERED, {"endpoint": target.endpoint})), changes)


def _cannot_take(flow: Flow, target: routing.Target) -> str | None:
    """Why an operator or a team cannot be offered a caller now; a phone has to be rung to find out."""
    if target.operator is not None:
        entry = flow.shell.registry.session_of(target.operator)
        if entry is None or entry.session.state is OperatorState.PAUSED:
            return "absent"
        return None if entry.session.may_be_offered else "busy"
    if target.team is not None:
        wanted = replace(flow.call, only_operator=None, only_team=target.team)
        return None if flow.shell.dispatcher.anyone_for(wanted) else "absent"
    return None


def _not_taken(flow: Flow, target: routing.Target, why: str) -> Fact:
    return Fact(flow.now, FactKind.OFFER_FAILED, {"why": why, "direct": str(target)})


def _dialled(flow: Flow) -> DirectNumber | None:
    return routing.direct_number(flow.area, flow.call.dialled)


def returning(flow: Flow) -> CallChanges:
    """The changes of a caller who goes back: nobody has them, they are first, and have the patience of a new caller."""
    return (
        WITH_NOBODY
        | NO_LONGER_DIRECT
        | {
            "returned_at": flow.now,
            "wait_until_at": flow.now + timedelta(seconds=flow.norms.max_wait_seconds),
            "nobody_until_at": None,
            "last_told_at": None,
            "refused_by": (),
        }
    )


def queued(flow: Flow, changes: CallChanges, facts: list[Fact], subject: str = "") -> Step:
    """The step into the queue; a caller who has been in it keeps their place. `subject`: of a directory's entry."""
    now = flow.now
    municipality = changes.get("municipality", flow.call.municipality)
    known = None if municipality is None else flow.area.municipalities.get(municipality)
    norms = flow.norms if known is None else known.norms
    queued_at = flow.call.queued_at or now
    changes = changes | {
        "queued_at": queued_at,
        "wait_until_at": changes.get("wait_until_at")
        or flow.call.wait_until_at
        or queued_at + timedelta(seconds=norms.max_wait_seconds),
    }
    return Step(Stage.WAITING, (*facts, Fact(now, FactKind.QUEUED, {"subject": subject} if subject else {})), changes)
