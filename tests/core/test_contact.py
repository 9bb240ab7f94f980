"""What is published of a municipality: its numbers, which lead to one queue, and when it is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from ari_app.core.area import (
    AfterCalamity,
    Area,
    Calamity,
    Closing,
    DirectNumber,
    Member,
    Municipality,
    OpeningSpan,
    SharedNumber,
)
from ari_app.core.calendar import DESIGNATED_DAYS, ClosedNow, OpenNow
from ari_app.core.contact import Exceptional, contact_data, has_same_access, without_same_access
from ari_app.core.ids import MunicipalityCode, OperatorNumber

pytestmark = pytest.mark.pure

OOSTERWENDE, WIERDAM = MunicipalityCode("GM9901"), MunicipalityCode("GM9904")
OFFICE = {day: (OpeningSpan(time(8, 30), time(17)),) for day in range(5)}
ALWAYS = {day: (OpeningSpan(time(0), time(0)),) for day in range(7)}
MONDAY = datetime(2026, 11, 30, 10, tzinfo=UTC)
ABROAD, ABROAD_TOO = "+31119990100", "+31119990400"


def town(code: MunicipalityCode, name: str, *numbers: str, **more: object) -> Municipality:
    return replace(Municipality(code, name, hours=OFFICE, geographic_numbers=numbers), **more)  # type: ignore[arg-type]


def area_of(*towns: Municipality, **more: object) -> Area:
    members = tuple(Member(one.code, key) for key, one in enumerate(towns, 1))
    base = Area(
        municipalities={one.code: one for one in towns},
        shared_numbers={"140119": SharedNumber("140119", members)},
        special_days=DESIGNATED_DAYS,
    )
    return replace(base, **more)  # type: ignore[arg-type]


TWO = area_of(town(OOSTERWENDE, "Oosterwende", ABROAD), town(WIERDAM, "Wierdam", ABROAD_TOO))


def test_the_number_from_abroad_enters_the_same_queue_as_the_14_number() -> None:
    for area in (TWO, area_of(town(OOSTERWENDE, "Oosterwende", ABROAD))):
        for code, one in area.municipalities.items():
            for moment in (MONDAY, MONDAY + timedelta(hours=12)):  # open, and closed
                assert has_same_access(area, "140119", one.geographic_numbers[0], code, moment)
        assert list(without_same_access(area, MONDAY)) == []
    assert not has_same_access(TWO, "140119", ABROAD_TOO, OOSTERWENDE, MONDAY), "another municipality's"
    assert not has_same_access(TWO, "140119", "+31119999999", OOSTERWENDE, MONDAY)


def test_a_calamity_is_heard_on_both() -> None:
    for then in AfterCalamity:
        calamity = Calamity(OOSTERWENDE, MONDAY, None, "Brand", then, "test")
        area = replace(TWO, calamities=(calamity,))
        assert has_same_access(area, "140119", ABROAD, OOSTERWENDE, MONDAY)
        found = contact_data(area, OOSTERWENDE, MONDAY)
        assert found is not None and found.calamities == (calamity,)
        other = contact_data(area, WIERDAM, MONDAY)
        assert other is not None and other.calamities == ()
        later = replace(calamity, from_at=MONDAY + timedelta(hours=1))
        found = contact_data(replace(TWO, calamities=(later,)), OOSTERWENDE, MONDAY)
        assert found is not None and found.calamities == (), "not yet"


@pytest.mark.parametrize(
    ("area", "says"),
    [
        (area_of(town(OOSTERWENDE, "Oosterwende")), (OOSTERWENDE, "has no geographic number")),
        (
            replace(
                TWO,
                direct_numbers={ABROAD: DirectNumber(ABROAD, OOSTERWENDE, operator=OperatorNumber("101"))},
            ),
            (OOSTERWENDE, f"{ABROAD} leads elsewhere than its 14-number"),  # it rings a person
        ),
        (
            area_of(town(OOSTERWENDE, "Oosterwende", ABROAD), town(WIERDAM, "Wierdam", ABROAD)),
            (WIERDAM, f"{ABROAD} leads elsewhere than its 14-number"),
        ),
    ],
)
def test_one_that_does_not_is_told_and_not_published(area: Area, says: tuple[MunicipalityCode, str]) -> None:
    assert list(without_same_access(area, MONDAY)) == [says]
    found = contact_data(area, says[0], MONDAY)
    assert found is not None and found.abroad == ()
    assert found.shared_numbers == ("140119",)


def test_a_14_number_is_published_from_the_day_on_which_it_works() -> None:
    first = MONDAY.date() + timedelta(days=1)
    shared = SharedNumber("140119", (Member(OOSTERWENDE, 1, technical_since=first),))
    area = replace(TWO, shared_numbers={"140119": shared})
    before, after = (contact_data(area, OOSTERWENDE, moment) for moment in (MONDAY, MONDAY + timedelta(days=1)))
    assert before is not None and before.shared_numbers == () and before.abroad == (ABROAD,)
    assert after is not None and after.shared_numbers == ("140119",)


def test_nothing_is_known_of_another_or_of_one_that_is_no_more() -> None:
    assert contact_data(TWO, MunicipalityCode("GM0363"), MONDAY) is None
    gone = area_of(town(OOSTERWENDE, "Oosterwende", valid_until=MONDAY.date()))
    assert contact_data(gone, OOSTERWENDE, MONDAY) is None
    assert list(without_same_access(gone, MONDAY)) == []


def exceptions(one: Municipality, now: datetime = MONDAY) -> tuple[Exceptional, ...]:
    found = contact_data(area_of(one), one.code, now)
    assert found is not None
    return found.exceptions


def test_legal_days_that_are_working_days_are_exceptions_with_their_names() -> None:
    found = {(one.first, one.last): one.name for one in exceptions(town(OOSTERWENDE, "Oosterwende"))}
    assert found[date(2026, 12, 25), date(2026, 12, 25)] == "Eerste Kerstdag"
    assert (date(2026, 12, 26), date(2026, 12, 26)) not in found, "a Saturday is closed all the same"
    assert found[date(2027, 1, 1), date(2027, 1, 1)] == "Nieuwjaarsdag"
    assert found[date(2027, 5, 7), date(2027, 5, 7)] == "dag na Hemelvaartsdag", "of a royal decree"
    assert all(one.spans == () for one in exceptions(town(OOSTERWENDE, "Oosterwende")))
    open_on = town(OOSTERWENDE, "Oosterwende", open_on_days=frozenset({date(2027, 3, 26)}))
    assert date(2027, 3, 26) not in {one.first for one in exceptions(open_on)}
    always = town(OOSTERWENDE, "Oosterwende", hours=ALWAYS, open_on_legal_days=True)
    assert exceptions(always) == ()


def test_a_part_of_a_day_and_a_row_of_days_are_told_as_such() -> None:
    part = Closing(datetime(2026, 12, 3, 14, tzinfo=UTC), datetime(2026, 12, 3, 23, tzinfo=UTC), "Personeelsdag")
    days = Closing(datetime(2026, 12, 7, 0, tzinfo=UTC), datetime(2026, 12, 9, 23, tzinfo=UTC), "Verhuizing")
    first, second, *_ = exceptions(town(OOSTERWENDE, "Oosterwende", closings=(part, days)))
    assert first == Exceptional(
        date(2026, 12, 3), date(2026, 12, 3), (OpeningSpan(time(8, 30), time(15)),), "Personeelsdag"
    )
    assert second == Exceptional(date(2026, 12, 7), date(2026, 12, 9), (), "Verhuizing")


def test_why_somebody_closes_early_is_told_to_nobody_outside() -> None:
    """The page on which they do says that the reason is for themselves and their colleagues."""
    early = Closing(datetime(2026, 12, 3, 14, tzinfo=UTC), datetime(2026, 12, 3, 23, tzinfo=UTC), "ziek", is_early=True)
    first, *_ = exceptions(town(OOSTERWENDE, "Oosterwende", closings=(early,)))
    assert first == Exceptional(date(2026, 12, 3), date(2026, 12, 3), (OpeningSpan(time(8, 30), time(15)),), "")


def test_the_days_on_which_the_clock_changes_are_no_exceptions() -> None:
    always = town(OOSTERWENDE, "Oosterwende", hours=ALWAYS, open_on_legal_days=True)
    night = town(OOSTERWENDE, "Oosterwende", hours={6: (OpeningSpan(time(1), time(5)),)})
    for one in (always, night):
        assert [found for found in exceptions(one) if found.first.month in (3, 10)] == []


def test_whether_it_is_open_is_that_of_the_calls() -> None:
    found = contact_data(TWO, OOSTERWENDE, MONDAY)
    assert found is not None
    assert found.state == OpenNow(datetime(2026, 11, 30, 16, tzinfo=UTC))
    assert found.openings[0] == (datetime(2026, 11, 30, 7, 30, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC))
    at_night = contact_data(TWO, OOSTERWENDE, MONDAY + timedelta(hours=12))
    assert at_night is not None and isinstance(at_night.state, ClosedNow)
