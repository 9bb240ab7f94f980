"""After a test nothing may be left: no channel and no bridge in Asterisk, no open row in the record."""

from __future__ import annotations

import asyncio
import time

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.application import questions
from tests.acceptance.remote_control import RemoteAsterisk
from tests.patience import PATIENCE_SECONDS

#: where callers wait with music: stays for as long as the application runs
WAITING_BRIDGE = "waiting-"
_OPEN_ROWS = {
    "call": "ended_at",
    "call_leg": "ended_at",
    "operator_line": "ended_at",
    "operator_session": "logged_out_at",
    "queue_visit": "left_at",
}
_ASK_AGAIN_SECONDS = 0.05


async def what_is_left(asterisk: LocalAsterisk, database_url: str) -> list[str]:
    """Every channel, bridge and open row that there is now."""
    remote = RemoteAsterisk(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password, "nobody")
    try:
        left = [f"channel {channel['name']}" for channel in await remote.order("GET", "channels")]
        bridges = [bridge["id"] for bridge in await remote.order("GET", "bridges")]
    finally:
        await remote.close()
    left += [f"bridge {bridge}" for bridge in bridges if not bridge.startswith(WAITING_BRIDGE)]
    async with questions(database_url) as record:
        for table, ended in _OPEN_ROWS.items():
            rows = await record.fetch(f"SELECT id FROM {table} WHERE {ended} IS NULL")
            left += [f"open {table} {row['id']}" for row in rows]
    return left


async def assert_nothing_is_left(
    asterisk: LocalAsterisk, database_url: str, within_seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait until nothing is left; the last hang-ups of a test may take a moment, and not all of them are announced."""
    deadline = time.monotonic() + within_seconds
    while left := await what_is_left(asterisk, database_url):
        assert time.monotonic() < deadline, f"left after {within_seconds} s: {left}"
        await asyncio.sleep(_ASK_AGAIN_SECONDS)
