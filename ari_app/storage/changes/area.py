"""The changes of an area: one for each municipality that notices, whatever number of rows an import writes."""

from __future__ import annotations

from collections.abc import Iterable

from ari_app.core.ids import MunicipalityCode
from ari_app.storage.db.engine import Connection
from ari_app.storage.db.notifications import CURRENT_NUMBER, notify_area_changed

_NOTE = f"""
INSERT INTO change (number, kind, id, municipality, changed_at)
SELECT {CURRENT_NUMBER}, 'area', code, code, clock_timestamp() FROM unnest($1::text[]) AS code"""


async def note_area_changed(connection: Connection, municipalities: Iterable[MunicipalityCode]) -> None:
    """In the transaction of the import; listeners are notified by its commit."""
    await connection.execute(_NOTE, sorted(municipalities))
    await notify_area_changed(connection)
