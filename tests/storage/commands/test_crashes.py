"""A controller died between its claim and its answer: the next one answers what the record shows, and does nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ari_app.core.call import Call, Fact, FactKind, LegRole
from ari_app.core.commands import AnyCommand
from ari_app.core.ids import CommandId, MunicipalityCode, RequestId, new_command_id
from ari_app.core.operator_commands import (
    ACCEPTED,
    Answer,
    HoldOrResume,
    NextCallback,
    PutDown,
    RefusalReason,
    Refused,
    StartTransfer,
    Unanswered,
)
from ari_app.core.state_commands import LogIn, LogOff
from ari_app.core.transfer import TransferKind
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.commands import claims as claims_module
from ari_app.storage.commands.claims import CommandClaims, deed_of
from ari_app.storage.db.engine import Database
from tests.storage.commands.people import ANNA, Screen, controller, taken
from tests.storage.test_roles import ARRIVED
from tests.storage.values import DESK, NODE2, WIERDAM, after, new_call, new_leg, new_line

pytestmark = pytest.mark.postgres
UNKNOWN = Unanswered()


@pytest.fixture
async def call(an_area: Database, ledger: PostgresLedger) -> Call:
    """Of Wierdam, stored."""
    return await stored(ledger, WIERDAM)


async def stored(ledger: PostgresLedger, town: MunicipalityCode) -> Call:
    call = replace(new_call(), municipality=town)
    leg = replace(new_leg(call), role=LegRole.OPERATOR, party=ANNA, joined_at=after(1))
    return await ledger.store(call, [ARRIVED], [new_leg(call), leg])


async def next_controller_says(screen: Screen, an_area: Database, command_id: CommandId, command: AnyCommand) -> Answer:
    """After a claim by a controller that died, with the record as it is now."""
    heir = controller(an_area.pool)
    assert await heir.claim() == [], "a command that was claimed is never carried out again"
    assert await heir.settle(()) == 1
    return await screen.asks(command, command_id=command_id)


HOLD = HoldOrResume(is_for_hold=True)
COLD = StartTransfer(TransferKind.COLD, "201")


@pytest.mark.parametrize(
    ("command", "facts", "answer"),
    [
        (HOLD, [], UNKNOWN),
        (HOLD, [(FactKind.HELD, {"command": "mine"})], ACCEPTED),
        (HOLD, [(FactKind.HELD, {"command": "other"})], UNKNOWN),
        (HOLD, [(FactKind.HELD, {"command": "mine"}), (FactKind.HELD_NO_MORE, {"withdrawn": "mine"})], UNKNOWN),
        (HOLD, [(FactKind.HELD, {"command": "mine"}), (FactKind.HELD_NO_MORE, {})], ACCEPTED),
        (PutDown(), [(FactKind.PUT_DOWN, {"command": "mine", "by": "101"})], ACCEPTED),
        (
            COLD,
            [(FactKind.TRANSFER_REFUSED, {"command": "mine", "reason": "transfer_limit"})],
            Refused(RefusalReason.TRANSFER_LIMIT),
        ),
        (COLD, [(FactKind.TRANSFER_ASKED, {"command": "mine"})], ACCEPTED),
    ],
    ids=lambda one: str(one)[:40],
)
async def test_of_a_call_its_facts_tell(
    screen: Screen,
    claims: CommandClaims,
    an_area: Database,
    ledger: PostgresLedger,
    call: Call,
    command: AnyCommand,
    facts: list[tuple[FactKind, Mapping[str, str]]],
    answer: Answer,
) -> None:
    command_id, other = new_command_id(), new_command_id()
    ids = {"mine": str(command_id), "other": str(other)}
    asked = screen.asks(command, call_id=call.id, command_id=command_id)
    await taken(claims)
    for kind, detail in facts:
        call = await ledger.store(call, [Fact(after(2), kind, {k: ids.get(v, v) for k, v in detail.items()})])
    assert await next_controller_says(screen, an_area, command_id, command) == answer
    assert await asked == answer


@pytest.mark.parametrize(("is_named", "answer"), [(True, ACCEPTED), (False, UNKNOWN)])
async def test_of_a_state_the_login_tells_also_when_it_is_over(
    screen: Screen, claims: CommandClaims, an_area: Database, is_named: bool, answer: Answer
) -> None:
    command_id = new_command_id()
    asked = screen.asks(LogOff(), command_id=command_id)
    await taken(claims)
    await an_area.pool.execute(
        "UPDATE operator_session SET state = 'away', logged_out_at = now(), logout_reason = 'key', command_id = $1"
        " WHERE operator = '101'",
        command_id if is_named else new_command_id(),
    )
    assert await next_controller_says(screen, an_area, command_id, LogOff()) == answer
    assert await asked == answer


@pytest.mark.parametrize(
    ("is_named", "audited"), [(True, [("account:7", "operator.log_out", "101", "dienst is om")]), (False, [])]
)
async def test_what_a_supervisor_did_is_audited_when_the_record_shows_that_it_was_done(
    screen: Screen, claims: CommandClaims, an_area: Database, is_named: bool, audited: list[tuple[str, ...]]
) -> None:
    command_id, command = new_command_id(), LogOff("dienst is om")
    asked = screen.asks(command, command_id=command_id)
    await taken(claims)
    of = command_id if is_named else new_command_id()
    await an_area.pool.execute("UPDATE operator_session SET command_id = $1 WHERE operator = '101'", of)
    for _ in range(2):
        await controller(an_area.pool).settle(())
    assert await asked == (ACCEPTED if is_named else UNKNOWN)
    assert await deeds(an_area) == audited


async def deeds(an_area: Database) -> list[tuple[str, ...]]:
    rows = "SELECT actor, action, detail ->> 'operator', detail ->> 'reason' FROM audit_log"
    return [tuple(row) for row in await an_area.pool.fetch(rows)]


async def test_of_a_command_that_nobody_knows_to_be_done_the_audit_log_says_nothing(
    screen: Screen, claims: CommandClaims, an_area: Database
) -> None:
    for answer in (UNKNOWN, Refused(RefusalReason.NOT_LOGGED_IN), ACCEPTED):
        asked = screen.asks(LogOff("dienst is om"))
        (command,) = await taken(claims)
        await claims.answer(command.asked.id, answer, deed_of(command))
        assert await asked == answer
        assert len(await deeds(an_area)) == (answer == ACCEPTED)


@pytest.mark.parametrize(("is_named", "answer"), [(True, ACCEPTED), (False, UNKNOWN)])
async def test_of_a_callback_the_call_tells_that_was_made_for_it(
    screen: Screen, claims: CommandClaims, an_area: Database, ledger: PostgresLedger, is_named: bool, answer: Answer
) -> None:
    command_id = new_command_id()
    asked = screen.asks(NextCallback(), command_id=command_id)
    await taken(claims)
    made = replace(new_call(at=datetime.now(UTC)), callback_request=RequestId(new_command_id()), municipality=WIERDAM)
    of = command_id if is_named else new_command_id()
    await ledger.store(made, [Fact(made.arrived_at, FactKind.CALLING_BACK, {"command": str(of)})])
    assert await next_controller_says(screen, an_area, command_id, NextCallback()) == answer
    assert await asked == answer


@pytest.mark.parametrize(("is_named", "answer"), [(True, ACCEPTED), (False, UNKNOWN)])
async def test_of_a_login_the_line_tells(
    screen: Screen, claims: CommandClaims, an_area: Database, ledger: PostgresLedger, is_named: bool, answer: Answer
) -> None:
    command_id = new_command_id()
    asked = screen.asks(LogIn(DESK), command_id=command_id)
    await taken(claims)
    if is_named:
        await ledger.store_line(replace(new_line(), operator=ANNA, command_id=command_id))
    assert await next_controller_says(screen, an_area, command_id, LogIn(DESK)) == answer
    assert await asked == answer


async def test_what_is_under_way_here_is_left_alone_and_another_node_waits_for_half_a_minute(
    screen: Screen, claims: CommandClaims, an_area: Database
) -> None:
    asked = screen.asks(LogOff())
    (command,) = await taken(claims)
    assert await claims.settle({command.asked.id}) == 0
    theirs = controller(an_area.pool, NODE2)
    assert await theirs.settle(()) == 0
    await an_area.pool.execute("UPDATE command SET claimed_at = claimed_at - interval '31 s'")
    assert await theirs.settle(()) == 1
    assert await asked == UNKNOWN
    await claims.answer(command.asked.id, ACCEPTED)  # too late
    assert await an_area.pool.fetchval("SELECT answer FROM command") == "unanswered"


async def test_a_claim_whose_answer_came_too_late_is_not_acted_on_and_is_refused_as_expired(
    screen: Screen, claims: CommandClaims, an_area: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process was frozen with it, or the store was slow: whoever asked may have been told already."""
    asked = screen.asks(LogOff())
    moments = iter([0.0, 10.0])

    async def is_there() -> bool:
        return bool(await claims.any_open())

    while not await is_there():
        pass
    monkeypatch.setattr(claims_module, "monotonic", lambda: next(moments))
    assert await claims.claim() == []
    await an_area.pool.execute("UPDATE command SET claimed_at = claimed_at - interval '3 s'")
    assert await claims.settle(()) == 1
    assert await asked == Refused(RefusalReason.EXPIRED)
