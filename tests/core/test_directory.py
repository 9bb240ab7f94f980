"""The destination of a keyed number, and the entries that an operator may not see."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.area import (
    Area,
    CheckResult,
    Closing,
    DirectNumber,
    DirectoryEntry,
    EntryKind,
    Municipality,
    OpeningSpan,
    Operator,
    Team,
)
from ari_app.core.destinations import Destination, NoDestination
from ari_app.core.directory import (
    OUTSIDE,
    clash,
    deputies,
    extension_refusal,
    is_open,
    is_visible,
    resolve,
)
from ari_app.core.ids import Endpoint, EntryCode, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.operator_commands import RefusalReason

pytestmark = pytest.mark.pure

A, B, C = (MunicipalityCode(f"GM990{n}") for n in range(1, 4))
MONDAY_NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
MONDAY_EVENING = datetime(2026, 6, 1, 18, tzinfo=UTC)
SUNDAY = datetime(2026, 6, 7, 10, tzinfo=UTC)
OFFICE = {day: (OpeningSpan(time(8, 30), time(17)),) for day in range(5)}
ALL_DAY = {day: (OpeningSpan(time(0), time(0)),) for day in range(7)}


def entry(code: str, extension: str | None, owner: MunicipalityCode = A, **more: object) -> DirectoryEntry:
    plain = DirectoryEntry(
        EntryCode(code),
        EntryKind.PERSON,
        code.capitalize(),
        owner,
        extension=extension,
        endpoint=Endpoint(f"PJSIP/{code}"),
    )
    if more.keys() & {"pii_number", "operator", "team", "queue"}:
        more = {"endpoint": None} | more
    return replace(plain, **more)  # type: ignore[arg-type]


PLAN = (
    entry("willem", "2010"),
    entry("taxes", "2020", hours=OFFICE, deputy=EntryCode("willem")),
    entry("zoe", "3010", B),
    entry("police", "3020", B, shared=True, pii_number="+31119990999"),
    entry("queue-b", "3030", B, shared=True, queue=B),
    entry("gone", "2030", valid_until=date(2026, 1, 1), deputy=EntryCode("taxes")),
    entry("not-yet", "2031", valid_from=date(2027, 1, 1)),
    entry("paid", "2040", pii_number="+319001234"),
    entry("silent", None),
)
AREA = Area(
    municipalities={
        A: Municipality(A, "Oosterwende", hours=ALL_DAY, geographic_numbers=("+31119990100",)),
        B: Municipality(B, "Zandermeer", hours=OFFICE),
        C: Municipality(C, "Lindekerk"),
    },
    direct_numbers={"+31119990105": DirectNumber("+31119990105", A, operator=OperatorNumber("101"))},
    teams={
        TeamCode("both"): Team(TeamCode("both"), "Both", serves=(A,), helps=(B,)),
        TeamCode("c"): Team(TeamCode("c"), "C", serves=(C,)),
    },
    operators={
        OperatorNumber("101"): Operator(OperatorNumber("101"), "Anna", (TeamCode("both"),)),
        OperatorNumber("102"): Operator(OperatorNumber("102"), "Bram", (TeamCode("c"),)),
    },
    entries={one.code: one for one in PLAN},
)
IN_A = frozenset({A})


def _to(keyed: str, now: datetime = MONDAY_NOON, area: Area = AREA) -> Destination:
    found = resolve(area, keyed, IN_A, now)
    assert isinstance(found, Destination)
    return found


def _why(keyed: str, now: datetime = MONDAY_NOON, scope: frozenset[MunicipalityCode] = IN_A) -> RefusalReason | None:
    found = resolve(AREA, keyed, scope, now)
    return found.reason if isinstance(found, NoDestination) else None


def test_an_extension_is_its_entry() -> None:
    assert _to("2010") == Destination("2010", endpoint=Endpoint("PJSIP/willem"))


@pytest.mark.parametrize("keyed", ["0612345678", "0031612345678", "+31612345678", "06-12 34 56 78"])
def test_a_number_outside_in_every_notation(keyed: str) -> None:
    assert _to(keyed) == Destination(OUTSIDE, pii_number="+31612345678", must_accept=True)


@pytest.mark.parametrize(
    ("keyed", "why"),
    [
        ("9999", RefusalReason.UNKNOWN_DESTINATION),
        ("1", RefusalReason.UNKNOWN_DESTINATION),
        ("201", RefusalReason.UNKNOWN_DESTINATION),
        ("20100", RefusalReason.UNKNOWN_DESTINATION),
        ("102", RefusalReason.UNKNOWN_DESTINATION),  # an operator of another municipality
        ("", RefusalReason.UNKNOWN_DESTINATION),
        ("*8", RefusalReason.UNKNOWN_DESTINATION),
        ("0", RefusalReason.UNKNOWN_DESTINATION),
        ("0201234", RefusalReason.UNKNOWN_DESTINATION),
        ("14020", RefusalReason.UNKNOWN_DESTINATION),
        ("112", RefusalReason.UNKNOWN_DESTINATION),
        ("09001234", RefusalReason.PAID_SERVICE),
        ("1888", RefusalReason.PAID_SERVICE),
        ("00319001234", RefusalReason.PAID_SERVICE),
        ("003225551212", RefusalReason.PAID_SERVICE),  # abroad
        ("00881612345678", RefusalReason.PAID_SERVICE),
        ("2031", RefusalReason.NOT_NOW),
        ("2040", RefusalReason.PAID_SERVICE),  # it was imported, and became one later
    ],
)
def test_a_number_that_reaches_nobody_is_refused_with_the_reason(keyed: str, why: RefusalReason) -> None:
    assert _why(keyed) is why


def test_an_open_country_is_reached() -> None:
    area = replace(AREA, callable_countries=frozenset({"BE"}))
    assert _to("003225551212", area=area).pii_number == "+3225551212"


def test_an_operators_own_number_reaches_them() -> None:
    assert _to("101") == Destination("101", operator=OperatorNumber("101"))


def test_our_own_number_leads_to_its_queue_or_operator_without_a_new_call() -> None:
    assert _to("0119990100") == Destination(A, queue=A)
    assert _to("0031119990105") == Destination("101", operator=OperatorNumber("101"))


def test_a_closed_entry_names_its_deputy() -> None:
    assert _to("2020").endpoint == "PJSIP/taxes"
    assert resolve(AREA, "2020", IN_A, MONDAY_EVENING) == NoDestination(RefusalReason.NOT_NOW, ("2010",))


def test_an_entry_with_hours_is_closed_on_legal_days_and_one_without_never() -> None:
    whit_monday = datetime(2026, 5, 25, 10, tzinfo=UTC)
    assert _why("2020", whit_monday) is RefusalReason.NOT_NOW
    assert _why("2010", whit_monday) is None


def test_an_entry_with_hours_is_closed_when_its_municipality_is() -> None:
    outing = Closing(MONDAY_NOON - timedelta(hours=1), MONDAY_NOON + timedelta(hours=1), "personeelsuitje")
    towns = {**AREA.municipalities, A: replace(AREA.municipalities[A], closings=(outing,))}
    assert not is_open(replace(AREA, municipalities=towns), AREA.entries[EntryCode("taxes")], MONDAY_NOON)


def test_deputies_are_named_in_order_without_those_who_are_closed() -> None:
    assert resolve(AREA, "2030", IN_A, MONDAY_NOON) == NoDestination(RefusalReason.NOT_NOW, ("2020", "2010"))
    assert resolve(AREA, "2030", IN_A, MONDAY_EVENING) == NoDestination(RefusalReason.NOT_NOW, ("2010",))


def test_deputies_in_a_circle_are_each_named_once() -> None:
    one = entry("one", "2001", deputy=EntryCode("two"))
    two = entry("two", "2002", deputy=EntryCode("one"))
    area = replace(AREA, entries={one.code: one, two.code: two})
    assert list(deputies(area, one, None)) == [two]


# --- one municipality never sees another's data ---


def test_another_municipalitys_extension_is_as_unknown_as_one_that_does_not_exist() -> None:
    assert resolve(AREA, "3010", IN_A, MONDAY_NOON) == resolve(AREA, "3011", IN_A, MONDAY_NOON)
    assert resolve(AREA, "3010", frozenset(), MONDAY_NOON) == NoDestination(RefusalReason.UNKNOWN_DESTINATION)
    assert isinstance(resolve(AREA, "3010", frozenset({A, B}), MONDAY_NOON), Destination)


def test_a_shared_entry_may_be_used_by_everybody() -> None:
    for scope in (IN_A, frozenset({C}), frozenset[MunicipalityCode]()):
        assert isinstance(resolve(AREA, "3020", scope, MONDAY_NOON), Destination)


def test_a_deputy_of_another_municipality_is_not_named() -> None:
    crossing = entry("crossing", "2050", hours={}, deputy=EntryCode("zoe"))
    area = replace(AREA, entries={**AREA.entries, crossing.code: crossing})
    assert resolve(area, "2050", IN_A, MONDAY_NOON) == NoDestination(RefusalReason.NOT_NOW)


@given(
    scope=st.frozensets(st.sampled_from([A, B, C])),
    keyed=st.one_of(st.sampled_from(sorted(AREA.by_extension)), st.text("0123456789*#+ ", max_size=12)),
    now=st.sampled_from([MONDAY_NOON, MONDAY_EVENING, SUNDAY]),
)
def test_no_keyed_number_reveals_an_entry_out_of_scope(
    scope: frozenset[MunicipalityCode], keyed: str, now: datetime
) -> None:
    found = resolve(AREA, keyed, scope, now)
    shown = {*found.deputies} if isinstance(found, NoDestination) else {*found.deputies, found.party}
    assert all(is_visible(one, scope) for one in AREA.entries.values() if one.extension in shown)


# --- extensions ---


@pytest.mark.parametrize("extension", ["10", "101", "2010", "9001", "6712", "199999"])
def test_numbers_that_can_be_an_extension(extension: str) -> None:
    assert extension_refusal(extension) is None


@pytest.mark.parametrize("extension", ["", "1", "1234567", "010", "0", "12a", "112", "144", "1400", "14020", "1888"])
def test_numbers_that_would_be_mistaken_for_another_number(extension: str) -> None:
    assert extension_refusal(extension) is not None


def test_an_extension_belongs_to_one_entry_and_is_no_other_operators_number() -> None:
    assert clash(AREA, AREA.entries[EntryCode("willem")]) is None
    assert clash(AREA, entry("new", None)) is None
    assert "willem" in (clash(AREA, entry("new", "2010")) or "")
    assert "operator" in (clash(AREA, entry("new", "101")) or "")
    assert clash(AREA, entry("anna", "101", operator=OperatorNumber("101"))) is None


def test_the_outcome_of_the_nightly_check_does_not_make_entries_differ() -> None:
    one = AREA.entries[EntryCode("willem")]
    assert replace(one, last_checked_at=MONDAY_NOON, last_check=CheckResult.UNREACHABLE) == one
