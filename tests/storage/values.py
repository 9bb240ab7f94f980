"""Rows to store, complete and without surprises; a test changes what it is about."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ari_app.core.area import Reach
from ari_app.core.call import Call, ChoiceKind, EndReason, Leg, LegEndReason, LegRole, Stage
from ari_app.core.ids import (
    AsteriskId,
    BridgeId,
    CallId,
    ChannelId,
    Endpoint,
    LegId,
    LineId,
    MunicipalityCode,
    OperatorNumber,
    SessionId,
    TeamCode,
    VisitId,
    new_call_id,
    new_leg_id,
    new_line_id,
    new_session_id,
    new_visit_id,
)
from ari_app.core.operators import LogoutReason, OperatorLine, OperatorSession, OperatorState, PauseReason
from ari_app.core.queue_visits import QueueVisit, VisitOutcome, VisitReason
from tests.patience import PATIENCE_SECONDS

#: a phone of an operator
DESK = Endpoint("PJSIP/phone01")
NINE = datetime(2026, 3, 2, 9, 0, 0, 123_456, tzinfo=UTC)
NODE1 = AsteriskId("node1")
NODE2 = AsteriskId("node2")
WIERDAM = MunicipalityCode("GM9901")
ELDERLO = MunicipalityCode("GM9902")


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


async def eventually(question: Callable[[], Awaitable[object]], seconds: float = PATIENCE_SECONDS) -> None:
    """Returns when the answer is true; for what another process does and tells nobody."""
    async with asyncio.timeout(seconds):
        while True:
            if await question():
                return
            await asyncio.sleep(0.01)


def new_call(asterisk_id: AsteriskId = NODE1, at: datetime = NINE) -> Call:
    call_id = new_call_id()
    return Call(
        id=call_id,
        asterisk_id=asterisk_id,
        channel_id=ChannelId(f"chan-{call_id}"),
        dialled="140119",
        stage=Stage.ARRIVED,
        stage_entered_at=at,
        arrived_at=at,
    )


def new_leg(call: Call, at: datetime = NINE) -> Leg:
    return Leg(new_leg_id(), call.id, call.channel_id, LegRole.CALLER, None, at)


def new_visit(call: Call, at: datetime = NINE) -> QueueVisit:
    return QueueVisit(new_visit_id(), call.id, call.municipality, VisitReason.MENU, at)


def new_line(asterisk_id: AsteriskId = NODE1, at: datetime = NINE) -> OperatorLine:
    return OperatorLine(new_line_id(), asterisk_id, ChannelId("line-1"), Endpoint("PJSIP/phone01"), at)


def new_session(operator: str = "101", asterisk_id: AsteriskId = NODE1, at: datetime = NINE) -> OperatorSession:
    return OperatorSession(
        id=new_session_id(),
        asterisk_id=asterisk_id,
        operator=OperatorNumber(operator),
        reach=Reach.LINE,
        endpoint=Endpoint("PJSIP/phone01"),
        logged_in_at=at,
        state=OperatorState.READY,
        state_since_at=at,
        idle_since_at=at,
    )


#: every field has a value of its own, none its default: what comes back was really stored
FULL_CALL = Call(
    id=CallId(UUID(int=1)),
    asterisk_id=NODE1,
    channel_id=ChannelId("node1-1.1"),
    dialled="140119",
    stage=Stage.ENDED,
    stage_entered_at=after(9),
    arrived_at=after(0),
    shared_number="140119",
    municipality=WIERDAM,
    choice=ChoiceKind.KEY,
    line_answered_at=after(1),
    queued_at=after(2),
    answered_at=after(3),
    ended_at=after(9),
    end_reason=EndReason.CALLER_HUNG_UP,
    end_is_estimated=True,
    transfer_count=2,
    calamity=True,
    has_music=True,
    menu_tries=1,
    wait_until_at=after(900),
    nobody_until_at=after(60),
    last_told_at=after(2.5),
    position_told=3,
    only_operator=OperatorNumber("103"),
    only_team=TeamCode("burgerzaken"),
    direct_endpoint=Endpoint("PJSIP/desk7"),
    direct_until_at=after(20),
    operator_session=SessionId(UUID(int=2)),
    refused_by=(OperatorNumber("101"), OperatorNumber("102")),
    bridge_id=BridgeId("talk-1"),
    ending=EndReason.OPERATOR_HUNG_UP,
    handled_by_fallback=True,
    pii_caller_number="+31612345678",
)
FULL_LEG = Leg(
    id=LegId(UUID(int=3)),
    call_id=FULL_CALL.id,
    channel_id=ChannelId("node1-1.2"),
    role=LegRole.OPERATOR,
    party="101",
    started_at=after(0),
    answered_at=after(1),
    joined_at=after(2),
    left_at=after(3),
    ended_at=after(4),
    end_reason=LegEndReason.RELEASED,
    hangup_cause=16,
    end_is_estimated=True,
    owns_channel=False,
    team=TeamCode("wierdam"),
)
FULL_VISIT = QueueVisit(
    id=VisitId(UUID(int=5)),
    call_id=FULL_CALL.id,
    municipality=ELDERLO,
    reason=VisitReason.TRANSFER,
    entered_at=after(1),
    only_team=TeamCode("burgerzaken"),
    subject="Paspoort",
    from_municipality=WIERDAM,
    position=4,
    calamity=True,
    overflowed=True,
    left_at=after(2),
    outcome=VisitOutcome.ANSWERED,
    operator=OperatorNumber("101"),
    team=TeamCode("elderlo"),
    end_is_estimated=True,
)
FULL_LINE = OperatorLine(
    id=LineId(UUID(int=4)),
    asterisk_id=NODE1,
    channel_id=ChannelId("node1-1.3"),
    endpoint=Endpoint("PJSIP/phone01"),
    started_at=after(0),
    operator=OperatorNumber("101"),
    answered_at=after(1),
    ended_at=after(2),
    end_reason=LegEndReason.HUNG_UP,
    hangup_cause=16,
    end_is_estimated=True,
    failed_logins=2,
    version=3,
)
FULL_SESSION = OperatorSession(
    id=SessionId(UUID(int=2)),
    asterisk_id=NODE1,
    operator=OperatorNumber("101"),
    reach=Reach.RING,
    endpoint=Endpoint("PJSIP/phone01"),
    logged_in_at=after(0),
    state=OperatorState.AWAY,
    state_since_at=after(1),
    idle_since_at=after(2),
    line_id=FULL_LINE.id,
    channel_id=ChannelId("node1-1.3"),
    bridge_id=BridgeId("talk-1"),
    call_id=FULL_CALL.id,
    pause_reason=PauseReason.LUNCH,
    pause_pending=PauseReason.MEETING,
    logout_pending=True,
    wrap_up_until_at=after(30),
    logged_out_at=after(3),
    logout_reason=LogoutReason.KEY,
    teams=(TeamCode("wierdam"), TeamCode("elderlo")),
    version=4,
)
