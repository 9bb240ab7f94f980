"""A sweep from time to time: are the channels still there that the tasks count on, and in their bridges?

Events can be lost, and somebody else may change what Asterisk has.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

import structlog

from ari_app.calls.call.flow import Flow
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.messages import ApplyEvent, Left, PutBack
from ari_app.calls.registry import Registry
from ari_app.calls.shell import Shell
from ari_app.core.call import Leg, LegRole, Stage
from ari_app.core.ids import BridgeId, CallId, ChannelId, SessionId
from ari_app.core.misplaced import is_line_misplaced, misplaced, strangers
from ari_app.core.operator_rules import outlives_line, sweep
from ari_app.core.recovery import Snapshot

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who hears a talk, or those who wait, and is no party of it. `came_back`: was there a sweep ago too."""

    bridge_id: BridgeId
    channel_id: ChannelId
    is_ours: bool
    came_back: bool


@dataclass(frozen=True, slots=True)
class Stuck:
    """A party that was out of place a sweep ago too, although the owner of this mailbox was asked to put it back."""

    channel_id: ChannelId
    mailbox: Mailbox


async def look_for_phone(shell: Shell, stuck: Stuck) -> None:
    """When its phone has hung up, Asterisk kept the channel by mistake, and the party counts as gone.

    Else the owner is asked again: Asterisk may be late. Raises SwitchUnavailable.
    """
    if await shell.switch.phone_has_gone(stuck.channel_id):
        log.warning("phone_gone_unseen", channel_id=stuck.channel_id)
        shell.registry.post(stuck.channel_id, Left(stuck.channel_id, shell.clock.now(), estimated=True))
    else:
        stuck.mailbox.post(PutBack())


class Sweeper:
    """Posts to tasks the messages that they missed; remembers the channels that were absent or out of place."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._absent: set[ChannelId] = set()
        self._strangers: set[tuple[BridgeId, ChannelId]] = set()
        self._out_of_place: set[ChannelId] = set()
        #: of the last sweep
        self.stuck: list[Stuck] = []

    def sweep(self, flows: Collection[Flow], snapshot: Snapshot) -> int:
        """Compare with what Asterisk shows; returns how many messages were posted."""
        flows = [flow for flow in flows if flow.call.is_open]
        live_channels, at = frozenset(snapshot.channels), snapshot.taken_at
        mended = self._mend_calls(flows, live_channels, at) + self._mend_operators(flows, live_channels, at)
        return mended + self._put_back(flows, snapshot)

    def _put_back(self, flows: Collection[Flow], snapshot: Snapshot) -> int:
        """The owner of a party that is out of its bridge puts it back, or finds that it cannot be.

        A party that is out of place again is stuck, and looked at first.
        """
        out: set[ChannelId] = set()
        self.stuck.clear()
        found = 0
        for flow in flows:
            parties = misplaced(flow.call, tuple(flow.open_legs), flow.open_transfer, snapshot)
            if parties:
                log.warning("party_out_of_place", call_id=str(flow.call.id), stage=flow.call.stage.value)
                self._ask_to_put_back(flow.mailbox, parties)
                out |= parties
                found += 1
        for session in self._registry.sessions():
            mailbox = self._registry.session_mailbox(session.id)
            if session.channel_id is None or mailbox is None or not is_line_misplaced(session, snapshot):
                continue
            log.warning("line_out_of_place", session_id=str(session.id))
            self._ask_to_put_back(mailbox, {session.channel_id})
            out.add(session.channel_id)
            found += 1
        self._out_of_place = out
        return found

    def _ask_to_put_back(self, mailbox: Mailbox, parties: AbstractSet[ChannelId]) -> None:
        again = parties & self._out_of_place
        if again:
            self.stuck += [Stuck(channel_id, mailbox) for channel_id in again]
        else:
            mailbox.post(PutBack())

    def find_strangers(self, flows: Collection[Flow], snapshot: Snapshot) -> list[Stranger]:
        """Who is to leave a bridge of ours: a channel of nobody at once, a party when two sweeps found it there.

        A party may be on its way from one bridge to the next; its owner was asked to put it back as well.
        """
        calls = [(flow.call, tuple(flow.open_legs)) for flow in flows if flow.call.is_open]
        before, self._strangers = self._strangers, strangers(calls, self._registry.sessions(), snapshot)
        found = [
            Stranger(bridge_id, channel_id, is_ours=self._registry.is_owned(channel_id), came_back=again)
            for bridge_id, channel_id in sorted(self._strangers)
            if (again := (bridge_id, channel_id) in before) or not self._registry.is_owned(channel_id)
        ]
        for stranger in found:
            log.warning("stranger_in_bridge", bridge_id=stranger.bridge_id, channel_id=stranger.channel_id)
        return found

    def _mend_calls(self, flows: Collection[Flow], live_channels: frozenset[ChannelId], at: datetime) -> int:
        """A party missing from two consecutive sweeps has left; after one, its message or channel may be on the way."""
        legs = [
            (flow, leg.channel_id)
            for flow in flows
            for leg in flow.open_legs
            # A citizen who is to be called back has no channel before the attempt is stored.
            if leg.role is not LegRole.CALLBACK or flow.call.callback_attempt is not None
            if not self._follows_line(flow, leg)
        ]
        absent = [(flow, channel_id) for flow, channel_id in legs if channel_id not in live_channels]
        gone = [(flow, channel_id) for flow, channel_id in absent if channel_id in self._absent]
        for flow, channel_id in gone:
            log.warning("call_mended", call_id=str(flow.call.id), channel_id=channel_id)
            flow.mailbox.post(Left(channel_id, at, estimated=True))
        self._absent = {channel_id for _, channel_id in absent}
        return len(gone)

    def _follows_line(self, flow: Flow, leg: Leg) -> bool:
        """Whether the operator is waited for when their line is gone: the session tells the call."""
        session_id = flow.call.operator_session
        session = None if session_id is None or leg.owns_channel else self._registry.session(session_id)
        return session is not None and outlives_line(session, leg.channel_id, flow.now)

    def _mend_operators(self, flows: Collection[Flow], live_channels: frozenset[ChannelId], at: datetime) -> int:
        calls: dict[SessionId, CallId] = {}
        talking: set[SessionId] = set()
        for flow in flows:
            if flow.call.operator_session is not None:
                calls[flow.call.operator_session] = flow.call.id
                if flow.call.stage is Stage.TALKING:
                    talking.add(flow.call.operator_session)
        sessions = [one for one in self._registry.sessions() if not self._registry.has_moved_since(one.id, at)]
        found = sweep(sessions, calls, live_channels, at, talking=talking)
        for session_id, event in found:
            mailbox = self._registry.session_mailbox(session_id)
            if mailbox is not None:
                log.warning("operator_state_mended", session_id=str(session_id), found=type(event).__name__)
                mailbox.post(ApplyEvent(event, is_estimated=True))
        return len(found)
