"""Logins that ended since their owners logged out at the identity provider, which told us so (back-channel logout)."""

from __future__ import annotations

from datetime import datetime, timedelta

from ari_app.storage.accounts.tokens import digest
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated

#: far longer than a token of a logout counts
KEPT_FOR = timedelta(days=1)

_CLEAN = "DELETE FROM provider_logout WHERE heard_at < $1"
_ONCE = "INSERT INTO provider_logout (id, heard_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id"
# A login of which the provider never said what it calls its own is any login of its owner's there.
_THEIRS = """
account.id = session.account AND session.ended_at IS NULL AND session.provider_issuer = $1
  AND ($2::text IS NULL OR session.provider_sid = $2 OR ($3::text IS NOT NULL AND session.provider_sid IS NULL))
  AND ($3::text IS NULL OR EXISTS (SELECT FROM account_subject subject
    WHERE subject.account = account.id AND subject.issuer = $1 AND subject.subject = $3))"""
# Accounts before their logins, as everybody locks them (`rows.lock_account_in`).
_LOCK = f"""
SELECT FROM account WHERE EXISTS (SELECT FROM web_session session WHERE {_THEIRS}) ORDER BY id FOR UPDATE"""
_END = f"""
UPDATE web_session session SET ended_at = $4, ended_by_provider = true FROM account WHERE {_THEIRS}
RETURNING session.id, account.login"""
_WAS_ENDED = """
SELECT EXISTS (SELECT FROM web_session WHERE token_hash = $1 AND ended_by_provider AND ended_at > $2)"""
#: a login page says so for so long afterwards
IS_SAID_FOR = timedelta(hours=12)


async def end_logged_out(
    pool: Pool, issuer: str, token_id: str, subject: str | None, sid: str | None, now: datetime
) -> int | None:
    """End the logins by this provider of this person, or of this one login there; how many there were.

    One of both is given at least. None: this very logout was heard before. Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            await connection.execute(_CLEAN, now - KEPT_FOR)
            if await connection.fetchval(_ONCE, digest(f"{issuer} {token_id}"), now) is None:
                return None
            await connection.execute(_LOCK, issuer, sid, subject)
            ended = await connection.fetch(_END, issuer, sid, subject, now)
            for row in ended:
                detail = {"account": row["login"], "session": str(row["id"])}
                await record_deed(connection, now, f"provider:{issuer}", "session.end", detail)
    return len(ended)


async def was_ended_by_provider(pool: Pool, token: str, now: datetime) -> bool:
    """Whether the login of this cookie ended in that way, today. Raises StoreUnavailable."""
    with translated():
        found: bool = await pool.fetchval(_WAS_ENDED, digest(token), now - IS_SAID_FOR)
    return found
