"""Rules that hold after every step of a random walk, and in its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ari_app.core.area import Reach
from ari_app.core.call import Call, Fact, FactKind, Stage
from ari_app.core.door import FORGOTTEN, HOLD
from ari_app.core.ids import CallId, ChannelId, Endpoint, SessionId
from ari_app.core.misplaced import is_line_misplaced, misplaced, strangers
from ari_app.core.operators import OperatorSession, OperatorState
from ari_app.core.transfer import Transfer, TransferState
from ari_app.core.transfer_rules import MOST_TRANSFERS
from tests.calls import row_rules
from tests.calls.standing_rules import check_dialled, check_people, check_plans
from tests.calls.world import ESDAM, World

#: nobody is in silence for longer
SILENCE = timedelta(seconds=2)
#: how long it may take until its return is noticed; an answer that is lost may have been the beginning of an absence
UNSURE = timedelta(seconds=1)


class Invariants:
    """A world, and what must hold in it whatever happens."""

    weights: Mapping[str, int] = {}

    def __init__(self, world: World) -> None:
        self.world = world
        self.switch = world.switch
        self.is_deaf = False  # the socket is broken: no event reaches the application
        self.lost_events = False
        self.is_meddled = False  # somebody else has changed what Asterisk has
        self.deaths = 0  # of the process
        self.rows: dict[CallId, list[tuple[Call, bool]]] = {}  # each that was stored; whether it came into a queue
        self._watch_rows()
        self._unanswered = set[SessionId]()  # the newest state of an operator may not be in their row
        self._watch_sessions()
        self.store_away_since: datetime | None = None
        self.last_absence: tuple[datetime, datetime] | None = None  # when the store went, and came back
        self._sent_early: set[ChannelId] = set()
        self._sent: set[ChannelId] = set()  # to the fallback, while they should have been held
        self._seen_over: dict[int, Call] = {}  # by identity: each change is another row
        self._told: dict[CallId, int] = {}  # how many facts there were when what was heard was last compared with them
        self._dialled: set[Endpoint] = set()
        self.offered_before_hold: dict[ChannelId, int] = {}  # of citizens whose phones have us on hold
        self.conferenced: set[CallId] = set()  # calls in which three people have been together on purpose

    def _watch_rows(self) -> None:
        store = self.world.ledger.store

        async def watched(call: Call, facts: Sequence[Fact], *others: Any) -> Call:
            stored = await store(call, facts, *others)
            self.rows.setdefault(call.id, []).append((stored, FactKind.QUEUED in {fact.kind for fact in facts}))
            return stored

        self.world.ledger.store = watched  # type: ignore[method-assign, assignment]

    def _watch_sessions(self) -> None:
        store = self.world.ledger.store_session

        async def watched(session: OperatorSession, is_estimated: bool = False) -> None:
            self._unanswered.add(session.id)
            await store(session, is_estimated)
            self._unanswered.discard(session.id)

        self.world.ledger.store_session = watched  # type: ignore[method-assign]

    @property
    def is_alive(self) -> bool:
        return self.world.is_running

    @property
    def citizens(self) -> list[ChannelId]:
        return [c for c in self.switch.in_hand() if "citizen" in c]

    @property
    def lines(self) -> list[ChannelId]:
        return [c for c in self.switch.in_hand() if "node1-operator" in c]

    @property
    def lines_of_page(self) -> set[ChannelId]:
        """Those of one operator's page, of which the newest is theirs."""
        return set()

    @property
    def handling(self) -> list[ChannelId]:
        """Phones with which somebody of ours may be talking: standing lines, and phones that were rung."""
        return [*self.lines, *(c for c in self.switch.created if c in self.switch.up and not c.startswith("callback"))]

    def open_transfer(self, call: Call) -> Transfer | None:
        """The open transfer of a call, of which there is at most one."""
        found = [t for t in self.world.ledger.transfers.values() if t.call_id == call.id and t.is_open]
        assert len(found) <= 1
        return found[0] if found else None

    def note_holds(self, citizen: ChannelId) -> None:
        """The phone of this citizen began or ended a hold, and the application had the time to read it."""
        self.offered_before_hold.pop(citizen, None)
        if citizen in self.switch.held and not self.is_deaf:
            self.offered_before_hold[citizen] = self._offers(citizen)

    def _offers(self, citizen: ChannelId) -> int:
        """How often an operator was offered this caller, but for the one to whom a person transferred them last."""
        count, wanted = 0, None
        persons = {entry.extension: entry.operator for entry in self.world.area.entries.values()}
        for call in self.world.ledger.calls.values():
            for fact in self.world.ledger.told.get(call.id, ()) if call.channel_id == citizen else ():
                if fact.kind is FactKind.TRANSFER_ASKED:
                    wanted = persons.get(str(fact.detail["to"])) or fact.detail["to"]
                operator = fact.detail.get("operator") if fact.kind is FactKind.OFFERED else None
                count += operator not in (None, wanted)
        return count

    # --- after every step ---

    def check(self) -> None:
        """A talk has two people, three only in a conference; every channel has an owner; every call ends once."""
        ledger = self.world.ledger
        self.conferenced |= {t.call_id for t in ledger.transfers.values() if t.state is TransferState.CONFERENCED}
        self.check_bridges()
        check_plans(self.world.callback_rows.requests.values())
        check_people(ledger.calls.values(), ledger.legs.values(), self.world.callback_rows.tries.values())
        self._dialled = check_dialled(self.world, self._dialled)
        # Another process does not know of a hold that began before it. An order that is given again takes a moment, in
        # which the call reads nothing. A store that was away is told later of an offer that was before the hold. A
        # direct number, and a transfer to one person, ring that person all the same.
        if not self.deaths and not {"an_order_fails", "the_store_goes"} & self.weights.keys():
            for citizen, offers in self.offered_before_hold.items():
                assert self._offers(citizen) == offers, "nobody is offered a caller whose phone has us on hold"
        if self.is_alive and not self.is_deaf:
            assert not {c for c in self.switch.in_hand() if not self.world.registry.is_owned(c)}
        # A call waits for no operator who lets go of it: the next one may have it while the first one's task has had no
        # answer to a change before, and repeats that before it writes anything else.
        row_rules.check_one_call_each(
            session for session in ledger.sessions.values() if session.id not in self._unanswered
        )
        self.check_door()
        for call in ledger.calls.values():
            if id(call) in self._seen_over:
                continue  # it was over at the step before, and nothing was written since
            if not call.is_open:
                self._seen_over[id(call)] = call
            assert ledger.kinds(call.id).count(FactKind.ENDED) == (not call.is_open) == (call.end_reason is not None)
            self.check_transfers(call)
            row_rules.check_visits(self.world, call)
            if (told := len(ledger.told.get(call.id, ()))) != self._told.get(call.id):
                self._told[call.id] = told  # what was heard only grows: without another fact nothing can be wrong
                row_rules.check_what_was_heard(self.world, call)
        if "an_order_fails" not in self.weights and self.deaths < 2:
            # Else a prompt may not have been stopped: the process before this one is known by its last fact only, the
            # one before that not at all. Prompts for an operator from a process that died are short, and may hold a
            # move up.
            assert not [c for c in self.switch.moved_while_playing if "citizen" in c or not self.lost_events]

    def note_absence(self) -> None:
        """The store goes away. Two absences between which it may not have been seen are one."""
        now, last = self.world.clock.now(), self.last_absence
        began_at = last[0] if last is not None and now - last[1] <= FORGOTTEN + UNSURE else now
        self.store_away_since = self.store_away_since or began_at

    def note_fallback(self, channel_id: ChannelId) -> None:
        """Called when somebody is about to be sent to the fallback. A failed order that is given again is no news."""
        if channel_id in self._sent:
            return
        self._sent.add(channel_id)
        now, away_since = self.world.clock.now(), self.store_away_since
        if self.last_absence is not None and now - self.last_absence[1] <= UNSURE:
            away_since = self.last_absence[0]  # its return may not have been noticed yet
        if away_since is None or now - away_since < HOLD - UNSURE:
            self._sent_early.add(channel_id)

    def check_door(self) -> None:
        """While the store is away nobody goes to the fallback before the hold is over, or waits in silence."""
        assert not {c for c in self._sent_early if self.switch.fallback.get(c) == "store_unavailable"}
        now = self.world.clock.now()
        since = self.store_away_since
        if since is None or now - since < SILENCE or not self.is_alive or "an_order_fails" in self.weights:
            return
        heard = self.switch.music | set(self.switch.playing.values())
        for call in self.world.supervisor.live_calls():
            is_waiting = call.stage is Stage.WAITING and call.answered_at is None and call.channel_id in self.switch.up
            # a caller who hears ringing instead of music, with too many callers, is answered later
            if is_waiting and now - max(call.stage_entered_at, call.line_answered_at or now) >= SILENCE:
                assert call.channel_id in heard

    def check_bridges(self) -> None:
        """Two citizens never hear each other, and a third person is there only in a conference."""
        if self.is_meddled:
            return  # until the sweeps: see check_that_nobody_listens
        owners = {call.channel_id: call for call in self.world.ledger.calls.values()}
        for members in self.switch.bridges.values():
            callers = [owners[c] for c in members if c in owners]
            assert len(callers) <= 1
            people = len(members) - max(0, len(members & self.lines_of_page) - 1)  # the one before is being hung up
            assert people <= (3 if callers and callers[0].id in self.conferenced else 2)

    def check_that_nobody_listens(self) -> None:
        """Who is in a bridge belongs there by the rows."""
        ledger = self.world.ledger
        calls = [call for call in ledger.calls.values() if call.is_open]
        legs = [leg for leg in ledger.legs.values() if leg.is_open]
        sessions = [session for session in ledger.sessions.values() if session.is_open]
        with_legs = [(call, tuple(leg for leg in legs if leg.call_id == call.id)) for call in calls]
        assert strangers(with_legs, sessions, self.world.snapshot()) == set()

    def check_transfers(self, call: Call) -> None:
        """Nobody is transferred more than twice, as nobody allowed more; the count is that of the rows (AV §2).

        A callback goes on counting where the call that it continues had come to.
        """
        rows = [t for t in self.world.ledger.transfers.values() if t.call_id == call.id]
        counted = sum(row.counted for row in rows)
        assert counted <= call.transfer_count <= MOST_TRANSFERS
        assert counted == call.transfer_count or call.callback_request is not None
        still_open = [row for row in rows if row.is_open]
        assert len(still_open) <= 1
        assert not still_open or call.is_open

    # --- in the end, when all works again ---

    def check_that_everything_fits(self) -> None:
        """Rows, sessions and bridges tell the same story."""
        ledger = self.world.ledger
        sessions = {session.id: session for session in ledger.sessions.values() if session.is_open}
        free = {s.operator for s in sessions.values() if s.state is OperatorState.READY}
        seen = self.world.snapshot()
        self.check_that_nobody_listens()
        row_rules.check_one_call_each(sessions.values())
        assert not [session for session in sessions.values() if is_line_misplaced(session, seen)]
        for call in ledger.calls.values():
            legs = tuple(leg for leg in ledger.legs.values() if leg.call_id == call.id and leg.is_open)
            assert not misplaced(call, legs, self.open_transfer(call), seen)
            if call.stage is Stage.TALKING:
                self.check_talk(call)
                if call.operator_session is not None:
                    session = sessions[call.operator_session]
                    assert (session.state, session.call_id) == (OperatorState.TALKING, call.id)
            elif call.stage is Stage.WAITING:
                if call.channel_id in self.switch.up:
                    assert call.channel_id in self.switch.music & self.switch.waiting
                may = {"101", "102", "103"} if call.municipality in (ESDAM, None) else {"102", "103"}
                may = may if call.only_operator is None else {call.only_operator}
                may = may if call.only_team is None else may & {"102", "103"}
                assert not (may & free) - set(call.refused_by)
        for session in [s for s in sessions.values() if s.state is OperatorState.TALKING]:
            assert session.call_id is not None
            call, transfer = ledger.calls[session.call_id], self.open_transfer(ledger.calls[session.call_id])
            is_briefing = transfer is not None and transfer.in_presence and transfer.from_session == session.id
            assert call.stage is Stage.TALKING or is_briefing

    def check_talk(self, call: Call) -> None:
        """The caller hears one person, or music while on hold, or two people in a conference; never nothing."""
        partners, transfer = self.switch.partners(call.channel_id), self.open_transfer(call)
        state = None if transfer is None else transfer.state
        is_held = call.held_at is not None or state in (
            TransferState.RINGING,
            TransferState.BRIEFING,
            TransferState.CONSULTING,
        )
        assert len(partners) == (0 if is_held else 2 if state is TransferState.CONFERENCED else 1)
        assert (call.channel_id in self.switch.music) == is_held

    def check_that_nothing_is_left(self) -> None:
        """Everybody has left: no channel, no bridge, no open row; a confirmed number is promised a call, once."""
        ledger = self.world.ledger
        assert not self.switch.in_hand() and not self.switch.bridges
        assert not [call for call in ledger.calls.values() if call.is_open]
        assert not [leg for leg in ledger.legs.values() if leg.is_open]
        assert not [line for line in ledger.lines.values() if line.ended_at is None]
        assert not [one for one in ledger.transfers.values() if one.is_open]
        row_rules.check_promises(self.world)
        row_rules.check_legs(self.world)
        self.check_waiting()
        row_rules.check_stretches(self.world)
        for session in [session for session in ledger.sessions.values() if session.is_open]:
            assert (session.reach, session.call_id) == (Reach.RING, None)
            assert session.state in (OperatorState.READY, OperatorState.PAUSED)
        if not self.lost_events and "an_order_fails" not in self.weights:
            assert not [leg for leg in ledger.legs.values() if leg.end_is_estimated and leg.end_reason == "lost"]

    def check_waiting(self) -> None:
        """The time of the visits is the time that the rows of the call say that it was in a queue."""
        if "an_answer_of_the_store_is_lost" in self.weights:
            return  # a talk that was stored, and of which the call's task does not know
        for call in self.world.ledger.calls.values():
            unheard = [fact for fact in self.world.ledger.told[call.id] if fact.detail.get("why") == "operator_left"]
            if call.callback_request is None and not unheard:
                visits = self.world.ledger.visits_of(call.id)
                waited = sum(((one.left_at or one.entered_at) - one.entered_at for one in visits), timedelta())
                assert waited == row_rules.time_in_queues(self.rows[call.id]), (call.id, visits)
