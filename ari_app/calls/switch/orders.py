"""Orders to Asterisk, each of them idempotent; ARI's errors are translated here."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from ari_app.ari import errors as ari_errors
from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError, Conflict, NotFound, NotInStasis, Unavailable
from ari_app.calls.errors import DestinationUnavailable, NoAnswer, PartyLeft, SwitchUnavailable
from ari_app.core.causes import Cause
from ari_app.core.ids import BridgeId, CallId, ChannelId, Endpoint, PlaybackId, new_bridge_id
from ari_app.core.outbound import NumberForm, outside_endpoint
from ari_app.core.presence import Presence, presence_of

#: media stay in Asterisk's hands, so that keys and holds are seen (ARI_FACTS: bridges)
TALK_BRIDGE = "mixing,dtmf_events,proxy_media"
WAITING_BRIDGE = "holding"
#: status of addChannel to a bridge that is gone; a channel that is gone is a 400 (22.10.1)
NO_SUCH_BRIDGE = 404
FALLBACK_CONTEXT = "fallback"
HEARTBEAT_VARIABLE = "ARI_APP_HEARTBEAT"
#: until when the dialplan refuses new calls; with a number behind it, those to that number
BUSY_VARIABLE = "ARI_APP_BUSY"
#: the pairs of ports for sound, as the dialplan was rendered
SOUND_PAIRS_VARIABLE = "ARI_APP_SOUND_PAIRS"


#: kinds of sound that a phone may be offered, and the one that the telephone network has
FORMATS = ("alaw", "ulaw", "g722")
USUAL_FORMAT = "alaw"


class AriSwitch:
    """Fulfils `calls.ports.Switch`. `application`: the name in the dialplan's Stasis()."""

    def __init__(
        self, ari: AriClient, application: str, outbound: str = "", outbound_form: NumberForm = NumberForm.E164
    ) -> None:
        """`outbound`: how a number outside is dialled, such as "PJSIP/{number}@trunk"; empty: not at all."""
        self._ari = ari
        self._application = application
        self._outbound = outbound
        self._outbound_form = outbound_form
        self._waiting: BridgeId | None = None
        self._making_waiting = asyncio.Lock()
        self._seconds_ahead = 0.0  # Asterisk's clock minus ours

    # --- a party's channel ---

    async def ensure_answered(self, channel_id: ChannelId) -> None:
        with _about(channel_id):
            await self._ari.channels.answer(channel_id)

    async def hang_up(self, channel_id: ChannelId, cause: int = Cause.NORMAL_CLEARING) -> None:
        with _about(channel_id, gone_is_fine=True):
            await self._ari.channels.hangup(channel_id, reason_code=cause)

    async def to_fallback(self, channel_id: ChannelId, reason: str) -> None:
        with _about(channel_id):
            await self._ari.channels.set_channel_var(channel_id, variable="FALLBACK_REASON", value=reason)
            await self._ari.channels.continue_in_dialplan(
                channel_id, context=FALLBACK_CONTEXT, extension="s", priority=1
            )

    # --- prompts ---

    async def play(self, channel_id: ChannelId, media: Sequence[str], playback_id: PlaybackId) -> None:
        with _about(channel_id):
            await self._ari.channels.play_with_id(channel_id, playback_id, media=media)

    async def stop_playback(self, playback_id: PlaybackId) -> None:
        with _about(None, gone_is_fine=True):
            await self._ari.playbacks.stop(playback_id)

    async def playback_is_live(self, playback_id: PlaybackId) -> bool:
        try:
            await self._ari.playbacks.get(playback_id)
        except NotFound:
            return False
        except AriError as error:
            raise _not_done(error) from error
        return True

    # --- bridges ---

    async def ensure_talk_bridge(self, bridge_id: BridgeId) -> None:
        # A conflict means that it exists, which is what was asked for.
        with _about(None), suppress(Conflict):
            await self._ari.bridges.create_with_id(bridge_id, type=TALK_BRIDGE, name="talk")

    async def ensure_in_bridge(
        self, bridge_id: BridgeId, channel_id: ChannelId, *, keys_stay_here: bool = False
    ) -> None:
        # Without the last one Asterisk sends the operator's account to the carrier, as the connected number.
        with _about(channel_id):
            await self._ari.bridges.add_channel(
                bridge_id,
                channel=[channel_id],
                absorb_dtmf=True if keys_stay_here else None,
                inhibit_connected_line_updates=True,
            )

    async def ensure_not_in_bridge(self, bridge_id: BridgeId, channel_id: ChannelId) -> None:
        # A conflict means that it is not in this bridge, or in the dialplan, from where no order of ARI moves it.
        with _about(None, gone_is_fine=True), suppress(Conflict):
            await self._ari.bridges.remove_channel(bridge_id, channel=[channel_id])

    async def phone_has_gone(self, channel_id: ChannelId) -> bool:
        # PJSIP writes this variable when the SIP call has ended, and asking for it needs nothing of the channel's own
        # thread, which is the one that hangs (22.10.1: once in some thousand hang-ups while a bridge is entered).
        try:
            return await self._ari.channels.get_channel_var(channel_id, variable="RTPAUDIOQOS") is not None
        except NotFound:
            return True
        except AriError as error:
            raise SwitchUnavailable(str(error)) from error

    async def ensure_music(self, channel_id: ChannelId) -> None:
        with _about(channel_id):
            await self._ari.channels.start_moh(channel_id)

    async def ensure_no_music(self, channel_id: ChannelId) -> None:
        with _about(channel_id):
            await self._ari.channels.stop_moh(channel_id)

    async def ensure_waiting(self, channel_id: ChannelId, until: datetime | None = None) -> None:
        """The music is the channel's own: a holding bridge gives none by itself, and the bridge's would be shared."""
        with _about(channel_id):
            await self._ari.channels.start_moh(channel_id)
            bridge_id = await self._waiting_bridge()
            try:
                await self._ari.bridges.add_channel(bridge_id, channel=[channel_id])
            except NotFound as error:
                if error.status != NO_SUCH_BRIDGE:
                    raise
                bridge_id = await self._waiting_bridge(instead_of=bridge_id)
                await self._ari.bridges.add_channel(bridge_id, channel=[channel_id])

    async def _waiting_bridge(self, instead_of: BridgeId | None = None) -> BridgeId:
        """The bridge in which callers wait, made when there is none; once, however many callers come together."""
        async with self._making_waiting:
            if self._waiting is None or self._waiting == instead_of:
                bridge_id = new_bridge_id("waiting")
                await self._ari.bridges.create_with_id(bridge_id, type=WAITING_BRIDGE, name="waiting")
                self._waiting = bridge_id
            return self._waiting

    def use_waiting_bridge(self, bridge_id: BridgeId | None) -> None:
        """The bridge in which callers wait since before this process; None after Asterisk restarted."""
        self._waiting = bridge_id

    async def destroy_empty_waiting_bridge(self) -> None:
        """At the end of the process; a bridge with callers in it stays for the next controller."""
        if self._waiting is None:
            return
        with _about(None, gone_is_fine=True):
            bridge = await self._ari.bridges.get(self._waiting)
            if not bridge.channel_ids:
                await self._ari.bridges.destroy(self._waiting)

    async def destroy_bridge(self, bridge_id: BridgeId) -> None:
        with _about(None, gone_is_fine=True):
            await self._ari.bridges.destroy(bridge_id)

    # --- calling a phone ---

    async def create(
        self,
        endpoint: Endpoint,
        channel_id: ChannelId,
        call_id: CallId,
        caller_id: str,
        like: ChannelId | None = None,
    ) -> None:
        variables = {"CALL_ID": str(call_id)}
        if caller_id:
            variables["CONNECTEDLINE(num,i)"] = caller_id
        try:
            await self._ari.channels.create(
                endpoint=endpoint,
                app=self._application,
                app_args=f"leg,{call_id}",
                channel_id=channel_id,
                formats=await self._formats(like),
                variables=variables,
            )
        except Conflict:
            pass  # a retry: the channel is there already
        except (Unavailable, NotFound) as error:
            raise DestinationUnavailable(str(error)) from error
        except AriError as error:
            raise _not_done(error) from error

    async def _formats(self, like: ChannelId | None) -> str:
        """The kind of sound to offer first. Without it Asterisk offers ulaw first (22.10.1), whatever `allow` says, and
        each talk with a caller of the network is transcoded; `allow` says what else is offered.
        """
        if like is None:
            return USUAL_FORMAT
        try:
            native = await self._ari.channels.get_channel_var(like, variable="CHANNEL(audionativeformat)")
        except AriError:
            return USUAL_FORMAT  # who is gone is found out elsewhere
        known = [name for name in re.findall(r"[a-z0-9]+", native or "") if name in FORMATS]
        return known[0] if known else USUAL_FORMAT

    async def send_key(self, channel_id: ChannelId, digit: str) -> None:
        with _about(channel_id):
            await self._ari.channels.send_dtmf(channel_id, dtmf=digit)

    async def dial(self, channel_id: ChannelId) -> None:
        # A conflict means that a process before this one has dialled it (22.10.1: "not in the Down state").
        with _about(channel_id), suppress(Conflict):
            await self._ari.channels.dial(channel_id)

    async def presence(self, endpoint: Endpoint) -> Presence:
        tech, _, resource = endpoint.partition("/")
        try:
            found = await self._ari.endpoints.get(tech, resource)
        except NotFound:
            return Presence.UNREACHABLE
        except AriError as error:
            raise SwitchUnavailable(str(error)) from error
        return presence_of(found.state == "online", len(found.channel_ids))

    async def started_at(self) -> datetime:
        with _about(None):
            return (await self._ari.asterisk.get_info()).started_at

    def outside(self, e164: str) -> Endpoint | None:
        return outside_endpoint(self._outbound, e164, self._outbound_form)

    # --- the heartbeat ---

    async def read_clock(self, now: datetime) -> None:
        """Note how far Asterisk's clock, with which the dialplan compares the heartbeat, is ahead of ours."""
        with _about(None):
            epoch = await self._ari.asterisk.get_global_var(variable="EPOCH")
        if epoch.isdigit():
            self._seconds_ahead = int(epoch) + 0.5 - now.timestamp()  # EPOCH is cut off: wrong by half a second at most

    async def beat(self, at: datetime | None) -> None:
        """Write the heartbeat; None sends new calls to the fallback at once. Raises SwitchUnavailable."""
        value = 0 if at is None else int(at.timestamp() + self._seconds_ahead)
        with _about(None):
            await self._ari.asterisk.set_global_var(variable=HEARTBEAT_VARIABLE, value=str(value))

    # --- an overload ---

    async def refuse_new_calls(self, until: datetime, dialled: str = "") -> None:
        """The dialplan refuses new calls until then, all or those to one number. Raises SwitchUnavailable."""
        digits = "".join(character for character in dialled if character.isdigit())
        name = f"{BUSY_VARIABLE}_{digits}" if digits else BUSY_VARIABLE
        with _about(None):
            await self._ari.asterisk.set_global_var(
                variable=name, value=str(int(until.timestamp() + self._seconds_ahead))
            )

    async def sound_pairs(self) -> int | None:
        """The pairs of ports for sound; None where the dialplan does not tell. Raises SwitchUnavailable."""
        with _about(None):
            text = await self._ari.asterisk.get_global_var(variable=SOUND_PAIRS_VARIABLE)
        return int(text) if text.isdigit() else None


@contextmanager
def _about(channel_id: ChannelId | None, *, gone_is_fine: bool = False) -> Iterator[None]:
    """Translate ARI's errors: a channel that is gone, or has left our application, means that the party left."""
    try:
        yield
    except (NotFound, NotInStasis) as error:
        if gone_is_fine:
            return
        if channel_id is None:
            raise SwitchUnavailable(str(error)) from error
        raise PartyLeft(channel_id) from error
    except AriError as error:
        raise _not_done(error) from error


def _not_done(error: AriError) -> SwitchUnavailable:
    return (NoAnswer if isinstance(error, ari_errors.NoAnswer) else SwitchUnavailable)(str(error))
