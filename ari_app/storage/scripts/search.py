"""The scripts that an operator finds while a caller waits: those of their municipalities, and the shared ones.

The search is a function of the owner. Row level security would have each row judged before the index of the full text
may be asked; the function says the same condition, with the index.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from ari_app.core.ids import CallId, MunicipalityCode, ScriptId, optional
from ari_app.core.script_search import queries_of, words_of
from ari_app.core.scripts import (
    HALF_LIFE_DAYS,
    Offered,
    ScriptVersion,
    Synonym,
    Vocabulary,
    first_for,
    found_in_order,
    place_of,
)
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import Named
from ari_app.storage.db.scopes import reading
from ari_app.storage.scripts.rows import version_of

#: so many are listed on the desk; of a search, so many of the caller's municipality, shared, and of others
MOST_LISTED = 12
_MOST_OWN, _MOST_SHARED, _MOST_OTHERS = 10, 8, 4
#: uses are counted so far back
USES_DAYS = 60

_FIND = "SELECT * FROM find_scripts($1, $2, $3::text[], $4, $5, $6, $7)"
_COUNTS = """
script.published IS NOT NULL AND (script.valid_from IS NULL OR script.valid_from <= {0})
AND (script.valid_until IS NULL OR {0} < script.valid_until)"""
_VISIBLE = f"{_COUNTS.format('$1::date')} AND (script.municipality IS NULL OR script.municipality = ANY ($2::text[]))"
_LISTED = "script.id, script.published AS version, script.question, script.subject, script.municipality"
_NUMBER = """
SELECT coalesce(shared_number, dialled) FROM call WHERE id = $1 AND municipality = ANY ($2::text[])"""
_USED = f"""
SELECT {_LISTED}, used.uses FROM (
  SELECT script, sum(uses * 0.5 ^ (($1::date - day) / {HALF_LIFE_DAYS}))::float8 AS uses FROM script_use
  WHERE number = $3 AND day > $1::date - {USES_DAYS} GROUP BY script ORDER BY 2 DESC LIMIT 100) used
JOIN script ON script.id = used.script WHERE {_VISIBLE} ORDER BY used.uses DESC"""
_OTHERS = f"""
SELECT {_LISTED}, 0.0::float8 AS uses FROM script WHERE {_VISIBLE} AND ($3::text IS NULL OR script.municipality IS NULL
  OR script.municipality = $3) ORDER BY script.municipality NULLS LAST, script.question LIMIT {MOST_LISTED}"""
_READ = f"""
SELECT version.*, script.municipality FROM script JOIN script_version version
  ON version.script = script.id AND version.version = script.published
