"""The ends of channels that nobody saw, from Asterisk's channel event log."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from ari_app.calls.messages import Left
from ari_app.core.event_log.cel import histories
from ari_app.core.ids import ChannelId
from ari_app.jobs import cel_file
from ari_app.jobs.cel_file import CelFileUnreadable

log = structlog.get_logger(__name__)

#: callers wait while the log is read; what takes longer stays an estimate
PATIENCE_SECONDS = 2.0


class UnseenEnds:
    """Reads the log at `path` anew each time. Awaited by recovery, before calls are handled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self, channels: Collection[ChannelId], since: datetime) -> Mapping[ChannelId, Left]:
        """The end of each of these channels that the log has, as the event would have told it.

        A log that cannot be read, or not in time, tells nothing.
        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await asyncio.to_thread(self._ends, channels, since)
        except (CelFileUnreadable, TimeoutError) as error:
            log.warning("unseen_ends_not_read", error=str(error) or "too slow")
            return {}

    def _ends(self, channels: Collection[ChannelId], since: datetime) -> dict[ChannelId, Left]:
        found = histories(cel_file.events_since(self._path, since - timedelta(seconds=1), channels))
        return {
            one.channel_id: Left(one.channel_id, one.ended_at, one.hangup_cause)
            for one in found
            if one.ended_at is not None
        }
