"""Every kind of file that is read, damaged in every way that was thought of: read as it was meant, or refused in words.

The inputs are files that are nearly right: a good one with words exchanged, lines repeated, quotes lost, bytes cut off.
Noise alone is refused by the first line of a reader, and finds little. A run of the suite tries some hundreds of each
format, always the same; a night's run, `make fuzz`, ten thousand of each, always others.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

Test = TypeVar("Test", bound=Callable[..., None])

#: how many of each in a night's run; None: an ordinary run of the suite
NIGHTLY = int(os.environ["FUZZ_COUNT"]) if "FUZZ_COUNT" in os.environ else None
NO_LIMIT = pytest.mark.timeout(600 if NIGHTLY is None else 0)
#: for one small file; measured on a busy machine, where reading takes some milliseconds
MOST_CPU_SECONDS = 5.0


def fuzz(ordinary: int, share: float = 1.0) -> Callable[[Test], Test]:
    """Settings of one format: `ordinary` inputs in the suite, and at night this share of the number asked for.

    A failure prints its input and how to repeat it.
    """
    return settings(
        max_examples=ordinary if NIGHTLY is None else max(1, round(share * NIGHTLY)),
        derandomize=NIGHTLY is None,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


class in_bounded_time(AbstractContextManager[None]):
    """Fails when what is inside took more processor time than one small file may."""

    def __enter__(self) -> None:
        self._began = time.thread_time()

    def __exit__(self, *_: object) -> None:
        took = time.thread_time() - self._began
        assert took < MOST_CPU_SECONDS, f"{took:.1f} s of processor time for one file"
