"""`ari-app survey`, as a person types it."""

from __future__ import annotations

import pytest

from tests.commands.conftest import SAMPLE, Type, rows

pytestmark = pytest.mark.postgres


def test_a_period_without_answers_says_so(type_in: Type) -> None:
    assert type_in("import", str(SAMPLE)).exit_code == 0
    result = type_in("survey", "--period", "2026-11")
    assert (result.exit_code, result.output) == (0, "no caller heard a question from 2026-11-01 to 2026-11-30\n")
    assert rows(type_in("survey", "--json")) == []


def test_a_municipality_that_does_not_exist_is_named_with_those_that_do(type_in: Type) -> None:
    assert type_in("import", str(SAMPLE)).exit_code == 0
    result = type_in("survey", "--municipality", "GM0000")
    assert result.exit_code == 2
    assert "there is no municipality GM0000" in result.output and "GM9901" in result.output
