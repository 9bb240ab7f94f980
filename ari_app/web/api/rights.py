"""What several operations ask of a caller's rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from ari_app.core.access import Action, Scope, overlap
from ari_app.core.area import Area
from ari_app.core.directory import is_visible
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber
from ari_app.core.skills import skills_of
from ari_app.web.api.problems import invalid, not_found, param
from ari_app.web.api.shapes import ME, Body, Query
from ari_app.web.api.table import Asked

AnyAsked = Asked[Query, Body | None]


def operator_named(asked: AnyAsked, text: str, name: str = "medewerker") -> OperatorNumber:
    """Raises ApiProblem for `ik` of somebody without a number."""
    if text != ME:
        return OperatorNumber(text)
    if asked.actor.operator is None:
        raise invalid(param(name, "no_operator"))
    return asked.actor.operator


def narrowed(scope: Scope, municipality: str | None) -> Scope:
    """The scope, or what of it is this municipality."""
    if municipality is None:
        return scope
    code = MunicipalityCode(municipality)
    return frozenset({code}) if scope is None or code in scope else frozenset()


def towns_of(asked: AnyAsked, action: Action) -> frozenset[MunicipalityCode]:
    """The municipalities whose entries may be used. The operator of a token says only whom `ik` means."""
    actor = replace(asked.actor, operator=None) if asked.caller.is_program else asked.actor
    return asked.site.area.towns_of(actor, action)


def call_id_of(asked: AnyAsked) -> CallId:
    """Raises ApiProblem: what is no id is nowhere."""
    try:
        return CallId(UUID(asked.path("id")))
    except ValueError:
        raise not_found() from None


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


def hidden_from(asked: AnyAsked, scope: Scope) -> Hidden:
    """Of the area of this moment; remembered, since a directory may have twenty thousand entries."""
    area = asked.site.area.current
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
        is_theirs = overlap(frozenset((*team.serves, *team.helps)), scope)
        (inside if is_theirs else outside).update((team.code, team.name))
    for entry in area.entries.values():
        words = (entry.code, entry.name, entry.extension or "", entry.endpoint or "")
        (inside if is_visible(entry, scope) else outside).update(words)
    return outside - inside - {""}
