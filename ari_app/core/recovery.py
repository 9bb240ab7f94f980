"""After a gap: the rows are compared with what Asterisk shows, and the difference becomes orders.

Asterisk decides who is connected, the row decides why and since when. `plan` compares the two and returns orders; it
changes nothing itself, so that every case is a line in a table.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from ari_app.core.call import Call, EndReason, Leg, Stage
from ari_app.core.door import with_music
from ari_app.core.ids import BridgeId, CallId, ChannelId
from ari_app.core.ledger import OpenRows
from ari_app.core.operators import LogoutReason, OperatorLine, OperatorSession
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.transfer import Transfer, TransferState
from ari_app.core.transfer_rules import Party, layout

#: the bridges that we make; others are left alone
TALK_PREFIX = "talk-"
WAITING_PREFIX = "waiting-"


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """A channel as Asterisk shows it."""

    id: ChannelId
    created_at: datetime
    is_up: bool
    #: the arguments of our Stasis application; None while the channel is elsewhere in the dialplan
    stasis_args: tuple[str, ...] | None
    caller_number: str = field(default="", repr=False)
    name: str = ""

    @property
    def is_ours(self) -> bool:
        return self.stasis_args is not None


@dataclass(frozen=True)
class Snapshot:
    """Asterisk's channels and bridges at one moment."""

    taken_at: datetime
    channels: Mapping[ChannelId, LiveChannel] = field(default_factory=dict)
    #: members per bridge
    bridges: Mapping[BridgeId, frozenset[ChannelId]] = field(default_factory=dict)

    @cached_property
    def waiting(self) -> frozenset[ChannelId]:
        """The channels that are where callers wait. Every call asks for them, and there may be hundreds of both."""
        found = [members for bridge_id, members in self.bridges.items() if bridge_id.startswith(WAITING_PREFIX)]
        return frozenset().union(*found)


@dataclass(frozen=True, slots=True)
class ResumeCall:
    """Row and channel: the call goes on in its stage.

    `missing`: channels of parties who left in the gap; `up`: those that are answered; `unanswered`: phones called by us
    that are not, and may not even have been dialled. `is_placed`: everybody is where the stage wants them, among the
    waiting or in the talk, so that the stage need not move anybody.
    """

    call: Call
    legs: tuple[Leg, ...]
    missing: tuple[ChannelId, ...]
    up: tuple[ChannelId, ...]
    unanswered: tuple[LiveChannel, ...]
    is_placed: bool
    transfer: Transfer | None = None
    visit: QueueVisit | None = None


@dataclass(frozen=True, slots=True)
class CloseCall:
    """A row without its caller: the end was not seen, so its moment is an estimate."""

    call: Call
    legs: tuple[Leg, ...]
    reason: EndReason
    #: channels of the call that are still there without its caller
    hang_up: tuple[ChannelId, ...]
    transfer: Transfer | None = None
    visit: QueueVisit | None = None


@dataclass(frozen=True, slots=True)
class ResumeLine:
    """An operator's channel: at work when `session` is given, else still logging in.

    `is_placed`: the line is in the session's bridge; `is_up`: it is answered.
    """

    line: OperatorLine
    session: OperatorSession | None
    is_placed: bool
    is_up: bool


@dataclass(frozen=True, slots=True)
class ResumeRingSession:
    session: OperatorSession


@dataclass(frozen=True, slots=True)
class CloseSession:
    session: OperatorSession
    reason: LogoutReason


@dataclass(frozen=True, slots=True)
class CloseLine:
    line: OperatorLine


@dataclass(frozen=True, slots=True)
class Adopt:
    """A channel in our application without a row: it arrived while no row could be written."""

    channel: LiveChannel


@dataclass(frozen=True, slots=True)
class HangUp:
    """A channel that we created for a call that is over."""

    channel_id: ChannelId


@dataclass(frozen=True, slots=True)
class DestroyBridge:
    bridge_id: BridgeId


Order = (
    ResumeCall | CloseCall | ResumeLine | ResumeRingSession | CloseSession | CloseLine | Adopt | HangUp | DestroyBridge
)


def plan(rows: OpenRows, snapshot: Snapshot, asterisk_started_at: datetime | None = None) -> list[Order]:
    """The orders after a gap, in the order in which they are to be given: operators first, so that calls find them.

    The rows were read before the snapshot was taken. `asterisk_started_at` is by Asterisk's clock, as the beginning of
    a line is; None when it is not known.
    """
    known: set[ChannelId] = set()
    orders: list[Order] = []
    orders += _operators(rows, snapshot, known, asterisk_started_at)
    orders += _calls(rows, snapshot, known)
    orders += _unknown_channels(snapshot, known)
    orders += _orphan_bridges(rows, snapshot, orders)
    return orders


def _operators(
    rows: OpenRows, snapshot: Snapshot, known: set[ChannelId], asterisk_started_at: datetime | None
) -> Collection[Order]:
    orders: list[Order] = []
    line_began_at = {line.channel_id: line.started_at for line in rows.lines}
    session_of_line: dict[ChannelId, OperatorSession] = {}
    for session in rows.sessions:
        if session.channel_id is None:
            orders.append(ResumeRingSession(session))
        elif _is_ours(snapshot, session.channel_id):
            session_of_line[session.channel_id] = session
        else:
            began_at = line_began_at.get(session.channel_id, session.logged_in_at)
            was_before = asterisk_started_at is not None and began_at < asterisk_started_at
            orders.append(CloseSession(session, LogoutReason.ASTERISK_RESTARTED if was_before else LogoutReason.LOST))
    for line in rows.lines:
        if _is_ours(snapshot, line.channel_id):
            known.add(line.channel_id)
            found = session_of_line.pop(line.channel_id, None)
            is_placed = found is not None and line.channel_id in members(snapshot, found.bridge_id)
            orders.append(ResumeLine(line, found, is_placed, snapshot.channels[line.channel_id].is_up))
        else:
            orders.append(CloseLine(line))
    # A session whose line has no open row cannot be resumed: no task would own the channel.
    orders += [CloseSession(session, LogoutReason.LOST) for session in session_of_line.values()]
    return orders


