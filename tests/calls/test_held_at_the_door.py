"""Hold at the door: without the store new callers hear welcome, menu and music, and are served when it is back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ari_app.core.area import CallbackRules
from ari_app.core.call import EndReason, FactKind, LegEndReason, Stage
from ari_app.core.ids import ChannelId
from tests.calls.absences import all_is_closed, comes_back, goes_away, is_held
from tests.calls.test_commits import Commits
from tests.calls.world import ESDAM, ESDAM_ALONE, VEENDIJK, World, an_area

pytestmark = pytest.mark.pure

Make = Callable[..., World]
MENU, WELCOME = "nl/welkom-bij-14", f"gemeente/{ESDAM}/welkom-gemeente"


@pytest.mark.parametrize("how", ["gone", "frozen"])
async def test_a_new_caller_hears_menu_and_music_and_the_row_follows_with_every_instant(world: World, how: str) -> None:
    await world.operator("101")
    goes_away(world, how)
    arrived_at = world.clock.now()
    citizen = await world.citizen()
    await world.clock.advance(3)
    assert MENU in world.switch.heard(citizen)
    chosen_at = world.clock.now()
    await world.press(citizen, "1")
    await world.clock.advance(1.1)
    assert is_held(world, citizen)
    await world.clock.advance(20)
    assert is_held(world, citizen) and not world.switch.fallback
    comes_back(world)
    await world.clock.advance(2)
    call = world.call(citizen)
    assert (call.stage, call.municipality, call.arrived_at) == (Stage.TALKING, ESDAM, arrived_at)
    assert call.queued_at is not None and timedelta(0) <= call.queued_at - chosen_at <= timedelta(seconds=1)
    facts = world.ledger.told[call.id]
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    kinds = [fact.kind for fact in facts if fact.kind is not FactKind.NOTED]
    assert kinds == [
        FactKind.ARRIVED,
        FactKind.STAGE,
        FactKind.ANSWERED_LINE,
        FactKind.QUESTION_ASKED,
        FactKind.MUNICIPALITY_CHOSEN,
        FactKind.QUEUED,
        FactKind.OFFERED,
        FactKind.ANSWERED,
    ]
    assert citizen not in world.switch.music


@pytest.mark.parametrize("how", ["gone", "frozen"])
async def test_a_known_absence_keeps_nobody_waiting_and_an_unknown_one_a_second(world: World, how: str) -> None:
    goes_away(world, how)
    first = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(1.0)
    assert is_held(world, first)
    second = await world.citizen(ESDAM_ALONE)
    assert is_held(world, second)
    assert world.switch.heard(first) == world.switch.heard(second) == [WELCOME]


async def test_nobody_is_offered_before_the_offer_is_stored(world: World) -> None:
    operator = await world.operator("101")
    goes_away(world)
    citizen = await world.citizen(ESDAM_ALONE)
    heard = list(world.switch.heard(operator))
    await world.clock.advance(10)
    assert is_held(world, citizen) and world.switch.heard(operator) == heard
    commits = Commits(world)
    comes_back(world)
    await world.clock.advance(1)
    assert world.switch.partners(citizen) == {operator}
    assert FactKind.OFFERED in commits.seen[0][1] or FactKind.OFFERED in commits.seen[1][1]


async def test_after_half_a_minute_everybody_at_the_door_goes_to_the_fallback_and_is_stored_later(world: World) -> None:
    goes_away(world)
    citizens = [await world.citizen(ESDAM_ALONE)]
    await world.clock.advance(20)
    citizens.append(await world.citizen(ESDAM_ALONE))
    await world.clock.advance(9)
    assert not world.switch.fallback
    await world.clock.advance(2)
    assert world.switch.fallback == dict.fromkeys(citizens, "store_unavailable")
    late = await world.citizen()
    assert world.switch.fallback[late] == "store_unavailable"
    assert not any(world.registry.is_owned(citizen) for citizen in (*citizens, late))
    await world.clock.advance(300)
    comes_back(world)
    await world.clock.advance(2)
    for citizen in (*citizens, late):
        call = world.call(citizen)
        assert (call.end_reason, call.handled_by_fallback) == (EndReason.HANDLED_BY_FALLBACK, True)
        assert call.end_is_estimated  # what the fallback made of it is in the channel event log
        kinds = world.ledger.kinds(call.id)
        assert (kinds[0], kinds[-1]) == (FactKind.ARRIVED, FactKind.ENDED)
    assert all_is_closed(world)


async def test_after_a_long_absence_the_next_caller_is_served_as_soon_as_the_store_is_back(world: World) -> None:
    operator = await world.operator("101")
    goes_away(world)
    await world.citizen(ESDAM_ALONE)
    await world.clock.advance(60)
    comes_back(world)
    world.shell.door.heartbeat_written()
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(1)
    assert world.switch.partners(citizen) == {operator}


@pytest.mark.parametrize(
    ("dials", "keys", "reason"),
    [
        ("140119", "", EndReason.ABANDONED_IN_MENU),
        ("140119", "2", EndReason.ABANDONED_WAITING),
        (ESDAM_ALONE, "", EndReason.ABANDONED_WAITING),
    ],
)
@pytest.mark.parametrize("how", ["gone", "frozen"])
async def test_a_caller_who_hangs_up_at_the_door_is_stored_with_the_true_end(
    world: World, how: str, dials: str, keys: str, reason: EndReason
) -> None:
    goes_away(world, how)
    citizen = await world.citizen(dials)
    await world.clock.advance(3)
    await world.press(citizen, keys)
    await world.clock.advance(4)
    left_at = world.clock.now()
    await world.hang_up(citizen)
    await world.clock.advance(60)
    comes_back(world)
    await world.clock.advance(3)
    call = world.call(citizen)
    (leg,) = [leg for leg in world.ledger.legs.values() if leg.call_id == call.id]
    assert (call.end_reason, call.ended_at, call.end_is_estimated) == (reason, left_at, False)
    assert (leg.ended_at, leg.end_reason, leg.end_is_estimated) == (left_at, LegEndReason.HUNG_UP, False)
    assert not call.handled_by_fallback and not world.switch.fallback
    if keys:
        assert call.municipality == VEENDIJK
    assert world.ledger.kinds(call.id).count(FactKind.ENDED) == 1


async def test_one_who_gave_up_at_the_door_is_called_back_where_the_municipality_wants_that(make_world: Make) -> None:
    world = make_world(area=an_area(callback=CallbackRules(offered=True, abandoned=True)))
    goes_away(world)
    world.callback_store.available = False
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(5)
    await world.hang_up(citizen)
    await world.clock.advance(10)
    comes_back(world)
    world.callback_store.available = True
    await world.clock.advance(2)
    (request,) = world.callback_rows.requests.values()
    assert request.call_id == world.call(citizen).id


@pytest.mark.parametrize("keys", ["", "1"])
@pytest.mark.parametrize("rows", [False, True])
async def test_a_process_that_is_killed_meanwhile_leaves_callers_whom_the_next_one_welcomes_again(
    world: World, keys: str, rows: bool
) -> None:
    """A standby that was faster finds the same: channels without rows, or with older ones."""
    citizen = ChannelId("")
    if rows:
        citizen = await world.citizen()
    goes_away(world)
    if not rows:
        citizen = await world.citizen()
    await world.press(citizen, keys)
    await world.clock.advance(5)
    assert (citizen in world.switch.music) == bool(keys)
    await world.kill()
    await world.clock.advance(5)
    comes_back(world)
    menus = world.switch.heard(citizen).count(MENU)
    await world.restart()
    await world.clock.advance(1)
    assert world.switch.heard(citizen).count(MENU) == menus + 1
    operator = await world.operator("101")
    await world.press(citizen, "1")
    await world.clock.advance(3)
    assert world.switch.partners(citizen) == {operator}
    assert citizen not in world.switch.music, "which began before the row was written"
    await world.hang_up(citizen)
    await world.clock.advance(3)
    assert all_is_closed(world)
    assert world.call(citizen).end_reason is EndReason.CALLER_HUNG_UP


async def test_a_comparison_and_a_sweep_after_the_return_disturb_nobody_at_the_door(world: World) -> None:
    known = await world.citizen()
    goes_away(world)
    unknown = await world.citizen()
    gone = await world.citizen()
    for citizen in (known, unknown, gone):
        await world.press(citizen, "1")
    await world.clock.advance(5)
    await world.sweep()
    await world.hang_up(gone)
    orders = len(world.switch.orders)
    comes_back(world)
    await world.close_gap()
    await world.sweep()
    await world.sweep()
    await world.clock.advance(3)
    assert not [order for order in world.switch.orders[orders:] if order[0] in ("hang up", "fallback", "answer")]
    for citizen in (known, unknown):
        assert world.call(citizen).stage is Stage.WAITING
        assert world.ledger.kinds(world.call(citizen).id).count(FactKind.ARRIVED) == 1
    assert world.call(gone).end_reason is EndReason.ABANDONED_WAITING


async def test_after_the_return_callers_are_served_in_the_order_in_which_they_came(world: World) -> None:
    before = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(2)
    goes_away(world)
    citizens = [before]
    for _ in range(3):
        citizens.append(await world.citizen(ESDAM_ALONE))
        await world.clock.advance(2)
    comes_back(world)
    await world.clock.advance(1)
    served: list[ChannelId] = []
    for number, phone in (("101", "phone01"), ("102", "phone02"), ("103", "phone03")):
        operator = await world.operator(number, phone=phone)
        await world.clock.advance(1)
        served += world.switch.partners(operator)
    assert served == citizens[:3]
    queued = [world.call(citizen).queued_at for citizen in citizens]
    assert queued == sorted(queued, key=lambda at: at or world.clock.now()) and len(set(queued)) == 4
