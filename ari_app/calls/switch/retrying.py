"""Orders that Asterisk did not carry out are retried a few times: each is idempotent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from ari_app.calls.clock import Clock, sleep_until
from ari_app.calls.errors import DestinationUnavailable, SwitchUnavailable
from ari_app.calls.ports import Switch
from ari_app.core.causes import Cause
from ari_app.core.ids import BridgeId, CallId, ChannelId, Endpoint, PlaybackId
from ari_app.core.presence import Presence

log = structlog.get_logger(__name__)

TRIES = 3
PAUSE = timedelta(milliseconds=300)


class RetryingSwitch:
    """Fulfils `calls.ports.Switch`; raises SwitchUnavailable when an order failed TRIES times.

    The composition root wraps the switch once, where the rooms are joined, so that no order is without its retries.
    """

    def __init__(self, switch: Switch, clock: Clock) -> None:
        self._switch = switch
        self._clock = clock

    async def _retry(self, order: Callable[[], Awaitable[None]]) -> None:
        for _ in range(TRIES - 1):
            try:
                return await order()
            except SwitchUnavailable as error:
                log.info("order_repeated", error=str(error))
                await sleep_until(self._clock, self._clock.now() + PAUSE)
        return await order()

    async def ensure_answered(self, channel_id: ChannelId) -> None:
        await self._retry(lambda: self._switch.ensure_answered(channel_id))

    async def play(self, channel_id: ChannelId, media: Sequence[str], playback_id: PlaybackId) -> None:
        async def start() -> None:
            try:
                await self._switch.play(channel_id, media, playback_id)
            except SwitchUnavailable:
                # A second playback with this id would be reported as failed while the first one goes on.
                if not await self._switch.playback_is_live(playback_id):
                    raise

        await self._retry(start)

    async def stop_playback(self, playback_id: PlaybackId) -> None:
        await self._retry(lambda: self._switch.stop_playback(playback_id))

    async def playback_is_live(self, playback_id: PlaybackId) -> bool:
        return await self._switch.playback_is_live(playback_id)

    async def ensure_talk_bridge(self, bridge_id: BridgeId) -> None:
        await self._retry(lambda: self._switch.ensure_talk_bridge(bridge_id))

    async def ensure_in_bridge(
        self, bridge_id: BridgeId, channel_id: ChannelId, *, keys_stay_here: bool = False
    ) -> None:
        await self._retry(lambda: self._switch.ensure_in_bridge(bridge_id, channel_id, keys_stay_here=keys_stay_here))

    async def ensure_not_in_bridge(self, bridge_id: BridgeId, channel_id: ChannelId) -> None:
        await self._retry(lambda: self._switch.ensure_not_in_bridge(bridge_id, channel_id))

    async def ensure_music(self, channel_id: ChannelId) -> None:
        await self._retry(lambda: self._switch.ensure_music(channel_id))

    async def ensure_no_music(self, channel_id: ChannelId) -> None:
        await self._retry(lambda: self._switch.ensure_no_music(channel_id))

    async def ensure_waiting(self, channel_id: ChannelId) -> None:
        await self._retry(lambda: self._switch.ensure_waiting(channel_id))

    async def destroy_bridge(self, bridge_id: BridgeId) -> None:
        await self._retry(lambda: self._switch.destroy_bridge(bridge_id))

    async def create(self, endpoint: Endpoint, channel_id: ChannelId, call_id: CallId, caller_id: str) -> None:
        is_unsure = False

        async def create() -> None:
            nonlocal is_unsure
            try:
                await self._switch.create(endpoint, channel_id, call_id, caller_id)
            except SwitchUnavailable:
                is_unsure = True
                raise
            except DestinationUnavailable as error:
                if is_unsure:  # an earlier try may have created it all the same
                    raise SwitchUnavailable(str(error)) from error
                raise

        await self._retry(create)

    async def dial(self, channel_id: ChannelId) -> None:
        await self._retry(lambda: self._switch.dial(channel_id))

    async def hang_up(self, channel_id: ChannelId, cause: int = Cause.NORMAL_CLEARING) -> None:
        await self._retry(lambda: self._switch.hang_up(channel_id, cause))

    async def to_fallback(self, channel_id: ChannelId, reason: str) -> None:
        """Not retried: the call's task must know whether an earlier try may have done it."""
        await self._switch.to_fallback(channel_id, reason)

    async def presence(self, endpoint: Endpoint) -> Presence:
        return await self._switch.presence(endpoint)

    async def started_at(self) -> datetime:
        return await self._switch.started_at()

    def outside(self, e164: str) -> Endpoint | None:
        return self._switch.outside(e164)
