"""Accounts of people whom an identity provider lets in: found by issuer and subject, and by nothing else.

The provider's roles are marked as such: they follow it, and roles that were given here stay. Whoever knows a password
or a link of the account from before is not the person whom the provider means: with each right that comes by it, what
one could log in with here is forgotten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ari_app.core.access import Actor, Role, Scope
from ari_app.core.accounts import Account, RoleRow
from ari_app.core.ids import AccountId, MunicipalityCode, TeamCode, optional
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.provider import LONGEST_SUBJECT
from ari_app.core.provider_commands import FollowProvider
from ari_app.storage.accounts.changes import (
    ADD_ROLE,
    ID_OF_LOGIN,
    REMOVE_ROLE,
    AccountRefused,
    account_in,
    add_in,
    end_sessions_in,
    forget_in,
    of_role,
    require_others,
    role_columns,
    role_in,
)
from ari_app.storage.accounts.rows import SUBJECT_REACHES_BEYOND, actor_of, roles_of
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import Named
from ari_app.storage.db.scopes import reading, scope_codes

_FOUND = f"""
SELECT account.id, account.login, account.name, account.operator, account.locked_at, {SUBJECT_REACHES_BEYOND}
FROM account_subject subject JOIN account ON account.id = subject.account
WHERE subject.issuer = $1 AND subject.subject = $2"""
_OF_PROVIDER = "SELECT role, municipality, team FROM account_role WHERE account = $1 AND from_provider"
_ID = "SELECT account FROM account_subject WHERE issuer = $1 AND subject = $2"
_SUBJECT = "SELECT subject FROM account_subject WHERE account = $1"
_LINKED = "SELECT issuer, subject, known_to FROM account_subject WHERE account = $1"
_LINK = """
INSERT INTO account_subject (account, issuer, subject, known_to) VALUES ($1, $2, $3, $4)
ON CONFLICT (account) DO UPDATE
SET issuer = excluded.issuer, subject = excluded.subject, known_to = excluded.known_to"""
_UNLINK = "DELETE FROM account_subject WHERE account = $1"
_MARK = """
UPDATE account_role SET from_provider = true WHERE account = $1 AND role = $2 AND municipality = $3 AND team = $4"""


@dataclass(frozen=True, slots=True)
class ProviderAccount:
    """`provider_roles`: those that the provider gave at the last login, as they are typed; `roles`: all.

    `is_known_elsewhere`: what was given here is for more municipalities than whoever named this person answers for.
    """

    actor: Actor
    roles: frozenset[str]
    provider_roles: frozenset[str]
    is_locked: bool
    is_known_elsewhere: bool


async def account_of_subject(pool: Pool, issuer: str, subject: str) -> ProviderAccount | None:
    """Raises StoreUnavailable."""
    with translated():
        async with reading(pool, None) as connection:
            row = await connection.fetchrow(_FOUND, issuer, subject)
            if row is None:
                return None
            account = AccountId(row["id"])
            held = await roles_of(connection, [account])
            given = await connection.fetch(_OF_PROVIDER, account)
    return ProviderAccount(
        actor_of(account, row, held),
        frozenset(str(role) for role, _ in held.get(account, [])),
        frozenset(str(_role(one)) for one in given),
        row["locked_at"] is not None,
        row["subject_reaches_beyond"],
    )


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
        await add_in(connection, account, login, said.name, None, wanted, author, now)
        for role in wanted:
            await connection.execute(_MARK, account, *role_columns(role))
        await connection.execute(_LINK, account, said.issuer, said.subject, None)
        detail = {"account": login, "issuer": said.issuer, "after": _digest(said.issuer, said.subject)}
        await record_deed(connection, now, author, "account.subject", detail)
    else:
        await _set_roles(connection, AccountId(linked), wanted, author, now)


async def link_in(
    connection: Connection, account: Account, issuer: str, subject: str, reach: Scope, author: str, now: datetime
) -> None:
    """Who of the provider may log in to this account; nobody, without a subject. All logins end.

    `reach`: the municipalities that whoever says so answers for. Once the account is for others too, nobody logs in to
    it by the provider, until somebody who answers for all of it says who it is.

    The one of before loses the roles that came by the provider. With a new one, password and links are forgotten.
    Raises AccountRefused.
    """
    linked = await connection.fetchrow(_LINKED, account.id)
    before = None if linked is None else (linked["issuer"], linked["subject"])
    after = (issuer, subject) if subject else None
    known_to = scope_codes(reach)
    if before == after and (linked is None or linked["known_to"] == known_to):
        return
    if after is not None:
        if not subject.isprintable() or len(subject) > LONGEST_SUBJECT or not issuer:
            raise AccountRefused("that is no subject of a provider")
        if before != after and await connection.fetchval(_ID, issuer, subject) is not None:
            raise AccountRefused("that subject has another account", RefusalReason.SUBJECT_TAKEN)
    given = [_role(row) for row in await connection.fetch(_OF_PROVIDER, account.id)]
    await require_others(connection, account, given)
    detail = {
        "account": account.login,
        "issuer": (after or before or ("",))[0],
        "before": None if before is None else _digest(*before),
        "after": None if after is None else _digest(*after),
    }
    # First the deed: it is of the municipalities of the roles that go.
    await record_deed(connection, now, author, "account.subject" if subject else "account.subject_remove", detail)
    await _take_away(connection, account, given, author, now)
    if after is None:
        await connection.execute(_UNLINK, account.id)
        await end_sessions_in(connection, account.id, now)
    else:
        await connection.execute(_LINK, account.id, *after, known_to)
        await forget_in(connection, account.id, now)


async def _set_roles(
    connection: Connection, account: AccountId, wanted: Collection[RoleRow], author: str, now: datetime
) -> None:
    found = await account_in(connection, account)
    if found is None:
        raise AccountRefused("there is no such account", RefusalReason.NO_SUCH_ACCOUNT)
    given = [_role(row) for row in await connection.fetch(_OF_PROVIDER, account)]
    gone = [role for role in given if role not in wanted]
    await require_others(connection, found, gone)
    await _take_away(connection, found, gone, author, now)
    added = [role for role in wanted if role not in found.roles]
    for role in added:
        await connection.execute(ADD_ROLE, account, *role_columns(role))
        await connection.execute(_MARK, account, *role_columns(role))
        await record_deed(connection, now, author, "account.role_add", of_role(found, role))
    if added:
        await forget_in(connection, account, now)


async def _take_away(
    connection: Connection, account: Account, roles: Collection[RoleRow], author: str, now: datetime
) -> None:
    for role in roles:
        # First the deed: it is of the municipalities that the account has with this role.
        await record_deed(connection, now, author, "account.role_remove", of_role(account, role))
        await connection.execute(REMOVE_ROLE, account.id, *role_columns(role))


async def _free_login(connection: Connection, said: FollowProvider) -> str:
    """The name that the provider says, unless another account has it: that one is somebody else's."""
    if await connection.fetchval(ID_OF_LOGIN, said.login) is None:
        return said.login
    return f"{said.login}-{_digest(said.issuer, said.subject)[:8]}"


def _digest(issuer: str, subject: str) -> str:
    """Which person of a provider it was, for whoever knows both: a subject may be a name or an e-mail address."""
    return hashlib.sha256(f"{issuer} {subject}".encode("utf-8", "replace")).hexdigest()[:16]


def _role(row: Named) -> RoleRow:
    return RoleRow(
        Role(row["role"]),
        optional(MunicipalityCode, row["municipality"] or None),
        optional(TeamCode, row["team"] or None),
    )
