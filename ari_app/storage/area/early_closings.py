"""Closing early: closings that a supervisor makes on the day itself, beside those of the area file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from ari_app.core.access import Scope
from ari_app.core.area import Area, Closing
from ari_app.core.area_commands import CloseEarly
from ari_app.core.calendar import instant_of, local_date
from ari_app.core.ids import MunicipalityCode
from ari_app.storage.changes.area import note_area_changed
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import InputRefused, translated
from ari_app.storage.db.rows import Named
from ari_app.storage.db.scopes import reading, scope_codes

LONGEST_REASON = 100

_RECENT = """
SELECT municipality, starts_at, ends_at, reason FROM early_closing
WHERE ended_at IS NULL AND ends_at > now() - interval '1 day' ORDER BY starts_at, id"""
_LIST = """
SELECT municipality, starts_at, ends_at, reason, author FROM early_closing
WHERE ended_at IS NULL AND ends_at > $1 AND ($2::text[] IS NULL OR municipality = ANY ($2)) ORDER BY starts_at, id"""
_ADD = """
INSERT INTO early_closing (municipality, starts_at, ends_at, reason, author, created_at)
SELECT code, $2, $3, $4, $5, $6 FROM municipality WHERE code = $1 RETURNING id"""
_END = """
UPDATE early_closing SET ended_at = $2, ended_by = $3 WHERE municipality = $1 AND ended_at IS NULL AND ends_at > $2
RETURNING id"""


class ClosingRefused(InputRefused):
    """A closing that ends before it begins, or says no reason."""


@dataclass(frozen=True, slots=True)
class EarlyClosing:
    """One that goes on or is still to come."""

    municipality: MunicipalityCode
    starts_at: datetime
    ends_at: datetime
    reason: str
    author: str


async def with_early_closings(connection: Connection, area: Area) -> Area:
    """The area as decisions are to see it; in the transaction in which the area was read."""
    found: dict[MunicipalityCode, list[Closing]] = defaultdict(list)
    for row in await connection.fetch(_RECENT):
        closing = Closing(row["starts_at"], row["ends_at"], row["reason"], is_early=True)
        found[MunicipalityCode(row["municipality"])].append(closing)
    if not found:
        return area
    towns = {
        code: replace(town, closings=(*town.closings, *found[code])) if code in found else town
        for code, town in area.municipalities.items()
    }
    return replace(area, municipalities=towns)


async def close_early_in(
    connection: Connection,
    municipality: MunicipalityCode,
    wanted: CloseEarly,
    by: str,
    now: datetime,
    asked_at: datetime,
) -> bool:
    """In a transaction of the caller; False when there is no such municipality.

    It is of the day of its beginning, or else of `asked_at`: one that was asked just before midnight closes nothing of
    the day after. Raises ClosingRefused.
    """
    starts_at, reason = max(wanted.from_at or now, now), wanted.reason.strip()
    day = local_date(wanted.from_at or asked_at)
    ends_at = wanted.until_at or instant_of(day + timedelta(days=1), time(0))
    if ends_at <= starts_at:
        raise ClosingRefused("it would end before it begins, or is over already")
    if wanted.from_at is not None and day != local_date(now):
        raise ClosingRefused("it is of another day than today")
    if not reason or not reason.isprintable() or len(reason) > LONGEST_REASON:
        raise ClosingRefused(f"a closing has a reason of at most {LONGEST_REASON} characters, on one line")
    if await connection.fetchval(_ADD, municipality, starts_at, ends_at, reason, by, now) is None:
        return False
    detail = {
        "municipality": municipality,
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
        "reason": reason,
    }
    await record_deed(connection, now, by, "municipality.close_early", detail)
    await note_area_changed(connection, [municipality])
    return True


async def open_again_in(connection: Connection, municipality: MunicipalityCode, by: str, now: datetime) -> int:
    """In a transaction of the caller; returns how many closings that ended, those that are still to come included."""
    ended = len(await connection.fetch(_END, municipality, now, by))
    if ended:
        detail = {"municipality": municipality, "ended": ended}
        await record_deed(connection, now, by, "municipality.open_again", detail)
        await note_area_changed(connection, [municipality])
    return ended


async def list_early_closings(pool: Pool, scope: Scope, now: datetime) -> list[EarlyClosing]:
    """Those of the scope that go on or are still to come, by their beginning. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            return [_closing(row) for row in await connection.fetch(_LIST, now, scope_codes(scope))]


def _closing(row: Named) -> EarlyClosing:
    code = MunicipalityCode(row["municipality"])
    return EarlyClosing(code, row["starts_at"], row["ends_at"], row["reason"], row["author"])
