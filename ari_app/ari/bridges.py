"""`ari.bridges`: who hears whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ari_app.ari.resource import Resource, value_of, values_of
from ari_app.ari.snapshots import BridgeSnapshot, LiveRecording, Playback


class Bridges(Resource):
    """An id is used once: a bridge's topic outlives the bridge (asterisk#211)."""

    async def list(self) -> tuple[BridgeSnapshot, ...]:
        return await self._many(BridgeSnapshot.from_json, "bridges.list")

    async def get(self, bridge_id: str) -> BridgeSnapshot:
        return await self._one(BridgeSnapshot.from_json, "bridges.get", bridge_id=bridge_id)

    async def create(
        self,
        *,
        type: str | None = None,
        bridge_id: str | None = None,
        name: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> BridgeSnapshot:
        """`type`: e.g. "mixing,dtmf_events,proxy_media", or "holding"."""
        return await self._one(
            BridgeSnapshot.from_json,
            "bridges.create",
            type=type,
            bridge_id=bridge_id,
            name=name,
            variables=variables,
        )

    async def create_with_id(
        self,
        bridge_id: str,
        *,
        type: str | None = None,
        name: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> BridgeSnapshot:
        """Raises Conflict when it exists already."""
        return await self._one(
            BridgeSnapshot.from_json,
            "bridges.create_with_id",
            bridge_id=bridge_id,
            type=type,
            name=name,
            variables=variables,
        )

    async def destroy(self, bridge_id: str) -> None:
        """Its channels go back to the application; one that is being played to only after the playback."""
        await self._do("bridges.destroy", bridge_id=bridge_id)

    async def get_bridge_var(self, bridge_id: str, *, variable: str) -> str:
        return await self._one(value_of, "bridges.get_bridge_var", bridge_id=bridge_id, variable=variable)

    async def set_bridge_var(
        self, bridge_id: str, *, variable: str, value: str | None = None, report_events: bool | None = None
    ) -> None:
        await self._do(
            "bridges.set_bridge_var",
            bridge_id=bridge_id,
            variable=variable,
            value=value,
            report_events=report_events,
        )

    async def get_bridge_vars(self, bridge_id: str, *, variables: Sequence[str]) -> dict[str, str]:
        return await self._one(values_of, "bridges.get_bridge_vars", bridge_id=bridge_id, variables=variables)

    async def set_bridge_vars(self, bridge_id: str, *, variables: Mapping[str, str]) -> None:
        await self._do("bridges.set_bridge_vars", bridge_id=bridge_id, variables=variables)

    async def add_channel(
        self,
        bridge_id: str,
        *,
        channel: Sequence[str],
        role: str | None = None,
        absorb_dtmf: bool | None = None,
        mute: bool | None = None,
        inhibit_connected_line_updates: bool | None = None,
    ) -> None:
        """Move the channels here, from another bridge too.

        The answer waits until a playback that runs on a channel is over (22.10.1): stop that first.
        `absorb_dtmf`: its digits still reach us, and not the other members.
        Raises NotFound when the bridge or a channel is gone (nobody is moved then), NotInStasis.
        """
        await self._do(
            "bridges.add_channel",
            bridge_id=bridge_id,
            channel=channel,
            role=role,
            absorb_dtmf=absorb_dtmf,
            mute=mute,
            inhibit_connected_line_updates=inhibit_connected_line_updates,
        )

    async def remove_channel(self, bridge_id: str, *, channel: Sequence[str]) -> None:
        """Raises Conflict when it is not in this bridge."""
        await self._do("bridges.remove_channel", bridge_id=bridge_id, channel=channel)

    async def set_video_source(self, bridge_id: str, channel_id: str) -> None:
        await self._do("bridges.set_video_source", bridge_id=bridge_id, channel_id=channel_id)

    async def clear_video_source(self, bridge_id: str) -> None:
        await self._do("bridges.clear_video_source", bridge_id=bridge_id)

    async def start_moh(self, bridge_id: str, *, moh_class: str | None = None) -> None:
        await self._do("bridges.start_moh", bridge_id=bridge_id, moh_class=moh_class)

    async def stop_moh(self, bridge_id: str) -> None:
        await self._do("bridges.stop_moh", bridge_id=bridge_id)

    async def play(
        self,
        bridge_id: str,
        *,
        media: Sequence[str],
        announcer_format: str | None = None,
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
        playback_id: str | None = None,
    ) -> Playback:
        return await self._one(
            Playback.from_json,
            "bridges.play",
            bridge_id=bridge_id,
            media=media,
            announcer_format=announcer_format,
            lang=lang,
            offsetms=offsetms,
            skipms=skipms,
            playback_id=playback_id,
        )

    async def play_with_id(
        self,
        bridge_id: str,
        playback_id: str,
        *,
        media: Sequence[str],
        announcer_format: str | None = None,
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
    ) -> Playback:
        return await self._one(
            Playback.from_json,
            "bridges.play_with_id",
            bridge_id=bridge_id,
            playback_id=playback_id,
            media=media,
            announcer_format=announcer_format,
            lang=lang,
            offsetms=offsetms,
            skipms=skipms,
        )

    async def record(
        self,
        bridge_id: str,
        *,
        name: str,
        format: str,
        recorder_format: str | None = None,
        max_duration_seconds: int | None = None,
        max_silence_seconds: int | None = None,
        if_exists: str | None = None,
        beep: bool | None = None,
        terminate_on: str | None = None,
    ) -> LiveRecording:
        return await self._one(
            LiveRecording.from_json,
            "bridges.record",
            bridge_id=bridge_id,
            name=name,
            format=format,
            recorder_format=recorder_format,
            max_duration_seconds=max_duration_seconds,
            max_silence_seconds=max_silence_seconds,
            if_exists=if_exists,
            beep=beep,
            terminate_on=terminate_on,
        )
