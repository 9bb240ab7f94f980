"""How the tests of a run are shared out among workers, processes side by side (pytest-xdist).

A module's tests run one after the other on one worker, with that worker's servers. Modules that compare what things
cost are one group together, so that no two of them measure at the same time.
"""

from __future__ import annotations

import importlib
import os
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.place import WORKER

#: tests mostly wait
PER_CORE = 2
MOST = 8
#: the niceness of a worker while it runs a test with Asterisk
FIRST = -5
#: modules that compare costs
CLOCK_BOUND = (
    "tests/bench/test_bench_quick.py",
    "tests/storage/test_directory.py",
    "tests/storage/test_ledger.py",
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
    "tests/web/test_browser.py",
    "tests/acceptance/test_transfers.py",
    "tests/acceptance/test_transfer_trouble.py",
    "tests/acceptance/test_rules.py",
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


def scheduler(config: pytest.Config, log: Any) -> Any:
    """Hands out whole groups.

    Not by pytest-xdist's own mark: version 3.8 puts the group's name into a test's, and pytest 9.2 takes no notice.
    """
    by_group = LoadScopeScheduling(config, log)
    by_group._split_scope = group_of
    return by_group


def group_of(nodeid: str) -> str:
    """Tests with the same group run on the same worker."""
    module = nodeid.partition("::")[0]
    if module in CLOCK_BOUND:
        return "clock-bound"
    return "spoken" if module in SPOKEN else module


def workers(config: pytest.Config) -> int:
    """How many workers a run gets that does not say so with -n; 0: the tests run in this very process.

    Few tests are begun sooner without workers, and what they print is seen.
    """
    option: Any = config.option
    named = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    is_a_mistake = not all(path.exists() for path in named)  # of which workers would say nothing
    if is_a_mistake or option.keyword or option.lf or all(path.is_file() for path in named):
        return 0
    cores = len(os.sched_getaffinity(0))
    return cores if option.markexpr == "pure" else min(round(PER_CORE * cores), MOST)


def arrange(items: list[pytest.Item]) -> None:
    """Put the tests into the order in which a worker's groups are begun; without workers they keep their own.

    Those with Asterisk mostly wait and the others mostly compute, so both kinds are begun in turn.
    """
    if not WORKER:
        return
    waiting: dict[str, None] = {}
    computing: dict[str, None] = {}
    for item in sorted(items, key=_rank):
        has_asterisk = item.get_closest_marker("asterisk") is not None
        (waiting if has_asterisk else computing).setdefault(group_of(item.nodeid))
    place = {group: number / len(kind) for kind in (waiting, computing) for number, group in enumerate(kind)}
    items.sort(key=lambda item: (place[group_of(item.nodeid)], group_of(item.nodeid)))


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

    Only where the user may take priority back, as root may.
    """
    if WORKER:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, FIRST if item.get_closest_marker("asterisk") else 0)


def _rank(item: pytest.Item) -> tuple[int, int]:
    module = item.nodeid.partition("::")[0]
    place = LONGEST.index(module) if module in LONGEST else len(LONGEST)
    return place, min(_KINDS.index(mark.name) for mark in item.iter_markers() if mark.name in _KINDS)
