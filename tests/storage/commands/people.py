"""Who asks and who takes, for the tests of commands."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from ari_app.core.access import Scope
from ari_app.core.commands import AnyCommand, AskedCommand
from ari_app.core.ids import AsteriskId, CallId, CommandId, OperatorNumber, new_command_id
from ari_app.core.operator_commands import Answer
from ari_app.storage.commands.asker import Answers, ask
from ari_app.storage.commands.claims import ClaimedCommand, CommandClaims
from ari_app.storage.db.engine import Pool
from tests.storage.values import NODE1, WIERDAM, eventually

ANNA, BERT = OperatorNumber("101"), OperatorNumber("102")
WIERDAM_ONLY: Scope = frozenset({WIERDAM})


@dataclass
class Screen:
    pool: Pool
    answers: Answers

    def asks(
        self,
        command: AnyCommand,
        operator: OperatorNumber | None = ANNA,
        *,
        call_id: CallId | None = None,
        command_id: CommandId | None = None,
        scope: Scope = WIERDAM_ONLY,
        actor: str = "account:7",
        seconds: float = 5,
    ) -> asyncio.Task[Answer]:
        asked = AskedCommand(command, operator, call_id, command_id or new_command_id())
        waiting = ask(
            self.pool, asked, actor=actor, scope=scope, expires_in=timedelta(seconds=seconds), answers=self.answers
        )
        return asyncio.create_task(waiting)


async def _always() -> None:
    """The lock of the tests is never in doubt."""


def controller(pool: Pool, node: AsteriskId = NODE1) -> CommandClaims:
    return CommandClaims(pool, node, _always)


async def taken(claims: CommandClaims, count: int = 1) -> list[ClaimedCommand]:
    """The next commands, once they are there."""
    found: list[ClaimedCommand] = []

    async def all_there() -> bool:
        found.extend(await claims.claim())
        return len(found) >= count

    await eventually(all_there)
    return found
