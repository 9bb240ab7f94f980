"""How a request becomes the next version of its row: given to an owner, leased, closed, reminded of. Pure.

Each function returns the changed row and the facts that lead to it; the service stores both in one commit.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ari_app.core.area import Area, Municipality
from ari_app.core.callback_requests import callback_number
from ari_app.core.callback_rules import owner_team_of, personal_until, town_of, virtual_hold_has_lapsed
from ari_app.core.callbacks import (
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
    Change,
    CloseKind,
    RequestKind,
    RequestState,
)
from ari_app.core.deadlines import SpecialDays, next_planned
from ari_app.core.ids import CallId, OperatorNumber, TeamCode
from ari_app.core.ledger import CloseRefused
from ari_app.core.tariffs import Forbidden


def assigned(
    request: CallbackRequest,
    team: TeamCode | None,
    operator: OperatorNumber | None,
    municipality: Municipality,
    special_days: SpecialDays,
    by: str,
    now: datetime,
) -> Change:
    """Another owner; the deadline stays. With a team alone no person is named.

    A request that waited for a decision is to be tried again from now on.
    """
    personal = None if operator is None else personal_until(now, request.plan_by_at, municipality, special_days)
    changed = replace(
        request,
        owner_team=request.owner_team if team is None else team,
        owner_operator=operator,
        personal_until_at=personal,
        next_attempt_at=request.next_attempt_at or now,
        escalated_at=None,  # somebody decided; the facts keep when it was asked for
    )
    detail = {"team": changed.owner_team, "operator": operator, "by": by}
    return changed, [CallbackFact(now, CallbackFactKind.ASSIGNED, detail)]


def inherited(request: CallbackRequest, area: Area, now: datetime) -> Change | None:
    """The request of a team that was taken out of the area goes to the team that owns such requests now.

    None when its team exists, when somebody calls at the moment, or when no team answers for the municipality.
    """
    if request.owner_team in area.teams or request.lease_owner is not None:
        return None
    team = owner_team_of(area, request.municipality)
    if team is None:
        return None
    detail = {"team": team, "operator": request.owner_operator, "instead_of": request.owner_team}
    return replace(request, owner_team=team), [CallbackFact(now, CallbackFactKind.ASSIGNED, detail)]


def not_callable(request: CallbackRequest, area: Area, now: datetime) -> Change | None:
    """A request whose number may not be called any more waits for a person's decision; None when it may be called.

    The area may have changed since it was made: the number is served here now, or its country was closed.
    """
    found = callback_number(request.pii_number, area)
    if not isinstance(found, Forbidden):
        return None
    fact = CallbackFact(now, CallbackFactKind.ESCALATED, {"why": "not_called", "number": found.reason.value})
    changed = replace(request, state=RequestState.OPEN, kind=RequestKind.PROMISE, next_attempt_at=None)
    return replace(changed, escalated_at=request.escalated_at or now), [fact]


def leased(
    request: CallbackRequest, operator: OperatorNumber, lease_owner: str, lease_until_at: datetime, now: datetime
) -> Change:
    """Somebody begins to call."""
    changed = replace(request, state=RequestState.IN_PROGRESS, lease_owner=lease_owner, lease_until_at=lease_until_at)
    return changed, [CallbackFact(now, CallbackFactKind.CLAIMED, {"operator": operator, "lease_owner": lease_owner})]


def given_back(request: CallbackRequest, why: CallbackFactKind, now: datetime) -> Change:
    """As it was before the lease: the citizen was not called."""
    was_tried = request.attempts_count > 0 and request.next_attempt_at is not None
    state = RequestState.PLANNED if was_tried else RequestState.OPEN
    fact = CallbackFact(now, why, {"lease_owner": request.lease_owner})
    return replace(request, state=state, lease_owner=None, lease_until_at=None), [fact]


def lapsed(request: CallbackRequest, area: Area, now: datetime) -> Change | None:
    """A virtual hold that was not called on its day is an ordinary promise from here on.

    None while it may still be called, or somebody calls at the moment.
    """
    municipality = town_of(area, request.municipality)
    if request.lease_owner is not None or not virtual_hold_has_lapsed(request, municipality, area.special_days, now):
        return None
    planned = next_planned(municipality, area.special_days, now, request.deadline_at)
    changed = replace(request, kind=RequestKind.PROMISE, next_attempt_at=planned)
    return changed, [CallbackFact(now, CallbackFactKind.VIRTUAL_HOLD_LAPSED)]


def closed_by_person(request: CallbackRequest, pii_reason: str, by: str, now: datetime) -> Change:
    """Somebody decides that the citizen is not called any more. Raises CloseRefused."""
    if not pii_reason.strip():
        raise CloseRefused("a request is closed with a reason")
    _not_in_progress(request)
    changed, facts = closed(request, CloseKind.BY_PERSON, by, now)
    return replace(changed, pii_close_reason=pii_reason.strip()), facts


def closed_as_helped(
    request: CallbackRequest, by: OperatorNumber, talk_began_at: datetime, now: datetime, call_id: CallId
) -> Change:
    """The citizen called again and was helped in that talk. Raises CloseRefused."""
    _not_in_progress(request)
    changed, (fact,) = closed(request, CloseKind.HELPED, by, now)
    with_call = replace(fact, detail={**fact.detail, "call_id": str(call_id)})
    return replace(changed, reached_at=talk_began_at), [with_call]


def closed(request: CallbackRequest, kind: CloseKind, by: str, now: datetime) -> Change:
    """No attempt follows, and nobody has a lease."""
    changed = replace(
        request,
        state=RequestState.CLOSED,
        next_attempt_at=None,
        lease_owner=None,
        lease_until_at=None,
        closed_at=now,
        close_kind=kind,
        closed_by=by,
    )
    return changed, [CallbackFact(now, CallbackFactKind.CLOSED, {"how": kind.value, "by": by})]


def _not_in_progress(request: CallbackRequest) -> None:
    if request.state is RequestState.IN_PROGRESS:
        raise CloseRefused(f"{request.reference} is being called by {request.lease_owner}; wait for that")
