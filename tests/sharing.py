"""How the tests of a run are shared out among workers, processes side by side (pytest-xdist).

A module's tests run one after the other on one worker, with that worker's servers. Modules that put the machine under
load are one group together, so that no two of them do so at the same time.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.place import WORKER

#: Most tests wait for somebody to speak, ring or hang up; a core has time for two of them.
PER_CORE = 2
MOST = 8
#: what takes longest begins first
_ORDER = ("asterisk", "postgres", "pure")
#: modules in which many call at once, several times a second
UNDER_LOAD = (
    "tests/acceptance/test_breakage.py",
    "tests/acceptance/test_rules.py",
    "tests/acceptance/test_record.py",
    "tests/bench/test_bench_quick.py",
)


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
    return "under load" if module in UNDER_LOAD else module


def workers(config: pytest.Config) -> int:
    """How many workers a run gets that does not say so with -n; 0: the tests run in this very process.

    Few tests are begun sooner without workers, and what they print is seen.
    """
    option: Any = config.option
    named = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    if option.keyword or option.lf or all(path.is_file() for path in named):
        return 0
    cores = len(os.sched_getaffinity(0))
    return cores if option.markexpr == "pure" else min(PER_CORE * cores, MOST)


def arrange(items: list[pytest.Item]) -> None:
    """Put the tests into the order in which a worker's groups are begun; without workers they keep their own."""
    if WORKER:
        items.sort(key=_rank)


def _rank(item: pytest.Item) -> tuple[bool, int]:
    kinds = [_ORDER.index(mark.name) for mark in item.iter_markers() if mark.name in _ORDER]
    return group_of(item.nodeid) != "under load", min(kinds)
