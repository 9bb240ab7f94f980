"""The regular work that keeps a promise from being forgotten: leases, virtual holds, owners, and due reminders.

What is due is a row, or follows from one; a tick that did not come is made up for by the next. Several programs may do
this at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import structlog

from ari_app.callbacks.reminders import ReminderService
from ari_app.callbacks.service import CallbackService
from ari_app.core.area import Area
from ari_app.core.calendar import local_date, special_days_known_until, special_days_run_out
from ari_app.core.ids import AsteriskId
from ari_app.jobs.clockwork import Job
from ari_app.jobs.reminder_sender import ReminderSender

log = structlog.get_logger(__name__)

TICK_SECONDS = 10.0
SEND_SECONDS = 15.0
SPEAK_SECONDS = 20.0


class CallbackTicks:
    """`clock` gives the moment, UTC; `asterisk_id`: whose calls extend the leases of their requests."""

    def __init__(
        self,
        callbacks: CallbackService,
        reminders: ReminderService,
        sender: ReminderSender,
        area: Callable[[], Area],
        clock: Callable[[], datetime],
        asterisk_id: AsteriskId,
    ) -> None:
        self._callbacks = callbacks
        self._reminders = reminders
        self._sender = sender
        self._area = area
        self._clock = clock
        self._asterisk_id = asterisk_id
        self._warned_on: date | None = None

    def jobs(self) -> dict[str, tuple[float, Job]]:
        """For `ticking`: every so many seconds. Each way of sending has its own: one that hangs delays no other."""
        return {
            "callbacks": (TICK_SECONDS, self.tick),
            "mailed reminders": (SEND_SECONDS, self._sender.mail),
            "posted reminders": (SEND_SECONDS, self._sender.post),
            "spoken reminders": (SPEAK_SECONDS, self._sender.speak),
        }

    async def tick(self) -> None:
        """Upkeep of requests, and the reminders that have become due; nothing is sent here. Raises StoreUnavailable."""
        now = self._clock()
        self._warn_of_days(now)
        await self._callbacks.extend_leases_of_calls(self._asterisk_id, now)
        for request_id in await self._callbacks.sweep_leases(now):
            log.warning("callback_lease_expired", request_id=str(request_id))
        await self._callbacks.lapse_virtual_holds(now)
        for made in await self._callbacks.promise_abandoned_calls(now):
            request = made.request
            log.info("abandoned_call_promised", call_id=str(request.call_id), reference=request.reference)
        requests = await self._callbacks.open_requests()
        inherited = await self._callbacks.inherit_requests(requests, now)
        for request in inherited:
            log.info("callback_inherited", reference=request.reference, team=request.owner_team)
        if inherited:
            requests = await self._callbacks.open_requests()
        for reminder in await self._reminders.record_due(requests, self._sender.ways_of_teams(), now):
            late = (now - reminder.due_at).total_seconds()
            log.info("reminder_due", kind=reminder.kind.value, team=reminder.owner_team, late_seconds=round(late))

    def _warn_of_days(self, now: datetime) -> None:
        """Warn once a day while designated days are known for less than a year ahead: later deadlines go wrong."""
        days, today = self._area().special_days, local_date(now)
        if self._warned_on != today and special_days_run_out(days, today):
            log.warning("designated_days_run_out", known_until=str(special_days_known_until(days)))
        self._warned_on = today
