"""`ari-app` as a person types it, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ari_app.cli import main
from ari_app.storage.db.roles import SERVE
from tests.roles import as_role

SAMPLE = Path(__file__).parents[2] / "ari_app" / "sample" / "area.toml"

Type = Callable[..., Result]


@pytest.fixture
def type_in(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Run one command line against this test's database; returns its output and exit code."""
    for name in ("ARI_APP_ARI_USER", "ARI_APP_ARI_PASSWORD", "ARI_APP_SOUNDS_DIR", "ARI_APP_CEL_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", as_role(database_url, SERVE))

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, words, catch_exceptions=False)

    return run


def rows(result: Result) -> list[dict[str, object]]:
    """The objects of a `--json` answer."""
    return [json.loads(line) for line in result.stdout.splitlines()]
