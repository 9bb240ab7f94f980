"""`ari-app boards`: addresses of wallboards are made, listed without their secret, and ended."""

from __future__ import annotations

import re

import pytest

from tests.commands.conftest import SAMPLE, Type

pytestmark = pytest.mark.postgres

ADDRESS = re.compile(r"^http://127\.0\.0\.1:8081/bord/([\w-]{43})$", re.MULTILINE)


def test_an_address_is_made_listed_and_ended(type_in: Type) -> None:
    assert type_in("import", str(SAMPLE)).exit_code == 0
    made = type_in("boards", "add", "Zaal 2", "--municipality", "GM9904", "--team", "gezamenlijk")
    assert made.exit_code == 0, made.stderr
    address = ADDRESS.search(made.stdout)
    assert address is not None
    listed = type_in("boards", "list").stdout
    row = re.search(r"^([0-9a-f-]{36}) +Zaal 2 +team gezamenlijk: GM9904 ", listed, re.MULTILINE)
    assert row is not None and address[1] not in listed
    assert type_in("boards", "end", row[1]).stdout == f"{row[1]}: ended\n"
    assert "no address of a board" in type_in("boards", "list").stdout
    assert type_in("boards", "end", row[1]).exit_code == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "Zaal", "--municipality", "GM0001"), "the area has no municipality GM0001"),
        (("add", "Zaal", "--team", "niemand"), "the area has no team niemand"),
        (("add", "  "), "a board needs a name"),
        (("end", "zaal"), "is no id of a board"),
    ],
)
def test_what_makes_no_sense_is_told_so(type_in: Type, words: tuple[str, ...], says: str) -> None:
    refused = type_in("boards", *words)
    assert refused.exit_code == 2 and says in refused.stderr
