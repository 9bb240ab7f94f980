"""What editors do with scripts: save, ask for a review, publish, withdraw. Each is audited, and no text is lost.

Saving adds a version. Somebody who began from an older one than the newest gets `Overtaken`, and saves again once they
have seen the other text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ari_app.core.access import Scope
from ari_app.core.ids import MunicipalityCode, ScriptId, new_script_id
from ari_app.core.scripts import ScriptText, ScriptVersion, Source, VersionState, may_publish
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import Named
from ari_app.storage.db.scopes import scope_codes, set_scope
from ari_app.storage.scripts.rows import SEARCH, TEXT_COLUMNS, search_values, text_parameters, text_values, version_of

_OWN = "($2::text[] IS NULL OR script.municipality = ANY ($2))"
_LOCK = f"SELECT id, municipality, last, published FROM script WHERE id = $1 AND {_OWN} FOR UPDATE"
_VERSION = "SELECT * FROM script_version WHERE script = $1 AND version = $2"
ADD_VERSION = f"""
INSERT INTO script_version (script, version, state, author, written_at, {TEXT_COLUMNS})
VALUES ($1, $2, $3, $4, $5, {text_parameters(6)})"""
ADD_SCRIPT = """
INSERT INTO script (id, municipality, question, subject, source, owner, last, changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
_SAVED = """
UPDATE script SET last = $2, changed_at = $3, question = CASE WHEN published IS NULL THEN $4 ELSE question END,
  subject = CASE WHEN published IS NULL THEN $5 ELSE subject END WHERE id = $1"""
_STATE = "UPDATE script_version SET state = $3 WHERE script = $1 AND version = $2"
PUBLISH_VERSION = """
UPDATE script_version SET state = 'published', published_by = $3, published_at = $4
WHERE script = $1 AND version = $2"""
PUBLISH_SCRIPT = f"""
UPDATE script SET published = $2, changed_at = $3, question = $4, subject = $5, valid_from = $6, valid_until = $7,
  search = {SEARCH.format("$8", "$9", "$10")} WHERE id = $1"""
_WITHDRAW = "UPDATE script SET published = NULL, search = NULL, changed_at = $2 WHERE id = $1"
_OWNER = "UPDATE script SET owner = $2 WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Saved:
    script: ScriptId
    version: int


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody saved `newest` meanwhile: nothing was stored, and nothing of theirs is gone."""

    newest: ScriptVersion


@dataclass(frozen=True, slots=True)
class NoScript:
    """There is none, or it is not this editor's."""


async def save_script(
    pool: Pool, scope: Scope, script: ScriptId, based_on: int, text: ScriptText, author: str, now: datetime
) -> Saved | Overtaken | NoScript:
    """One version more, as a draft. `based_on`: the version that was read. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            row = await _locked(connection, scope, script)
            if row is None:
                return NoScript()
            if row["last"] != based_on:
                return Overtaken(await _version(connection, script, row["last"]))
            version = based_on + 1
            await connection.execute(
                ADD_VERSION, script, version, VersionState.DRAFT.value, author, now, *text_values(text)
            )
            await connection.execute(_SAVED, script, version, now, text.question, text.subject)
            await _deed(connection, now, author, "script.save", row, version)
            return Saved(script, version)


async def add_script(
    pool: Pool, scope: Scope, municipality: MunicipalityCode | None, text: ScriptText, author: str, now: datetime
) -> Saved:
    """A new one, as a draft. That the author may write for this municipality is for the caller to decide.

    Raises StoreUnavailable.
    """
    script = new_script_id()
    own = Source.OWN.value
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, scope)
            row = (script, municipality, text.question, text.subject, own, author, 1, now)
            await connection.execute(ADD_SCRIPT, *row)
            await connection.execute(ADD_VERSION, script, 1, VersionState.DRAFT.value, author, now, *text_values(text))
            await _deed(connection, now, author, "script.add", {"id": script, "municipality": municipality}, 1)
    return Saved(script, 1)


async def ask_review(
    pool: Pool, scope: Scope, script: ScriptId, version: int, author: str, now: datetime
) -> Saved | Overtaken | NoScript:
    """The newest version is ready to be read by somebody else. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            row = await _locked(connection, scope, script)
            if row is None:
                return NoScript()
            newest = await _version(connection, script, row["last"])
            if newest.version != version or newest.state is not VersionState.DRAFT:
                return Overtaken(newest)
            await connection.execute(_STATE, script, version, VersionState.REVIEW.value)
            await _deed(connection, now, author, "script.review", row, version)
            return Saved(script, version)


async def publish_script(
    pool: Pool, scope: Scope, script: ScriptId, version: int, by: str, now: datetime
) -> Saved | Overtaken | NoScript:
    """Operators read it from now on. Overtaken as well when `by` wrote it: then somebody else publishes it.

    Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            row = await _locked(connection, scope, script)
            if row is None:
                return NoScript()
            newest = await _version(connection, script, row["last"])
            if newest.version != version or not may_publish(newest, by):
                return Overtaken(newest)
            await publish_in(connection, script, version, newest.text, by, now)
            await _deed(connection, now, by, "script.publish", row, version)
            return Saved(script, version)


async def publish_in(
    connection: Connection, script: ScriptId, version: int, text: ScriptText, by: str, now: datetime
) -> None:
    await connection.execute(PUBLISH_VERSION, script, version, by, now)
    await connection.execute(PUBLISH_SCRIPT, *shown_values(script, version, text, now))


def shown_values(script: ScriptId, version: int, text: ScriptText, now: datetime) -> tuple[Any, ...]:
    """Of `PUBLISH_SCRIPT`."""
    days = (text.valid_from, text.valid_until)
    return (script, version, now, text.question, text.subject, *days, *search_values(text))


async def withdraw_script(pool: Pool, scope: Scope, script: ScriptId, by: str, now: datetime) -> Saved | NoScript:
    """No operator reads it any more; its versions stay. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            row = await _locked(connection, scope, script)
            if row is None or row["published"] is None:
                return NoScript()
            await connection.execute(_WITHDRAW, script, now)
            await _deed(connection, now, by, "script.withdraw", row, row["published"])
            return Saved(script, row["published"])


async def own_script(pool: Pool, scope: Scope, script: ScriptId, by: str, now: datetime) -> Saved | NoScript:
    """Become the one who is reminded of its end. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            row = await _locked(connection, scope, script)
            if row is None:
                return NoScript()
            await connection.execute(_OWNER, script, by)
            await _deed(connection, now, by, "script.own", row, row["last"])
            return Saved(script, row["last"])


async def _locked(connection: Connection, scope: Scope, script: ScriptId) -> Named | None:
    # A shared script is changed by whoever may do so for the whole group.
    await set_scope(connection, scope)
    row: Named | None = await connection.fetchrow(_LOCK, script, scope_codes(scope))
    return row


async def _version(connection: Connection, script: ScriptId, version: int) -> ScriptVersion:
    row = await connection.fetchrow(_VERSION, script, version)
    assert row is not None
    return version_of(row)


async def _deed(
    connection: Connection, now: datetime, by: str, action: str, row: Named | dict[str, object], version: int
) -> None:
    # Without a municipality it is a deed of the whole group.
    municipality = row["municipality"]
    whose = {"municipalities": None} if municipality is None else {"municipality": municipality}
    await record_deed(connection, now, by, action, {"script": str(row["id"]), "version": version, **whose})
