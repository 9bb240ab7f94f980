"""Commands about accounts, carried out by a controller: with the rights of that moment, once or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ari_app.core.access import Role
from ari_app.core.account_commands import (
    AccountCommand,
    AddAccount,
    ForgetFactor,
    GiveRole,
    LinkOperator,
    LockAccount,
    ResetAccount,
    TakeRole,
    UnlockAccount,
)
from ari_app.core.accounts import RoleRow
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import OperatorNumber, TeamCode, new_account_id, new_command_id
from ari_app.core.operator_commands import ACCEPTED, RefusalReason, Refused, Unanswered
from ari_app.storage.accounts.changes import AccountRefused
from ari_app.storage.accounts.logins import candidate_of_link
from ari_app.storage.accounts.store import (
    add_account,
    change_roles,
    find_account,
    list_accounts,
    lock_account,
    set_password_hash,
)
from ari_app.storage.accounts.tokens import digest, new_token
from ari_app.storage.commands.asker import ask
from ari_app.storage.db.engine import Database
from tests.jobs.account_town import DIGEST, ELDERLO, NOW, WIERDAM, account, deeds, told, with_administrators
from tests.jobs.test_row_commands import claimed_by_one_that_dies
from tests.storage.commands.people import controller

pytestmark = pytest.mark.postgres


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with with_administrators(database_url) as database:
        yield database


async def test_an_administrator_makes_an_account_whose_owner_has_a_link(database: Database) -> None:
    token = new_token()
    made = AddAccount("Bea", "Bea de Wit", digest(token).hex(), "operator:wierdam,editor:GM9901", OperatorNumber("101"))
    assert await told(database, "account:wim", made, new=new_account_id()) == ACCEPTED
    bea = await account(database, "bea")
    assert (bea.name, bea.operator, bea.has_password) == ("Bea de Wit", "101", False)
    assert set(bea.roles) == {RoleRow(Role.OPERATOR, team=TeamCode("wierdam")), RoleRow(Role.EDITOR, WIERDAM)}
    owner = await candidate_of_link(database.pool, token, NOW)
    assert owner is not None and owner.actor.login == "bea"
    assert await deeds(database, "account:wim") == ["account.add", "account.reset"]
    again = AddAccount("bea", "Bea", DIGEST, "editor:GM9901")
    assert await told(database, "account:wim", again, new=new_account_id()) == Refused(RefusalReason.LOGIN_TAKEN)
    assert await told(database, "account:wim", again, new=bea.id) == Refused(RefusalReason.LOGIN_TAKEN)


async def test_what_is_changed_is_so_and_in_the_audit_log(database: Database) -> None:
    by = "account:wim"
    for command in (
        GiveRole("supervisor:wierdam"),
        TakeRole("operator:GM9901"),
        LinkOperator(OperatorNumber("101")),
        LockAccount(),
    ):
        assert await told(database, by, command) == ACCEPTED
    anna = await account(database, "anna")
    assert anna.roles == (RoleRow(Role.SUPERVISOR, team=TeamCode("wierdam")),)
    assert anna.operator == "101" and anna.locked_at is not None
    assert await told(database, by, UnlockAccount()) == ACCEPTED
    assert await told(database, by, ResetAccount(DIGEST)) == ACCEPTED
    assert await told(database, by, ForgetFactor()) == Refused(RefusalReason.NONSENSE), "a link sets both"
    await set_password_hash(database.background, anna.id, "a hash")
    assert await told(database, by, ForgetFactor()) == ACCEPTED
    assert await told(database, by, LinkOperator()) == ACCEPTED
    anna = await account(database, "anna")
    assert (anna.operator, anna.locked_at) == (None, None)
    done = ["role_add", "role_remove", "operator", "lock", "unlock", "reset", "factor_reset", "operator"]
    assert await deeds(database, by) == [f"account.{word}" for word in done]


async def test_a_role_that_is_taken_away_is_in_the_log_of_its_municipality(database: Database) -> None:
    assert await told(database, "account:wim", TakeRole("operator:GM9901")) == ACCEPTED
    towns = await database.pool.fetchval("SELECT municipalities FROM audit_log WHERE action = 'account.role_remove'")
    assert towns == [WIERDAM]


@pytest.mark.parametrize(
    ("command", "login", "reason"),
    [
        (GiveRole("operator:GM9902"), "anna", RefusalReason.NOT_ALLOWED),
        (GiveRole("operator:samen"), "anna", RefusalReason.NOT_ALLOWED),
        (GiveRole("operator:leeg"), "anna", RefusalReason.NOT_ALLOWED),  # it may get municipalities later
        (GiveRole("administrator"), "anna", RefusalReason.NOT_ALLOWED),
        (GiveRole("administrator"), "wim", RefusalReason.OWN_ACCOUNT),
        (GiveRole("supervisor:GM9901"), "wim", RefusalReason.OWN_ACCOUNT),
        (LockAccount(), "wim", RefusalReason.OWN_ACCOUNT),
        (LockAccount(), "otto", RefusalReason.NOT_ALLOWED),
        (ResetAccount(DIGEST), "otto", RefusalReason.NOT_ALLOWED),
        (ForgetFactor(), "otto", RefusalReason.NOT_ALLOWED),
        (ForgetFactor(), "wim", RefusalReason.OWN_ACCOUNT),
        (TakeRole("administrator"), "otto", RefusalReason.NOT_ALLOWED),
        (TakeRole("editor:GM9901"), "anna", RefusalReason.ROLE_NOT_HELD),
        (GiveRole("boss"), "anna", RefusalReason.NO_SUCH_ROLE),
        (GiveRole("editor:nergens"), "anna", RefusalReason.NO_SUCH_ROLE),
        (LinkOperator(OperatorNumber("102")), "anna", RefusalReason.NO_SUCH_OPERATOR),  # of no municipality of wim's
        (LinkOperator(OperatorNumber("999")), "anna", RefusalReason.NO_SUCH_OPERATOR),
        (LinkOperator(OperatorNumber("103")), "anna", RefusalReason.NOT_ALLOWED),  # of Elderlo too
        (ResetAccount("no digest"), "anna", RefusalReason.NONSENSE),
    ],
    ids=str,
)
async def test_what_is_not_theirs_to_do_is_refused_and_changes_nothing(
    database: Database, command: AccountCommand, login: str, reason: RefusalReason
) -> None:
    before = await list_accounts(database.background, None)
    assert await told(database, "account:wim", command, login) == Refused(reason)
    assert await list_accounts(database.background, None) == before
    assert await deeds(database, "account:wim") == []


async def test_an_operator_of_others_too_is_given_by_who_answers_for_all_and_both_see_it(database: Database) -> None:
    number = OperatorNumber("103")
    made = AddAccount("bea", "Bea", DIGEST, "operator:GM9901", number)
    assert await told(database, "account:wim", made, new=new_account_id()) == Refused(RefusalReason.NOT_ALLOWED)
    assert await told(database, "account:otto", LinkOperator(number)) == ACCEPTED
    assert await told(database, "account:otto", LinkOperator()) == ACCEPTED
    assert await told(database, "account:otto", made, new=new_account_id()) == ACCEPTED
    rows = await database.pool.fetch(
        "SELECT municipalities FROM audit_log WHERE actor = 'account:otto' "
        "AND action IN ('account.operator', 'account.add')"
    )
    assert [row["municipalities"] for row in rows] == [[WIERDAM, ELDERLO]] * 3


async def test_no_two_accounts_are_one_operator(database: Database) -> None:
    number = OperatorNumber("101")
    assert await told(database, "account:wim", LinkOperator(number)) == ACCEPTED
    taken = Refused(RefusalReason.OPERATOR_TAKEN)
    made = AddAccount("bea", "Bea", DIGEST, "operator:GM9901", number)
    assert await told(database, "account:wim", made, new=new_account_id()) == taken
    assert await told(database, "account:otto", LinkOperator(number), "wim") == taken
    assert await told(database, "account:wim", LinkOperator(number)) == ACCEPTED, "it is theirs already"


async def test_another_role_of_the_whole_group_gives_no_role_for_a_team_without_municipalities(
    database: Database,
) -> None:
    await change_roles(database.background, "wim", [RoleRow(Role.SUPERVISOR)], (), "test", NOW)
    assert await told(database, "account:wim", GiveRole("operator:leeg")) == Refused(RefusalReason.NOT_ALLOWED)
    assert await told(database, "account:otto", GiveRole("operator:leeg")) == ACCEPTED


async def test_an_operator_is_judged_by_where_one_is_an_administrator(database: Database) -> None:
    await change_roles(database.background, "wim", [RoleRow(Role.SUPERVISOR)], (), "test", NOW)
    refused = await told(database, "account:wim", LinkOperator(OperatorNumber("103")))
    assert refused == Refused(RefusalReason.NOT_ALLOWED)


@pytest.mark.parametrize(
    "by", ["account:anna", "account:nobody", "service:dashboard", "console:root", "provider:x", "anna", ""]
)
async def test_whoever_is_no_administrator_any_more_changes_nothing(database: Database, by: str) -> None:
    assert await told(database, by, UnlockAccount(), "wim") == Refused(RefusalReason.NOT_ALLOWED)
    await told(database, "account:otto", LockAccount(), "wim")
    assert await told(database, "account:wim", UnlockAccount()) == Refused(RefusalReason.NOT_ALLOWED)


async def test_two_administrators_who_lock_each_other_at_the_same_moment_leave_one(database: Database) -> None:
    await add_account(database.background, "ada", "Ada", None, [RoleRow(Role.ADMINISTRATOR)], "test", NOW)
    both = await asyncio.gather(
        told(database, "account:otto", LockAccount(), "ada"), told(database, "account:ada", LockAccount(), "otto")
    )
    assert sorted(map(str, both)) == sorted(map(str, [ACCEPTED, Refused(RefusalReason.NOT_ALLOWED)]))
    locked = [one.login for one in await list_accounts(database.background, None) if one.locked_at]
    assert len(locked) == 1


async def test_also_a_terminal_leaves_an_administrator(database: Database) -> None:
    for work in (
        lock_account(database.background, "otto", "test", NOW),
        change_roles(database.background, "otto", (), [RoleRow(Role.ADMINISTRATOR)], "test", NOW),
    ):
        with pytest.raises(AccountRefused, match="the last administrator"):
            await work
    await lock_account(database.background, "wim", "test", NOW)  # otto answers for Wierdam too
    smaller = [RoleRow(Role.ADMINISTRATOR, WIERDAM)]
    with pytest.raises(AccountRefused, match="the last administrator"):
        await change_roles(database.background, "otto", smaller, [RoleRow(Role.ADMINISTRATOR)], "test", NOW)
    await change_roles(database.background, "otto", smaller, (), "test", NOW)
    await change_roles(database.background, "otto", (), smaller, "test", NOW)


async def test_given_a_controller_that_is_killed_at_any_step_then_an_account_is_there_with_its_link_or_not_at_all(
    database: Database,
) -> None:
    for before in range(40):
        token, login = new_token(), f"bea{before}"
        command = AddAccount(login, "Bea", digest(token).hex(), "editor:GM9901")
        asked = AskedCommand(command, id=new_command_id(), account=new_account_id())
        lived = await claimed_by_one_that_dies(database, asked, before, actor="account:wim")
        await database.pool.execute("UPDATE command SET claimed_at = claimed_at - interval '1 minute'")
        assert await controller(database.pool).settle(()) == (0 if lived else 1)
        answer = await ask(database.pool, asked, actor="account:wim", scope=None)
        made = await find_account(database.background, login, None)
        link = await candidate_of_link(database.pool, token, NOW)
        if lived:
            assert answer == ACCEPTED
            assert made is not None and link is not None
            return
        assert (answer, made, link) == (Unanswered(), None, None), before
    pytest.fail("it never came to its end")
