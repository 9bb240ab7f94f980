"""After a gap: rows against channels, every order as a line of a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from ari_app.core.call import Call, EndReason, Leg, LegRole, Stage
from ari_app.core.ids import BridgeId, SessionId
from ari_app.core.ledger import OpenRows
from ari_app.core.operators import LogoutReason, OperatorLine
from ari_app.core.recovery import (
    Adopt,
    CloseCall,
    CloseLine,
    CloseSession,
    DestroyBridge,
    HangUp,
    Order,
    ResumeCall,
    ResumeLine,
    ResumeRingSession,
    Snapshot,
    plan,
)
from tests.core.recovery_values import (
    BEFORE,
    CALLER,
    LINE,
    ON_1400,
    PHONE,
    TALK,
    call,
    leg,
    line,
    live,
    seen,
    session,
)

pytestmark = pytest.mark.pure

OPERATOR = leg(LINE, LegRole.OPERATOR, owns_channel=False)
RUNG = leg(PHONE, LegRole.OPERATOR)
LEGS = (leg(), RUNG)
RINGING = live(PHONE, ("leg",), is_up=False)
TALKING = call(Stage.TALKING, bridge_id=TALK)


def resume(of: Call, legs: tuple[Leg, ...], **found: object) -> ResumeCall:
    heard = replace(of, has_music=of.stage is not Stage.TALKING)  # the row may be older than the music
    plain = ResumeCall(heard, legs, missing=(), up=(CALLER,), unanswered=(), is_placed=False)
    return replace(plain, **found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "snapshot", "orders"),
    [
        pytest.param(OpenRows(), seen(), [], id="nothing"),
        pytest.param(
            OpenRows((call(),), (leg(),)),
            seen(live(CALLER), waiting_1=[CALLER]),
            [resume(call(), (leg(),), is_placed=True)],
            id="a waiting caller with their music: resume, and touch nobody",
        ),
        pytest.param(
            OpenRows((call(),), (leg(),)),
            seen(live(CALLER)),
            [resume(call(), (leg(),))],
            id="written as waiting, not yet put there: resume, and put them there",
        ),
        pytest.param(
            OpenRows((call(Stage.CHOOSING),), (leg(),)),
            seen(live(CALLER, is_up=False)),
            [resume(call(Stage.CHOOSING), (leg(),), up=())],
            id="not answered yet: resume",
        ),
        pytest.param(
            OpenRows((call(),), (leg(),)),
            seen(),
            [CloseCall(call(), (leg(),), EndReason.LOST, ())],
            id="the caller left: close as lost",
        ),
        pytest.param(
            OpenRows((call(ending=EndReason.CLOSED),), (leg(),)),
            seen(),
            [CloseCall(call(ending=EndReason.CLOSED), (leg(),), EndReason.CLOSED, ())],
            id="we were hanging up: close for the reason that was written",
        ),
        pytest.param(
            OpenRows((call(),), (leg(),)),
            seen(live(CALLER, None)),
            [CloseCall(call(), (leg(),), EndReason.HANDLED_BY_FALLBACK, ())],
            id="the caller is elsewhere in the dialplan: the fallback has them",
        ),
        pytest.param(
            OpenRows((call(ending=EndReason.CLOSED),), (leg(),)),
            seen(live(CALLER, None)),
            [CloseCall(call(ending=EndReason.CLOSED), (leg(),), EndReason.CLOSED, ())],
            id="the caller is on the way out of the dialplan: no fallback had them",
        ),
        pytest.param(
            OpenRows((call(Stage.CONNECTING),), LEGS),
            seen(RINGING),
            [CloseCall(call(Stage.CONNECTING), LEGS, EndReason.LOST, (PHONE,))],
            id="the caller left and a phone rings on: close, and hang it up",
        ),
        pytest.param(
            OpenRows((call(Stage.CONNECTING),), LEGS),
            seen(live(CALLER), RINGING, waiting_1=[CALLER]),
            [resume(call(Stage.CONNECTING), LEGS, unanswered=(RINGING,), is_placed=True)],
            id="a phone rings, or was never dialled: resume, and say so",
        ),
        pytest.param(
            OpenRows((call(Stage.CONNECTING),), LEGS),
            seen(live(CALLER), live(PHONE, ("leg",)), waiting_1=[CALLER]),
            [resume(call(Stage.CONNECTING), LEGS, up=(CALLER, PHONE), is_placed=True)],
            id="the phone was picked up meanwhile",
        ),
        pytest.param(
            OpenRows((call(Stage.CONNECTING),), LEGS),
            seen(live(CALLER), waiting_1=[CALLER]),
            [resume(call(Stage.CONNECTING), LEGS, missing=(PHONE,), is_placed=True)],
            id="the phone was never created, or is gone",
        ),
        pytest.param(
            OpenRows((TALKING,), LEGS),
            seen(live(CALLER), live(PHONE, ("leg",)), talk_1=[CALLER, PHONE]),
            [resume(TALKING, LEGS, up=(CALLER, PHONE), is_placed=True)],
            id="a talk goes on: resume, and touch nobody",
        ),
        pytest.param(
            OpenRows((TALKING,), LEGS),
            seen(live(CALLER), live(PHONE, ("leg",)), waiting_1=[CALLER], talk_1=[PHONE]),
            [resume(TALKING, LEGS, up=(CALLER, PHONE))],
            id="a talk that was written and not made yet: resume, and make it",
        ),
        pytest.param(
            OpenRows((TALKING,), LEGS),
            seen(live(CALLER), talk_1=[CALLER]),
            [resume(TALKING, LEGS, missing=(PHONE,), is_placed=True)],
            id="a lone party in a talk: resume, and say who left",
        ),
        pytest.param(
            OpenRows((TALKING,), (leg(), OPERATOR), (line(),), (session(),)),
            seen(live(CALLER), live(LINE, ON_1400), talk_1=[CALLER, LINE]),
            [
                ResumeLine(line(), session(), is_placed=True, is_up=True),
                resume(TALKING, (leg(), OPERATOR), is_placed=True),
            ],
            id="a talk with an operator on a standing line: the operator first",
        ),
        pytest.param(
            OpenRows((TALKING,), (leg(), OPERATOR), (line(),), (session(),)),
            seen(live(CALLER), talk_1=[CALLER]),
            [
                CloseSession(session(), LogoutReason.LOST),
                CloseLine(line()),
                resume(TALKING, (leg(), OPERATOR), missing=(LINE,), is_placed=True),
            ],
            id="the operator of a talk left: their session and line close, the call hears of it",
        ),
        pytest.param(
            OpenRows(lines=(line(),)),
            seen(live(LINE, ON_1400)),
            [ResumeLine(line(), None, is_placed=False, is_up=True)],
            id="somebody is logging in: resume",
        ),
        pytest.param(
            OpenRows(lines=(line(),), sessions=(session(),)),
            seen(live(LINE, ON_1400), talk_1=[]),
            [ResumeLine(line(), session(), is_placed=False, is_up=True)],
            id="logged in, and not yet in the talk bridge: resume, and put them there",
        ),
        pytest.param(
            OpenRows(sessions=(session(),)),
            seen(live(LINE, ON_1400)),
            [CloseSession(session(), LogoutReason.LOST), Adopt(live(LINE, ON_1400))],
            id="a session without the row of its line: log in again",
        ),
        pytest.param(
            OpenRows(sessions=(session(None),)),
            seen(),
            [ResumeRingSession(session(None))],
            id="an operator whose phone is rung has no channel to lose",
        ),
        pytest.param(OpenRows(), seen(live(CALLER)), [Adopt(live(CALLER))], id="a citizen without a row: adopt"),
        pytest.param(
            OpenRows(), seen(live(LINE, ON_1400)), [Adopt(live(LINE, ON_1400))], id="an operator without a row: adopt"
        ),
        pytest.param(OpenRows(), seen(RINGING), [HangUp(PHONE)], id="a phone that rings for nobody: hang up"),
        pytest.param(OpenRows(), seen(live(CALLER, ())), [HangUp(CALLER)], id="our channel with no business: hang up"),
        pytest.param(
            OpenRows(legs=(leg(), RUNG)),
            seen(live(PHONE, ("leg",))),
            [HangUp(PHONE)],
            id="a phone of a call that is over: hang up",
        ),
        pytest.param(OpenRows(), seen(live(CALLER, None)), [], id="a channel elsewhere in the dialplan: not ours"),
        pytest.param(
            OpenRows(),
            seen(talk_1=[], talk_2=[], waiting_1=[], other=[]),
            [DestroyBridge(TALK), DestroyBridge(BridgeId("talk-2"))],
            id="talk bridges of nobody: destroy; others are not ours to destroy",
        ),
    ],
)
def test_rows_against_channels(rows: OpenRows, snapshot: Snapshot, orders: list[Order]) -> None:
    assert list(map(without_music, plan(rows, snapshot))) == list(map(without_music, orders))


def without_music(order: Order) -> Order:
    return replace(order, call=replace(order.call, has_music=False)) if isinstance(order, ResumeCall) else order


@pytest.mark.parametrize("is_waiting", [False, True])
@pytest.mark.parametrize("is_up", [False, True])
@pytest.mark.parametrize("of", [call(Stage.CHOOSING), call(), call(Stage.CONNECTING), TALKING])
def test_music_that_a_caller_may_hear_is_known_although_the_row_is_older(
    of: Call, is_up: bool, is_waiting: bool
) -> None:
    """Else it would go on in the talk: callers are held at the door before their rows are written."""
    bridges = {"waiting_1": [CALLER]} if is_waiting else {}
    (order,) = plan(OpenRows((of,), (leg(),)), seen(live(CALLER, is_up=is_up), **bridges))
    assert isinstance(order, ResumeCall)
    assert order.call.has_music == (is_up and (of.stage is not Stage.TALKING or is_waiting))


def test_asterisk_restarted_closes_everything_that_had_a_channel_and_says_why_to_operators() -> None:
    talk = call(Stage.TALKING, bridge_id=TALK)
    rows = OpenRows((talk,), (leg(), OPERATOR), (line(),), (session(), session(None, id=SessionId(UUID(int=7)))))
    assert plan(rows, seen(), BEFORE + timedelta(seconds=1)) == [
        CloseSession(session(), LogoutReason.ASTERISK_RESTARTED),
        ResumeRingSession(session(None, id=SessionId(UUID(int=7)))),
        CloseLine(line()),
        CloseCall(talk, (leg(), OPERATOR), EndReason.LOST, ()),
    ]


@pytest.mark.parametrize(
    ("lines", "asterisk_started_at", "reason"),
    [
        pytest.param((line(),), BEFORE + timedelta(seconds=1), LogoutReason.ASTERISK_RESTARTED, id="line is older"),
        pytest.param((line(),), BEFORE - timedelta(seconds=1), LogoutReason.LOST, id="line is younger"),
        pytest.param((line(),), BEFORE, LogoutReason.LOST, id="no line is as old as its Asterisk"),
        pytest.param((line(),), None, LogoutReason.LOST, id="not known when Asterisk started"),
        pytest.param((), BEFORE + timedelta(seconds=1), LogoutReason.ASTERISK_RESTARTED, id="login, line has no row"),
    ],
)
def test_a_standing_line_that_is_older_than_asterisk_went_with_it(
    lines: tuple[OperatorLine, ...], asterisk_started_at: datetime | None, reason: LogoutReason
) -> None:
    orders = plan(OpenRows(lines=lines, sessions=(session(),)), seen(), asterisk_started_at)
    assert CloseSession(session(), reason) in orders
