"""The whole service: requests and attempts, and the upkeep that keeps promises from being forgotten."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from ari_app.callbacks.attempts import Attempts
from ari_app.core.callback_changes import inherited, lapsed
from ari_app.core.callback_offers import abandoned_wish
from ari_app.core.callbacks import CallbackRequest, Created, RequestKind

#: an application that was away for a day still finds the callers who gave up meanwhile
ABANDONED_SINCE = timedelta(days=1)


class CallbackService(Attempts):
    """The service as calls, jobs and commands use it. The upkeep is idempotent: several programs may do it at once."""

    async def lapse_virtual_holds(self, now: datetime) -> Sequence[CallbackRequest]:
        """Virtual holds that were not called on their day become ordinary promises; those that did."""
        area = self._area()
        holds = await self._store.open_requests([RequestKind.VIRTUAL_HOLD])
        due = [one for one in holds if lapsed(one, area, now) is not None]
        changed = [await self._change_where_needed(one.id, lambda request: lapsed(request, area, now)) for one in due]
        return [one for one in changed if one is not None]

    async def inherit_requests(self, requests: Collection[CallbackRequest], now: datetime) -> Sequence[CallbackRequest]:
        """Those of a team that was taken out of the area go to another team: else nobody calls, or is reminded."""
        area = self._area()
        due = [one for one in requests if inherited(one, area, now) is not None]
        changed = [
            await self._change_where_needed(one.id, lambda request: inherited(request, area, now)) for one in due
        ]
        return [one for one in changed if one is not None]

    async def promise_abandoned_calls(self, now: datetime) -> Sequence[Created]:
        """Callers who gave up waiting are called back, where the municipality wants that.

        One whom a limit refuses stays refused: tried again, they would take each place that becomes free from callers
        who ask for it.
        """
        area = self._area()
        towns = [code for code, town in area.municipalities.items() if town.callback.abandoned]
        if not towns:
            return []
        calls = await self._store.abandoned_calls(towns, now - ABANDONED_SINCE)
        promised = []
        for call in calls:
            wish = abandoned_wish(call, area)
            made = None if wish is None else await self.create_or_join(wish, now)
            if isinstance(made, Created):
                promised.append(made)
            elif made is not None and made.limit is not None:
                await self._store.note_limit(call, made.limit, now)
        return promised
