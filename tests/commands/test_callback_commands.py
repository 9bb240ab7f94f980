"""`ari-app callbacks` and `operators absent`, as a person types them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.commands.conftest import SAMPLE, Type, rows
from tests.references import is_reference

pytestmark = pytest.mark.postgres

NUMBER = "06 1234 5678"
ADD = ("callbacks", "add", "--municipality", "GM9901", "--number", NUMBER)


@pytest.fixture
def area(type_in: Type) -> Type:
    assert type_in("import", str(SAMPLE)).exit_code == 0
    return type_in


def added(type_in: Type, *more: str) -> dict[str, object]:
    (row,) = rows(type_in(*ADD, "--json", *more))
    return row


def test_a_promise_is_made_and_listed_without_its_number(area: Type) -> None:
    made = added(area, "--subject", "paspoort", "--note", "mevrouw Jansen")
    assert is_reference(str(made["reference"]))
    assert made["owner_team"] == "gezamenlijk"
    (line,) = rows(area("callbacks", "--json"))
    assert (line["reference"], line["subject"], line["reason"]) == (made["reference"], "paspoort", "desk")
    assert line["pii_number"] is None
    (line,) = rows(area("callbacks", "--json", "--pii"))
    assert line["pii_number"] == "+31612345678"
    table = area("callbacks").output
    assert str(made["reference"]) in table
    assert "Oosterwende" in table
    assert "612345678" not in table
    assert area("callbacks", "--due", "overdue").output == "nobody is to be called back\n"
    assert area("callbacks", "--municipality", "GM9902").output == "nobody is to be called back\n"


def test_asked_again_it_is_the_same_promise(area: Type) -> None:
    first, again = added(area), added(area, "--note", "nog eens")
    assert again == {**first, "joined": True}
    assert "asked again: before" in area(*ADD).output


def test_the_deadline_runs_from_the_first_contact(area: Type) -> None:
    made = added(area, "--first-contact", "2026-05-13T10:00")
    assert made["deadline_at"] == "2026-05-18T15:00:00+00:00"
    (line,) = rows(area("callbacks", "--json", "--due", "today"))
    assert line["reference"] == made["reference"]
    assert "OVERDUE" in area("callbacks", "--due", "overdue").output
    (month,) = rows(area("callbacks", "promise", "--json"))
    assert (month["month"], month["due"], month["kept"], month["open_overdue"]) == ("2026-05-01", 1, 0, 1)
    shown = area("callbacks", "promise").output
    assert re.search(r"2026-05 +Oosterwende +1 +0 +0\.0%", shown)
    assert "Europe/Amsterdam" in shown
    assert area("callbacks", "promise", "--municipality", "GM9902").output.startswith("no promise was due yet")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--number", "0900 1234"), "paid-service number"),
        (("--number", "abc"), "is not a telephone number"),
        (("--number", "14 0119"), "or a 14-number"),
        (("--number", "0119 99 01 00"), "--number is served here"),
        (("--number", "+31 119 99 01 05"), "--number is served here"),
        (("--municipality", "GM0001"), "there is no municipality GM0001; known are GM9901"),
        (("--team", "x"), "there is no team x; known are gezamenlijk"),
        (("--operator", "999"), "there is no operator 999"),
        (("--first-contact", "2999-01-01"), "has not been yet"),
    ],
)
def test_a_promise_that_nobody_could_keep_is_refused(area: Type, words: tuple[str, ...], says: str) -> None:
    result = area(*ADD, *words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert rows(area("callbacks", "--json")) == []


def test_a_request_is_given_to_an_operator_and_closed_with_a_reason(area: Type) -> None:
    reference = str(added(area)["reference"])
    assert area("callbacks", "assign", reference).exit_code == 2
    assert (
        "oosterwende 106"
        in area("callbacks", "assign", reference, "--team", "oosterwende", "--operator", "106", "--by", "Chef").output
    )
    missing = area("callbacks", "close", reference, "--reason", " ")
    assert (missing.exit_code, missing.stderr) == (2, "a request is closed with a reason\n")
    closed = area("callbacks", "close", reference, "--reason", "mevrouw Jansen is verhuisd", "--by", "Chef")
    assert closed.output == f"{reference}  closed by Chef\n"
    again = area("callbacks", "close", reference, "--reason", "nog eens")
    assert (again.exit_code, again.stderr) == (2, f"{reference} is closed already\n")
    assert rows(area("callbacks", "--json")) == []
    story = area("callbacks", "show", reference).output
    for part in (
        "given to (by Chef, team oosterwende, operator 106)",
        "closed (by Chef, how by_person)",
        "not on time",
    ):
        assert part in story
    assert "Jansen" not in story
    assert "+31612345678" in area("callbacks", "show", reference, "--pii").output
    (as_json,) = rows(area("callbacks", "show", reference, "--json", "--pii"))
    assert as_json["request"]["pii_close_reason"] == "mevrouw Jansen is verhuisd"  # type: ignore[index]


def test_an_unknown_reference_is_refused(area: Type) -> None:
    for words, code in (
        (("show", "1"), 1),
        (("close", "1", "--reason", "x"), 2),
        (("assign", "1", "--team", "oosterwende"), 2),
    ):
        result = area("callbacks", *words)
        assert (result.exit_code, result.stderr[:26]) == (code, "there is no request 1; `ar")


def test_the_calendar_of_a_team_is_a_file_without_personal_data(area: Type, tmp_path: Path) -> None:
    reference = added(area, "--note", "mevrouw Jansen", "--first-contact", "2026-05-13T10:00")["reference"]
    file = tmp_path / "team.ics"
    assert area("callbacks", "calendar", "gezamenlijk", "--output", str(file)).exit_code == 0
    text = file.read_bytes().decode()
    assert f"UID:callback-{reference}@" in text
    assert "DTEND:20260518T150000Z\r\n" in text
    assert "Jansen" not in text
    assert "612345678" not in text
    assert area("callbacks", "calendar", "oosterwende").output.count("BEGIN:VEVENT") == 0
    assert area("callbacks", "calendar", "x").exit_code == 2


def test_limits_that_were_reached_are_counted(area: Type) -> None:
    assert area("callbacks", "limited").output == "no limit was reached\n"
    assert rows(area("callbacks", "limited", "--json")) == []
    assert area("callbacks", "limited", "--hours", "0").exit_code == 2


def test_an_operator_is_away_and_back(area: Type) -> None:
    assert area("operators", "absent").output == "nobody is away\n"
    away = area("operators", "absent", "101", "--until", "2999-01-01", "--reason", "verlof").output
    assert re.fullmatch(r"101: away from .* until 2999-01-01 00:00:00\n", away)
    assert "verlof" in area("operators", "absent").output
    assert area("operators", "present", "101").output == "101: back\n"
    assert area("operators", "present", "101").output == "101: was not away\n"
    assert area("operators", "absent", "999").exit_code == 2
    backwards = area("operators", "absent", "101", "--from", "2999-01-02", "--until", "2999-01-01")
    assert (backwards.exit_code, "--until" in backwards.stderr) == (2, True)
    assert json.loads(area("operators", "--json").stdout.splitlines()[0])["number"] == "101"
