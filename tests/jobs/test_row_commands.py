"""Commands that only rows say, with their controller killed before each statement: done and answered, or neither.

A page that asks for many at once, as for a whole list of callbacks, asks for each as a command of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.area_commands import CloseEarly, EndCalamity, OpenAgain, SetCalamity
from ari_app.core.calendar import ClosedNow, open_state
from ari_app.core.call import Call
from ari_app.core.callbacks import RequestState
from ari_app.core.commands import AnyCommand, AskedCommand, OfMunicipality
from ari_app.core.ids import CallId, CommandId, MunicipalityCode, OperatorNumber, new_command_id
from ari_app.core.operator_commands import ACCEPTED, Accepted, Answer, Promised, RefusalReason, Refused, Unanswered
from ari_app.core.operators import OperatorState
from ari_app.core.promise_commands import MakePromise
from ari_app.core.supervisor_commands import AllowTransfer, AskAllowance, AssignRequest, CloseByPerson, UnlockPin
from ari_app.jobs.row_commands import change_rows
from ari_app.storage.area.calamities import list_calamities, set_calamity
from ari_app.storage.area.early_closings import close_early_in, list_early_closings
from ari_app.storage.area.snapshot import load_area, load_snapshot
from ari_app.storage.callbacks.rows import PostgresRows
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.commands.asker import ask
from ari_app.storage.commands.claims import ClaimedCommand
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Database
from ari_app.storage.db.feed import CallbackChanged, Feed, Resync
from ari_app.storage.db.notifications import CALLBACK_CHANNEL
from ari_app.storage.db.roles import SERVE
from tests.patience import PATIENCE_SECONDS
from tests.roles import as_role
from tests.storage.callback_values import DIRECTORY, KCC, LEASED
from tests.storage.commands.people import controller
from tests.storage.test_roles import ARRIVED
from tests.storage.values import WIERDAM, new_call, new_session

pytestmark = pytest.mark.postgres

ANNA = OperatorNumber("101")
TONIGHT = datetime.now(UTC) + timedelta(hours=6)
#: each with what is counted once it is done
KILLED: list[tuple[AnyCommand, str]] = [
    (AllowTransfer("verkeerde afdeling"), "SELECT count(*) FROM transfer_allowance"),
    (AskAllowance(), "SELECT count(*) FROM transfer_wish"),
    (UnlockPin(), "SELECT 1 - count(*) FROM pin_attempt"),
    (SetCalamity("Er is brand."), "SELECT count(*) FROM calamity WHERE text = 'Er is brand.'"),
    (EndCalamity(), "SELECT count(*) FROM calamity WHERE ended_by IS NOT NULL"),
    (CloseEarly(TONIGHT, "storm"), "SELECT count(*) FROM early_closing WHERE reason = 'storm'"),
    (OpenAgain(), "SELECT count(*) FROM early_closing WHERE ended_by IS NOT NULL"),
    (AssignRequest(LEASED.id, KCC, ANNA), "SELECT count(*) FROM callback_fact WHERE detail ->> 'by' = 'account:7'"),
    (CloseByPerson(LEASED.id, "is langs geweest"), "SELECT count(*) FROM callback_request WHERE closed_by IS NOT NULL"),
    (MakePromise("0612345690", "paspoort"), "SELECT count(*) FROM callback_request WHERE reason = 'desk'"),
]
#: the history of what they change says who did it, and not the audit log
NOT_AUDITED = (AskAllowance, AssignRequest, CloseByPerson)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(as_role(database_url, SERVE)) as database:
        now = datetime.now(UTC)
        await database.pool.execute(
            """INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam');
            INSERT INTO operator VALUES ('101', 'Anna', '');
            INSERT INTO pin_attempt VALUES ('101', 3, now(), now() + interval '5 min')"""
        )
        running = Calamity(WIERDAM, now, None, "Er was een gaslek.", AfterCalamity.QUEUE, "test")
        await set_calamity(database.background, running, now)
        async with transaction(database.background) as connection:
            await close_early_in(connection, WIERDAM, CloseEarly(TONIGHT, "overleg"), "test", now, now)
            await PostgresRows(connection).insert(
                replace(LEASED, state=RequestState.OPEN, owner_operator=None, lease_owner=None, lease_until_at=None), []
            )
        yield database


@pytest.fixture
async def call(database: Database) -> Call:
    """Anna talks with a caller for Wierdam."""
    ledger = PostgresLedger(database.pool)
    call = await ledger.store(replace(new_call(), municipality=WIERDAM), [ARRIVED])
    await ledger.store_session(replace(new_session(), state=OperatorState.TALKING, call_id=call.id))
    await ledger.close()
    return call


class Killed:
    """A connection whose program dies before the statement with this number."""

    def __init__(self, connection: Connection, before: int) -> None:
        self._connection = connection
        self._left = before

    def __getattr__(self, name: str) -> Any:
        asks = getattr(self._connection, name)

        async def counted(*arguments: Any) -> Any:
            if self._left == 0:
                raise asyncio.CancelledError
            self._left -= 1
            return await asks(*arguments)

        return counted


def about(command: AnyCommand, call_id: CallId, command_id: CommandId) -> AskedCommand:
    is_of_area = isinstance(command, OfMunicipality)
    is_of_operator = isinstance(command, AskAllowance | UnlockPin)
    is_of_call = isinstance(command, AllowTransfer | AskAllowance)
    return AskedCommand(
        command,
        ANNA if is_of_operator else None,
        call_id if is_of_call else None,
        command_id,
        WIERDAM if is_of_area else None,
    )


async def claimed_by_one_that_dies(
    database: Database, asked: AskedCommand, before: int, *, actor: str = "account:7"
) -> bool:
    """Whether it lived to the end."""
    claims = controller(database.pool)
    waiting = asyncio.create_task(ask(database.pool, asked, actor=actor, scope=None))
    while not (taken := await claims.claim()):  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    waiting.cancel()

    async def work(connection: Connection) -> Answer:
        killed = Killed(connection, before)
        answer = await change_rows(taken[0], DIRECTORY, datetime.now(UTC), killed)  # type: ignore[arg-type]
        await killed.fetchval("SELECT 1")  # dies between the deed and its answer
        return answer

    try:
        await claims.carry_out(asked.id, work)
    except asyncio.CancelledError:
        return False
    return True


@pytest.mark.parametrize(("command", "counted"), KILLED, ids=lambda one: type(one).__name__)
async def test_given_a_controller_that_is_killed_at_any_step_then_it_is_done_and_answered_or_neither(
    database: Database, call: Call, command: AnyCommand, counted: str
) -> None:
    for before in range(20):
        asked = about(command, call.id, new_command_id())
        lived = await claimed_by_one_that_dies(database, asked, before)
        heir = controller(database.pool)
        assert await heir.claim() == [], "a command that was claimed is never carried out again"
        # What is of no node may be in the hands of any controller: the others wait for half a minute.
        await database.pool.execute("UPDATE command SET claimed_at = claimed_at - interval '1 minute'")
        assert await heir.settle(()) == (0 if lived else 1)
        answer = await ask(database.pool, asked, actor="account:7", scope=None)
        done = await database.pool.fetchval(counted)
        deeds = await database.pool.fetchval("SELECT count(*) FROM audit_log WHERE actor = 'account:7'")
        if lived:
            assert isinstance(answer, Promised if isinstance(command, MakePromise) else Accepted) and done == 1
            assert deeds == (0 if isinstance(command, NOT_AUDITED) else 1)
            return
        assert (answer, done, deeds) == (Unanswered(), 0, 0), before
    pytest.fail("it never came to its end")


async def told(database: Database, command: AnyCommand, *, town: MunicipalityCode | None = WIERDAM) -> Answer:
    asked = AskedCommand(command, municipality=town)
    async with transaction(database.background) as connection:
        claimed = ClaimedCommand(asked, "account:7", None, datetime.now(UTC))
        return await change_rows(claimed, DIRECTORY, datetime.now(UTC), connection)


async def test_a_calamity_that_is_planned_is_ended_alone(database: Database) -> None:
    now = datetime.now(UTC)
    planned = SetCalamity("Morgen is er groot onderhoud.", now + timedelta(hours=2), now + timedelta(hours=4))
    assert await told(database, planned) == ACCEPTED
    assert len(await list_calamities(database.background, None, now)) == 2
    assert await told(database, EndCalamity(planned.from_at)) == ACCEPTED
    (left,) = await list_calamities(database.background, None, now)
    assert left.text == "Er was een gaslek."
    assert await told(database, EndCalamity(planned.from_at)) == Refused(RefusalReason.NOTHING_TO_END)


@pytest.mark.parametrize(
    "command",
    [
        SetCalamity("  "),
        SetCalamity("brand", until_at=datetime(2020, 1, 1, tzinfo=UTC)),
        CloseEarly(datetime(2020, 1, 1, tzinfo=UTC), "storm"),
        CloseEarly(TONIGHT, " "),
        CloseEarly(TONIGHT, "storm", TONIGHT + timedelta(hours=1)),
    ],
    ids=(
        "no_words",
        "over_already",
        "closed_in_the_past",
        "no_reason",
        "ends_before_it_begins",
    ),
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(database: Database, command: AnyCommand) -> None:
    assert await told(database, command) == Refused(RefusalReason.NONSENSE)
    nowhere = MunicipalityCode("GM0000")
    if isinstance(command, CloseEarly):
        wanted = CloseEarly(TONIGHT, "storm")
        assert await told(database, wanted, town=nowhere) == Refused(RefusalReason.NO_SUCH_MUNICIPALITY)
    deeds = await database.pool.fetchval("SELECT count(*) FROM audit_log WHERE actor = 'account:7'")
    assert deeds == 0


async def test_closing_early_closes_for_calls_and_is_no_part_of_the_area_file(database: Database) -> None:
    await database.pool.execute(
        "INSERT INTO opening_hours SELECT 'GM9901', day, '00:00', '00:00' FROM generate_series(0, 6) day"
    )
    assert await told(database, OpenAgain()) == ACCEPTED
    assert await list_early_closings(database.background, None, datetime.now(UTC)) == []
    before = await load_snapshot(database.background)
    assert await told(database, CloseEarly(TONIGHT, "storm")) == ACCEPTED
    town = (await load_area(database.background)).municipalities[WIERDAM]
    state = open_state(replace(town, open_on_legal_days=True), {}, datetime.now(UTC))
    assert isinstance(state, ClosedNow) and state.name == "storm"
    assert [one.is_early for one in town.closings] == [True], "why is not for the municipality's website"
    assert (await load_snapshot(database.background)).area == before.area
    assert [one.reason for one in await list_early_closings(database.background, None, datetime.now(UTC))] == ["storm"]
    assert await told(database, OpenAgain()) == ACCEPTED
    assert await told(database, OpenAgain()) == Refused(RefusalReason.NOTHING_TO_END)
    assert (await load_area(database.background)).municipalities[WIERDAM].closings == ()


async def test_listeners_hear_that_a_request_is_given_to_somebody(database: Database) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), Feed(database.url, (CALLBACK_CHANNEL,)) as feed:
        assert isinstance(await anext(feed), Resync)
        assert await told(database, AssignRequest(LEASED.id, KCC, OperatorNumber("999")), town=None) != ACCEPTED
        assert await told(database, AssignRequest(LEASED.id, KCC, ANNA), town=None) == ACCEPTED
        heard = await anext(feed)
    assert isinstance(heard, CallbackChanged) and heard.request_id == LEASED.id and heard.number is not None


async def test_only_whoever_has_the_caller_asks_for_a_transfer_more(database: Database, call: Call) -> None:
    async with transaction(database.background) as connection:
        asked = AskedCommand(AskAllowance(), OperatorNumber("102"), call.id)
        claimed = ClaimedCommand(asked, "account:8", None, datetime.now(UTC))
        assert await change_rows(claimed, DIRECTORY, datetime.now(UTC), connection) == Refused(RefusalReason.NOT_YOURS)


async def test_a_promise_without_a_call_is_that_of_its_number_and_says_who_wrote_it_down(database: Database) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    first = await told(database, MakePromise("06 12345691", "paspoort", "Liefst 's ochtends.", KCC, ANNA))
    again = await told(database, MakePromise("+31612345691", first_contact_at=yesterday))
    assert isinstance(first, Promised) and isinstance(again, Promised)
    assert (first.joined, again) == (False, Promised(first.reference, first.deadline_at, joined=True))
    row = await database.pool.fetchrow(
        """SELECT reason, call_id, number_confirmed_how, owner_team, owner_operator, joined_count, pii_note
        FROM callback_request WHERE reference = $1""",
        first.reference,
    )
    assert row is not None and tuple(row) == ("desk", None, "spoken", "kcc", "101", 1, "Liefst 's ochtends.")
    facts = await database.pool.fetch("SELECT kind, detail ->> 'by' AS by FROM callback_fact ORDER BY at, seq")
    assert [tuple(fact) for fact in facts] == [("created", "account:7"), ("joined", "account:7")]
    deeds = await database.pool.fetch("SELECT actor, municipalities FROM audit_log WHERE action = 'callback.promised'")
    assert [tuple(deed) for deed in deeds] == [("account:7", ["GM9901"])] * 2


async def test_the_deadline_of_a_promise_is_that_of_the_first_contact_and_never_of_one_to_come(
    database: Database,
) -> None:
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)  # a Friday
    early = await told(database, MakePromise("0612345679", first_contact_at=at))
    late = await told(database, MakePromise("0612345680", first_contact_at=datetime.now(UTC) + timedelta(days=9)))
    usual = await told(database, MakePromise("0612345681"))
    assert isinstance(early, Promised) and early.deadline_at == datetime(2026, 11, 23, 16, tzinfo=UTC)
    assert isinstance(late, Promised) and isinstance(usual, Promised) and late.deadline_at == usual.deadline_at


@pytest.mark.parametrize(
    ("command", "town", "reason"),
    [
        (MakePromise("niets"), WIERDAM, RefusalReason.NO_NUMBER),
        (MakePromise("0900-1234"), WIERDAM, RefusalReason.PAID_SERVICE),
        (MakePromise("0612345678"), MunicipalityCode("GM0000"), RefusalReason.NO_SUCH_MUNICIPALITY),
        (MakePromise("0612345678", operator=OperatorNumber("999")), WIERDAM, RefusalReason.NOBODY_THERE),
    ],
    ids=("no_number", "paid", "nowhere", "nobody"),
)
async def test_a_promise_that_nobody_could_keep_is_refused(
    database: Database, command: MakePromise, town: MunicipalityCode, reason: RefusalReason
) -> None:
    assert await told(database, command, town=town) == Refused(reason)
    assert await database.pool.fetchval("SELECT count(*) FROM callback_request WHERE reason = 'desk'") == 0
