"""The periods of personal data: what may stand in an area file, the first moment that is kept, every column's kind."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.reader import read_area
from ari_app.area_file.render import render_area
from ari_app.core.area import Area
from ari_app.core.ids import MunicipalityCode
from ari_app.core.retention import MAXIMUM_DAYS, MINIMUM_DAYS, DataKind, Retention
from ari_app.core.retention_rules import AREA_COLUMNS, PASSING_COLUMNS, PERSONAL_COLUMNS, kept_from, shared_periods
from ari_app.storage import tables

pytestmark = pytest.mark.pure

CODE = MunicipalityCode("GM9901")
CHOSEN = {"numbers_days": 60, "facts_days": 35, "callbacks_days": 120, "reminders_days": 40, "audit_days": 800}


def area_file(**days: object) -> str:
    periods = "".join(f"{name} = {value}\n" for name, value in days.items())
    return f'[[municipality]]\ncode = "{CODE}"\nname = "Oosterwende"\n[municipality.retention]\n{periods}'


def refusal(**days: object) -> str:
    with pytest.raises(AreaRefused) as refused:
        read_area(area_file(**days), Area())
    return str(refused.value)


def test_periods_come_from_the_file_and_go_back_into_it() -> None:
    read = read_area(area_file(**CHOSEN), Area()).named
    assert read.municipalities[CODE].retention == Retention(**CHOSEN)
    written = render_area(read, {}, {})
    assert read_area(written, Area()).named == read


def test_without_the_table_the_defaults_hold_and_are_not_written() -> None:
    read = read_area(f'[[municipality]]\ncode = "{CODE}"\nname = "Oosterwende"\n', Area()).named
    assert read.municipalities[CODE].retention == Retention()
    assert "retention" not in render_area(read, {}, {})


@pytest.mark.parametrize("kind", DataKind)
def test_a_period_that_is_missing_is_refused_with_its_name(kind: DataKind) -> None:
    name = f"{kind}_days"
    says = refusal(**{key: value for key, value in CHOSEN.items() if key != name})
    assert f"{name} is missing" in says or (name in says and "is missing" in says)


@pytest.mark.parametrize("kind", DataKind)
@pytest.mark.parametrize("far", [-1, 1])
def test_a_period_out_of_its_range_is_refused_with_its_name_and_the_remedy(kind: DataKind, far: int) -> None:
    name, edge = f"{kind}_days", MINIMUM_DAYS[kind] if far < 0 else MAXIMUM_DAYS
    says = refusal(**{**CHOSEN, name: edge + far})
    assert name in says
    assert f"must be {MINIMUM_DAYS[kind]} to {MAXIMUM_DAYS} days; write {Retention().days(kind)}" in says
    accepted = read_area(area_file(**{**CHOSEN, name: edge}), Area()).named
    assert accepted.municipalities[CODE].retention.days(kind) == edge


@pytest.mark.parametrize("kind", DataKind)
def test_the_defaults_are_periods_that_a_file_may_choose(kind: DataKind) -> None:
    assert MINIMUM_DAYS[kind] <= Retention().days(kind) <= MAXIMUM_DAYS


@pytest.mark.parametrize(
    ("now", "days", "kept"),
    [
        (datetime(2026, 6, 11, 1, tzinfo=UTC), 10, datetime(2026, 5, 31, 22, tzinfo=UTC)),
        (datetime(2026, 6, 10, 22, tzinfo=UTC), 10, datetime(2026, 5, 31, 22, tzinfo=UTC)),  # midnight there
        (datetime(2026, 6, 10, 21, 59, 59, tzinfo=UTC), 10, datetime(2026, 5, 30, 22, tzinfo=UTC)),
        (
            datetime(2026, 4, 3, 1, tzinfo=UTC),
            35,
            datetime(2026, 2, 26, 23, tzinfo=UTC),
        ),  # over the change of the clock
    ],
)
def test_whole_days_of_the_netherlands_are_kept(now: datetime, days: int, kept: datetime) -> None:
    assert kept_from(now, days) == kept


def test_rows_of_no_municipality_exceed_nobodys_period() -> None:
    ours, theirs = Retention(60, 40, 50, 100, 400), Retention(50, 80, 90, 90, 1000)
    assert shared_periods([ours, theirs]) == Retention(50, 40, 50, 90, 1000)
    assert shared_periods([]) == Retention()


def test_every_column_with_personal_data_has_a_kind() -> None:
    decided = {(table, column) for kind in PERSONAL_COLUMNS.values() for table, of in kind.items() for column in of}
    elsewhere = (*AREA_COLUMNS.items(), *PASSING_COLUMNS.items())
    decided |= {(table, column) for table, of in elsewhere for column in of}
    found = {
        (table.name, column.name)
        for table in tables.metadata.tables.values()
        for column in table.columns
        if column.name.startswith("pii_")
    }
    assert found == decided
