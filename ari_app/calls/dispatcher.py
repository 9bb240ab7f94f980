"""Brings waiting callers and ready operators together: one board, and an offer in the chosen call's mailbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ari_app.calls import messages
from ari_app.calls.clock import Clock, Timer
from ari_app.calls.registry import Registry
from ari_app.core.area import Area, Norms
from ari_app.core.call import Call
from ari_app.core.callback_rules import as_waiting
from ari_app.core.callbacks import CallbackRequest
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, RequestId, SessionId
from ari_app.core.operators import OperatorSession
from ari_app.core.queue_board import Board
from ari_app.core.queue_rules import Offer, ReadyOperator, WaitingCaller
from ari_app.core.skills import skills_of, team_skill

#: begins the callback of a virtual hold with the operator who was found for it
StartVirtualHold = Callable[[RequestId, OperatorSession], None]


class Dispatcher:
    """The owner of the board. Tasks say what changed, and nothing waits: offers are posted before the call returns.

    So a call that arrives while an operator is ready finds its offer in its mailbox at once. A timer covers the one
    change that no task sees: a caller overflows.
    """

    def __init__(self, registry: Registry, area: Callable[[], Area], clock: Clock) -> None:
        self._registry = registry
        self._area = area
        self._clock = clock
        self._board = Board()
        self._offers: dict[CallId, SessionId] = {}  # made, and not yet given up
        self._reserved: dict[SessionId, CallId] = {}  # ready by their rows, but already offered a call
        self._refused: dict[CallId, Call] = {}  # waiting calls that an operator did not pick up
        self._places: dict[CallId, CallbackRequest] = {}  # of virtual holds; by the request's id
        self._start_virtual_hold: StartVirtualHold | None = None
        self._timer: Timer | None = None

    # --- callers ---

    def wait(self, call: Call) -> None:
        """This call waits for an operator from now on; its place follows from its row."""
        self._give_back(call.id)
        if call.refused_by:
            self._refused[call.id] = call
        self._board.add_caller(self._waiting_caller(call))
        self._decide()

    def leave(self, call_id: CallId) -> None:
        """This call waits no longer. An operator whom it was offered and did not take goes to the next caller."""
        self._refused.pop(call_id, None)
        self._board.remove_caller(call_id)
        self._give_back(call_id)

    def taken(self, call_id: CallId) -> None:
        """This call took its offer; the operator stays reserved until the operator's session moves on."""
        self._refused.pop(call_id, None)
        self._board.remove_caller(call_id)

    def not_called(self, call_id: CallId) -> None:
        """The callback of this virtual hold is over, or never began; the operator reserved for it is free."""
        self._give_back(call_id)

    def _give_back(self, call_id: CallId) -> None:
        session_id = self._offers.pop(call_id, None)
        if session_id is not None and self._reserved.get(session_id) == call_id:
            del self._reserved[session_id]
            self.operator_changed(session_id)

    def position(self, call_id: CallId) -> int | None:
        """The caller's place in the queue, from 1; None when the call does not wait."""
        return self._board.position(call_id)

    def anyone_for(self, call: Call) -> bool:
        """Whether an operator is logged in, in whatever state, who could ever take this call."""
        wanted = self._waiting_caller(call)
        for session in self._registry.sessions():
            skills = skills_of(self._area(), session.operator)
            if wanted.only_operator == session.operator or not wanted.answerable_for.isdisjoint(skills.any):
                return True
        return False

    # --- operators ---

    def operator_changed(self, session_id: SessionId) -> None:
        """Look at this session again: it may have become ready, or not ready, or be gone."""
        session = self._registry.session(session_id)
        if session is None or not session.may_be_offered:
            self._reserved.pop(session_id, None)
        if session is None or not session.may_be_offered or session_id in self._reserved:
            self._board.operator_gone(session_id)
            return
        for call in self._refused.values():
            if session.operator in call.refused_by:
                self._board.update_caller(self._waiting_caller(call))
        self._board.operator_ready(self._ready_operator(session))
        self._decide()

    def area_changed(self, waiting: list[Call]) -> None:
        """Teams or norms changed: place every waiting call and every operator anew."""
        for call in waiting:
            self._board.update_caller(self._waiting_caller(call))
        for session in self._registry.sessions():
            self.operator_changed(session.id)

    # --- virtual holds ---

    def set_virtual_holds(self, requests: Sequence[CallbackRequest], start: StartVirtualHold) -> None:
        """Keep places for these requests and no others; `start` is called at the turn of each.

        One that is being offered stays so.
        """
        self._start_virtual_hold = start
        wanted = {CallId(request.id): request for request in requests}
        for call_id in self._places.keys() - wanted.keys():
            del self._places[call_id]
            self._board.remove_caller(call_id)
        for call_id in wanted.keys() - self._places.keys():
            self._places[call_id] = wanted[call_id]
            self._board.add_caller(as_waiting(wanted[call_id], self._norms(wanted[call_id].municipality)))
        self._decide()

    def _offer_place(self, offer: Offer, request: CallbackRequest, session: OperatorSession) -> None:
        """The place is taken by this operator, who is reserved until their session moves on."""
        del self._places[offer.call_id]
        self._board.remove_caller(offer.call_id)
        if self._start_virtual_hold is not None:
            self._start_virtual_hold(request.id, session)

    # --- deciding ---

    def _decide(self) -> None:
        for offer in self._board.decide(self._clock.now()):
            self._post(offer)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        next_at = self._board.next_change_at()
        if next_at is not None:
            self._timer = self._clock.call_at(next_at, self._decide)

    def _post(self, offer: Offer) -> None:
        session = self._registry.session(offer.session_id)
        if session is None:
            return
        self._offers[offer.call_id] = offer.session_id
        self._reserved[offer.session_id] = offer.call_id
        place = self._places.get(offer.call_id)
        if place is not None:
            self._offer_place(offer, place, session)
            return
        is_posted = self._registry.post_to_call(
            offer.call_id,
            messages.Offer(session.id, session.operator, session.reach, overflow=offer.overflow),
        )
        if not is_posted:
            self.leave(offer.call_id)

    def _waiting_caller(self, call: Call) -> WaitingCaller:
        area = self._area()
        municipality = call.municipality
        norms = self._norms(municipality)
        anyone: frozenset[MunicipalityCode] = frozenset()
        if call.only_team is not None:
            municipality = team_skill(call.only_team)
        elif municipality is None:
            shared = area.shared_numbers.get(call.shared_number or "")
            members = () if shared is None else shared.members
            anyone = frozenset(member.municipality for member in members) or frozenset(area.municipalities)
        return WaitingCaller(
            call_id=call.id,
            municipality=municipality,
            queued_at=call.queued_at or call.arrived_at,
            answer_within_seconds=norms.answer_within_seconds,
            overflow_after_seconds=norms.overflow_after_seconds,
            municipalities=anyone,
            only_operator=call.only_operator,
            refused_by=frozenset(filter(partial(self._still_refuses, call), call.refused_by)),
            came_back=call.returned_at is not None,
        )

    def _norms(self, municipality: MunicipalityCode | None) -> Norms:
        known = None if municipality is None else self._area().municipalities.get(municipality)
        return Norms() if known is None else known.norms

    def _still_refuses(self, call: Call, operator: OperatorNumber) -> bool:
        """An operator who did not pick up is not offered this call again until they say that they are back."""
        entry = self._registry.session_of(operator)
        return entry is None or entry.session.idle_since_at <= call.stage_entered_at

    def _ready_operator(self, session: OperatorSession) -> ReadyOperator:
        skills = skills_of(self._area(), session.operator)
        return ReadyOperator(
            session_id=session.id,
            operator=session.operator,
            primary=skills.primary,
            secondary=skills.secondary,
            idle_since=session.idle_since_at,
            reach=session.reach,
        )
