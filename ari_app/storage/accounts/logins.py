"""What a login page reads and writes of an account: its secrets, its second factor, its one-time link."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ari_app.core.access import Actor
from ari_app.core.ids import AccountId, WebSessionId
from ari_app.core.totp import matching_step
from ari_app.storage.accounts.rows import (
    HAS_SECOND_FACTOR,
    REACH,
    actor_of,
    is_unlocked_in,
    lock_account_in,
    reaches_beyond,
    roles_of,
)
from ari_app.storage.accounts.second_factor import SecondFactor, set_factor_in
from ari_app.storage.accounts.sessions import begin_session, end_other_sessions, end_waiting
from ari_app.storage.accounts.tokens import digest, digest_of_code
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import reading

_SECRETS = f"""account.id, account.login, account.name, account.operator, account.password_hash, account.locked_at,
  {HAS_SECOND_FACTOR} AS has_second_factor, account.totp_secret IS NOT NULL AS has_codes,
  account.sets_factor_until, {REACH}"""
_BY_LOGIN = f"SELECT {_SECRETS} FROM account WHERE login = $1"
_BY_LINK = f"""
SELECT {_SECRETS}
FROM account_link link JOIN account ON account.id = link.account
WHERE link.token_hash = $1 AND link.used_at IS NULL AND link.expires_at > $2 AND account.locked_at IS NULL"""
_FACTOR = "SELECT totp_secret, totp_step FROM account WHERE id = $1 FOR UPDATE"
_USE_STEP = "UPDATE account SET totp_step = $2 WHERE id = $1"
_USE_CODE = "DELETE FROM recovery_code WHERE account = $1 AND code_hash = $2 RETURNING account"
_CODES_LEFT = "SELECT count(*) FROM recovery_code WHERE account = $1"
_USE_LINK = """
UPDATE account_link SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING account"""
_SET_HASH = "UPDATE account SET password_hash = $2 WHERE id = $1"
_HASH = "SELECT password_hash FROM account WHERE id = $1"
_IS_AS_JUDGED = """
SELECT FROM account WHERE id = $1 AND locked_at IS NULL AND password_hash IS NOT DISTINCT FROM $2"""
_IS_THEIRS = """
SELECT FROM account JOIN account_subject subject ON subject.account = account.id
WHERE account.id = $1 AND account.locked_at IS NULL AND subject.issuer = $2 AND subject.subject = $3"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that somebody tries to log in with.

    `sets_factor_until`: without a second factor it may set one until then. `is_known_elsewhere`: it is for more
    municipalities by now than whoever made its link answers for, and they may know the password. `has_codes`: of an
    app; otherwise its second factor, if there is one, is a passkey.
    """

    actor: Actor
    password_hash: str | None = field(repr=False)
    has_second_factor: bool
    is_locked: bool
    sets_factor_until: datetime | None = None
    is_known_elsewhere: bool = False
    has_codes: bool = False

    def may_set_factor(self, now: datetime) -> bool:
        return not self.has_second_factor and self.sets_factor_until is not None and self.sets_factor_until > now


async def candidate(pool: Pool, login: str) -> Candidate | None:
    """The account with this name. Raises StoreUnavailable."""
    return await _candidate(pool, _BY_LOGIN, login)


async def candidate_of_link(pool: Pool, token: str, now: datetime) -> Candidate | None:
    """The account of a one-time link that still works. Raises StoreUnavailable."""
    return await _candidate(pool, _BY_LINK, digest(token), now)


async def log_in(pool: Pool, judged: Candidate, agent: str, now: datetime, *, waits_for_code: bool) -> str | None:
    """The token for the cookie of a new login, whose password was right.

    None: since it was judged the account was locked, or has another password or none. Raises StoreUnavailable.
    """
    actor = judged.actor
    with translated():
        async with transaction(pool) as connection:
            await lock_account_in(connection, actor.account)
            if await connection.fetchrow(_IS_AS_JUDGED, actor.account, judged.password_hash) is None:
                return None
            token = await begin_session(connection, actor.account, agent, now, waits_for_code=waits_for_code)
            if not waits_for_code:
                await record_deed(connection, now, actor.login, "login", {"second_factor": False})
    return token


async def log_in_by_provider(
    pool: Pool, actor: Actor, issuer: str, subject: str, sid: str | None, agent: str, now: datetime
) -> str | None:
    """The token for the cookie of a new login. `sid`: see `begin_session`.

    None: since the account was found it was locked, or is another person's. Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            await lock_account_in(connection, actor.account)
            if await connection.fetchrow(_IS_THEIRS, actor.account, issuer, subject) is None:
                return None
            token = await begin_session(connection, actor.account, agent, now, issuer=issuer, sid=sid)
            await record_deed(connection, now, actor.login, "login", {"second_factor": "provider"})
    return token


