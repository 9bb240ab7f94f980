"""The line of an operator whose phone is the page of the desk: who they are is known from their login there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import structlog

from ari_app.calls.messages import PlaceAsked
from ari_app.calls.operators.line import LineTask
from ari_app.calls.operators.login import ask_session
from ari_app.calls.operators.session import SessionTask
from ari_app.calls.registry import SessionEntry
from ari_app.core.browser_phones import name_at
from ari_app.core.ids import OperatorNumber
from ari_app.core.operators import OperatorSession, PageBack
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
        if await self._takes_place(operator):
            await self._do_work()
        else:
            await self._work_on_line(operator, calls_back=False)

    async def _takes_place(self, operator: OperatorNumber) -> bool:
        """Go on with the work of this operator, whose page lost its line, where it stopped; False: there is none."""
        async with self._shell.registry.logging_in:
            entry = self._shell.registry.session_of(operator)
            if entry is None or not await self._was_here(entry.session):
                return False
            back = PageBack(self._line.id, self._line.channel_id, self._line.endpoint)
            if not await ask_session(entry, partial(self._ask_for_place, entry, back)):
                return False
            self._work = SessionTask(self._shell, entry.session, self.channel, self._common.callbacks, entry=entry)
            return True

    def _ask_for_place(self, entry: SessionEntry, back: PageBack, answer: Callable[[bool], None]) -> PlaceAsked:
        """Its answer moves the session's messages at once: the line before this one reads on until it is gone."""

        def take_over(has_place: bool) -> None:
            if has_place:
                entry.move_to(self.channel.mailbox, self._now)
            answer(has_place)

        return PlaceAsked(back, take_over)

    async def _was_here(self, session: OperatorSession) -> bool:
        """Whether the session is that of a page which is a phone no more: loaded anew it asked for another account."""
        name = name_at(session.endpoint)
        if name is None or session.is_reconnecting:
            return name is not None
        return await self._shell.ledger.operator_at_page(name, self._now) is None
