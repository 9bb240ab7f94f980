"""The presence behind an entry, its deputy, and the faults that the nightly check finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from ari_app.core.area import (
    Area,
    CheckResult,
    DirectoryEntry,
    EntryKind,
    Municipality,
    OpeningSpan,
    Operator,
    Team,
)
from ari_app.core.directory_check import Sightings, Standing, check, presence, stand_in, standing
from ari_app.core.ids import Endpoint, EntryCode, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.operators import OperatorState
from ari_app.core.presence import Presence, presence_of

pytestmark = pytest.mark.pure

A, B = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
EVENING = datetime(2026, 6, 1, 18, tzinfo=UTC)
OFFICE = {day: (OpeningSpan(time(8, 30), time(17)),) for day in range(5)}
KCC, EMPTY = TeamCode("kcc"), TeamCode("empty")
ANNA, BRAM = OperatorNumber("101"), OperatorNumber("102")
PHONE, OTHER = Endpoint("PJSIP/phone09"), Endpoint("PJSIP/phone10")


def entry(code: str, **more: object) -> DirectoryEntry:
    target = more.keys() & {"pii_number", "operator", "team", "queue", "endpoint"}
    plain = DirectoryEntry(EntryCode(code), EntryKind.PERSON, code.capitalize(), A, endpoint=None if target else PHONE)
    return replace(plain, **more)  # type: ignore[arg-type]


def area(*entries: DirectoryEntry) -> Area:
    return Area(
        municipalities={A: Municipality(A, "Oosterwende", hours=OFFICE), B: Municipality(B, "Zandermeer")},
        teams={KCC: Team(KCC, "KCC", serves=(A,)), EMPTY: Team(EMPTY, "Leeg", serves=(B,))},
        operators={ANNA: Operator(ANNA, "Anna", (KCC,)), BRAM: Operator(BRAM, "Bram", (KCC,))},
        entries={one.code: one for one in entries},
    )


def test_a_phone_is_free_busy_or_unreachable() -> None:
    assert presence_of(True, 0) is Presence.FREE
    assert presence_of(True, 1) is Presence.BUSY
    assert presence_of(False, 0) is Presence.UNREACHABLE


@pytest.mark.parametrize(
    ("phones", "expected"),
    [
        ({PHONE: Presence.FREE}, Presence.FREE),
        ({PHONE: Presence.BUSY}, Presence.BUSY),
        ({PHONE: Presence.UNREACHABLE}, Presence.UNREACHABLE),
        ({}, Presence.UNREACHABLE),  # Asterisk does not know it
        (None, Presence.UNKNOWN),  # Asterisk could not be asked
    ],
)
def test_an_entry_with_a_phone_is_as_present_as_the_phone(
    phones: dict[Endpoint, Presence] | None, expected: Presence
) -> None:
    one = entry("willem")
    assert presence(area(one), one, Sightings(phones)) is expected


@pytest.mark.parametrize(
    ("anna", "bram", "of_anna", "of_all"),
    [
        (None, None, Presence.UNREACHABLE, Presence.UNREACHABLE),
        ("away", "away", Presence.UNREACHABLE, Presence.UNREACHABLE),
        ("ready", None, Presence.FREE, Presence.FREE),
        ("talking", "ready", Presence.BUSY, Presence.FREE),
        ("paused", "wrap_up", Presence.BUSY, Presence.BUSY),
        (None, "offered", Presence.UNREACHABLE, Presence.BUSY),
    ],
)
def test_a_team_or_a_queue_is_free_as_soon_as_one_operator_is(
    anna: str | None, bram: str | None, of_anna: Presence, of_all: Presence
) -> None:
    states = {ANNA: anna, BRAM: bram}
    seen = Sightings({}, {number: OperatorState(state) for number, state in states.items() if state is not None})
    person, team, queue = entry("anna", operator=ANNA), entry("team", team=KCC), entry("queue", queue=A)
    plan = area(person, team, queue)
    assert presence(plan, person, seen) is of_anna
    assert presence(plan, team, seen) is of_all
    assert presence(plan, queue, seen) is of_all


def test_the_presence_of_a_number_outside_is_unknown() -> None:
    mobile = entry("mobile", pii_number="+31612345678")
    assert standing(area(mobile), mobile, Sightings({}), NOON) is Standing.UNKNOWN


def test_an_entry_is_closed_or_not_valid_even_when_somebody_is_there() -> None:
    seen = Sightings({PHONE: Presence.FREE}, {ANNA: OperatorState.READY})
    office, gone = entry("office", hours=OFFICE), entry("gone", valid_until=date(2026, 6, 1))
    queue, closed_queue = entry("queue", queue=A), entry("closed", queue=B)
    plan = area(office, gone, queue, closed_queue)
    assert standing(plan, office, seen, NOON) is Standing.FREE
    assert standing(plan, office, seen, EVENING) is Standing.CLOSED
    assert standing(plan, gone, seen, NOON) is Standing.NOT_VALID
    assert standing(plan, queue, seen, NOON) is Standing.FREE
    assert standing(plan, queue, seen, EVENING) is Standing.CLOSED
    assert standing(plan, closed_queue, seen, NOON) is Standing.CLOSED


def test_the_first_deputy_who_can_be_reached_stands_in() -> None:
    first = entry("first", deputy=EntryCode("second"))
    second = entry("second", deputy=EntryCode("third"), hours=OFFICE)
    third = entry("third", endpoint=OTHER)
    plan = area(first, second, third)
    alive = Sightings({PHONE: Presence.FREE, OTHER: Presence.BUSY})
    dead = Sightings({OTHER: Presence.BUSY})
    assert stand_in(plan, first, None, alive, NOON) == second
    assert stand_in(plan, first, None, alive, EVENING) == third
    assert stand_in(plan, first, None, dead, NOON) == third
    assert stand_in(plan, first, None, Sightings({}), NOON) is None
    assert stand_in(plan, first, frozenset({B}), alive, NOON) is None


@pytest.mark.parametrize(
    ("one", "result"),
    [
        (entry("x"), CheckResult.FINE),
        (entry("x", endpoint=OTHER), CheckResult.UNREACHABLE),
        (entry("x", endpoint=Endpoint("PJSIP/nobody")), CheckResult.UNREACHABLE),
        (entry("x", operator=ANNA), CheckResult.FINE),  # away at night
        (entry("x", operator=OperatorNumber("999")), CheckResult.TARGET_MISSING),
        (entry("x", team=KCC), CheckResult.FINE),
        (entry("x", team=EMPTY), CheckResult.TARGET_MISSING),
        (entry("x", queue=A), CheckResult.FINE),
        (entry("x", queue=B), CheckResult.TARGET_MISSING),  # nobody answers for it
        (entry("x", pii_number="+31612345678"), CheckResult.FINE),
        (entry("x", pii_number="+319001234"), CheckResult.NUMBER_REFUSED),
        (entry("x", pii_number="+3225551212"), CheckResult.NUMBER_REFUSED),
        (entry("x", valid_until=date(2026, 6, 1)), CheckResult.EXPIRED),
        (entry("x", valid_from=date(2027, 1, 1)), CheckResult.FINE),
        (entry("x", extension="101"), CheckResult.EXTENSION_CLASHES),
        (entry("x", deputy=EntryCode("y")), CheckResult.DEPUTY_MISSING),
        (entry("x", deputy=EntryCode("dead")), CheckResult.DEPUTY_UNREACHABLE),
        (entry("x", deputy=EntryCode("expired")), CheckResult.DEPUTY_MISSING),
        (entry("x", endpoint=OTHER, deputy=EntryCode("y")), CheckResult.UNREACHABLE),
    ],
)
def test_the_check_finds_the_worst_fault_of_an_entry(one: DirectoryEntry, result: CheckResult) -> None:
    plan = area(one, entry("dead", endpoint=OTHER), entry("expired", valid_until=date(2020, 1, 1)))
    night = datetime(2026, 6, 1, 1, tzinfo=UTC)
    seen = Sightings({PHONE: Presence.FREE, OTHER: Presence.UNREACHABLE})
    assert check(plan, seen, night)[one.code] is result
