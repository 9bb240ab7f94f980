"""Texts that every caller of a municipality hears first (AV §1): switched on, ended, listed."""

from __future__ import annotations

from datetime import datetime

from ari_app.core.access import Scope
from ari_app.core.area import Calamity
from ari_app.core.ids import MunicipalityCode
from ari_app.storage.area.reader import calamity_of
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import InputRefused, translated
from ari_app.storage.db.notifications import notify_area_changed
from ari_app.storage.db.scopes import reading, scope_codes

LONGEST_TEXT = 600  # characters, spoken in about a minute
MOST_TEXTS = 20  # of before, to choose from

#: running or planned at $1; a planned one that was called off ends where it begins
_NOT_OVER = "(until_at IS NULL OR (until_at > $1 AND until_at > from_at))"
_SET = """
INSERT INTO calamity (municipality, from_at, until_at, text, "then", author, created_at)
SELECT code, $2, $3, $4, $5, $6, $7 FROM municipality WHERE code = $1 RETURNING municipality"""
_END = f"""
UPDATE calamity SET until_at = greatest(from_at, $1), ended_by = $3 WHERE municipality = $2 AND {_NOT_OVER}
  AND ($4::timestamptz IS NULL OR from_at = $4)
RETURNING municipality"""
_LIST = f"""
SELECT municipality, from_at, until_at, text, "then", author FROM calamity
WHERE {_NOT_OVER} AND ($2::text[] IS NULL OR municipality = ANY($2)) ORDER BY from_at, id"""


_EARLIER = f"""
SELECT max(id) AS id, text FROM calamity WHERE $1::text[] IS NULL OR municipality = ANY ($1)
GROUP BY text ORDER BY 1 DESC LIMIT {MOST_TEXTS}"""


class UnknownMunicipality(InputRefused):
    """A code that no municipality of the area has."""


class CalamityRefused(InputRefused):
    """A calamity that ends before it begins, or has no text that can be spoken."""


async def set_calamity(pool: Pool, calamity: Calamity, now: datetime) -> None:
    """Let every caller of a municipality hear a text first. Of several that run at once, the latest is heard.

    Raises UnknownMunicipality, CalamityRefused, StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            await set_calamity_in(connection, calamity, now)


async def set_calamity_in(connection: Connection, calamity: Calamity, now: datetime) -> None:
    """As `set_calamity`, in a transaction of the caller."""
    _refuse_nonsense(calamity)
    values = (calamity.from_at, calamity.until_at, calamity.text, calamity.then.value, calamity.author, now)
    detail = {
        "municipality": calamity.municipality,
        "from_at": calamity.from_at.isoformat(),
        "until_at": None if calamity.until_at is None else calamity.until_at.isoformat(),
        "then": calamity.then.value,
    }
    if await connection.fetchrow(_SET, calamity.municipality, *values) is None:
        raise UnknownMunicipality(f"there is no municipality {calamity.municipality}")
    await record_deed(connection, now, calamity.author, "calamity.set", detail)
    await notify_area_changed(connection, "calamity")


async def end_calamity(pool: Pool, municipality: MunicipalityCode, author: str, now: datetime) -> int:
    """End every calamity of a municipality, planned ones included; returns how many that were.

    Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            return await end_calamity_in(connection, municipality, None, author, now)


async def end_calamity_in(
    connection: Connection, municipality: MunicipalityCode, from_at: datetime | None, author: str, now: datetime
) -> int:
    """As `end_calamity`, in a transaction of the caller; with a moment only those that begin, or began, then."""
    ended = len(await connection.fetch(_END, now, municipality, author, from_at))
    if ended:
        detail = {"municipality": municipality, "ended": ended}
        await record_deed(connection, now, author, "calamity.end", detail)
        await notify_area_changed(connection, "calamity")
    return ended


async def list_calamities(pool: Pool, scope: Scope, now: datetime) -> tuple[Calamity, ...]:
    """Those of the scope that run or are planned, by their beginning. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            return tuple(calamity_of(row) for row in await connection.fetch(_LIST, now, scope_codes(scope)))


async def earlier_texts(pool: Pool, scope: Scope) -> dict[int, str]:
    """Texts of before, each once, by the number of the calamity that said it last, the newest first.

    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, scope) as connection:
            return {row["id"]: row["text"] for row in await connection.fetch(_EARLIER, scope_codes(scope))}


def _refuse_nonsense(calamity: Calamity) -> None:
    if calamity.until_at is not None and calamity.until_at <= calamity.from_at:
        raise CalamityRefused("until: it would end before it begins")
    if not calamity.text.isprintable():
        raise CalamityRefused("the text holds characters that cannot be shown, such as a line break")
    if not any(char.isalnum() for char in calamity.text):
        raise CalamityRefused("there is nothing to say in the text: write words")
    if len(calamity.text) > LONGEST_TEXT:
        raise CalamityRefused(f"the text is longer than {LONGEST_TEXT} characters: callers want to know in a minute")
