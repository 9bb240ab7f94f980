"""Codes of the record as names that a reader may know."""

from __future__ import annotations

import pytest

from ari_app.core.area import Area, Municipality, Operator, Team
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode
from ari_app.web.names import Names

pytestmark = pytest.mark.pure

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
AREA = Area(
    municipalities={WIERDAM: Municipality(WIERDAM, "Wierdam"), ELDERLO: Municipality(ELDERLO, "Elderlo")},
    teams={
        TeamCode("w"): Team(TeamCode("w"), "KCC Wierdam", (WIERDAM,)),
        TeamCode("e"): Team(TeamCode("e"), "KCC Elderlo", (ELDERLO,)),
    },
    operators={
        OperatorNumber("101"): Operator(OperatorNumber("101"), "Anna", (TeamCode("w"),)),
        OperatorNumber("102"): Operator(OperatorNumber("102"), "Bert", (TeamCode("e"),)),
    },
)


def test_what_is_ones_own_has_its_name_and_what_is_elsewhere_none() -> None:
    own = Names.of(AREA, frozenset({WIERDAM}))
    assert (own.town("GM9901"), own.town("GM9902"), own.town(None)) == ("Wierdam", "een andere gemeente", "")
    assert (own.operator("101"), own.operator("102"), own.operator(None)) == ("Anna (101)", "een collega", "")
    assert (own.team("w"), own.team("e")) == ("KCC Wierdam", "een ander team")
    assert (own.towns, own.teams, own.operators) == ({WIERDAM: "Wierdam"}, {"w": "KCC Wierdam"}, {"101": "Anna"})
    parties = {
        "101": "Anna (101)",
        "102": "een collega",
        "GM9901": "wachtrij van Wierdam",
        "GM9902": "wachtrij van een andere gemeente",
        "outside": "een nummer buiten",
        "2040": "2040",
        None: "een collega",
    }
    assert {party: own.party(party) for party in parties} == parties


def test_the_whole_group_knows_everybody() -> None:
    group = Names.of(AREA, None)
    assert group.party("102") == "Bert (102)" and group.town("GM9902") == "Elderlo" and len(group.teams) == 2
