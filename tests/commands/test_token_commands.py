"""`ari-app tokens`: tokens of programs are made, listed without their secret, and ended."""

from __future__ import annotations

import re

import pytest

from tests.commands.conftest import SAMPLE, Type

pytestmark = pytest.mark.postgres


def test_a_token_is_made_listed_and_ended(type_in: Type) -> None:
    assert type_in("import", str(SAMPLE)).exit_code == 0
    scopes = ("--scope", "gesprekken:lezen", "--scope", "nummers:lezen")
    made = type_in("tokens", "add", "kiss", *scopes, "--municipality", "GM9904", "--operator", "101")
    assert made.exit_code == 0, made.stderr
    token = made.stdout.strip()
    assert re.fullmatch(r"[\w-]{43}", token)
    listed = type_in("tokens", "list").stdout
    assert re.search(r"^kiss +gesprekken:lezen, nummers:lezen +GM9904 +101 ", listed, re.MULTILINE)
    assert token not in listed
    assert type_in("tokens", "end", "kiss").stdout == "kiss: ended\n"
    assert "no tokens" in type_in("tokens", "list").stdout
    assert type_in("tokens", "end", "kiss").exit_code == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "kiss"), "--scope"),
        (("add", "kiss", "--scope", "alles"), "gesprekken:lezen"),
        (("add", "Kiss!", "--scope", "gesprekken:lezen"), "small letters"),
        (("add", "kiss", "--scope", "gesprekken:lezen", "--municipality", "GM0001"), "no municipality GM0001"),
        (("add", "kiss", "--scope", "gesprekken:lezen", "--operator", "999"), "no operator 999"),
    ],
)
def test_what_makes_no_sense_is_told_so(type_in: Type, words: tuple[str, ...], says: str) -> None:
    refused = type_in("tokens", *words)
    assert refused.exit_code == 2 and says in refused.stderr
