"""Connections to Postgres: a pool for the path of every call, another for all that no call waits for.

Both are bare asyncpg. The SQLAlchemy engine, for migrations and for what an import writes, is in `storage.db.alchemy`;
a process that does neither does not load SQLAlchemy, which takes longer to read than everything else of ours.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg

from ari_app.core.addresses import login_and_hosts, postgres_address
from ari_app.core.frozen import FROZEN_AFTER_SECONDS
from ari_app.storage.db.errors import translated
from ari_app.storage.db.lending import LendingPool

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
#: a connection that a pool lends
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

#: parameters of a URL that say where it leads
_SHOWN = frozenset({"dbname", "database", "host", "port", "sslmode", "user"})

CONNECT_SECONDS = 2.0
#: the longest that one statement of a call may take; a caller who waits longer is better off in the fallback
STATEMENT_SECONDS = 2.0
#: the longest that a statement may take which no call waits for
BACKGROUND_SECONDS = 30.0
BACKGROUND_CONNECTIONS = 4

#: After some five seconds the server gives up a host that vanished silently, and releases its locks.
SERVER_SETTINGS = {
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "5000",
    "client_connection_check_interval": "1000",
}

#: A transaction of a process that was frozen in it would keep its rows from whoever took over.
_LEFT_ALONE = {"idle_in_transaction_session_timeout": f"{FROZEN_AFTER_SECONDS * 1000:.0f}"}


def dsn(url: str) -> str:
    """The URL as libpq and asyncpg read it, without the `+asyncpg` of SQLAlchemy.

    Raises ValueError, without the URL's password in its text, when it is not a PostgreSQL URL.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise ValueError("not a PostgreSQL URL: it does not start with 'postgresql://'")
    return f"postgresql://{rest}"


def shown(url: str) -> str:
    """Where a URL leads, for people and logs: user, host and database, and nothing of a password or a certificate."""
    try:
        parts = urlsplit(dsn(postgres_address(url)))
        login, hosts = login_and_hosts(parts)
    except ValueError:
        return "postgresql://…"  # nobody can tell where its password ends
    kept = [(key, value) for key, value in parse_qsl(parts.query) if key in _SHOWN]
    query = f"?{urlencode(kept, safe='/')}" if kept else ""
    user = f"{login.partition(':')[0]}@" if login else ""
    return f"postgresql://{user}{hosts}{parts.path}{query}"


async def connect(url: str, name: str) -> asyncpg.Connection[asyncpg.Record]:
    """A connection outside any pool; `name` is what pg_stat_activity shows. Raises StoreUnavailable."""
    with translated():
        return await bare_connect(url, name)


async def bare_connect(url: str, name: str, **options: Any) -> asyncpg.Connection[asyncpg.Record]:
    settings = {**SERVER_SETTINGS, "application_name": name}
    return await asyncpg.connect(dsn(url), timeout=CONNECT_SECONDS, server_settings=settings, **options)


async def _keep_session(_: object) -> None:
    """Reset nothing: no user of the pool changes its session. The default costs a round trip per statement."""


async def create_pool(url: str, *, max_size: int = 8) -> Pool:
    """The pool of the hot path: prepared statements stay, and sessions are never reset. Connects at its first use."""
    with translated():
        return await LendingPool(
            dsn(url),
            min_size=0,
            max_size=max_size,
            max_inactive_connection_lifetime=0,  # a new connection costs ten statements, and prepares them all again
            command_timeout=STATEMENT_SECONDS,
            timeout=CONNECT_SECONDS,
            server_settings={**SERVER_SETTINGS, **_LEFT_ALONE, "application_name": "ari_app ledger"},
            reset=_keep_session,
        )


async def create_background_pool(url: str) -> Pool:
    """The pool for people's questions and for jobs: slow statements may be slow. Connects at its first use."""
    with translated():
        return await asyncpg.create_pool(
            dsn(url),
            min_size=0,
            max_size=BACKGROUND_CONNECTIONS,
            command_timeout=BACKGROUND_SECONDS,
            timeout=CONNECT_SECONDS,
            server_settings={**SERVER_SETTINGS, "application_name": "ari_app"},
            reset=_keep_session,
        )


class Database:
    """The pools and the engine of one process, opened and closed together. Each connects at its first use."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = url
        self._pool_size = pool_size
        self._pool: Pool | None = None
        self._background: Pool | None = None
        self._engine: AsyncEngine | None = None

    @property
    def pool(self) -> Pool:
        """For what a call waits for."""
        if self._pool is None:
            raise RuntimeError("the database is not open")
        return self._pool

    @property
    def background(self) -> Pool:
        """For everything else."""
        if self._background is None:
            raise RuntimeError("the database is not open")
        return self._background

    @property
    def engine(self) -> AsyncEngine:
        """For what an import writes."""
        if self._background is None:
            raise RuntimeError("the database is not open")
        if self._engine is None:
            from ari_app.storage.db.alchemy import create_engine

            self._engine = create_engine(self.url)
        return self._engine

    async def open(self) -> None:
        """Make the pools. Raises ValueError for a wrong URL."""
        self._pool = await create_pool(self.url, max_size=self._pool_size)
        self._background = await create_background_pool(self.url)

    async def close(self) -> None:
        """Disconnect, after at most the time that one statement of a call may take."""
        pools, engine = (self._pool, self._background), self._engine
        self._pool = self._background = self._engine = None
        if engine is not None:
            await engine.dispose()
        for pool in pools:
            if pool is None:
                continue
            try:
                async with asyncio.timeout(STATEMENT_SECONDS):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    async def ping(self) -> None:
        """Raises StoreUnavailable when Postgres does not answer."""
        with translated():
            await self.pool.fetchval("SELECT 1", timeout=STATEMENT_SECONDS)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
