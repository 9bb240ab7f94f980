"""The application as a process of its own, which a test starts, kills, freezes and starts again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from ari_app.area_file.imports import import_area
from ari_app.local.asterisk import LocalAsterisk
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from tests import privacy
from tests.acceptance import prepared
from tests.patience import PATIENCE_SECONDS
from tests.roles import as_role

#: from when until when copies of the application were stopped or frozen; seconds since 1970
absences: list[tuple[float, float]] = []


@dataclass
class Application:
    """One copy of `ari-app serve`. Its log is read as it is written, so that a test waits for what it says."""

    asterisk: LocalAsterisk
    database_url: str
    options: Mapping[str, str] = field(default_factory=dict)
    module: str = "ari_app"
    log: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._process: asyncio.subprocess.Process | prepared.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._read_from = 0
        self._away_since: float | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log_file(self) -> Path:
        return self.asterisk.log_dir / privacy.APPLICATION_LOG

    @property
    def was_started(self) -> bool:
        return self._process is not None

    @property
    def is_up(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def environment(self) -> dict[str, str]:
        settings = self.asterisk.settings
        return {
            **os.environ,
            "DATABASE_URL": as_role(self.database_url, SERVE),
            "ARI_APP_ARI_URL": self.asterisk.ari_url,
            "ARI_APP_ARI_USER": self.asterisk.ari_user,
            "ARI_APP_ARI_PASSWORD": self.asterisk.ari_password,
            "ARI_APP_SOUNDS_DIR": str(settings.sounds_dir),
            "ARI_APP_CEL_FILE": str(self.asterisk.cel_file),
            "ARI_APP_WEB_PORT": "0",
            "ARI_APP_OUTBOUND_ENDPOINT": "PJSIP/{number}@trunk",
            "ARI_APP_LOG_LEVEL": "info",
            **self.options,
        }

    async def start(self, wait_for: str = "asterisk_connected", *, from_disk: bool = False) -> dict[str, Any]:
        """Start it, and return what it says when it is ready.

        From what is in memory already; `from_disk`: as an orchestrator does, with all that it costs.
        """
        self._read_from = len(self.log)
        if not from_disk:
            self._process = await prepared.begin(self.module, ["serve"], self.environment())
        else:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self.module, "serve", env=self.environment(), stderr=asyncio.subprocess.PIPE
            )
        self._reader = asyncio.create_task(self._read(self._process))
        said = await self.says(wait_for, PATIENCE_SECONDS)
        self._is_there()
        return said

    def _is_there(self) -> None:
        since, self._away_since = self._away_since, None
        if since is not None:
            absences.append((since, time.time()))

    async def _read(self, process: asyncio.subprocess.Process | prepared.Process) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            with self.log_file.open("ab") as file:  # searched for people at the end: tests.privacy
                file.write(line)
            try:
                self.log.append(json.loads(line))
            except ValueError:
                self.log.append({"event": line.decode(errors="replace").rstrip()})
            self._changed.set()
        self._changed.set()

    async def says(self, event: str, within_seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Wait until the newest process logs this event, if it has not yet; returns its fields."""
        try:
            async with asyncio.timeout(within_seconds):
                while True:
                    for entry in self.log[self._read_from :]:
                        if entry.get("event") == event:
                            return entry
                    assert self._reader is None or not self._reader.done(), f"it ended: {self.log[-5:]}"
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"{event!r} was not logged within {within_seconds} s: {self.log[-8:]}") from None

    def forget_log(self) -> None:
        """Lines logged so far do not count for `says` any more."""
        self._read_from = len(self.log)

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        await self.gone()

    async def stop(self) -> int:
        """Ask it to stop, as an orchestrator would; returns its exit code."""
        if self._process is None or self._process.returncode is not None:
            return 0
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return await self.gone()

    async def gone(self, within_seconds: float = PATIENCE_SECONDS) -> int:
        assert self._process is not None and self._reader is not None
        try:
            async with asyncio.timeout(within_seconds):
                code = await self._process.wait()
                await self._reader
        except TimeoutError:
            self._process.kill()
            raise AssertionError(f"it did not stop within {within_seconds} s: {self.log[-5:]}") from None
        return code

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        if number is signal.SIGCONT:
            self._is_there()
        elif self._away_since is None:
            self._away_since = time.time()
        with suppress(ProcessLookupError):
            self._process.send_signal(number)


def sample_area(**replacements: str) -> str:
    """The sample area's text; each replacement changes every `key = value` of that key."""
    lines = files("ari_app.sample").joinpath("area.toml").read_text().splitlines()
    changed = []
    for line in lines:
        key = line.partition("=")[0].strip()
        changed.append(f"{key} = {replacements[key]}" if key in replacements else line)
    return "\n".join(changed) + "\n"


async def import_into(database_url: str, area: str) -> None:
    async with Database(database_url) as database:
        await import_area(database.engine, area, "acceptance test", datetime.now(UTC))
