"""Orders in the line of `calls.load`: the urgent ones first, and again when Asterisk did not carry them out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from ari_app.calls.errors import DestinationUnavailable, PartyLeft, SwitchUnavailable
from ari_app.calls.load import Load
from ari_app.calls.ports import Switch
from ari_app.core.causes import Cause
from ari_app.core.ids import BridgeId, CallId, ChannelId, Endpoint, PlaybackId
from ari_app.core.orders import Urgency
from ari_app.core.presence import Presence


class RetryingSwitch:
    """Fulfils `calls.ports.Switch`; raises SwitchUnavailable when an order failed for good: see `Load.carry_out`.

    The composition root wraps the switch once, where the rooms are joined, so that no order is without its turn and
    its retries: each is idempotent.
    """

    def __init__(self, switch: Switch, load: Load) -> None:
        self._switch = switch
        self._carry_out = load.carry_out
        self._give = load.give

    async def ensure_answered(self, channel_id: ChannelId) -> None:
        await self._carry_out(lambda: self._switch.ensure_answered(channel_id), Urgency.CONNECT, channel_id)

    async def play(self, channel_id: ChannelId, media: Sequence[str], playback_id: PlaybackId) -> None:
        async def start() -> None:
            try:
                await self._switch.play(channel_id, media, playback_id)
            except SwitchUnavailable:
                # A second playback with this id would be reported as failed while the first one goes on.
                if not await self._switch.playback_is_live(playback_id):
                    raise

        await self._carry_out(start, Urgency.SERVE, channel_id)

    async def stop_playback(self, playback_id: PlaybackId) -> None:
        """Urgent: a channel is not moved before its playback is over."""
        await self._carry_out(lambda: self._switch.stop_playback(playback_id), Urgency.CONNECT)

    async def playback_is_live(self, playback_id: PlaybackId) -> bool:
        return await self._switch.playback_is_live(playback_id)

    async def ensure_talk_bridge(self, bridge_id: BridgeId) -> None:
        await self._carry_out(lambda: self._switch.ensure_talk_bridge(bridge_id), Urgency.CONNECT)

    async def ensure_in_bridge(
        self, bridge_id: BridgeId, channel_id: ChannelId, *, keys_stay_here: bool = False
    ) -> None:
        await self._carry_out(
            lambda: self._switch.ensure_in_bridge(bridge_id, channel_id, keys_stay_here=keys_stay_here),
            Urgency.CONNECT,
            channel_id,
        )

    async def ensure_not_in_bridge(self, bridge_id: BridgeId, channel_id: ChannelId) -> None:
        with suppress(PartyLeft):
            await self._carry_out(
                lambda: self._switch.ensure_not_in_bridge(bridge_id, channel_id), Urgency.CONNECT, channel_id
            )

    async def phone_has_gone(self, channel_id: ChannelId) -> bool:
        return await self._switch.phone_has_gone(channel_id)

    async def ensure_music(self, channel_id: ChannelId) -> None:
        await self._carry_out(lambda: self._switch.ensure_music(channel_id), Urgency.COMFORT, channel_id)

    async def ensure_no_music(self, channel_id: ChannelId) -> None:
        await self._carry_out(lambda: self._switch.ensure_no_music(channel_id), Urgency.CONNECT, channel_id)

    async def ensure_waiting(self, channel_id: ChannelId, until: datetime | None = None) -> None:
        """Comfort only where it may come too late: a caller who is put on hold must not hear the talk any more."""
        urgency = Urgency.CONNECT if until is None else Urgency.COMFORT
        await self._carry_out(lambda: self._switch.ensure_waiting(channel_id), urgency, channel_id, until)

    async def destroy_bridge(self, bridge_id: BridgeId) -> None:
        await self._carry_out(lambda: self._switch.destroy_bridge(bridge_id), Urgency.COMFORT)

    async def create(
        self,
        endpoint: Endpoint,
        channel_id: ChannelId,
        call_id: CallId,
        caller_id: str,
        like: ChannelId | None = None,
    ) -> None:
        is_unsure = False

        async def create() -> None:
            nonlocal is_unsure
            try:
                await self._switch.create(endpoint, channel_id, call_id, caller_id, like)
            except SwitchUnavailable:
                is_unsure = True
                raise
            except DestinationUnavailable as error:
                if is_unsure:  # an earlier try may have created it all the same
                    raise SwitchUnavailable(str(error)) from error
                raise

        await self._carry_out(create, Urgency.SERVE)

    async def send_key(self, channel_id: ChannelId, digit: str) -> None:
        await self._switch.send_key(channel_id, digit)  # once: a key that is late, or comes twice, says something else

    async def dial(self, channel_id: ChannelId) -> None:
        await self._carry_out(lambda: self._switch.dial(channel_id), Urgency.SERVE, channel_id)

    async def hang_up(self, channel_id: ChannelId, cause: int = Cause.NORMAL_CLEARING) -> None:
        """Urgent: what ends makes room."""
        with suppress(PartyLeft):
            await self._carry_out(lambda: self._switch.hang_up(channel_id, cause), Urgency.CONNECT, channel_id)

    async def to_fallback(self, channel_id: ChannelId, reason: str) -> None:
        """Not retried: the call's task must know whether an earlier try may have done it."""
        await self._give(lambda: self._switch.to_fallback(channel_id, reason), Urgency.CONNECT, channel_id)

    async def presence(self, endpoint: Endpoint) -> Presence:
        return await self._switch.presence(endpoint)

    async def started_at(self) -> datetime:
        return await self._switch.started_at()

    def outside(self, e164: str) -> Endpoint | None:
        return self._switch.outside(e164)
