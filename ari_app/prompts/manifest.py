"""The manifest of a directory of sounds: the ingredients of each file, so that only changed files are made again."""

from __future__ import annotations

import fcntl
import json
import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ari_app.prompts.errors import DirectoryInUse, cannot_write

_MANIFEST = ".made.json"  # prompt name → digest of the ingredients of its sound
_LOCK = ".lock"


_LOCK_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Making:
    """How long a builder waits for the one before it; another thread may stop it, waiting or at work."""

    lock_seconds: float = math.inf
    stopped: threading.Event = field(default_factory=threading.Event)


@contextmanager
def locked(directory: Path, making: Making | None = None) -> Iterator[None]:
    """One builder at a time per directory, also among processes. Raises CannotWrite, DirectoryInUse."""
    making = making or Making()
    lock = directory / _LOCK
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = lock.open("a")
    except OSError as error:
        raise cannot_write(lock, error) from error
    with handle:
        until = time.monotonic() + making.lock_seconds
        while not _is_locked(handle.fileno()):
            if making.stopped.wait(_LOCK_POLL_SECONDS) or time.monotonic() > until:
                raise DirectoryInUse(f"another process is making prompts in {directory}; they are made afterwards")
        yield


def _is_locked(file: int) -> bool:
    """Whether it is now. Not waited for in the system: a thread that waits there cannot be stopped."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_manifest(directory: Path) -> dict[str, str]:
    """The manifest; empty if it cannot be read, so that all files are made again."""
    try:
        known = json.loads((directory / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def write_manifest(directory: Path, made: Mapping[str, str]) -> None:
    file = directory / _MANIFEST
    part = file.with_name(f"{_MANIFEST}.part")
    try:
        part.write_text(json.dumps(made, indent=0, sort_keys=True), encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise cannot_write(file, error) from error
