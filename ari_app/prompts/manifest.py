"""The manifest of a directory of sounds: the ingredients of each file, so that only changed files are made again."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ari_app.prompts.errors import cannot_write

_MANIFEST = ".made.json"  # prompt name → digest of the ingredients of its sound
_LOCK = ".lock"


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """One builder at a time per directory, also among processes. Raises CannotWrite."""
    lock = directory / _LOCK
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = lock.open("a")
    except OSError as error:
        raise cannot_write(lock, error) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


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
