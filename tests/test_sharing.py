"""How tests are shared out among workers."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import sharing
from tests.place import WORKER, address
from tests.sharing import CLOCK_BOUND, LONGEST, SPOKEN, group_of, workers

pytestmark = pytest.mark.pure

HERE = Path(__file__).parents[1]


def test_a_module_is_a_group_and_those_that_compare_costs_are_one_together() -> None:
    assert group_of("tests/core/test_a.py::test_one") == group_of("tests/core/test_a.py::test_two[x::y]")
    assert group_of("tests/core/test_a.py::test_one") != group_of("tests/core/test_b.py::test_one")
    assert len({group_of(f"{module}::test_one") for module in CLOCK_BOUND}) == 1


class _Item:
    def __init__(self, nodeid: str, kind: str) -> None:
        self.nodeid = nodeid
        self._mark = getattr(pytest.mark, kind).mark

    def iter_markers(self) -> list[pytest.Mark]:
        return [self._mark]

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return self._mark if self._mark.name == name else None


def test_the_longest_begin_first_and_tests_that_wait_take_turns_with_tests_that_compute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sharing, "WORKER", "gw0")
    waiting = [f"tests/acceptance/test_{letter}.py" for letter in "abc"]
    computing = [f"tests/core/test_{letter}.py" for letter in "abcdef"]
    items: list[Any] = [_Item(f"{module}::test_one", "pure") for module in computing]
    items += [_Item(f"{module}::test_{number}", "asterisk") for number in (1, 2) for module in (*waiting, LONGEST[0])]
    sharing.arrange(items)
    groups = list(dict.fromkeys(group_of(item.nodeid) for item in items))
    assert groups[0] == LONGEST[0]
    assert groups.index(waiting[0]) < groups.index(computing[3]) < groups.index(waiting[2])
    runs = [group for group, _ in groupby(items, key=lambda item: group_of(item.nodeid))]
    assert runs == groups, "the tests of a group stay together"


@pytest.mark.parametrize("module", (*CLOCK_BOUND, *SPOKEN, *LONGEST))
def test_a_module_that_is_named_is_there(module: str) -> None:
    assert (HERE / module).is_file()


@pytest.mark.parametrize(
    ("arguments", "options", "has_workers"),
    [
        (["tests"], {}, True),
        (["tests"], {"markexpr": "pure"}, True),
        (["tests/core", "tests/test_sharing.py"], {}, True),
        (["tests"], {"keyword": "menu"}, False),
        (["tests"], {"lf": True}, False),
        (["tests/test_sharing.py"], {}, False),
        (["tests/test_sharing.py::test_a_module_that_is_named_is_there"], {}, False),
        (["tests/nowhere"], {}, False),
    ],
)
def test_few_tests_run_without_workers(arguments: list[str], options: dict[str, object], has_workers: bool) -> None:
    option = SimpleNamespace(**{"keyword": "", "lf": False, "markexpr": "", **options})
    config: Any = SimpleNamespace(option=option, args=arguments, invocation_params=SimpleNamespace(dir=HERE))
    assert (workers(config) > 0) == has_workers


def test_a_worker_has_addresses_of_its_own() -> None:
    number = 1 + int(WORKER.removeprefix("gw") or 0)
    assert address(11) == f"127.0.{number}.11"
