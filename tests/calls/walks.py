"""Random walks through a contact centre: people, Asterisk, the store and the process do anything in any order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from random import Random

from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.core.area import CallbackRules, DirectNumber, Norms, Reach
from ari_app.core.call import FactKind, Stage
from ari_app.core.ids import ChannelId, Endpoint, OperatorNumber, TeamCode
from ari_app.core.operators import OperatorState
from tests.calls.world import ESDAM, ESDAM_ALONE, SHARED, World, an_area

DIRECT, DIRECT_PERSON, NOT_OURS = "+31119555777", "+31119555888", "+31301112222"
PHONES = {"101": "phone01", "102": "phone02", "103": "phone03"}
ORDERS = ["answer", "play", "stop", "wait", "no music", "bridge", "join", "create", "dial", "hang up", "fallback"]

PEOPLE = {
    "a_citizen_calls": 12,
    "a_citizen_presses": 8,
    "a_citizen_hangs_up": 5,
    "citizens_want_to_be_called": 5,
    "an_operator_dials_in": 6,
    "an_operator_presses": 5,
    "an_operator_hangs_up": 2,
    "a_phone_is_picked_up": 12,
    "a_phone_refuses": 2,
    "a_rung_phone_hangs_up": 3,
    "time_passes": 20,
    "prompts_change": 4,
}
ASTERISK = {"an_order_fails": 8, "a_phone_registers_or_not": 1}
STORE = {"the_store_goes": 2, "the_store_comes": 6, "an_answer_of_the_store_is_lost": 5}
PROCESS = {"the_process_dies": 4, "another_process_starts": 12, "the_socket_breaks": 3, "the_socket_is_back": 9}
FLAVOURS: Mapping[str, Mapping[str, int]] = {
    "calm": PEOPLE,
    "asterisk": {**PEOPLE, **ASTERISK},
    "store": {**PEOPLE, **STORE},
    "process": {**PEOPLE, **PROCESS},
    "everything": {**PEOPLE, **ASTERISK, **STORE, **PROCESS, "the_sweep_comes_by": 2},
}


def area_of(dice: Random) -> World:
    """Operator 101 is on a standing line, 102 and 103 are rung."""
    area = an_area(
        callback=CallbackRules(offered=dice.random() < 0.7, offer_after_seconds=10, abandoned=dice.random() < 0.5),
        norms=Norms(max_wait_seconds=200, nobody_grace_seconds=60),
        wrap_up_seconds=dice.choice([0, 30]),
        direct_numbers=(
            DirectNumber(DIRECT, ESDAM, endpoint=Endpoint("PJSIP/phone20"), deputy_operator=OperatorNumber("103")),
            DirectNumber(
                DIRECT_PERSON, ESDAM, operator=OperatorNumber("102"), deputy_endpoint=Endpoint("PJSIP/phone20")
            ),
        ),
    )
    both = replace(area.teams[TeamCode("both")], reach=Reach.RING)
    return World(replace(area, teams={**area.teams, both.code: both}))


class Walk:
    """One of them; the same `dice` lead the same way."""

    def __init__(self, dice: Random, flavour: str) -> None:
        self.dice = dice
        self.weights = FLAVOURS[flavour]
        self.world = area_of(dice)
        self.switch = self.world.switch
        self.story: list[str] = []
        self.failing: list[tuple[str, bool, bool]] = []  # an order, whether it is done all the same, whether it lies
        self.is_deaf = False
        self.lost_news = False
        turns = dice.randrange(3)
        self.switch.turns = lambda: turns
        self.switch.trouble = self._trouble

    @property
    def is_alive(self) -> bool:
        return self.world.is_running

    async def step(self) -> None:
        name = self.dice.choices(list(self.weights), list(self.weights.values()))[0]
        action: Callable[[], Awaitable[None]] = getattr(self, name)
        self.story.append(f"{self.world.clock.now():%H:%M:%S.%f} {name}")
        await action()
        self.check()

    def _pick(self, *candidates: ChannelId) -> ChannelId | None:
        return self.dice.choice(sorted(candidates)) if candidates else None

    def _trouble(self, order: tuple[str, ...], is_done: bool) -> bool:
        if self.failing and self.failing[0][:2] == (order[0], is_done):
            _, _, lies = self.failing.pop(0)
            if lies and not is_done and order[0] in ("wait", "join", "play", "answer"):
                raise PartyLeft(ChannelId(order[2] if order[0] == "join" else order[1]))
            raise SwitchUnavailable("ordered by the test")
        return False

    # --- people ---

    async def a_citizen_calls(self) -> None:
        numbers = [SHARED] * 4 + [ESDAM_ALONE] * 6 + [DIRECT, DIRECT, DIRECT_PERSON, NOT_OURS]
        await self.world.citizen(self.dice.choice(numbers))

    async def a_citizen_presses(self) -> None:
        if (citizen := self._pick(*self.citizens)) is not None:
            await self.world.press(citizen, self.dice.choice(["1", "2", "1", "1", "7", "*", "12", "0612345678#"]))

    async def citizens_want_to_be_called(self) -> None:
        """All who are asked about it say something."""
        for citizen in sorted(self.citizens):
            call = next((c for c in self.world.ledger.calls.values() if c.channel_id == citizen), None)
            if call is not None and call.stage is Stage.LEAVING_CALLBACK:
                await self.world.press(citizen, self.dice.choice(["1", "1", "1", "2", "0612345678#"]))
            elif call is not None and call.callback_offered_at is not None and self.dice.random() < 0.3:
                await self.world.press(citizen, "1")

    async def a_citizen_hangs_up(self) -> None:
        if (citizen := self._pick(*self.citizens)) is not None:
            await self.world.hang_up(citizen)

    async def an_operator_dials_in(self) -> None:
        number = self.dice.choice(sorted(PHONES))
        pin = self.dice.choice(["1234"] * 9 + ["9999"])
        line = await self.world.operator(number, pin, PHONES[number])
        if number != "101" and self.dice.random() < 0.7:
            await self.world.hang_up(line)

    async def an_operator_presses(self) -> None:
        if (line := self._pick(*self.lines)) is not None:
            await self.world.press(line, self.dice.choice(["*91", "*0", "*0", "#", "#", "*8", "*9", "101#1234#"]))

    async def an_operator_hangs_up(self) -> None:
        if (line := self._pick(*self.lines)) is not None:
            await self.world.hang_up(line)

    async def a_phone_is_picked_up(self) -> None:
        if (phone := self._pick(*self.switch.ringing)) is not None:
            self.switch.pick_up(phone)
            await self.world.clock.advance(0)

    async def a_phone_refuses(self) -> None:
        if (phone := self._pick(*self.switch.ringing)) is not None:
            self.switch.leave(phone, self.dice.choice([17, 21]))
            await self.world.clock.advance(0)

    async def a_rung_phone_hangs_up(self) -> None:
        if (phone := self._pick(*(c for c in self.switch.created if c in self.switch.up))) is not None:
            await self.world.hang_up(phone)

    async def time_passes(self) -> None:
        await self.world.clock.advance(self.dice.choice([0.1, 0.3, 0.6, 1, 2, 5, 6, 16, 31]))

    async def prompts_change(self) -> None:
        """They end, and from now on others last or not."""
        self.switch.prompts_last = self.dice.random() < 0.5
        for channel_id in list(self.switch.playing.values()):
            self.switch.finish_prompt(channel_id)
        await self.world.clock.advance(0)

    # --- machines ---

    async def an_order_fails(self) -> None:
        order, is_done, lies = self.dice.choice(ORDERS), self.dice.random() < 0.4, self.dice.random() < 0.2
        self.failing = [(order, is_done, lies)] * self.dice.randint(1, 4)

    async def a_phone_registers_or_not(self) -> None:
        self.switch.unregistered ^= {Endpoint(self.dice.choice(["PJSIP/phone02", "PJSIP/phone20"]))}

    async def the_store_goes(self) -> None:
        self.world.ledger.available = self.world.promises.available = False

    async def the_store_comes(self) -> None:
        self.world.ledger.available = self.world.promises.available = True
        await self.world.clock.advance(0.5)

    async def an_answer_of_the_store_is_lost(self) -> None:
        self.world.ledger.lose_answers = 1

    async def the_process_dies(self) -> None:
        if self.is_alive:
            self.lost_news = True
            await self.world.kill()

    async def another_process_starts(self) -> None:
        if not self.is_alive and self.world.ledger.available:
            self._hears_again()
            await self.world.restart()

    async def the_socket_breaks(self) -> None:
        self.is_deaf = self.lost_news = True
        self.switch.post = lambda channel_id, message: None

    async def the_socket_is_back(self) -> None:
        if self.is_deaf and self.is_alive and self.world.ledger.available:
            self._hears_again()
            await self.world.close_gap()

    async def the_sweep_comes_by(self) -> None:
        if self.is_alive and not self.is_deaf:
            await self.world.sweep()

    def _hears_again(self) -> None:
        self.is_deaf = False
        self.switch.post = self.world.post

    # --- what is always true ---

    @property
    def citizens(self) -> list[ChannelId]:
        return [c for c in self.switch.in_hand() if "citizen" in c]

    @property
    def lines(self) -> list[ChannelId]:
        return [c for c in self.switch.in_hand() if "node1-operator" in c]

    def check(self) -> None:
        """Nobody is connected to two people, nobody is without an owner, every call ends once."""
        for members in self.switch.bridges.values():
            assert len(members) <= 2
            assert sum("citizen" in channel_id for channel_id in members) <= 1
        if self.is_alive and not self.is_deaf:
            assert not {c for c in self.switch.in_hand() if not self.world.registry.is_owned(c)}
        ledger = self.world.ledger
        with_call = [s.call_id for s in ledger.sessions.values() if s.is_open and s.call_id is not None]
        assert len(with_call) == len(set(with_call))
        for call in ledger.calls.values():
            assert ledger.kinds(call.id).count(FactKind.ENDED) == (not call.is_open) == (call.end_reason is not None)
        if "an_order_fails" not in self.weights:  # else a prompt may not have been stopped
            # What an operator who logs in hears from a process that died is short, and so may hold the move up.
            assert not [c for c in self.switch.moved_while_playing if "citizen" in c or not self.lost_news]

    # --- and in the end ---

    async def end(self) -> None:
        """Everything works again: rows, sessions and bridges tell the same story. Everybody leaves: nothing is left."""
        world, switch, ledger = self.world, self.switch, self.world.ledger
        ledger.available, ledger.lose_answers, self.failing = True, 0, []
        world.promises.available = True
        switch.prompts_last = False
        self._hears_again()
        for channel_id in list(switch.playing.values()):
            switch.finish_prompt(channel_id)
        if self.lost_news:
            await (world.close_gap() if self.is_alive else world.restart())
        await world.clock.advance(15)
        if self.lost_news:  # only then the sweep may be needed
            await world.sweep()
            await world.clock.advance(5)
        self.check_that_everything_fits()
        for channel_id in sorted([*self.citizens, *self.lines, *switch.created]):
            if channel_id in switch.channels:
                await world.hang_up(channel_id)
        await world.clock.advance(60)
        self.check_that_nothing_is_left()
        await world.kill()

    def check_that_everything_fits(self) -> None:
        ledger, switch = self.world.ledger, self.switch
        sessions = {session.id: session for session in ledger.sessions.values() if session.is_open}
        for call in ledger.calls.values():
            if call.stage is Stage.TALKING:
                assert len(switch.partners(call.channel_id)) == 1
                assert call.channel_id not in switch.music
                if call.operator_session is not None:
                    session = sessions[call.operator_session]
                    assert (session.state, session.call_id) == (OperatorState.TALKING, call.id)
            elif call.stage is Stage.WAITING:
                if call.channel_id in switch.up:
                    assert call.channel_id in switch.music & switch.waiting
                may = {"101", "102", "103"} if call.municipality in (ESDAM, None) else {"102", "103"}
                may = may if call.only_operator is None else {call.only_operator}
                free = {s.operator for s in sessions.values() if s.state is OperatorState.READY}
                assert not (may & free) - set(call.refused_by)
        talking = {call.id for call in ledger.calls.values() if call.stage is Stage.TALKING}
        assert all(s.call_id in talking for s in sessions.values() if s.state is OperatorState.TALKING)

    def check_that_nothing_is_left(self) -> None:
        ledger = self.world.ledger
        assert not self.switch.in_hand() and not self.switch.bridges
        assert not [call for call in ledger.calls.values() if call.is_open]
        assert not [leg for leg in ledger.legs.values() if leg.is_open]
        assert not [line for line in ledger.lines.values() if line.ended_at is None]
        # Every number that a caller confirmed is promised a call, once.
        promised = {(one.municipality, one.pii_number): one.reference for one in self.world.promises.requests.values()}
        assert len(promised) == len(self.world.promises.requests)
        for call in [call for call in ledger.calls.values() if call.pii_callback_number is not None]:
            assert call.municipality is not None and call.pii_callback_number is not None
            reference = promised[call.municipality, call.pii_callback_number]
            assert call.callback_reference in (None, reference)
        for session in [session for session in ledger.sessions.values() if session.is_open]:
            assert (session.reach, session.call_id) == (Reach.RING, None)
            assert session.state in (OperatorState.READY, OperatorState.PAUSED)
        if not self.lost_news and "an_order_fails" not in self.weights:
            assert not [leg for leg in ledger.legs.values() if leg.end_is_estimated and leg.end_reason == "lost"]
