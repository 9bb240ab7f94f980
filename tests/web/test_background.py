"""Given a task beside the pages that ends, then the process ends with an error, whichever task it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from ari_app.commands import CANNOT
from ari_app.commands import web as command
from ari_app.local.ports import Protocol, free_port
from ari_app.settings import WebSettings, load
from ari_app.storage.commands.asker import Answers
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from ari_app.web import process
from ari_app.web.background import TaskEnded, run_together
from ari_app.web.site import Site
from tests.patience import PATIENCE_SECONDS
from tests.place import address
from tests.roles import as_role

pytestmark = pytest.mark.postgres

TASKS = (
    *("changes", "area", "regions", "slow regions", "nodes", "sessions", "idle", "clock"),
    *("answers", "garbage", "phones", "trial"),
)


async def fails() -> None:
    raise LookupError("a mistake of ours")


async def returns() -> None:
    """As a loop that somebody left."""


async def is_cancelled() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def goes_on() -> None:
    await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("dies", [fails, returns, is_cancelled])
async def test_when_one_ends_the_others_are_cancelled_and_it_is_named(dies: Callable[[], object]) -> None:
    ended = asyncio.Event()

    async def other() -> None:
        try:
            await goes_on()
        finally:
            ended.set()

    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(TaskEnded, match="'one'") as error:
            await run_together({"other": other(), "one": dies()})  # type: ignore[dict-item]
    assert ended.is_set() and error.value.task == "one"
    assert isinstance(error.value.__cause__, LookupError) is (dies is fails)


async def test_cancelled_they_all_end_and_nothing_is_said() -> None:
    running = asyncio.create_task(run_together({"one": goes_on(), "other": goes_on()}))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.fixture
def settings(database_url: str, serve: Database) -> WebSettings:
    """Pages of the demonstration, with a phone, so that every task is there."""
    bind = address(1)
    return load(
        WebSettings,
        {
            "DATABASE_URL": as_role(database_url, WEB),
            "ARI_APP_DESK_BIND": bind,
            "ARI_APP_DESK_PORT": str(free_port(Protocol.TCP, bind)),
            "ARI_APP_DESK_PHONE_URL": f"ws://{bind}:1/ws",
            "ARI_APP_TRIAL_PASSWORD": "0123456789abcdef" * 2,
        },
    )


@pytest.mark.parametrize("name", TASKS)
async def test_the_process_ends_with_an_error_when_this_task_ends(
    settings: WebSettings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = process.background_tasks
    names: list[str] = []

    def one_fails(site: Site) -> object:
        tasks = real(site)
        names.extend(tasks)
        tasks[name].close()
        return tasks | {name: fails()}

    monkeypatch.setattr(process, "background_tasks", one_fails)
    with capture_logs() as said:
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await command._serve(settings) == CANNOT
    assert [(one["event"], one["task"]) for one in said if one["log_level"] == "error"] == [("pages_failed", name)]
    assert sorted(names) == sorted(TASKS), "each task is tested here"


async def test_whoever_hears_no_answers_any_more_says_so(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(self: Answers) -> None:
        raise LookupError("a mistake of ours")

    monkeypatch.setattr(Answers, "_listen", deaf)
    async with Answers(database_url) as answers:
        with pytest.raises(LookupError):
            await answers.listening()
