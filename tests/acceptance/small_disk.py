"""A PostgreSQL on a disk of its own that is small, and is filled to the last byte and emptied again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: a cluster, its log of changes and one migrated database
MEGABYTES = 200
_BLOCK = b"\0" * 65536


class SmallDisk:
    """A file system in memory. Only root may make one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._ballast = directory / "ballast"

    def fill(self) -> None:
        """Take all the room that is left: whoever needs a byte more has ENOSPC."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (len(_BLOCK), 4096, 1):
                try:
                    while file.write(_BLOCK[:size]):
                        pass
                except OSError:
                    continue
        assert self.free_bytes == 0

    def make_room(self) -> None:
        self._ballast.unlink(missing_ok=True)

    @property
    def free_bytes(self) -> int:
        found = os.statvfs(self.directory)
        return found.f_bavail * found.f_frsize


@contextmanager
def mounted(directory: Path) -> Iterator[SmallDisk | None]:
    """The disk, mounted at `directory`; None where that is not allowed."""
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=711", "tmpfs", str(directory)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        yield None
        return
    try:
        yield SmallDisk(directory)
    finally:
        # At once, also when a process that is about to end still has a file open there.
        subprocess.run(["umount", "--lazy", str(directory)], check=True)
