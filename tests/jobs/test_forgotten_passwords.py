"""Passwords that were chosen with a link of one municipality: forgotten as soon as the account reaches others too."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ari_app.core.access import Role
from ari_app.core.account_commands import (
    AccountCommand,
    ForgetFactor,
    GiveRole,
    LinkOperator,
    LockAccount,
    ResetAccount,
)
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import OperatorNumber
from ari_app.core.operator_commands import ACCEPTED, RefusalReason, Refused
from ari_app.storage.accounts.logins import candidate, candidate_of_link
from ari_app.storage.accounts.store import change_roles, set_operator, set_password_hash
from ari_app.storage.accounts.tokens import digest, new_token
from ari_app.storage.db.engine import Database
from tests.jobs.account_town import DIGEST, ELDERLO, NOW, account, deeds, told, with_administrators

pytestmark = pytest.mark.postgres


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with with_administrators(database_url) as database:
        yield database


async def has_password_of(database: Database, login: str) -> bool:
    """Which somebody chose with the account's last link."""
    return (await account(database, login)).has_password


async def chosen(database: Database, by: str, login: str = "anna") -> None:
    """A new link by this administrator, and a password with it."""
    assert await told(database, by, ResetAccount(DIGEST), login) == ACCEPTED
    await set_password_hash(database.background, (await account(database, login)).id, "a hash")


@pytest.mark.parametrize(
    "command", [GiveRole("operator:GM9902"), GiveRole("operator:samen"), GiveRole("editor")], ids=str
)
async def test_given_a_link_of_one_municipality_when_a_role_is_for_others_too_then_its_password_is_forgotten(
    database: Database, command: AccountCommand
) -> None:
    await chosen(database, "account:wim")
    assert await told(database, "account:otto", GiveRole("editor:GM9901")) == ACCEPTED
    assert await has_password_of(database, "anna"), "wim may give that role himself"
    assert await told(database, "account:otto", command) == ACCEPTED
    assert not await has_password_of(database, "anna")
    assert (await deeds(database, "account:otto"))[-2:] == ["account.role_add", "account.forget"]
    assert await told(database, "account:wim", ResetAccount(DIGEST)) == Refused(RefusalReason.NOT_ALLOWED)
    await chosen(database, "account:otto")
    assert await told(database, "account:otto", GiveRole("supervisor")) == ACCEPTED
    assert await has_password_of(database, "anna"), "otto answers for all"


async def test_given_a_link_of_one_municipality_when_a_terminal_gives_a_role_then_its_password_is_forgotten(
    database: Database,
) -> None:
    await chosen(database, "account:wim")
    await change_roles(database.background, "anna", [RoleRow(Role.OPERATOR, ELDERLO)], (), "test", NOW)
    assert not await has_password_of(database, "anna")


async def test_given_a_link_that_nobody_used_when_a_role_is_for_others_too_then_it_works_no_more(
    database: Database,
) -> None:
    token = new_token()
    assert await told(database, "account:wim", ResetAccount(digest(token).hex())) == ACCEPTED
    assert await told(database, "account:otto", GiveRole("operator:GM9902")) == ACCEPTED
    assert await candidate_of_link(database.pool, token, NOW) is None


async def test_given_a_link_of_one_municipality_when_an_operator_is_of_others_too_then_its_password_is_forgotten(
    database: Database,
) -> None:
    await chosen(database, "account:wim")
    assert await told(database, "account:wim", LinkOperator(OperatorNumber("101"))) == ACCEPTED
    assert await has_password_of(database, "anna")
    assert await told(database, "account:otto", LinkOperator(OperatorNumber("103"))) == ACCEPTED
    assert not await has_password_of(database, "anna")
    for command in (ResetAccount(DIGEST), ForgetFactor()):
        refused = await told(database, "account:wim", command)
        assert refused == Refused(RefusalReason.NOT_ALLOWED), "it would give wim callers of Elderlo"
    assert await told(database, "account:wim", LockAccount()) == ACCEPTED


async def test_given_a_team_or_operator_that_got_more_since_then_the_password_lets_nobody_in(
    database: Database,
) -> None:
    await chosen(database, "account:wim")
    found = await candidate(database.pool, "anna")
    assert found is not None and not found.is_known_elsewhere
    assert await told(database, "account:wim", GiveRole("operator:wierdam")) == ACCEPTED
    await database.pool.execute("INSERT INTO team_municipality VALUES ('wierdam', 'GM9902', 'own')")
    found = await candidate(database.pool, "anna")
    assert found is not None and found.is_known_elsewhere
    await database.pool.execute("DELETE FROM team_municipality WHERE team = 'wierdam' AND municipality = 'GM9902'")
    await set_operator(database.background, "anna", OperatorNumber("101"), "test", NOW)
    await database.pool.execute("INSERT INTO operator_team VALUES ('101', 'samen')")
    found = await candidate(database.pool, "anna")
    assert found is not None and found.is_known_elsewhere
