"""Routing of calls: every kind of number, at every kind of hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from ari_app.core.area import (
    AfterCalamity,
    Area,
    Calamity,
    DirectNumber,
    Member,
    Municipality,
    OpeningSpan,
    SharedNumber,
)
from ari_app.core.calendar import ClosedWhy
from ari_app.core.ids import Endpoint, MunicipalityCode, OperatorNumber
from ari_app.core.routing import (
    AskMunicipality,
    CalamityOnly,
    Closed,
    Direct,
    Known,
    NotServed,
    NotServedWhy,
    Open,
    Target,
    admit,
    admit_shared,
    choose,
    default_choice,
    direct_number,
    entry,
    offered,
    rung_next,
)

pytestmark = pytest.mark.pure

A, B, C, D = (MunicipalityCode(f"GM990{n}") for n in range(1, 5))
MONDAY_NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
MONDAY_EVENING = datetime(2026, 6, 1, 18, tzinfo=UTC)
OFFICE = {day: (OpeningSpan(time(8, 30), time(17)),) for day in range(5)}
LATER = {day: (OpeningSpan(time(10), time(17)),) for day in range(5)}
ALWAYS = {day: (OpeningSpan(time(0), time(0)),) for day in range(7)}

MUNICIPALITIES = {
    A: Municipality(A, "Oosterwende", hours=OFFICE, geographic_numbers=("+31119123401",)),
    B: Municipality(B, "Zandermeer", hours=LATER),
    C: Municipality(C, "Hogeveldt", hours=ALWAYS),
    D: Municipality(D, "Wierdam", hours=OFFICE, valid_until=date(2027, 1, 1)),
}
DIRECT = DirectNumber("+31119123500", A, operator=OperatorNumber("101"))
AREA = Area(
    municipalities=MUNICIPALITIES,
    shared_numbers={
        "140119": SharedNumber(
            "140119", (Member(A, 1), Member(B, 3), Member(D, 4, technical_since=date(2026, 7, 1))), A
        ),
        "140179": SharedNumber("140179", (Member(C, 1),)),
        "14020": SharedNumber("14020", (Member(D, 1, technical_since=date(2026, 7, 1)),)),
    },
    direct_numbers={DIRECT.e164: DIRECT},
)


def calamity(
    municipality: MunicipalityCode, then: AfterCalamity = AfterCalamity.QUEUE, text: str = "Er is geen water."
) -> Calamity:
    return Calamity(municipality, MONDAY_NOON - timedelta(hours=1), None, text, then, "101")


def with_calamities(*calamities: Calamity) -> Area:
    return replace(AREA, calamities=calamities)


@pytest.mark.parametrize("dialled", ["140119", "14 0119", "0140014" + "0119", "+31140119", "0031140119"])
def test_a_shared_number_asks_for_the_municipality(dialled: str) -> None:
    found = entry(AREA, dialled, MONDAY_NOON)
    assert found == AskMunicipality(SharedNumber("140119", (Member(A, 1), Member(B, 3)), A))


@pytest.mark.parametrize(
    ("dialled", "found"),
    [
        ("140179", Known(C, "140179")),
        ("+31119123401", Known(A)),
        ("0119 123401", Known(A)),
        ("31119123401", Known(A)),
        ("0119123500", Direct(DIRECT)),
        ("14020", NotServed(NotServedWhy.NO_MEMBER_YET)),
        ("14030", NotServed(NotServedWhy.NOT_OURS)),
        ("0201234567", NotServed(NotServedWhy.NOT_OURS)),
        ("1400", NotServed(NotServedWhy.NOT_A_NUMBER)),
        ("", NotServed(NotServedWhy.NOT_A_NUMBER)),
        ("1" * 300, NotServed(NotServedWhy.NOT_A_NUMBER)),
    ],
)
def test_other_numbers_ask_nothing(dialled: str, found: object) -> None:
    assert entry(AREA, dialled, MONDAY_NOON) == found


def test_a_member_is_on_offer_from_the_day_it_is_connected_until_it_merges() -> None:
    def keys(now: datetime) -> list[int]:
        return [member.key for member in offered(AREA, "140119", now).members]

    assert keys(datetime(2026, 6, 30, 21, 59, tzinfo=UTC)) == [1, 3]
    assert keys(datetime(2026, 6, 30, 22, 0, tzinfo=UTC)) == [1, 3, 4]  # midnight in the Netherlands
    assert keys(datetime(2027, 1, 1, 12, tzinfo=UTC)) == [1, 3]
    assert entry(AREA, "14020", datetime(2026, 7, 1, 12, tzinfo=UTC)) == Known(D, "14020")


def test_a_menu_key_belongs_to_one_municipality_or_none() -> None:
    shared = offered(AREA, "140119", MONDAY_NOON)
    assert [choose(shared, digit) for digit in "0123456789*#"] == [None, A, None, B, *[None] * 8]
    assert choose(shared, "") is None
    assert choose(shared, "11") is None


def test_a_caller_who_does_not_choose_goes_to_the_default_if_that_is_offered() -> None:
    assert default_choice(AREA, "140119", MONDAY_NOON) == A
    assert default_choice(AREA, "140179", MONDAY_NOON) is None
    not_yet = replace(AREA, shared_numbers={"140119": replace(AREA.shared_numbers["140119"], default=D)})
    assert default_choice(not_yet, "140119", MONDAY_NOON) is None
    assert default_choice(not_yet, "140119", datetime(2026, 7, 1, 12, tzinfo=UTC)) == D


def test_a_number_that_left_the_area_has_no_members() -> None:
    assert offered(AREA, "14099", MONDAY_NOON).members == ()
    assert offered(AREA, None, MONDAY_NOON).members == ()
    assert default_choice(AREA, "14099", MONDAY_NOON) is None
    assert admit(AREA, None, "14099", MONDAY_NOON) == Closed(ClosedWhy.HOURS, None, None)
    assert admit(AREA, None, None, MONDAY_NOON) == Closed(ClosedWhy.HOURS, None, None)
    assert admit(AREA, MunicipalityCode("GM0000"), "140119", MONDAY_NOON) == Open()


def test_open_and_closed() -> None:
    tomorrow = datetime(2026, 6, 2, 6, 30, tzinfo=UTC)
    assert admit(AREA, A, "140119", MONDAY_NOON) == Open()
    assert admit(AREA, A, "140119", MONDAY_EVENING) == Closed(ClosedWhy.HOURS, None, tomorrow)
    kings_day = datetime(2026, 4, 27, 10, tzinfo=UTC)
    assert admit(AREA, A, None, kings_day) == Closed(
        ClosedWhy.LEGAL_DAY, "Koningsdag", datetime(2026, 4, 28, 6, 30, tzinfo=UTC)
    )


def test_the_question_is_asked_while_one_member_is_open() -> None:
    shared = offered(AREA, "140119", MONDAY_NOON)
    only_a_is_open = datetime(2026, 6, 1, 7, tzinfo=UTC)
    assert admit_shared(AREA, shared, only_a_is_open) == Open()
    assert admit(AREA, None, "140119", only_a_is_open) == Open()
    assert isinstance(admit(AREA, B, "140119", only_a_is_open), Closed)
    first_opening = datetime(2026, 6, 2, 6, 30, tzinfo=UTC)
    assert admit_shared(AREA, shared, MONDAY_EVENING) == Closed(ClosedWhy.HOURS, None, first_opening)
    kings_day = admit_shared(AREA, shared, datetime(2026, 4, 27, 10, tzinfo=UTC))
    assert isinstance(kings_day, Closed)
    assert (kings_day.why, kings_day.name) == (ClosedWhy.LEGAL_DAY, "Koningsdag")


def test_members_that_are_closed_for_different_reasons_are_simply_closed() -> None:
    open_days = {A: replace(MUNICIPALITIES[A], open_on_days=frozenset({date(2026, 4, 27)})), B: MUNICIPALITIES[B]}
    area = replace(AREA, municipalities=MUNICIPALITIES | open_days)
    admission = admit(area, None, "140119", datetime(2026, 4, 27, 18, tzinfo=UTC))
    assert isinstance(admission, Closed)
    assert (admission.why, admission.name) == (ClosedWhy.HOURS, None)


def test_a_calamity_is_heard_first_by_day_and_by_night() -> None:
    flood = calamity(A)
    area = with_calamities(flood)
    assert admit(area, A, "140119", MONDAY_NOON) == Open((flood,))
    night = admit(area, A, "140119", MONDAY_EVENING)
    assert isinstance(night, Closed)
    assert night.calamities == (flood,)
    assert admit(area, B, "140119", MONDAY_NOON) == Open()


def test_a_calamity_may_end_the_call() -> None:
    flood = calamity(A, AfterCalamity.END)
    for now in (MONDAY_NOON, MONDAY_EVENING):
        assert admit(with_calamities(flood), A, "140119", now) == CalamityOnly((flood,))


def test_a_calamity_begins_and_ends() -> None:
    flood = replace(calamity(A), until_at=MONDAY_NOON)
    assert admit(with_calamities(flood), A, None, MONDAY_NOON - timedelta(seconds=1)) == Open((flood,))
    assert admit(with_calamities(flood), A, None, MONDAY_NOON) == Open()
    assert admit(with_calamities(flood), A, None, flood.from_at - timedelta(seconds=1)) == Open()


def test_the_calamity_that_was_set_last_is_announced() -> None:
    first = calamity(A, text="Het water is op.")
    second = replace(calamity(A, text="Er is weer water."), from_at=MONDAY_NOON)
    assert admit(with_calamities(second, first), A, None, MONDAY_NOON) == Open((second,))


def test_before_the_menu_only_a_calamity_of_all_members_is_announced() -> None:
    shared = offered(AREA, "140119", MONDAY_NOON)
    one, other = calamity(A), calamity(B, text="Er is brand.")
    assert admit_shared(with_calamities(one), shared, MONDAY_NOON) == Open()
    assert admit_shared(with_calamities(one, other), shared, MONDAY_NOON) == Open()
    assert admit(with_calamities(one, other), None, "140119", MONDAY_NOON) == Open((one, other))
    assert admit(with_calamities(one), None, "140119", MONDAY_NOON) == Open()
    end_one, end_other = calamity(A, AfterCalamity.END), calamity(B, AfterCalamity.END)
    assert admit_shared(with_calamities(end_one), shared, MONDAY_NOON) == Open()
    both = admit_shared(with_calamities(end_one, end_other), shared, MONDAY_NOON)
    assert isinstance(both, CalamityOnly)
    assert [text.text for text in both.calamities] == ["Er is geen water."]  # the same text is heard once


def test_when_all_are_closed_nobody_chooses_so_every_text_is_heard() -> None:
    shared = offered(AREA, "140119", MONDAY_EVENING)
    flood = calamity(A, AfterCalamity.END)
    night = admit_shared(with_calamities(flood), shared, MONDAY_EVENING)
    assert isinstance(night, Closed)
    assert night.calamities == (flood,)


PERSON, DEPUTY = Target(operator=OperatorNumber("101")), Target(endpoint=Endpoint("PJSIP/phone30"))


@pytest.mark.parametrize(
    ("number", "rung", "following"),
    [
        (replace(DIRECT, deputy_endpoint=DEPUTY.endpoint), PERSON, DEPUTY),
        (replace(DIRECT, deputy_endpoint=DEPUTY.endpoint), DEPUTY, None),
        (replace(DIRECT, deputy_operator=OperatorNumber("102")), PERSON, Target(operator=OperatorNumber("102"))),
        (DIRECT, PERSON, None),
        (replace(DIRECT, operator=OperatorNumber("103"), deputy_endpoint=DEPUTY.endpoint), PERSON, None),
        (None, PERSON, None),
    ],
    ids=["a phone", "after the deputy", "an operator", "no deputy", "another person by now", "no such number by now"],
)
def test_after_the_person_of_a_direct_number_its_deputy_rings_once(
    number: DirectNumber | None, rung: Target, following: Target | None
) -> None:
    assert rung_next(number, rung) == following


def test_a_direct_number_is_found_in_any_notation() -> None:
    assert direct_number(AREA, "0119123500") == DIRECT
    assert direct_number(AREA, "140119") is None
