"""What changes about accounts, in a transaction of the caller: each function judges before it writes.

One at a time in the whole installation, so that two administrators cannot lock each other out at the same moment. Each
change is a row of the audit log, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from ari_app.core.access import NOBODYS, Role, Scope, together, within
from ari_app.core.accounts import LINK_LASTS, LONGEST_LOGIN, LONGEST_NAME, Account, RoleRow, read_login
from ari_app.core.ids import AccountId, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.operator_commands import RefusalReason
from ari_app.storage.accounts.attempts import subjects_of_login
from ari_app.storage.accounts.rows import ACCOUNT_COLUMNS, REACH, account_of, operator_towns, reaches_beyond, roles_of
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.engine import Connection
from ari_app.storage.db.errors import InputRefused
from ari_app.storage.db.scopes import scope_codes

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('accounts', 0))"
_ADD = "INSERT INTO account (id, login, name, operator, created_at) VALUES ($1, $2, $3, $4, $5)"
ADD_ROLE = """
INSERT INTO account_role (account, role, municipality, team) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"""
# Given here to somebody who has it from the provider, it is ours from now on: it stays when the provider takes it away.
_GIVE_ROLE = """
INSERT INTO account_role AS held (account, role, municipality, team) VALUES ($1, $2, $3, $4)
ON CONFLICT (account, role, municipality, team) DO UPDATE SET from_provider = false WHERE held.from_provider
RETURNING account"""
REMOVE_ROLE = "DELETE FROM account_role WHERE account = $1 AND role = $2 AND municipality = $3 AND team = $4"
_LINK = "INSERT INTO account_link (token_hash, account, expires_at) VALUES ($1, $2, $3)"
_FORGET = (
    "DELETE FROM account_link WHERE account = $1",
    """UPDATE account SET password_hash = NULL, totp_secret = NULL, totp_step = NULL, sets_factor_until = NULL,
  known_to = NULL WHERE id = $1""",
    "DELETE FROM recovery_code WHERE account = $1",
    "DELETE FROM passkey WHERE account = $1",
)
_IS_KNOWN_TO = "UPDATE account SET known_to = $2 WHERE id = $1"
_KNOWN = f"SELECT {REACH} FROM account WHERE id = $1"
_END_SESSIONS = "UPDATE web_session SET ended_at = $2 WHERE account = $1 AND ended_at IS NULL"
_SET_LOCKED = "UPDATE account SET locked_at = $2 WHERE id = $1"
_SET_OPERATOR = "UPDATE account SET operator = $2 WHERE id = $1"
_FORGET_FAILURES = "DELETE FROM login_attempt WHERE subject = ANY ($1::text[])"
_FOUND = f"SELECT {ACCOUNT_COLUMNS} FROM account WHERE id = $1 FOR UPDATE"
ID_OF_LOGIN = "SELECT id FROM account WHERE login = $1"
_OTHERS = """
SELECT DISTINCT held.account FROM account_role held JOIN account ON account.id = held.account
WHERE held.role = 'administrator' AND account.locked_at IS NULL AND account.id <> $1"""
_IS_MUNICIPALITY = "SELECT EXISTS (SELECT FROM municipality WHERE code = $1)"
_IS_TEAM = "SELECT EXISTS (SELECT FROM team WHERE code = $1)"
_TOWNS_OF_TEAM = "SELECT municipality FROM team_municipality WHERE team = $1"
_IS_OPERATOR = "SELECT EXISTS (SELECT FROM operator WHERE number = $1)"
_OTHER_WITH = "SELECT login FROM account WHERE operator = $1 AND id <> $2 LIMIT 1"


class AccountRefused(InputRefused):
    """An account or a role that makes no sense; the text is a sentence for a person, `reason` the same for a screen."""

    def __init__(self, text: str, reason: RefusalReason = RefusalReason.NONSENSE) -> None:
        super().__init__(text)
        self.reason = reason


async def one_at_a_time(connection: Connection) -> None:
    """Until the end of the transaction nobody else changes an account; whoever looks does not wait."""
    await connection.execute(_ONE_AT_A_TIME)


async def account_in(connection: Connection, account: AccountId) -> Account | None:
    """With all its roles."""
    row = await connection.fetchrow(_FOUND, account)
    return None if row is None else account_of(row, await roles_of(connection, [account]), None)


async def id_in(connection: Connection, login: str) -> AccountId:
    """Raises AccountRefused."""
    found = await connection.fetchval(ID_OF_LOGIN, login.strip().lower())
    if found is None:
        raise AccountRefused(f"there is no account {login}", RefusalReason.NO_SUCH_ACCOUNT)
    return AccountId(found)


async def role_in(connection: Connection, text: str) -> tuple[RoleRow, Scope]:
    """`supervisor`, `supervisor:GM9901` or `supervisor:TEAM`, and its municipalities. Raises AccountRefused."""
    word, _, of = text.partition(":")
    no_role = RefusalReason.NO_SUCH_ROLE
    try:
        role = Role(word)
    except ValueError:
        raise AccountRefused(f"{word!r} is no role of an account; there are {', '.join(Role)}", no_role) from None
    if not of:
        return RoleRow(role), None
    if await connection.fetchval(_IS_MUNICIPALITY, of):
        return RoleRow(role, municipality=MunicipalityCode(of)), frozenset({MunicipalityCode(of)})
    if await connection.fetchval(_IS_TEAM, of):
        towns = frozenset(MunicipalityCode(row["municipality"]) for row in await connection.fetch(_TOWNS_OF_TEAM, of))
        return RoleRow(role, team=TeamCode(of)), towns
    raise AccountRefused(f"a role of an account is for a municipality or a team, and {of!r} is neither", no_role)


async def add_in(
    connection: Connection,
    account: AccountId,
    login: str,
    name: str,
    operator: OperatorNumber | None,
    roles: Sequence[RoleRow],
    author: str,
    now: datetime,
) -> None:
    """A new account, without a password: see `link_in`. Raises AccountRefused."""
    stored = read_login(login)
    if stored is None:
        raise AccountRefused(
            f"{login!r} is no name to log in with: at most {LONGEST_LOGIN} of a-z, 0-9 and . _ @ + - (it becomes small)"
        )
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise AccountRefused(f"the name of a person is needed, on one line, of at most {LONGEST_NAME} characters")
    await _require_operator(connection, account, operator)
    if await connection.fetchval(ID_OF_LOGIN, stored) is not None:
        raise AccountRefused(f"{stored} is an account already", RefusalReason.LOGIN_TAKEN)
    await connection.execute(_ADD, account, stored, name.strip(), operator, now)
    for role in roles:
        await connection.execute(ADD_ROLE, account, *role_columns(role))
    given = together(scope for _, scope in (await roles_of(connection, [account])).get(account, []))
    towns = await _towns_with(connection, given, operator)
    detail = {"account": stored, "operator": operator, "roles": list(map(str, roles)), "municipalities": towns}
    await record_deed(connection, now, author, "account.add", detail)


async def change_roles_in(
    connection: Connection,
    account: Account,
    added: Collection[RoleRow],
    removed: Collection[RoleRow],
    author: str,
    now: datetime,
) -> None:
    """Open pages notice within some seconds. Raises AccountRefused."""
    for role in removed:
        if role not in account.roles:
            raise AccountRefused(f"account {account.login} has no role {role}", RefusalReason.ROLE_NOT_HELD)
    await require_others(connection, account, removed)
    for role in removed:
        # First the deed: it is of the municipalities that the account has with this role.
        await record_deed(connection, now, author, "account.role_remove", of_role(account, role))
        await connection.execute(REMOVE_ROLE, account.id, *role_columns(role))
    for role in added:
        if await connection.fetchval(_GIVE_ROLE, account.id, *role_columns(role)) is not None:
            await record_deed(connection, now, author, "account.role_add", of_role(account, role))
    if added:
        await forget_if_known_elsewhere(connection, account, author, now)


async def link_in(
    connection: Connection, account: Account, token_hash: bytes, reach: Scope, author: str, now: datetime
) -> None:
    """A link with which somebody sets their password once; the old ones, and all logins, end.

    Password, second factor and recovery codes of before are forgotten. `reach`: the municipalities that whoever makes
    it answers for; they could use it themselves, and know the password from then on.
    """
    await forget_in(connection, account.id, now)
    await connection.execute(_IS_KNOWN_TO, account.id, scope_codes(reach))
    await connection.execute(_LINK, token_hash, account.id, now + LINK_LASTS)
    await record_deed(connection, now, author, "account.reset", {"account": account.login})


async def forget_in(connection: Connection, account: AccountId, now: datetime) -> None:
    """Whatever somebody could log in with here is gone, links included, and all logins end."""
    for statement in _FORGET:
        await connection.execute(statement, account)
    await end_sessions_in(connection, account, now)


async def forget_if_known_elsewhere(connection: Connection, account: Account, author: str, now: datetime) -> None:
    """After the account got more: whoever made its link may know the password, and answers for less than it is for now.

    Then what somebody could log in with is forgotten; the next link is made by somebody who answers for all of it.
    """
    row = await connection.fetchrow(_KNOWN, account.id)
    roles = await roles_of(connection, [account.id])
    if row is None or not reaches_beyond(account.id, row, roles):
        return
    await forget_in(connection, account.id, now)
    await record_deed(connection, now, author, "account.forget", {"account": account.login})


async def end_sessions_in(connection: Connection, account: AccountId, now: datetime) -> None:
    await connection.execute(_END_SESSIONS, account, now)


async def lock_in(connection: Connection, account: Account, author: str, now: datetime) -> None:
    """Nobody logs in with it, and its logins end. Raises AccountRefused."""
    await require_others(connection, account, account.roles)
    await connection.execute(_SET_LOCKED, account.id, now)
    await end_sessions_in(connection, account.id, now)
    await record_deed(connection, now, author, "account.lock", {"account": account.login})


async def unlock_in(connection: Connection, account: Account, author: str, now: datetime) -> None:
    """Also forgets its failures."""
    await connection.execute(_SET_LOCKED, account.id, None)
    await connection.execute(_FORGET_FAILURES, subjects_of_login(account.login))
    await record_deed(connection, now, author, "account.unlock", {"account": account.login})


async def set_operator_in(
    connection: Connection, account: Account, operator: OperatorNumber | None, author: str, now: datetime
) -> None:
    """Who the account's owner is at the phone. Raises AccountRefused."""
    await _require_operator(connection, account.id, operator)
    await connection.execute(_SET_OPERATOR, account.id, operator)
    towns = await _towns_with(connection, account.scope, operator, account.operator)
    detail = {
        "account": account.login,
        "operator": operator,
        "before": account.operator,
        "municipalities": towns,
    }
    await record_deed(connection, now, author, "account.operator", detail)
    await forget_if_known_elsewhere(connection, account, author, now)


