"""More callers than this machine can carry: those who are there stay, new ones hear why and are called back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from ari_app.controller import Health
from ari_app.core.admission import FALL_AFTER, SAMPLE, Signal, Step
from ari_app.core.area import AfterCalamity, Area, CallbackRules
from ari_app.core.call import Call, EndReason, EndSide, FactKind, LegEndReason, Stage
from ari_app.core.callbacks import Confirmed, RequestReason
from ari_app.core.ids import ChannelId
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.overloads import Overload
from ari_app.core.shares import FEWEST_TURNING
from ari_app.jobs.overloads import refuse, when_there_is_room
from tests.calls.requests import TOMORROW_FIVE, Make, asking, flooded, the_request
from tests.calls.test_load import Sluggish
from tests.calls.world import ESDAM, ESDAM_ALONE, VEENDIJK, World, an_area
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure

WHY, TOMORROW, THIS_NUMBER, LATER = "nl/lijnen-bezet", "nl/terug-morgen", "nl/terug-dit-nummer", "nl/tot-later"
VEENDIJK_ALONE = "+31119555002"


def with_numbers(area: Area) -> Area:
    """Both municipalities have a number of their own."""
    veendijk = replace(area.municipalities[VEENDIJK], geographic_numbers=(VEENDIJK_ALONE,))
    return replace(area, municipalities={**area.municipalities, VEENDIJK: veendijk})


async def full(make_world: Make, capacity: int = 10, area: Area | None = None) -> World:
    """Callers of Esdam wait, as many as may be: the last place is kept for Veendijk."""
    world = make_world(area=with_numbers(asking() if area is None else area), capacity=capacity)
    while world.admission.live_calls < capacity - 1:
        await world.citizen(ESDAM_ALONE, number="")
    return world


async def samples(world: World, seconds: float) -> None:
    """The signals are taken as time passes."""
    for _ in range(round(seconds / SAMPLE.total_seconds())):
        await world.clock.advance(SAMPLE.total_seconds())
        world.admission.sample()


def ended(world: World, citizen: ChannelId) -> Call:
    call = world.call(citizen)
    assert citizen not in world.switch.channels and not world.registry.is_owned(citizen)
    return call


async def test_a_caller_for_whom_there_is_no_room_hears_why_and_is_called_back(make_world: Make) -> None:
    world = await full(make_world)
    citizen = await world.citizen(ESDAM_ALONE)
    call = ended(world, citizen)
    assert (call.end_reason, call.line_answered_at, call.queued_at) == (EndReason.TURNED_AWAY, None, None)
    assert world.switch.heard(citizen) == [WHY, TOMORROW, THIS_NUMBER]
    assert ("hang up", citizen, "17") in world.switch.orders, "busy: the network may know better"
    request = the_request(world)
    assert (request.reason, request.number_confirmed_how) == (RequestReason.OVERLOAD, Confirmed.UNCONFIRMED)
    assert (request.pii_number, request.municipality) == ("+31201234567", ESDAM)
    assert (request.first_contact_at, request.deadline_at) == (call.arrived_at, TOMORROW_FIVE)
    assert call.callback_reference == request.reference
    kinds = world.ledger.kinds(call.id)
    assert kinds.index(FactKind.CALLBACK_REQUESTED) < kinds.index(FactKind.ANNOUNCED), "stored before it is said"
    legs = [leg for leg in world.ledger.legs.values() if leg.call_id == call.id]
    assert [leg.end_reason for leg in legs] == [LegEndReason.RELEASED]
    assert EndReason.TURNED_AWAY.side is EndSide.US and not EndReason.TURNED_AWAY.is_abandoned
    assert not world.ledger.visits or all(visit.call_id != call.id for visit in world.ledger.visits.values())
    assert {c.stage for c in world.ledger.calls.values() if c.id != call.id} == {Stage.WAITING}, "nobody pays for them"


@pytest.mark.parametrize(
    ("area", "number"),
    [(asking(), ""), (asking(), "+319001234"), (an_area(), "+31201234567"), (asking(most_per_hour=0), "+31201234567")],
    ids=["withheld", "paid", "not offered", "limit"],
)
async def test_a_caller_who_cannot_be_called_back_hears_to_try_later(make_world: Make, area: Area, number: str) -> None:
    world = await full(make_world, area=area)
    citizen = await world.citizen(ESDAM_ALONE, number=number)
    assert world.switch.heard(citizen) == [WHY, LATER]
    assert ended(world, citizen).end_reason is EndReason.TURNED_AWAY
    assert not world.callback_rows.requests


async def test_another_municipality_has_the_room_that_is_kept_for_it(make_world: Make) -> None:
    world = await full(make_world)
    own = await world.citizen(VEENDIJK_ALONE)
    assert world.call(own).stage is Stage.WAITING
    assert ended(world, await world.citizen(VEENDIJK_ALONE)).end_reason is EndReason.TURNED_AWAY, "now it is full"
    await world.hang_up(own)
    await world.citizen(ESDAM_ALONE)
    assert world.call(await world.citizen(VEENDIJK_ALONE)).stage is Stage.WAITING


async def test_on_a_shared_number_the_question_comes_first(make_world: Make) -> None:
    world = await full(make_world)
    esdam, veendijk = await world.citizen(), await world.citizen()
    assert {world.call(esdam).stage, world.call(veendijk).stage} == {Stage.CHOOSING}
    await world.press(esdam, "1")
    await world.press(veendijk, "2")
    call = ended(world, esdam)
    assert (call.end_reason, call.municipality) == (EndReason.TURNED_AWAY, ESDAM)
    assert call.line_answered_at is not None and world.switch.heard(esdam)[-3:] == [WHY, TOMORROW, THIS_NUMBER]
    assert world.call(veendijk).stage is Stage.WAITING


async def test_whoever_waits_or_talks_keeps_what_they_have(make_world: Make) -> None:
    world = await full(make_world)
    waiting = list(world.switch.waiting)
    operator = await world.operator("101")
    talking = next(iter(world.switch.partners(operator)))
    for _ in range(5):
        await world.citizen(ESDAM_ALONE)
    await samples(world, 3)
    assert world.admission.step >= Step.TURNING_AWAY
    await world.press(operator, "*52")
    await world.clock.advance(1)
    stages = {world.call(citizen).stage for citizen in waiting}
    assert stages <= {Stage.WAITING, Stage.TALKING, Stage.CONNECTING} and talking in world.switch.channels


async def test_a_calamity_text_goes_first(make_world: Make) -> None:
    world = await full(make_world, area=asking())
    world.area = replace(world.area, calamities=flooded(AfterCalamity.QUEUE).calamities)
    citizen = await world.citizen(ESDAM_ALONE)
    heard = world.switch.heard(citizen)
    assert heard.index("nl/mededeling") < heard.index(WHY)
    assert (ended(world, citizen).end_reason, the_request(world).reason) == (
        EndReason.TURNED_AWAY,
        RequestReason.CALAMITY,
    )


async def test_a_caller_who_hangs_up_meanwhile_was_turned_away_and_is_called_back(make_world: Make) -> None:
    world = await full(make_world)
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    await world.hang_up(citizen)
    assert world.call(citizen).end_reason is EndReason.TURNED_AWAY
    assert the_request(world).reason is RequestReason.OVERLOAD


async def test_wherever_the_process_dies_the_caller_is_turned_away_once_and_has_one_request(make_world: Make) -> None:
    world = await full(make_world)
    before = world.switch.orders.copy()
    await world.citizen(ESDAM_ALONE)
    orders = len(world.switch.orders) - len(before)
    for at in range(2 * orders):
        world = await full(make_world)
        moments = iter(range(1_000_000))
        world.switch.trouble = lambda order, is_done, moments=moments, at=at: next(moments) == at  # type: ignore[misc]
        citizen = await world.citizen(ESDAM_ALONE)
        await world.kill()
        await world.clock.advance(1)
        world.switch.trouble = lambda order, is_done: False
        await world.restart()
        await world.clock.advance(5)
        call = ended(world, citizen)
        assert (call.end_reason, call.line_answered_at) == (EndReason.TURNED_AWAY, None)
        assert the_request(world).reference == call.callback_reference


async def test_while_the_store_is_away_nothing_is_promised(make_world: Make) -> None:
    world = await full(make_world)
    world.ledger.available = False
    await world.clock.advance(5)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(2)
    assert world.switch.heard(citizen) == [WHY, LATER]
    world.ledger.available = True
    await world.clock.advance(5)
    assert ended(world, citizen).end_reason is EndReason.TURNED_AWAY


# --- more than can be told so ---


async def test_more_than_can_be_told_so_hear_busy_and_the_dialplan_refuses_their_number(make_world: Make) -> None:
    world = await full(make_world)
    world.switch.prompts_last = True
    told = [await world.citizen(ESDAM_ALONE, number="") for _ in range(FEWEST_TURNING)]
    assert all(world.switch.heard(citizen) for citizen in told)
    busy = await world.citizen(ESDAM_ALONE, number="")
    assert world.switch.heard(busy) == [] and ("hang up", busy, "17") in world.switch.orders
    call = ended(world, busy)
    assert (call.end_reason, call.line_answered_at) == (EndReason.TURNED_AWAY, None)
    assert world.admission.refused_numbers() == frozenset()
    await samples(world, 1)
    assert world.admission.step is Step.BUSY
    assert world.admission.refused_numbers() == {ESDAM_ALONE} and not world.admission.refuses_all
    assert world.call(await world.citizen(VEENDIJK_ALONE)).stage is Stage.WAITING, "the others' share is theirs"
    for citizen in told:
        world.switch.finish_prompt(citizen)
    await settle()
    await samples(world, 6 + 2)
    assert world.admission.refused_numbers() == frozenset()


class Dialplan:
    def __init__(self) -> None:
        self.refused: list[str] = []

    async def refuse_new_calls(self, until: object, dialled: str = "") -> None:
        self.refused.append(dialled or "all")

    async def sound_pairs(self) -> int | None:
        return None


@pytest.mark.parametrize(
    ("are_all", "numbers", "refused"),
    [(False, [], []), (False, ["140119", "140118"], ["140119", "140118"]), (True, ["140119"], ["all"])],
)
async def test_the_dialplan_hears_whom_to_refuse(
    world: World, are_all: bool, numbers: Sequence[str], refused: Sequence[str]
) -> None:
    dialplan = Dialplan()
    await refuse(are_all, numbers, dialplan, world.clock.now())
    assert dialplan.refused == refused


# --- what is left out before ---


async def nearly_full(make_world: Make) -> tuple[World, list[ChannelId]]:
    """Nine tenths of the places are taken; there is room for Veendijk."""
    world = make_world(area=with_numbers(an_area()), capacity=40)
    others = [await world.citizen(ESDAM_ALONE) for _ in range(36)]
    await samples(world, 1)
    assert world.admission.step == Step.RINGING and world.switch.waiting == set(others)
    return world, others


async def test_new_callers_hear_ringing_instead_of_music_while_nearly_full(make_world: Make) -> None:
    world, others = await nearly_full(make_world)
    citizen = await world.citizen(VEENDIJK_ALONE)
    assert world.call(citizen).stage is Stage.WAITING
    assert world.call(citizen).line_answered_at is None and citizen not in world.switch.waiting
    assert world.switch.heard(citizen) == []
    for other in others[:20]:
        await world.hang_up(other)
    await samples(world, 8)
    assert world.admission.step is Step.NORMAL
    assert citizen in world.switch.waiting and world.switch.heard(citizen) == ["gemeente/GM9902/welkom-gemeente"]


async def test_a_caller_who_hears_ringing_is_connected_when_somebody_is_free_or_hears_music_in_the_end(
    make_world: Make,
) -> None:
    world, others = await nearly_full(make_world)
    first, second = await world.citizen(VEENDIJK_ALONE), await world.citizen()
    await world.press(second, "2")
    assert second in world.switch.waiting, "the menu has answered this line: silence would be no ringing"
    await samples(world, 39)
    assert first not in world.switch.waiting
    await samples(world, 6)
    assert first in world.switch.waiting, "nobody hears ringing for ever"
    third = await world.citizen(VEENDIJK_ALONE)
    assert world.call(third).line_answered_at is None
    for citizen in (*others, first, second):
        await world.hang_up(citizen)
    operator = await world.operator("102")
    assert world.switch.partners(operator) == {third}


async def test_extras_are_left_out_while_many_are_there(make_world: Make) -> None:
    world = make_world(area=an_area(), capacity=10)
    operator = await world.operator("101")
    citizens = [await world.citizen(ESDAM_ALONE) for _ in range(8)]
    ran: list[str] = []

    async def job() -> None:
        ran.append("job")

    guarded = when_there_is_room(world.admission, job)
    await guarded()
    await samples(world, 1)
    assert world.admission.step is Step.NO_EXTRAS
    await guarded()
    assert ran == ["job"]
    waiting = [citizen for citizen in citizens if citizen in world.switch.waiting]
    assert len(waiting) == 7
    told = [world.ledger.kinds(world.call(citizen).id).count(FactKind.POSITION_TOLD) for citizen in waiting]
    await samples(world, 100)
    assert told == [world.ledger.kinds(world.call(citizen).id).count(FactKind.POSITION_TOLD) for citizen in waiting]
    for citizen in waiting[:-1]:
        await world.hang_up(citizen)
    await samples(world, 60)
    assert world.ledger.kinds(world.call(waiting[-1]).id).count(FactKind.POSITION_TOLD) > told[-1]
    await guarded()
    assert ran == ["job", "job"] and operator in world.switch.channels


# --- how the machine does ---


async def test_given_orders_that_take_too_long_then_only_those_below_their_share_come_in(make_world: Make) -> None:
    world = make_world(area=with_numbers(asking()))
    citizens = [await world.citizen() for _ in range(12)]
    for citizen in citizens[:9]:
        await world.press(citizen, "1")
    slow = Sluggish(world, "play", after=timedelta(seconds=2), lost=False)
    for citizen in citizens[:9]:
        await world.hang_up(citizen)
    others = [await world.citizen() for _ in range(9)]
    await samples(world, 3)
    assert world.admission.step >= Step.TURNING_AWAY and not world.switch.fallback
    slow.is_over = True
    assert world.call(await world.citizen(VEENDIJK_ALONE)).stage is Stage.WAITING
    await samples(world, 12)
    assert world.admission.step is Step.NORMAL, "it comes back by itself"
    assert {world.call(citizen).stage for citizen in others} <= {Stage.CHOOSING, Stage.WAITING}


async def test_a_hiccup_of_this_process_is_no_overload(world: World) -> None:
    for late in (0.0, 5.0, 0.0, 0.0, 3.0, 0.0):
        await world.clock.advance(SAMPLE.total_seconds())
        world.admission.sample(late)
        assert world.admission.step is Step.NORMAL
    for _ in range(6):
        await world.clock.advance(SAMPLE.total_seconds())
        world.admission.sample(0.6)
    assert world.admission.step is Step.TURNING_AWAY


async def test_late_events_are_an_overload_and_a_backlog_that_comes_at_once_is_none(world: World) -> None:
    for number in range(200):
        world.admission.event_came(world.clock.now() - timedelta(seconds=5 if number > 100 else 0))
    await samples(world, 2)
    assert world.admission.step is Step.NORMAL
    for _ in range(8):
        for _ in range(5):
            world.admission.event_came(world.clock.now() - timedelta(seconds=3))
        await samples(world, SAMPLE.total_seconds())
    assert world.admission.refuses_all, "the dialplan is to refuse everybody"
    busy = await world.citizen(ESDAM_ALONE)
    assert world.switch.heard(busy) == [] and world.call(busy).end_reason is EndReason.TURNED_AWAY


# --- the record ---


async def test_health_tells_what_is_left_out_and_how_many_calls_there_are(make_world: Make) -> None:
    health = Health()
    assert (health.status()["overload"], health.status()["live_calls"]) == (None, None), "a standby has no calls"
    world = await full(make_world)
    health.admission = world.admission
    assert (health.status()["overload"], health.status()["live_calls"]) == ("normal", 9)
    await samples(world, 1)
    assert health.status()["overload"] == "ringing"


async def test_an_overload_is_a_row_with_its_beginning_highest_step_counts_and_end(make_world: Make) -> None:
    world = await full(make_world)
    rows: list[Overload] = []

    async def store(overload: Overload) -> None:
        if not world.ledger.available:
            raise StoreUnavailable("ordered by the test")
        rows.append(overload)

    world.supervisor.start(world.admission.keep_record(store), "overloads")
    began_at = world.clock.now()
    for _ in range(3):
        await world.citizen(ESDAM_ALONE)
    await samples(world, 1)
    assert [(row.step, row.signal, row.ended_at) for row in rows] == [(Step.TURNING_AWAY, Signal.TURNED_AWAY, None)]
    assert rows[0].turned_away == 3 and rows[0].began_at - began_at <= timedelta(seconds=1)
    world.ledger.available = False
    for citizen in list(world.switch.waiting):
        await world.hang_up(citizen)
    await samples(world, 12)
    assert world.admission.step is Step.NORMAL and not rows[-1].ended_at
    world.ledger.available = True
    await world.clock.advance(2)
    assert rows[-1].id == rows[0].id and rows[-1].ended_at is not None
    assert rows[-1].ended_at - began_at >= FALL_AFTER and (rows[-1].step, rows[-1].turned_away) == (
        Step.TURNING_AWAY,
        3,
    )


@pytest.mark.parametrize("rules", [CallbackRules(), CallbackRules(offered=False)])
async def test_without_a_capacity_nothing_is_left_out_however_many_there_are(
    make_world: Callable[..., World], rules: CallbackRules
) -> None:
    world = make_world(area=an_area(callback=rules))
    citizens = [await world.citizen(ESDAM_ALONE) for _ in range(60)]
    await samples(world, 2)
    assert world.admission.step is Step.NORMAL and world.switch.waiting == set(citizens)
