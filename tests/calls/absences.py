"""The store goes away and comes back, or loses an answer; and whether all is closed then."""

from __future__ import annotations

from ari_app.core.call import Call
from ari_app.core.ids import ChannelId
from tests.calls.world import World


def all_is_closed(world: World) -> bool:
    ledger = world.ledger
    open_calls = [call for call in ledger.calls.values() if call.is_open]
    return not open_calls and not any(leg.is_open for leg in ledger.legs.values())


class Losing:
    """One answer is lost, counted from now; `stays_away`: and with it the store."""

    def __init__(self, world: World, number: int, *, stays_away: bool = False) -> None:
        self.is_lost = False
        ledger, answer = world.ledger, world.ledger._answer
        first = ledger.writes

        def lose() -> None:
            if ledger.writes - first == number and not self.is_lost:
                self.is_lost = True
                ledger.lose_answers = 1
                ledger.available = not stays_away
            answer()

        ledger._answer = lose  # type: ignore[method-assign]


def the_store_is_back(world: World) -> None:
    """And the heartbeat, which is tried twice a second, has found it."""
    world.ledger.available = True
    world.shell.door.heartbeat_written()


def goes_away(world: World, how: str = "gone") -> None:
    """The store refuses, or is frozen and gives no answer at all."""
    if how == "frozen":
        world.ledger.freeze()
    else:
        world.ledger.available = False


def comes_back(world: World) -> None:
    world.ledger.available = True
    world.ledger.thaw()


def in_memory(world: World, citizen: ChannelId) -> Call:
    return next(call for call in world.supervisor.live_calls() if call.channel_id == citizen)


def is_held(world: World, citizen: ChannelId) -> bool:
    """Where callers wait, with music, and nothing is stored of the call."""
    is_waiting = citizen in world.switch.waiting & world.switch.music and citizen in world.switch.up
    return is_waiting and not any(call.channel_id == citizen for call in world.ledger.calls.values())
