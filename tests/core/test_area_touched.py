"""An import is a change for the municipalities that notice it, and for no neighbour."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ari_app.core.area import Area, DirectoryEntry, EntryKind, Member, Municipality, Operator, SharedNumber, Team
from ari_app.core.area_difference import Difference
from ari_app.core.area_touched import touched
from ari_app.core.ids import EntryCode, MunicipalityCode, OperatorNumber, TeamCode

pytestmark = pytest.mark.pure

A, B, C, D = (MunicipalityCode(f"GM990{n}") for n in range(1, 5))
TEAM, OTHER = TeamCode("kcc"), TeamCode("belasting")
ANNA = OperatorNumber("101")
ENTRY = EntryCode("balie")


def entry(shared: bool = False) -> DirectoryEntry:
    return DirectoryEntry(ENTRY, EntryKind.QUEUE, "Balie", B, queue=B, shared=shared)


AREA = Area(
    municipalities={code: Municipality(code, code) for code in (A, B, C, D)},
    shared_numbers={"140119": SharedNumber("140119", (Member(A, 1), Member(B, 2)))},
    teams={TEAM: Team(TEAM, "KCC", (A,), (B,)), OTHER: Team(OTHER, "Belasting", (C,))},
    operators={ANNA: Operator(ANNA, "Anna", (OTHER,))},
    entries={ENTRY: entry()},
)


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (Difference(), set()),
        (Difference(municipalities={D}), {D}),
        (Difference(shared_numbers={"140119"}), {A, B}),
        (Difference(members={("140119", B)}), {A, B}),
        (Difference(gone_members={("140119", D)}), {A, B, D}),
        (Difference(teams={TEAM}), {A, B}),
        (Difference(gone_teams={OTHER}), {C}),
        (Difference(operators={ANNA}), {C}),
        (Difference(gone_operators={ANNA}), {C}),
        (Difference(entries={ENTRY}), {B}),
        (Difference(gone_entries={ENTRY}), {B}),
        (Difference(special_days={date(2026, 5, 15): ("Bevrijding", "besluit")}), {A, B, C, D}),
        (Difference(callable_countries=True), {A, B, C, D}),
    ],
)
def test_what_changed_is_noticed_by(difference: Difference, expected: set[MunicipalityCode]) -> None:
    assert touched(AREA, AREA, difference) == expected
    assert touched(AREA, Area(municipalities=AREA.municipalities), difference) == expected
    assert touched(Area(municipalities=AREA.municipalities), AREA, difference) == expected


def test_a_shared_entry_is_everybodys_before_it_stops_being_shared_too() -> None:
    shared = replace(AREA, entries={ENTRY: entry(shared=True)})
    for before, new in ((AREA, shared), (shared, AREA)):
        assert touched(before, new, Difference(entries={ENTRY})) == {A, B, C, D}


def test_an_operator_who_changes_teams_is_noticed_on_both_sides() -> None:
    moved = replace(AREA, operators={ANNA: Operator(ANNA, "Anna", (TEAM,))})
    assert touched(AREA, moved, Difference(operators={ANNA})) == {A, B, C}
