"""The SQLAlchemy engine, for migrations and for what an import of the area writes."""

from __future__ import annotations

from typing import Any

import asyncpg
from sqlalchemy import pool as sa_pool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ari_app.storage.db.engine import BACKGROUND_SECONDS, bare_connect, dsn


def create_engine(url: str, *, pooled: bool = True) -> AsyncEngine:
    """An engine on asyncpg. Exceptions do not show parameters: they may be personal."""

    async def new_connection() -> asyncpg.Connection[asyncpg.Record]:
        return await bare_connect(url, "ari_app", command_timeout=BACKGROUND_SECONDS)

    options: dict[str, Any] = {"pool_pre_ping": True} if pooled else {"poolclass": sa_pool.NullPool}
    dsn(url)  # a wrong URL is refused here, not at the first query
    return create_async_engine("postgresql+asyncpg://", async_creator=new_connection, hide_parameters=True, **options)
