"""`ari-app figures`, as a person types it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ari_app.core.calendar import local_date
from ari_app.reports.measures import MEASURES
from tests.commands.conftest import SAMPLE, Type, rows

pytestmark = pytest.mark.postgres

ADD = ("callbacks", "add", "--municipality", "GM9901", "--number", "06 1234 5678", "--json")


@pytest.fixture
def area(type_in: Type) -> Type:
    assert type_in("import", str(SAMPLE)).exit_code == 0
    return type_in


def test_before_anything_is_counted_it_is_said(area: Type) -> None:
    result = area("figures")
    assert result.exit_code == 1
    assert "`ari-app figures recount`" in result.output


def test_every_measure_is_shown_with_its_definition(area: Type) -> None:
    area(*ADD)
    assert "what changed is in the figures" in area("figures", "recount").output
    found = rows(area("figures", "--municipality", "GM9901", "--json"))
    assert [row["measure"] for row in found] == list(MEASURES)
    assert all(row["definition"] == MEASURES[str(row["measure"])].definition for row in found)
    assert [row["value"] for row in found if row["measure"] == "terugbellen_beloofd"] == [1]
    text = area("figures", "--municipality", "GM9901").output
    assert "Oosterwende: Norm 25 seconden, gerekend vanaf de wachtrij;" in text
    assert "Verzoeken om teruggebeld te worden, op de dag van het eerste contact." in " ".join(text.split())
    assert "Zandermeer" not in text


def test_figures_by_municipality(area: Type) -> None:
    area(*ADD)
    area("figures", "recount")
    lines = area("figures", "--by", "municipality").output.splitlines()
    assert lines[0].split()[:2] == ["MUNICIPALITY", "aangeboden"]
    assert [line.split()[0] for line in lines[1:]] == ["GM9901"]
    found = rows(area("figures", "--by", "municipality", "--json"))
    assert {row["municipality"] for row in found} == {"GM9901"} and len(found) == len(MEASURES)


def test_a_recount_since_a_day_says_which_days(area: Type) -> None:
    area("figures", "recount")
    three_days_ago = local_date(datetime.now(UTC)) - timedelta(days=3)
    assert area(*ADD, "--first-contact", f"{three_days_ago} 12:00").exit_code == 0
    output = area("figures", "recount", "--since", "1999-01-01").output
    assert output.startswith(f"{three_days_ago} counted\n") and "3 days counted" in output


def test_choices_are_kept_and_shown(area: Type) -> None:
    area(*ADD)
    area("figures", "recount")
    words = ("--from", "2026-01-01", "--clock", "arrival", "--norm-seconds", "20", "--author", "anna")
    assert area("figures", "define", "GM9901", *words).exit_code == 0
    (one,) = rows(area("figures", "definitions", "--json"))
    assert (one["municipality"], one["from_day"], one["author"]) == ("GM9901", "2026-01-01", "anna")
    assert "(since 2026-01-01): Norm 20 seconden, gerekend vanaf het binnenkomen" in area("figures").output
    assert "GM9901 from 2026-01-01: clock arrival" in area("figures", "definitions").output
    assert area("figures", "definitions", "--municipality", "GM9902").output == "no municipality chose otherwise\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--period", "2026-13"), "'2026-13' is no period; write today,"),
        (("--municipality", "GM1"), "there is no municipality GM1; there are GM9901,"),
        (("define", "GM1", "--from", "2026-01-01"), "there is no municipality GM1"),
        (("define", "GM9901", "--from", "2026-01-01", "--norm-seconds", "0"), "--norm-seconds"),
        (("recount", "--since", "2090-01-01"), "this day is still to come"),
    ],
)
def test_what_cannot_be_followed_is_said(area: Type, words: tuple[str, ...], says: str) -> None:
    result = area("figures", *words)
    assert result.exit_code == 2
    assert says in result.output
