"""What editors see: lists of scripts, versions, remarks of operators, and what was searched and not found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ari_app.core.access import Scope
from ari_app.core.ids import MunicipalityCode, ScriptId
from ari_app.core.scripts import Script, ScriptVersion
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import reading, scope_codes
from ari_app.storage.scripts.rows import FROM_SCRIPTS, SCRIPT_COLUMNS, script_of, version_of

MOST_SHOWN = 200
#: of what was used, missed and remarked
PERIOD_DAYS = 90

_VISIBLE = "($1::text[] IS NULL OR script.municipality IS NULL OR script.municipality = ANY ($1))"
# What is shared is the work of whoever edits for the whole group, and how often it was used says what others had.
_OWN = "($1::text[] IS NULL OR script.municipality = ANY ($1))"
_FILTERS = {
    "": "true",
    "concept": "newest.state = 'draft'",
    "nalezen": "newest.state = 'review'",
    "verloopt": "script.published IS NOT NULL AND script.valid_until <= $4::date + 30",
    "anders": "script.source_version IS NOT NULL AND script.source_version IS DISTINCT FROM script.published",
    "ongebruikt": "script.published IS NOT NULL AND NOT EXISTS (SELECT FROM script_use used"
    f" WHERE used.script = script.id AND used.day > $4::date - {PERIOD_DAYS})",
}
FILTERS = tuple(_FILTERS)
_LIST = f"""
SELECT {SCRIPT_COLUMNS}, count(*) OVER ()::int AS count FROM {FROM_SCRIPTS}
WHERE {_VISIBLE} AND ($2 = '' OR script.question ILIKE $2 OR script.subject ILIKE $2) AND $4::date IS NOT NULL AND {{0}}
ORDER BY script.municipality NULLS FIRST, script.question LIMIT $3"""
_ONE = f"SELECT {SCRIPT_COLUMNS} FROM {FROM_SCRIPTS} WHERE {_VISIBLE} AND script.id = $2"
_VERSIONS = f"""
SELECT version.* FROM script JOIN script_version version ON version.script = script.id
WHERE {_VISIBLE} AND script.id = $2 ORDER BY version.version DESC LIMIT {MOST_SHOWN}"""
_MOST_USED = f"""
SELECT script.question, sum(used.uses)::int AS uses FROM script_use used JOIN script ON script.id = used.script
WHERE {_OWN} AND used.day > $2::date - {PERIOD_DAYS} GROUP BY script.id ORDER BY 2 DESC, 1 LIMIT 10"""
_REMARKS = f"""
SELECT remark.id, remark.script, script.question, remark.version, remark.kind, remark.remark, remark.author, remark.at
FROM script_remark remark JOIN script ON script.id = remark.script
WHERE {_OWN} AND remark.done_at IS NULL ORDER BY remark.at DESC LIMIT {MOST_SHOWN}"""
_MISSES = f"""
SELECT words, municipality, times, last_at FROM script_miss
WHERE words IS NOT NULL AND ($1::text[] IS NULL OR municipality = ANY ($1)) AND last_at > $2::date - {PERIOD_DAYS}
ORDER BY times DESC, last_at DESC LIMIT 30"""
_OWN_ENDING = """
SELECT id, question, valid_until FROM script WHERE owner = $1 AND published IS NOT NULL
  AND valid_until <= $2::date + 30 ORDER BY valid_until, question LIMIT 20"""
_BY_QUESTION = f"""
SELECT lower(script.question) AS question, script.id FROM script
WHERE {_VISIBLE} AND lower(script.question) = ANY ($2::text[]) ORDER BY script.municipality NULLS FIRST, script.id"""
_NAMES = f"SELECT id, question FROM script WHERE {_VISIBLE} AND id = ANY ($2::uuid[])"


@dataclass(frozen=True, slots=True)
class ScriptList:
    scripts: tuple[Script, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Remark:
    id: int
    script: ScriptId
    question: str
    version: int
    kind: str
    remark: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Miss:
    """Words that were searched and not found, in so many calls."""

    words: str
    municipality: MunicipalityCode
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    id: ScriptId
    question: str
    valid_until: date


@dataclass(frozen=True, slots=True)
class Work:
    """What editors have to do, and what they go by."""

    remarks: tuple[Remark, ...]
    misses: tuple[Miss, ...]
    most_used: tuple[tuple[str, int], ...]
    own_ending: tuple[Ending, ...]


async def list_scripts(pool: Pool, scope: Scope, kind: str, text: str, today: date) -> ScriptList:
    """Of these municipalities, and the shared ones. `kind`: one of FILTERS. Raises StoreUnavailable."""
    pattern = f"%{text.replace('%', '').replace('_', '')}%" if text.strip() else ""
    with translated():
        async with reading(pool, scope) as connection:
            query = _LIST.format(_FILTERS[kind])
            rows = await connection.fetch(query, scope_codes(scope), pattern, MOST_SHOWN, today)
    return ScriptList(tuple(map(script_of, rows)), rows[0]["count"] if rows else 0)


async def read_script(pool: Pool, scope: Scope, script: ScriptId) -> tuple[Script, list[ScriptVersion]] | None:
    """With its versions, the newest first. None: there is none in the scope. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            row = await connection.fetchrow(_ONE, scope_codes(scope), script)
            if row is None:
                return None
            versions = await connection.fetch(_VERSIONS, scope_codes(scope), script)
    return script_of(row), [version_of(one) for one in versions]


async def read_work(pool: Pool, scope: Scope, reader: str, today: date) -> Work:
    """Raises StoreUnavailable."""
    codes = scope_codes(scope)
    with translated():
        async with reading(pool, scope) as connection:
            remarks = [Remark(**row) for row in await connection.fetch(_REMARKS, codes)]
            misses = [Miss(**row) for row in await connection.fetch(_MISSES, codes, today)]
            used = [(row["question"], row["uses"]) for row in await connection.fetch(_MOST_USED, codes, today)]
            ending = [Ending(**row) for row in await connection.fetch(_OWN_ENDING, reader, today)]
    return Work(tuple(remarks), tuple(misses), tuple(used), tuple(ending))


async def ids_by_question(pool: Pool, scope: Scope, questions: list[str]) -> dict[str, ScriptId]:
    """Those in the scope with these questions, in small letters. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_BY_QUESTION, scope_codes(scope), questions)
    return {row["question"]: ScriptId(row["id"]) for row in rows}


async def script_names(pool: Pool, scope: Scope, scripts: list[ScriptId]) -> dict[ScriptId, str]:
    """The questions of those in the scope. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_NAMES, scope_codes(scope), scripts)
    return {ScriptId(row["id"]): row["question"] for row in rows}
