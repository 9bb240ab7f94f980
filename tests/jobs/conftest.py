"""A program that keeps promises, for the tests of its reminders and ticks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ari_app.storage.db.engine import Database
from tests.jobs.callback_stand import MONDAY, Caller, Hands, Hook, Stand
from tests.jobs.mail_server import MailServer


@pytest.fixture
async def stand(database_url: str) -> AsyncIterator[Stand]:
    async with Database(database_url) as database, MailServer() as mail:
        stand = Stand(database, mail, Hands(MONDAY), Hook(), Caller())
        yield stand
        await stand.close()
