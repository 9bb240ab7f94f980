"""Accounts of people whom an identity provider lets in: found by issuer and subject, and by nothing else.

The provider's roles are marked as such: they follow it, and roles that were given here stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ari_app.core.access import Actor, Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import AccountId, MunicipalityCode, TeamCode, optional
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.provider_commands import FollowProvider
from ari_app.storage.accounts.changes import (
    ADD_ROLE,
    REMOVE_ROLE,
    AccountRefused,
    account_in,
    add_in,
    of_role,
    require_others,
    role_columns,
    role_in,
)
from ari_app.storage.accounts.rows import actor_of, roles_of
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import Named
from ari_app.storage.db.scopes import reading

_FOUND = """
SELECT account.id, account.login, account.name, account.operator, account.locked_at
FROM account_subject subject JOIN account ON account.id = subject.account
WHERE subject.issuer = $1 AND subject.subject = $2"""
_OF_PROVIDER = "SELECT role, municipality, team FROM account_role WHERE account = $1 AND from_provider"
_ID = "SELECT account FROM account_subject WHERE issuer = $1 AND subject = $2"
_SUBJECT = "SELECT subject FROM account_subject WHERE account = $1"
_LINK = """
INSERT INTO account_subject (account, issuer, subject) VALUES ($1, $2, $3)
ON CONFLICT (account) DO UPDATE SET issuer = excluded.issuer, subject = excluded.subject"""
_UNLINK = "DELETE FROM account_subject WHERE account = $1"
_MARK = """
UPDATE account_role SET from_provider = true WHERE account = $1 AND role = $2 AND municipality = $3 AND team = $4"""
_IS_TAKEN = "SELECT EXISTS (SELECT FROM account WHERE login = $1)"


@dataclass(frozen=True, slots=True)
class ProviderAccount:
    """`provider_roles`: those that the provider gave at the last login, as they are typed."""

    actor: Actor
    provider_roles: frozenset[str]
    is_locked: bool


async def account_of_subject(pool: Pool, issuer: str, subject: str) -> ProviderAccount | None:
    """Raises StoreUnavailable."""
    with translated():
        async with reading(pool, None) as connection:
            row = await connection.fetchrow(_FOUND, issuer, subject)
            if row is None:
                return None
            account = AccountId(row["id"])
            actor = actor_of(account, row, await roles_of(connection, [account]))
            given = await connection.fetch(_OF_PROVIDER, account)
    return ProviderAccount(actor, frozenset(str(_role(one)) for one in given), row["locked_at"] is not None)


async def subject_of_account(pool: Pool, account: AccountId) -> str | None:
    """Raises StoreUnavailable."""
    with translated():
        found: str | None = await pool.fetchval(_SUBJECT, account)
    return found


async def follow_in(
    connection: Connection, account: AccountId, said: FollowProvider, author: str, now: datetime
) -> None:
    """In a transaction in which nobody else changes accounts; judges before it writes. Raises AccountRefused.

    `account`: the id of a new one; two first logins at the same moment lead to one account.
    """
    wanted = [(await role_in(connection, word))[0] for word in said.roles.split(",") if word]
    linked = await connection.fetchval(_ID, said.issuer, said.subject)
    if linked is None:
        if not wanted:
            raise AccountRefused("nobody gets an account without a role", RefusalReason.NO_SUCH_ROLE)
        if await account_in(connection, account) is not None:
            raise AccountRefused("a provider is given no account that is there", RefusalReason.NOT_ALLOWED)
        login = await _free_login(connection, said)
        await add_in(connection, account, login, said.name, None, (), author, now)
        await connection.execute(_LINK, account, said.issuer, said.subject)
    else:
        account = AccountId(linked)
    await _set_roles(connection, account, wanted, author, now)


async def link_in(
    connection: Connection, account: AccountId, login: str, issuer: str, subject: str, author: str, now: datetime
) -> None:
    """Who of the provider may log in to this account; nobody, without a subject. Raises AccountRefused."""
    if not subject:
        await connection.execute(_UNLINK, account)
    else:
        if not subject.isprintable() or not issuer:
            raise AccountRefused("that is no subject of a provider")
        other = await connection.fetchval(_ID, issuer, subject)
        if other is not None and other != account:
            raise AccountRefused("that subject has another account", RefusalReason.LOGIN_TAKEN)
        await connection.execute(_LINK, account, issuer, subject)
    detail = {"account": login, "issuer": issuer, "linked": bool(subject)}
    await record_deed(connection, now, author, "account.subject", detail)


async def _set_roles(
    connection: Connection, account: AccountId, wanted: Collection[RoleRow], author: str, now: datetime
) -> None:
    found = await account_in(connection, account)
    if found is None:
        raise AccountRefused("there is no such account", RefusalReason.NO_SUCH_ACCOUNT)
    given = [_role(row) for row in await connection.fetch(_OF_PROVIDER, account)]
    gone = [role for role in given if role not in wanted]
    await require_others(connection, found, gone)
    for role in gone:
        await record_deed(connection, now, author, "account.role_remove", of_role(found, role))
        await connection.execute(REMOVE_ROLE, account, *role_columns(role))
    for role in wanted:
        if role not in found.roles:
            await connection.execute(ADD_ROLE, account, *role_columns(role))
            await connection.execute(_MARK, account, *role_columns(role))
            await record_deed(connection, now, author, "account.role_add", of_role(found, role))


async def _free_login(connection: Connection, said: FollowProvider) -> str:
    """The name that the provider says, unless another account has it: that one is somebody else's."""
    if not await connection.fetchval(_IS_TAKEN, said.login):
        return said.login
    mark = hashlib.sha256(f"{said.issuer} {said.subject}".encode("utf-8", "replace")).hexdigest()[:8]
    return f"{said.login}-{mark}"


def _role(row: Named) -> RoleRow:
    return RoleRow(
        Role(row["role"]),
        optional(MunicipalityCode, row["municipality"] or None),
        optional(TeamCode, row["team"] or None),
    )
