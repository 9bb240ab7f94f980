"""Requests: made once, joined when asked again, given to another owner, closed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from ari_app.callbacks.ports import CallbackRows, CallbackStore
from ari_app.core.area import Area
from ari_app.core.call import Call
from ari_app.core.callback_changes import assigned, closed_as_helped, closed_by_person
from ari_app.core.callback_limits import WINDOW, limit_reached
from ari_app.core.callback_requests import (
    NewRequest,
    NotPromised,
    Wish,
    WishPart,
    asked_fact,
    joined,
    new_request,
    request_from,
    unknown_owner,
)
from ari_app.core.callback_rules import town_of
from ari_app.core.callbacks import CallbackFactKind, CallbackRequest, Change, Created, RequestKind, RequestReason
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, RequestId, TeamCode, new_request_id
from ari_app.core.ledger import NoSuchRequest, RequestClosed, UnknownOwner
from ari_app.core.limits import Limit
from ari_app.core.references import reference_of


class Requests:
    """Every change is committed when it returns. All raise StoreUnavailable."""

    def __init__(self, store: CallbackStore, area: Callable[[], Area]) -> None:
        self._store = store
        self._area = area

    async def create_or_join(self, wish: Wish, now: datetime) -> Created | NotPromised:
        """A new request with its deadline, or the open one of this number and municipality, which knows the wish then.

        Idempotent for the same wish of the same call: after a crash, or an unsure commit, it finds its own request.
        """
        area = self._area()
        new = new_request(wish, area, now)
        if isinstance(new, NotPromised):
            return new
        if wish.reason is RequestReason.ABANDONED and wish.call_id is not None:  # nobody asked, and nothing is promised
            limit = await self._limit(wish.municipality, wish.pii_number, new.pii_number, wish.call_id, now)
            if limit is not None:
                return NotPromised(WishPart.LIMIT, f"a limit was reached: {limit}", limit=limit)
        async with self._store.transaction() as rows:
            return await _asked_before(rows, new) or await _created_or_joined(rows, new, area)

    async def limit_of_caller(self, call: Call, number: str | None, now: datetime) -> Limit | None:
        """The limit that keeps the caller of this call from being promised a callback, to this number if it is known.

        To be asked before a number is confirmed: from then on the callback is promised, and never refused.
        """
        if call.municipality is None:
            return None
        return await self._limit(call.municipality, call.pii_caller_number, number, call.id, now)

    async def _limit(
        self, municipality: MunicipalityCode, caller: str | None, number: str | None, call_id: CallId, now: datetime
    ) -> Limit | None:
        asked = await self._store.asked_for(municipality, caller, number, call_id, now - WINDOW)
        return limit_reached(town_of(self._area(), municipality).callback, asked)

    async def assign(
        self, request_id: RequestId, team: TeamCode | None, operator: OperatorNumber | None, by: str, now: datetime
    ) -> CallbackRequest:
        """Another owner; the deadline stays. With a team alone no person is named.

        A request that waited for a decision is to be tried again from now on.
        Raises NoSuchRequest, RequestClosed, UnknownOwner.
        """
        async with self._store.transaction() as rows:
            return await assign_in(rows, self._area(), request_id, team, operator, by, now)

    async def close_by_person(self, request_id: RequestId, pii_reason: str, by: str, now: datetime) -> CallbackRequest:
        """Somebody decides that the citizen is not called any more.

        Raises NoSuchRequest, RequestClosed, CloseRefused.
        """
        async with self._store.transaction() as rows:
            return await close_by_person_in(rows, request_id, pii_reason, by, now)

    async def close_as_helped(
        self, request_id: RequestId, by: OperatorNumber, talk_began_at: datetime, now: datetime, call_id: CallId
    ) -> CallbackRequest:
        """The citizen called again and was helped. Raises NoSuchRequest, RequestClosed, CloseRefused."""
        return await self._change(
            request_id, lambda request: closed_as_helped(request, by, talk_began_at, now, call_id)
        )

    async def request(self, request_id: RequestId) -> CallbackRequest | None:
        """As it is stored now, open or closed."""
        return await self._store.request(request_id)

    async def open_requests(self, kinds: Collection[RequestKind] = tuple(RequestKind)) -> Sequence[CallbackRequest]:
        """All that are open; those that must be done first come first."""
        return await self._store.open_requests(kinds)

    async def open_requests_of_number(
        self, pii_number: str, municipalities: Collection[MunicipalityCode]
    ) -> Sequence[CallbackRequest]:
        """For an operator of these municipalities: what a citizen who calls again is to be called back for."""
        return await self._store.open_requests_of_number(pii_number, municipalities)

    async def _change(self, request_id: RequestId, change: Callable[[CallbackRequest], Change]) -> CallbackRequest:
        async with self._store.transaction() as rows:
            return await rows.update(*change(await open_request(rows, request_id)))

    async def _change_where_needed(
        self, request_id: RequestId, change: Callable[[CallbackRequest], Change | None]
    ) -> CallbackRequest | None:
        """The changed request; None when it is closed by now, or there is nothing to change."""
        async with self._store.transaction() as rows:
            request = await rows.request(request_id)
            changed = None if request is None or not request.is_open else change(request)
            return None if changed is None else await rows.update(*changed)


async def promise_in(rows: CallbackRows, wish: Wish, area: Area, now: datetime) -> Created | NotPromised:
    """As `Requests.create_or_join` for a person's wish, in a transaction of the caller: repeated, it is asked again."""
    new = new_request(wish, area, now)
    return new if isinstance(new, NotPromised) else await _created_or_joined(rows, new, area)


