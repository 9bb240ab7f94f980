"""What every screen says of the municipalities of its reader: the calamities that their callers hear now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ari_app.core.access import Scope
from ari_app.core.area import Area, Calamity


@dataclass(frozen=True, slots=True)
class Notice:
    """One text, with the municipalities whose callers hear it."""

    towns: tuple[str, ...]
    text: str
    since_at: datetime
    until_at: datetime | None


def notices(area: Area, scope: Scope, now: datetime) -> list[Notice]:
    """Of calamities that go on and were set together, one; the newest first."""
    together: dict[tuple[str, datetime | None], list[Calamity]] = {}
    for one in area.calamities:
        if one.is_active(now) and (scope is None or one.municipality in scope):
            together.setdefault((one.text, one.until_at), []).append(one)
    found = [
        Notice(tuple(sorted(_name(area, one) for one in several)), text, min(one.from_at for one in several), until_at)
        for (text, until_at), several in together.items()
    ]
    return sorted(found, key=lambda one: one.since_at, reverse=True)


def _name(area: Area, one: Calamity) -> str:
    town = area.municipalities.get(one.municipality)
    return one.municipality if town is None else town.name
