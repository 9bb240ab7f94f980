"""Who may answer for whom: an operator's primary skills (the municipalities and teams that the operator's teams serve)
and secondary skills (the municipalities that those teams help after the overflow).
"""

from __future__ import annotations

from ari_app.core.area import Area, Team
from ari_app.core.ids import MunicipalityCode, OperatorNumber


def team_skill(team: str) -> MunicipalityCode:
    """A team as something a caller can wait for: the direct number of a team."""
    return MunicipalityCode(f"team:{team}")


def skills(area: Area, operator: OperatorNumber) -> tuple[frozenset[MunicipalityCode], frozenset[MunicipalityCode]]:
    """The municipalities this operator answers for, and those the operator's teams help out."""
    serves: set[MunicipalityCode] = set()
    helps: set[MunicipalityCode] = set()
    for team in teams_of(area, operator):
        serves.update(team.serves)
        serves.add(team_skill(team.code))
        helps.update(team.helps)
    return frozenset(serves), frozenset(helps - serves)


def teams_of(area: Area, operator: OperatorNumber) -> list[Team]:
    known = area.operators.get(operator)
    codes = () if known is None else known.teams
    return [area.teams[code] for code in codes if code in area.teams]


_ANY_TEAM = Team(code="", name="", serves=())  # type: ignore[arg-type]


def team_for(area: Area, operator: OperatorNumber) -> Team:
    """The first team of an operator: its ring, wrap-up and whisper settings are the operator's."""
    teams = teams_of(area, operator)
    return teams[0] if teams else _ANY_TEAM
