"""The SQLAlchemy engine, for migrations and for what an import of the area writes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from sqlalchemy import pool as sa_pool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ari_app.storage.db.engine import BACKGROUND_SECONDS, bare_connect, dsn

#: A migration that was ended halfway would be ended there each time, however the database or its role limits others.
_NO_LIMITS = "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0"


def create_engine(url: str) -> AsyncEngine:
    """An engine on asyncpg. Exceptions do not show parameters: they may be personal."""

    async def new_connection() -> asyncpg.Connection[asyncpg.Record]:
        return await bare_connect(url, "ari_app", command_timeout=BACKGROUND_SECONDS)

    return _engine(url, new_connection, pool_pre_ping=True)


def create_migration_engine(url: str) -> AsyncEngine:
    """An engine for one connection, whose statements may take and wait as long as they need."""

    async def new_connection() -> asyncpg.Connection[asyncpg.Record]:
        connection = await bare_connect(url, "ari_app migrate")
        await connection.execute(_NO_LIMITS)
        return connection

    return _engine(url, new_connection, poolclass=sa_pool.NullPool)


def _engine(
    url: str, new_connection: Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]], **options: Any
) -> AsyncEngine:
    dsn(url)  # a wrong URL is refused here, not at the first query
    return create_async_engine("postgresql+asyncpg://", async_creator=new_connection, hide_parameters=True, **options)
