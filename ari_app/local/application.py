"""The application itself as a process: `ari-app serve` with settings for the servers beside it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ari_app.local import process
from ari_app.local.asterisk import LocalAsterisk

READY_SECONDS = 30.0
STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class ApplicationSettings:
    """The settings of one copy of the application. `extra` are further environment variables."""

    run_dir: Path
    database_url: str = field(repr=False)
    web_port: int
    web_bind: str = "127.0.0.1"
    node: str = "node1"
    extra: Mapping[str, str] = field(default_factory=dict)


class LocalApplication:
    """Starts `ari-app serve`, knows whether it handles calls, and stops it."""

    def __init__(self, settings: ApplicationSettings, asterisk: LocalAsterisk) -> None:
        self.settings = settings
        self.log_file = settings.run_dir / "app.log"
        self._pid_file = settings.run_dir / "app.pid"
        self._asterisk = asterisk
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process is not None else None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs or was not started. Negative: the signal that ended it."""
        return None if self._process is None else self._process.poll()

    @property
    def environment(self) -> dict[str, str]:
        """The settings as `ari-app` reads them; also what a person needs in another terminal."""
        return {
            "DATABASE_URL": self.settings.database_url,
            "ARI_APP_ARI_URL": self._asterisk.ari_url,
            "ARI_APP_ARI_USER": self._asterisk.ari_user,
            "ARI_APP_ARI_PASSWORD": self._asterisk.ari_password,
            "ARI_APP_ARI_APPLICATION": self._asterisk.settings.ari_application,
            "ARI_APP_NODE": self.settings.node,
            "ARI_APP_SOUNDS_DIR": str(self._asterisk.sounds_dir),
            "ARI_APP_CEL_FILE": str(self._asterisk.cel_file),
            "ARI_APP_WEB_BIND": self.settings.web_bind,
            "ARI_APP_WEB_PORT": str(self.settings.web_port),
            **self.settings.extra,
        }

    def start(self) -> None:
        """Start it; returns at once. See `wait_until_ready`."""
        if self.pid is not None:
            return
        self.settings.run_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.reap_leftover()
        self._process = process.start(
            [sys.executable, "-m", "ari_app", "serve"],
            log=self.log_file,
            pid_file=self._pid_file,
            environment={**os.environ, **self.environment},
        )

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until it handles calls.

        Raises:
            StartFailed: it ended, or does not get ready in time; it is killed in that case.
        """
        if self._process is None:
            raise RuntimeError("start() comes first")
        process.wait_until(self.is_ready, self._process, name="The application", log=self.log_file, seconds=seconds)

    def is_ready(self) -> bool:
        """Whether this copy handles calls now; a standby does not."""
        connection = http.client.HTTPConnection(self.settings.web_bind, self.settings.web_port, timeout=2)
        try:
            connection.request("GET", "/health/ready")
            answer = connection.getresponse()
            status = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()
        return answer.status == 200 and bool(status.get("ready"))

    def stop(self) -> None:
        """SIGTERM: it leaves calls and rows as they are."""
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
