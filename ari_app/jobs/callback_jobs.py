"""Builds the keeper of promises with the ways of this installation, and names its ticks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp

from ari_app.calls.callbacks.ports import ReminderCaller
from ari_app.core.area import Area
from ari_app.core.ids import AsteriskId
from ari_app.jobs.callback_ticks import CallbackKeeper, Ways
from ari_app.jobs.clockwork import Job
from ari_app.jobs.delivery import Mailer, Outside, SmtpServer, Webhook
from ari_app.storage.callbacks.reminders import Reminders
from ari_app.storage.callbacks.requests import PostgresCallbacks
from ari_app.storage.db.engine import Database

KEEP_SECONDS = 10.0
SEND_SECONDS = 15.0
SPEAK_SECONDS = 20.0


@asynccontextmanager
async def keeping_promises(
    database: Database,
    outside: Outside,
    area: Callable[[], Area],
    asterisk_id: AsteriskId,
    caller: ReminderCaller | None = None,
) -> AsyncIterator[dict[str, tuple[float, Job]]]:
    """The jobs for `ticking`, for the time of the block. Without a `caller` no reminder is spoken."""
    book, reminders = PostgresCallbacks(database.pool), Reminders(database.pool)
    async with aiohttp.ClientSession() as session:
        mailer = webhook = None
        if outside.smtp_url is not None and outside.mail_from is not None:
            mailer = Mailer(SmtpServer.from_url(outside.smtp_url), outside.mail_from)
        if outside.webhook_url is not None and outside.webhook_secret is not None:
            webhook = Webhook(session, outside.webhook_url, outside.webhook_secret)
        ways = Ways(mailer, webhook, caller)
        keeper = CallbackKeeper(database, book, reminders, ways, area, lambda: datetime.now(UTC), asterisk_id)
        try:
            yield {
                "callbacks": (KEEP_SECONDS, keeper.tick),
                "mailed reminders": (SEND_SECONDS, keeper.mail),
                "posted reminders": (SEND_SECONDS, keeper.post),
                "spoken reminders": (SPEAK_SECONDS, keeper.speak),
            }
        finally:
            await reminders.close()
            await book.close()
