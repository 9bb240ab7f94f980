"""How the tests of a run are shared out among workers, processes side by side (pytest-xdist).

A module's tests run one after the other on one worker, with that worker's servers. Modules that compare what things
cost are one group together, so that no two of them measure at the same time.

Tests with Asterisk mostly wait, and have callers whom nothing may keep waiting; the others compute. So most workers
take those with Asterisk first, and the rest take the others first, in the time that is left. Whoever has no more of
their own kind goes on with the other: few tests that wait leave the processors idle.
"""

from __future__ import annotations

import importlib
import os
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.place import WORKER

#: workers for two cores: that begin with tests with Asterisk, and with those that compute
WITH_ASTERISK, COMPUTING = 4, 2
MOST_CORES = 3
#: how much nicer than the run itself a worker is while it runs a test with Asterisk, and one that computes first
FIRST, LAST = -5, 5
_NICENESS = os.getpriority(os.PRIO_PROCESS, 0)
#: modules that compare costs
CLOCK_BOUND = (
    "tests/bench/test_bench_quick.py",
    "tests/storage/test_directory.py",
    "tests/storage/test_ledger.py",
    "tests/storage/scripts/test_search_speed.py",
    "tests/core/test_directory_search.py",
    "tests/core/test_queue_speed.py",
    "tests/core/test_reminders.py",
)
#: modules for which the whole catalogue is spoken, once for all of them
SPOKEN = ("tests/prompts/test_build.py", "tests/prompts/test_recordings.py")
#: what takes longest begins first, so that no worker is left alone with it at the end
LONGEST = (
    "tests/acceptance/test_breakage.py",
    "tests/acceptance/test_breakage_of_servers.py",
    "tests/acceptance/test_rules.py",
    "tests/local/test_up.py",
    "tests/web/test_browser.py",
    "tests/acceptance/test_transfers.py",
    "tests/acceptance/test_transfer_trouble.py",
    "tests/acceptance/test_bad_input.py",
    "tests/acceptance/test_calling_back.py",
    "tests/acceptance/test_leaving_callback.py",
    "tests/acceptance/test_sipp_phones.py",
    "tests/acceptance/test_ring_team.py",
    "tests/acceptance/test_caller.py",
    "tests/acceptance/test_promise_kept.py",
    "tests/calls/test_random_walks.py",
)
_KINDS = ("asterisk", "postgres", "pure")


class ByGroup(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Hands out whole groups, each to a worker that takes its kind.

    Not by pytest-xdist's own mark: version 3.8 puts the group's name into a test's, and pytest 9.2 takes no notice.
    """

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        self._kinds: dict[str, bool] = {}

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(self._wanted(node), last=False)
        super()._assign_work_unit(node)

    def _wanted(self, node: WorkerController) -> str:
        """The first group of the kind that this worker takes first, or else the first of all."""
        waits = not computes_first(node.gateway.id, self.numnodes)
        groups: list[str] = list(self.workqueue)
        return next((group for group in groups if self._waits(group, self.workqueue[group]) == waits), groups[0])

    def _waits(self, group: str, unit: Iterable[str]) -> bool:
        """Read from the files: the process that hands out tests knows no more of them than their names.

        It asks after every test, and may not take long.
        """
        if group not in self._kinds:
            modules = {nodeid.partition("::")[0] for nodeid in unit}
            self._kinds[group] = any(
                "pytest.mark.asterisk" in (self.config.rootpath / module).read_text() for module in modules
            )
        return self._kinds[group]


def group_of(nodeid: str) -> str:
    """Tests with the same group run on the same worker."""
    module = nodeid.partition("::")[0]
    if module in CLOCK_BOUND:
        return "clock-bound"
    return "spoken" if module in SPOKEN else module


def computes_first(worker: str, count: int) -> bool:
    """Whether this worker, such as "gw5" of 6, takes tests with Asterisk only when no others are left.

    A worker beyond that number came for one that crashed, and does not.
    """
    with_asterisk = -(-count * WITH_ASTERISK // (WITH_ASTERISK + COMPUTING))
    return with_asterisk <= int(worker.removeprefix("gw")) < count


def workers(config: pytest.Config) -> int:
    """How many workers a run gets that does not say so with -n; 0: the tests run in this very process.

    Few tests are begun sooner without workers, and what they print is seen.
    """
    option: Any = config.option
    named = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    is_a_mistake = not all(path.exists() for path in named)  # of which workers would say nothing
    if is_a_mistake or option.keyword or getattr(option, "lf", False) or all(path.is_file() for path in named):
        return 0
    cores = len(os.sched_getaffinity(0))
    if option.markexpr == "pure":
        return cores
    return -(-(WITH_ASTERISK + COMPUTING) * min(cores, MOST_CORES) // 2)


def arrange(items: list[pytest.Item]) -> None:
    """Put the tests into the order in which groups are begun; without workers they keep their own."""
    if WORKER:
        items.sort(key=lambda item: (_rank(item), group_of(item.nodeid)))


@cache
def real_time() -> tuple[str, ...]:
    """What to write before the command of a server or a phone, so that it never waits for a test that computes.

    Keys whose packets come late and together are not read as they were pressed. Nothing where that is not allowed.
    """
    words = ("chrt", "--rr", "1")
    try:
        subprocess.run([*words, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return words


def asterisk_in_real_time() -> tuple[str, ...]:
    """The same for Asterisk, which takes back what was given before its command: its own option."""
    return ("-p",) if real_time() else ()


def import_share(config: pytest.Config) -> None:
    """Begin with the modules that are this worker's to compile; it finds those of the others compiled.

    Rewriting what a module asserts takes longer than all else before the first test, and every worker needs all.
    """
    if not WORKER:
        return
    number, count = int(WORKER.removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    places = [Path(argument.partition("::")[0]) for argument in config.args]
    modules = sorted({file for place in places for file in ([place] if place.is_file() else place.rglob("test_*.py"))})
    for file in modules[number::count]:
        name = ".".join(file.resolve().relative_to(config.rootpath).with_suffix("").parts)
        with suppress(Exception):  # collecting it says what is wrong
            importlib.import_module(name)


def give_priority(item: pytest.Item) -> None:
    """Let tests with Asterisk, and the applications that they start, go before those that compute.

    Only where the user may take priority back, as root may, is it given to some tests of a worker.
    """
    if not WORKER:
        return
    is_nice = computes_first(WORKER, int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    step = FIRST if item.get_closest_marker("asterisk") else LAST if is_nice else 0
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS + step)


def _rank(item: pytest.Item) -> tuple[int, int]:
    module = item.nodeid.partition("::")[0]
    place = LONGEST.index(module) if module in LONGEST else len(LONGEST)
    return place, min(_KINDS.index(mark.name) for mark in item.iter_markers() if mark.name in _KINDS)
