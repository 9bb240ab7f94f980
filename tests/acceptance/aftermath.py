"""After a test nothing may be left: no channel and no bridge in Asterisk, no open row in the record.

And what its rows say must be possible: `RULES` hold whatever a test did.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from ari_app.app import SWEEP_SECONDS
from ari_app.ari.client import AriClient
from ari_app.calls.switch.snapshot import take_snapshot
from ari_app.core.ledger import OpenRows
from ari_app.core.misplaced import is_line_misplaced, misplaced, strangers
from ari_app.core.recovery import Snapshot
from ari_app.local.asterisk import LocalAsterisk
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.acceptance.application import Application
from tests.acceptance.record import questions
from tests.acceptance.remote_control import RemoteAsterisk
from tests.dead_channels import LOOK_AFTER_SECONDS, WAITING_BRIDGE, RealExchange, only_dead_are_left, restart
from tests.patience import PATIENCE_SECONDS

APPLICATION = "ari_app"
_OPEN_ROWS = {
    "call": "ended_at",
    "call_leg": "ended_at",
    "operator_line": "ended_at",
    "operator_session": "logged_out_at",
    "queue_visit": "left_at",
}
_OPEN = " UNION ALL ".join(
    f"SELECT 'open {table} ' || id FROM {table} WHERE {ended} IS NULL" for table, ended in _OPEN_ROWS.items()
)
#: Each query finds the rows that break a rule. A call that we handed to the fallback ended with us, and then there.
RULES = {
    "a promise without a way before its deadline": """
        SELECT reference FROM callback_request
        WHERE closed_at IS NULL AND kind = 'promise' AND lease_owner IS NULL AND deadline_at > now()
          AND NOT coalesce(next_attempt_at <= deadline_at, attempts_count > 0 AND next_attempt_at IS NULL)""",
    "a number of ours that is to be called back": """
        SELECT reference FROM callback_request WHERE pii_number IN (SELECT e164 FROM direct_number)""",
    "a number of ours that was called": """
        SELECT l.id FROM call_leg l JOIN direct_number n ON position(n.e164 IN l.party) > 0 WHERE l.role <> 'caller'""",
    "a call that did not end exactly once": """
        SELECT c.id FROM call c WHERE (c.ended_at IS NOT NULL)::int
          <> (SELECT count(*) FROM call_fact f WHERE f.call_id = c.id AND f.kind = 'ended' AND NOT EXISTS (
            SELECT FROM call_fact t WHERE t.call_id = c.id AND t.kind = 'to_fallback' AND t.seq > f.seq))""",
    "more transfers than two and those that were allowed": """
        SELECT c.id FROM call c WHERE c.transfer_count
          > 2 + (SELECT count(*) FROM transfer_allowance a WHERE a.call_id = c.id)""",
    "a callback that was reached without an answered leg": """
        SELECT a.id FROM callback_attempt a WHERE a.outcome = 'reached' AND NOT EXISTS (
          SELECT FROM call_leg l
          WHERE l.call_id = a.call_id AND l.role IN ('caller', 'callback') AND l.answered_at IS NOT NULL)""",
    "a call that a human answered without a leg of that human": """
        SELECT c.id FROM call c WHERE c.answered_at IS NOT NULL AND NOT EXISTS (
          SELECT FROM call_leg l WHERE l.call_id = c.id AND l.role <> 'caller' AND l.answered_at IS NOT NULL)""",
}
_ASK_AGAIN_SECONDS = 0.05


@asynccontextmanager
async def _looking(asterisk: LocalAsterisk) -> AsyncIterator[RemoteAsterisk]:
    remote = RemoteAsterisk(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password, "nobody")
    try:
        yield remote
    finally:
        await remote.close()


async def _left(remote: RemoteAsterisk, database_url: str) -> list[str]:
    left = [f"channel {channel['name']}" for channel in await remote.order("GET", "channels")]
    bridges = [bridge["id"] for bridge in await remote.order("GET", "bridges")]
    left += [f"bridge {bridge}" for bridge in bridges if not bridge.startswith(WAITING_BRIDGE)]
    async with questions(database_url) as record:
        left += [row[0] for row in await record.fetch(_OPEN)]
    return left


async def assert_everybody_is_in_place(asterisk: LocalAsterisk, database_url: str) -> None:
    """The members of bridges are what the rows say, or are so within one sweep. For an application that is up."""
    async with questions(database_url) as record:
        found = await record.fetch("SELECT DISTINCT asterisk_id FROM call WHERE ended_at IS NULL")
    if not found:
        return
    deadline = time.monotonic() + SWEEP_SECONDS + PATIENCE_SECONDS
    client = AriClient(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password)
    async with Database(database_url, pool_size=1) as database, client as ari:
        ledger = PostgresLedger(database.pool)
        while wrong := _out_of_place(
            await ledger.open_rows(found[0]["asterisk_id"]), await take_snapshot(ari, APPLICATION, datetime.now(UTC))
        ):
            assert time.monotonic() < deadline, f"not where the rows say: {wrong}"
            await asyncio.sleep(_ASK_AGAIN_SECONDS)


def _out_of_place(rows: OpenRows, snapshot: Snapshot) -> list[str]:
    legs = {call.id: tuple(leg for leg in rows.legs if leg.call_id == call.id) for call in rows.calls}
    transfers = {transfer.call_id: transfer for transfer in rows.transfers}
    calls = [call for call in rows.calls if misplaced(call, legs[call.id], transfers.get(call.id), snapshot)]
    lines = [session for session in rows.sessions if is_line_misplaced(session, snapshot)]
    others = strangers([(call, legs[call.id]) for call in rows.calls], rows.sessions, snapshot)
    return [*(f"call {call.id}" for call in calls), *(f"session {one.id}" for one in lines), *map(str, others)]


async def broken_rules(database_url: str) -> list[str]:
    """Every row that breaks a rule, with the rule."""
    async with questions(database_url) as record:
        return [f"{rule}: {row[0]}" for rule, query in RULES.items() for row in await record.fetch(query)]


async def assert_nothing_is_left(
    asterisk: LocalAsterisk,
    database_url: str,
    within_seconds: float = PATIENCE_SECONDS,
    application: Application | None = None,
) -> None:
    """Wait until nothing is left, and then ask the rules.

    The last hang-ups of a test may take a moment, and not all of them are announced. A channel that Asterisk keeps by
    mistake (tests.dead_channels) ends with a restart, after which `application` is connected again.
    """
    deadline = time.monotonic() + within_seconds
    look_at = time.monotonic() + LOOK_AFTER_SECONDS
    async with _looking(asterisk) as remote:
        while left := await _left(remote, database_url):
            assert time.monotonic() < deadline, f"left after {within_seconds} s: {left}"
            if time.monotonic() > look_at:
                if await asyncio.to_thread(only_dead_are_left, RealExchange(asterisk)):
                    await _restart(asterisk, application)
                look_at = time.monotonic() + LOOK_AFTER_SECONDS
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
    broken = await broken_rules(database_url)
    assert not broken, f"rows break a rule: {broken}"


async def _restart(asterisk: LocalAsterisk, application: Application | None) -> None:
    if application is not None:
        application.forget_log()
    await asyncio.to_thread(restart, asterisk)
    if application is not None and application.is_up:
        await application.says("asterisk_connected")
