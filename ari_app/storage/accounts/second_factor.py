"""The second factor by itself: taken away by an administrator, and set anew by its owner at the next login."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ari_app.core.access import Actor
from ari_app.core.accounts import FACTOR_IS_SET_WITHIN, Account
from ari_app.core.ids import AccountId, WebSessionId
from ari_app.storage.accounts.changes import AccountRefused, end_sessions_in
from ari_app.storage.accounts.rows import HAS_SECOND_FACTOR, lock_account_in
from ari_app.storage.accounts.sessions import begin_session, end_waiting
from ari_app.storage.accounts.tokens import digest_of_code
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated

_FORGET = "UPDATE account SET totp_secret = NULL, totp_step = NULL, sets_factor_until = $2 WHERE id = $1"
_FORGET_CODES = "DELETE FROM recovery_code WHERE account = $1"
_FORGET_PASSKEYS = "DELETE FROM passkey WHERE account = $1"
_ADD_CODE = "INSERT INTO recovery_code (account, code_hash) VALUES ($1, $2)"
_SET = "UPDATE account SET totp_secret = $2, totp_step = $3, sets_factor_until = NULL WHERE id = $1"
_MAY_SET = f"""
SELECT EXISTS (SELECT FROM account WHERE id = $1 AND NOT {HAS_SECOND_FACTOR} AND sets_factor_until > $2)"""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """A secret whose code was shown to be right at this step, and the recovery codes beside it."""

    secret: str = field(repr=False)
    step: int
    recovery_codes: tuple[str, ...] = field(repr=False)


async def forget_factor_in(connection: Connection, account: Account, author: str, now: datetime) -> None:
    """Codes of the phone, recovery codes and passkeys are gone, and all logins end; the password stays.

    Raises AccountRefused for an account without a password: a link sets both.
    """
    if not account.has_password:
        raise AccountRefused(f"account {account.login} has no password here: give it a link")
    await connection.execute(_FORGET, account.id, now + FACTOR_IS_SET_WITHIN)
    await connection.execute(_FORGET_CODES, account.id)
    await connection.execute(_FORGET_PASSKEYS, account.id)
    await end_sessions_in(connection, account.id, now)
    await record_deed(connection, now, author, "account.factor_reset", {"account": account.login})


async def set_factor_in(connection: Connection, account: AccountId, factor: SecondFactor) -> None:
    """This one, and no other recovery codes."""
    await connection.execute(_SET, account, factor.secret, factor.step)
    await connection.execute(_FORGET_CODES, account)
    for code in factor.recovery_codes:
        await connection.execute(_ADD_CODE, account, digest_of_code(code))


async def may_set_factor(pool: Pool, account: AccountId, now: datetime) -> bool:
    """Whether it was taken away, not long ago, and is not set yet. Raises StoreUnavailable."""
    with translated():
        found: bool = await pool.fetchval(_MAY_SET, account, now)
    return found


async def set_factor(
    pool: Pool, waiting: WebSessionId, actor: Actor, factor: SecondFactor | None, agent: str, now: datetime
) -> str | None:
    """The token of a login that is open now, with the new factor, or without one for somebody who needs none here.

    None: the login does not wait any more, or another one has set it. Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            await lock_account_in(connection, actor.account)
            if not await end_waiting(connection, waiting, now):
                return None
            if not await connection.fetchval(_MAY_SET, actor.account, now):
                return None
            if factor is not None:
                await set_factor_in(connection, actor.account, factor)
                await record_deed(connection, now, actor.login, "account.factor_set", {})
            token = await begin_session(connection, actor.account, agent, now)
            how = False if factor is None else "new"
            await record_deed(connection, now, actor.login, "login", {"second_factor": how})
    return token
