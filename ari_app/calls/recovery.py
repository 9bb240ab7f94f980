"""Carries out `core.recovery.plan` after a gap: in a process that just started, or whose socket was closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from ari_app.calls.call.cleanup import over_with_call
from ari_app.calls.call.rows import ended
from ari_app.calls.call_task import why_ended
from ari_app.calls.callbacks.attempts import end_lost_attempt
from ari_app.calls.callbacks.requests import request_of_unseen_end
from ari_app.calls.errors import CallError, SwitchUnavailable
from ari_app.calls.messages import ApplyEvent, CallDone, Left, Logged, Played, Up
from ari_app.calls.shell import Shell
from ari_app.calls.supervisor import Supervisor
from ari_app.calls.unseen import unseen_channels
from ari_app.core import queue_visits
from ari_app.core.call import Call, EndReason, Fact, FactKind, Leg, LegEndReason, LegRole, Stage, how_it_ended
from ari_app.core.ids import AsteriskId, ChannelId
from ari_app.core.ledger import StaleRow, StoreUnavailable
from ari_app.core.misplaced import SETTLING
from ari_app.core.operator_rules import outlives_line, page_gone, step
from ari_app.core.operators import LineLost, LogoutReason, OperatorLine, OperatorSession, line_gone
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.recovery import (
    Adopt,
    CloseCall,
    CloseLine,
    CloseSession,
    DestroyBridge,
    HangUp,
    LiveChannel,
    Order,
    ResumeCall,
    ResumeLine,
    ResumeRingSession,
    Snapshot,
    plan,
)
from ari_app.core.skills import team_for
from ari_app.core.transfer import Transfer

log = structlog.get_logger(__name__)


#: reads from Asterisk's own log what it tells of these channels, from the instant on
ReadLog = Callable[[Collection[ChannelId], datetime], Awaitable[Logged]]


async def no_log(channels: Collection[ChannelId], since: datetime) -> Logged:
    """There is no log: ends that were not seen stay estimates."""
    return Logged()


class Recovery:
    """The closing of one gap. `look` takes the snapshot."""

    def __init__(
        self,
        shell: Shell,
        supervisor: Supervisor,
        look: Callable[[], Awaitable[Snapshot]],
        read_log: ReadLog = no_log,
    ) -> None:
        self._shell = shell
        self._supervisor = supervisor
        self._look = look
        self._read_log = read_log
        self._logged = Logged()
        self._counts: dict[str, int] = {}

    async def run(self, asterisk_id: AsteriskId, asterisk_started_at: datetime | None) -> dict[str, int]:
        """Read the open rows, compare, carry out; returns how often each order was given.

        `asterisk_started_at`: a standing line that is older went with Asterisk. Deletions go one after the other: many
        at once after a reconnect have crashed Asterisk (asterisk#1201). Raises StoreUnavailable, and as `look` does.
        """
        # Rows before channels: a call that arrives in between is a channel without a row, and its own task has it. The
        # other way round it would be a row without its channel, and a live call would be closed.
        rows = await self._shell.ledger.open_rows(asterisk_id)
        snapshot = await self._look()
        orders = plan(rows, snapshot, asterisk_started_at)
        unseen = unseen_channels(orders)
        if unseen:
            self._logged = await self._read_log(unseen.keys(), min(unseen.values()))
        for order in orders:
            name = type(order).__name__
            self._counts[name] = self._counts.get(name, 0) + 1
            try:
                await self._carry_out(order)
            except StoreUnavailable:
                raise
            except StaleRow:
                log.info("recovery_row_moved_on", order=name)
            except CallError as error:
                log.warning("recovery_order_failed", order=name, error=str(error))
            except Exception:
                log.exception("recovery_fault", order=name)
        await self._finish_playbacks()
        return self._counts

    async def _carry_out(self, order: Order) -> None:
        match order:
            case ResumeCall(call, legs, missing, up, unanswered, is_placed, transfer, visit):
                if self._supervisor.owns_call(call.id):
                    # Its task may be about to create a channel whose row was read already; else the sweep finds out.
                    young = {leg.channel_id for leg in legs if self._now - leg.started_at < SETTLING}
                    missing = tuple(gone for gone in missing if gone not in young)
                else:
                    self._supervisor.resume_call(call, legs, transfer, visit, is_placed=is_placed)
                missing = tuple(gone for gone in missing if not self._is_waited_for(call, legs, gone))
                self._post_missed(call, legs, missing, up, unanswered)
            case CloseCall(call, legs, reason, hang_up, transfer, visit):
                if self._supervisor.owns_call(call.id):
                    if call.callback_request is None or call.callback_attempt is not None:
                        self._post_missed(call, legs, (call.channel_id,))
                    return
                await self._close_call(call, legs, reason, transfer, visit)
                for channel_id in hang_up:
                    await self._hang_up(channel_id)
            case ResumeLine(line, session, is_placed, is_up):
                if not self._shell.registry.is_owned(line.channel_id):
                    self._supervisor.operators.resume_line(line, session, is_placed=is_placed)
                elif self._supervisor.operators.has_other_line(line):
                    await self._end_line(line)  # written late for an earlier process; the channel has a row since
                    return
                if is_up and line.answered_at is None:
                    self._supervisor.post(line.channel_id, self._up(line.channel_id))
            case ResumeRingSession(session):
                if self._shell.registry.session(session.id) is None:
                    self._supervisor.operators.resume_ring_session(session)
            case CloseSession(session, reason):
                await self._close_session(session, LineLost(self._now, reason))
                if reason is LogoutReason.ASTERISK_RESTARTED:
                    self._supervisor.operators.reminder_calls.call_about_lost_line(session)
            case CloseLine(line):
                await self._close_line(line)
            case Adopt(channel):
                self._supervisor.accept_channel(channel, is_adopted=True)
            case HangUp(channel_id):
                if not self._shell.registry.is_owned(channel_id):
                    await self._hang_up(channel_id)
            case DestroyBridge(bridge_id):
                await self._shell.switch.destroy_bridge(bridge_id)

    @property
    def _now(self) -> datetime:
        return self._shell.clock.now()

    async def _close_call(
        self,
        call: Call,
        legs: tuple[Leg, ...],
        reason: EndReason,
        transfer: Transfer | None,
        visit: QueueVisit | None,
    ) -> None:
        """Close a call whose end was not seen: at the moment that Asterisk's log has, else now and as an estimate."""
        end = self._left(call.channel_id)
        legs = tuple(self._answered(leg) for leg in legs)
        ended_legs = [self._ended(leg, call, reason, end) for leg in legs]
        if reason is EndReason.LOST and not end.estimated:
            reason = why_ended(call, ended_legs, is_transferring=transfer is not None)
        reason = await request_of_unseen_end(self._shell, call, reason)
        citizen = next((leg for leg in ended_legs if leg.channel_id == call.channel_id), None)
        await end_lost_attempt(self._shell, call, citizen, reason)
        now = self._now
        closed = replace(
            call,
            stage=Stage.ENDED,
            line_answered_at=call.line_answered_at or self._logged.answers.get(call.channel_id),
            stage_entered_at=now,
            ended_at=max(end.at, call.arrived_at),
            end_reason=reason,
            end_is_estimated=end.estimated,
            ending=None,
            held_at=None,
            handled_by_fallback=call.handled_by_fallback or reason is EndReason.HANDLED_BY_FALLBACK,
        )
        fact = Fact(now, FactKind.ENDED, {"reason": reason.value, "estimated": end.estimated})
        ended_transfers = () if transfer is None else (over_with_call(transfer, reason, end.at),)
        visits = queue_visits.after(visit, call, closed)
        await self._shell.ledger.store(closed, (fact,), ended_legs, ended_transfers, visits)
        self._free_operator(call)

    def _left(self, channel_id: ChannelId) -> Left:
        """The end of a channel that is gone; an estimate where no log tells it."""
        return self._logged.ends.get(channel_id) or Left(channel_id, self._now, estimated=True)

    def _up(self, channel_id: ChannelId) -> Up:
        """The answer of a channel that has a row without one; now, where no log tells when it was."""
        return Up(channel_id, self._logged.answers.get(channel_id) or self._now)

    def _answered(self, leg: Leg) -> Leg:
        """The leg with the answer that only the log tells of. On a standing line a leg begins answered."""
        return leg if leg.answered_at else replace(leg, answered_at=self._logged.answers.get(leg.channel_id))

    def _post_missed(
        self,
        call: Call,
        legs: Collection[Leg],
        missing: Collection[ChannelId],
        up: Collection[ChannelId] = (),
        unanswered: Sequence[LiveChannel] = (),
    ) -> None:
        """Post to a call's task what happened in the gap, an answer before the end of the same channel."""
        answered = [leg.channel_id for leg in legs if leg.channel_id in missing and self._answered(leg) != leg]
        ups = [self._up(channel_id) for channel_id in (*up, *answered)]
        self._supervisor.post_missed(call.id, [self._left(gone) for gone in missing], ups, unanswered)

    def _ended(self, leg: Leg, call: Call, reason: EndReason, end_of_call: Left) -> Leg:
        """The leg of a call that is over. A standing line is there still: its part ended with the caller's."""
        if reason is EndReason.HANDLED_BY_FALLBACK:
            return ended(leg, self._now, LegEndReason.TO_FALLBACK, estimated=True)
        end = self._left(leg.channel_id)
        if end.estimated and not leg.owns_channel and not end_of_call.estimated:
            return ended(leg, end_of_call.at, LegEndReason.RELEASED)
        if end.estimated:
            return ended(leg, end.at, LegEndReason.LOST, estimated=True)
        was_called, was_answered = leg.role is not LegRole.CALLER, leg.answered_at is not None
        why = how_it_ended(end.cause, was_answered=was_answered, was_called=was_called)
        if call.ending is not None and call.stage is not Stage.SURVEY:
            why = LegEndReason.RELEASED  # we were hanging up
        return ended(leg, end.at, why, cause=end.cause)

    async def _hang_up(self, channel_id: ChannelId) -> None:
        try:
            await self._shell.switch.hang_up(channel_id)
        except SwitchUnavailable:
            self._supervisor.hang_up_stray(channel_id)

    def _free_operator(self, call: Call) -> None:
        registry, session_id = self._shell.registry, call.operator_session
        session = None if session_id is None else registry.session(session_id)
        mailbox = None if session_id is None else registry.session_mailbox(session_id)
        if session is not None and mailbox is not None:
            wrap_up = team_for(self._shell.area(), session.operator).wrap_up_seconds
            mailbox.post(CallDone(call.id, self._now, wrap_up, is_estimated=True))

    async def _close_session(self, session: OperatorSession, event: LineLost) -> None:
        mailbox = self._shell.registry.session_mailbox(session.id)
        end = None if session.channel_id is None else self._logged.ends.get(session.channel_id)
        is_told = end is not None and event.reason is LogoutReason.LOST  # a restart of Asterisk is reason enough
        if mailbox is not None:
            now = self._shell.registry.session(session.id)
            if event.reason is not LogoutReason.LOST or now is None or now.channel_id == session.channel_id:
                mailbox.post(end if end is not None and is_told else ApplyEvent(event, is_estimated=True))
            return  # else its page dialled again meanwhile
        gone = page_gone(session, self._now if end is None else end.at) if event.reason is LogoutReason.LOST else None
        if gone is not None:
            waiting = step(session, gone)
            await self._shell.ledger.store_session(waiting, end is None)
            self._supervisor.operators.resume_ring_session(waiting)
            return
        if end is not None and is_told:
            event = line_gone(end.at, end.cause)
        await self._shell.ledger.store_session(step(session, event), not is_told)

    def _is_waited_for(self, call: Call, legs: Collection[Leg], gone: ChannelId) -> bool:
        """Whether this is a line whose operator's page may dial again."""
        session = None if call.operator_session is None else self._shell.registry.session(call.operator_session)
        is_line = any(leg.channel_id == gone and not leg.owns_channel for leg in legs)
        return session is not None and is_line and outlives_line(session, gone, self._now)

    async def _close_line(self, line: OperatorLine) -> None:
        if self._shell.registry.is_owned(line.channel_id):
            self._supervisor.post(line.channel_id, self._left(line.channel_id))
            return
        await self._end_line(line)

    async def _end_line(self, line: OperatorLine) -> None:
        end = self._left(line.channel_id)
        answered_at = line.answered_at or self._logged.answers.get(line.channel_id)
        why = how_it_ended(end.cause, was_answered=answered_at is not None)
        closed = replace(
            line,
            answered_at=answered_at,
            ended_at=max(end.at, line.started_at),
            end_reason=LegEndReason.LOST if end.estimated else why,
            hangup_cause=end.cause,
            end_is_estimated=end.estimated,
            version=line.version + 1,
        )
        await self._shell.ledger.store_line(closed)

    async def _finish_playbacks(self) -> None:
        """Post the end of prompts that ended while the socket was closed: whether they were heard is not known."""
        for mailbox, playback_id in self._supervisor.awaited_playbacks():
            if not await self._shell.switch.playback_is_live(playback_id):
                mailbox.post(Played(playback_id, self._now, failed=True))
