"""`ari-app calls`, `calls show`, `operators`, and wrong settings."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.commands import Moment
from ari_app.core.area import Reach
from ari_app.core.call import Call, EndReason, Fact, FactKind, Leg, LegEndReason, LegRole, Stage
from ari_app.core.ids import (
    AsteriskId,
    ChannelId,
    Endpoint,
    MunicipalityCode,
    OperatorNumber,
    TeamCode,
    new_call_id,
    new_leg_id,
    new_session_id,
    new_visit_id,
)
from ari_app.core.operator_rules import step
from ari_app.core.operators import (
    LineLost,
    LogoutReason,
    OperatorSession,
    OperatorState,
    Pause,
    PauseReason,
    Resume,
)
from ari_app.core.queue_visits import QueueVisit, VisitOutcome, VisitReason
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.commands.conftest import SAMPLE, Type, rows

pytestmark = pytest.mark.postgres

NUMBER = "+31201234567"


def store_a_call(database_url: str) -> Call:
    """An hour ago: asked, answered by operator 101 after 20 s, talked for a minute."""
    start = datetime.now(UTC) - timedelta(hours=1)
    call = Call(
        id=new_call_id(),
        asterisk_id=AsteriskId("node1"),
        channel_id=ChannelId("node1-1.1"),
        dialled="140119",
        stage=Stage.ENDED,
        stage_entered_at=start + timedelta(seconds=80),
        arrived_at=start,
        shared_number="140119",
        municipality=MunicipalityCode("GM9903"),
        queued_at=start,
        answered_at=start + timedelta(seconds=20),
        ended_at=start + timedelta(seconds=80),
        end_reason=EndReason.CALLER_HUNG_UP,
        pii_caller_number=NUMBER,
    )
    legs = [
        Leg(new_leg_id(), call.id, call.channel_id, LegRole.CALLER, None, start),
        Leg(new_leg_id(), call.id, ChannelId("node1-1.0"), LegRole.OPERATOR, "101", start, owns_channel=False),
    ]
    over = [
        Leg(
            leg.id, leg.call_id, leg.channel_id, leg.role, leg.party, start,
            joined_at=call.answered_at, left_at=call.ended_at, ended_at=call.ended_at,
            end_reason=LegEndReason.HUNG_UP, owns_channel=leg.owns_channel,
            team=None if leg.party is None else TeamCode("gezamenlijk"),
        )
        for leg in legs
    ]  # fmt: skip
    facts = [Fact(start, FactKind.ARRIVED, {"dialled": "140119"}), Fact(start, FactKind.ANSWERED, {"by": "101"})]

    visit = QueueVisit(
        new_visit_id(), call.id, call.municipality, VisitReason.TRANSFER, start,
        from_municipality=MunicipalityCode("GM9904"), position=2, overflowed=True, left_at=call.answered_at,
        outcome=VisitOutcome.ANSWERED, operator=OperatorNumber("101"), team=TeamCode("gezamenlijk"),
    )  # fmt: skip

    async def work() -> None:
        async with Database(database_url) as database:
            ledger = PostgresLedger(database.pool)
            await ledger.store(call, facts, over, [], [visit])
            await ledger.close()

    asyncio.run(work())
    return call


def test_calls_are_listed_with_wait_talk_and_operator(type_in: Type, database_url: str) -> None:
    type_in("import", str(SAMPLE))
    call = store_a_call(database_url)
    listed = type_in("calls").stdout
    assert str(call.id)[:18] in listed
    assert "14 0119" in listed and "Lindekerk" in listed and "20 s" in listed and "1:00 min" in listed
    assert NUMBER not in listed
    (row,) = rows(type_in("calls", "--json"))
    assert row["wait_seconds"] == 20.0 and row["operator"] == "101"
    assert "no calls" in type_in("calls", "--since", "30m").stdout
    assert "no calls" in type_in("calls", "--municipality", "GM9901").stdout


def test_one_call_is_told_as_a_story_and_the_number_only_when_asked(type_in: Type, database_url: str) -> None:
    call = store_a_call(database_url)
    story = type_in("calls", "show", str(call.id)[:18])
    assert story.exit_code == 0
    assert "answered by a human (by 101)" in story.stdout
    assert "GM9903    transfer         entered 0.0  waited 20.0 s  answered by 101 of team gezamenlijk" in story.stdout
    assert "(from GM9904, position 2, a helping team)" in story.stdout
    assert "hung_up, team gezamenlijk" in story.stdout
    assert NUMBER not in story.stdout
    assert NUMBER in type_in("calls", "show", str(call.id), "--pii").stdout
    assert NUMBER not in type_in("calls", "show", str(call.id), "--json").stdout


def test_a_moment_without_a_zone_is_amsterdams_wherever_the_program_runs() -> None:
    winter = Moment().convert("2026-11-23T09:00", None, None)
    summer = Moment().convert("2026-07-01", None, None)
    told = Moment().convert("2026-07-01T09:00+00:00", None, None)
    assert winter == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert summer == datetime(2026, 6, 30, 22, 0, tzinfo=UTC)
    assert told == datetime(2026, 7, 1, 9, 0, tzinfo=UTC)


def test_a_call_that_does_not_exist_is_said_so(type_in: Type) -> None:
    result = type_in("calls", "show", "ffffffff")
    assert result.exit_code == 1
    assert "no call begins with" in result.stderr


def test_operators_are_listed_with_their_state(type_in: Type) -> None:
    type_in("import", str(SAMPLE))
    listed = type_in("operators").stdout
    assert "101" in listed and "away" in listed
    assert {row["number"] for row in rows(type_in("operators", "--json"))} >= {"101", "112"}


def store_a_day(database_url: str) -> None:
    """Operator 101, on the second of March: 10:00 to 10:40, of which ten minutes lunch."""
    ten = datetime(2026, 3, 2, 9, tzinfo=UTC)
    session = OperatorSession(
        new_session_id(), AsteriskId("node1"), OperatorNumber("101"), Reach.LINE, None, ten, OperatorState.READY, ten,
        ten, teams=(TeamCode("gezamenlijk"),),
    )  # fmt: skip
    events = (
        Pause(PauseReason.LUNCH, ten + timedelta(seconds=600.7)),
        Resume(ten + timedelta(seconds=1200.2)),
        LineLost(ten + timedelta(seconds=2400), LogoutReason.LOST),
    )

    async def work() -> None:
        async with Database(database_url) as database:
            ledger, row = PostgresLedger(database.pool), session
            await ledger.store_session(row)
            for event in events:
                row = step(row, event)
                await ledger.store_session(row, isinstance(event, LineLost))
            await ledger.close()

    asyncio.run(work())


def test_the_day_of_an_operator_adds_up_to_the_time_logged_in(type_in: Type, database_url: str) -> None:
    store_a_day(database_url)
    shown = type_in("operators", "day", "101", "--date", "2026-03-02").stdout
    day, team = "2026-03-02", "gezamenlijk"
    assert [line.split() for line in shown.splitlines()] == [
        ["FROM", "UNTIL", "FOR", "STATE", "REASON", "CALL", "TEAMS"],
        [day, "10:00:00", day, "10:10:00", "0:10:00", "ready", "-", "-", team],
        [day, "10:10:00", day, "10:20:00", "0:10:00", "paused", "lunch", "-", team],
        [day, "10:20:00", day, "10:40:00", "0:20:00", "ready", "-", "-", team, "end", "estimated"],
        [],
        ["STATE", "REASON", "TIME"],
        ["ready", "-", "0:30:00"],
        ["paused", "lunch", "0:10:00"],
        ["logged", "in", "0:40:00"],
    ]
    found = rows(type_in("operators", "day", "101", "--date", "2026-03-02", "--json"))
    assert [row["state"] for row in found] == ["ready", "paused", "ready"]
    assert "was not logged in on 2026-03-03" in type_in("operators", "day", "101", "--date", "2026-03-03").stdout
    assert "was not logged in" in type_in("operators", "day", "999").stdout


def test_a_day_that_is_no_date_is_refused(type_in: Type) -> None:
    result = type_in("operators", "day", "101", "--date", "maandag")
    assert result.exit_code == 2
    assert "write 2026-11-23" in result.stderr


def test_all_wrong_settings_are_told_in_one_message_and_no_secret(
    type_in: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://user:geheim@host/db")
    monkeypatch.setenv("ARI_APP_ARI_URL", "127.0.0.1:8088")
    monkeypatch.setenv("ARI_APP_WEB_PORT", "ninety")
    result = type_in("check")
    assert result.exit_code == 2
    for variable in ("DATABASE_URL", "ARI_APP_ARI_URL", "ARI_APP_WEB_PORT", "ARI_APP_ARI_USER", "ARI_APP_SOUNDS_DIR"):
        assert variable in result.stderr
    assert "geheim" not in result.output


def test_a_database_that_is_away_is_one_line_and_not_a_traceback(
    type_in: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1:1/none")
    result = type_in("calls")
    assert result.exit_code == 1
    assert "Traceback" not in result.output and result.stderr.strip()


def test_wrong_pins_are_listed_and_forgotten_by_number_and_by_phone(type_in: Type, database_url: str) -> None:
    assert type_in("import", str(SAMPLE)).exit_code == 0

    async def guess() -> None:
        async with Database(database_url) as database:
            ledger, now = PostgresLedger(database.pool), datetime.now(UTC)
            for number in ("101", "101", "101", "4711"):  # a PIN in the wrong place
                await ledger.check_pin(number, "0000", Endpoint("PJSIP/phone01"), now)
            for desk in (1, 2, 3):
                await ledger.check_pin("4711", "0000", Endpoint(f"PJSIP/desk{desk}"), now)

    assert type_in("operators", "unlock").output == "nobody has to wait\n"
    asyncio.run(guess())
    shown = type_in("operators", "unlock").output
    assert [line.split()[:3] for line in shown.splitlines()[1:]] == [["101", "-", "3"], ["-", "PJSIP/phone01", "3"]]
    assert "4711" not in shown
    assert [one["number"] for one in rows(type_in("operators", "unlock", "--json"))] == ["101", None]
    assert type_in("operators", "unlock", "101", "--author", "Anna").output == "101: may log in again\n"
    assert type_in("operators", "unlock", "--phone", "phone01").output == "PJSIP/phone01: may log in again\n"
    again = type_in("operators", "unlock", "101", "--phone", "PJSIP/phone01")
    assert again.output == "101: no wrong PINs are counted\nPJSIP/phone01: no wrong PINs are counted\n"
    assert again.exit_code == 0

    async def deeds() -> list[tuple[str, str]]:
        async with Database(database_url) as database:
            found = await database.pool.fetch(
                "SELECT actor, action FROM audit_log WHERE action LIKE '%unlock' ORDER BY at"
            )
            return [(row["actor"], row["action"]) for row in found]

    first, second = asyncio.run(deeds())
    assert (first, second[1]) == (("Anna", "operator.unlock"), "phone.unlock")
