"""A promise to call back, and an operator at work who can keep it: how tests of callbacks begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ari_app.core.callback_requests import Wish
from ari_app.core.callbacks import (
    AttemptOutcome,
    CallbackRequest,
    Confirmed,
    Created,
    RequestReason,
)
from ari_app.core.ids import ChannelId, TeamCode
from tests.calls.transfers import MOBILE, with_directory
from tests.calls.world import ESDAM, World

Make = Callable[..., World]
CITIZEN = "+31201234567"


async def promised(world: World, number: str = MOBILE, **more: object) -> CallbackRequest:
    """A request that is due from now on."""
    now = world.clock.now()
    wish = Wish(
        municipality=ESDAM,
        reason=RequestReason.DESK,
        first_contact_at=now,
        number_confirmed_how=Confirmed.SPOKEN,
        pii_number=number,
        team=TeamCode("front"),
        subject="paspoort",
        pii_note="belt na tienen",
    )
    made = await world.callbacks.create_or_join(replace(wish, **more), now)  # type: ignore[arg-type]
    assert isinstance(made, Created)
    return made.request


async def at_work(make: Make) -> tuple[World, ChannelId]:
    world = make(area=with_directory())
    return world, await world.operator("101", phone="phone07")


def now_is(world: World, request: CallbackRequest) -> CallbackRequest:
    return world.callback_rows.requests[request.id]


def attempts(world: World) -> list[AttemptOutcome | None]:
    return [attempt.outcome for attempt in world.callback_rows.tries.values()]


def ringing(world: World) -> ChannelId:
    return world.ringing_at(f"PJSIP/{MOBILE}@trunk")
