"""The rules that make it sound (DESIGN, the life of a call), each shown on fakes by a test of its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ari_app.calls.call import flow as flow_module
from ari_app.calls.call.flow import End
from ari_app.calls.errors import PartyLeft
from ari_app.calls.messages import Left
from ari_app.calls.stages import STAGES
from ari_app.core.area import Norms, Reach
from ari_app.core.call import Call, EndReason, Fact, FactKind, LegEndReason, Stage
from ari_app.core.ids import ChannelId
from ari_app.core.operators import OperatorState
from tests.calls.order_auditor import Auditor
from tests.calls.world import CLOSED_AT, ESDAM_ALONE, World, an_area

pytestmark = pytest.mark.pure


async def a_busy_morning(world: World) -> None:
    """Callers and operators do a bit of everything."""
    line = await world.operator("101")
    first = await world.citizen()
    await world.press(first, "1")
    waiting = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(50)
    await world.hang_up(first)
    await world.press(line, "#")
    await world.clock.advance(50)
    assert world.switch.partners(waiting) == {line}
    gone_early = await world.citizen()
    await world.hang_up(gone_early)
    await world.citizen("+31301112222")
    await world.hang_up(line)
    nobody = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(70)
    assert world.call(nobody).end_reason is EndReason.NOBODY_AVAILABLE


@pytest.mark.parametrize("where", ["line", "ring", "closed"])
async def test_rule_1_write_then_act(make_world: Callable[..., World], where: str) -> None:
    match where:
        case "line":
            world = make_world()
            auditor = Auditor(world)
            await a_busy_morning(world)
            assert {"answer", "play", "wait", "join", "no music", "hang up", "bridge"} <= set(auditor.seen)
        case "ring":
            world = make_world(area=an_area(reach=Reach.RING))
            auditor = Auditor(world)
            await world.hang_up(await world.operator("101", phone="phone07"))
            citizen = await world.citizen()
            await world.press(citizen, "1")
            world.switch.pick_up(world.ringing_at("PJSIP/phone07"))
            await world.clock.advance(10)
            await world.hang_up(citizen)
            assert {"create", "dial", "join", "hang up", "bridge", "destroy"} <= set(auditor.seen)
        case _:
            world = make_world(now=CLOSED_AT)
            auditor = Auditor(world)
            await world.citizen()
            assert {"play", "hang up"} <= set(auditor.seen)
    assert not auditor.wrong


async def test_rule_2_a_party_that_is_gone_is_found_out_by_any_order_and_ends_with_its_true_moment(
    world: World,
) -> None:
    """404 on a party's channel means that the party left; the event that says so follows."""
    citizen = await world.citizen(ESDAM_ALONE)
    world.switch.channels.discard(citizen)
    await world.clock.advance(59.8)
    left_at = world.clock.now()
    await world.clock.advance(0.4)  # an order finds them gone
    world.switch.post(citizen, Left(citizen, left_at, 16))
    await world.clock.advance(0.1)
    call = world.call(citizen)
    assert (call.end_reason, call.ended_at, call.end_is_estimated) == (EndReason.ABANDONED_WAITING, left_at, False)


async def test_rule_2_a_caller_wrongly_said_to_be_gone_goes_to_the_fallback(world: World) -> None:
    """One order that says so is no proof that a party left."""

    def lie(order: tuple[str, ...], is_done: bool) -> bool:
        if order[0] == "wait" and not is_done:
            raise PartyLeft(ChannelId(order[1]))
        return False

    world.switch.trouble = lie
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(5)
    assert citizen in world.switch.fallback
    assert world.call(citizen).end_reason is EndReason.HANDLED_BY_FALLBACK


