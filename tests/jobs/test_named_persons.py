"""Which person of an identity provider an account is of: said by somebody who answers for all of the account."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ari_app.core.access import Role
from ari_app.core.account_commands import GiveRole, LinkOperator, ResetAccount
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import OperatorNumber
from ari_app.core.operator_commands import ACCEPTED, RefusalReason, Refused
from ari_app.core.provider import ProviderGrants
from ari_app.core.provider_commands import FollowProvider, LinkSubject
from ari_app.jobs.account_commands import change_account
from ari_app.storage.accounts.logins import log_in_by_provider
from ari_app.storage.accounts.sessions import find_session
from ari_app.storage.accounts.store import add_account
from ari_app.storage.accounts.subjects import account_of_subject
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Database
from tests.jobs.account_town import DIGEST, ELDERLO, NOW, WIERDAM, account, deeds, told, with_administrators

pytestmark = pytest.mark.postgres

ISSUER, PERSON = "https://login.example", LinkSubject("https://login.example", "4f1")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with with_administrators(database_url) as database:
        yield database


async def is_let_in(database: Database, subject: str = "4f1") -> bool:
    found = await account_of_subject(database.pool, ISSUER, subject)
    return found is not None and not found.is_known_elsewhere


async def test_an_administrator_names_nobody_for_an_account_that_is_for_others_too(database: Database) -> None:
    await add_account(
        database.background, "bea", "Bea", OperatorNumber("103"), [RoleRow(Role.OPERATOR, WIERDAM)], "test", NOW
    )
    await add_account(database.background, "cor", "Cor", None, [RoleRow(Role.EDITOR, ELDERLO)], "test", NOW)
    for login in ("bea", "otto", "cor"):
        assert await told(database, "account:wim", PERSON, login) == Refused(RefusalReason.NOT_ALLOWED), login
    assert await told(database, "account:wim", PERSON, "wim") == Refused(RefusalReason.OWN_ACCOUNT)
    assert await deeds(database, "account:wim") == [] and not await is_let_in(database)
    assert await told(database, "account:wim", PERSON, "anna") == ACCEPTED
    assert await is_let_in(database)


@pytest.mark.parametrize(
    "more", [GiveRole("operator:GM9902"), GiveRole("operator:samen"), LinkOperator(OperatorNumber("103"))], ids=str
)
async def test_given_a_person_named_by_one_municipality_when_the_account_is_for_others_too_then_nobody_gets_in_by_it(
    database: Database, more: GiveRole | LinkOperator
) -> None:
    assert await told(database, "account:wim", PERSON) == ACCEPTED
    assert await told(database, "account:otto", GiveRole("editor:GM9901")) == ACCEPTED
    found = await account_of_subject(database.pool, ISSUER, "4f1")
    assert found is not None and not found.is_known_elsewhere, "wim may give that role himself"
    token = await log_in_by_provider(database.pool, found.actor, ISSUER, "4f1", None, "Firefox", NOW)
    assert token is not None
    assert await find_session(database.pool, token, NOW) is not None
    assert await told(database, "account:otto", more) == ACCEPTED
    assert not await is_let_in(database) and await find_session(database.pool, token, NOW) is None
    assert await told(database, "account:wim", PERSON) == Refused(RefusalReason.NOT_ALLOWED)
    assert await told(database, "account:otto", PERSON) == ACCEPTED, "otto answers for all of it"
    assert await is_let_in(database)


async def test_what_the_provider_says_of_a_person_is_that_persons(database: Database) -> None:
    assert await told(database, "account:wim", PERSON) == ACCEPTED
    grants = ProviderGrants(ISSUER, frozenset({"operator:GM9902"}))
    said = FollowProvider(ISSUER, "4f1", "anna", "Anna", "operator:GM9902")
    anna = await account(database, "anna")
    async with transaction(database.background) as connection:
        assert await change_account(connection, anna.id, said, f"provider:{ISSUER}", NOW, grants) == ACCEPTED
    assert await is_let_in(database)


async def test_a_team_that_gets_more_lets_in_nobody_whom_one_municipality_named(database: Database) -> None:
    assert await told(database, "account:wim", GiveRole("operator:wierdam")) == ACCEPTED
    assert await told(database, "account:wim", PERSON) == ACCEPTED
    await database.pool.execute("INSERT INTO team_municipality VALUES ('wierdam', 'GM9902', 'own')")
    assert not await is_let_in(database)


async def test_a_password_that_was_forgotten_is_known_to_nobody(database: Database) -> None:
    known = "SELECT known_to FROM account WHERE login = 'anna'"
    assert await told(database, "account:wim", ResetAccount(DIGEST)) == ACCEPTED
    assert await database.pool.fetchval(known) == [WIERDAM]
    assert await told(database, "account:wim", PERSON) == ACCEPTED
    assert await database.pool.fetchval(known) is None
