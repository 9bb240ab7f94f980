"""The pages as a process: `ari-app web` with settings for the database beside it."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ari_app.core.access import Role
from ari_app.local import process

READY_SECONDS = 30.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class PagesSettings:
    """The settings of one copy of the pages."""

    run_dir: Path
    database_url: str = field(repr=False)
    port: int
    bind: str = "127.0.0.1"
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{self.bind}:{self.port}"


class LocalPages:
    """Starts `ari-app web`, knows whether it is ready, and stops it.

    On the machine's own address nobody needs a code: the pages are there to be tried out.
    """

    def __init__(self, settings: PagesSettings) -> None:
        self.settings = settings
        self.log_file = settings.run_dir / "web.log"
        self._pid_file = settings.run_dir / "web.pid"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.settings.database_url,
            "ARI_APP_DESK_BIND": self.settings.bind,
            "ARI_APP_DESK_PORT": str(self.settings.port),
            "ARI_APP_DESK_URL": self.settings.url,
            "ARI_APP_DESK_TRUSTED": "127.0.0.0/8",
            "ARI_APP_DESK_TRUSTED_ROLES": ",".join(Role),
            **self.settings.extra,
        }

    def start(self) -> None:
        """Start it; returns at once. See `wait_until_ready`."""
        if self.pid is not None:
            return
        self.settings.run_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.reap_leftover()
        self._process = process.start(
            [sys.executable, "-m", "ari_app", "web"],
            log=self.log_file,
            pid_file=self._pid_file,
            environment={**os.environ, **self.environment},
        )

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until it serves pages and reaches the database.

        Raises:
            StartFailed: it ended, or does not get ready in time; it is killed in that case.
        """
        if self._process is None:
            raise RuntimeError("start() comes first")
        process.wait_until(self.is_ready, self._process, name="The web process", log=self.log_file, seconds=seconds)

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection(self.settings.bind, self.settings.port, timeout=2)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """SIGTERM: open pages hear that it ends, and look for another one."""
        if self._process is not None:
            process.stop(self._process, signal.SIGTERM, seconds=STOP_SECONDS)
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
