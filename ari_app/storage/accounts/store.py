"""Making accounts, giving roles, and taking both away again: for `ari-app accounts` and `ari-app up`.

Each change is a row of the audit log, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from ari_app.core.access import Role, Scope, overlap
from ari_app.core.accounts import LINK_LASTS, LONGEST_LOGIN, Account, RoleRow, read_login
from ari_app.core.ids import AccountId, MunicipalityCode, OperatorNumber, TeamCode, new_account_id
from ari_app.core.ledger import AlreadyTaken
from ari_app.storage.accounts.rows import ACCOUNT_COLUMNS, account_of, roles_of
from ari_app.storage.accounts.tokens import digest, new_token
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import InputRefused, translated
from ari_app.storage.db.scopes import reading

_ADD = "INSERT INTO account (id, login, name, operator, created_at) VALUES ($1, $2, $3, $4, $5)"
_ADD_ROLE = """
INSERT INTO account_role (account, role, municipality, team) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"""
_REMOVE_ROLE = "DELETE FROM account_role WHERE account = $1 AND role = $2 AND municipality = $3 AND team = $4"
_LINK = "INSERT INTO account_link (token_hash, account, expires_at) VALUES ($1, $2, $3)"
_FORGET_LINKS = "DELETE FROM account_link WHERE account = $1"
_FORGET_SECRETS = "UPDATE account SET password_hash = NULL, totp_secret = NULL, totp_step = NULL WHERE id = $1"
_FORGET_CODES = "DELETE FROM recovery_code WHERE account = $1"
_END_SESSIONS = "UPDATE web_session SET ended_at = $2 WHERE account = $1 AND ended_at IS NULL"
_LOCK = "UPDATE account SET locked_at = $2 WHERE id = $1"
_FORGET_FAILURES = "DELETE FROM login_attempt WHERE subject = ANY ($1::text[])"
_SET_HASH = "UPDATE account SET password_hash = $2 WHERE id = $1"
_BY_LOGIN = "SELECT id FROM account WHERE login = $1 FOR UPDATE"
_LIST = f"SELECT {ACCOUNT_COLUMNS} FROM account ORDER BY login"
_FIND = f"SELECT {ACCOUNT_COLUMNS} FROM account WHERE login = $1"
_IS_MUNICIPALITY = "SELECT EXISTS (SELECT FROM municipality WHERE code = $1)"
_IS_TEAM = "SELECT EXISTS (SELECT FROM team WHERE code = $1)"
_IS_OPERATOR = "SELECT EXISTS (SELECT FROM operator WHERE number = $1)"


class AccountRefused(InputRefused):
    """An account or a role that makes no sense; the text is a sentence for a person."""


async def list_accounts(pool: Pool, scope: Scope) -> list[Account]:
    """The accounts with a role for a municipality of the scope, by login; those without a role only for the group.

    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_LIST)
            roles = await roles_of(connection, [row["id"] for row in rows])
    found = [account_of(row, roles, scope) for row in rows]
    return [account for account in found if scope is None or overlap(scope, account.scope)]


