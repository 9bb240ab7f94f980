"""A program that keeps promises, for the tests of its reminders and ticks; and who takes calls from Asterisk's log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ari_app.core.area import Area
from ari_app.jobs.fallback import FallbackTaker
from ari_app.storage.db.engine import Database
from tests.jobs.callback_stand import MONDAY, Caller, Hands, Hook, Stand
from tests.jobs.logged_calls import NODE, NewTaker
from tests.jobs.mail_server import MailServer


@pytest.fixture
async def stand(database_url: str) -> AsyncIterator[Stand]:
    async with Database(database_url) as database, MailServer() as mail:
        stand = Stand(database, mail, Hands(MONDAY), Hook(), Caller())
        yield stand
        await stand.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "cel.csv"


@pytest.fixture
def new_taker(database: Database, log: Path) -> NewTaker:
    """Another process: it knows only what the database and the log say."""
    return lambda: FallbackTaker(database, log, NODE, Area)
