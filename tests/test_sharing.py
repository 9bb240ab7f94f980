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


def test_the_longest_begin_first_and_the_tests_of_a_group_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "WORKER", "gw0")
    modules = [f"tests/acceptance/test_{letter}.py" for letter in "abc"]
    items: list[Any] = [_Item(f"tests/core/test_{letter}.py::test_one", "pure") for letter in "abcdef"]
    items += [_Item(f"{module}::test_{number}", "asterisk") for number in (1, 2) for module in (*modules, LONGEST[0])]
    sharing.arrange(items)
    groups = list(dict.fromkeys(group_of(item.nodeid) for item in items))
    assert groups[0] == LONGEST[0]
    runs = [group for group, _ in groupby(items, key=lambda item: group_of(item.nodeid))]
    assert runs == groups


class _Worker:
    """A worker as the scheduler sees it: it is given tests, and told when there are no more."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.given: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.given += indices

    def shutdown(self) -> None:
        self.shutting_down = True


@pytest.mark.parametrize("only", ["waiting", "computing", ""])
@pytest.mark.parametrize(("count", "alone"), [(1, 0), (2, 0), (3, 1), (6, 2), (9, 3)])
def test_a_worker_is_given_the_other_kind_when_its_own_has_run_out_and_every_test_is_run_once(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch, count: int, alone: int, only: str
) -> None:
    monkeypatch.setattr(pytestconfig.option, "tx", ["popen"] * count)
    with_asterisk = [module for module in LONGEST if "pytest.mark.asterisk" in (HERE / module).read_text()]
    waiting = [f"{module}::test_{number}" for module in with_asterisk[:6] for number in range(4)]
    computing = [f"{module}::test_{number}" for module in CLOCK_BOUND[1:] + SPOKEN for number in range(4)]
    tests = {"waiting": waiting, "computing": computing}.get(only, [*waiting, *computing])
    scheduler = sharing.ByGroup(pytestconfig, None)
    workers: list[Any] = [_Worker(f"gw{number}") for number in range(count)]
    for worker in workers:
        scheduler.add_node(worker)
        scheduler.add_node_collection(worker, tests)
    scheduler.schedule()
    done: dict[str, list[str]] = {worker.gateway.id: [] for worker in workers}
    while scheduler.has_pending:
        for worker in workers:
            if worker.given:
                index = worker.given.pop(0)
                done[worker.gateway.id].append(tests[index])
                scheduler.mark_test_complete(worker, index)
    assert sorted(sum(done.values(), [])) == sorted(tests)
    computes = {name for name in done if sharing.computes_first(name, count)}
    assert not sharing.computes_first(f"gw{count}", count), "it comes for one that crashed"
    assert len(computes) == alone
    for name, ran in done.items():
        is_own = [(test in computing) == (name in computes) for test in ran]
        assert is_own == sorted(is_own, reverse=True), f"{name}: its own kind first"
        if not only and count <= 6:  # of more workers some find nothing of their own
            assert is_own[0]
    assert all(worker.shutting_down for worker in workers)


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
