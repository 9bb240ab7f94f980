"""A controller for the commands of pages that only rows say: it carries them out as `serve` does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from ari_app.core.commands import AnyCommand
from ari_app.core.operator_commands import RefusalReason, Refused
from ari_app.core.provider import ProviderGrants
from ari_app.jobs.row_commands import change_rows
from ari_app.storage.db.engine import Database
from ari_app.storage.db.feed import Feed
from ari_app.storage.db.notifications import COMMAND_CHANNEL
from tests.storage.commands.people import controller
from tests.web.people import Place


@asynccontextmanager
async def all_is_refused(serve: Database, reason: RefusalReason) -> AsyncIterator[None]:
    """By a controller that is quick, for the time of the block."""
    claims = controller(serve.pool)

    async def work() -> None:
        async with Feed(serve.url, (COMMAND_CHANNEL,)) as feed:
            async for _ in feed:
                for claimed in await claims.claim():
                    await claims.answer(claimed.asked.id, Refused(reason))

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def rows_are_changed(place: Place) -> AsyncIterator[list[AnyCommand]]:
    """For the time of the block; the list is what was asked. It has the settings of the pages' provider."""

    def provider() -> ProviderGrants | None:
        known = place.site.provider
        return None if known is None else ProviderGrants.of(known.options.issuer, known.options.rules)

    async with rows_are_changed_in(place.serve, place.clock, provider) as asked:
        yield asked


@asynccontextmanager
async def rows_are_changed_in(
    serve: Database,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    provider: Callable[[], ProviderGrants | None] = lambda: None,
) -> AsyncIterator[list[AnyCommand]]:
    """The same for pages that are a process of their own."""
    claims, asked = controller(serve.pool), list[AnyCommand]()

    async def work() -> None:
        async with Feed(serve.url, (COMMAND_CHANNEL,)) as feed:
            async for _ in feed:  # the first tells to look
                for claimed in await claims.claim():
                    asked.append(claimed.asked.command)
                    work = partial(change_rows, claimed, now(), provider=provider())
                    await claims.carry_out(claimed.asked.id, work)

    task = asyncio.create_task(work())
    try:
        yield asked
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