async def test_rule_3_deadlines_are_instants(make_world: Callable[..., World]) -> None:
    """A restart keeps the caller's patience and place, and the moments at which the place is announced."""
    world = make_world(area=an_area(norms=Norms(max_wait_seconds=120, position_every_seconds=45)))
    await world.operator("101")
    await world.citizen(ESDAM_ALONE)
    first = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(1)
    second = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(30)
    before = {c: (world.call(c).queued_at, world.call(c).wait_until_at) for c in (first, second)}
    heard_so_far = world.switch.heard(second).count("nl/positie-2")
    await world.kill()
    await world.clock.advance(5)
    await world.restart()
    assert {c: (world.call(c).queued_at, world.call(c).wait_until_at) for c in (first, second)} == before
    assert world.switch.heard(second).count("nl/positie-2") == heard_so_far
    await world.clock.advance(9)  # 45 s after it was said
    assert world.switch.heard(second).count("nl/positie-2") == heard_so_far
    await world.clock.advance(2)
    assert world.switch.heard(second).count("nl/positie-2") == heard_so_far + 1
    await world.clock.advance(74)  # the first has waited 121 s, the second 120
    assert world.call(first).end_reason is EndReason.WAITED_TOO_LONG
    await world.clock.advance(1)
    assert world.call(second).end_reason is EndReason.WAITED_TOO_LONG


async def test_rule_3_a_deadline_that_passed_while_no_process_ran_is_kept_at_once(
    make_world: Callable[..., World],
) -> None:
    world = make_world(area=an_area(norms=Norms(max_wait_seconds=120)))
    await world.operator("101")
    await world.citizen(ESDAM_ALONE)
    waiting = await world.citizen(ESDAM_ALONE)
    await world.kill()
    await world.clock.advance(300)
    await world.restart()
    assert world.call(waiting).end_reason is EndReason.WAITED_TOO_LONG


@pytest.mark.parametrize("reach", Reach)
async def test_rule_4_one_owner(make_world: Callable[..., World], reach: Reach) -> None:
    """Only one task gives orders about a channel: a call's about callers and rung phones, a line's about that line."""
    world = make_world(area=an_area(reach=reach))
    line = await world.operator("101", phone="phone07")
    if reach is Reach.RING:
        await world.hang_up(line)
    citizens = [await world.citizen(ESDAM_ALONE) for _ in range(3)]
    if reach is Reach.RING:
        world.switch.pick_up(world.ringing_at("PJSIP/phone07"))
    await world.clock.advance(50)
    for citizen in citizens:
        await world.hang_up(citizen)
        await world.clock.advance(31)
    assert all(len(tasks) == 1 for tasks in world.switch.ordered_by.values())
    for citizen in citizens:
        assert world.switch.ordered_by[citizen] == {f"call {world.call(citizen).id}"}


