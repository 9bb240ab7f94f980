"""The directories of a worker's servers: on the disk, and in memory for what may be lost with the machine."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from ari_app.local import process
from tests.place import WORKER

#: files here are in memory, and a busy disk holds nobody up
_MEMORY = Path("/dev/shm")
#: what the PostgreSQL of each worker may need there, and how many workers there may be
_BYTES_OF_A_WORKER, _WORKERS = 768 << 20, 6


def on_disk() -> Path:
    return Path(tempfile.gettempdir())


def in_memory() -> Path:
    """On the disk all the same where memory has too little room, as in a container that was given no more."""
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _WORKERS * _BYTES_OF_A_WORKER:
        return on_disk()
    return _MEMORY


@contextmanager
def own_directory(root: Path) -> Iterator[Path]:
    """A directory that is this worker's alone. Leftovers of a killed run beside it are cleaned up first."""
    base = root / f"ari_app-tests-{os.getuid()}"
    base.mkdir(mode=0o711, exist_ok=True)
    for old in base.iterdir():
        if not psutil.pid_exists(int(old.name.partition("-")[0])):
            _take_away(old)
    directory = base / f"{os.getpid()}-{WORKER or 'only'}-{secrets.token_hex(2)}"
    directory.mkdir(mode=0o711)
    yield directory
    _take_away(directory)


def _take_away(directory: Path) -> None:
    """With the servers in it: a run that was interrupted may not have come to stopping them."""
    process.reap_leftover(directory / "pages" / "web.pid", signal.SIGTERM)
    process.reap_leftover(directory / "asterisk" / "launched.pid", signal.SIGTERM)
    process.reap_leftover(directory / "postgres" / "postgres.pid", signal.SIGINT)
    shutil.rmtree(directory, ignore_errors=True)
