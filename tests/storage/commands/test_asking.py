"""A command is one row: taken once, answered once, seen by nobody else, and nothing personal stays in it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from ari_app.core.access import Scope
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import CommandId, OperatorNumber, RequestId, new_command_id
from ari_app.core.operator_commands import (
    ACCEPTED,
    HoldOrResume,
    MakeCallback,
    PromiseCallback,
    Promised,
    PutDown,
    RefusalReason,
    Refused,
    TransferToQueue,
    Unanswered,
)
from ari_app.core.operators import PauseReason
from ari_app.core.state_commands import BeReady, LogOff, TakePause
from ari_app.core.supervisor_commands import AllowTransfer
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.commands import asker
from ari_app.storage.commands.asker import ask
from ari_app.storage.commands.claims import CommandClaims
from ari_app.storage.commands.upkeep import KEPT_FOR, forget_commands
from ari_app.storage.db.engine import Database
from tests.storage.commands.people import ANNA, BERT, WIERDAM_ONLY, Screen, controller, taken
from tests.storage.test_roles import ARRIVED
from tests.storage.values import ELDERLO, NODE1, NODE2, WIERDAM, new_call, new_leg

pytestmark = pytest.mark.postgres

REQUEST = RequestId(new_command_id())


async def test_given_a_click_when_the_controller_answers_then_the_screen_hears_it(
    screen: Screen, claims: CommandClaims
) -> None:
    answer = screen.asks(TakePause(PauseReason.LUNCH))
    (command,) = await taken(claims)
    assert (command.asked.command, command.asked.operator, command.actor) == (
        TakePause(PauseReason.LUNCH),
        ANNA,
        "account:7",
    )
    await claims.answer(command.asked.id, ACCEPTED)
    assert await answer == ACCEPTED


async def test_given_two_controllers_of_a_node_when_both_look_then_each_command_has_one_of_them(
    screen: Screen, claims: CommandClaims, an_area: Database
) -> None:
    asked = [screen.asks(BeReady()) for _ in range(20)]
    other = controller(an_area.pool)
    found: list[CommandId] = []
    while len(found) < 20:
        for commands in await asyncio.gather(claims.claim(), other.claim(), claims.claim()):
            found += [command.asked.id for command in commands]
    assert len(set(found)) == 20
    for command_id in found:
        await claims.answer(command_id, ACCEPTED)
    assert await asyncio.gather(*asked) == [ACCEPTED] * 20


async def test_given_a_command_of_another_node_then_it_is_not_taken(screen: Screen, an_area: Database) -> None:
    answer = screen.asks(BeReady())
    (command,) = await taken(controller(an_area.pool, NODE1))
    assert await controller(an_area.pool, NODE2).claim() == []
    await controller(an_area.pool).answer(command.asked.id, ACCEPTED)
    await answer


async def test_given_a_request_that_is_repeated_then_it_is_one_command_with_one_answer(
    screen: Screen, claims: CommandClaims, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asker, "LOOK_SECONDS", 3600)  # one that is answered needs no look
    command_id = new_command_id()
    twice = [screen.asks(HoldOrResume(), command_id=command_id) for _ in range(2)]
    (command,) = await taken(claims)
    await asyncio.sleep(0)
    assert await claims.claim() == []
    await claims.answer(command.asked.id, Refused(RefusalReason.NO_SUCH_CALL))
    answers = await asyncio.gather(*twice)
    again = await screen.asks(HoldOrResume(), command_id=command_id)
    assert [*answers, again] == [Refused(RefusalReason.NO_SUCH_CALL)] * 3
    assert await screen.asks(LogOff(), command_id=command_id) == Refused(RefusalReason.OTHER_COMMAND)
    assert await screen.asks(HoldOrResume(True), command_id=command_id) == Refused(RefusalReason.OTHER_COMMAND)
    other = await screen.asks(HoldOrResume(), command_id=command_id, actor="account:8")
    assert other == Refused(RefusalReason.NOT_LOGGED_IN)


async def test_given_another_callback_under_the_id_of_the_first_then_it_has_not_the_answer_of_the_first(
    screen: Screen, claims: CommandClaims
) -> None:
    command_id = new_command_id()
    first = screen.asks(MakeCallback(REQUEST), command_id=command_id, scope=None)
    await claims.answer((await taken(claims))[0].asked.id, ACCEPTED)
    assert await first == ACCEPTED
    assert await screen.asks(MakeCallback(REQUEST), command_id=command_id, scope=None) == ACCEPTED
    another = MakeCallback(RequestId(new_command_id()))
    assert await screen.asks(another, command_id=command_id, scope=None) == Refused(RefusalReason.OTHER_COMMAND)


async def test_given_an_answer_then_a_second_one_changes_nothing(screen: Screen, claims: CommandClaims) -> None:
    answer = screen.asks(BeReady())
    (command,) = await taken(claims)
    await claims.answer(command.asked.id, ACCEPTED)
    await claims.answer(command.asked.id, Unanswered())
    assert await answer == ACCEPTED


async def test_given_no_controller_then_the_command_expires_and_the_next_controller_does_not_take_it(
    screen: Screen, claims: CommandClaims, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asker, "SURE_AFTER_SECONDS", 0.2)
    monkeypatch.setattr(asker, "LOOK_SECONDS", 0.1)
    command_id = new_command_id()
    assert await screen.asks(LogOff(), command_id=command_id, seconds=0.1) == Refused(RefusalReason.EXPIRED)
    assert await claims.claim() == []
    assert await claims.settle(()) == 1
    assert await screen.asks(LogOff(), command_id=command_id) == Refused(RefusalReason.EXPIRED)


async def test_given_a_note_when_its_command_is_answered_then_it_is_gone(
    screen: Screen, claims: CommandClaims, an_area: Database
) -> None:
    answer = screen.asks(PromiseCallback("0612345678", "paspoort", "belt graag terug"))
    (command,) = await taken(claims)
    assert command.asked.command == PromiseCallback("0612345678", "paspoort", "belt graag terug")
    assert "terug" in str(await an_area.pool.fetchval("SELECT pii_arguments FROM command"))
    await claims.answer(command.asked.id, Promised("B-1", datetime(2026, 3, 3, 16, tzinfo=UTC), joined=False))
    assert await an_area.pool.fetchval("SELECT count(*) FROM command WHERE pii_arguments IS NULL") == 1
    assert "0612345678" not in str(await an_area.pool.fetchrow("SELECT command::text FROM command"))
    assert isinstance(await answer, Promised)


async def test_given_another_municipalitys_operator_or_call_then_it_does_not_exist(
    screen: Screen, ledger: PostgresLedger, an_area: Database
) -> None:
    theirs = replace(new_call(), municipality=ELDERLO)
    await ledger.store(theirs, [ARRIVED], [new_leg(theirs)])
    of_elderlo: Scope = frozenset({ELDERLO})
    assert await screen.asks(LogOff("weg"), ANNA, scope=of_elderlo) == Refused(RefusalReason.NOT_LOGGED_IN)
    assert await screen.asks(PutDown(), ANNA, call_id=theirs.id) == Refused(RefusalReason.NO_SUCH_CALL)
    assert await screen.asks(AllowTransfer("x"), None, call_id=theirs.id) == Refused(RefusalReason.NO_SUCH_CALL)
    assert await screen.asks(MakeCallback(REQUEST), ANNA) == Refused(RefusalReason.NO_REQUEST)
    assert await an_area.pool.fetchval("SELECT count(*) FROM command") == 0


@pytest.mark.parametrize(
    ("scope", "sees"),
    # Bert helps Wierdam
    [(WIERDAM_ONLY, {ANNA, BERT}), (frozenset({ELDERLO}), {BERT}), (None, {ANNA, BERT}), (frozenset(), set())],
    ids=("one", "another", "all", "none"),  # a set is written differently in each worker
)
async def test_web_sees_and_makes_only_commands_of_the_scope_whatever_it_asks(
    screen: Screen, an_area: Database, scope: Scope, sees: set[OperatorNumber]
) -> None:
    """The second wall, behind the scope of the query."""
    insert = (
        "INSERT INTO command (id, actor, operator, what, arguments, asked_at, expires_at)"
        " VALUES ($1, 'x', $2, 'log_out', '{}', now(), now() + interval '1 s')"
    )
    for operator in (ANNA, BERT):
        await an_area.pool.execute(insert, new_command_id(), operator)
    made = set()
    for operator in (ANNA, BERT):
        async with screen.pool.acquire() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL ari_app.scope = '{'*' if scope is None else ','.join(scope)}'")
            found = {row["operator"] for row in await connection.fetch("SELECT operator FROM command")}
            assert found >= sees and found <= sees
            try:
                async with connection.transaction():
                    await connection.execute(insert, new_command_id(), operator)
                made.add(operator)
            except asyncpg.InsufficientPrivilegeError:
                continue
    assert made == sees


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pii_arguments FROM command",
        "SELECT * FROM command",
        "UPDATE command SET answer = 'accepted', answered_at = now()",
        "DELETE FROM command",
        "INSERT INTO command (id, actor, operator, what, arguments, asked_at, expires_at, answered_at, answer) VALUES"
        " (gen_random_uuid(), 'x', '101', 'log_out', '{}', now(), now() + interval '1 s', now(), 'accepted')",
    ],
)
async def test_web_reads_nothing_personal_and_answers_nothing(screen: Screen, statement: str) -> None:
    async with screen.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL ari_app.scope = '*'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute(statement)


async def test_given_a_call_of_no_municipality_then_the_operator_who_has_it_may_command_it(
    screen: Screen, ledger: PostgresLedger, claims: CommandClaims, an_area: Database
) -> None:
    call = new_call()
    await ledger.store(call, [ARRIVED], [new_leg(call)])
    assert await screen.asks(PutDown(), ANNA, call_id=call.id) == Refused(RefusalReason.NO_SUCH_CALL)
    await an_area.pool.execute("UPDATE operator_session SET call_id = $1 WHERE operator = '101'", call.id)
    answer = screen.asks(PutDown(), ANNA)
    (command,) = await taken(claims)
    assert command.asked.call_id == call.id
    await claims.answer(command.asked.id, ACCEPTED)
    assert await answer == ACCEPTED


async def test_given_a_transfer_into_another_municipalitys_queue_then_its_answer_is_heard_also_when_asked_again(
    screen: Screen, ledger: PostgresLedger, claims: CommandClaims, an_area: Database
) -> None:
    """The call is outside the scope, and let go, before the answer is there."""
    call, command_id = replace(new_call(), municipality=WIERDAM), new_command_id()
    await ledger.store(call, [ARRIVED], [new_leg(call)])
    await an_area.pool.execute("UPDATE operator_session SET call_id = $1 WHERE operator = '101'", call.id)
    to_elderlo = TransferToQueue(ELDERLO)
    answer = screen.asks(to_elderlo, call_id=call.id, command_id=command_id)
    await taken(claims)
    await an_area.pool.execute("UPDATE operator_session SET call_id = NULL")
    await an_area.pool.execute("UPDATE call SET municipality = $1", ELDERLO)
    await claims.answer(command_id, ACCEPTED)
    assert await answer == ACCEPTED
    assert await screen.asks(to_elderlo, call_id=call.id, command_id=command_id) == ACCEPTED
    assert await screen.asks(to_elderlo, call_id=call.id) == Refused(RefusalReason.NO_SUCH_CALL)


async def test_given_a_call_outside_the_scope_then_only_commands_about_ones_caller_reach_it(
    screen: Screen, ledger: PostgresLedger, claims: CommandClaims, an_area: Database
) -> None:
    theirs = replace(new_call(), municipality=ELDERLO)
    await ledger.store(theirs, [ARRIVED], [new_leg(theirs)])
    await an_area.pool.execute("UPDATE operator_session SET call_id = $1 WHERE operator = '102'", theirs.id)
    beyond = await screen.asks(AllowTransfer("x"), BERT, call_id=theirs.id)
    assert beyond == Refused(RefusalReason.NO_SUCH_CALL)
    assert await an_area.pool.fetchval("SELECT count(*) FROM command") == 0


async def test_given_an_answer_then_the_log_of_changes_tells_those_who_may_know(
    screen: Screen, claims: CommandClaims, an_area: Database
) -> None:
    answer = screen.asks(BeReady())
    (command,) = await taken(claims)
    await claims.answer(command.asked.id, ACCEPTED)
    await answer
    rows = await an_area.pool.fetch("SELECT id, municipality, operator FROM change WHERE kind = 'command'")
    assert [tuple(row) for row in rows] == [(str(command.asked.id), None, "101")]


async def test_given_a_terminal_that_does_not_listen_then_it_has_its_answer_too(
    screen: Screen, claims: CommandClaims, an_area: Database
) -> None:
    asked = AskedCommand(BeReady(), ANNA)
    answer = asyncio.create_task(ask(an_area.pool, asked, actor="console:beheer", scope=None))
    (command,) = await taken(claims)
    await claims.answer(command.asked.id, ACCEPTED)
    assert await answer == ACCEPTED


async def test_commands_are_kept_for_a_week_and_those_without_an_answer_for_longer(an_area: Database) -> None:
    now = datetime.now(UTC)
    for age, answered in ((KEPT_FOR + timedelta(hours=1), True), (KEPT_FOR * 2, False), (timedelta(days=1), True)):
        await an_area.pool.execute(
            "INSERT INTO command (id, actor, operator, what, arguments, asked_at, expires_at, answered_at, answer)"
            " VALUES ($1, 'x', '101', 'log_out', '{}', $2::timestamptz, $2::timestamptz + interval '1 s', $3, $4)",
            new_command_id(),
            now - age,
            now - age if answered else None,
            "accepted" if answered else None,
        )
    assert await forget_commands(an_area.pool, now) == 1
    assert await an_area.pool.fetchval("SELECT count(*) FROM command") == 2
