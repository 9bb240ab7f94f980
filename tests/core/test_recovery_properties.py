"""After any gap: nothing is forgotten, and nothing is judged twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.call import EndReason, LegRole, Stage
from ari_app.core.ids import BridgeId, CallId, ChannelId, LineId, SessionId
from ari_app.core.ledger import OpenRows
from ari_app.core.recovery import (
    Adopt,
    CloseCall,
    CloseLine,
    CloseSession,
    DestroyBridge,
    HangUp,
    LiveChannel,
    Order,
    ResumeCall,
    ResumeLine,
    ResumeRingSession,
    Snapshot,
    plan,
)
from tests.core.recovery_values import CITIZEN, NOW, ON_1400, WAITING, call, leg, line, live, session

pytestmark = pytest.mark.pure


@st.composite
def gaps(draw: st.DrawFn) -> tuple[OpenRows, Snapshot]:
    """Rows that can stand together, and any part of their channels still there, with some that have no row."""
    calls, legs, lines, sessions = [], [], [], []
    channels: dict[ChannelId, LiveChannel] = {}
    bridges: dict[BridgeId, set[ChannelId]] = {WAITING: set()}

    def survives(channel_id: ChannelId, args: tuple[str, ...]) -> None:
        match draw(st.sampled_from(["gone", "here", "here, not up", "in the dialplan"])):
            case "here":
                channels[channel_id] = live(channel_id, args)
            case "here, not up":
                channels[channel_id] = live(channel_id, args, is_up=False)
            case "in the dialplan":
                channels[channel_id] = live(channel_id, None)

    for n in range(draw(st.integers(0, 3))):
        channel_id, bridge_id = ChannelId(f"line-{n}"), BridgeId(f"talk-line-{n}")
        is_rung = draw(st.booleans())
        lines.append(line(id=LineId(UUID(int=n)), channel_id=channel_id))
        survives(channel_id, ON_1400)
        if draw(st.booleans()):
            plain = session(None if is_rung else channel_id, id=SessionId(UUID(int=n)))
            sessions.append(replace(plain, bridge_id=None if is_rung else bridge_id))
            bridges[bridge_id] = {channel_id}
    for n in range(draw(st.integers(0, 4))):
        call_id, caller, bridge_id = CallId(UUID(int=n)), ChannelId(f"caller-{n}"), BridgeId(f"talk-{n}")
        stage = draw(st.sampled_from([Stage.ARRIVED, Stage.WAITING, Stage.CONNECTING, Stage.TALKING]))
        ending = draw(st.sampled_from([None, None, EndReason.CLOSED]))
        calls.append(call(stage, id=call_id, channel_id=caller, bridge_id=bridge_id, ending=ending))
        legs.append(leg(caller, call_id=call_id))
        survives(caller, CITIZEN)
        if stage is Stage.WAITING:
            bridges[WAITING].add(caller)
        if stage in (Stage.CONNECTING, Stage.TALKING) and draw(st.booleans()):
            phone = ChannelId(f"phone-{n}")
            legs.append(leg(phone, LegRole.OPERATOR, call_id=call_id))
            survives(phone, ("leg",))
            bridges[bridge_id] = {caller, phone}
    for n in range(draw(st.integers(0, 3))):
        survives(ChannelId(f"stranger-{n}"), draw(st.sampled_from([CITIZEN, ON_1400, ("leg",), ()])))
    there = {bridge_id: frozenset(members & channels.keys()) for bridge_id, members in bridges.items()}
    return OpenRows(tuple(calls), tuple(legs), tuple(lines), tuple(sessions)), Snapshot(NOW, channels, there)


def rows_of(order: Order) -> list[object]:
    match order:
        case ResumeCall(call=found, legs=legs) | CloseCall(call=found, legs=legs):
            return [found.id, *legs]
        case ResumeLine(line=found_line, session=found_session):
            return [found_line, found_session]
        case ResumeRingSession(session=found_session) | CloseSession(session=found_session):
            return [found_session]
        case CloseLine(line=found_line):
            return [found_line]
        case _:
            return []


def channels_of(order: Order) -> list[ChannelId]:
    """The channels that have an owner, or are dealt with, by this order."""
    match order:
        case ResumeCall(call=found, up=up, unanswered=unanswered):
            return list({found.channel_id, *up, *(channel.id for channel in unanswered)})
        case CloseCall(hang_up=hang_up):
            return list(hang_up)
        case ResumeLine(line=found_line):
            return [found_line.channel_id]
        case Adopt(channel=channel):
            return [channel.id]
        case HangUp(channel_id=channel_id):
            return [channel_id]
        case _:
            return []


@given(gaps())
def test_every_open_row_is_dealt_with_exactly_once(gap: tuple[OpenRows, Snapshot]) -> None:
    rows, snapshot = gap
    dealt = Counter(row for order in plan(rows, snapshot) for row in rows_of(order) if row is not None)
    assert dealt == Counter([*(one.id for one in rows.calls), *rows.legs, *rows.lines, *rows.sessions])


@given(gaps())
def test_every_channel_of_ours_is_dealt_with_exactly_once_and_no_other(gap: tuple[OpenRows, Snapshot]) -> None:
    rows, snapshot = gap
    dealt = Counter(channel for order in plan(rows, snapshot) for channel in channels_of(order))
    assert dealt == Counter(channel.id for channel in snapshot.channels.values() if channel.is_ours)


@given(gaps())
def test_no_bridge_of_a_call_or_session_that_goes_on_is_destroyed(gap: tuple[OpenRows, Snapshot]) -> None:
    orders = plan(*gap)
    destroyed = {order.bridge_id for order in orders if isinstance(order, DestroyBridge)}
    in_use = {order.call.bridge_id for order in orders if isinstance(order, ResumeCall)}
    in_use |= {o.session.bridge_id for o in orders if isinstance(o, ResumeLine) and o.session is not None}
    assert WAITING not in destroyed and not destroyed & in_use
    assert {b for b in gap[1].bridges if b.startswith("talk-")} == destroyed | (in_use & gap[1].bridges.keys())


@given(gaps())
def test_operators_are_taken_up_before_the_calls_that_look_for_them(gap: tuple[OpenRows, Snapshot]) -> None:
    orders = plan(*gap)
    first_call = next((i for i, order in enumerate(orders) if isinstance(order, ResumeCall)), len(orders))
    assert not any(isinstance(order, ResumeLine | ResumeRingSession) for order in orders[first_call:])
