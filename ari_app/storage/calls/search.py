"""A page of the calls that somebody looks for, also where few of a year's calls are meant: it takes about a second.

Of what is picky no index can tell where the next one is. Calls are read in windows that grow, the newest first, for as
long as the budget lasts. Then the page says how far back it has looked, and its cursor goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from uuid import UUID

from ari_app.core.access import Scope
from ari_app.core.ids import CallId
from ari_app.storage.calls.selected import SelectedCall, Selection, select_calls
from ari_app.storage.db.engine import Pool

BUDGET_SECONDS = 1.0
FIRST_WINDOW = timedelta(hours=3)
#: a window takes about so much longer than the one before, which is half of it
_GROWS = 2
#: nobody had a call before
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_BEFORE_ALL = CallId(UUID(int=0))


@dataclass(frozen=True, slots=True)
class FoundCalls:
    """A page, the newest first. `after`: where the next one begins, as `Selection.before`; None: this was the last.

    `looked_until`: the budget ended there; older calls may be meant too, and `after` goes on from there.
    """

    calls: list[SelectedCall]
    after: tuple[datetime, CallId] | None = None
    looked_until: datetime | None = None


async def search_calls(
    pool: Pool,
    scope: Scope,
    wanted: Selection,
    now: datetime,
    *,
    limit: int = 50,
    budget_seconds: float = BUDGET_SECONDS,
) -> FoundCalls:
    """Raises StoreUnavailable."""
    if not wanted.is_picky or wanted.operator is not None or wanted.is_open:
        return _page(await select_calls(pool, scope, wanted, now, limit=limit + 1), limit)
    began, since, window = monotonic(), wanted.since or LONG_AGO, FIRST_WINDOW
    found: list[SelectedCall] = []
    top = min(at for at in (now, wanted.until, wanted.before and wanted.before[0]) if at is not None)
    rest = wanted
    while True:
        bottom = max(since, top - window)
        looked_at = monotonic()
        part = replace(rest, since=bottom)
        found += await select_calls(pool, scope, part, now, limit=limit + 1 - len(found))
        if len(found) > limit or bottom <= since:
            return _page(found, limit)
        if monotonic() - began + _GROWS * (monotonic() - looked_at) > budget_seconds:
            return FoundCalls(found, (bottom, _BEFORE_ALL), bottom)
        rest, top, window = replace(rest, before=(bottom, _BEFORE_ALL)), bottom, window * _GROWS


def _page(found: list[SelectedCall], limit: int) -> FoundCalls:
    listed = found[:limit]
    return FoundCalls(listed, (listed[-1].arrived_at, listed[-1].id) if len(found) > limit else None)
