"""Keeps the promise from being forgotten: expired leases, lapsed places, due reminders and their sending.

What is due is a row or follows from one; a tick that did not come is made up for by the next. Several copies may do
this at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import structlog

from ari_app.calls.callbacks.ports import ReminderCaller, Spoken, SpokenReminder
from ari_app.core.area import Area, Contact
from ari_app.core.calendar import local_date, special_days_known_until, special_days_run_out
from ari_app.core.callback_changes import inherited, virtual_hold_lapsed
from ari_app.core.callback_rules import LEASE, owner_team_of, virtual_hold_has_lapsed
from ari_app.core.callbacks import CallbackRequest, Confirmed, NewRequest, RequestKind, RequestReason
from ari_app.core.deadlines import may_call_now, next_callable
from ari_app.core.ids import AsteriskId, TeamCode
from ari_app.core.reminders import Audience, ReminderOutcome, ReminderWay, due_reminders, town_of
from ari_app.core.tariffs import Forbidden, callable_number
from ari_app.jobs.delivery import Mailer, NotSent, Webhook
from ari_app.render.mail import mail_of, webhook_of
from ari_app.storage.callbacks.reminders import Reminders, TakenReminder
from ari_app.storage.callbacks.requests import PostgresCallbacks
from ari_app.storage.calls.abandoned import abandoned_calls
from ari_app.storage.db.engine import Database
from ari_app.storage.db.outbox import Outbox, OutboxMessage

log = structlog.get_logger(__name__)

#: a sender that is silent for so long is gone; time enough for a batch that finds no server
SENDING = timedelta(minutes=2)
BATCH = 5
#: a phone that nobody picked up
RING_AGAIN = timedelta(minutes=15)
MOST_RINGS = 3
#: after some two days nobody tries any more; the screen has it
MOST_TRIES = 40
_LONGEST_PAUSE = timedelta(hours=2)
#: an application that was away for a day still finds who gave up meanwhile
ABANDONED_SINCE = timedelta(days=1)
WEBHOOK_KIND = "callback_reminder"


@dataclass(frozen=True, slots=True)
class Ways:
    """Those that this installation has, beside the screen."""

    mailer: Mailer | None = None
    webhook: Webhook | None = None
    caller: ReminderCaller | None = None


class CallbackKeeper:
    """The regular work on promises; `clock` gives the moment, UTC."""

    def __init__(
        self,
        database: Database,
        book: PostgresCallbacks,
        reminders: Reminders,
        ways: Ways,
        area: Callable[[], Area],
        clock: Callable[[], datetime],
        asterisk_id: AsteriskId,
    ) -> None:
        self._book = book
        self._reminders = reminders
        self._outbox = Outbox(database.pool)
        self._engine = database.engine
        self._ways = ways
        self._directory = area
        self._clock = clock
        self._asterisk_id = asterisk_id
        self._warned_on: date | None = None

    async def tick(self) -> None:
        """Leases, places, and what has become due; nothing is sent here. Raises StoreUnavailable."""
        now, area = self._clock(), self._directory()
        self._warn_of_days(area, now)
        await self._book.extend_leases_of_calls(self._asterisk_id, now + LEASE)
        for request_id in await self._book.sweep_leases(area, now):
            log.warning("callback_lease_expired", request_id=str(request_id))
        await self._lapse_places(area, now)
        await self._promise_abandoned(area, now)
        requests = await self._book.open_requests()
        if await self._find_owners(requests, area, now):
            requests = await self._book.open_requests()
        due = due_reminders(requests, await self._reminders.absences(now), area, now)
        for reminder in await self._reminders.store_due(due, self._ways_of(area), now):
            late = (now - reminder.due_at).total_seconds()
            log.info("reminder_due", kind=reminder.kind.value, team=reminder.owner_team, late_seconds=round(late))

    async def mail(self) -> None:
        """Reminders by mail. Raises StoreUnavailable."""
        await self._send(ReminderWay.EMAIL)

    async def post(self) -> None:
        """Reminders by webhook; a mail server that hangs does not hold them up. Raises StoreUnavailable."""
        await self._send(ReminderWay.WEBHOOK)
        await self._post()

    async def _send(self, way: ReminderWay) -> None:
        while True:
            now = self._clock()
            batch = await self._reminders.take([way], now, next_try_at=now + SENDING, limit=BATCH)
            for taken in batch:
                await self._send_one(taken, now)
            if len(batch) < BATCH:
                break

    async def _send_one(self, taken: TakenReminder, now: datetime) -> None:
        requests = await self._reminders.what_it_is_about(taken.reminder, now)
        if not requests:
            await self._reminders.done(taken.id, ReminderOutcome.NOT_NEEDED, now)
        elif taken.way is ReminderWay.WEBHOOK:
            payload = webhook_of(taken.reminder, requests)
            await self._reminders.hand_to_outbox(taken.id, WEBHOOK_KIND, payload, now)
        else:
            await self._mail(taken, requests, now)

    async def speak(self) -> None:
        """Reminders by phone, one after the other. Raises StoreUnavailable."""
        caller = self._ways.caller
        if caller is None:
            return
        while True:
            now = self._clock()
            taken = await self._reminders.take([ReminderWay.PHONE], now, next_try_at=now + SENDING, limit=1)
            if not taken:
                return
            await self._ring(caller, taken[0], now)

    async def _mail(self, taken: TakenReminder, requests: list[CallbackRequest], now: datetime) -> None:
        to = self._contact(taken.reminder.owner_team, taken.audience).pii_email
        if to is None or self._ways.mailer is None:  # was there when it became due
            await self._reminders.done(taken.id, ReminderOutcome.GIVEN_UP, now)
            return
        text = mail_of(taken.reminder, requests, self._directory(), now)
        try:
            await self._ways.mailer.send(to, text.subject, text.body, message_id=f"reminder-{taken.id}", at=now)
        except NotSent as error:
            is_over = error.for_good or taken.tries_count >= MOST_TRIES
            log.warning("reminder_not_sent", way=taken.way.value, error=str(error), given_up=is_over)
            if is_over:
                await self._reminders.done(taken.id, ReminderOutcome.GIVEN_UP, now)
            else:
                await self._reminders.postpone(taken.id, now + _pause(taken.tries_count))
        else:
            await self._reminders.done(taken.id, ReminderOutcome.SENT, now)

    async def _post(self) -> None:
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

    async def _ring(self, caller: ReminderCaller, taken: TakenReminder, now: datetime) -> None:
        requests = await self._reminders.what_it_is_about(taken.reminder, now)
        if not requests:
            await self._reminders.done(taken.id, ReminderOutcome.NOT_NEEDED, now)
            return
        area = self._directory()
        town = town_of(area, requests[0].municipality)
        phone = self._contact(taken.reminder.owner_team, taken.audience).pii_phone
        if phone is None or taken.tries_count > MOST_RINGS:
            await self._reminders.done(taken.id, ReminderOutcome.GIVEN_UP, now)
            return
        if not may_call_now(town, area.special_days, now):
            at = next_callable(town, area.special_days, now)
            await self._reminders.postpone(taken.id, at, counts=False)
            return
        reminder = taken.reminder
        spoken = SpokenReminder(
            taken.id,
            reminder.kind,
            reminder.owner_team,
            reminder.owner_operator,
            tuple(request.id for request in requests),
            phone,
        )
        heard = await caller.remind(spoken)
        if heard is Spoken.HEARD:
            await self._reminders.done(taken.id, ReminderOutcome.SENT, self._clock())
        else:
            counts = heard is Spoken.NOT_HEARD
            await self._reminders.postpone(taken.id, self._clock() + RING_AGAIN, counts=counts)

    async def _lapse_places(self, area: Area, now: datetime) -> None:
        for request in await self._book.open_requests([RequestKind.VIRTUAL_HOLD]):
            town = town_of(area, request.municipality)
            if request.lease_owner is None and virtual_hold_has_lapsed(request, town, area.special_days, now):
                changed, facts = virtual_hold_lapsed(request, now)
                planned = next_callable(town, area.special_days, now)
                await self._book.change(replace(changed, next_attempt_at=planned), facts)

    async def _find_owners(self, requests: Sequence[CallbackRequest], area: Area, now: datetime) -> bool:
        """What a team leaves behind that was taken out of the area is another one's: else nobody calls, or hears.

        True when a request has another owner now.
        """
        found = False
        for request in requests:
            if request.owner_team in area.teams or request.lease_owner is not None:
                continue
            team = owner_team_of(area, request.municipality)
            if team is not None and await self._book.change(*inherited(request, team, now)):
                found = True
                log.info("callback_inherited", reference=request.reference, team=team, instead_of=request.owner_team)
        return found

    async def _promise_abandoned(self, area: Area, now: datetime) -> None:
        """Who gave up waiting is called back, where the municipality wants that."""
        towns = [code for code, town in area.municipalities.items() if town.callback.abandoned]
        if not towns:
            return
        for call in await abandoned_calls(self._engine, towns, now - ABANDONED_SINCE):
            number = callable_number(call.pii_caller_number, area.callable_countries)
            team = owner_team_of(area, call.municipality)
            if isinstance(number, Forbidden) or team is None:
                continue
            new = NewRequest(
                municipality=call.municipality,
                reason=RequestReason.ABANDONED,
                first_contact_at=call.arrived_at,
                created_at=now,
                owner_team=team,
                number_confirmed_how=Confirmed.UNCONFIRMED,
                pii_number=number,
                call_id=call.id,
                transfer_count=call.transfer_count,
            )
            created = await self._book.create_or_join(new, area)
            log.info("abandoned_call_promised", call_id=str(call.id), reference=created.request.reference)

    def _ways_of(self, area: Area) -> dict[tuple[TeamCode, Audience], list[ReminderWay]]:
        found: dict[tuple[TeamCode, Audience], list[ReminderWay]] = {}
        for code in area.teams:
            for audience in Audience:
                contact = self._contact(code, audience)
                has = (
                    (ReminderWay.EMAIL, contact.pii_email is not None and self._ways.mailer is not None),
                    (ReminderWay.PHONE, contact.pii_phone is not None and self._ways.caller is not None),
                    (ReminderWay.WEBHOOK, self._ways.webhook is not None),
                )
                found[code, audience] = [way for way, is_there in has if is_there]
        return found

    def _contact(self, code: TeamCode, audience: Audience) -> Contact:
        """The team's own where no supervisor is known: somebody has to hear it."""
        team = self._directory().teams.get(code)
        if team is None:
            return Contact()
        own, chief = team.reminders, team.supervisor
        if audience is Audience.OWNER:
            return own
        return Contact(chief.pii_email or own.pii_email, chief.pii_phone or own.pii_phone)

    def _warn_of_days(self, area: Area, now: datetime) -> None:
        today = local_date(now)
        if self._warned_on != today and special_days_run_out(area.special_days, today):
            until = special_days_known_until(area.special_days)
            log.warning("designated_days_run_out", known_until=str(until))
        self._warned_on = today


def _pause(tries_count: int) -> timedelta:
    return min(timedelta(seconds=30 << min(tries_count, 10)), _LONGEST_PAUSE)
