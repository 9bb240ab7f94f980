"""Sends the reminders that are due: by mail, by webhook, by phone; each until it arrives, or is given up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
import structlog

from ari_app.callbacks.reminders import ReminderService
from ari_app.calls.callbacks.ports import ReminderCaller, Spoken, SpokenReminder
from ari_app.core.area import Area, Contact
from ari_app.core.callback_rules import town_of
from ari_app.core.callbacks import CallbackRequest
from ari_app.core.deadlines import may_call_now, next_calling_hour
from ari_app.core.ids import TeamCode
from ari_app.core.reminders import Audience, ReminderOutcome, ReminderWay
from ari_app.jobs.delivery import Mailer, NotSent, Outside, SmtpServer, Webhook
from ari_app.render.mail import mail_of, webhook_of
from ari_app.storage.callbacks.reminders import ReminderQueue, TakenReminder
from ari_app.storage.db.outbox import Outbox, OutboxMessage

log = structlog.get_logger(__name__)

#: a sender that is silent for so long is gone; time enough for a batch that finds no server
SENDING = timedelta(minutes=2)
BATCH = 5
#: a phone that nobody picked up
RING_AGAIN = timedelta(minutes=15)
MOST_RINGS = 3
#: after some two days the screen is the only way left
MOST_TRIES = 40
_LONGEST_PAUSE = timedelta(hours=2)
WEBHOOK_KIND = "callback_reminder"


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways of this installation, beside the screen."""

    mailer: Mailer | None = None
    webhook: Webhook | None = None
    caller: ReminderCaller | None = None


@asynccontextmanager
async def ways_to(outside: Outside, caller: ReminderCaller | None) -> AsyncIterator[Ways]:
    """The ways that the settings name, for the time of the block. Without a `caller` no reminder is spoken."""
    async with aiohttp.ClientSession() as session:
        mailer = webhook = None
        if outside.smtp_url is not None and outside.mail_from is not None:
            mailer = Mailer(SmtpServer.from_url(outside.smtp_url), outside.mail_from)
        if outside.webhook_url is not None and outside.webhook_secret is not None:
            webhook = Webhook(session, outside.webhook_url, outside.webhook_secret)
        yield Ways(mailer, webhook, caller)


