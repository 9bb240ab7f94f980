"""Somebody at a screen, the controllers of two runs, and an operator of each of two municipalities."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.commands.asker import Answers
from ari_app.storage.commands.claims import CommandClaims
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from tests.roles import as_role
from tests.storage.commands.people import Screen, controller
from tests.storage.values import new_session


@pytest.fixture
async def screen(an_area: Database, ledger: PostgresLedger, database_url: str) -> AsyncIterator[Screen]:
    """With the rights of `web`; Anna (101) of Wierdam and Bert (102) of Elderlo are logged in."""
    for operator in ("101", "102"):
        await ledger.store_session(new_session(operator))
    url = as_role(database_url, WEB)
    async with Database(url) as web, Answers(url) as answers:
        yield Screen(web.pool, answers)


@pytest.fixture
def claims(an_area: Database) -> CommandClaims:
    return controller(an_area.pool)
