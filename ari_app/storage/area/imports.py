"""The directory: loaded as one value, changed by importing an area file, with calamities beside it.

A file is the truth for what it names. A municipality, a team or an operator that it names becomes exactly what the
file says; what it does not name stays, since it may be another administrator's. Only `[remove]` takes things out.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ari_app.area_file.contents import AreaFile, Pin, merge
from ari_app.area_file.difference import ImportReport, compare
from ari_app.area_file.directory_csv import read_entries, render_entries
from ari_app.area_file.reader import read_area
from ari_app.area_file.render import render_area
from ari_app.core.area import Area, Calamity
from ari_app.core.calendar import local_date
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.core.numbers import format_shared
from ari_app.storage import tables as t
from ari_app.storage.area.reader import read_area_rows, read_calamities, read_pin_hashes, read_special_days
from ari_app.storage.area.writer import write_difference
from ari_app.storage.db.errors import InputRefused, translated
from ari_app.storage.db.notifications import AREA_CHANNEL
from ari_app.storage.operators.pins import hash_pin, pin_fits

_IMPORT_LOCK = "ari_app area import"
LONGEST_TEXT = 600  # characters of a calamity text, about a minute


class UnknownMunicipality(InputRefused):
    """A code that no municipality of the directory has."""


class CalamityRefused(InputRefused):
    """A calamity that ends before it begins, or has no text that can be spoken."""


async def load_area(engine: AsyncEngine) -> Area:
    """The directory of one moment. Raises StoreUnavailable."""
    with translated():
        async with _snapshot(engine) as conn:
            return await read_area_rows(conn)


async def export_area(engine: AsyncEngine) -> str:
    """The directory as an area file, PINs hashed. Raises StoreUnavailable."""
    with translated():
        async with _snapshot(engine) as conn:
            return render_area(await read_area_rows(conn), await read_pin_hashes(conn), await read_special_days(conn))


async def export_entries(engine: AsyncEngine, municipality: MunicipalityCode | None = None) -> str:
    """The number plan, or one municipality's part of it, as CSV. Raises StoreUnavailable."""
    area = await load_area(engine)
    return render_entries(one for one in area.entries.values() if municipality in (None, one.municipality))


async def import_area(engine: AsyncEngine, text: str, author: str, now: datetime) -> ImportReport:
    """Follow an area file, all of it or nothing. Importing a file again changes nothing.

    A typed PIN costs some 20 ms of CPU, an exported one nothing. Raises AreaRefused with every mistake of the file,
    StoreUnavailable.
    """
    return await _follow(engine, partial(read_area, text), author, now, "area.import")


async def import_entries(
    engine: AsyncEngine,
    text: str,
    author: str,
    now: datetime,
    municipality: MunicipalityCode | None = None,
    *,
    replacing: bool = False,
) -> ImportReport:
    """Follow a CSV file of the number plan, all of it or nothing; `replacing`: what is not in it goes.

    Raises AreaRefused with every mistake of the file, UnknownMunicipality, StoreUnavailable.
    """

    def read(known: Area) -> AreaFile:
        if municipality is not None and municipality not in known.municipalities:
            raise UnknownMunicipality(f"there is no municipality {municipality}")
        return read_entries(text, known, municipality, replacing=replacing)

    return await _follow(engine, read, author, now, "directory.import")


async def _follow(
    engine: AsyncEngine, read: Callable[[Area], AreaFile], author: str, now: datetime, action: str
) -> ImportReport:
    with translated():
        async with engine.begin() as conn:
            await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(_IMPORT_LOCK, 0))))
            known = await read_area_rows(conn)
            wanted = read(known)
            new = merge(known, wanted)
            before = await read_pin_hashes(conn)
            pin_hashes = before | await _hashes(wanted.pins, before)
            repinned = {number for number in wanted.pins if pin_hashes[number] != before.get(number)}
            days = {day: (name, source) for day, name, source in await read_special_days(conn)}
            report, difference = compare(known, new, wanted, repinned, days, local_date(now))
            if report.did_something:
                await write_difference(conn, difference, new, pin_hashes)
                await _audit(conn, now, author, action, _audited(report, wanted))
                await _tell(conn)
    return report


