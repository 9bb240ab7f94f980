"""How tests are shared out: names can be used again, and a module stays together."""

from __future__ import annotations

import os

import pytest

from tests.place import WORKER, address
from tests.sharing import without_group

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("tests/a.py::test_b@tests/a.py", "tests/a.py::test_b"),
        ("tests/a.py::test_b[x@y]@load", "tests/a.py::test_b[x@y]"),
        ("tests/a.py::test_b[x@y]", "tests/a.py::test_b[x@y]"),
        ("tests/a.py::test_b", "tests/a.py::test_b"),
    ],
)
def test_a_test_is_shown_under_the_name_by_which_it_can_be_run_again(name: str, shown: str) -> None:
    assert without_group(name) == shown


def test_a_worker_keeps_a_module_together(request: pytest.FixtureRequest) -> None:
    """Without its group's name in each, pytest-xdist would hand out every test by itself."""
    names = [item.nodeid for item in request.session.items]
    assert WORKER == os.environ.get("PYTEST_XDIST_WORKER", "")
    assert all(without_group(name) != name for name in names) == bool(WORKER)


def test_a_worker_has_addresses_of_its_own() -> None:
    number = 1 + int(WORKER.removeprefix("gw") or 0)
    assert address(11) == f"127.0.{number}.11"
