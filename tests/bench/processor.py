"""CPU time and memory of a server with all its children, ended ones included."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Meter:
    """Measures the CPU of named processes: a name to its pid, or to None when it does not run."""

    pids: dict[str, int | None]

    def read(self) -> dict[str, float | None]:
        """Seconds of CPU that each has used since it started."""
        return {name: None if pid is None else cpu_seconds(pid) for name, pid in self.pids.items()}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, its ended children, and its living descendants."""
    root = psutil.Process(pid)
    times = root.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in root.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return float(total)


def resident_bytes(pid: int) -> int:
    """The memory that a process has to itself."""
    return int(psutil.Process(pid).memory_info().rss)


def machine() -> str:
    """The processor and how many of it there are."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{psutil.cpu_count()} x {model}, {psutil.virtual_memory().total / 2**30:.0f} GB"