async def _require_operator(connection: Connection, account: AccountId, operator: OperatorNumber | None) -> None:
    """It is there, and no other account is that operator: two people would have one phone, and one state."""
    if operator is None:
        return
    if not await connection.fetchval(_IS_OPERATOR, operator):
        raise AccountRefused(f"no operator has number {operator}", RefusalReason.NO_SUCH_OPERATOR)
    other = await connection.fetchval(_OTHER_WITH, operator, account)
    if other is not None:
        text = f"account {other} has number {operator} already: take it away there first"
        raise AccountRefused(text, RefusalReason.OPERATOR_TAKEN)


async def _towns_with(connection: Connection, of: Scope, *operators: OperatorNumber | None) -> list[str] | None:
    """For the audit log: the municipalities of the account and of these operators; None: for the whole group."""
    numbers = [number for number in operators if number is not None]
    found = together([of, *[await operator_towns(connection, number) for number in numbers]])
    return sorted(found) if found else None


async def require_others(connection: Connection, account: Account, removed: Collection[RoleRow]) -> None:
    """Without these roles somebody is left who is an administrator for the same. Raises AccountRefused."""
    lost = {role for role in removed if role.role is Role.ADMINISTRATOR}
    if not lost or account.locked_at is not None:
        return
    others = [AccountId(row["account"]) for row in await connection.fetch(_OTHERS, account.id)]
    theirs = await roles_of(connection, [account.id, *others])
    reach = together(scope for role, scope in theirs[account.id] if role in lost)
    for one in (account.id, *others):
        kept = [(role, scope) for role, scope in theirs[one] if role.role is Role.ADMINISTRATOR]
        held = together(scope for role, scope in kept if one != account.id or role not in lost)
        if within(reach, held):
            return
    if reach != NOBODYS:
        text = f"account {account.login} is the last administrator: give another account that role first"
        raise AccountRefused(text, RefusalReason.LAST_ADMINISTRATOR)


def role_columns(role: RoleRow) -> tuple[str, str, str]:
    return role.role.value, role.municipality or "", role.team or ""


def of_role(account: Account, role: RoleRow) -> dict[str, Any]:
    return {"account": account.login, "role": str(role)}
