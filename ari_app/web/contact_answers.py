"""Answers about a municipality that anybody may ask for, made once for all who ask: each takes some milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ari_app.core.area import Area


@dataclass(frozen=True, slots=True)
class ContactAnswer:
    """What was made of this very area, and is true until a moment."""

    area: Area
    until: datetime
    body: str
    etag: str


class ContactAnswers:
    """By the name of what is asked for; as many as there can be of the municipalities of now."""

    def __init__(self, most_per_municipality: int) -> None:
        self._most = most_per_municipality
        self._made: dict[str, ContactAnswer] = {}

    def get(self, name: str, area: Area, now: datetime) -> ContactAnswer | None:
        found = self._made.get(name)
        return found if found is not None and found.area is area and now < found.until else None

    def keep(self, name: str, made: ContactAnswer) -> ContactAnswer:
        if name not in self._made and len(self._made) >= self._most * len(made.area.municipalities):
            self._made.clear()  # of municipalities that are here no more
        self._made[name] = made
        return made