@pytest.mark.parametrize("stage", ["choosing", "waiting", "connecting", "talking"])
async def test_rule_6_a_bug_costs_one_call(
    world: World, stage: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends as a fault, and the caller is returned to the dialplan's fallback; nobody else notices."""
    other_operator = await world.operator("101")
    other = await world.citizen(ESDAM_ALONE)
    if stage in ("connecting", "talking"):
        await world.operator("102", phone="phone02")

    async def stumble(flow: flow_module.Flow) -> End:
        raise ZeroDivisionError("injected")

    monkeypatch.setattr("ari_app.calls.call_task.STAGES", {**STAGES, Stage(stage): stumble})
    citizen = await world.citizen()
    await world.press(citizen, "1")
    await world.clock.advance(1)
    call = world.call(citizen)
    assert (call.end_reason, call.handled_by_fallback) == (EndReason.FAULT, True)
    assert world.switch.fallback == {citizen: "fault"}
    assert not world.registry.has_call(call.id) and not world.registry.is_owned(citizen)
    assert all(not leg.is_open for leg in world.ledger.legs.values() if leg.call_id == call.id)
    caller_leg = next(leg for leg in world.ledger.legs.values() if leg.channel_id == citizen)
    assert (caller_leg.end_reason, caller_leg.end_is_estimated) == (LegEndReason.TO_FALLBACK, True)
    assert world.switch.partners(other) == {other_operator}
    if stage in ("connecting", "talking"):
        assert world.session("102").state is OperatorState.READY


@pytest.mark.parametrize("kind", [FactKind.MUNICIPALITY_CHOSEN, FactKind.ANSWERED])
async def test_rule_6_a_row_that_the_store_refuses_costs_one_call_and_is_not_left_open(
    world: World, kind: FactKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = world.ledger.store

    async def refuses(call: Call, facts: Sequence[Fact], *rows: Any) -> Call:
        if kind in {fact.kind for fact in facts}:
            raise ValueError("a value does not fit its column")
        return await store(call, facts, *rows)

    monkeypatch.setattr(world.ledger, "store", refuses)
    await world.operator("102", phone="phone02")
    citizen = await world.citizen()
    await world.press(citizen, "1")
    await world.clock.advance(1)
    call = world.call(citizen)
    assert (call.end_reason, call.handled_by_fallback) == (EndReason.FAULT, True)
    assert world.switch.fallback == {citizen: "fault"}
    assert all(not leg.is_open for leg in world.ledger.legs.values() if leg.call_id == call.id)
    assert world.session("102").state is OperatorState.READY


async def test_rule_6_a_bug_in_an_operators_task_costs_one_operator_and_leaves_no_caller_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(buffer: str, digit: str) -> None:
        raise ZeroDivisionError("injected")

    operator = await world.operator("101")
    citizen = await world.citizen(ESDAM_ALONE)
    other = await world.operator("102", phone="phone02")
    await world.clock.advance(10)
    monkeypatch.setattr("ari_app.calls.channel_owner.feed", stumble)
    await world.press(operator, "5")
    await world.clock.advance(5)
    assert world.switch.partners(citizen) == {other}
    assert operator not in world.switch.channels
    assert all(not session.is_open for session in world.ledger.sessions.values() if session.channel_id == operator)
    assert all(line.ended_at is not None for line in world.ledger.lines.values() if line.channel_id == operator)
    assert world.session("102").channel_id == other
    monkeypatch.undo()
    await world.operator("101", phone="phone03")
    assert world.session("101").state is OperatorState.READY


async def test_rule_8_a_row_that_another_controller_continued_is_not_touched_again(world: World) -> None:
    operator = await world.operator("101")
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(10)
    world.has_lock = False
    theirs = replace(world.call(citizen), last_seq=world.call(citizen).last_seq + 5)
    world.ledger.calls[theirs.id] = theirs
    orders = len(world.switch.orders)
    await world.hang_up(operator)
    await world.clock.advance(60)
    assert world.call(citizen) == theirs
    assert not [order for order in world.switch.orders[orders:] if citizen in order]
    assert citizen in world.switch.channels


async def test_a_caller_whose_row_is_closed_and_whose_channel_is_not_goes_to_the_fallback(
    world: World,
) -> None:
    citizen = await world.citizen(ESDAM_ALONE)
    await world.kill()
    ended = replace(world.call(citizen), stage=Stage.ENDED, end_reason=EndReason.LOST, ended_at=world.clock.now())
    world.ledger.calls[ended.id] = ended
    await world.restart()
    assert world.switch.fallback == {citizen: "call_is_over"}
    assert world.call(citizen) == ended


async def test_every_way_out_is_one_of_the_enum_and_recorded_exactly_once(
    make_world: Callable[..., World],
) -> None:
    """The facts of a call end with ENDED, and with nothing else after it."""
    world = make_world()
    await a_busy_morning(world)
    await world.clock.advance(1)
    for call in world.ledger.calls.values():
        kinds = [fact.kind for fact in world.ledger.told[call.id]]
        assert not call.is_open and kinds.count(FactKind.ENDED) == 1 and kinds[-1] is FactKind.ENDED
