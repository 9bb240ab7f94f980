"""A closed municipality and a calamity are announced before anything else, or nothing is said at all; on fakes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.call import EndReason, FactKind, Stage
from ari_app.prompts.catalogue import said_prompt
from tests.calls.world import CLOSED_AT, ESDAM, ESDAM_ALONE, OPEN_AT, World, an_area

pytestmark = pytest.mark.pure


async def test_closed_is_announced_without_taking_the_line(make_world: Callable[..., World]) -> None:
    world = make_world(now=CLOSED_AT)
    citizen = await world.citizen()
    call = world.call(citizen)
    assert (call.end_reason, call.line_answered_at) == (EndReason.CLOSED, None)
    assert ("answer", citizen) not in world.switch.orders
    assert "nl/weer-morgen" in world.switch.heard(citizen)


@pytest.mark.parametrize(
    ("then", "ending"), [(AfterCalamity.END, EndReason.CALAMITY), (AfterCalamity.QUEUE, EndReason.ABANDONED_WAITING)]
)
async def test_a_calamity_text_comes_first_and_marks_the_call(
    make_world: Callable[..., World], then: AfterCalamity, ending: EndReason
) -> None:
    calamity = Calamity(ESDAM, OPEN_AT - timedelta(hours=1), None, "Geen water in Esdam.", then, "teamleider")
    world = make_world(area=an_area(calamities=(calamity,)))
    citizen = await world.citizen(ESDAM_ALONE)
    assert any(name.startswith("said/") for name in world.switch.heard(citizen))
    if then is AfterCalamity.QUEUE:
        assert world.call(citizen).stage is Stage.WAITING
        await world.hang_up(citizen)
    call = world.call(citizen)
    assert (call.calamity, call.end_reason) == (True, ending)


GEEN_WATER = "Geen water in Esdam."


def _calamity_without_sound(make_world: Callable[..., World], then: AfterCalamity) -> World:
    calamity = Calamity(ESDAM, OPEN_AT - timedelta(hours=1), None, GEEN_WATER, then, "teamleider")
    world = make_world(area=an_area(calamities=(calamity,)))
    world.voice.silent.add(said_prompt(GEEN_WATER))
    return world


async def test_given_a_calamity_without_sound_when_a_citizen_calls_then_its_sound_is_made_for_the_call(
    make_world: Callable[..., World],
) -> None:
    world = _calamity_without_sound(make_world, AfterCalamity.QUEUE)
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.switch.heard(citizen)[:2] == ["nl/mededeling", f"said {GEEN_WATER}"]
    assert FactKind.ANNOUNCED in world.ledger.kinds(world.call(citizen).id)


@pytest.mark.parametrize("then", AfterCalamity)
async def test_given_a_calamity_that_cannot_be_spoken_then_nothing_is_announced_and_nobody_is_sent_away_in_silence(
    make_world: Callable[..., World], then: AfterCalamity
) -> None:
    world = _calamity_without_sound(make_world, then)
    world.voice.unspeakable.add(GEEN_WATER)
    citizen = await world.citizen(ESDAM_ALONE)
    call = world.call(citizen)
    assert FactKind.ANNOUNCED not in world.ledger.kinds(call.id)
    assert "nl/mededeling" not in world.switch.heard(citizen)
    assert ("nl/fallback-sorry" in world.switch.heard(citizen)) is (then is AfterCalamity.END)
    assert call.stage is (Stage.ENDED if then is AfterCalamity.END else Stage.WAITING)


async def test_given_a_playback_that_fails_then_nothing_is_announced(make_world: Callable[..., World]) -> None:
    world = make_world(now=CLOSED_AT)
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    world.switch.finish_prompt(citizen, failed=True)
    await world.clock.advance(1)
    call = world.call(citizen)
    assert call.end_reason is EndReason.CLOSED
    assert FactKind.ANNOUNCED not in world.ledger.kinds(call.id)


async def test_a_caller_who_hangs_up_during_the_closed_announcement_abandoned_it(
    make_world: Callable[..., World],
) -> None:
    world = make_world(now=CLOSED_AT)
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    await world.hang_up(citizen)
    call = world.call(citizen)
    assert call.end_reason is EndReason.ABANDONED_IN_ANNOUNCEMENT
    assert FactKind.ANNOUNCED not in world.ledger.kinds(call.id)
