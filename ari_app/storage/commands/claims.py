"""The side of the controller: it takes commands of its node, once each, and stores their answers.

A claim is committed before anything is done, so that a controller which dies leaves a command that is claimed and has
no answer: the next one never carries it out, and answers what the record shows. Every moment is Postgres's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import uuid4

import asyncpg
import structlog

from ari_app.core.account_commands import AccountCommand
from ari_app.core.commands import AskedCommand, OfMunicipality
from ari_app.core.ids import (
    AccountId,
    AsteriskId,
    CallId,
    CommandId,
    MunicipalityCode,
    OperatorNumber,
    SessionId,
    optional,
)
from ari_app.core.operator_commands import Answer, RefusalReason, Refused, Unanswered
from ari_app.core.state_commands import BeReady, LogOff, TakePause
from ari_app.storage.commands.codec import decoded, encoded_answer
from ari_app.storage.commands.traces import TRACE, answer_by_record
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import borrowed, transaction
from ari_app.storage.db.engine import STATEMENT_SECONDS, Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.notifications import ANSWER_CHANNEL, CURRENT_NUMBER

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 50
#: no answer is outstanding for so long while its controller lives
ABANDONED_SECONDS = 30

_IS_MINE = "(node = $1 OR node IS NULL)"
_WHOLE = "id, actor, operator, session_id, call_id, municipality, account, what, arguments, pii_arguments, asked_at"
_ANY_OPEN = "SELECT EXISTS (SELECT FROM command WHERE answered_at IS NULL)"
_CLAIM = f"""
UPDATE command SET claimed_at = now(), claimed_by = $2
WHERE id IN (SELECT id FROM command
  WHERE answered_at IS NULL AND claimed_at IS NULL AND expires_at > now() AND {_IS_MINE}
  ORDER BY asked_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING {_WHOLE}"""
# Those of a node whose controller is gone are answered by any other one.
_EXPIRED = f"""
SELECT id FROM command WHERE answered_at IS NULL AND claimed_at IS NULL AND expires_at <= now()
  AND ({_IS_MINE} OR expires_at <= now() - interval '{ABANDONED_SECONDS} seconds')"""
_LEFT_BEHIND = f"""
SELECT {_WHOLE}, claimed_by = $2 AS is_ours, {TRACE} FROM command
WHERE answered_at IS NULL AND claimed_at IS NOT NULL AND (
  (claimed_by <> $2 AND (node = $1 OR claimed_at <= now() - interval '{ABANDONED_SECONDS} seconds'))
  OR (claimed_by = $2 AND claimed_at <= now() - interval '{STATEMENT_SECONDS} seconds' AND id <> ALL ($3::uuid[])))"""
# Notified in the commit itself: somebody looks at a button, and it saves a round trip. The lock that a notifying commit
# holds is for others that notify, and commands are few (decision 0025).
_ANSWER = f"""
WITH answered AS (
  UPDATE command SET answered_at = now(), answer = $2, reason = $3, details = $4::jsonb, pii_arguments = NULL
  WHERE id = $1 AND answered_at IS NULL RETURNING id)
SELECT pg_notify('{ANSWER_CHANNEL}', id || ' ' || {CURRENT_NUMBER}) FROM answered"""


@dataclass(frozen=True, slots=True)
class ClaimedCommand:
    """A command that is this controller's to carry out. `session_id`: the operator's login when it was asked."""

    asked: AskedCommand
    actor: str
    session_id: SessionId | None
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Deed:
    """What the audit log is to say of a command that was carried out."""

    actor: str
    action: str
    detail: dict[str, str | None]


class CommandClaims:
    """Commands for one run of one controller. `may_write` is awaited before each statement, as by the ledger."""

    def __init__(self, pool: Pool, node: AsteriskId, may_write: Callable[[], Awaitable[None]]) -> None:
        self._pool = pool
        self._node = node
        self._may_write = may_write
        self._run = uuid4()

    async def any_open(self) -> bool:
        """Whether any command, of whatever node, has no answer yet. Raises StoreUnavailable."""
        with translated():
            return bool(await self._pool.fetchval(_ANY_OPEN))

    async def claim(self) -> list[ClaimedCommand]:
        """Take the commands that wait, in the order in which they were asked. Raises StoreUnavailable.

        A claim whose answer came late is not acted on: whoever asked may have been told that it expired. It is answered
        by `settle`.
        """
        began_at = monotonic()
        rows = await self._fetch(_CLAIM, self._node, self._run, MOST_AT_ONCE)
        if monotonic() - began_at > STATEMENT_SECONDS:
            return []
        taken = [_read(row) for row in sorted(rows, key=lambda row: row["asked_at"])]
        return [one for one in taken if one is not None]

    async def answer(self, command_id: CommandId, answer: Answer, deed: Deed | None = None) -> None:
        """Store the answer of a command that has none yet; whoever asked is notified.

        With it the deed, when the answer says that it was done. Idempotent. Raises StoreUnavailable.
        """
        if deed is None or isinstance(answer, Refused | Unanswered):
            await self._fetch(_ANSWER, *_answer_values(command_id, answer))
            return
        await self._may_write()
        with translated():
            async with asyncio.timeout(STATEMENT_SECONDS), transaction(self._pool) as connection:
                if await connection.fetchrow(_ANSWER, *_answer_values(command_id, answer)) is not None:
                    at = await connection.fetchval("SELECT now()")
                    await record_deed(connection, at, deed.actor, deed.action, deed.detail)

    async def carry_out(
        self,
        command_id: CommandId,
        work: Callable[[Connection], Awaitable[Answer]],
        pool: Pool | None = None,
        within_seconds: float = STATEMENT_SECONDS,
    ) -> None:
        """Change rows and store the answer in one transaction: both, or neither. Repeated, it is done once.

        `pool`: one whose statements may take longer than those that a call waits for. Raises StoreUnavailable.
        """
        await self._may_write()
        with translated():
            async with asyncio.timeout(within_seconds), transaction(pool or self._pool) as connection:
                is_open = await connection.fetchrow(
                    "SELECT FROM command WHERE id = $1 AND answered_at IS NULL FOR UPDATE", command_id
                )
                if is_open is None:
                    return
                answer = await work(connection)
                await connection.fetchrow(_ANSWER, *_answer_values(command_id, answer))

    async def settle(self, under_way: Collection[CommandId]) -> int:
        """Answer what nobody will carry out: expired commands, and those that a controller which is gone had claimed.

        `under_way`: those that this process has in hand. Returns how many. Raises StoreUnavailable.
        """
        answers: list[tuple[CommandId, Answer, Deed | None]] = [
            (CommandId(row["id"]), Refused(RefusalReason.EXPIRED), None)
            for row in await self._fetch(_EXPIRED, self._node)
        ]
        for row in await self._fetch(_LEFT_BEHIND, self._node, self._run, list(under_way)):
            is_ours = row["is_ours"]
            answer = Refused(RefusalReason.EXPIRED) if is_ours else answer_by_record(row)
            log.info("command_left_behind", command_id=str(row["id"]), is_ours=is_ours, answer=type(answer).__name__)
            claimed = _read(row)
            answers.append((CommandId(row["id"]), answer, None if claimed is None else deed_of(claimed)))
        for command_id, answer, deed in answers:
            await self.answer(command_id, answer, deed)
        return len(answers)

    async def _fetch(self, statement: str, *parameters: Any) -> list[asyncpg.Record]:
        await self._may_write()
        with translated():
            async with asyncio.timeout(STATEMENT_SECONDS), borrowed(self._pool) as connection:
                return await connection.fetch(statement, *parameters)


def _read(row: asyncpg.Record) -> ClaimedCommand | None:
    """None for a row that another version wrote; it is left for `settle`, which refuses it."""
    try:
        command = decoded(row["what"], row["arguments"], row["pii_arguments"])
        call_id, command_id = optional(CallId, row["call_id"]), CommandId(row["id"])
        town = optional(MunicipalityCode, row["municipality"]) if isinstance(command, OfMunicipality) else None
        account = optional(AccountId, row["account"]) if isinstance(command, AccountCommand) else None
        asked = AskedCommand(command, optional(OperatorNumber, row["operator"]), call_id, command_id, town, account)
    except ValueError as error:
        log.warning("command_not_understood", command_id=str(row["id"]), what=row["what"], error=str(error))
        return None
    return ClaimedCommand(asked, row["actor"], optional(SessionId, row["session_id"]), row["asked_at"])


def deed_of(claimed: ClaimedCommand) -> Deed | None:
    """What a supervisor did over an operator's head, once it is carried out."""
    match claimed.asked.command:
        case BeReady(forced_why=why) if why:
            action = "operator.make_ready"
        case TakePause(forced_why=why) if why:
            action = "operator.make_pause"
        case LogOff(forced_why=why) if why:
            action = "operator.log_out"
        case _:
            return None
    return Deed(claimed.actor, action, {"operator": claimed.asked.operator, "reason": why})


def _answer_values(command_id: CommandId, answer: Answer) -> tuple[CommandId, str, str | None, str | None]:
    state, reason, details = encoded_answer(answer)
    return command_id, state.value, None if reason is None else reason.value, details
