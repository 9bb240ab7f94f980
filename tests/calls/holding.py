"""A phone puts its line on hold and takes it back: what is sent, and what the record says."""

from __future__ import annotations

from ari_app.calls.messages import Held, Unheld
from ari_app.core.call import FactKind
from ari_app.core.ids import ChannelId
from ari_app.core.operators import (
    OperatorState,
    PauseReason,
)
from tests.calls.world import World
from tests.fakes.clock import settle


async def hold(world: World, channel_id: ChannelId) -> None:
    world.post(channel_id, Held(channel_id, world.clock.now()))
    await settle()


async def unhold(world: World, channel_id: ChannelId) -> None:
    world.post(channel_id, Unheld(channel_id, world.clock.now()))
    await settle()


def state_of(world: World, number: str = "101") -> tuple[OperatorState, PauseReason | None]:
    session = world.session(number)
    return session.state, session.pause_reason


def holds(world: World, citizen: ChannelId) -> list[tuple[FactKind, object]]:
    told = world.ledger.told[world.call(citizen).id]
    return [(fact.kind, fact.detail.get("by")) for fact in told if fact.detail.get("how") == "phone"]


HELD = (OperatorState.PAUSED, PauseReason.ON_HOLD)
READY = (OperatorState.READY, None)