async def set_calamity(engine: AsyncEngine, calamity: Calamity, now: datetime) -> None:
    """Let every caller of a municipality hear a text first. Of several that run at once, the latest is heard.

    Raises UnknownMunicipality, CalamityRefused, StoreUnavailable.
    """
    _refuse_nonsense(calamity)
    with translated():
        async with engine.begin() as conn:
            known = sa.select(t.municipality.c.code).where(t.municipality.c.code == calamity.municipality)
            if (await conn.execute(known)).first() is None:
                raise UnknownMunicipality(f"there is no municipality {calamity.municipality}")
            row = {
                "municipality": calamity.municipality,
                "from_at": calamity.from_at,
                "until_at": calamity.until_at,
                "text": calamity.text,
                "then": calamity.then.value,
                "author": calamity.author,
                "created_at": now,
            }
            await conn.execute(sa.insert(t.calamity), row)
            detail = {
                "municipality": calamity.municipality,
                "from_at": calamity.from_at.isoformat(),
                "until_at": None if calamity.until_at is None else calamity.until_at.isoformat(),
                "then": calamity.then.value,
            }
            await _audit(conn, now, calamity.author, "calamity.set", detail)
            await _tell(conn)


async def end_calamity(engine: AsyncEngine, municipality: MunicipalityCode, author: str, now: datetime) -> int:
    """From now on no calamity text of this municipality, planned ones included; returns how many that stopped.

    Raises StoreUnavailable.
    """
    column = t.calamity.c
    statement = (
        sa.update(t.calamity)
        .where(column.municipality == municipality, _not_over(now))
        .values(until_at=sa.func.greatest(column.from_at, now), ended_by=author)
    )
    with translated():
        async with engine.begin() as conn:
            ended = (await conn.execute(statement)).rowcount
            if ended:
                await _audit(conn, now, author, "calamity.end", {"municipality": municipality, "ended": ended})
                await _tell(conn)
    return ended


async def list_calamities(engine: AsyncEngine, now: datetime) -> tuple[Calamity, ...]:
    """Those that run or are planned, in the order in which they begin. Raises StoreUnavailable."""
    with translated():
        async with engine.connect() as conn:
            return await read_calamities(conn, _not_over(now))


def _not_over(now: datetime) -> sa.ColumnElement[bool]:
    """Running or planned; a planned one that was called off ends where it begins."""
    column = t.calamity.c
    return sa.or_(column.until_at.is_(None), sa.and_(column.until_at > now, column.until_at > column.from_at))


def _refuse_nonsense(calamity: Calamity) -> None:
    if calamity.until_at is not None and calamity.until_at <= calamity.from_at:
        raise CalamityRefused("it would end before it begins")
    if not calamity.text.strip() or not calamity.text.isprintable():
        raise CalamityRefused("the text is empty, or holds characters that cannot be shown, such as a line break")
    if len(calamity.text) > LONGEST_TEXT:
        raise CalamityRefused(f"the text is longer than {LONGEST_TEXT} characters: callers want to know in a minute")


async def _hashes(
    pins: Mapping[OperatorNumber, Pin], before: Mapping[OperatorNumber, str]
) -> dict[OperatorNumber, str]:
    """The hash to keep for each operator: the one there was where the PIN still fits."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        hashes = (
            loop.run_in_executor(threads, partial(_hash, pin, before.get(number))) for number, pin in pins.items()
        )
        return dict(zip(pins, await asyncio.gather(*hashes), strict=True))


def _hash(pin: Pin, before: str | None) -> str:
    if pin.hashed is not None:
        return pin.hashed
    typed = pin.typed or ""
    return before if before is not None and pin_fits(typed, before) else hash_pin(typed)


def _audited(report: ImportReport, wanted: AreaFile) -> dict[str, object]:
    return {
        "added": list(report.added),
        "changed": list(report.changed),
        "removed": list(report.removed),
        "key_changes": [
            {"member": f"{code} of {format_shared(digits)}", "was_key": c.was_key, "on": c.on.isoformat(), "by": c.by}
            for (digits, code), c in wanted.key_changes.items()
            if f"member {code} of {format_shared(digits)}" in report.changed
        ],
    }


async def _audit(conn: AsyncConnection, at: datetime, actor: str, action: str, detail: Mapping[str, object]) -> None:
    await conn.execute(sa.insert(t.audit_log), {"at": at, "actor": actor, "action": action, "detail": detail})


async def _tell(conn: AsyncConnection) -> None:
    await conn.execute(sa.select(sa.func.pg_notify(AREA_CHANNEL, "")))


@asynccontextmanager
async def _snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Several reads of one moment."""
    async with engine.connect() as fresh:
        conn = await fresh.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with conn.begin():
            yield conn
