"""A command of this program as a process of its own: started, awaited, stopped."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path

from ari_app.local import process

READY_SECONDS = 30.0


class LocalProgram(ABC):
    """Starts `ari-app WORD`, knows whether it is ready, and stops it. `name`: what an error calls it."""

    def __init__(self, word: str, *, name: str, run_dir: Path, files: str, stop_seconds: float) -> None:
        self._word = word
        self._name = name
        self._run_dir = run_dir
        self.log_file = run_dir / f"{files}.log"
        self._pid_file = run_dir / f"{files}.pid"
        self._stop_seconds = stop_seconds
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The settings as `ari-app` reads them."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it does now what it is there for."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs or was not started. Negative: the signal that ended it."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start it; returns at once. See `wait_until_ready`."""
        if self.pid is not None:
            return
        self._run_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.reap_leftover()
        self._process = process.start(
            [sys.executable, "-m", "ari_app", self._word],
            log=self.log_file,
            pid_file=self._pid_file,
            environment={**os.environ, **self.environment},
        )

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until `is_ready`.

        Raises:
            StartFailed: it ended, or does not get ready in time; it is killed in that case.
        """
        if self._process is None:
            raise RuntimeError("start() comes first")
        process.wait_until(self.is_ready, self._process, name=self._name, log=self.log_file, seconds=seconds)

    def stop(self) -> None:
        """SIGTERM: it ends in order. `serve` leaves calls and rows as they are; open pages look for another `web`."""
        if self._process is not None:
            process.stop(self._process, signal.SIGTERM, seconds=self._stop_seconds)
            self._process = None
            self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            process.kill_tree(self._process.pid)
            self._process.wait()
            self._process = None

    def reap_leftover(self) -> None:
        """End what a killed launcher left running."""
        process.reap_leftover(self._pid_file, signal.SIGTERM)


def ready_answer(host: str, port: int) -> tuple[int, bytes] | None:
    """Status and body of /health/ready; None: nobody answers."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