def _calls(rows: OpenRows, snapshot: Snapshot, known: set[ChannelId]) -> Collection[Order]:
    orders: list[Order] = []
    open_legs: dict[CallId, list[Leg]] = {}
    for leg in rows.legs:
        if leg.is_open:
            open_legs.setdefault(leg.call_id, []).append(leg)
    transfers = {transfer.call_id: transfer for transfer in rows.transfers}
    visits = {visit.call_id: visit for visit in rows.visits}
    for call in rows.calls:
        transfer, visit = transfers.get(call.id), visits.get(call.id)
        legs = tuple(open_legs.pop(call.id, ()))
        own = [leg for leg in legs if leg.owns_channel]
        live = [leg.channel_id for leg in own if _is_ours(snapshot, leg.channel_id)]
        known.update(live)
        caller = snapshot.channels.get(call.channel_id)
        if caller is not None and caller.is_ours:
            known.add(call.channel_id)
            orders.append(_resume(call, legs, live, snapshot, transfer, visit))
        else:
            others = tuple(c for c in live if c != call.channel_id)
            orders.append(CloseCall(call, legs, call.ending or _unseen_end(caller), others, transfer, visit))
    return orders


def _resume(
    call: Call,
    legs: tuple[Leg, ...],
    live: list[ChannelId],
    snapshot: Snapshot,
    transfer: Transfer | None,
    visit: QueueVisit | None,
) -> ResumeCall:
    channels = [snapshot.channels[c] for c in dict.fromkeys((call.channel_id, *live))]
    caller = snapshot.channels[call.channel_id]
    together, on_hold = places(call, legs, snapshot, transfer)
    is_placed = together <= members(snapshot, call.bridge_id) and on_hold <= snapshot.waiting
    return ResumeCall(
        with_music(call, is_up=caller.is_up, is_waiting=caller.id in snapshot.waiting),
        legs,
        missing=tuple(leg.channel_id for leg in legs if not _is_ours(snapshot, leg.channel_id)),
        up=tuple(c.id for c in channels if c.is_up),
        unanswered=tuple(
            c for c in channels if not c.is_up and (c.id != call.channel_id or call.callback_request is not None)
        ),
        is_placed=is_placed,
        transfer=transfer,
        visit=visit,
    )


def places(
    call: Call, legs: tuple[Leg, ...], snapshot: Snapshot, transfer: Transfer | None
) -> tuple[set[ChannelId], set[ChannelId]]:
    """The channels that belong in the bridge of the talk, and those that belong where callers wait."""
    if transfer is not None and transfer.state is not TransferState.QUEUED and transfer.to_leg is not None:
        of_leg = {leg.id: leg.channel_id for leg in legs if _is_ours(snapshot, leg.channel_id)}
        channel = {
            Party.CALLER: call.channel_id,
            Party.HANDLING_PARTY: None if call.handled_by is None else of_leg.get(call.handled_by),
            Party.TARGET: of_leg.get(transfer.to_leg),
        }
        wanted = layout(transfer)
        sides = [{c for party in side if (c := channel[party])} for side in (wanted.together, wanted.on_hold)]
        return sides[0], sides[1]
    if call.stage is not Stage.TALKING or call.held_at is not None:
        return set(), {call.channel_id}
    # Every open leg belongs in the talk. One besides caller and handling party is left over: no place is right for it.
    left = [leg for leg in legs if leg.owns_channel and leg.channel_id != call.channel_id and leg.id != call.handled_by]
    nowhere = {leg.channel_id for leg in left if call.handled_by is not None}
    return {leg.channel_id for leg in legs if _is_ours(snapshot, leg.channel_id)} | {call.channel_id}, nowhere


def _unseen_end(caller: LiveChannel | None) -> EndReason:
    """A caller who is elsewhere in the dialplan is in its fallback."""
    return EndReason.LOST if caller is None else EndReason.HANDLED_BY_FALLBACK


def _unknown_channels(snapshot: Snapshot, known: set[ChannelId]) -> Collection[Order]:
    orders: list[Order] = []
    for channel in snapshot.channels.values():
        if not channel.is_ours or channel.id in known:
            continue
        if channel.stasis_args and channel.stasis_args[0] in ("citizen", "operator"):
            orders.append(Adopt(channel))
        else:
            orders.append(HangUp(channel.id))
    return orders


def _orphan_bridges(rows: OpenRows, snapshot: Snapshot, orders: Collection[Order]) -> Collection[Order]:
    wanted: set[BridgeId | None] = set()
    for order in orders:
        match order:
            case ResumeCall(call=call):
                wanted.add(call.bridge_id)
            case ResumeLine(session=session) if session is not None:
                wanted.add(session.bridge_id)
    return [
        DestroyBridge(bridge_id)
        for bridge_id in snapshot.bridges
        if bridge_id.startswith(TALK_PREFIX) and bridge_id not in wanted
    ]


def members(snapshot: Snapshot, bridge_id: BridgeId | None) -> frozenset[ChannelId]:
    """The channels in this bridge; none where there is no bridge."""
    return frozenset() if bridge_id is None else snapshot.bridges.get(bridge_id, frozenset())


def _is_ours(snapshot: Snapshot, channel_id: ChannelId) -> bool:
    channel = snapshot.channels.get(channel_id)
    return channel is not None and channel.is_ours