async def give_code(
    pool: Pool, waiting: WebSessionId, actor: Actor, code: str, agent: str, now: datetime
) -> str | None:
    """The token of a login that is open now, when the code is right; it is another one than that which waited.

    A code of six digits is used once, and so is a recovery code. None: wrong, or used before. Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            how = await _use_code(connection, actor.account, code, now)
            if how is None or not await end_waiting(connection, waiting, now):
                return None
            token = await begin_session(connection, actor.account, agent, now)
            left = await connection.fetchval(_CODES_LEFT, actor.account)
            await record_deed(
                connection, now, actor.login, "login", {"second_factor": how, "recovery_codes_left": left}
            )
    return token


async def _use_code(connection: Connection, account: AccountId, code: str, now: datetime) -> str | None:
    row = await connection.fetchrow(_FACTOR, account)
    if row is None or row["totp_secret"] is None:
        return None
    step = matching_step(row["totp_secret"], "".join(code.split()), now, row["totp_step"])
    if step is not None:
        await connection.execute(_USE_STEP, account, step)
        return "code"
    used = await connection.fetchval(_USE_CODE, account, digest_of_code(code))
    return None if used is None else "recovery_code"


async def use_link(
    pool: Pool, token: str, actor: Actor, password_hash: str, factor: SecondFactor | None, agent: str, now: datetime
) -> str | None:
    """Set what somebody chose, and log them in; None: the link was used or is too old, or the account is
    locked. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            await lock_account_in(connection, actor.account)
            if not await is_unlocked_in(connection, actor.account):
                return None
            if await connection.fetchval(_USE_LINK, digest(token), now) is None:
                return None
            await connection.execute(_SET_HASH, actor.account, password_hash)
            if factor is not None:
                await set_factor_in(connection, actor.account, factor)
            cookie = await begin_session(connection, actor.account, agent, now)
            detail = {"second_factor": factor is not None}
            await record_deed(connection, now, actor.login, "account.first_login", detail)
    return cookie


async def password_hash_of(pool: Pool, account: AccountId) -> str | None:
    """Raises StoreUnavailable."""
    with translated():
        found: str | None = await pool.fetchval(_HASH, account)
    return found


async def change_password(pool: Pool, actor: Actor, session: WebSessionId, password_hash: str, now: datetime) -> None:
    """All other logins of the account end. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            await connection.execute(_SET_HASH, actor.account, password_hash)
            await end_other_sessions(connection, actor.account, session, now)
            await record_deed(connection, now, actor.login, "account.password", {})


async def _candidate(pool: Pool, statement: str, *parameters: object) -> Candidate | None:
    with translated():
        async with reading(pool, None) as connection:
            row = await connection.fetchrow(statement, *parameters)
            if row is None:
                return None
            account = AccountId(row["id"])
            roles = await roles_of(connection, [account])
            actor = actor_of(account, row, roles)
            is_known_elsewhere = reaches_beyond(account, row, roles)
    return Candidate(
        actor,
        row["password_hash"],
        row["has_second_factor"],
        row["locked_at"] is not None,
        row["sets_factor_until"],
        is_known_elsewhere,
        row["has_codes"],
    )
