"""Who shares a 14-number: which neighbours are consulted, and which numbers from abroad lead to the same queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from ari_app.core.area import Area, Consultation, Member, Municipality, SharedNumber
from ari_app.core.ids import MunicipalityCode
from ari_app.core.participation import FromAbroad, neighbours_of, participants

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 12, 10, tzinfo=UTC)
WIERDAM, ELDERLO, BRUGGE, ELDERS = map(MunicipalityCode, ("GM9901", "GM9902", "GM9903", "GM9904"))
TOLD = Consultation("elderlo", date(2025, 12, 1), "M. de Wit", "consulted")
LATER = Consultation("Elderlo", date(2026, 1, 5), "M. de Wit", "informed")
OUTSIDE = Consultation("Verderop", date(2026, 1, 6), "M. de Wit", "informed")
SHARED = SharedNumber("140119", (Member(WIERDAM, 1, consultations=(LATER, OUTSIDE, TOLD)), Member(ELDERLO, 2)))
AREA = Area(
    municipalities={
        WIERDAM: Municipality(WIERDAM, "Wierdam", geographic_numbers=("+31119990100",)),
        ELDERLO: Municipality(ELDERLO, "Elderlo"),
        BRUGGE: Municipality(BRUGGE, "Brugge", geographic_numbers=("+31119990300",)),
        ELDERS: Municipality(ELDERS, "Elders", geographic_numbers=("+31179990400",)),
    },
    shared_numbers={"140119": SHARED},
)


def test_neighbours_are_the_other_members_and_whoever_has_a_number_of_that_area_code() -> None:
    assert [town.name for town in neighbours_of(AREA, SHARED, WIERDAM, NOW)] == ["Brugge", "Elderlo"]
    gone = replace(AREA.municipalities[BRUGGE], valid_until=date(2026, 1, 1))
    merged = replace(AREA, municipalities={**AREA.municipalities, BRUGGE: gone})
    assert [town.name for town in neighbours_of(merged, SHARED, WIERDAM, NOW)] == ["Elderlo"]


def test_what_is_recorded_stands_with_its_neighbour_in_its_order_and_nothing_is_lost() -> None:
    wierdam, elderlo = participants(AREA, SHARED, NOW)
    said = {one.name: one.said for one in wierdam.neighbours}
    assert said == {"Brugge": (), "Elderlo": (TOLD, LATER), "Verderop": (OUTSIDE,)}
    assert [one.name for one in wierdam.left_out] == ["Brugge"]
    assert [one.name for one in elderlo.left_out] == ["Brugge", "Wierdam"]


def test_a_number_from_abroad_is_judged_by_the_queue_that_it_leads_to() -> None:
    wierdam, elderlo = participants(AREA, SHARED, NOW)
    assert (wierdam.abroad, elderlo.abroad) == ((FromAbroad("+31119990100", is_same=True),), ())
    double = replace(AREA.municipalities[ELDERLO], geographic_numbers=("+31119990100",))
    both = replace(AREA, municipalities={**AREA.municipalities, ELDERLO: double})
    assert [one.abroad[0].is_same for one in participants(both, SHARED, NOW)] == [True, False], "it leads to one"
