"""Open rows that no task of this process has, or that its task does not know: found, and compared with Asterisk again.

A Postgres that was frozen does late what the process before this one asked of it, also when that process is dead and
this one has read its rows already. Then a call goes on in a row that its task does not know, or has a row and no task.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import structlog

from ari_app.calls.clock import sleep_until
from ari_app.calls.messages import RowMovedOn
from ari_app.calls.shell import Shell
from ari_app.calls.supervisor import Supervisor
from ari_app.core.ids import AsteriskId

log = structlog.get_logger(__name__)

#: until a comparison: by then a process knows whether the row moved on because another one is the controller now
SETTLED = timedelta(seconds=3)


class UnownedRows:
    """One per controller."""

    def __init__(self, shell: Shell, supervisor: Supervisor, asterisk_id: AsteriskId) -> None:
        self._shell = shell
        self._supervisor = supervisor
        self._asterisk_id = asterisk_id
        self._seen: frozenset[UUID] = frozenset()
        self._compared: frozenset[UUID] = frozenset()

    async def look(self) -> None:
        """Ask for a comparison when two looks found a row without its task; once for each row. From time to time.

        A session whose row is newer than its task is told: the task of a call writes before long and finds out, but an
        operator may stay in one state for hours, which is not the one that every screen shows.
        Raises StoreUnavailable.
        """
        found = await self._shell.ledger.open_versions(self._asterisk_id)
        for session in self._shell.registry.sessions():
            mailbox = self._shell.registry.session_mailbox(session.id)
            if mailbox is not None and found.get(session.id, 0) > session.version:
                mailbox.post(RowMovedOn(found[session.id]))
        unowned = found.keys() - self._supervisor.owned_ids()
        again = unowned & self._seen - self._compared
        self._seen, self._compared = frozenset(unowned), (self._compared & unowned) | again
        if again:
            log.warning("rows_without_task", count=len(again))
            self._supervisor.overtaken.set()

    async def keep_compared(self, compare: Callable[[], Awaitable[None]]) -> None:
        """Compare, whenever a task met a row that it had not written, or a look found a row without its task.

        `compare` waits until this process is sure to be the controller.
        """
        while True:
            await self._supervisor.overtaken.wait()
            await sleep_until(self._shell.clock, self._shell.clock.now() + SETTLED)
            self._supervisor.overtaken.clear()
            await compare()
