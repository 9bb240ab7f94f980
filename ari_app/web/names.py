"""Codes of the record as names that a reader may know. What is outside their municipalities has no name here. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ari_app.core.access import Scope, overlap
from ari_app.core.area import Area
from ari_app.core.directory import OUTSIDE, by_extension
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.skills import skills_of
from ari_app.web.hidden import Hidden, hidden_in

SOMEBODY = "een collega"
ELSEWHERE = "een andere gemeente"


@dataclass(frozen=True, slots=True)
class Names:
    """Of one area, for the readers of one scope."""

    area: Area
    scope: Scope
    hidden: Hidden

    @classmethod
    def of(cls, area: Area, scope: Scope) -> Names:
        return cls(area, scope, hidden_in(area, scope))

    @property
    def towns(self) -> dict[MunicipalityCode, str]:
        """The municipalities of the scope, by name."""
        found = [(one.name, code) for code, one in self.area.municipalities.items() if self._has(code)]
        return {code: name for name, code in sorted(found)}

    @property
    def teams(self) -> dict[str, str]:
        """Those that answer for a municipality of the scope, by name."""
        found = [(team.name, code) for code, team in self.area.teams.items() if overlap(team.towns, self.scope)]
        return {code: name for name, code in sorted(found)}

    @property
    def operators(self) -> dict[OperatorNumber, str]:
        """Those who answer for a municipality of the scope, by name."""
        found = [
            (one.name, number)
            for number, one in self.area.operators.items()
            if overlap(skills_of(self.area, number).any, self.scope)
        ]
        return {number: name for name, number in sorted(found)}

    def town(self, code: str | None) -> str:
        """Empty for none."""
        if code is None:
            return ""
        known = self.area.municipalities.get(MunicipalityCode(code))
        if not self._has(MunicipalityCode(code)):
            return ELSEWHERE
        return code if known is None else known.name

    def team(self, code: str | None) -> str:
        """Of a team that answers for none of the readers' municipalities there is no name."""
        known = self.area.teams.get(TeamCode(code or ""))
        return known.name if known is not None and overlap(known.towns, self.scope) else "een ander team"

    def operator(self, number: str | None) -> str:
        """Name and number; empty for nobody."""
        if number is None:
            return ""
        if self.number(number) is None:
            return SOMEBODY
        known = self.area.operators.get(OperatorNumber(number))
        return number if known is None else f"{known.name} ({number})"

    def number(self, text: str | None) -> str | None:
        """An operator's number, or whoever else did something, as the record has it; None for an operator of others.

        Also where somebody of the readers' municipalities has the same number as an extension.
        """
        known = self.area.operators.get(OperatorNumber(text or ""))
        if known is None or self.scope is None:
            return self.hidden.shown(text)
        return text if overlap(skills_of(self.area, known.number).any, self.scope) else None

    def details(
        self, detail: Mapping[str, str | int | float | bool | None]
    ) -> dict[str, str | int | float | bool | None]:
        """Of a fact, without those that name anything of others."""
        own = self.hidden.details(detail)
        operator = own.get("operator")
        if isinstance(operator, str) and self.number(operator) is None:
            del own["operator"]
        return own

    def team_code(self, code: str | None) -> str | None:
        """None for a team that answers for none of the readers' municipalities; the whole group knows every team."""
        if self.scope is None:
            return code
        known = self.area.teams.get(TeamCode(code or ""))
        return code if known is not None and overlap(known.towns, self.scope) else None

    def party(self, party: str | None) -> str:
        """An operator, a colleague, the queue of a municipality; or a number outside, which is not said."""
        if party is None:
            return SOMEBODY
        if party == OUTSIDE:
            return "een nummer buiten"
        if party in self.area.municipalities:
            return f"wachtrij van {self.town(party)}"
        if self.hidden.shown(party) is None:
            return SOMEBODY
        if party in self.area.operators and self.number(party) is not None:
            return self.operator(party)
        entry = by_extension(self.area, party, self.area.municipalities if self.scope is None else self.scope)
        return party if entry is None else f"{entry.name} ({party})"

    def _has(self, code: MunicipalityCode) -> bool:
        return self.scope is None or code in self.scope


def text_of(detail: Mapping[str, object], key: str) -> str | None:
    """Of what a fact of the record tells besides its kind; None: it does not say so."""
    value = detail.get(key)
    return value if isinstance(value, str) else None
