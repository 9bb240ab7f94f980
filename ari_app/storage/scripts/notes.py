"""What operators say of scripts while they work: something is wrong with one, or there is none for what was asked."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from ari_app.core.access import Scope
from ari_app.core.ids import CallId, MunicipalityCode, ScriptId
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import scope_codes, set_scope

#: words are kept once they were searched for in so many calls: what one caller said is nobody's to read
CALLS_UNTIL_KEPT = 3
MISSES_KEPT = timedelta(days=90)

_REMARK = """
INSERT INTO script_remark (script, version, kind, remark, author, at)
SELECT version.script, version.version, $4, $5, $6, $7 FROM script JOIN script_version version
  ON version.script = script.id AND version.version = $3
WHERE script.id = $2 AND ($1::text[] IS NULL OR script.municipality IS NULL OR script.municipality = ANY ($1))
  AND version.published_at IS NOT NULL"""
_DONE = """
UPDATE script_remark SET done_at = $3, done_by = $4 FROM script
WHERE script.id = script_remark.script AND script_remark.id = $2 AND done_at IS NULL
  AND ($1::text[] IS NULL OR script.municipality = ANY ($1))"""
_MISS = f"""
INSERT INTO script_miss AS miss (municipality, digest, times, last_call, last_at) VALUES ($1, $2, 1, $3, $4)
ON CONFLICT (municipality, digest) DO UPDATE SET times = miss.times + 1, last_call = excluded.last_call,
  last_at = excluded.last_at, words = CASE WHEN miss.times + 1 >= {CALLS_UNTIL_KEPT} THEN $5::text END
WHERE miss.last_call IS DISTINCT FROM excluded.last_call"""
_FORGET = "DELETE FROM script_miss WHERE municipality = $1 AND last_at < $2"


async def remark_on_script(
    pool: Pool, scope: Scope, script: ScriptId, version: int, kind: str, remark: str, author: str, now: datetime
) -> bool:
    """For its editors. False: no operator of this scope reads it. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, scope)
            said = (script, version, kind, remark, author, now)
            done: str = await connection.execute(_REMARK, scope_codes(scope), *said)
    return done.endswith(" 1")


async def remark_is_done(pool: Pool, scope: Scope, remark: int, by: str, now: datetime) -> bool:
    """False: there is no such one to do for this editor. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, scope)
            done: str = await connection.execute(_DONE, scope_codes(scope), remark, now, by)
    return done.endswith(" 1")


async def note_miss(pool: Pool, municipality: MunicipalityCode, words: str, call_id: CallId, now: datetime) -> None:
    """Counted once for a call. Raises StoreUnavailable."""
    digest = hashlib.sha256(words.encode()).digest()
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, frozenset({municipality}))
            await connection.execute(_MISS, municipality, digest, call_id, now, words)
            await connection.execute(_FORGET, municipality, now - MISSES_KEPT)
