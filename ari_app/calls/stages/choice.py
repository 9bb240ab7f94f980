"""The way on from a known municipality: announcement, direct number or queue. Decided by `core.routing`."""

from __future__ import annotations

from datetime import timedelta

from ari_app.calls.flow import Flow, Step
from ari_app.core import routing
from ari_app.core.call import ChoiceKind, Fact, FactKind, Stage
from ari_app.core.directory import DirectNumber
from ari_app.core.ids import MunicipalityCode

#: a direct number that is not answered for so long goes to the municipality's queue
DIRECT_SECONDS = 20
NO_LONGER_DIRECT: dict[str, object] = {
    "only_operator": None,
    "only_team": None,
    "direct_endpoint": None,
    "direct_until_at": None,
}


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
    changes: dict[str, object] = {"municipality": municipality, "choice": choice}
    if shared_number is not None:
        changes["shared_number"] = shared_number
    if direct is not None:
        changes |= {
            "only_operator": direct.operator,
            "only_team": direct.team,
            "direct_endpoint": direct.endpoint,
        }
    facts = [Fact(now, FactKind.MUNICIPALITY_CHOSEN, {"municipality": municipality, "how": choice.value})]
    admission = routing.admit(flow.directory, municipality, shared_number or flow.call.shared_number, now)
    if admission.calamities or isinstance(admission, routing.Closed):
        return Step(Stage.ANNOUNCING, tuple(facts), changes | {"calamity": bool(admission.calamities)})
    return admitted(flow, changes, facts)


def admitted(flow: Flow, changes: dict[str, object], facts: list[Fact]) -> Step:
    """The step into a direct number's ring, or into the queue."""
    whose = [changes.get(name, getattr(flow.call, name)) for name in ("only_operator", "only_team", "direct_endpoint")]
    if any(who is not None for who in whose):
        changes = changes | {"direct_until_at": flow.now + timedelta(seconds=DIRECT_SECONDS)}
    endpoint = whose[-1]
    if endpoint is not None:
        return Step(Stage.CONNECTING, (*facts, Fact(flow.now, FactKind.OFFERED, {"endpoint": str(endpoint)})), changes)
    return queued(flow, changes, facts)


def queued(flow: Flow, changes: dict[str, object], facts: list[Fact]) -> Step:
    """The step into the queue; a caller who has been there keeps the moment it began."""
    now = flow.now
    municipality = changes.get("municipality", flow.call.municipality)
    known = flow.directory.municipalities.get(municipality) if municipality else None  # type: ignore[call-overload]
    norms = flow.norms if known is None else known.norms
    queued_at = flow.call.queued_at or now
    changes = changes | {
        "queued_at": queued_at,
        "wait_until_at": changes.get("wait_until_at")
        or flow.call.wait_until_at
        or queued_at + timedelta(seconds=norms.max_wait_seconds),
    }
    return Step(Stage.WAITING, (*facts, Fact(now, FactKind.QUEUED)), changes)
