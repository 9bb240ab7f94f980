"""What a reader may not know of the area: rows of a call or of a deed may name what was elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ari_app.core.access import Scope, overlap
from ari_app.core.area import Area
from ari_app.core.directory import is_visible
from ari_app.core.ids import MunicipalityCode
from ari_app.core.skills import skills_of


@dataclass(frozen=True, slots=True)
class Hidden:
    """Codes, names and numbers of the area that are outside a reader's scope: a call may have been there as well."""

    words: frozenset[str]

    def shown(self, text: str | None) -> str | None:
        return None if text in self.words else text

    def details(
        self, detail: Mapping[str, str | int | float | bool | None]
    ) -> dict[str, str | int | float | bool | None]:
        """Without those that name anything outside."""
        return {key: value for key, value in detail.items() if not (isinstance(value, str) and value in self.words)}


_REMEMBERED: dict[frozenset[MunicipalityCode], tuple[Area, Hidden]] = {}
_MOST_REMEMBERED = 64


def hidden_in(area: Area, scope: Scope) -> Hidden:
    """What of this area is outside the scope; remembered, since a directory may have twenty thousand entries."""
    if scope is None:
        return Hidden(frozenset())
    known = _REMEMBERED.get(scope)
    if known is None or known[0] is not area:
        if len(_REMEMBERED) >= _MOST_REMEMBERED:
            _REMEMBERED.clear()
        known = _REMEMBERED[scope] = (area, Hidden(frozenset(_outside(area, scope))))
    return known[1]


def _outside(area: Area, scope: frozenset[MunicipalityCode]) -> set[str]:
    """What is outside and has no name in common with anything inside: an extension may be an operator's number."""
    inside: set[str] = set()
    outside: set[str] = set()
    for code, town in area.municipalities.items():
        (inside if code in scope else outside).update((code, town.name))
    for number, one in area.operators.items():
        (inside if overlap(skills_of(area, number).any, scope) else outside).update((number, one.name))
    for team in area.teams.values():
        is_theirs = overlap(team.towns, scope)
        (inside if is_theirs else outside).update((team.code, team.name))
    for entry in area.entries.values():
        words = (entry.code, entry.name, entry.extension or "", entry.endpoint or "")
        (inside if is_visible(entry, scope) else outside).update(words)
    return outside - inside - {""}
