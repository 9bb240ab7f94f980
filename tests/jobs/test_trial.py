"""What callers of the demonstration's page hear, told as Asterisk plays it; of other callers nothing is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from ari_app.ari import events
from ari_app.ari.snapshots import ChannelSnapshot, Playback
from ari_app.ari.stream import Item
from ari_app.core.ids import CallId
from ari_app.jobs.trial import TrialListener
from ari_app.storage.db.engine import Database
from ari_app.storage.db.feed import Feed, Resync, TrialHeard
from ari_app.storage.db.notifications import TRIAL_CHANNEL, Notifier
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.postgres

AT = datetime(2026, 11, 30, 10, tzinfo=UTC)
CALL = CallId(uuid4())
SOUNDS = Path("/srv/sounds")


def channel(name: str, channel_id: str) -> ChannelSnapshot:
    return ChannelSnapshot(
        channel_id,
        name,
        "Ring",
        AT,
        "citizen",
        "140119",
        "Stasis",
        "",
        "sip-call-id",
        "nl",
        {"CALL_ID": str(CALL)},
        "",
        "",
        "",
    )


def plays(channel_id: str, prompt: str) -> events.PlaybackStarted:
    return events.PlaybackStarted(AT, Playback("p", "playing", f"sound:{SOUNDS}/{prompt}", f"channel:{channel_id}"))


ITEMS: tuple[Item, ...] = (
    events.StasisStart(AT, channel("PJSIP/probeer-00000001", "ours"), ("citizen", str(CALL), "140119")),
    events.StasisStart(AT, channel("PJSIP/citizen01-00000002", "other"), ("citizen", str(CALL), "140119")),
    plays("ours", "nl/welkom"),
    plays("other", "nl/gesloten"),
    plays("ours", "nl/welkom"),
    events.PlaybackFinished(AT, Playback("p", "done", "", "channel:ours")),
    events.PlaybackFinished(AT, Playback("p", "done", "", "channel:other")),
    events.ChannelDestroyed(AT, channel("PJSIP/probeer-00000001", "ours"), 16, ""),
    plays("ours", "nl/tot-later"),
)


async def stream() -> AsyncIterator[Item]:
    for item in ITEMS:
        yield item


async def test_each_prompt_of_such_a_call_is_told_once_in_its_order(database: Database, database_url: str) -> None:
    notifier = Notifier(database.pool)
    async with Feed(database_url, (TRIAL_CHANNEL,)) as feed:
        assert isinstance(await anext(feed), Resync)
        passed = [item async for item in TrialListener(notifier, SOUNDS).over(stream())]
        assert tuple(passed) == ITEMS, "calls go on as without it"
        heard = [await asyncio.wait_for(anext(feed), PATIENCE_SECONDS) for _ in range(4)]
        await notifier.close()
    assert heard == [
        TrialHeard("sip-call-id", CALL, 1, None),
        TrialHeard("sip-call-id", CALL, 2, "nl/welkom"),
        TrialHeard("sip-call-id", CALL, 3, "nl/welkom"),
        TrialHeard("sip-call-id", CALL, 4, None),
    ]
