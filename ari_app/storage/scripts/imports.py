"""Scripts of a source, stored: one transaction for all of a file, or nothing of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ari_app.core.ids import MunicipalityCode, ScriptId, new_script_id, optional
from ari_app.core.script_imports import ImportAction, KnownScript, Planned, SourceScript, plan_import
from ari_app.core.scripts import ScriptText, Source, Synonym, VersionState
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import InputRefused, translated
from ari_app.storage.db.scopes import reading, set_scope
from ari_app.storage.scripts.editing import (
    ADD_SCRIPT,
    ADD_VERSION,
    PUBLISH_SCRIPT,
    PUBLISH_VERSION,
    publish_in,
    shown_values,
)
from ari_app.storage.scripts.rows import text_of, text_values

Say = Callable[[str], None]
#: new scripts that are stored together
AT_ONCE = 200

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('ari_app script import', 0))"
_OF_TOWN = "script.municipality IS NOT DISTINCT FROM $1::text"
_BY_KEY = f"""
SELECT id, source, source_key, source_digest, source_version, published, last FROM script
WHERE {_OF_TOWN} AND source_key = ANY ($2::text[])"""
_BY_ID = f"""
SELECT script.id AS script_id, script.published AS shown, script.last, version.* FROM script
JOIN script_version version ON version.script = script.id AND version.version = coalesce(script.published, script.last)
WHERE {_OF_TOWN} AND script.id = ANY ($2::uuid[])"""
_SOURCE = """
UPDATE script SET source_key = $2, source_digest = $3, source_version = $4, last = $5, changed_at = $6 WHERE id = $1"""
_NEWEST_SOURCE = "UPDATE script SET source_digest = $2, source_version = $3, last = $3, changed_at = $4 WHERE id = $1"
_WITHDRAW = """
UPDATE script SET published = NULL, search = NULL, source_digest = NULL, changed_at = $2 WHERE id = $1"""
_EXPORT = """
SELECT script.id, version.* FROM script JOIN script_version version
  ON version.script = script.id AND version.version = script.published
WHERE ($1::boolean OR script.municipality IS NOT DISTINCT FROM $2::text) ORDER BY script.question, script.id"""
_TOWN = "SELECT EXISTS (SELECT FROM municipality WHERE code = $1)"
_SYNONYM = """
INSERT INTO script_synonym (municipality, word, means, changed_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"""


class ScriptsRefused(InputRefused):
    """Scripts that cannot be imported; the text is a sentence for a person."""


async def import_scripts(
    pool: Pool,
    wanted: Sequence[SourceScript],
    municipality: MunicipalityCode | None,
    author: str,
    now: datetime,
    *,
    only_plan: bool = False,
    say: Say = lambda words: None,
) -> list[Planned]:
    """What was done, or would be. They were read by somebody where they come from, so they are published at once.

    Raises ScriptsRefused for a municipality that is not there, and StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, None)
            await connection.execute(_LOCK)
            if municipality is not None and not await connection.fetchval(_TOWN, municipality):
                raise ScriptsRefused(f"there is no municipality {municipality}; `ari-app export` shows which there are")
            plan = plan_import(wanted, await _known(connection, wanted, municipality))
            if only_plan:
                return plan
            ids = {one.script.key: one.known.id if one.known else new_script_id() for one in plan}
            new = [one for one in plan if one.action is ImportAction.ADD]
            for begin in range(0, len(new), AT_ONCE):
                await _add(connection, new[begin : begin + AT_ONCE], ids, author, now)
                say(f"{begin:,} of {len(new):,} new scripts")
            for number, one in enumerate(plan, 1):
                await _carry_out(connection, one, ids, author, now)
                say(f"{number:,} of {len(plan):,} scripts")
            done = [one for one in plan if one.action is not ImportAction.SAME]
            if done:
                counts = {action.value: sum(one.action is action for one in plan) for action in ImportAction}
                whose: Mapping[str, object] = (
                    {"municipalities": None} if municipality is None else {"municipality": municipality}
                )
                await record_deed(connection, now, author, "script.import", {**counts, **whose})
    return plan


