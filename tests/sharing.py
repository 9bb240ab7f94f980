"""How the tests of a run are shared out among workers, processes side by side (pytest-xdist).

A module is a group: its tests run one after the other on one worker, with that worker's servers. Modules that put the
machine under load are one group together, named by `pytestmark = [..., pytest.mark.xdist_group("load")]`, so that no
two of them do so at the same time.
"""

from __future__ import annotations

import os

import pytest

from tests.place import WORKER

#: Most tests wait for somebody to speak, ring or hang up; a core has time for two of them.
PER_CORE = 2
MOST = 8
#: what takes longest begins first
_ORDER = ("asterisk", "postgres", "pure")


def workers(config: pytest.Config) -> int:
    """How many workers a run gets that does not say so with -n; 0: the tests run in this very process.

    Few tests are begun sooner without workers, and what they print is seen.
    """
    option = config.option
    named = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    if option.keyword or option.lf or all(path.is_file() for path in named):
        return 0
    cores = len(os.sched_getaffinity(0))
    return cores if option.markexpr == "pure" else min(PER_CORE * cores, MOST)


def arrange(items: list[pytest.Item]) -> None:
    """Give every test its group, and a worker the order in which groups are begun."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            module = item.nodeid.partition("::")[0]
            item.add_marker(pytest.mark.xdist_group(module))
    if WORKER:
        items.sort(key=_rank)


def _rank(item: pytest.Item) -> tuple[bool, int]:
    is_ordinary = all(mark.args != ("load",) for mark in item.iter_markers("xdist_group"))
    return is_ordinary, min(_ORDER.index(mark.name) for mark in item.iter_markers() if mark.name in _ORDER)


def without_group(nodeid: str) -> str:
    """The name of a test, of which pytest-xdist makes NAME@GROUP."""
    name, _, group = nodeid.rpartition("@")
    return name if name and "]" not in group else nodeid
