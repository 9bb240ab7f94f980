"""The record of one operator at work: every change is committed, and then others see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog

from ari_app.calls.channel_owner import HANG_UP_PATIENCE
from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.calls.messages import Left, LineChanged, OperatorGone
from ari_app.calls.operators.channel import OperatorChannel
from ari_app.calls.registry import SessionEntry
from ari_app.calls.shell import Shell
from ari_app.core.ids import CallId, CommandId
from ari_app.core.ledger import StaleRow
from ari_app.core.operator_rules import step
from ari_app.core.operators import (
    LineLost,
    LogOut,
    LogoutReason,
    OperatorEvent,
    OperatorSession,
    OperatorState,
    PageBack,
    PageGone,
    line_gone,
)
from ari_app.core.skills import team_codes
from ari_app.prompts.phrases import operator as to_operator

log = structlog.get_logger(__name__)

#: Asterisk is compared with the rows within this time after it is back, also by a busy machine
GAP_PATIENCE = timedelta(seconds=60)


class SessionRecord:
    """The row of a session, its place in the registry, and its bridge. Only the session's own task uses it."""

    def __init__(
        self, shell: Shell, session: OperatorSession, channel: OperatorChannel, entry: SessionEntry | None = None
    ) -> None:
        """The session is stored already; from here on others find it in the registry.

        `entry`: where they find it already, of a session whose task was another one until now.
        """
        self._shell = shell
        self._channel = channel
        self._goodbye: Sequence[str] = to_operator.LOGGED_OUT
        self._is_behind = False  # the row has not the newest state: the store is away
        self._entry = entry or SessionEntry(session, channel.mailbox)
        if entry is not None:
            entry.move_to(channel.mailbox, shell.clock.now())
        shell.registry.add_session(self._entry)

    @property
    def session(self) -> OperatorSession:
        return self._entry.session

    async def _apply(
        self, event: OperatorEvent, *, is_estimated: bool = False, command_id: CommandId | None = None
    ) -> None:
        """Write, then act: commit the state after this event, then let the dispatcher use it.

        `is_estimated`: nobody saw when it happened. `command_id`: of a command from a screen that led to it; the row
        names it. The call of a line that is gone gets that message before the commit: the store may be away, and the
        caller is alone in the talk.
        """
        changed = step(self.session, event)
        if changed is self.session:
            return
        if changed.state_since_at != self.session.state_since_at:
            changed = replace(changed, teams=team_codes(self._shell.area(), changed.operator))
        if command_id is not None:
            changed = replace(changed, command_id=command_id)
        call_id = self.session.call_id
        self._entry.session = changed
        if call_id is not None and not changed.is_open and isinstance(event, LineLost | LogOut):
            self._post_gone(call_id)
        store = partial(self._shell.ledger.store_session, changed, is_estimated or self._is_behind)
        if call_id is not None and isinstance(event, PageGone):
            store = partial(self._store_and_tell, store, call_id)
        self._is_behind = True
        await self._channel.patient_store(store, even_if_left=not changed.is_open or isinstance(event, PageBack))
        self._is_behind = False
        self._shell.dispatcher.operator_changed(changed.id)

    async def _store_and_tell(self, store: Callable[[], Awaitable[None]], call_id: CallId) -> None:
        """Tell the call once it is committed that the line is gone; with a store that is away, all the same."""
        try:
            await store()
        finally:
            self._shell.registry.post_to_call(call_id, LineChanged(self.session.id))

    def _raise_if_overtaken(self, version: int) -> None:
        """Raise StaleRow when the row was written so often, and not all of it here."""
        if version > self.session.version:
            raise StaleRow(f"version {version} of session {self.session.id}")

    async def _give_way(self) -> bool:
        """End this session for a login on another phone; False in a talk, which costs no caller their operator."""
        if self.session.state is OperatorState.TALKING and not self.session.is_reconnecting:
            return False
        await self._apply(LineLost(self._shell.clock.now(), LogoutReason.REPLACED))
        return True

    async def _apply_found(self, event: OperatorEvent, *, is_estimated: bool) -> None:
        """Apply an event that came as a message. Raises PartyLeft when it says that the standing line is lost."""
        if isinstance(event, LineLost) and event.reason is LogoutReason.LOST and self._channel.channel_id is not None:
            self._channel.left = Left(self._channel.channel_id, event.at, estimated=True)
            raise PartyLeft(self._channel.channel_id)
        await self._apply(event, is_estimated=is_estimated)

    def _post_gone(self, call_id: CallId) -> None:
        left = self._channel.left
        if left is None:
            gone = OperatorGone(self.session.id, self._shell.clock.now())
        else:
            gone = OperatorGone(self.session.id, left.at, left.cause, left.estimated)
        self._shell.registry.post_to_call(call_id, gone)

    async def _end_lost(self) -> None:
        """The line is gone: end the session at the true moment, which is in a message that is here or follows."""
        left = await self._channel.departure(self._shell.clock.now() + HANG_UP_PATIENCE)
        if left.estimated:
            event = await self._told_of_restart() or LineLost(left.at, LogoutReason.LOST)
        else:
            event = line_gone(left.at, left.cause)
        await self._apply(event, is_estimated=left.estimated)

    async def _told_of_restart(self) -> LineLost | None:
        """What the comparison after the gap tells about a line that went with Asterisk; None when it went alone.

        An order to an Asterisk that has just started finds that the line is gone before the comparison does. It is
        waited for: with the reason it tells, the operator's phone is rung.
        """
        with suppress(SwitchUnavailable):
            if self.session.logged_in_at < await self._shell.switch.started_at():
                return await self._channel.told_lost(self._shell.clock.now() + GAP_PATIENCE)
        return None

    async def give_up(self) -> None:
        """End the session after a fault; nothing happens to one that is over."""
        if self.session.is_open:
            await self._apply(LineLost(self._shell.clock.now(), LogoutReason.LOST), is_estimated=True)
            await self._destroy_bridge()

    def _remove(self) -> None:
        """Others find this session no longer."""
        self._shell.registry.remove_session(self.session.id)
        self._shell.dispatcher.operator_changed(self.session.id)

    async def _ensure_bridge(self) -> None:
        """The standing line is in the session's bridge; a phone that is rung has neither."""
        bridge_id, channel_id = self.session.bridge_id, self.session.channel_id
        if bridge_id is None or channel_id is None:
            return
        await self._shell.switch.ensure_talk_bridge(bridge_id)
        await self._shell.switch.ensure_in_bridge(bridge_id, channel_id, keys_stay_here=True)

    async def _put_back(self) -> None:
        """The line is in its bridge again. One that cannot be put there stays at work: the next sweep sees it again."""
        await self._channel.stop_prompt()  # it would hold the move up
        try:
            await self._ensure_bridge()
        except SwitchUnavailable as error:
            log.warning("line_not_put_back", session_id=str(self.session.id), error=str(error))

    async def _destroy_bridge(self) -> None:
        """A session's bridge is its own, and goes with it."""
        if self.session.bridge_id is not None:
            try:
                await self._shell.switch.destroy_bridge(self.session.bridge_id)
            except SwitchUnavailable as error:
                log.warning("bridge_left", bridge_id=self.session.bridge_id, error=str(error))

    async def _say_goodbye(self) -> None:
        """Say on the line, before its owner hangs it up, that it was logged out: by key, or on another phone."""
        await self._destroy_bridge()
        if self.session.logout_reason is LogoutReason.KEY:
            await self._channel.play(self._goodbye)
        elif self.session.logout_reason is LogoutReason.REPLACED:
            await self._channel.play(to_operator.REPLACED)
