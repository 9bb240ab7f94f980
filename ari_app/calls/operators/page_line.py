"""The line of an operator whose phone is the page of the desk: who they are is known from their login there."""

from __future__ import annotations

from dataclasses import replace

import structlog

from ari_app.calls.operators.line import LineTask
from ari_app.core.browser_phones import name_at
from ari_app.prompts.phrases import operator as to_operator

log = structlog.get_logger(__name__)


class PageLine(LineTask):
    """The channel dialled 1400 from a page, perhaps before this process started; nobody is at work on it yet.

    Nobody is asked for number and PIN, and it is a standing line whatever the operator's team has: a page that is rung
    may be a page that is gone.
    """

    async def _enter(self) -> None:
        await self._store(self._line)
        if self._line.answered_at is None:
            answered_at = await self.channel.answer()
            await self._store(replace(self._line, answered_at=answered_at))
        name = name_at(self._line.endpoint)
        operator = None if name is None else await self._shell.ledger.operator_at_page(name, self._now)
        if operator is None or operator not in self._shell.area().operators:
            log.warning("login_refused", line_id=str(self._line.id), why="no_login_on_the_pages")
            await self.channel.play(to_operator.LOGIN_CLOSED)
            return
        await self._store(replace(self._line, operator=operator))
        await self._work_on_line(operator, calls_back=False)
