"""A phone is called: an operator's, a colleague's, a citizen's, or the one of a direct number.

Wherever a phone is called the order is the same: its channel is created, it is dialled once that channel has entered
our application, and then it is picked up, leaves, or rings for too long. `CalledPhone` follows that order for any task
that owns the channel; the functions are for a call, of which the phone is a leg.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from enum import StrEnum

import structlog

from ari_app.calls.call.flow import Flow
from ari_app.calls.errors import DestinationUnavailable, PartyLeft, SwitchUnavailable
from ari_app.calls.messages import Entered, Left, Message, OperatorGone, Up
from ari_app.calls.ports import Switch
from ari_app.core.call import Leg, LegEndReason, LegRole
from ari_app.core.causes import Cause
from ari_app.core.ids import ChannelId, Endpoint, OperatorNumber, new_channel_id, new_leg_id
from ari_app.core.skills import first_team

log = structlog.get_logger(__name__)


class Ringing(StrEnum):
    """How the ringing of a phone ended."""

    PICKED_UP = "picked_up"
    LEFT = "left"  # busy, declined, or gone
    UNREACHABLE = "unreachable"  # its channel was gone before it could be dialled
    TIME_UP = "time_up"  # nobody picked up; the channel is still there


class CalledPhone:
    """One channel of ours that is to ring. It gives orders only: the owner of the channel writes the rows."""

    def __init__(self, switch: Switch, channel_id: ChannelId) -> None:
        self._switch = switch
        self._channel_id = channel_id
        #: an order to dial was refused, or its answer was lost
        self.is_dial_refused = False

    async def heard(self, message: Message | None) -> Ringing | None:
        """Dial when the channel has entered; how the ringing ended, or None while it goes on.

        `message` is what the owner's mailbox brought, None at the instant until which the phone may ring.
        """
        match message:
            case None:
                return Ringing.TIME_UP
            case Entered(channel_id=entered) if entered == self._channel_id:
                return await self._dial()
            case Up(channel_id=up) if up == self._channel_id:
                return Ringing.PICKED_UP
            case Left(channel_id=left) if left == self._channel_id:
                return Ringing.LEFT
        return None

    async def _dial(self) -> Ringing | None:
        try:
            await self._switch.dial(self._channel_id)
        except PartyLeft:
            return Ringing.UNREACHABLE
        except SwitchUnavailable as error:
            # It may ring all the same: a process before this one may have dialled it.
            log.warning("dial_refused", channel_id=self._channel_id, error=str(error))
            self.is_dial_refused = True
        return None


async def create_phone(flow: Flow, channel_id: ChannelId, endpoint: Endpoint | None, caller_id: str) -> bool:
    """Create the channel of a leg that is in the record already; `Entered` follows.

    False when there is nobody to call: the leg is closed, without a channel. Raises SwitchUnavailable when there may be
    a channel all the same; the leg is open then, and to be released.
    """
    flow.shell.registry.own(channel_id, flow.mailbox)
    try:
        if endpoint is None:
            raise DestinationUnavailable("nothing leads outside")
        await flow.shell.switch.create(endpoint, channel_id, flow.call.id, caller_id, _hears(flow, channel_id))
    except DestinationUnavailable:
        flow.shell.registry.disown(channel_id)
        flow.note_never_created(channel_id)
        return False
    return True


def _hears(flow: Flow, channel_id: ChannelId) -> ChannelId | None:
    """The party who is there already and is to hear this phone; for a citizen who is called back, the operator."""
    if channel_id != flow.caller:
        return flow.caller
    operator = flow.operator_leg()
    return None if operator is None or operator.channel_id == channel_id else operator.channel_id


async def give_up_phone(flow: Flow, channel_id: ChannelId, reason: LegEndReason) -> None:
    """Stop the ringing, or hang up; the leg of this phone is over for this reason."""
    await flow.release(channel_id, Cause.NO_ANSWER)
    await flow.left(channel_id, reason)


async def ring(flow: Flow, endpoint: Endpoint, party: str, until: datetime) -> Leg:
    """Let the phone of an operator or of a direct number ring until it is picked up; a leg that is over says why not.

    After a restart it rings on.
    """
    leg = flow.operator_leg() or await _create(flow, endpoint, party)
    channel_id = leg.channel_id
    phone = CalledPhone(flow.shell.switch, channel_id)
    while leg.is_open and leg.answered_at is None:
        message = await flow.next(until)
        match await phone.heard(message):
            case Ringing.TIME_UP:
                await give_up_phone(flow, channel_id, LegEndReason.NO_ANSWER)
            case Ringing.UNREACHABLE:
                await flow.left(channel_id, LegEndReason.UNREACHABLE)
            case None if isinstance(message, OperatorGone) and message.session_id == flow.call.operator_session:
                await give_up_phone(flow, channel_id, LegEndReason.RELEASED)
        leg = flow.leg(channel_id) or leg
    if leg.end_reason is LegEndReason.LOST:
        # A snapshot missed the channel; it may have been created just then.
        with suppress(SwitchUnavailable):
            await flow.shell.switch.hang_up(channel_id)
    return leg


async def _create(flow: Flow, endpoint: Endpoint, party: str) -> Leg:
    """A new channel to this phone, written first."""
    channel_id = new_channel_id(flow.call.id, "operator")
    team = None if flow.call.operator_session is None else first_team(flow.area, OperatorNumber(party))
    leg = Leg(new_leg_id(), flow.call.id, channel_id, LegRole.OPERATOR, party, started_at=flow.now, team=team)
    await flow.commit(legs=(leg,))
    try:
        await create_phone(flow, channel_id, endpoint, flow.call.shared_number or "")
    except SwitchUnavailable:
        await give_up_phone(flow, channel_id, LegEndReason.UNREACHABLE)
    return flow.leg(channel_id) or leg


async def play_whisper(flow: Flow, leg: Leg, names: tuple[str, ...]) -> bool:
    """Play the whisper to the party that answered; False when they put the phone down meanwhile, or on hold."""
    if names:
        try:
            await flow.play(names, to=leg.channel_id)
        except PartyLeft as left:
            if left.channel_id == flow.caller:
                raise
            await flow.left(leg.channel_id, LegEndReason.HUNG_UP)
    if leg.channel_id in flow.held and flow.is_here(leg.channel_id):
        await give_up_phone(flow, leg.channel_id, LegEndReason.NO_ANSWER)
    return flow.is_here(leg.channel_id)
