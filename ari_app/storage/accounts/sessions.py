"""Logins on the pages: found by their cookie, listed, ended. A cookie is known here by its SHA-256 only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ari_app.core.access import Actor
from ari_app.core.accounts import CODE_WAIT, SESSION_IDLE, WebSession
from ari_app.core.ids import AccountId, WebSessionId, new_web_session_id
from ari_app.storage.accounts.rows import (
    REACH,
    SUBJECT_REACHES_BEYOND,
    GivenRoles,
    actor_of,
    lock_account_in,
    reaches_beyond,
    roles_of,
)
from ari_app.storage.accounts.tokens import digest, new_token
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import Named
from ari_app.storage.db.scopes import reading, set_scope

#: last_seen_at is written at most so often
TOUCH_AFTER = timedelta(minutes=1)
#: ended rows are kept so long
KEPT_FOR = timedelta(days=30)
#: so many logins are looked at in one go: nobody else waits for thousands of rows
AT_ONCE = 200

_IDLE = f"interval '{SESSION_IDLE.total_seconds()} seconds'"
_CODE = f"interval '{CODE_WAIT.total_seconds()} seconds'"
# Also what an operator does by phone keeps the login alive, and a talk does so for as long as it lasts; but only at a
# phone that was logged in at while the login was still in use: a later one, perhaps elsewhere, says nothing about it.
ALIVE = f"""
session.ended_at IS NULL AND account.locked_at IS NULL AND CASE
  WHEN session.waits_for_code THEN session.created_at > {{now}}::timestamptz - {_CODE}
  ELSE session.last_seen_at > {{now}}::timestamptz - {_IDLE}
    OR EXISTS (SELECT FROM operator_session taking WHERE taking.operator = account.operator
      AND taking.logged_out_at IS NULL AND taking.logged_in_at <= session.last_seen_at + {_IDLE}
      AND (taking.state IN ('offered', 'talking', 'wrap_up')
        OR taking.state_since_at > {{now}}::timestamptz - {_IDLE}))
  END"""
_SESSION = (
    "session.id, session.account, session.created_at, session.last_seen_at, session.agent, session.provider_issuer"
)
_FOUND = f"""
SELECT {_SESSION}, session.waits_for_code, account.login, account.name, account.operator, {REACH},
  {SUBJECT_REACHES_BEYOND}
FROM web_session session JOIN account ON account.id = session.account WHERE {{0}} AND {ALIVE.format(now="$2")}"""
_BY_TOKEN = _FOUND.format("session.token_hash = $1")
_BY_IDS = _FOUND.format("session.id = ANY ($1::uuid[])")
_OF_ACCOUNT = (
    _FOUND.format("session.account = $1 AND NOT session.waits_for_code") + " ORDER BY session.last_seen_at DESC"
)
_BEGIN = """
INSERT INTO web_session
  (id, token_hash, account, created_at, last_seen_at, waits_for_code, agent, provider_issuer, provider_sid)
VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8)"""
_TOUCH = "UPDATE web_session SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2"
_END = """
UPDATE web_session SET ended_at = $3 WHERE id = $1 AND account = $2 AND ended_at IS NULL RETURNING id"""
_END_OTHERS = """
UPDATE web_session SET ended_at = $3 WHERE account = $1 AND id <> $2 AND ended_at IS NULL"""
_END_WAITING = """
UPDATE web_session SET ended_at = $2 WHERE id = $1 AND waits_for_code AND ended_at IS NULL RETURNING id"""
# Of many accounts, none of which is locked here: whatever somebody else has in hand is left to the next time.
_END_IDLE = f"""
UPDATE web_session SET ended_at = $1 WHERE id IN (
  SELECT session.id FROM web_session session JOIN account ON account.id = session.account
  WHERE session.ended_at IS NULL AND NOT ({ALIVE.format(now="$1")}) FOR UPDATE OF session SKIP LOCKED)"""
_CLEAN = """
DELETE FROM web_session WHERE id IN (
  SELECT id FROM web_session WHERE last_seen_at < $1 FOR UPDATE SKIP LOCKED)"""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The login that a cookie belongs to. `waits_for_code`: the password was right, and nothing is open yet."""

    session: WebSession
    actor: Actor
    waits_for_code: bool


