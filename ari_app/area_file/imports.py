"""Following a file: all of it or nothing, judged against the area as it is.

A file is the truth for what it names. A municipality, a team or an operator that it names becomes exactly what the
file says; what it does not name stays, since it may be another administrator's. Only `[remove]` takes things out.
Following a file again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.area_file.directory_csv import read_entries
from ari_app.area_file.marks import mark_of
from ari_app.area_file.reader import read_area
from ari_app.core.area import Area
from ari_app.core.area_contents import AreaFile, merge
from ari_app.core.area_difference import ImportReport, compare, running_out, unanswered
from ari_app.core.calendar import local_date
from ari_app.core.ids import MunicipalityCode
from ari_app.core.numbers import format_shared
from ari_app.storage.area.imports import area_import
from ari_app.storage.area.marks import FileMark
from ari_app.storage.operators.pin_hashes import hash_pins

Say = Callable[[str], None]


def silence(_: str) -> None:
    """Say nothing of the progress of an import."""


async def import_area(engine: AsyncEngine, text: str, author: str, now: datetime, say: Say = silence) -> ImportReport:
    """Follow an area file. A new PIN that is typed costs some 5 ms of CPU, an old one 20 ms, an exported one nothing.

    Raises AreaRefused with every mistake of the file, StoreUnavailable.
    """
    return await _follow(engine, mark_of(text), partial(read_area, text), author, now, "area.import", say)


async def import_entries(
    engine: AsyncEngine,
    text: str,
    author: str,
    now: datetime,
    municipality: MunicipalityCode | None = None,
    *,
    replacing: bool = False,
    say: Say = silence,
) -> ImportReport:
    """Follow a CSV file of the directory; `municipality` and `replacing` as in `read_entries`.

    Raises AreaRefused with every mistake of the file, StoreUnavailable.
    """
    read = partial(read_entries, text, owner=municipality, replacing=replacing)
    mark = mark_of(text, "directory", municipality, replacing)
    return await _follow(engine, mark, read, author, now, "directory.import", say)


async def _follow(
    engine: AsyncEngine,
    mark: FileMark,
    read: Callable[[Area], AreaFile],
    author: str,
    now: datetime,
    action: str,
    say: Say,
) -> ImportReport:
    async with area_import(engine) as under_way:
        followed = await under_way.changes_nothing(mark)
        if followed is not None:
            warnings = (*followed.warnings, *running_out(await under_way.special_days(), local_date(now)))
            return ImportReport(unchanged=followed.names, warnings=warnings)
        say("reading")
        before = await under_way.before()
        wanted = read(before.area)
        new = merge(before.area, wanted)
        pin_hashes = {**before.pin_hashes, **await hash_pins(wanted.pins, before.pin_hashes, say)}
        repinned = {number for number in wanted.pins if pin_hashes[number] != before.pin_hashes.get(number)}
        report, difference = compare(before.area, new, wanted, repinned, before.special_days, local_date(now))
        if report.did_something:
            say(f"writing {len(report.added) + len(report.changed) + len(report.removed):,} changes")
            await under_way.write(difference, before.area, new, pin_hashes)
            await under_way.audit(now, author, action, _audited(report, wanted))
        names = (*report.added, *report.changed, *report.unchanged, *report.removed)
        await under_way.set_mark(mark, names, tuple(unanswered(new)), now)
    return report


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
