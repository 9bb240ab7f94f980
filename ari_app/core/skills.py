"""For whom an operator may answer: primary skills, from the first second, and secondary skills, after the overflow.

Primary are the municipalities that the operator's teams serve, and those teams themselves; secondary the municipalities
that the teams help. Both stand in the area file, as `serves` and `helps`.
"""

from __future__ import annotations

from typing import NamedTuple

from ari_app.core.area import Area, Team
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode


def team_skill(team: str) -> MunicipalityCode:
    """The skill of being in this team, for which the callers of the team's direct number wait."""
    return MunicipalityCode(f"team:{team}")


class Skills(NamedTuple):
    """The municipalities and teams that an operator may answer for. None is in both."""

    primary: frozenset[MunicipalityCode]
    secondary: frozenset[MunicipalityCode]

    @property
    def any(self) -> frozenset[MunicipalityCode]:
        return self.primary | self.secondary


def skills_of(area: Area, operator: OperatorNumber) -> Skills:
    primary: set[MunicipalityCode] = set()
    secondary: set[MunicipalityCode] = set()
    for team in teams_of(area, operator):
        primary.update(team.serves)
        primary.add(team_skill(team.code))
        secondary.update(team.helps)
    return Skills(frozenset(primary), frozenset(secondary - primary))


def teams_of(area: Area, operator: OperatorNumber) -> list[Team]:
    """The operator's teams, the one whose settings count first; none for an operator who is not in the area."""
    known = area.operators.get(operator)
    codes = () if known is None else known.teams
    return [area.teams[code] for code in codes if code in area.teams]


def team_codes(area: Area, operator: OperatorNumber) -> tuple[TeamCode, ...]:
    return tuple(team.code for team in teams_of(area, operator))


def first_team(area: Area, operator: OperatorNumber) -> TeamCode | None:
    """The code of the team whose settings are the operator's; None without a team."""
    teams = teams_of(area, operator)
    return teams[0].code if teams else None


_ANY_TEAM = Team(code="", name="", serves=())  # type: ignore[arg-type]


def team_for(area: Area, operator: OperatorNumber) -> Team:
    """The first team of an operator: its ring, wrap-up and whisper settings are the operator's."""
    teams = teams_of(area, operator)
    return teams[0] if teams else _ANY_TEAM
