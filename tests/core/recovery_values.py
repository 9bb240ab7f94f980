"""Short ways to write down rows and channels after a gap, for the tests of recovery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ari_app.core.area import Reach
from ari_app.core.call import Call, Leg, LegRole, Stage
from ari_app.core.ids import AsteriskId, BridgeId, CallId, ChannelId, LegId, LineId, OperatorNumber, SessionId
from ari_app.core.operators import OperatorLine, OperatorSession, OperatorState
from ari_app.core.recovery import LiveChannel, Snapshot

NODE = AsteriskId("node1")
BEFORE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOW = BEFORE + timedelta(minutes=3)
CALLER, PHONE, LINE = ChannelId("node1-1.1"), ChannelId("operator-1"), ChannelId("node1-1.2")
TALK, WAITING = BridgeId("talk-1"), BridgeId("waiting-1")
CITIZEN = ("citizen", str(UUID(int=1)), "140119")
ON_1400 = ("operator", str(UUID(int=2)))


def call(stage: Stage = Stage.WAITING, **changes: object) -> Call:
    plain = Call(CallId(UUID(int=1)), NODE, CALLER, "140119", stage, BEFORE, BEFORE, last_seq=3)
    return replace(plain, **changes)  # type: ignore[arg-type]


def leg(channel_id: ChannelId = CALLER, role: LegRole = LegRole.CALLER, **changes: object) -> Leg:
    number = sum(map(ord, channel_id))
    return replace(Leg(LegId(UUID(int=number)), CallId(UUID(int=1)), channel_id, role, None, BEFORE), **changes)  # type: ignore[arg-type]


def line(**changes: object) -> OperatorLine:
    return replace(OperatorLine(LineId(UUID(int=5)), NODE, LINE, None, BEFORE), **changes)  # type: ignore[arg-type]


def session(channel_id: ChannelId | None = LINE, **changes: object) -> OperatorSession:
    plain = OperatorSession(
        id=SessionId(UUID(int=6)),
        asterisk_id=NODE,
        operator=OperatorNumber("101"),
        reach=Reach.RING if channel_id is None else Reach.LINE,
        endpoint=None,
        logged_in_at=BEFORE,
        state=OperatorState.READY,
        state_since_at=BEFORE,
        idle_since_at=BEFORE,
        channel_id=channel_id,
        bridge_id=None if channel_id is None else TALK,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def live(channel_id: ChannelId, args: tuple[str, ...] | None = CITIZEN, *, is_up: bool = True) -> LiveChannel:
    return LiveChannel(channel_id, BEFORE, is_up, args)


def seen(*channels: LiveChannel, **bridges: Sequence[ChannelId]) -> Snapshot:
    """A bridge is written talk_1=[members]."""
    return Snapshot(
        NOW,
        {channel.id: channel for channel in channels},
        {BridgeId(name.replace("_", "-")): frozenset(members) for name, members in bridges.items()},
    )
