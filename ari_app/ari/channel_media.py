"""`ari.channels`, the half that is heard: playing, music, digits, recording, listening in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ari_app.ari.models import RtpStatistics
from ari_app.ari.resource import Resource
from ari_app.ari.snapshots import ChannelSnapshot, LiveRecording, Playback


class ChannelMedia(Resource):
    async def send_dtmf(
        self,
        channel_id: str,
        *,
        dtmf: str | None = None,
        before: int | None = None,
        between: int | None = None,
        duration: int | None = None,
        after: int | None = None,
    ) -> None:
        """Times in milliseconds."""
        await self._do(
            "channels.send_dtmf",
            channel_id=channel_id,
            dtmf=dtmf,
            before=before,
            between=between,
            duration=duration,
            after=after,
        )

    async def mute(self, channel_id: str, *, direction: str | None = None) -> None:
        await self._do("channels.mute", channel_id=channel_id, direction=direction)

    async def unmute(self, channel_id: str, *, direction: str | None = None) -> None:
        await self._do("channels.unmute", channel_id=channel_id, direction=direction)

    async def hold(self, channel_id: str) -> None:
        await self._do("channels.hold", channel_id=channel_id)

    async def unhold(self, channel_id: str) -> None:
        await self._do("channels.unhold", channel_id=channel_id)

    async def start_moh(self, channel_id: str, *, moh_class: str | None = None) -> None:
        """Music until stop_moh, also after a move to another bridge. In a bridge it resumes after a playback."""
        await self._do("channels.start_moh", channel_id=channel_id, moh_class=moh_class)

    async def stop_moh(self, channel_id: str) -> None:
        await self._do("channels.stop_moh", channel_id=channel_id)

    async def start_silence(self, channel_id: str) -> None:
        await self._do("channels.start_silence", channel_id=channel_id)

    async def stop_silence(self, channel_id: str) -> None:
        await self._do("channels.stop_silence", channel_id=channel_id)

    async def play(
        self,
        channel_id: str,
        *,
        media: Sequence[str],
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
        playback_id: str | None = None,
    ) -> Playback:
        """Play the media one after another, after what is already playing. One PlaybackFinished follows."""
        return await self._one(
            Playback.from_json,
            "channels.play",
            channel_id=channel_id,
            media=media,
            lang=lang,
            offsetms=offsetms,
            skipms=skipms,
            playback_id=playback_id,
        )

    async def play_with_id(
        self,
        channel_id: str,
        playback_id: str,
        *,
        media: Sequence[str],
        lang: str | None = None,
        offsetms: int | None = None,
        skipms: int | None = None,
    ) -> Playback:
        return await self._one(
            Playback.from_json,
            "channels.play_with_id",
            channel_id=channel_id,
            playback_id=playback_id,
            media=media,
            lang=lang,
            offsetms=offsetms,
            skipms=skipms,
        )

    async def record(
        self,
        channel_id: str,
        *,
        name: str,
        format: str,
        max_duration_seconds: int | None = None,
        max_silence_seconds: int | None = None,
        if_exists: str | None = None,
        beep: bool | None = None,
        terminate_on: str | None = None,
    ) -> LiveRecording:
        return await self._one(
            LiveRecording.from_json,
            "channels.record",
            channel_id=channel_id,
            name=name,
            format=format,
            max_duration_seconds=max_duration_seconds,
            max_silence_seconds=max_silence_seconds,
            if_exists=if_exists,
            beep=beep,
            terminate_on=terminate_on,
        )

    async def snoop_channel(
        self,
        channel_id: str,
        *,
        app: str,
        spy: str | None = None,
        whisper: str | None = None,
        app_args: str | None = None,
        snoop_id: str | None = None,
    ) -> ChannelSnapshot:
        """`spy`, `whisper`: none, in (what the channel says), out (what it hears), both."""
        return await self._one(
            ChannelSnapshot.from_json,
            "channels.snoop_channel",
            channel_id=channel_id,
            app=app,
            spy=spy,
            whisper=whisper,
            app_args=app_args,
            snoop_id=snoop_id,
        )

    async def snoop_channel_with_id(
        self,
        channel_id: str,
        snoop_id: str,
        *,
        app: str,
        spy: str | None = None,
        whisper: str | None = None,
        app_args: str | None = None,
    ) -> ChannelSnapshot:
        return await self._one(
            ChannelSnapshot.from_json,
            "channels.snoop_channel_with_id",
            channel_id=channel_id,
            snoop_id=snoop_id,
            app=app,
            spy=spy,
            whisper=whisper,
            app_args=app_args,
        )

    async def rtpstatistics(self, channel_id: str) -> RtpStatistics:
        return await self._one(RtpStatistics.from_json, "channels.rtpstatistics", channel_id=channel_id)

    async def external_media(
        self,
        *,
        app: str,
        format: str,
        channel_id: str | None = None,
        external_host: str | None = None,
        encapsulation: str | None = None,
        transport: str | None = None,
        connection_type: str | None = None,
        direction: str | None = None,
        data: str | None = None,
        transport_data: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> ChannelSnapshot:
        return await self._one(
            ChannelSnapshot.from_json,
            "channels.external_media",
            app=app,
            format=format,
            channel_id=channel_id,
            external_host=external_host,
            encapsulation=encapsulation,
            transport=transport,
            connection_type=connection_type,
            direction=direction,
            data=data,
            transport_data=transport_data,
            variables=variables,
        )