async def find_session(pool: Pool, token: str, now: datetime) -> LoggedIn | None:
    """The login of a cookie, which counts as used now. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, None) as connection:
            row = await connection.fetchrow(_BY_TOKEN, digest(token), now)
            if row is None:
                return None
            roles = await roles_of(connection, [row["account"]])
            if _may_be_anothers(row, roles):
                return None
            found = _logged_in(row, roles)
        if now - found.session.last_seen_at > TOUCH_AFTER:
            await pool.execute(_TOUCH, found.session.id, now)
    return found


async def living_sessions(
    pool: Pool, sessions: Collection[WebSessionId], now: datetime
) -> Mapping[WebSessionId, Actor]:
    """Those of the logins that are alive, with their rights of this moment; none of them is used by this.

    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, None) as connection:
            rows = await connection.fetch(_BY_IDS, list(sessions), now)
            roles = await roles_of(connection, {row["account"] for row in rows})
            rows = [row for row in rows if not _may_be_anothers(row, roles)]
    return {WebSessionId(row["id"]): actor_of(AccountId(row["account"]), row, roles) for row in rows}


async def living_in_slices(
    pool: Pool, sessions: Collection[WebSessionId], now: datetime
) -> Mapping[WebSessionId, Actor]:
    """As `living_sessions`, of any number. Raises StoreUnavailable."""
    rest, living = list(sessions), dict[WebSessionId, Actor]()
    for first in range(0, len(rest), AT_ONCE):
        living |= await living_sessions(pool, rest[first : first + AT_ONCE], now)
    return living


async def sessions_of(pool: Pool, account: AccountId, now: datetime) -> list[WebSession]:
    """The logins of an account that are alive, the last used first. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, None) as connection:
            return [_session(row) for row in await connection.fetch(_OF_ACCOUNT, account, now)]


async def begin_session(
    connection: Connection,
    account: AccountId,
    agent: str,
    now: datetime,
    *,
    waits_for_code: bool = False,
    issuer: str | None = None,
    sid: str | None = None,
) -> str:
    """The token for the cookie of a new login; in the transaction of what led to it.

    `issuer`: of the identity provider by which it began; `sid`: what that calls its own login.
    """
    token = new_token()
    await lock_account_in(connection, account)
    await connection.execute(_CLEAN, now - KEPT_FOR)
    session = new_web_session_id()
    await connection.execute(_BEGIN, session, digest(token), account, now, waits_for_code, agent, issuer, sid)
    return token


async def end_session(
    pool: Pool, session: WebSessionId, account: AccountId, login: str, author: str, now: datetime
) -> bool:
    """End one login of this account, which is called `login`; False: it has no such login. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            if await connection.fetchval(_END, session, account, now) is None:
                return False
            await record_deed(connection, now, author, "session.end", {"account": login, "session": str(session)})
    return True


async def end_other_sessions(connection: Connection, account: AccountId, but: WebSessionId, now: datetime) -> None:
    """In the transaction of a new password."""
    await connection.execute(_END_OTHERS, account, but, now)


async def end_waiting(connection: Connection, session: WebSessionId, now: datetime) -> bool:
    """In the transaction that opens another login for it; False: it does not wait any more."""
    return await connection.fetchval(_END_WAITING, session, now) is not None


async def end_idle_sessions(pool: Pool, now: datetime) -> None:
    """Write down which logins have ended by themselves, so that nothing brings one back. Idempotent.

    Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, None)
            await connection.execute(_END_IDLE, now)


def _may_be_anothers(row: Named, roles: GivenRoles) -> bool:
    """Whether the login began with a password that somebody may know, or by a person of the provider whom somebody
    named, who answers for less than the account is for.

    A change of the account ends the logins of the first kind; a team or an operator may get more by an import as well.
    """
    if row["provider_issuer"] is not None:
        return bool(row["subject_reaches_beyond"])
    return reaches_beyond(AccountId(row["account"]), row, roles)


def _logged_in(row: Named, roles: GivenRoles) -> LoggedIn:
    return LoggedIn(_session(row), actor_of(AccountId(row["account"]), row, roles), row["waits_for_code"])


def _session(row: Named) -> WebSession:
    return WebSession(
        WebSessionId(row["id"]), row["created_at"], row["last_seen_at"], row["agent"], row["provider_issuer"]
    )
