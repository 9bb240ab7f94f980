"""`ari.playbacks`, `ari.recordings`, `ari.sounds`."""

from __future__ import annotations

from ari_app.ari.models import Sound
from ari_app.ari.resource import Resource
from ari_app.ari.snapshots import LiveRecording, Playback, StoredRecording


class Playbacks(Resource):
    async def get(self, playback_id: str) -> Playback:
        return await self._one(Playback.from_json, "playbacks.get", playback_id=playback_id)

    async def stop(self, playback_id: str) -> None:
        """Stop all its media; PlaybackFinished follows with state done. Raises NotFound when it is over."""
        await self._do("playbacks.stop", playback_id=playback_id)

    async def control(self, playback_id: str, *, operation: str) -> None:
        """`operation`: restart, pause, unpause, reverse, forward."""
        await self._do("playbacks.control", playback_id=playback_id, operation=operation)


class Recordings(Resource):
    async def list_stored(self) -> tuple[StoredRecording, ...]:
        return await self._many(StoredRecording.from_json, "recordings.list_stored")

    async def get_stored(self, recording_name: str) -> StoredRecording:
        return await self._one(StoredRecording.from_json, "recordings.get_stored", recording_name=recording_name)

    async def delete_stored(self, recording_name: str) -> None:
        await self._do("recordings.delete_stored", recording_name=recording_name)

    async def get_stored_file(self, recording_name: str) -> bytes:
        return await self._transport.call_for_bytes("recordings.get_stored_file", recording_name=recording_name)

    async def copy_stored(self, recording_name: str, *, destination_recording_name: str) -> StoredRecording:
        return await self._one(
            StoredRecording.from_json,
            "recordings.copy_stored",
            recording_name=recording_name,
            destination_recording_name=destination_recording_name,
        )

    async def get_live(self, recording_name: str) -> LiveRecording:
        return await self._one(LiveRecording.from_json, "recordings.get_live", recording_name=recording_name)

    async def cancel(self, recording_name: str) -> None:
        """Stop it and throw it away."""
        await self._do("recordings.cancel", recording_name=recording_name)

    async def stop(self, recording_name: str) -> None:
        """Stop it and store it."""
        await self._do("recordings.stop", recording_name=recording_name)

    async def pause(self, recording_name: str) -> None:
        await self._do("recordings.pause", recording_name=recording_name)

    async def unpause(self, recording_name: str) -> None:
        await self._do("recordings.unpause", recording_name=recording_name)

    async def mute(self, recording_name: str) -> None:
        await self._do("recordings.mute", recording_name=recording_name)

    async def unmute(self, recording_name: str) -> None:
        await self._do("recordings.unmute", recording_name=recording_name)


class Sounds(Resource):
    async def list(self, *, lang: str | None = None, format: str | None = None) -> tuple[Sound, ...]:
        return await self._many(Sound.from_json, "sounds.list", lang=lang, format=format)

    async def get(self, sound_id: str) -> Sound:
        return await self._one(Sound.from_json, "sounds.get", sound_id=sound_id)