async def find_account(pool: Pool, login: str, scope: Scope) -> Account | None:
    """An account with its roles in the scope; who may know that it exists is for the caller to decide.

    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, scope) as connection:
            row = await connection.fetchrow(_FIND, login)
            return None if row is None else account_of(row, await roles_of(connection, [row["id"]]), scope)


async def add_account(
    pool: Pool,
    login: str,
    name: str,
    operator: OperatorNumber | None,
    roles: Sequence[RoleRow],
    author: str,
    now: datetime,
) -> AccountId:
    """A new account, without a password: see `new_link`. Raises AccountRefused, StoreUnavailable."""
    stored = read_login(login)
    if stored is None:
        raise AccountRefused(
            f"{login!r} is no name to log in with: at most {LONGEST_LOGIN} of a-z, 0-9 and . _ @ + - (it becomes small)"
        )
    if not name.strip() or not name.isprintable():
        raise AccountRefused("the name of a person is needed, on one line")
    account = new_account_id()
    try:
        with translated():
            async with transaction(pool) as connection:
                if operator is not None and not await connection.fetchval(_IS_OPERATOR, operator):
                    raise AccountRefused(f"no operator has number {operator}")
                await connection.execute(_ADD, account, stored, name.strip(), operator, now)
                for role in roles:
                    await connection.execute(_ADD_ROLE, account, *_columns(role))
                given = list(map(str, roles))
                detail = {"account": stored, "operator": operator, "roles": given}
                await record_deed(connection, now, author, "account.add", detail)
    except AlreadyTaken:
        raise AccountRefused(f"{stored} is an account already") from None
    return account


async def read_role(pool: Pool, text: str) -> RoleRow:
    """`supervisor`, `supervisor:GM9901` or `supervisor:TEAM`. Raises AccountRefused, StoreUnavailable."""
    word, _, of = text.partition(":")
    try:
        role = Role(word)
    except ValueError:
        raise AccountRefused(f"{word!r} is no role of an account; there are {', '.join(Role)}") from None
    if not of:
        return RoleRow(role)
    with translated():
        if await pool.fetchval(_IS_MUNICIPALITY, of):
            return RoleRow(role, municipality=MunicipalityCode(of))
        if await pool.fetchval(_IS_TEAM, of):
            return RoleRow(role, team=TeamCode(of))
    raise AccountRefused(f"a role of an account is for a municipality or a team, and {of!r} is neither")


async def change_roles(
    pool: Pool, login: str, added: Collection[RoleRow], removed: Collection[RoleRow], author: str, now: datetime
) -> None:
    """Open pages notice within some seconds. Raises AccountRefused, StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            account = await _locked_row(connection, login)
            for role in removed:
                if await connection.execute(_REMOVE_ROLE, account, *_columns(role)) == "DELETE 0":
                    raise AccountRefused(f"account {login} has no role {role}")
                await record_deed(connection, now, author, "account.role_remove", _of_role(login, role))
            for role in added:
                await connection.execute(_ADD_ROLE, account, *_columns(role))
                await record_deed(connection, now, author, "account.role_add", _of_role(login, role))


async def new_link(pool: Pool, login: str, author: str, now: datetime) -> str:
    """The token of a link with which somebody sets their password once; the old ones, and all logins, end.

    Password, second factor and recovery codes of before are forgotten. Raises AccountRefused, StoreUnavailable.
    """
    token = new_token()
    with translated():
        async with transaction(pool) as connection:
            account = await _locked_row(connection, login)
            for statement in (_FORGET_LINKS, _FORGET_SECRETS, _FORGET_CODES):
                await connection.execute(statement, account)
            await connection.execute(_END_SESSIONS, account, now)
            await connection.execute(_LINK, digest(token), account, now + LINK_LASTS)
            await record_deed(connection, now, author, "account.reset", {"account": login.lower()})
    return token


async def lock_account(pool: Pool, login: str, author: str, now: datetime) -> None:
    """Nobody logs in with it, and its logins end. Raises AccountRefused, StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            account = await _locked_row(connection, login)
            await connection.execute(_LOCK, account, now)
            await connection.execute(_END_SESSIONS, account, now)
            await record_deed(connection, now, author, "account.lock", {"account": login.lower()})


async def unlock_account(pool: Pool, login: str, subjects: Collection[str], author: str, now: datetime) -> None:
    """Also forgets its failures, which have these subjects. Raises AccountRefused, StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            account = await _locked_row(connection, login)
            await connection.execute(_LOCK, account, None)
            await connection.execute(_FORGET_FAILURES, list(subjects))
            await record_deed(connection, now, author, "account.unlock", {"account": login.lower()})


async def set_password_hash(pool: Pool, account: AccountId, password_hash: str) -> None:
    """Of an account of the sample area. Raises StoreUnavailable."""
    with translated():
        await pool.execute(_SET_HASH, account, password_hash)


async def _locked_row(connection: Connection, login: str) -> Any:
    account = await connection.fetchval(_BY_LOGIN, login.strip().lower())
    if account is None:
        raise AccountRefused(f"there is no account {login}")
    return account


def _columns(role: RoleRow) -> tuple[str, str, str]:
    return role.role.value, role.municipality or "", role.team or ""


def _of_role(login: str, role: RoleRow) -> dict[str, object]:
    return {"account": login.lower(), "role": str(role)}
