"""The pages as a process: `ari-app web` with settings for the database beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ari_app.core.access import Role
from ari_app.local.program import LocalProgram, ready_answer

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


class LocalPages(LocalProgram):
    """`ari-app web`, ready when it serves pages and reaches the database.

    On the machine's own address nobody needs a code: the pages are there to be tried out.
    """

    def __init__(self, settings: PagesSettings) -> None:
        super().__init__(
            "web", name="The web process", run_dir=settings.run_dir, files="web", stop_seconds=STOP_SECONDS
        )
        self.settings = settings

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

    def is_ready(self) -> bool:
        found = ready_answer(self.settings.bind, self.settings.port)
        return found is not None and found[0] == 200
