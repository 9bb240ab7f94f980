"""Reminders of open requests: stored once, however many programs look, and read anew when they are sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from ari_app.callbacks.ports import CallbackStore
from ari_app.core.area import Area
from ari_app.core.callback_rules import Owner
from ari_app.core.callbacks import CallbackRequest
from ari_app.core.ids import TeamCode
from ari_app.core.reminders import (
    Audience,
    Reminder,
    ReminderOutcome,
    ReminderWay,
    due_of,
    due_reminders,
    reminded,
)

Ways = Mapping[tuple[TeamCode, Audience], Collection[ReminderWay]]


class ReminderService:
    """All raise StoreUnavailable."""

    def __init__(self, store: CallbackStore, area: Callable[[], Area]) -> None:
        self._store = store
        self._area = area

    async def record_due(self, requests: Sequence[CallbackRequest], ways: Ways, now: datetime) -> Sequence[Reminder]:
        """Store the reminders that have become due of these, each with the ways it goes; those that were new.

        The screen is always one of the ways: its fact and notification are its sending.
        """
        return await self.record(due_reminders(requests, await self._store.absences(now), self._area(), now), ways, now)

    async def record(self, due: Iterable[Reminder], ways: Ways, now: datetime) -> Sequence[Reminder]:
        """Store those that are not known yet."""
        found = {reminder.key: reminder for reminder in due}
        known = await self._store.known_reminders(found)
        new = [reminder for key, reminder in found.items() if key not in known]
        return [one for one in new if await self._record(one, ways.get((one.owner_team, one.kind.audience), ()), now)]

    async def _record(self, reminder: Reminder, others: Iterable[ReminderWay], now: datetime) -> bool:
        """Whether it is still needed, and no other program was faster."""
        async with self._store.transaction() as rows:
            request = None
            if reminder.request_id is not None:
                # Locked first: two programs that store two reminders of one request would wait for each other for ever.
                request = await rows.request(reminder.request_id)
                if request is None or not request.is_open:
                    return False
            shown = await rows.insert_reminder(reminder, ReminderWay.SCREEN, now)
            if shown is None:
                return False
            await rows.finish_reminder(shown, ReminderOutcome.SENT, now)
            if request is not None:
                await rows.update(*reminded(request, reminder, now))
            for way in others:
                await rows.insert_reminder(reminder, way, now)
            return True

    async def requests_of(self, reminder: Reminder, now: datetime) -> Sequence[CallbackRequest]:
        """The open requests that this reminder is about at this moment; none when they were done meanwhile."""
        if reminder.request_id is not None:
            request = await self._store.request(reminder.request_id)
            return [] if request is None or not request.is_open else [request]
        owner = Owner(reminder.owner_team, reminder.owner_operator)
        requests = await self._store.open_requests_of_team(reminder.owner_team)
        return due_of(requests, await self._store.absences(now), owner, reminder.day, now)
