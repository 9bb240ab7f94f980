"""The area as files that can be imported again."""

from __future__ import annotations

from ari_app.area_file.directory_csv import render_entries
from ari_app.area_file.render import render_area
from ari_app.core.ids import MunicipalityCode
from ari_app.storage.area.snapshot import load_area, load_snapshot
from ari_app.storage.db.engine import Pool


async def export_area(pool: Pool) -> str:
    """The area as an area file, PINs hashed. Raises StoreUnavailable."""
    found = await load_snapshot(pool)
    return render_area(found.area, found.pin_hashes, found.special_days)


async def export_entries(pool: Pool, municipality: MunicipalityCode | None = None) -> str:
    """The directory, or one municipality's part of it, as CSV. Raises StoreUnavailable."""
    area = await load_area(pool)
    return render_entries(one for one in area.entries.values() if municipality in (None, one.municipality))
