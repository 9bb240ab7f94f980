"""The application beside others: another machine with its name, and a database that has no room for a row."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from ari_app.local.asterisk import LocalAsterisk
from ari_app.local.ports import Protocol, free_port
from tests.acceptance.application import Application
from tests.acceptance.readiness import readiness
from tests.acceptance.record import questions
from tests.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def test_another_machine_with_the_same_node_name_is_refused_and_closes_nothing(
    application: Application, asterisk: LocalAsterisk, database_url: str, tmp_path: Path
) -> None:
    """Given a controller at work, when a machine of another installation starts at its name, then it ends by itself."""
    await application.start()
    other = Application(asterisk, database_url, {"ARI_APP_SOUNDS_DIR": str(tmp_path)})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ari_app", "serve",
        env=other.environment(), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE_SECONDS):
        _, said = await process.communicate()
    assert process.returncode == 2
    assert "give this one a name of its own with ARI_APP_NODE" in said.decode()
    assert application.is_up


async def test_no_room_for_a_row_is_not_ready(
    asterisk: LocalAsterisk, application: Application, database_url: str
) -> None:
    """Given a database that answers and can write no file, then new calls are not for us; with room again they are."""
    port = free_port(Protocol.TCP)
    application.options = {**application.options, "ARI_APP_WEB_PORT": str(port)}
    await application.start()
    assert (await readiness(port, 200))["ready"] is True
    name = database_url.rpartition("/")[2].partition("?")[0]
    again = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ari_app ledger'"
    async with questions(database_url) as owner:
        await owner.execute(f'ALTER DATABASE "{name}" SET temp_file_limit = 0')
        await owner.execute(again)  # a setting of a database counts for new connections
        state = await readiness(port, 503)
        assert (state["store"], state["ready"]) == (False, False)
        await owner.execute(f'ALTER DATABASE "{name}" RESET temp_file_limit')
        await owner.execute(again)
    assert (await readiness(port, 200))["store"] is True
