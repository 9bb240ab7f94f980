"""What several operations ask of a caller's rights."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from ari_app.core.access import Action, Scope
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber
from ari_app.web.api.problems import invalid, not_found, param
from ari_app.web.api.shapes import ME, Body, Query
from ari_app.web.api.table import Asked
from ari_app.web.names import Names

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


def names_for(asked: AnyAsked, scope: Scope) -> Names:
    """Of the area of this moment."""
    return Names.of(asked.site.area.current, scope)
