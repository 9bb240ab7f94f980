"""Prompts are made before an area is used; another process that makes some holds up neither calls nor the end."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from ari_app.area_file.imports import import_area
from ari_app.core.area import Area
from ari_app.jobs import area_follower
from ari_app.jobs.area_follower import AreaFollower
from ari_app.prompts import voice
from ari_app.prompts.build import build
from ari_app.prompts.errors import DirectoryInUse
from ari_app.prompts.manifest import Making, locked
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from tests.patience import PATIENCE_SECONDS
from tests.roles import as_role

pytestmark = pytest.mark.postgres


@contextmanager
def busy(directory: Path) -> Iterator[None]:
    """Another process makes prompts there."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
async def area(database_url: str) -> None:
    async with Database(database_url) as owner:
        text = files("ari_app.sample").joinpath("area.toml").read_text()
        await import_area(owner.engine, text, "test", datetime.now(UTC))


@pytest.mark.parametrize("place", ["music", "."])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_serve_ends_at_once_while_another_process_makes_prompts(
    area: None, database_url: str, tmp_path: Path, place: str, number: signal.Signals
) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": as_role(database_url, SERVE),
        "ARI_APP_ARI_URL": "http://127.0.0.1:1/ari",
        "ARI_APP_ARI_USER": "nobody",
        "ARI_APP_ARI_PASSWORD": "none",
        "ARI_APP_SOUNDS_DIR": str(tmp_path),
        "ARI_APP_WEB_PORT": "0",
    }
    with busy(tmp_path / place):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ari_app", "serve", env=environment, stderr=asyncio.subprocess.PIPE
        )
        try:
            assert process.stderr is not None
            async with asyncio.timeout(PATIENCE_SECONDS):
                while json.loads(await process.stderr.readline())["event"] != "controller":
                    pass
                process.send_signal(number)
                rest = (await process.communicate())[1].decode()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert (process.returncode, "prompts_not_made" in rest) == (0, False)


async def test_another_builder_is_waited_for_for_a_while_and_the_prompts_are_made_later(
    area: None, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that is frozen while it makes prompts must not keep its standby from handling calls."""
    monkeypatch.setattr(voice, "LOCK_SECONDS", 0.2)
    asked: list[Area] = []

    async def make(sounds_dir: Path, area: Area) -> bool:
        asked.append(area)
        return True

    async with Database(as_role(database_url, SERVE)) as database:
        follower = AreaFollower(database, tmp_path)
        with busy(tmp_path):
            assert await follower.reload()
        assert follower.current() != Area()
        assert not (tmp_path / "nl").exists()
        monkeypatch.setattr(area_follower, "make_prompts", make)
        for _ in range(3):
            assert not await follower.reload()
    assert asked == [follower.current()]


def test_a_builder_stops_when_it_is_told(tmp_path: Path) -> None:
    making = Making()
    done: list[int] = []

    def stop(count: int, of: int) -> None:
        done.append(count)
        making.stopped.set()

    with pytest.raises(DirectoryInUse, match="stopped"):
        build(tmp_path, progress=stop, making=making)
    assert done == [1]
    with locked(tmp_path, Making(lock_seconds=0)):
        pass  # its lock is free again
