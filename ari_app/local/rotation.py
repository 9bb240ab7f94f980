"""Logs of one machine's parts, kept from filling the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ari_app.local.asterisk import TEMPLATES

LARGEST_BYTES = 10_000_000
KEPT = 5
EVERY_SECONDS = 60.0
CEL_DAYS = 90


def rotate(file: Path, largest_bytes: int = LARGEST_BYTES, kept: int = KEPT) -> bool:
    """Copy a log that has grown too large to FILE.1 and empty it, earlier ones becoming FILE.2 and so on.

    The program that writes it goes on writing: it must have opened the file for appending. Lines written between the
    copy and the emptying are lost. Returns whether anything was done.
    """
    try:
        if file.stat().st_size <= largest_bytes:
            return False
    except FileNotFoundError:
        return False
    for number in range(kept, 1, -1):
        with suppress(FileNotFoundError):
            file.with_name(f"{file.name}.{number - 1}").replace(file.with_name(f"{file.name}.{number}"))
    shutil.copy(file, file.with_name(f"{file.name}.1"))
    os.truncate(file, 0)
    return True


class LogKeeper:
    """Looks at logs now and then. `clock` counts seconds."""

    def __init__(self, logs: Sequence[Path], cel_directory: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._logs = logs
        self._cel_directory = cel_directory
        self._clock = clock
        self._next_at = clock()

    def look(self) -> None:
        """Rotate the logs that are too large or of yesterday; at most once a minute, however often it is called."""
        if self._clock() < self._next_at:
            return
        self._next_at = self._clock() + EVERY_SECONDS
        for log in self._logs:
            rotate(log)
        if self._cel_directory.is_dir():
            # One way for containers and for this machine.
            subprocess.run(
                ["/bin/sh", str(TEMPLATES / "rotate-cel"), str(self._cel_directory), str(CEL_DAYS)],
                stdin=subprocess.DEVNULL,
                check=False,
            )
