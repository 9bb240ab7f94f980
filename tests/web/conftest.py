"""Pages over a real database, with the rights of their own role, and people who log in on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE, WEB
from ari_app.web.site import SiteOptions
from tests.roles import as_role
from tests.web import templates
from tests.web.controllers import rows_are_changed
from tests.web.people import TRUSTED, Clock, Place, served
from tests.web.provider import IdentityProvider
from tests.web.provider_logins import asked_at_each_login

templates.are_compiled_once()

#: two municipalities, each with a team and an operator who serve it alone; a controller that lives through every test
AREA = """
INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam'), ('GM9902', 'Elderlo');
INSERT INTO team (code, name) VALUES ('wierdam', 'KCC Wierdam'), ('elderlo', 'KCC Elderlo');
INSERT INTO team_municipality VALUES ('wierdam', 'GM9901', 'own'), ('elderlo', 'GM9902', 'own');
INSERT INTO operator VALUES ('101', 'Anna', ''), ('102', 'Bert', '');
INSERT INTO operator_team VALUES ('101', 'wierdam'), ('102', 'elderlo');
INSERT INTO node (name, installation, seen_at) VALUES ('node1', 'test', now() + interval '1 hour');"""


@pytest.fixture
async def serve(database_url: str) -> AsyncIterator[Database]:
    """The database as `serve` and the commands have it."""
    async with Database(as_role(database_url, SERVE)) as database:
        await database.pool.execute(AREA)
        yield database


@pytest.fixture
async def place(database_url: str, serve: Database) -> AsyncIterator[Place]:
    clock = Clock()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(as_role(database_url, WEB)))
        options = SiteOptions("http://127.0.0.1", trusted=TRUSTED)
        site, server = await stack.enter_async_context(served(database, options, clock))
        yield Place(site, serve, server, clock, stack)


@pytest.fixture
async def provider(place: Place, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[IdentityProvider]:
    """By whom people may log in; no controller gives its roles."""
    async with asked_at_each_login(place, monkeypatch) as provider:
        yield provider


@pytest.fixture
async def controller(place: Place, provider: IdentityProvider) -> AsyncIterator[None]:
    """Which gives the roles that the provider says."""
    async with rows_are_changed(place):
        yield
