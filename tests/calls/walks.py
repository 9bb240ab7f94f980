"""Random walks through a contact centre: people, Asterisk, the store and the process do anything in any order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import accumulate
from random import Random

from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.core.call import Stage
from ari_app.core.ids import ChannelId, Endpoint
from tests.calls.clicks import Clicks
from tests.calls.flavours import (
    ABOUT_CALLBACKS,
    CITIZENS,
    DIRECT,
    DIRECT_PERSON,
    FLAVOURS,
    IN_A_TRANSFER,
    NOT_OURS,
    NOT_TRANSFERS,
    ORDERS,
    PHONES,
    TRANSFERS,
    area_of,
)
from tests.calls.ids import of_one_seed
from tests.calls.invariants import UNSURE
from tests.calls.standing_rules import Silence
from tests.calls.surveys import SurveyWalk
from tests.calls.world import ESDAM_ALONE, SHARED
from tests.fakes.clock import settle
from tests.fakes.switch import WAITING


class Walk(SurveyWalk):
    """One walk; the same `dice` lead the same way."""

    def __init__(self, dice: Random, flavour: str) -> None:
        self.weights = FLAVOURS[flavour]
        self.names, self.up_to = list(self.weights), list(accumulate(self.weights.values()))
        super().__init__(area_of(dice), dice)
        may_be_broken = bool({"an_order_fails", "the_store_goes", "the_process_dies"} & self.weights.keys())
        Silence(self.world, lambda: may_be_broken or self.is_meddled)
        self.clicks = Clicks(self.world, dice)
        self.story: list[tuple[datetime, str]] = []
        self.failing: list[tuple[str, bool, bool]] = []  # an order, whether it is done all the same, whether it lies
        turns = dice.randrange(3)
        self.switch.turns = lambda: turns
        self.switch.trouble = self._trouble

    async def step(self) -> None:
        (name,) = self.dice.choices(self.names, cum_weights=self.up_to)
        action: Callable[[], Awaitable[None]] = getattr(self, name)
        self.story.append((self.world.clock.now(), name))
        await action()
        if self.is_alive:
            self.world.admission.sample()
        self.check()

    def _rung_phone(self) -> ChannelId | None:
        return self.pick(*(c for c in self.switch.created if c in self.switch.up))

    def _trouble(self, order: tuple[str, ...], is_done: bool) -> bool:
        if order[0] == "fallback":
            self.note_fallback(ChannelId(order[1]))
        if self.failing and self.failing[0][:2] == (order[0], is_done):
            _, _, lies = self.failing.pop(0)
            if lies and not is_done and order[0] in ("wait", "join", "play", "answer"):
                raise PartyLeft(ChannelId(order[2] if order[0] == "join" else order[1]))
            raise SwitchUnavailable("ordered by the test")
        return False

    # --- people ---

    async def a_citizen_calls(self) -> None:
        numbers = [SHARED] * 4 + [ESDAM_ALONE] * 6 + [DIRECT, DIRECT, DIRECT_PERSON, NOT_OURS]
        await self.world.citizen(self.dice.choice(numbers), self.dice.choice(CITIZENS))

    async def a_citizen_presses(self) -> None:
        if (citizen := self.pick(*self.citizens)) is not None:
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
        if (citizen := self.pick(*self.citizens)) is not None:
            await self.world.hang_up(citizen)

    async def a_citizen_holds_or_is_back(self) -> None:
        citizen = self.pick(*(c for c in self.citizens if c in self.switch.up))
        if citizen is not None:
            (self.switch.take_back if citizen in self.switch.held else self.switch.hold)(citizen)
            await self.world.clock.advance(0.1)  # no phone does both at one instant
            self.note_holds(citizen)

    async def an_operator_dials_in(self) -> None:
        number = self.dice.choice(sorted(PHONES))
        pin = self.dice.choice(["1234"] * 9 + ["9999"])
        line = await self.world.operator(number, pin, PHONES[number])
        if number != "101" and self.dice.random() < 0.7:
            await self.world.hang_up(line)

    async def an_operator_presses(self) -> None:
        if (line := self.pick(*self.lines)) is not None:
            await self.world.press(line, self.dice.choice(["*91", "*0", "*0", "#", "#", "*8", "*9", "101#1234#"]))

    async def an_operator_transfers(self) -> None:
        if (phone := self.pick(*self.handling)) is not None:
            await self.world.press(phone, self.dice.choice(TRANSFERS if self.dice.random() < 0.9 else NOT_TRANSFERS))

    async def an_operator_goes_on_with_a_transfer(self) -> None:
        if (phone := self.pick(*self.handling)) is not None:
            await self.world.press(phone, self.dice.choice(IN_A_TRANSFER))

    async def an_operator_keys_about_callbacks(self) -> None:
        if (phone := self.pick(*self.handling)) is not None:
            await self.world.press(phone, self.dice.choice(ABOUT_CALLBACKS))

    async def an_operator_makes_a_callback(self) -> None:
        idle = [line for line in self.lines if not self.switch.partners(line)]
        if (line := self.pick(*idle)) is not None:
            await self.world.press(line, self.dice.choice(["#*7", "*0*7"]))

    async def a_colleague_presses(self) -> None:
        """The key with which a colleague outside takes a caller, or a transfer of their own."""
        if (phone := self._rung_phone()) is not None:
            await self.world.press(phone, self.dice.choice(["1", "1", "2", *TRANSFERS, *IN_A_TRANSFER]))

    async def somebody_clicks(self) -> None:
        if self.is_alive:
            await self.clicks.one(sorted(PHONES))

    async def an_operator_hangs_up(self) -> None:
        if (line := self.pick(*self.lines)) is not None:
            await self.world.hang_up(line)

    async def a_phone_is_picked_up(self) -> None:
        if (phone := self.pick(*self.switch.ringing)) is not None:
            self.switch.pick_up(phone)
            await self.world.clock.advance(0)

    async def a_phone_refuses(self) -> None:
        if (phone := self.pick(*self.switch.ringing)) is not None:
            self.switch.leave(phone, self.dice.choice([17, 21]))
            await self.world.clock.advance(0)

    async def a_rung_phone_hangs_up(self) -> None:
        if (phone := self._rung_phone()) is not None:
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
        self.world.ledger.available = self.world.callback_store.available = False
        self.note_absence()

    async def the_store_freezes(self) -> None:
        self.world.ledger.freeze()
        self.world.callback_store.available = False
        self.note_absence()

    async def the_store_comes(self) -> None:
        self.bring_the_store_back()
        await self.world.clock.advance(0.5)

    def bring_the_store_back(self) -> None:
        self.world.ledger.available = self.world.callback_store.available = True
        self.world.ledger.thaw(lambda: self.dice.choice([0, 0, 1, 2]))
        if self.store_away_since is not None:
            self.last_absence = (self.store_away_since, self.world.clock.now())
        self.store_away_since = None

    async def an_answer_of_the_store_is_lost(self) -> None:
        self.world.ledger.lose_answers = 1
        now = self.world.clock.now()
        if self.last_absence is not None and now - self.last_absence[1] <= UNSURE:
            self.last_absence = (self.last_absence[0], now)  # nobody knows yet that it is back

    async def the_process_dies(self) -> None:
        if self.is_alive:
            self.lost_events = True
            self.deaths += 1
            await self.world.kill()
            self._unanswered.clear()  # nobody waits for those answers any more

    async def another_process_starts(self) -> None:
        if not self.is_alive and self.store_away_since is None:
            self._hears_again()
            await self.world.restart()

    async def the_socket_breaks(self) -> None:
        self.is_deaf = self.lost_events = True
        self.switch.post = lambda channel_id, message: None

    async def the_socket_is_back(self) -> None:
        if self.is_deaf and self.is_alive and self.store_away_since is None:
            self._hears_again()
            self.offered_before_hold.clear()  # a hold that began before is not known any more
            await self.world.close_gap()

    async def somebody_takes_a_party_out_of_its_bridge(self) -> None:
        """Another application, or somebody at Asterisk's console."""
        switch = self.switch
        places = [*switch.bridges.values(), switch.waiting]
        channel_id = self.pick(*{channel for members in places for channel in members})
        self.is_meddled = True
        for members in places:
            members.discard(channel_id or ChannelId(""))

    async def somebody_brings_a_channel_into_a_bridge(self) -> None:
        """Another application, or somebody at Asterisk's console: one of their own, or one of ours from elsewhere."""
        bridge_id = self.dice.choice([WAITING, *sorted(self.switch.bridges)])
        ours = self.pick(*self.switch.in_hand()) if self.dice.random() < 0.5 else None
        self.is_meddled = True
        self.switch.bring_in(ours or ChannelId(f"stranger.{len(self.story)}"), bridge_id)

    async def the_sweep_comes_by(self) -> None:
        if self.is_alive and not self.is_deaf:
            await self.world.sweep()

    def _hears_again(self) -> None:
        self.is_deaf = False
        self.switch.post = self.world.post

    # --- and in the end ---

    async def end(self) -> None:
        """Everything works again: rows, sessions and bridges agree. Everybody leaves: nothing is left."""
        world, switch, ledger = self.world, self.world.switch, self.world.ledger
        ledger.lose_answers, self.failing = 0, []
        self.bring_the_store_back()
        switch.prompts_last = False
        self._hears_again()
        for channel_id in list(switch.playing.values()):
            switch.finish_prompt(channel_id)
        for channel_id in sorted(switch.held):
            switch.take_back(channel_id)
        if self.lost_events:
            await (world.close_gap() if self.is_alive else world.restart())
        await world.clock.advance(15)
        # Only then a sweep may be needed. The first does not judge a call whose stage has just begun, and a row that a
        # frozen store wrote for the process before this one is compared after the second.
        for _ in range(3 if self.is_meddled else 2 if self.lost_events else 0):
            await world.sweep()
            await world.clock.advance(5)
        self.check_that_everything_fits()
        self.clicks.check()
        for channel_id in sorted([*self.citizens, *self.lines, *switch.created]):
            if channel_id in switch.channels:
                await world.hang_up(channel_id)
        await world.clock.advance(60)
        self.check_that_nothing_is_left()
        await world.kill()


async def walk(flavour: str, seed: int, steps: int) -> None:
    """One walk from its beginning to its end. A failure tells the last steps, and the same seed repeats it."""
    with of_one_seed(Random(seed)):  # ids decide between equals: the same walk must lead the same way twice
        one = Walk(Random(f"{flavour} {seed}"), flavour)
        try:
            await settle()
            for _ in range(steps):
                await one.step()
            await one.end()
        except BaseException as error:
            last = [f"{at:%H:%M:%S.%f} {name}" for at, name in one.story[-40:]]
            error.add_note("\n".join([f"walk: flavour {flavour}, seed {seed}, {steps} steps", *last]))
            raise
        finally:
            await one.world.stop()