async def _known(
    connection: Connection, wanted: Sequence[SourceScript], municipality: MunicipalityCode | None
) -> dict[tuple[Source, str, MunicipalityCode | None], KnownScript]:
    """By what the source calls them; and by our own id, for what was exported here."""
    keys = [one.key for one in wanted]
    found: dict[tuple[Source, str, MunicipalityCode | None], KnownScript] = {}
    by_id: dict[ScriptId, SourceScript] = {}
    for one in wanted:
        with suppress(ValueError):
            by_id[ScriptId(UUID(one.key))] = one
    for row in await connection.fetch(_BY_ID, municipality, list(by_id)):
        script = by_id[ScriptId(row["script_id"])]
        text = text_of(row)
        here = replace(script, text=replace(text, related=()), related=tuple(str(related) for related in text.related))
        shown, last = row["shown"], row["last"]
        version = shown if shown == last else None
        found[script.place] = KnownScript(ScriptId(row["script_id"]), here.digest, version, shown, last)
    for row in await connection.fetch(_BY_KEY, municipality, keys):
        place = (Source(row["source"]), row["source_key"], municipality)
        found[place] = KnownScript(
            ScriptId(row["id"]), row["source_digest"], row["source_version"], row["published"], row["last"]
        )
    return found


async def _add(
    connection: Connection, planned: Sequence[Planned], ids: Mapping[str, ScriptId], author: str, now: datetime
) -> None:
    """Many in few round trips: a library has twenty thousand."""
    scripts, versions, sources, shown, published = [], [], [], [], []
    for one in planned:
        script, new = one.script, ids[one.script.key]
        text = replace(script.text, related=tuple(ids[key] for key in script.related if key in ids))
        scripts.append((new, script.municipality, text.question, text.subject, script.source.value, author, 1, now))
        versions.append((new, 1, VersionState.DRAFT.value, author, now, *text_values(text)))
        sources.append((new, script.key, script.digest, 1, 1, now))
        shown.append((new, 1, author, now))
        published.append(shown_values(new, 1, text, now))
    for statement, rows in (
        (ADD_SCRIPT, scripts),
        (ADD_VERSION, versions),
        (_SOURCE, sources),
        (PUBLISH_VERSION, shown),
        (PUBLISH_SCRIPT, published),
    ):
        await connection.executemany(statement, rows)


async def _carry_out(
    connection: Connection, planned: Planned, ids: Mapping[str, ScriptId], author: str, now: datetime
) -> None:
    script, here = planned.script, planned.known
    related = tuple(ids[key] for key in script.related if key in ids)
    text = replace(script.text, related=related)
    match planned.action, here:
        case ImportAction.CHANGE, KnownScript(known, _, _, _, last):
            await _add_version(connection, known, last + 1, text, author, now)
            await connection.execute(_NEWEST_SOURCE, known, script.digest, last + 1, now)
            await publish_in(connection, known, last + 1, text, author, now)
        case ImportAction.KEEP, KnownScript(known, _, _, _, last):
            # Beside what somebody here wrote, for them to compare; what operators read stays.
            await _add_version(connection, known, last + 1, text, author, now)
            await connection.execute(_NEWEST_SOURCE, known, script.digest, last + 1, now)
        case ImportAction.WITHDRAW, KnownScript(known):
            await connection.execute(_WITHDRAW, known, now)


async def _add_version(
    connection: Connection, script: ScriptId, version: int, text: ScriptText, author: str, now: datetime
) -> None:
    await connection.execute(ADD_VERSION, script, version, VersionState.DRAFT.value, author, now, *text_values(text))


async def export_scripts(
    pool: Pool, municipality: MunicipalityCode | None, *, everything: bool
) -> list[tuple[str, ScriptText]]:
    """What operators read, each with its id as its key: of one municipality, of the shared ones (None), or all.

    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, None) as connection:
            rows = await connection.fetch(_EXPORT, everything, municipality)
    return [(str(row["id"]), text_of(row)) for row in rows]


async def add_synonyms(pool: Pool, synonyms: Collection[Synonym], author: str, now: datetime) -> int:
    """How many there are. Those that are there already stay. Raises StoreUnavailable."""
    rows = [(optional(str, one.municipality) or "", one.word, one.means, now) for one in synonyms]
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, None)
            await connection.executemany(_SYNONYM, rows)
            await record_deed(connection, now, author, "script.synonyms", {"count": len(rows), "municipalities": None})
    return len(rows)
