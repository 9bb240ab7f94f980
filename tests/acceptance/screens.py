"""Screens that give commands to a running application, with the rights of `web` and for the whole group."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from ari_app.core.commands import AnyCommand, AskedCommand
from ari_app.core.ids import CallId, CommandId, OperatorNumber, new_command_id
from ari_app.core.operator_commands import Answer
from ari_app.storage.commands.asker import Answers, ask
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from tests.acceptance.centre import Centre
from tests.roles import as_role


@dataclass
class Screens:
    """The rights of `web`, whole group."""

    web: Database
    answers: Answers

    async def asks(
        self,
        command: AnyCommand,
        operator: str | None,
        call_id: CallId | None = None,
        command_id: CommandId | None = None,
        seconds: float = 5,
    ) -> Answer:
        about = None if operator is None else OperatorNumber(operator)
        asked = AskedCommand(command, about, call_id, command_id or new_command_id())
        expires_in = timedelta(seconds=seconds)
        return await ask(
            self.web.pool, asked, actor="account:7", scope=None, expires_in=expires_in, answers=self.answers
        )


@asynccontextmanager
async def screens_of(centre: Centre) -> AsyncIterator[Screens]:
    url = as_role(centre.database_url, WEB)
    async with Database(url) as web, Answers(url) as answers:
        yield Screens(web, answers)
