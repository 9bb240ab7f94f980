"""Accounts for `ari-app accounts` and `ari-app up`: read, and changed as the pages of administrators change them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from ari_app.core.access import Scope, overlap
from ari_app.core.accounts import Account, RoleRow
from ari_app.core.ids import AccountId, OperatorNumber, new_account_id
from ari_app.storage.accounts.changes import (
    AccountRefused,
    account_in,
    add_in,
    change_roles_in,
    id_in,
    link_in,
    lock_in,
    one_at_a_time,
    role_in,
    set_operator_in,
    unlock_in,
)
from ari_app.storage.accounts.rows import ACCOUNT_COLUMNS, account_of, roles_of
from ari_app.storage.accounts.second_factor import forget_factor_in
from ari_app.storage.accounts.subjects import link_in as link_subject_in
from ari_app.storage.accounts.tokens import digest, new_token
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import reading

_SET_HASH = "UPDATE account SET password_hash = $2 WHERE id = $1"
_LIST = f"SELECT {ACCOUNT_COLUMNS} FROM account ORDER BY login"
_FIND = f"SELECT {ACCOUNT_COLUMNS} FROM account WHERE login = $1"


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
    account = new_account_id()
    async with _changing(pool) as connection:
        await add_in(connection, account, login, name, operator, roles, author, now)
    return account


async def read_role(pool: Pool, text: str) -> RoleRow:
    """`supervisor`, `supervisor:GM9901` or `supervisor:TEAM`. Raises AccountRefused, StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            role, _ = await role_in(connection, text)
    return role


async def change_roles(
    pool: Pool, login: str, added: Collection[RoleRow], removed: Collection[RoleRow], author: str, now: datetime
) -> None:
    """Open pages notice within some seconds. Raises AccountRefused, StoreUnavailable."""
    async with _changing(pool) as connection:
        await change_roles_in(connection, await _found(connection, login), added, removed, author, now)


async def new_link(pool: Pool, login: str, author: str, now: datetime) -> str:
    """The token of a link with which somebody sets their password once; the old ones, and all logins, end.

    Password, second factor and recovery codes of before are forgotten. Raises AccountRefused, StoreUnavailable.
    """
    token = new_token()
    async with _changing(pool) as connection:
        await link_in(connection, await _found(connection, login), digest(token), None, author, now)
    return token


async def forget_factor(pool: Pool, login: str, author: str, now: datetime) -> None:
    """Second factor and recovery codes are forgotten, and all logins end. Raises AccountRefused, StoreUnavailable."""
    async with _changing(pool) as connection:
        await forget_factor_in(connection, await _found(connection, login), author, now)


async def lock_account(pool: Pool, login: str, author: str, now: datetime) -> None:
    """Nobody logs in with it, and its logins end. Raises AccountRefused, StoreUnavailable."""
    async with _changing(pool) as connection:
        await lock_in(connection, await _found(connection, login), author, now)


async def unlock_account(pool: Pool, login: str, author: str, now: datetime) -> None:
    """Also forgets its failures. Raises AccountRefused, StoreUnavailable."""
    async with _changing(pool) as connection:
        await unlock_in(connection, await _found(connection, login), author, now)


async def set_operator(pool: Pool, login: str, operator: OperatorNumber | None, author: str, now: datetime) -> None:
    """Who the account's owner is at the phone. Raises AccountRefused, StoreUnavailable."""
    async with _changing(pool) as connection:
        await set_operator_in(connection, await _found(connection, login), operator, author, now)


async def set_subject(pool: Pool, login: str, issuer: str, subject: str, author: str, now: datetime) -> None:
    """Who of the identity provider may log in to it; without a subject nobody.

    Raises AccountRefused, StoreUnavailable.
    """
    async with _changing(pool) as connection:
        await link_subject_in(connection, await _found(connection, login), issuer, subject, None, author, now)


async def set_password_hash(pool: Pool, account: AccountId, password_hash: str) -> None:
    """Of an account of the sample area. Raises StoreUnavailable."""
    with translated():
        await pool.execute(_SET_HASH, account, password_hash)


@asynccontextmanager
async def _changing(pool: Pool) -> AsyncIterator[Connection]:
    with translated():
        async with transaction(pool) as connection:
            await one_at_a_time(connection)
            yield connection


async def _found(connection: Connection, login: str) -> Account:
    """Raises AccountRefused."""
    account = await account_in(connection, await id_in(connection, login))
    if account is None:
        raise AccountRefused(f"there is no account {login}")
    return account
