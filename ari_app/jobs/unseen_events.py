"""Answers and ends of channels that nobody saw, from Asterisk's channel event log."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from ari_app.calls.messages import Left, Logged
from ari_app.core.event_log.cel import histories
from ari_app.core.ids import ChannelId
from ari_app.jobs import cel_file
from ari_app.jobs.cel_file import CelFileUnreadable

log = structlog.get_logger(__name__)

#: callers wait while the log is read; what takes longer stays an estimate
PATIENCE_SECONDS = 2.0


class UnseenEvents:
    """Reads the log at `path` anew each time. Awaited by recovery, before calls are handled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self, channels: Collection[ChannelId], since: datetime) -> Logged:
        """Answer and end of each of these channels that the log has, as the events would have told them.

        A log that cannot be read, or not in time, tells nothing.
        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await asyncio.to_thread(self._logged, channels, since)
        except (CelFileUnreadable, TimeoutError) as error:
            log.warning("unseen_events_not_read", error=str(error) or "too slow")
            return Logged()

    def _logged(self, channels: Collection[ChannelId], since: datetime) -> Logged:
        found = list(histories(cel_file.events_since(self._path, since - timedelta(seconds=1), channels)))
        return Logged(
            {
                one.channel_id: Left(one.channel_id, one.ended_at, one.hangup_cause)
                for one in found
                if one.ended_at is not None
            },
            {one.channel_id: one.answered_at for one in found if one.answered_at is not None},
        )
