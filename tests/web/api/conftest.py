"""One database, one `ari-app web` and its API for all tests of a module."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio
from aiohttp import ClientSession, DummyCookieJar

from ari_app.core.access import Role
from ari_app.storage.changes.upkeep import keep_up
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE, WEB
from ari_app.web.site import SiteOptions
from tests.databases import Databases
from tests.patience import PATIENCE_SECONDS
from tests.roles import as_role
from tests.web.api.stand import Stand
from tests.web.conftest import AREA
from tests.web.people import TRUSTED, Clock, Place, served

#: what the directory and the opening hours of both municipalities have; an extension may be an operator's number
MORE = """
INSERT INTO opening_hours (municipality, weekday, opens, closes)
  SELECT code, day, '08:30', '17:00' FROM municipality, generate_series(0, 4) AS day;
INSERT INTO directory_entry (code, kind, name, municipality, extension, endpoint, subject, shared) VALUES
  ('w-burgerzaken', 'department', 'Burgerzaken Wierdam', 'GM9901', '2101', 'PJSIP/w1', 'Paspoort', false),
  ('w-belasting', 'department', 'Belastingen Wierdam', 'GM9901', '2102', 'PJSIP/w2', 'Belasting', false),
  ('e-receptie', 'department', 'Receptie Elderlo', 'GM9902', '101', 'PJSIP/e2', 'Receptie', false),
  ('e-burgerzaken', 'department', 'Burgerzaken Elderlo', 'GM9902', '2201', 'PJSIP/e1', 'Paspoort', false);"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stand(databases: Databases, migrated_template: str) -> AsyncIterator[Stand]:
    clock = Clock()
    with databases.one(migrated_template) as url:
        async with AsyncExitStack() as stack:
            serve = await stack.enter_async_context(Database(as_role(url, SERVE)))
            await serve.pool.execute(AREA + MORE)
            await keep_up(serve.background, clock())  # a copied database begins its log of changes anew
            web = await stack.enter_async_context(Database(as_role(url, WEB)))
            options = SiteOptions("http://127.0.0.1", trusted=TRUSTED, trusted_roles=frozenset(Role))
            site, server = await stack.enter_async_context(served(web, options, clock))
            read = asyncio.Event()
            site.area.when_read(read.set)
            if not site.area.current.municipalities:
                await asyncio.wait_for(read.wait(), PATIENCE_SECONDS)
            session = await stack.enter_async_context(ClientSession(cookie_jar=DummyCookieJar()))
            yield Stand(Place(site, serve, server, clock, stack), session)


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nothing_goes_on(stand: Stand) -> None:
    """Each test begins without operators at their phones."""
    await stand.place.serve.pool.execute("""
        UPDATE operator_session SET state = 'away', logged_out_at = now(), logout_reason = 'key', call_id = NULL
        WHERE logged_out_at IS NULL""")
