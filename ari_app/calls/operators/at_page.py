"""An operator whose phone is a page: a line that is lost is waited for, and the next line of the page has its place.

A page is loaded anew, a network changes, a browser dies. The session goes on meanwhile, without a line, in a task of
its own; in a talk the caller hears music (`calls.call.following`). What a loss leads to, and for how long, is decided
in `core.operator_rules.page_gone`.
"""

from __future__ import annotations

import structlog

from ari_app.calls.channel_owner import HANG_UP_PATIENCE
from ari_app.calls.messages import LineChanged, OperatorGone, PlaceAsked
from ari_app.calls.operators.screen import SessionOnScreen
from ari_app.core.browser_phones import name_at
from ari_app.core.ids import CallId
from ari_app.core.operator_rules import page_gone
from ari_app.core.operators import LineLost, LogoutReason

log = structlog.get_logger(__name__)


class SessionAtPage(SessionOnScreen):
    """Only the session's own task uses it."""

    #: the line is gone, and the session goes on without one
    has_lost_line = False
    #: the session goes on in the task of another line
    _has_given_place = False

    @property
    def goes_on(self) -> bool:
        """Whether the session goes on in another task than this one."""
        return self.has_lost_line or self._has_given_place

    async def give_up(self) -> None:
        if not self.goes_on:
            await super().give_up()

    def _remove(self) -> None:
        if not self.goes_on:
            super()._remove()

    def _refuse_what_is_left(self) -> None:
        if not self.goes_on:
            super()._refuse_what_is_left()

    async def _say_goodbye(self) -> None:
        if not self.goes_on:
            await super()._say_goodbye()

    def _post_gone(self, call_id: CallId) -> None:
        """A page says goodbye to Asterisk, and never to the caller: there is a button for that."""
        left = self._channel.left
        if left is None or name_at(self.session.endpoint) is None:
            super()._post_gone(call_id)
        else:
            gone = OperatorGone(self.session.id, left.at, estimated=left.estimated)
            self._shell.registry.post_to_call(call_id, gone)

    async def _keep_place(self) -> bool:
        """After the line is gone: wait for the next one of the page. False where there is nothing to wait for."""
        if page_gone(self.session, self._shell.clock.now()) is None:
            return False
        left = await self._channel.departure(self._shell.clock.now() + HANG_UP_PATIENCE)
        event = page_gone(self.session, left.at)
        if event is None:
            return False
        log.info("page_lost_its_line", operator=self.session.operator, session_id=str(self.session.id))
        await self._apply(event)
        self.has_lost_line = True
        return True

    async def _give_place(self, asked: PlaceAsked) -> None:
        """Commit that the session has this line now; the task of that line goes on with it."""
        if page_gone(self.session, self._shell.clock.now()) is None:
            asked.answer(False)
            return
        await self._apply(asked.event)
        self._has_given_place = True
        asked.answer(True)

    def _announce_line(self) -> None:
        """The call of a session whose line is another one, or gone, since before this task finds out."""
        if self.session.call_id is not None and name_at(self.session.endpoint) is not None:
            self._shell.registry.post_to_call(self.session.call_id, LineChanged(self.session.id))

    async def _end_wait_for_page(self) -> bool:
        """Log the operator out whose page did not come back in time; False while there is time."""
        until, now = self.session.line_until_at, self._shell.clock.now()
        if until is None or now < until:
            return False
        await self._apply(LineLost(now, LogoutReason.LINE_LOST))
        return True
