"""The one place where a request to be called back is made: from what was asked, to a row with deadline and owner.

Wish (as it was asked) → NewRequest (it may be called, and a team owns it) → CallbackRequest (the row). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from ari_app.core.area import Area
from ari_app.core.call import Call
from ari_app.core.callback_rules import owner_team_of, personal_until
from ari_app.core.callbacks import (
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
    Change,
    Confirmed,
    RequestKind,
    RequestReason,
    RequestState,
)
from ari_app.core.deadlines import callback_deadline, next_planned
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, RequestId, TeamCode
from ari_app.core.limits import Limit
from ari_app.core.numbers import E164
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.routing import is_served
from ari_app.core.tariffs import Forbidden, NotCalled, callable_number


@dataclass(frozen=True, slots=True)
class Wish:
    """A citizen is to be called back, as somebody asked for it; nothing is checked yet.

    `first_contact_at` starts the deadline, and stays when the citizen asks again. Without `team` the request is for the
    team that owns the requests of the municipality.
    """

    municipality: MunicipalityCode
    reason: RequestReason
    first_contact_at: datetime
    number_confirmed_how: Confirmed
    pii_number: str = field(repr=False)  # in any notation
    kind: RequestKind = RequestKind.PROMISE
    call_id: CallId | None = None  # in which it was asked
    queued_at: datetime | None = None
    team: TeamCode | None = None
    operator: OperatorNumber | None = None  # the person it is meant for
    entry: str | None = None  # a person or department of the directory, by its code
    subject: str = ""
    pii_note: str = field(default="", repr=False)
    transfer_count: int = 0  # of the call, so that transfers are counted across the callback
    by: str | None = None  # the person or program that wrote it down, where no call says so

    def __post_init__(self) -> None:
        if self.kind is RequestKind.VIRTUAL_HOLD and self.queued_at is None:
            raise ValueError("a virtual hold without the moment that gives its place")


class WishPart(StrEnum):
    """The part of a wish that stands in the way of it."""

    MUNICIPALITY = "municipality"
    NUMBER = "number"
    TEAM = "team"
    OPERATOR = "operator"
    LIMIT = "limit"  # callers asked for too much by themselves


@dataclass(frozen=True, slots=True)
class NotPromised:
    """Why a wish cannot be promised. `pii_says` is a sentence for the person who typed it; it may repeat the number."""

    part: WishPart
    pii_says: str = field(repr=False)
    not_called: NotCalled | None = None
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A wish that can be promised: its number may be called, and a team owns it."""

    wish: Wish
    owner_team: TeamCode
    pii_number: E164 = field(repr=False)
    created_at: datetime


def wish_of_call(
    call: Call,
    municipality: MunicipalityCode,
    reason: RequestReason,
    number: str,
    how: Confirmed,
    kind: RequestKind = RequestKind.PROMISE,
    *,
    team: TeamCode | None = None,
    operator: OperatorNumber | None = None,
    entry: str | None = None,
    subject: str = "",
    pii_note: str = "",
) -> Wish:
    """The caller of this call is to be called back; the deadline runs from the moment at which they called."""
    return Wish(
        municipality=municipality,
        reason=reason,
        first_contact_at=call.arrived_at,
        number_confirmed_how=how,
        pii_number=number,
        kind=kind,
        call_id=call.id,
        queued_at=call.queued_at if kind is RequestKind.VIRTUAL_HOLD else None,
        team=team,
        operator=operator,
        entry=entry,
        subject=subject,
        pii_note=pii_note,
        transfer_count=call.transfer_count,
    )


def new_request(wish: Wish, area: Area, now: datetime) -> NewRequest | NotPromised:
    """The request that this wish becomes at `now`, or the reason why nobody could keep such a promise."""
    if wish.municipality not in area.municipalities:
        return _unknown(WishPart.MUNICIPALITY, wish.municipality, area.municipalities)
    number = callback_number(wish.pii_number, area)
    if isinstance(number, Forbidden):
        return NotPromised(WishPart.NUMBER, number.says, number.reason)
    team = owner_team_of(area, wish.municipality) if wish.team is None else wish.team
    if team is None:
        return NotPromised(WishPart.TEAM, f"no team answers for {wish.municipality}: name one")
    refused = unknown_owner(area, team, wish.operator)
    return refused or NewRequest(wish, team, number, now)


def refusal_of(refused: NotPromised) -> RefusalReason:
    """The same in the words of commands."""
    if refused.part is WishPart.MUNICIPALITY:
        return RefusalReason.NO_SUCH_MUNICIPALITY
    if refused.part is not WishPart.NUMBER:
        return RefusalReason.NOBODY_THERE
    is_no_number = refused.not_called in (NotCalled.NOT_A_NUMBER, NotCalled.SHORT, NotCalled.SERVED)
    return RefusalReason.NO_NUMBER if is_no_number else RefusalReason.PAID_SERVICE


