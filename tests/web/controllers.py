"""A controller for the commands of pages that only rows say: it carries them out as `serve` does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial

from ari_app.core.commands import AnyCommand
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.operator_commands import Answer, RefusalReason, Refused
from ari_app.core.provider import ProviderGrants
from ari_app.jobs.row_commands import change_rows
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.commands.claims import ClaimedCommand, CommandClaims
from ari_app.storage.db.engine import Database
from ari_app.storage.db.feed import Feed
from ari_app.storage.db.notifications import COMMAND_CHANNEL
from tests.patience import PATIENCE_SECONDS
from tests.storage.commands.people import controller
from tests.web.people import Place


async def _claimed(serve: Database, claims: CommandClaims) -> AsyncGenerator[ClaimedCommand, None]:
    """Each command as it is asked, those of before first."""
    async with Feed(serve.url, (COMMAND_CHANNEL,)) as feed:
        async for _ in feed:  # the first tells to look
            for claimed in await _looked(claims):
                yield claimed


async def _looked(claims: CommandClaims) -> list[ClaimedCommand]:
    """Again where the store does not answer in time, as `serve` does."""
    while True:
        with suppress(StoreUnavailable):
            return list(await claims.claim())


@asynccontextmanager
async def _working(
    serve: Database, claims: CommandClaims, carry_out: Callable[[ClaimedCommand], Awaitable[object]]
) -> AsyncIterator[list[AnyCommand]]:
    """A controller for the time of the block; the list is what was asked. A fault of its own is raised at the end."""
    asked = list[AnyCommand]()

    async def work() -> None:
        async with aclosing(_claimed(serve, claims)) as found:
            async for claimed in found:
                asked.append(claimed.asked.command)
                await carry_out(claimed)

    task = asyncio.create_task(work())
    try:
        yield asked
    finally:
        if task.done():
            task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def a_controller(place: Place, *answers: Answer) -> AsyncIterator[list[AnyCommand]]:
    """Takes as many commands as it has answers for; the list is what it was asked."""
    claims, asked = controller(place.serve.pool), list[AnyCommand]()

    async def work() -> None:
        async with aclosing(_claimed(place.serve, claims)) as found:
            async for claimed in found:
                asked.append(claimed.asked.command)
                await claims.answer(claimed.asked.id, answers[len(asked) - 1])
                if len(asked) == len(answers):
                    return

    async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as tasks:
        tasks.create_task(work())
        yield asked


@asynccontextmanager
async def all_is_refused(serve: Database, reason: RefusalReason) -> AsyncIterator[None]:
    """By a controller that is quick, for the time of the block."""
    claims = controller(serve.pool)
    async with _working(serve, claims, lambda claimed: claims.answer(claimed.asked.id, Refused(reason))):
        yield


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
    claims, area = controller(serve.pool), await load_area(serve.background)

    async def carry_out(claimed: ClaimedCommand) -> None:
        await claims.carry_out(claimed.asked.id, partial(change_rows, claimed, area, now(), provider=provider()))

    async with _working(serve, claims, carry_out) as asked:
        yield asked
