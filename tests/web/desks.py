"""One database, one `ari-app web` and one Chromium, for all tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from ari_app.local.pages import LocalPages, PagesSettings
from ari_app.local.ports import Protocol, free_port
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE, WEB
from tests.place import address
from tests.roles import as_role
from tests.web.chromium import Desk, before_pages
from tests.web.conftest import AREA

BINDS = address(1)


@asynccontextmanager
async def a_desk(
    server: LocalPostgres, template: str, directory: Path, extra: Mapping[str, str] | None = None
) -> AsyncIterator[Desk]:
    """With the area of these tests; its accounts are the module's own.

    `extra`: settings of the pages, with `{port}` for theirs.
    """
    name = f"browser_{uuid4().hex}"
    server.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    url = server.url(name)
    port = free_port(Protocol.TCP, BINDS)
    said = {setting: text.replace("{port}", str(port)) for setting, text in (extra or {}).items()}
    settings = PagesSettings(directory / f"pages-{name}", as_role(url, WEB), port, BINDS, said)
    async with Database(as_role(url, SERVE)) as serve:
        await serve.pool.execute(AREA)
        async with before_pages(LocalPages(settings), serve) as desk:
            yield desk
    server.sql(f'DROP DATABASE "{name}" WITH (FORCE)')
