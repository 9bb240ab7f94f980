"""Which wallboards somebody may see, and how an address names them: all of theirs, one municipality, or one team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ari_app.core.access import NOBODYS, Action, Actor, Scope
from ari_app.core.area import Area
from ari_app.core.ids import MunicipalityCode, TeamCode
from ari_app.storage.boards.figures import BoardView


@dataclass(frozen=True, slots=True)
class BoardChoice:
    """One board that can be chosen. `query`: the end of its address."""

    name: str
    query: Mapping[str, str]
    view: BoardView


def view_of(area: Area, actor: Actor, query: Mapping[str, str]) -> BoardView | None:
    """The view that an address names; None: there is no such board for this reader."""
    wanted = {key: query[key] for key in ("gemeente", "team") if query.get(key)}
    return next((one.view for one in choices(area, actor) if one.query == wanted), None)


def choices(area: Area, actor: Actor) -> list[BoardChoice]:
    """The boards that somebody may see: first that of all their municipalities, then each of these, then teams."""
    scope = actor.scope_of(Action.BOARD)
    if scope == NOBODYS:
        return []
    towns = sorted((town.name, code) for code, town in area.municipalities.items() if scope is None or code in scope)
    teams = [
        BoardChoice(team.name, {"team": code}, BoardView(narrowed, code))
        for code, team in sorted(area.teams.items(), key=lambda pair: pair[1].name)
        if (narrowed := _narrowed(scope, team.towns)) != NOBODYS
    ]
    alone = [BoardChoice(name, {"gemeente": code}, BoardView(frozenset({code}))) for name, code in towns]
    everything = BoardChoice("Alle gemeenten" if scope is None else "Mijn gemeenten", {}, BoardView(scope))
    return [everything, *alone, *teams]


def title_of(area: Area, view: BoardView) -> str:
    """What a board is of, in words; of a municipality or a team that is gone by its code."""
    if view.team is not None:
        return _name_of_team(area, view.team)
    if view.scope is None:
        return "Alle gemeenten"
    names = [_name_of_town(area, code) for code in sorted(view.scope)]
    return names[0] if len(names) == 1 else f"{len(names)} gemeenten"


def _name_of_team(area: Area, code: TeamCode) -> str:
    return area.teams[code].name if code in area.teams else code


def _name_of_town(area: Area, code: MunicipalityCode) -> str:
    return area.municipalities[code].name if code in area.municipalities else code


def _narrowed(scope: Scope, towns: frozenset[MunicipalityCode]) -> frozenset[MunicipalityCode]:
    return towns if scope is None else scope & towns
