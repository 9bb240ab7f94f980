"""Whether callers are offered a callback, and what the row of a call says about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ari_app.core import routing
from ari_app.core.area import Area, CallbackRules, SharedNumber
from ari_app.core.calendar import local_date
from ari_app.core.call import Call, EndReason
from ari_app.core.callback_requests import Wish, wish_of_call
from ari_app.core.callback_rules import calling_ends_at, owner_team_of
from ari_app.core.callbacks import Confirmed, RequestKind, RequestReason
from ari_app.core.ids import MunicipalityCode

_NOT_CALLED_BACK: Mapping[RequestReason | None, EndReason] = {
    RequestReason.CLOSED: EndReason.CLOSED,
    RequestReason.CALAMITY: EndReason.CALAMITY,
}
_LEFT: Mapping[RequestReason | None, EndReason] = {
    **_NOT_CALLED_BACK,
    RequestReason.MENU: EndReason.ABANDONED_IN_MENU,
}
_NO_RULES = CallbackRules()


def is_offered(area: Area, code: MunicipalityCode) -> bool:
    """Whether callers of this municipality are offered a callback: it wants to, and a team would own the promise."""
    municipality = area.municipalities.get(code)
    return municipality is not None and municipality.callback.offered and owner_team_of(area, code) is not None


def shared_number_with_offers(area: Area, digits: str | None, now: datetime) -> SharedNumber:
    """The shared number with only those members of today whose callers are offered a callback."""
    shared = routing.offered(area, digits, now)
    return replace(shared, members=tuple(one for one in shared.members if is_offered(area, one.municipality)))


def is_offered_to(area: Area, call: Call, now: datetime) -> bool:
    """Whether this caller is offered a callback; before they chose a municipality, one that offers it is enough."""
    if call.municipality is not None:
        return is_offered(area, call.municipality)
    return bool(shared_number_with_offers(area, call.shared_number, now).members)


def offer_due_at(area: Area, call: Call, now: datetime) -> datetime | None:
    """When to offer it to a waiting caller; None when that was done, or is not done here."""
    if call.callback_offered_at is not None or not is_offered_to(area, call, now):
        return None
    return (call.queued_at or call.arrived_at) + timedelta(seconds=_rules(area, call).offer_after_seconds)


def kind_for_waiting(area: Area, call: Call, now: datetime) -> RequestKind:
    """The kind of request for a caller who stops waiting: a virtual hold while citizens are still called that day."""
    town = None if call.municipality is None else area.municipalities.get(call.municipality)
    if town is None or call.queued_at is None or not town.callback.keep_place:
        return RequestKind.PROMISE
    is_over = calling_ends_at(town, area.special_days, local_date(call.queued_at)) <= now
    return RequestKind.PROMISE if is_over else RequestKind.VIRTUAL_HOLD


def ends_without(call: Call) -> EndReason | None:
    """How a call in LEAVING_CALLBACK ends when no callback is agreed; None: its caller can go on waiting."""
    reason = _NOT_CALLED_BACK.get(call.callback_reason)
    if reason is not None:
        return reason
    if call.wait_until_at is not None and call.wait_until_at <= call.stage_entered_at:
        return EndReason.WAITED_TOO_LONG
    nobody_came = call.nobody_until_at is not None and call.nobody_until_at <= call.stage_entered_at
    return EndReason.NOBODY_AVAILABLE if nobody_came or call.callback_kind is None else None


def left_in(call: Call) -> EndReason:
    """How a call ends whose caller hangs up in LEAVING_CALLBACK: once a number is confirmed, with the promise."""
    if call.pii_callback_number is not None:
        return EndReason.CALLBACK_PROMISED
    return _LEFT.get(call.callback_reason, EndReason.ABANDONED_WAITING)


def agreed_wish(call: Call) -> Wish | None:
    """The wish of a caller who confirmed a number; None when they agreed on nothing."""
    how, number, kind = call.callback_confirmed_how, call.pii_callback_number, call.callback_kind
    if number is None or how is None or kind is None or call.municipality is None:
        return None
    reason = RequestReason.CALAMITY if call.calamity else call.callback_reason or RequestReason.WAITING
    return wish_of_call(call, call.municipality, reason, number, how, kind)


def abandoned_wish(call: Call, area: Area) -> Wish | None:
    """The wish for a caller who left before a human answered, where their municipality calls such callers back."""
    number, municipality = call.pii_caller_number, call.municipality
    if call.answered_at is not None or number is None or municipality is None or not _rules(area, call).abandoned:
        return None
    return wish_of_call(call, municipality, RequestReason.ABANDONED, number, Confirmed.UNCONFIRMED)


def wish_at_end(call: Call, reason: EndReason, area: Area) -> Wish | None:
    """The wish that a call owes its caller when it ends for this reason; None when it owes nothing."""
    if call.pii_callback_number is not None:
        return None if call.callback_reference is not None else agreed_wish(call)
    is_abandoned = call.callback_request is None and (reason.is_abandoned or reason is EndReason.LOST)
    return abandoned_wish(call, area) if is_abandoned else None


def _rules(area: Area, call: Call) -> CallbackRules:
    municipality = None if call.municipality is None else area.municipalities.get(call.municipality)
    return _NO_RULES if municipality is None else municipality.callback
