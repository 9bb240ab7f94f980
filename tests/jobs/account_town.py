"""Accounts in a database of two municipalities, and commands about them as a controller carries them out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from ari_app.core.access import Role
from ari_app.core.account_commands import AccountCommand
from ari_app.core.accounts import Account, RoleRow
from ari_app.core.ids import AccountId, MunicipalityCode
from ari_app.core.operator_commands import Answer
from ari_app.jobs.account_commands import change_account
from ari_app.storage.accounts.store import add_account, find_account
from ari_app.storage.accounts.tokens import digest
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from tests.roles import as_role

NOW = datetime.now(UTC)
WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
DIGEST = digest("a link").hex()
ROWS = """
INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam'), ('GM9902', 'Elderlo');
INSERT INTO team (code, name) VALUES ('wierdam', 'KCC Wierdam'), ('samen', 'KCC samen'), ('leeg', 'Leeg');
INSERT INTO team_municipality VALUES ('wierdam', 'GM9901', 'own');
INSERT INTO team_municipality VALUES ('samen', 'GM9901', 'own'), ('samen', 'GM9902', 'own');
INSERT INTO operator VALUES ('101', 'Anna', ''), ('102', 'Bert', '');
INSERT INTO operator VALUES ('103', 'Cor', '');
INSERT INTO operator_team VALUES ('101', 'wierdam'), ('103', 'samen');"""


async def account(database: Database, login: str) -> Account:
    found = await find_account(database.background, login, None)
    assert found is not None
    return found


async def told(
    database: Database, by: str, command: AccountCommand, login: str = "anna", *, new: AccountId | None = None
) -> Answer:
    about = new or (await account(database, login)).id
    async with transaction(database.background) as connection:
        return await change_account(connection, about, command, by, NOW)


async def deeds(database: Database, by: str) -> list[str]:
    rows = await database.pool.fetch("SELECT action FROM audit_log WHERE actor = $1 ORDER BY id", by)
    return [row["action"] for row in rows]


@asynccontextmanager
async def with_administrators(url: str) -> AsyncIterator[Database]:
    """A database with an administrator of all, one of Wierdam, and an operator of Wierdam."""
    async with Database(as_role(url, SERVE)) as database:
        await database.pool.execute(ROWS)
        people = (
            ("otto", RoleRow(Role.ADMINISTRATOR)),
            ("wim", RoleRow(Role.ADMINISTRATOR, WIERDAM)),
            ("anna", RoleRow(Role.OPERATOR, WIERDAM)),
        )
        for login, role in people:
            await add_account(database.background, login, login.title(), None, [role], "test", NOW)
        yield database
