"""Failures to log in: each try is counted before it is judged, so that tries at the same moment are no way around."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from ari_app.core.ids import OperatorNumber
from ari_app.core.login_limits import FORGOTTEN_AFTER
from ari_app.core.pin_limits import PinLimit
from ari_app.storage.accounts.tokens import subject_of
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated

_COUNTED = "SELECT failed_attempts, last_at, locked_until_at FROM login_attempt WHERE subject = $1 FOR UPDATE"
_COUNT = """
INSERT INTO login_attempt (subject, failed_attempts, last_at, locked_until_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (subject) DO UPDATE SET failed_attempts = $2, last_at = $3, locked_until_at = $4"""
_LOGINS = "SELECT login FROM account WHERE operator = $1 ORDER BY login"
_FORGET_ALL = "DELETE FROM login_attempt WHERE subject = ANY ($1::text[])"
_FORGET = "DELETE FROM login_attempt WHERE subject = $1"
# A wait that another try began in the meantime goes on.
_TAKE_BACK = """
UPDATE login_attempt SET failed_attempts = greatest(failed_attempts - 1, 0),
  locked_until_at = CASE WHEN last_at = $2 THEN NULL ELSE locked_until_at END
WHERE subject = $1"""
_CLEAN = """
DELETE FROM login_attempt WHERE subject IN (SELECT subject FROM login_attempt
  WHERE last_at < $1 AND (locked_until_at IS NULL OR locked_until_at < $1) FOR UPDATE SKIP LOCKED)"""
#: two tries that begin together would both find no row: the second one waits for the first
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


def password_subject(login: str) -> str:
    """Of the name that was typed, whether there is such an account or not: a wait does not tell."""
    return subject_of("password", login.strip().lower())


def code_subject(login: str) -> str:
    return subject_of("code", login)


def address_subject(address: str) -> str:
    return subject_of("address", address)


def provider_subject(address: str) -> str:
    """Of an address from which codes of the identity provider come."""
    return subject_of("provider", address)


def subjects_of_login(login: str) -> list[str]:
    """Everything under which failures of one account are counted."""
    return [password_subject(login), code_subject(login.strip().lower())]


async def forget_waits_in(connection: Connection, operator: OperatorNumber, author: str, now: datetime) -> int:
    """Failures to log in with the accounts of this operator are forgotten, in a transaction of the caller.

    An account that an administrator locked stays so. Returns of how many accounts.
    """
    logins = [row["login"] for row in await connection.fetch(_LOGINS, operator)]
    forgotten = 0
    for login in logins:
        if (await connection.execute(_FORGET_ALL, subjects_of_login(login))) != "DELETE 0":
            forgotten += 1
            await record_deed(connection, now, author, "account.forget_failures", {"account": login})
    return forgotten


async def begin_attempt(pool: Pool, limits: Mapping[str, PinLimit], now: datetime) -> timedelta | None:
    """Count a try for each subject, as if it had failed; the wait instead, when one of them has to wait still.

    Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            failures: dict[str, int] = {}
            for subject in sorted(limits):  # the address first, by its name
                await connection.execute(_ONE_AT_A_TIME, subject)
                row = await connection.fetchrow(_COUNTED, subject)
                if row is not None and row["locked_until_at"] is not None and row["locked_until_at"] > now:
                    wait: timedelta = row["locked_until_at"] - now
                    return wait
                counts = row is not None and row["last_at"] > now - FORGOTTEN_AFTER
                failures[subject] = 1 + (row["failed_attempts"] if counts and row is not None else 0)
            for subject, count in failures.items():
                wait_after = limits[subject].wait_after(count)
                locked_until_at = None if wait_after is None else now + wait_after
                await connection.execute(_COUNT, subject, count, now, locked_until_at)
            # Last, and of nobody who waits: rows of others are locked after one's own.
            await connection.execute(_CLEAN, now - FORGOTTEN_AFTER)
    return None


async def attempt_was_good(pool: Pool, of_account: str, began_at: datetime, of_address: str | None = None) -> None:
    """The account's failures are forgotten; from the address only the try of `begin_attempt` at that moment is taken
    back. Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            # In the order of `begin_attempt`: address, then account. The other way they would wait for each other.
            if of_address is not None:
                await connection.execute(_TAKE_BACK, of_address, began_at)
            await connection.execute(_FORGET, of_account)
