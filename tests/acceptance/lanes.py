"""A town with an operator, two colleagues and a citizen on the phone: the people with whom a transfer is tried."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.acceptance.centre import Centre
from tests.acceptance.phone import Phone
from tests.acceptance.remote_control import RemoteAsterisk, RemoteError
from tests.acceptance.stories import add_town, dials
from tests.dead_channels import WAITING_BRIDGE
from tests.patience import PATIENCE_SECONDS

RING_SECONDS = 6


@dataclass(frozen=True, slots=True)
class Lane:
    """People that belong together. The phones are desks of the phone network."""

    town: int
    name: str
    operator: str
    operator_desk: str
    colleague_desk: str
    deputy_desk: str

    @property
    def colleague(self) -> str:
        return f"2{self.town:02}1"

    @property
    def deputy(self) -> str:
        return f"2{self.town:02}2"

    def add(self, area: dict[str, Any]) -> None:
        """The town with its team and its part of the directory."""
        norms = {"transfer_ring_seconds": RING_SECONDS, "nobody_grace_seconds": 600, "position_every_seconds": 600}
        team = {"wrap_up_seconds": 0, "whisper": "beep"}
        add_town(area, self.town, self.name, [self.operator], team=team, norms=norms)
        for extension, desk in ((self.colleague, self.colleague_desk), (self.deputy, self.deputy_desk)):
            area.setdefault("directory_entry", []).append(
                {
                    "code": f"entry-{extension}",
                    "kind": "person",
                    "name": f"Collega {extension}",
                    "municipality": f"GM99{self.town:02}",
                    "extension": extension,
                    "endpoint": f"PJSIP/{desk}",
                    "subject": "paspoorten",
                }
            )


LANES = (
    Lane(11, "Beekdam", "101", "phone01", "phone02", "phone03"),
    Lane(12, "Duinhout", "102", "phone04", "phone05", "phone06"),
    Lane(13, "Eikveen", "103", "phone07", "phone08", "phone09"),
    Lane(14, "Korthoven", "104", "phone10", "phone11", "phone12"),
)


def add_lanes(area: dict[str, Any]) -> None:
    """All lanes, in an area whose first team answers for everybody else."""
    area["team"][0]["serves"] = ["GM9901", "GM9902", "GM9903", "GM9904"]
    for lane in LANES:
        lane.add(area)


class Scene:
    """One call in one lane, and where everybody of it is, as Asterisk itself says."""

    def __init__(self, centre: Centre, lane: Lane, exchange: RemoteAsterisk) -> None:
        self.centre = centre
        self.lane = lane
        self._exchange = exchange
        self.operator: Phone
        self.citizen: Phone
        self.colleague: Phone | None = None

    async def talk(self) -> None:
        """The citizen talks with the operator."""
        self.operator = await self.centre.operator(self.lane.operator_desk, self.lane.operator)
        self.citizen = await self.centre.citizen(dials(self.lane.town))
        await self.is_with(self.lane.operator_desk)

    async def ringing(self, desk: str | None = None) -> Phone:
        """Wait until the colleague's phone rings; it is picked up by a test that wants it."""
        self.colleague = await self.centre.phones.incoming(desk or self.lane.colleague_desk)
        return self.colleague

    async def asks(self, keys: str, *, picked_up: bool = False) -> None:
        await self.operator.press(keys)
        colleague = await self.ringing()
        if picked_up:
            await colleague.pick_up()

    # --- where everybody is ---

    async def is_with(self, *desks: str) -> None:
        """Wait until the citizen is in one bridge with just these phones."""
        await self._until(lambda places: places.talk == frozenset(desks), f"the citizen with {desks}")

    async def is_on_hold(self, *together: str) -> None:
        """Wait until the citizen waits with music, and just these phones are in a bridge with each other."""
        await self._until(
            lambda places: places.waits and (not together or frozenset(together) in places.others),
            f"the citizen on hold, {together} together",
        )

    async def _until(self, holds: Callable[[Places], bool], what: str) -> None:
        last: Places | None = None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    last = await self._places()
                    if holds(last):
                        return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            call = await self.centre.call(self.citizen)
            raise AssertionError(f"not seen: {what}; {last}; stage {call['stage']}, {call['end_reason']}") from None

    async def _places(self) -> Places:
        call = await self.centre.rows(
            "SELECT channel_id FROM call WHERE pii_caller_number = $1", self.centre.number_of(self.citizen)
        )
        citizen = call[0]["channel_id"] if call else ""
        channels, bridges = await asyncio.gather(
            self._exchange.order("GET", "channels"), self._exchange.order("GET", "bridges")
        )
        name_of = {channel["id"]: channel["name"].removeprefix("PJSIP/").rpartition("-")[0] for channel in channels}
        mine = {self.lane.operator_desk, self.lane.colleague_desk, self.lane.deputy_desk}
        talk: frozenset[str] | None = None
        waits, others = False, []
        for bridge in bridges:
            members = bridge["channels"]
            if bridge["id"].startswith(WAITING_BRIDGE):
                waits = waits or citizen in members
            elif citizen in members:
                talk = frozenset(name_of.get(member, "?") for member in members if member != citizen)
            else:
                others.append(frozenset(name_of.get(member, "?") for member in members) & mine)
        return Places(talk, waits, tuple(others))

    # --- the record ---

    async def is_over(self, reason: str) -> None:
        await self.centre.call_has(self.citizen, "end_reason", reason)

    async def transfers(self) -> list[Mapping[str, Any]]:
        rows = await self.centre.rows(
            "SELECT t.* FROM transfer t JOIN call c ON c.id = t.call_id WHERE c.pii_caller_number = $1"
            " ORDER BY t.number",
            self.centre.number_of(self.citizen),
        )
        return [dict(row) for row in rows]

    async def counts(self, completed: int) -> None:
        """So many transfers count, by the call's row and by the transfers themselves."""
        await self.centre.call_has(self.citizen, "transfer_count", completed)
        assert sum(transfer["counted"] for transfer in await self.transfers()) == completed

    async def everybody_hangs_up(self) -> None:
        """And the operator is logged out, for the next scene of this lane."""
        for phone in (self.citizen, self.colleague, self.operator):
            if phone is not None and phone.ending is None:
                await phone.hang_up()
        await self.centre.operator_is(self.lane.operator, "away")


@dataclass(frozen=True, slots=True)
class Places:
    """`talk`: whom the citizen hears, None when in no bridge of a talk; `others`: bridges without the citizen."""

    talk: frozenset[str] | None
    waits: bool
    others: tuple[frozenset[str], ...]


async def in_lanes(scenes: list[Callable[[Lane], Awaitable[None]]]) -> None:
    """Play all scenes, as many at a time as there are lanes. Raises what was wrong, of all of them."""
    waiting = list(scenes)

    wrong: list[Exception] = []

    async def play(lane: Lane) -> None:
        while waiting:
            scene = waiting.pop(0)
            try:
                await scene(lane)
            except (AssertionError, RemoteError) as error:
                wrong.append(error)

    await asyncio.gather(*(play(lane) for lane in LANES))
    if wrong:
        raise ExceptionGroup("scenes that did not go as they should", wrong)
