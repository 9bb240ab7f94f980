"""Codes of the record as names that a reader may know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ari_app.core.area import Area, DirectoryEntry, EntryKind, Municipality, Operator, Team
from ari_app.core.ids import EntryCode, MunicipalityCode, OperatorNumber, TeamCode
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


def test_an_operator_of_others_has_no_name_where_an_extension_of_ones_own_is_the_same() -> None:
    desk = DirectoryEntry(EntryCode("balie"), EntryKind.DEPARTMENT, "Balie", WIERDAM, "102")
    own = Names.of(replace(AREA, entries={desk.code: desk}), frozenset({WIERDAM}))
    assert (own.operator("102"), own.number("102"), own.party("102")) == ("een collega", None, "Balie (102)")
    assert (own.number("101"), own.number("account:bea"), own.number(None)) == ("101", "account:bea", None)
    assert (own.team_code("w"), own.team_code("e"), own.team_code("gone")) == ("w", None, None)
    assert own.details({"operator": "102", "ring": True}) == {"ring": True}
    assert own.details({"operator": "101", "to": "102"}) == {"operator": "101", "to": "102"}, "an extension of our own"
    group = Names.of(AREA, None)
    assert (group.number("102"), group.team_code("e"), group.team_code("gone")) == ("102", "e", "gone")


def test_the_whole_group_knows_everybody() -> None:
    group = Names.of(AREA, None)
    assert group.party("102") == "Bert (102)" and group.town("GM9902") == "Elderlo" and len(group.teams) == 2
