"""Rows of accounts as the values of `core`, with the municipalities that each role is held for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from ari_app.core.access import Actor, Grant, Role, Scope, overlap, together, within
from ari_app.core.accounts import Account, RoleRow
from ari_app.core.ids import AccountId, MunicipalityCode, OperatorNumber, TeamCode, optional
from ari_app.storage.db.engine import Connection
from ari_app.storage.db.rows import Named

#: a team's municipalities are those that it serves and those that it helps: its operators get the calls of both
_ROLES = """
SELECT account, role, municipality, team,
  CASE WHEN team <> '' THEN ARRAY(SELECT DISTINCT served.municipality FROM team_municipality served
    WHERE served.team = account_role.team) WHEN municipality <> '' THEN ARRAY[municipality] END AS scope
FROM account_role WHERE account = ANY ($1::uuid[]) ORDER BY role, municipality, team"""

#: codes of an app, or a passkey
HAS_SECOND_FACTOR = """(account.totp_secret IS NOT NULL
  OR EXISTS (SELECT FROM passkey WHERE passkey.account = account.id))"""

#: what `reaches_beyond` asks of an account, besides its roles
REACH = """account.known_to, CASE WHEN account.known_to IS NOT NULL THEN
  ARRAY(SELECT skill.municipality FROM operator_skill skill WHERE skill.operator = account.operator)
  END AS operator_towns"""

#: Whether the account is for more, by what was given here, than whoever named its person at the identity provider
#: answers for. What the provider gives is that person's anyhow.
SUBJECT_REACHES_BEYOND = """EXISTS (SELECT FROM account_subject subject
  WHERE subject.account = account.id AND subject.known_to IS NOT NULL AND (
    EXISTS (SELECT FROM account_role held LEFT JOIN team_municipality served ON served.team = held.team
      WHERE held.account = account.id AND NOT held.from_provider AND (
        (held.municipality = '' AND held.team = '') OR served.municipality <> ALL (subject.known_to)
        OR (held.municipality <> '' AND held.municipality <> ALL (subject.known_to))))
    OR EXISTS (SELECT FROM operator_skill skill
      WHERE skill.operator = account.operator AND skill.municipality <> ALL (subject.known_to))))
  AS subject_reaches_beyond"""

ACCOUNT_COLUMNS = f"""account.id, account.login, account.name, account.operator, account.created_at, account.locked_at,
  account.sets_factor_until, account.password_hash IS NOT NULL AS has_password,
  {HAS_SECOND_FACTOR} AS has_second_factor,
  EXISTS (SELECT FROM account_subject subject WHERE subject.account = account.id) AS has_provider"""

_LOCK = "SELECT FROM account WHERE id = $1 FOR UPDATE"
_UNLOCKED = "SELECT id, login, name, operator FROM account WHERE login = $1 AND locked_at IS NULL"
_IS_UNLOCKED = "SELECT FROM account WHERE id = $1 AND locked_at IS NULL"
_TOWNS = "SELECT DISTINCT municipality FROM operator_skill WHERE operator = $1"

GivenRoles = Mapping[UUID, list[tuple[RoleRow, Scope]]]


async def lock_account_in(connection: Connection, account: AccountId) -> None:
    """Before anything that belongs to the account is changed: links, factors, passkeys, logins.

    Everybody begins with the account, and comes to its logins last; in another order two would wait for each other.
    """
    await connection.execute(_LOCK, account)


async def is_unlocked_in(connection: Connection, account: AccountId) -> bool:
    """After `lock_account_in`: what was read before it may be of the time before somebody locked the account."""
    return await connection.fetchrow(_IS_UNLOCKED, account) is not None


async def roles_of(connection: Connection, accounts: Iterable[UUID]) -> GivenRoles:
    """The roles of these accounts, each with its municipalities; in a transaction of `reading`, or of the owner."""
    found: dict[UUID, list[tuple[RoleRow, Scope]]] = {}
    # Thousands of operators have the same few: each is made once.
    made: dict[tuple[str, str, str], tuple[RoleRow, Scope]] = {}
    for account, *key, scope in await connection.fetch(_ROLES, list(accounts)):
        role, municipality, team = key
        given = made.get((role, municipality, team))
        if given is None:
            of = RoleRow(Role(role), optional(MunicipalityCode, municipality or None), optional(TeamCode, team or None))
            given = made[role, municipality, team] = of, None if scope is None else frozenset(scope)
        found.setdefault(account, []).append(given)
    return found


def account_of(row: Named, roles: GivenRoles, reader: Scope) -> Account:
    """With those of its roles that the reader may know; its scope is that of all of them."""
    given = roles.get(row["id"], [])
    return Account(
        id=AccountId(row["id"]),
        login=row["login"],
        name=row["name"],
        operator=optional(OperatorNumber, row["operator"]),
        roles=tuple(role for role, scope in given if reader is None or overlap(reader, scope)),
        scope=together(scope for _, scope in given),
        has_password=row["has_password"],
        has_second_factor=row["has_second_factor"],
        created_at=row["created_at"],
        locked_at=row["locked_at"],
        has_provider=row["has_provider"],
        sets_factor_until=row["sets_factor_until"],
    )


def actor_of(account: AccountId, row: Named, roles: GivenRoles) -> Actor:
    grants = tuple(Grant(role.role, scope) for role, scope in roles.get(account, []))
    return Actor(account, row["login"], row["name"], optional(OperatorNumber, row["operator"]), grants)


async def actor_with(connection: Connection, login: str) -> Actor | None:
    """The rights of an account at this moment; None for one that is not there, or locked."""
    row = await connection.fetchrow(_UNLOCKED, login)
    return None if row is None else actor_of(AccountId(row["id"]), row, await roles_of(connection, [row["id"]]))


async def operator_towns(connection: Connection, operator: OperatorNumber) -> Scope:
    """The municipalities that an operator answers for."""
    return frozenset(MunicipalityCode(row["municipality"]) for row in await connection.fetch(_TOWNS, operator))


def reaches_beyond(account: AccountId, row: Named, roles: GivenRoles) -> bool:
    """Whether the account is for more than whoever made its last link answers for: they may know the password.

    `row`: with the columns `REACH`.
    """
    if row["known_to"] is None:
        return False
    scopes: list[Scope] = [scope for _, scope in roles.get(account, [])]
    at_the_phone = frozenset(map(MunicipalityCode, row["operator_towns"]))
    return not within(together([*scopes, at_the_phone]), frozenset(map(MunicipalityCode, row["known_to"])))
