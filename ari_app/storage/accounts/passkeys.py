"""Passkeys of accounts, and the questions for one that are open: each is answered once, and not for long."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from ari_app.core.access import Actor
from ari_app.core.ids import AccountId, PasskeyId, WebSessionId
from ari_app.core.passkeys import CHALLENGE_LASTS, MOST_PASSKEYS, Passkey
from ari_app.storage.accounts.logins import Candidate, candidate
from ari_app.storage.accounts.rows import is_unlocked_in, lock_account_in
from ari_app.storage.accounts.sessions import begin_session, end_waiting
from ari_app.storage.accounts.tokens import digest
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated

_CLEAN = "DELETE FROM passkey_challenge WHERE made_at < $1"
_KEEP = """
INSERT INTO passkey_challenge (token_hash, challenge, made_at) VALUES ($1, $2, $3)
ON CONFLICT (token_hash) DO UPDATE SET challenge = $2, made_at = $3"""
_TAKE = "DELETE FROM passkey_challenge WHERE token_hash = $1 RETURNING challenge, made_at"
_OF_ACCOUNT = """
SELECT id, name, created_at, last_used_at, credential FROM passkey WHERE account = $1 ORDER BY created_at, id"""
_COUNT = "SELECT count(*) FROM passkey WHERE account = $1"
_ADD = """
INSERT INTO passkey (id, account, credential, public_key, sign_count, name, created_at)
SELECT $1, session.account, $4, $5, $6, $7, $8 FROM web_session session
WHERE session.id = $3 AND session.account = $2 AND session.ended_at IS NULL
ON CONFLICT (credential) DO NOTHING RETURNING id"""
_REMOVE = "DELETE FROM passkey WHERE id = $1 AND account = $2 RETURNING id"
_FIND = """
SELECT passkey.id, passkey.account, passkey.public_key, passkey.sign_count, account.login
FROM passkey JOIN account ON account.id = passkey.account WHERE passkey.credential = $1"""
# Two answers with the same count are one device and its copy; those that count nothing say 0.
_USE = """
UPDATE passkey SET sign_count = $2, last_used_at = $3
WHERE id = $1 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0)) RETURNING id"""
_HAS_CODES = "SELECT totp_secret IS NOT NULL FROM account WHERE id = $1"

_ONLY_WITH_PASSKEYS = """
SELECT count(DISTINCT passkey.account) FROM passkey JOIN account ON account.id = passkey.account
WHERE account.totp_secret IS NULL AND account.locked_at IS NULL"""


@dataclass(frozen=True, slots=True)
class KnownPasskey:
    """One that somebody tries to log in with, and its account."""

    id: PasskeyId
    public_key: bytes = field(repr=False)
    sign_count: int
    of: Candidate


async def ask_for_passkey(pool: Pool, token: str, now: datetime) -> bytes:
    """The challenge of a new question to the browser with this cookie; one of before does not count any more.

    Raises StoreUnavailable.
    """
    challenge = secrets.token_bytes(32)
    with translated():
        async with transaction(pool) as connection:
            await connection.execute(_CLEAN, now - CHALLENGE_LASTS)
            await connection.execute(_KEEP, digest(token), challenge, now)
    return challenge


async def take_challenge(pool: Pool, token: str, now: datetime) -> bytes | None:
    """That of the open question to the browser with this cookie: once, and within `CHALLENGE_LASTS`.

    Raises StoreUnavailable.
    """
    with translated():
        row = await pool.fetchrow(_TAKE, digest(token))
    if row is None or row["made_at"] <= now - CHALLENGE_LASTS:
        return None
    challenge: bytes = row["challenge"]
    return challenge


async def passkeys_of(pool: Pool, account: AccountId) -> list[Passkey]:
    """The oldest first. Raises StoreUnavailable."""
    with translated():
        rows = await pool.fetch(_OF_ACCOUNT, account)
    return [Passkey(PasskeyId(row["id"]), row["name"], row["created_at"], row["last_used_at"]) for row in rows]


async def credentials_of(pool: Pool, account: AccountId) -> list[bytes]:
    """What browsers know the passkeys of an account by. Raises StoreUnavailable."""
    with translated():
        return [row["credential"] for row in await pool.fetch(_OF_ACCOUNT, account)]


async def has_codes(pool: Pool, account: AccountId) -> bool:
    """Whether an app gives codes for it. Raises StoreUnavailable."""
    with translated():
        return bool(await pool.fetchval(_HAS_CODES, account))


async def only_with_passkeys(pool: Pool) -> int:
    """How many accounts have no other second factor. Raises StoreUnavailable."""
    with translated():
        found: int = await pool.fetchval(_ONLY_WITH_PASSKEYS)
    return found


async def add_passkey(
    pool: Pool,
    actor: Actor,
    session: WebSessionId,
    credential: bytes,
    public_key: bytes,
    sign_count: int,
    name: str,
    now: datetime,
) -> bool:
    """False: it is there already, there are `MOST_PASSKEYS`, or the login ended meanwhile. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            # A reset waits for this, or this for the reset, which ended the login.
            await lock_account_in(connection, actor.account)
            if await connection.fetchval(_COUNT, actor.account) >= MOST_PASSKEYS:
                return False
            made = (credential, public_key, sign_count, name, now)
            if await connection.fetchval(_ADD, uuid4(), actor.account, session, *made) is None:
                return False
            await record_deed(connection, now, actor.login, "account.passkey_add", {})
    return True


async def remove_passkey(pool: Pool, actor: Actor, passkey: PasskeyId, now: datetime) -> bool:
    """False: this account has no such passkey. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            if await connection.fetchval(_REMOVE, passkey, actor.account) is None:
                return False
            await record_deed(connection, now, actor.login, "account.passkey_remove", {})
    return True


async def known_passkey(pool: Pool, credential: bytes) -> KnownPasskey | None:
    """Raises StoreUnavailable."""
    with translated():
        row = await pool.fetchrow(_FIND, credential)
    found = None if row is None else await candidate(pool, row["login"])
    if row is None or found is None or found.actor.account != row["account"]:
        return None
    return KnownPasskey(PasskeyId(row["id"]), row["public_key"], row["sign_count"], found)


async def use_passkey(
    pool: Pool, known: KnownPasskey, sign_count: int, agent: str, now: datetime, waiting: WebSessionId | None = None
) -> str | None:
    """The token of a login that is open now. `waiting`: the login that waited for it after a password.

    None: the passkey is gone, was used with this count before, the account is locked, or the login does not wait.
    Raises StoreUnavailable.
    """
    actor = known.of.actor
    with translated():
        async with transaction(pool) as connection:
            await lock_account_in(connection, actor.account)
            if not await is_unlocked_in(connection, actor.account):
                return None
            if waiting is not None and not await end_waiting(connection, waiting, now):
                return None
            if await connection.fetchval(_USE, known.id, sign_count, now) is None:
                return None
            return await _logged_in(connection, actor, agent, now)


async def _logged_in(connection: Connection, actor: Actor, agent: str, now: datetime) -> str:
    token = await begin_session(connection, actor.account, agent, now)
    await record_deed(connection, now, actor.login, "login", {"second_factor": "passkey"})
    return token
