"""How tests are shared out among workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.place import WORKER, address
from tests.sharing import CLOCK_BOUND, LONGEST, group_of

pytestmark = pytest.mark.pure

HERE = Path(__file__).parents[1]


def test_a_module_is_a_group_and_those_that_compare_costs_are_one_together() -> None:
    assert group_of("tests/core/test_a.py::test_one") == group_of("tests/core/test_a.py::test_two[x::y]")
    assert group_of("tests/core/test_a.py::test_one") != group_of("tests/core/test_b.py::test_one")
    assert len({group_of(f"{module}::test_one") for module in CLOCK_BOUND}) == 1


@pytest.mark.parametrize("module", (*CLOCK_BOUND, *LONGEST))
def test_a_module_that_is_named_is_there(module: str) -> None:
    assert (HERE / module).is_file()


def test_a_worker_has_addresses_of_its_own() -> None:
    number = 1 + int(WORKER.removeprefix("gw") or 0)
    assert address(11) == f"127.0.{number}.11"
