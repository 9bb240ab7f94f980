"""Callers who are offered a callback, as the tests of it begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ari_app.core.area import AfterCalamity, Area, Calamity, CallbackRules, Norms
from ari_app.core.call import EndReason
from ari_app.core.callbacks import CallbackRequest
from ari_app.core.ids import ChannelId
from tests.calls.world import CLOSED_AT, ESDAM, ESDAM_ALONE, OPEN_AT, World, an_area

Make = Callable[..., World]

SHOWN, TYPED = "+31201234567", "+31612345678"
TOMORROW_FIVE = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
MINUTE = Norms(max_wait_seconds=120)


def asking(**options: object) -> Area:
    """The area, with municipalities that offer callbacks."""
    rules = CallbackRules(**{"offered": True, **options})  # type: ignore[arg-type]
    return an_area(norms=MINUTE, callback=rules)


def flooded(then: AfterCalamity) -> Area:
    text = Calamity(ESDAM, OPEN_AT - timedelta(hours=1), None, "Geen water in Esdam.", then, "teamleider")
    return replace(asking(), calamities=(text,))


async def waiting(world: World, **options: str) -> ChannelId:
    """Behind a caller who has the only operator, for a minute."""
    await world.operator("101")
    await world.citizen(ESDAM_ALONE)
    citizen = await world.citizen(ESDAM_ALONE, **options)
    await world.clock.advance(61)
    return citizen


def the_request(world: World) -> CallbackRequest:
    (request,) = world.callback_rows.requests.values()
    return request


def spoken_digits(names: list[str]) -> str:
    return "".join(name[-1] for name in names if name.startswith(("nl/getal-", "nl/cijfer-")))


def is_over(world: World, citizen: ChannelId) -> EndReason | None:
    assert citizen not in world.switch.channels
    call = world.call(citizen)
    assert not any(leg.is_open for leg in world.ledger.legs.values() if leg.call_id == call.id)
    return call.end_reason


async def asked_for_number(make: Make, number: str = SHOWN) -> tuple[World, ChannelId]:
    """Said yes after the closed announcement."""
    world = make(area=asking(), now=CLOSED_AT)
    citizen = await world.citizen(ESDAM_ALONE, number=number)
    await world.clock.advance(6)
    await world.press(citizen, "1")
    return world, citizen


#: what a caller keys after each question
KEYS = {
    "terug-aanbod": "1",
    "terug-klopt-getoond": "2",
    "terug-toets-nummer": "0612345678#",
    "terug-klopt-getoetst": "1",
}
