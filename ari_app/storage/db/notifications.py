"""Notifying listeners that a row changed, shortly after its commit.

Not in the commit itself: a transaction that notifies holds a lock of the whole database until its commit has reached
the disk, so commits of different calls no longer share one flush. Measured with eight writers and a disk of 3 ms:
270 writes a second instead of 1,750, and 28 ms for each instead of 4. A process that dies in between leaves changes
without a notification; listeners re-read everything from time to time for that reason.
"""

from __future__ import annotations

import asyncio

from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated

# Each payload ends with a space and the number of the change, where it is known.
CALL_CHANNEL = "ari_app_call"  # payload: the call's id
OPERATOR_CHANNEL = "ari_app_operator"  # payload: "line" or "session", a space, its id
CALLBACK_CHANNEL = "ari_app_callback"  # payload: the request's id
AREA_CHANNEL = "ari_app_area"  # payload: "area" or "calamity"
ANSWER_CHANNEL = "ari_app_answer"  # payload: the command's id
TRIAL_CHANNEL = "ari_app_trial"  # of the demonstration; payload: SIP's Call-ID, the call's id, a number, a prompt
COMMAND_CHANNEL = "ari_app_command"  # payload: the node whose controller is to look, or "*"; nothing changed yet

#: in the place of a prompt: none is played now
NO_PROMPT = "-"

#: the number of a change, as SQL: that of the transaction that makes it (`core.changes`)
CURRENT_NUMBER = "pg_current_xact_id()::text::bigint"
NUMBER = f"{CURRENT_NUMBER} AS number"

#: the notifications of so long a time go out in one transaction; somebody who watches a screen does not see the delay
GATHER_SECONDS = 0.05
RETRY_SECONDS = 0.5
_NOTIFY = "SELECT pg_notify(sent.channel, sent.payload) FROM unnest($1::text[], $2::text[]) AS sent (channel, payload)"

_NOTIFY_IN_COMMIT = f"SELECT pg_notify($1, $2 || ' ' || {CURRENT_NUMBER})"


class Notifier:
    """Gathers notifications and sends them; a row that changed several times meanwhile has one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: dict[tuple[str, str], int | None] = {}
        self._sender: asyncio.Task[None] | None = None

    def notify(self, channel: str, row: str, number: int | None = None) -> None:
        """The row, in the words of its channel, changed with this number; None: it is not known."""
        self._waiting[channel, row] = number
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send(), name="notifier")

    async def close(self) -> None:
        """Try once to send what is waiting; what cannot be sent is dropped: listeners re-read from time to time."""
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        if self._waiting:
            await self._send_waiting()

    async def _send(self) -> None:
        pause = GATHER_SECONDS
        while self._waiting:
            await asyncio.sleep(pause)
            pause = GATHER_SECONDS if await self._send_waiting() else RETRY_SECONDS

    async def _send_waiting(self) -> bool:
        sent, self._waiting = self._waiting, {}
        try:
            with translated():
                channels = [channel for channel, _ in sent]
                payloads = [row if number is None else f"{row} {number}" for (_, row), number in sent.items()]
                await self._pool.execute(_NOTIFY, channels, payloads)
        except (StoreUnavailable, asyncio.CancelledError) as error:
            self._waiting = {**sent, **self._waiting}
            if isinstance(error, asyncio.CancelledError):
                raise
            return False
        return True


async def notify_area_changed(conn: Connection, what: str = "area") -> None:
    """In the commit itself, for once: the area changes a few times a day. `what`: "area" or "calamity"."""
    await notify_in_commit(conn, AREA_CHANNEL, what)


async def notify_in_commit(conn: Connection, channel: str, row: str) -> None:
    """Of a change in this transaction, in the words of the channel. For changes that are few."""
    await conn.execute(_NOTIFY_IN_COMMIT, channel, row)