WHERE {_VISIBLE} AND script.id = ANY ($3::uuid[])"""
_STAMP = """
SELECT (SELECT max(changed_at) FROM script) AS scripts, (SELECT max(changed_at) FROM script_synonym) AS synonyms,
  (SELECT count(*) FROM script_synonym) AS count"""
_WORDS = """
SELECT script.question, script.subject, version.keywords FROM script JOIN script_version version
  ON version.script = script.id AND version.version = script.published"""
_SYNONYMS = "SELECT municipality, word, means FROM script_synonym ORDER BY word, means"
_SUBJECTS = """
SELECT DISTINCT subject FROM script WHERE published IS NOT NULL AND subject <> ''
  AND (municipality IS NULL OR municipality = ANY ($1::text[])) ORDER BY subject LIMIT $2"""

Stamp = tuple[datetime | None, datetime | None, int]


async def find_scripts(
    pool: Pool,
    towns: Collection[MunicipalityCode],
    callers: MunicipalityCode | None,
    text: str,
    vocabulary: Vocabulary,
    today: date,
) -> tuple[Offered, ...]:
    """Those that have all typed words, or what they may mean; if none has, those with any. Raises StoreUnavailable."""
    # In a thread: other pages of the process go on meanwhile.
    queries = await asyncio.to_thread(queries_of, text, vocabulary, callers)
    if not queries[0]:
        return ()
    codes, limits = sorted(towns), (_MOST_OWN, _MOST_SHARED, _MOST_OTHERS)
    with translated():
        async with reading(pool, frozenset(towns)) as connection:
            for query in dict.fromkeys(queries):
                rows = await connection.fetch(_FIND, query, callers or "", codes, today, *limits)
                if rows:
                    break
    return found_in_order((_offered(row, callers, score=row["score"]) for row in rows), sum(limits))


async def list_first(
    pool: Pool,
    towns: Collection[MunicipalityCode],
    callers: MunicipalityCode | None,
    call_id: CallId | None,
    today: date,
) -> tuple[Offered, ...]:
    """Before anything is typed: what was chosen most for the number that the call came by, and then others.

    Raises StoreUnavailable.
    """
    codes = sorted(towns)
    with translated():
        async with reading(pool, frozenset(towns)) as connection:
            number = None if call_id is None else await connection.fetchval(_NUMBER, call_id, codes)
            used = [] if number is None else await connection.fetch(_USED, today, codes, number)
            found = [_offered(row, callers, uses=row["uses"]) for row in used]
            if len(first_for(found, MOST_LISTED)) < MOST_LISTED:
                known = {one.id for one in found}
                rows = await connection.fetch(_OTHERS, today, codes, callers)
                found += [_offered(row, callers) for row in rows if row["id"] not in known]
    if callers is None:
        return first_for((replace(one, place=place_of(None, None)) for one in found), MOST_LISTED)
    return first_for(found, MOST_LISTED)


async def read_scripts(
    pool: Pool, towns: Collection[MunicipalityCode], scripts: Collection[ScriptId], today: date
) -> dict[ScriptId, tuple[MunicipalityCode | None, ScriptVersion]]:
    """Those that operators of these municipalities read today, with their owner. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, frozenset(towns)) as connection:
            rows = await connection.fetch(_READ, today, sorted(towns), list(scripts))
    return {ScriptId(row["script"]): (optional(MunicipalityCode, row["municipality"]), version_of(row)) for row in rows}


async def vocabulary_stamp(pool: Pool) -> Stamp:
    """Another one once a script or a synonym changed. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, None) as connection:
            row = await connection.fetchrow(_STAMP)
    assert row is not None
    return row["scripts"], row["synonyms"], row["count"]


async def read_vocabulary(pool: Pool) -> Vocabulary:
    """Of all: a word says nothing of the script that has it. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, None) as connection:
            rows = await connection.fetch(_WORDS)
            synonyms = await read_synonyms(connection)
    return await asyncio.to_thread(_vocabulary, rows, synonyms)


def _vocabulary(rows: Iterable[Named], synonyms: Collection[Synonym]) -> Vocabulary:
    """Of twenty thousand scripts half a second of CPU."""
    words = {
        word for row in rows for text in (row["question"], row["subject"], *row["keywords"]) for word in words_of(text)
    }
    return Vocabulary.of(words, synonyms)


async def read_synonyms(connection: Connection) -> list[Synonym]:
    return [
        Synonym(row["word"], row["means"], MunicipalityCode(row["municipality"]) if row["municipality"] else None)
        for row in await connection.fetch(_SYNONYMS)
    ]


async def script_subjects(pool: Pool, towns: Collection[MunicipalityCode], limit: int) -> list[str]:
    """The subjects of what operators of these municipalities read. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, frozenset(towns)) as connection:
            return [row["subject"] for row in await connection.fetch(_SUBJECTS, sorted(towns), limit)]


def _offered(row: Named, callers: MunicipalityCode | None, **values: Any) -> Offered:
    municipality = optional(MunicipalityCode, row["municipality"])
    return Offered(
        ScriptId(row["id"]),
        row["version"],
        row["question"],
        row["subject"],
        municipality,
        place=place_of(municipality, callers),
        **values,
    )