async def assign_in(
    rows: CallbackRows,
    area: Area,
    request_id: RequestId,
    team: TeamCode | None,
    operator: OperatorNumber | None,
    by: str,
    now: datetime,
) -> CallbackRequest:
    """As `Requests.assign`, in a transaction of the caller; an error leaves nothing behind in it."""
    unknown = unknown_owner(area, team, operator)
    if unknown is not None:
        raise UnknownOwner(unknown.pii_says)
    request = await open_request(rows, request_id)
    town = town_of(area, request.municipality)
    return await rows.update(*assigned(request, team, operator, town, area.special_days, by, now))


async def close_by_person_in(
    rows: CallbackRows, request_id: RequestId, pii_reason: str, by: str, now: datetime
) -> CallbackRequest:
    """As `Requests.close_by_person`, in a transaction of the caller; an error leaves nothing behind in it."""
    return await rows.update(*closed_by_person(await open_request(rows, request_id), pii_reason, by, now))


async def open_request(rows: CallbackRows, request_id: RequestId) -> CallbackRequest:
    """The row, locked until the transaction ends. Raises NoSuchRequest, RequestClosed."""
    request = await rows.request(request_id)
    if request is None:
        raise NoSuchRequest(f"there is no request {request_id}")
    if not request.is_open:
        raise RequestClosed(f"{request.reference} is closed already")
    return request


async def _asked_before(rows: CallbackRows, new: NewRequest) -> Created | None:
    if new.wish.call_id is None:
        return None
    asked = asked_fact(new, CallbackFactKind.CREATED)
    found = await rows.asked_before(new.wish.municipality, new.pii_number, asked)
    if found is None:
        return None
    request, kind = found
    return Created(request, joined=kind is CallbackFactKind.JOINED)


async def _created_or_joined(rows: CallbackRows, new: NewRequest, area: Area) -> Created:
    reference = reference_of(await rows.next_reference_number())
    request = request_from(new, new_request_id(), reference, area)
    facts = [asked_fact(new, CallbackFactKind.CREATED)]
    while True:
        stored = await rows.insert(request, facts)
        if stored is not None:
            return Created(stored, joined=False)
        there = await rows.open_request_of(new.wish.municipality, new.pii_number)
        if there is not None:  # else it was closed between the two statements
            return Created(await rows.update(*joined(there, new, area)), joined=True)
