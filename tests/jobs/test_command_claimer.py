"""The controller's side of commands as a whole: taken, given to whoever can carry them out, answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from ari_app.callbacks.service import CallbackService
from ari_app.calls.operators.commands import OperatorCommands
from ari_app.calls.registry import Registry
from ari_app.core.call import Fact, FactKind, LegRole
from ari_app.core.callbacks import Created
from ari_app.core.commands import AnyCommand, AskedCommand
from ari_app.core.ids import CallId, CommandId, Endpoint, OperatorNumber, RequestId, ScriptId, TeamCode, new_command_id
from ari_app.core.login_limits import OF_ACCOUNT
from ari_app.core.operator_commands import ACCEPTED, Answer, HoldOrResume, RefusalReason, Refused, Unanswered
from ari_app.core.operators import PauseReason
from ari_app.core.script_commands import ChooseScript
from ari_app.core.script_imports import SourceScript
from ari_app.core.scripts import ScriptText, Source
from ari_app.core.state_commands import LogIn, TakePause
from ari_app.core.supervisor_commands import AllowTransfer, AssignRequest, CloseByPerson, UnlockPin
from ari_app.core.wrap_ups import WrapUp
from ari_app.jobs import command_claimer
from ari_app.jobs.browser_phones import BrowserPhones
from ari_app.jobs.command_claimer import CommandClaimer
from ari_app.storage.accounts.attempts import begin_attempt, subjects_of_login
from ari_app.storage.accounts.store import add_account
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.calls.reads import call_story
from ari_app.storage.commands.asker import ask
from ari_app.storage.commands.claims import CommandClaims
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from ari_app.storage.scripts.imports import import_scripts
from tests.roles import as_role
from tests.storage.callback_values import DIRECTORY, KCC, TEN, asked
from tests.storage.values import NINE, NODE1, WIERDAM, after, eventually, new_call, new_leg, new_session

pytestmark = pytest.mark.postgres
ANNA, BRAM, NOBODY = OperatorNumber("101"), OperatorNumber("102"), OperatorNumber("999")


@dataclass
class Desk:
    """A claimer at work, and somebody who asks."""

    database: Database
    claimer: CommandClaimer
    rung: list[Endpoint]
    is_ready: bool = True

    async def asks(
        self,
        command: AnyCommand,
        operator: OperatorNumber | None = ANNA,
        call_id: CallId | None = None,
        command_id: CommandId | None = None,
        seconds: float = 5,
    ) -> Answer:
        about = AskedCommand(command, operator, call_id, command_id or new_command_id())
        expires_in = timedelta(seconds=seconds)
        return await ask(self.database.pool, about, actor="account:7", scope=None, expires_in=expires_in)


async def _always() -> None:
    """The lock of the tests is never in doubt."""


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with Database(as_role(database_url, SERVE)) as database, asyncio.TaskGroup() as tasks:
        await database.pool.execute("INSERT INTO operator VALUES ('101', 'Anna', ''), ('102', 'Bram', '')")
        rung: list[Endpoint] = []

        def ring(
            operator: OperatorNumber, phone: Endpoint, give: Callable[[Answer], None], command_id: CommandId | None
        ) -> None:
            rung.append(phone)
            give(ACCEPTED)

        def start(work: Coroutine[None, None, None], name: str) -> None:
            tasks.create_task(work, name=name)

        claimer = CommandClaimer(
            database,
            CommandClaims(database.pool, NODE1, _always),
            OperatorCommands(Registry(), ring),
            lambda: DIRECTORY,
            lambda: datetime.now(UTC),
            NODE1,
            lambda: at_work.is_ready,
            start,
            cast(BrowserPhones, None),  # no page is a phone here
        )
        at_work = Desk(database, claimer, rung)
        following = tasks.create_task(claimer.follow())
        yield at_work
        following.cancel()


@pytest.fixture
async def ledger(desk: Desk) -> AsyncIterator[PostgresLedger]:
    ledger = PostgresLedger(desk.database.pool)
    yield ledger
    await ledger.close()


async def talked(ledger: PostgresLedger, *, is_open: bool = True) -> CallId:
    """A call in which Anna talked."""
    call = replace(new_call(), municipality=WIERDAM)
    leg = replace(new_leg(call), role=LegRole.OPERATOR, party=ANNA, joined_at=after(1))
    return (await ledger.store(call, [Fact(NINE, FactKind.ARRIVED)], [leg])).id


async def test_given_a_wrap_up_then_whoever_talked_may_say_it_and_the_last_word_counts(
    desk: Desk, ledger: PostgresLedger
) -> None:
    call_id = await talked(ledger)
    for result in ("terugbellen", "afgehandeld"):
        said = WrapUp("paspoort", result, "wil nog een foto brengen")
        assert await desk.asks(said, ANNA, call_id) == ACCEPTED
    assert await desk.asks(WrapUp("rijbewijs"), BRAM, call_id) == Refused(RefusalReason.NOT_YOURS)
    assert await desk.asks(WrapUp("rijbewijs"), ANNA) == Refused(RefusalReason.NO_SUCH_CALL)
    story = await call_story(desk.database.pool, None, call_id, with_personal_data=True)
    assert story is not None
    assert [(one.operator, one.subject, one.result, one.pii_note) for one in story.wrap_ups] == [
        ("101", "paspoort", "afgehandeld", "wil nog een foto brengen")
    ]
    without = await call_story(desk.database.pool, None, call_id)
    assert without is not None and without.wrap_ups[0].pii_note == ""
    assert "foto" not in str(await desk.database.pool.fetch("SELECT command::text FROM command"))


async def test_given_a_script_then_whoever_talked_may_choose_it_and_take_it_back(
    desk: Desk, ledger: PostgresLedger
) -> None:
    call_id, pool = await talked(ledger), desk.database.pool
    text = ScriptText("Hoe vraag ik een paspoort aan?", "Kom langs.", "Paspoort")
    wanted = [SourceScript(Source.VAC, "v1", None, text)]
    await import_scripts(pool, wanted, None, "test", NINE)
    script = ScriptId(await pool.fetchval("SELECT id FROM script"))
    for said in (ChooseScript(script, 1), ChooseScript()):
        assert await desk.asks(said, ANNA, call_id) == ACCEPTED
    assert await desk.asks(ChooseScript(script, 1), BRAM, call_id) == Refused(RefusalReason.NOT_YOURS)
    assert await desk.asks(ChooseScript(), ANNA, call_id) == ACCEPTED
    story = await call_story(pool, None, call_id)
    assert story is not None
    assert [(one.operator, one.script, one.subject) for one in story.scripts][:2] == [
        ("101", script, "paspoort"),
        ("101", None, ""),
    ]
    assert [one.subject for one in story.wrap_ups] == [""]


@pytest.mark.parametrize("said", [{"subject": "Jan Jansen"}, {"result": "06 12345678"}, {"pii_note": "x" * 4001}])
def test_a_wrap_up_has_codes_and_a_note_of_some_length(said: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="code|note"):
        WrapUp(**said)


async def test_given_a_transfer_that_is_allowed_then_it_counts_once_however_often_it_is_asked(
    desk: Desk, ledger: PostgresLedger
) -> None:
    call_id, command_id = await talked(ledger), new_command_id()
    for _ in range(3):
        assert await desk.asks(AllowTransfer("verkeerde afdeling"), None, call_id, command_id) == ACCEPTED
    assert await ledger.allowed_transfers(call_id) == 1
    audited = await desk.database.pool.fetch("SELECT actor, action FROM audit_log")
    assert [tuple(row) for row in audited] == [("account:7", "transfer_allowed")]
    await desk.database.pool.execute("UPDATE call SET stage = 'ended', ended_at = now(), end_reason = 'lost'")
    late = await desk.asks(AllowTransfer("verkeerde afdeling"), None, call_id)
    assert late == Refused(RefusalReason.NO_SUCH_CALL)


async def test_given_a_locked_operator_then_a_supervisor_unlocks_them(desk: Desk) -> None:
    locked = "INSERT INTO pin_attempt VALUES ('101', 3, now(), now() + interval '5 min')"
    await desk.database.pool.execute(locked)
    await add_account(desk.database.background, "anna", "Anna", ANNA, [], "test", NINE)
    for subject in (*subjects_of_login("anna"), *subjects_of_login("bram")):
        await begin_attempt(desk.database.background, {subject: OF_ACCOUNT}, datetime.now(UTC))
    assert await desk.asks(UnlockPin()) == ACCEPTED
    assert await desk.database.pool.fetchval("SELECT count(*) FROM pin_attempt") == 0
    left = await desk.database.pool.fetch("SELECT subject FROM login_attempt")
    assert {row["subject"] for row in left} == set(subjects_of_login("bram"))
    actions = await desk.database.pool.fetch("SELECT action FROM audit_log WHERE actor = 'account:7' ORDER BY id")
    assert [row["action"] for row in actions] == ["operator.unlock", "account.forget_failures"]


async def test_given_a_request_then_it_is_given_to_another_and_what_cannot_be_is_refused(desk: Desk) -> None:
    service = CallbackService(PostgresCallbackStore(desk.database.pool), lambda: DIRECTORY)
    made = await service.create_or_join(asked(), TEN)
    assert isinstance(made, Created)
    request = made.request
    assert await desk.asks(AssignRequest(request.id, KCC, ANNA), None) == ACCEPTED
    owner = await desk.database.pool.fetchval("SELECT owner_operator FROM callback_request")
    assert owner == ANNA
    unknown = AssignRequest(request.id, TeamCode("niemand"))
    assert await desk.asks(unknown, None) == Refused(RefusalReason.UNKNOWN_DESTINATION)
    assert await desk.asks(CloseByPerson(request.id, "is langs geweest"), None) == ACCEPTED
    closed = await desk.database.pool.fetchrow("SELECT closed_by, pii_close_reason FROM callback_request")
    assert closed is not None and tuple(closed) == ("account:7", "is langs geweest")
    assert await desk.asks(CloseByPerson(request.id, "nog eens"), None) == Refused(RefusalReason.NO_REQUEST)
    assert "langs" not in str(await desk.database.pool.fetch("SELECT command::text FROM command"))
    nothing = AssignRequest(RequestId(new_command_id()), KCC)
    assert await desk.asks(nothing, None) == Refused(RefusalReason.NO_REQUEST)


async def test_given_nobody_who_is_logged_in_then_states_and_calls_are_refused(
    desk: Desk, ledger: PostgresLedger
) -> None:
    assert await desk.asks(TakePause(PauseReason.LUNCH)) == Refused(RefusalReason.NOT_LOGGED_IN)
    assert await desk.asks(HoldOrResume()) == Refused(RefusalReason.NOT_LOGGED_IN)
    call_id = await talked(ledger)
    assert await desk.asks(HoldOrResume(), ANNA, call_id) == Refused(RefusalReason.NO_SUCH_CALL)
    await ledger.store_session(new_session())  # as of a controller that has died
    assert await desk.asks(TakePause(PauseReason.LUNCH)) == Refused(RefusalReason.NOT_LOGGED_IN)
    assert await desk.asks(HoldOrResume(), ANNA, call_id) == Refused(RefusalReason.NOT_YOURS)
    assert await desk.asks(HoldOrResume(), None, call_id) == Refused(RefusalReason.NOT_YOURS)


async def test_given_a_login_then_only_a_phone_of_that_operator_rings(desk: Desk, ledger: PostgresLedger) -> None:
    before = replace(new_session(), endpoint=Endpoint("PJSIP/phone05"))
    await ledger.store_session(before)
    known, other = LogIn(Endpoint("PJSIP/phone05")), LogIn(Endpoint("PJSIP/trunk"))
    assert await desk.asks(other) == Refused(RefusalReason.UNKNOWN_DESTINATION)
    assert await desk.asks(known, NOBODY) == Refused(RefusalReason.UNKNOWN_DESTINATION)
    assert await desk.asks(known) == ACCEPTED
    assert desk.rung == ["PJSIP/phone05"]


async def test_given_a_controller_that_is_not_ready_then_a_command_waits_and_is_taken_when_it_is(desk: Desk) -> None:
    desk.is_ready = False
    waiting = asyncio.create_task(desk.asks(UnlockPin(), seconds=20))
    await eventually(lambda: desk.database.pool.fetchval("SELECT count(*) FROM command"))
    assert not await desk.database.pool.fetchval("SELECT count(*) FROM command WHERE claimed_at IS NOT NULL")
    desk.is_ready = True
    assert await waiting == ACCEPTED


async def test_given_a_command_about_nobody_then_those_after_it_are_taken(desk: Desk) -> None:
    """Another version, or a person with SQL, wrote it: the table takes any request for what it is about."""
    about_nobody = (
        "INSERT INTO command (id, actor, request_id, what, arguments, asked_at, expires_at)"
        " VALUES ($1, 'x', $1, 'log_out', '{}', now(), now() + interval '1 min')"
    )
    await desk.database.pool.execute(about_nobody, new_command_id())
    assert await desk.asks(UnlockPin()) == ACCEPTED
    assert await desk.asks(UnlockPin()) == ACCEPTED


async def test_given_a_fault_then_nobody_is_told_that_it_was_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(*_: object, **__: object) -> Answer:
        raise RuntimeError("a mistake of ours")

    held: list[BaseException] = []
    carry_out = CommandClaimer._carry_out

    async def contained(self: CommandClaimer, claimed: object) -> None:
        try:
            await carry_out(self, claimed)  # type: ignore[arg-type]
        except RuntimeError as error:
            held.append(error)

    monkeypatch.setattr(command_claimer, "change_rows", breaks)
    monkeypatch.setattr(CommandClaimer, "_carry_out", contained)
    service = CallbackService(PostgresCallbackStore(desk.database.pool), lambda: DIRECTORY)
    made = await service.create_or_join(asked(), TEN)
    assert isinstance(made, Created)
    request = made.request
    assert await desk.asks(AssignRequest(request.id, KCC), None) == Unanswered()
    assert [str(error) for error in held] == ["a mistake of ours"]