class ReminderSender:
    """`clock` gives the moment, UTC. All raise StoreUnavailable."""

    def __init__(
        self,
        reminders: ReminderService,
        queue: ReminderQueue,
        outbox: Outbox,
        ways: Ways,
        area: Callable[[], Area],
        clock: Callable[[], datetime],
    ) -> None:
        self._reminders = reminders
        self._queue = queue
        self._outbox = outbox
        self._ways = ways
        self._area = area
        self._clock = clock

    def ways_of_teams(self) -> dict[tuple[TeamCode, Audience], list[ReminderWay]]:
        """Which ways lead to a team and to its supervisor, beside the screen."""
        found: dict[tuple[TeamCode, Audience], list[ReminderWay]] = {}
        for code in self._area().teams:
            for audience in Audience:
                contact = self._contact(code, audience)
                has = (
                    (ReminderWay.EMAIL, contact.pii_email is not None and self._ways.mailer is not None),
                    (ReminderWay.PHONE, contact.pii_phone is not None and self._ways.caller is not None),
                    (ReminderWay.WEBHOOK, self._ways.webhook is not None),
                )
                found[code, audience] = [way for way, is_there in has if is_there]
        return found

    async def mail(self) -> None:
        """Reminders by mail."""
        await self._send(ReminderWay.EMAIL)

    async def post(self) -> None:
        """Reminders by webhook: handed to the outbox, and sent from there."""
        await self._send(ReminderWay.WEBHOOK)
        await self._post_outbox()

    async def speak(self) -> None:
        """Reminders by phone, one after the other."""
        caller = self._ways.caller
        if caller is None:
            return
        while True:
            now = self._clock()
            taken = await self._queue.take([ReminderWay.PHONE], now, next_try_at=now + SENDING, limit=1)
            if not taken:
                return
            await self._speak_one(caller, taken[0], now)

    async def _send(self, way: ReminderWay) -> None:
        while True:
            now = self._clock()
            batch = await self._queue.take([way], now, next_try_at=now + SENDING, limit=BATCH)
            for taken in batch:
                await self._send_one(taken, now)
            if len(batch) < BATCH:
                break

    async def _send_one(self, taken: TakenReminder, now: datetime) -> None:
        requests = await self._reminders.requests_of(taken.reminder, now)
        if not requests:
            await self._queue.finish(taken.id, ReminderOutcome.NOT_NEEDED, now)
        elif taken.way is ReminderWay.WEBHOOK:
            await self._queue.hand_to_outbox(taken.id, WEBHOOK_KIND, webhook_of(taken.reminder, requests), now)
        else:
            await self._mail_one(taken, requests, now)

    async def _mail_one(self, taken: TakenReminder, requests: Sequence[CallbackRequest], now: datetime) -> None:
        to = self._contact(taken.reminder.owner_team, taken.audience).pii_email
        if to is None or self._ways.mailer is None:  # was there when the reminder became due
            await self._queue.finish(taken.id, ReminderOutcome.GIVEN_UP, now)
            return
        text = mail_of(taken.reminder, requests, self._area(), now)
        try:
            await self._ways.mailer.send(to, text.subject, text.body, message_id=f"reminder-{taken.id}", at=now)
        except NotSent as error:
            is_over = error.for_good or taken.tries_count >= MOST_TRIES
            log.warning("reminder_not_sent", way=taken.way.value, error=str(error), given_up=is_over)
            if is_over:
                await self._queue.finish(taken.id, ReminderOutcome.GIVEN_UP, now)
            else:
                await self._queue.postpone(taken.id, now + _pause(taken.tries_count))
        else:
            await self._queue.finish(taken.id, ReminderOutcome.SENT, now)

    async def _post_outbox(self) -> None:
        webhook = self._ways.webhook
        while webhook is not None:
            now = self._clock()
            batch = await self._outbox.take(WEBHOOK_KIND, now, next_try_at=now + SENDING, limit=BATCH)
            for message in batch:
                await self._post_one(webhook, message, now)
            if len(batch) < BATCH:
                break

    async def _post_one(self, webhook: Webhook, message: OutboxMessage, now: datetime) -> None:
        try:
            await webhook.send(str(message.id), message.payload, now)
        except NotSent as error:
            is_over = error.for_good or message.tries_count >= MOST_TRIES
            log.warning("reminder_not_sent", way="webhook", error=str(error), given_up=is_over)
            if is_over:
                await self._outbox.done(message.id, now, gave_up_why=str(error))
            else:
                await self._outbox.postpone(message.id, now + _pause(message.tries_count))
        else:
            await self._outbox.done(message.id, now)

    async def _speak_one(self, caller: ReminderCaller, taken: TakenReminder, now: datetime) -> None:
        requests = await self._reminders.requests_of(taken.reminder, now)
        if not requests:
            await self._queue.finish(taken.id, ReminderOutcome.NOT_NEEDED, now)
            return
        area, reminder = self._area(), taken.reminder
        phone = self._contact(reminder.owner_team, taken.audience).pii_phone
        if phone is None or taken.tries_count > MOST_RINGS:
            await self._queue.finish(taken.id, ReminderOutcome.GIVEN_UP, now)
            return
        town = town_of(area, requests[0].municipality)
        if not may_call_now(town, area.special_days, now):
            await self._queue.postpone(taken.id, next_calling_hour(town, area.special_days, now), counts=False)
            return
        request_ids = tuple(request.id for request in requests)
        heard = await caller.remind(
            SpokenReminder(taken.id, reminder.kind, reminder.owner_team, reminder.owner_operator, request_ids, phone)
        )
        if heard is Spoken.HEARD:
            await self._queue.finish(taken.id, ReminderOutcome.SENT, self._clock())
        else:
            counts = heard is Spoken.NOT_HEARD
            await self._queue.postpone(taken.id, self._clock() + RING_AGAIN, counts=counts)

    def _contact(self, code: TeamCode, audience: Audience) -> Contact:
        """For a supervisor without an address of their own, the team's: a person has to learn of it."""
        team = self._area().teams.get(code)
        if team is None:
            return Contact()
        own, chief = team.reminders, team.supervisor
        if audience is Audience.OWNER:
            return own
        return Contact(chief.pii_email or own.pii_email, chief.pii_phone or own.pii_phone)


def _pause(tries_count: int) -> timedelta:
    return min(timedelta(seconds=30 << min(tries_count, 10)), _LONGEST_PAUSE)
