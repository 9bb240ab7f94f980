"""The application itself as a process: `ari-app serve` with settings for the servers beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ari_app.local.asterisk import LocalAsterisk
from ari_app.local.program import LocalProgram, ready_answer

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


class LocalApplication(LocalProgram):
    """`ari-app serve`, ready when it handles calls."""

    def __init__(self, settings: ApplicationSettings, asterisk: LocalAsterisk) -> None:
        super().__init__(
            "serve", name="The application", run_dir=settings.run_dir, files="app", stop_seconds=STOP_SECONDS
        )
        self.settings = settings
        self._asterisk = asterisk

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

    def is_ready(self) -> bool:
        """Whether this copy handles calls now; a standby does not."""
        found = ready_answer(self.settings.web_bind, self.settings.web_port)
        try:
            return found is not None and found[0] == 200 and bool(json.loads(found[1]).get("ready"))
        except ValueError:
            return False
