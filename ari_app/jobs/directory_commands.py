"""Commands of editors about the directory, carried out in the transaction that answers them."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import TYPE_CHECKING

from ari_app.area_file.errors import AreaRefused
from ari_app.core.area import Area
from ari_app.core.calendar import local_date
from ari_app.core.directory_commands import ChangeDirectory, DirectoryCommand, RemoveEntry
from ari_app.core.ids import MunicipalityCode
from ari_app.core.operator_commands import ACCEPTED, Answer, RefusalReason, Refused
from ari_app.storage.area.entries import lock_imports, write_entries
from ari_app.storage.area.reader import read_area_rows
from ari_app.storage.changes.area import note_area_changed
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.engine import Connection

if TYPE_CHECKING:
    from ari_app.area_file.directory_changes import DirectoryChange

#: for another import to end; then it is tried again
LOCK_SECONDS = 2.0
#: the longest that one try may take: a file of two megabytes is five seconds of a core, which others may have as well
TRY_SECONDS = 40.0


async def change_directory(
    connection: Connection, municipality: MunicipalityCode, wanted: DirectoryCommand, by: str, now: datetime
) -> Answer:
    """Judged anew, from the area as it is: the page that asked looked some moments ago."""
    await lock_imports(connection, LOCK_SECONDS)
    before = await read_area_rows(connection)
    try:
        change = await asyncio.to_thread(_judged, before, municipality, wanted, local_date(now))
    except AreaRefused:
        return Refused(RefusalReason.CHANGED_MEANWHILE)  # the page found no mistake in it
    if change.seen != wanted.pii_seen:
        return Refused(RefusalReason.CHANGED_MEANWHILE)
    if change.does_something:
        await write_entries(connection, change.written, change.removed)
        await note_area_changed(connection, change.noticed_by)
        await record_deed(connection, now, by, _action(wanted), _detail(municipality, wanted, change))
    return ACCEPTED


def _judged(before: Area, municipality: MunicipalityCode, wanted: DirectoryCommand, today: date) -> DirectoryChange:
    # In a thread, since calls go on; and read only now: pydantic takes a tenth of a second, which no start waits for.
    from ari_app.area_file.directory_changes import change_of

    return change_of(before, municipality, wanted, today)


def _action(wanted: DirectoryCommand) -> str:
    match wanted:
        case RemoveEntry():
            return "directory.remove"
        case ChangeDirectory(entry=None):
            return "directory.import"
    return "directory.change"


def _detail(municipality: MunicipalityCode, wanted: DirectoryCommand, change: DirectoryChange) -> dict[str, object]:
    codes = {"added": list(change.added), "changed": list(change.changed), "removed": list(change.removed)}
    one = {} if wanted.entry is None else {"entry": wanted.entry}
    return {"municipality": municipality, **one, **codes}
