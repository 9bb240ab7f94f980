"""`ari-app retention` and `person`, as a person types them."""

from __future__ import annotations

import pytest

from tests.commands.conftest import SAMPLE, Type, rows

pytestmark = pytest.mark.postgres

NUMBER = "06 1234 5678"
ADD = ("callbacks", "add", "--municipality", "GM9901", "--number", NUMBER, "--note", "mevrouw Jansen", "--json")


@pytest.fixture
def area(type_in: Type) -> Type:
    assert type_in("import", str(SAMPLE)).exit_code == 0
    return type_in


def test_nothing_is_past_its_period(area: Type) -> None:
    area(*ADD)
    for words in (("retention",), ("retention", "--dry-run")):
        result = area(*words)
        assert (result.exit_code, result.output) == (0, "nothing is past its period\n")
    assert area("retention", "--json").output == ""


def test_a_number_is_shown_and_after_closing_erased(area: Type) -> None:
    (made,) = rows(area(*ADD))
    found = rows(area("person", NUMBER, "--json"))
    assert {row["table"] for row in found} == {"callback_request", "callback_fact"}
    assert "mevrouw Jansen" in area("person", "+31612345678", "--municipality", "GM9901").output
    assert area("person", NUMBER, "--municipality", "GM9902").output == "nothing is kept about this number\n"

    refused = area("person", NUMBER, "--erase", "--reason", "verzoek 12")
    assert refused.exit_code == 2
    assert f"ari-app callbacks close {made['reference']} --reason" in refused.output
    assert area("callbacks", "close", str(made["reference"]), "--reason", "AVG", "--by", "anna").exit_code == 0
    erased = area("person", NUMBER, "--erase", "--reason", "verzoek 12", "--author", "anna")
    assert erased.exit_code == 0, erased.output
    assert "1 callback_request" in erased.output
    assert area("person", NUMBER).output == "nothing is kept about this number\n"
    story = area("callbacks", "show", str(made["reference"]), "--pii")
    assert story.exit_code == 0, "the promise itself stays, for its proof"
    assert "Jansen" not in story.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("14 0119",), "NUMBER: '14 0119' is a 14-number"),
        ((NUMBER, "--erase"), "--reason is empty"),
        ((NUMBER, "--reason", "x"), "--reason goes with --erase"),
        ((NUMBER, "--municipality", "GM1"), "there is no municipality GM1"),
    ],
)
def test_what_cannot_be_followed_is_said(area: Type, words: tuple[str, ...], says: str) -> None:
    result = area("person", *words)
    assert result.exit_code == 2
    assert says in result.output