def callback_number(text: str, area: Area) -> E164 | Forbidden:
    """The number as it may be called back, from any notation; never one that is served here.

    A colleague would pick up a callback to ourselves, and prove a promise that was kept to nobody.
    """
    number = callable_number(text, area.callable_countries)
    if not isinstance(number, Forbidden) and is_served(area, number):
        return Forbidden(NotCalled.SERVED, "is served here, and is not called back: name another number")
    return number


def unknown_owner(area: Area, team: TeamCode | None, operator: OperatorNumber | None) -> NotPromised | None:
    """A promise needs an owner who exists; None when both do, or are not named."""
    if team is not None and team not in area.teams:
        return _unknown(WishPart.TEAM, team, area.teams)
    if operator is not None and operator not in area.operators:
        return NotPromised(WishPart.OPERATOR, f"there is no operator {operator}")
    return None


def _unknown(what: WishPart, code: str, known: Iterable[str]) -> NotPromised:
    return NotPromised(what, f"there is no {what} {code}; known are {', '.join(sorted(known)) or 'none'}")


def request_from(new: NewRequest, request_id: RequestId, reference: str, area: Area) -> CallbackRequest:
    """The row of a new request, with its deadline and its first planned moment."""
    wish, special_days = new.wish, area.special_days
    municipality = area.municipalities[wish.municipality]
    deadline = callback_deadline(municipality, wish.first_contact_at, special_days)
    personal = personal_until(new.created_at, deadline.plan_by_at, municipality, special_days)
    return CallbackRequest(
        id=request_id,
        reference=reference,
        municipality=wish.municipality,
        reason=wish.reason,
        kind=wish.kind,
        state=RequestState.OPEN,
        first_contact_at=wish.first_contact_at,
        deadline_at=deadline.deadline_at,
        plan_by_at=deadline.plan_by_at,
        owner_team=new.owner_team,
        number_confirmed_how=wish.number_confirmed_how,
        pii_number=new.pii_number,
        created_at=new.created_at,
        call_id=wish.call_id,
        queued_at=wish.queued_at,
        owner_operator=wish.operator,
        owner_entry=wish.entry,
        personal_until_at=None if wish.operator is None else personal,
        subject=wish.subject,
        pii_note=wish.pii_note,
        transfer_count=wish.transfer_count,
        next_attempt_at=next_planned(municipality, special_days, new.created_at, deadline.deadline_at),
        escalate_at_once=deadline.escalate_at_once,
    )


def asked_fact(new: NewRequest, kind: CallbackFactKind) -> CallbackFact:
    """The citizen asked: for the first time (CREATED), or again (JOINED).

    The details are the same in both, so that a repeated wish of the same call is found by them.
    """
    wish = new.wish
    detail = {
        "reason": wish.reason.value,
        "kind": wish.kind.value,
        "call_id": None if wish.call_id is None else str(wish.call_id),
        "subject": wish.subject,
        "pii_note": wish.pii_note,
    }
    if wish.by is not None:
        detail["by"] = wish.by
    return CallbackFact(new.created_at, kind, detail)


def joined(request: CallbackRequest, new: NewRequest, area: Area) -> Change:
    """The open request after it was asked for again: the first deadline stays, the notes come together.

    A promise becomes a virtual hold when its caller keeps a place in the queue now; the person it was first meant for
    stays its owner.
    """
    as_new = request_from(new, request.id, request.reference, area)
    notes = [note for note in (request.pii_note, as_new.pii_note) if note]
    keeps_place = request.kind is RequestKind.PROMISE and as_new.kind is RequestKind.VIRTUAL_HOLD
    takes_person = request.owner_operator is None and as_new.owner_operator is not None
    earlier = [at for at in (request.next_attempt_at, as_new.next_attempt_at) if at is not None]
    changed = replace(
        request,
        kind=as_new.kind if keeps_place else request.kind,
        queued_at=as_new.queued_at if keeps_place else request.queued_at,
        owner_operator=as_new.owner_operator if takes_person else request.owner_operator,
        owner_entry=request.owner_entry or as_new.owner_entry,
        personal_until_at=as_new.personal_until_at if takes_person else request.personal_until_at,
        subject=request.subject or as_new.subject,
        pii_note="\n".join(dict.fromkeys(notes)),
        transfer_count=max(request.transfer_count, as_new.transfer_count),
        joined_count=request.joined_count + 1,
        next_attempt_at=min(earlier, default=None),
        escalated_at=None if request.next_attempt_at is None else request.escalated_at,
    )
    return changed, [asked_fact(new, CallbackFactKind.JOINED)]
