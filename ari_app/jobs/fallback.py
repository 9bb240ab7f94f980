"""Takes the calls that no process could write into the record, from Asterisk's channel event log.

Those that the dialplan's fallback helped or refused; those that came and went while the store was away, and whose
process was killed before it was back.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import structlog

from ari_app.core.area import Area
from ari_app.core.call import FactKind
from ari_app.core.event_log.cel import LogPosition
from ari_app.core.event_log.fallback import FallbackCall, FallbackWatch
from ari_app.core.event_log.fallback_rows import fallback_rows, needs_log
from ari_app.core.ids import AsteriskId, CallId
from ari_app.core.ledger import StaleRow
from ari_app.core.queue_visits import left_for_fallback
from ari_app.jobs import cel_file
from ari_app.storage.calls.cel_position import load_position, save_position
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.calls.reads import call_story
from ari_app.storage.db.engine import Database
from ari_app.storage.db.errors import RowRefused

log = structlog.get_logger(__name__)

#: whatever comes is to be read from its beginning
_NO_LOG_YET = LogPosition("", 0)


class FallbackTaker:
    """Follows the log of one Asterisk; only the controller of that Asterisk runs it."""

    def __init__(
        self,
        database: Database,
        path: Path,
        asterisk_id: AsteriskId,
        area: Callable[[], Area],
        owns_call: Callable[[CallId], bool] = lambda call_id: False,
    ) -> None:
        """`owns_call`: whether a task of this process has the call, and will write its row."""
        self._database = database
        self._ledger = PostgresLedger(database.pool)
        self._path = path
        self._asterisk_id = asterisk_id
        self._area = area
        self._owns_call = owns_call
        self._watch = FallbackWatch()
        self._position: LogPosition | None = None
        self._has_begun = False
        self._asterisk_since: datetime | None = None
        self._pending: list[FallbackCall] = []
        self._refused: Counter[str] = Counter()  # by limit, since it was last said
        self._one_at_a_time = asyncio.Lock()

    async def tick(self) -> None:
        """Read on, and store the calls that ended; a call that cannot be stored is retried at the next tick.

        Raises StoreUnavailable, CelFileUnreadable.
        """
        async with self._one_at_a_time:
            await self._begin()
            is_more = True
            while is_more:
                batch = await asyncio.to_thread(cel_file.read, self._path, self._position)
                if batch.bad_lines or batch.lost_place:
                    log.warning("cel_read_badly", bad_lines=batch.bad_lines, lost_place=batch.lost_place)
                self._pending += self._watch.add(batch.events)
                self._position = batch.position
                is_more = batch.is_more
                await self._store_pending()
            if self._asterisk_since is not None:
                self._pending += self._watch.asterisk_was_restarted(self._asterisk_since)
                self._asterisk_since = None
                await self._store_pending()

    async def begin(self) -> None:
        """Begin where the last process stopped; with a database that has never read this log, at the log's present end.

        To be awaited before calls are handled: each that the fallback takes from then on is recorded, whatever
        becomes of this process. Raises StoreUnavailable, CelFileUnreadable; then the next tick begins.
        """
        async with self._one_at_a_time:
            await self._begin()

    async def _begin(self) -> None:
        if self._has_begun:
            return
        position = await load_position(self._database.background, self._asterisk_id)
        if position is None:
            position = await asyncio.to_thread(cel_file.end, self._path) or _NO_LOG_YET
            await save_position(self._database.background, self._asterisk_id, position, datetime.now(UTC))
        self._position = None if position == _NO_LOG_YET else position
        self._has_begun = True

    def asterisk_started(self, at: datetime) -> None:
        """Asterisk runs since `at`: at the next tick, calls that were in the fallback before are closed.

        Called at each connection: Asterisk may have been killed while this process was away too.
        """
        self._asterisk_since = at

    async def _store_pending(self) -> None:
        waiting = []
        for found in self._pending:
            try:
                is_done = await self._store(found)
            except RowRefused as error:
                # The calls after it must not wait for it.
                log.error("fallback_call_refused", call_id=found.call_id, error=str(error))
                is_done = False
            if not is_done:
                waiting.append(found)
        self._pending = waiting
        for limit, count in self._refused.items():
            log.warning("callers_heard_busy", limit=limit, count=count)
        self._refused.clear()
        position = self._watch.needed_from or self._position
        if not waiting and position is not None:
            await save_position(self._database.background, self._asterisk_id, position, datetime.now(UTC))

    async def _store(self, found: FallbackCall) -> bool:
        """Whether it is stored now; a call whose own task has not ended its row yet has to wait for that."""
        try:
            call_id = CallId(UUID(found.call_id))
        except ValueError:
            log.warning("fallback_call_without_id", channel_id=found.channel_id)
            return True  # the channel's userfield was not set by our dialplan
        if found.came_and_went:
            row = await self._ledger.call(call_id)
            if row is not None and not needs_log(found, row):
                return True
            if self._owns_call(call_id):
                return False
        story = await call_story(self._database.background, None, call_id, with_personal_data=True)
        if found.was_refused and story is not None:
            return True
        if story is not None and story.call.is_open:
            return False
        known, legs = (None, ()) if story is None else (story.call, story.legs)
        if story is not None and any(
            fact.kind is FactKind.TO_FALLBACK and fact.at == found.fallback_at for fact in story.facts
        ):
            return True  # stored before the place in the log was
        visits = () if story is None else left_for_fallback(story.visits, found.fallback_at)
        call, facts, changed, unknown = fallback_rows(found, known, legs, self._area(), self._asterisk_id)
        try:
            await self._ledger.store(call, facts, changed, visits=(*visits, *unknown))
        except StaleRow:
            return False
        if found.was_refused:
            self._refused[found.reason] += 1
        elif found.came_and_went:
            log.warning("passing_call_recorded", call_id=found.call_id, reason=call.end_reason)
        else:
            log.info("fallback_call_recorded", call_id=found.call_id, helped=found.helped_at is not None)
        return True
