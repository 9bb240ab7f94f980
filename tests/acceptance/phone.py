"""One end of one call, at the phone's side: what it saw, what it hears, and what a person does with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from tests.acceptance import audio
from tests.acceptance.handset import Handset
from tests.acceptance.remote_control import Event, RemoteAsterisk, RemoteError
from tests.patience import PATIENCE_SECONDS

_WINDOW = round(audio.TONE_WINDOW_SECONDS / audio.PACKET_SECONDS)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended for this phone. `sip_status` is None after an answered call."""

    at: datetime
    cause: int  # Q.850
    sip_status: int | None
    was_answered: bool


class Wires(Protocol):
    """The parts of the network that let a phone hear and speak."""

    async def connect_handset(self, channel_id: str) -> tuple[Handset, Callable[[], Awaitable[None]]]: ...


class Phone:
    """A phone in a call. Every method that waits raises AssertionError with what it saw instead."""

    def __init__(self, channel_id: str, name: str, remote: RemoteAsterisk, wires: Wires) -> None:
        self.channel_id = channel_id
        self.name = name
        self.ringing_at: datetime | None = None
        self.answered_at: datetime | None = None
        self.ending: Ending | None = None
        self.keys_received = ""
        self._remote = remote
        self._wires = wires
        self._changed = asyncio.Event()
        self._handset: Handset | None = None
        self._put_away: Callable[[], Awaitable[None]] | None = None
        self._mark = 0  # the handset's position when a key was last pressed here, or something was last heard

    def __repr__(self) -> str:
        state = "ended" if self.ending else "talking" if self.answered_at else "ringing" if self.ringing_at else "new"
        return f"<Phone {self.name} {state}>"

    def saw(self, event: Event) -> None:
        """Take in one event of this phone's channel; called by the network only."""
        at = datetime.fromisoformat(event["timestamp"])
        match event["type"]:
            case "ChannelStateChange" if event["channel"]["state"] == "Up":
                self.answered_at = self.answered_at or at
            case "Dial" if event["dialstatus"] in ("RINGING", "PROGRESS", "PROCEEDING"):
                self.ringing_at = self.ringing_at or at
            case "ChannelDtmfReceived":
                self.keys_received += event["digit"]
            case "ChannelDestroyed":
                sip = int(event.get("tech_cause", 0))
                self.ending = Ending(at, event["cause"], sip if sip >= 300 else None, self.answered_at is not None)
        self._changed.set()

    async def _until(self, holds: Callable[[], bool], what: str, within_seconds: float) -> None:
        try:
            async with asyncio.timeout(within_seconds):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"{self!r}: {what} not seen within {within_seconds} s; {self.ending}") from None

    async def rings(self, within_seconds: float = PATIENCE_SECONDS) -> datetime:
        """Wait for a provisional answer (180 or 183)."""
        await self._until(lambda: self.ringing_at is not None or self.is_over, "ringing", within_seconds)
        assert self.ringing_at is not None, f"{self!r} never rang: {self.ending}"
        return self.ringing_at

    async def answered(self, within_seconds: float = PATIENCE_SECONDS) -> datetime:
        await self._until(lambda: self.answered_at is not None or self.is_over, "an answer", within_seconds)
        assert self.answered_at is not None, f"{self!r} was not answered: {self.ending}"
        return self.answered_at

    async def ended(self, within_seconds: float = PATIENCE_SECONDS) -> Ending:
        await self._until(lambda: self.is_over, "the end of the call", within_seconds)
        assert self.ending is not None
        return self.ending

    async def receives_keys(self, keys: str, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the other side has sent these keys."""
        await self._until(lambda: keys in self.keys_received, f"keys {keys}", within_seconds)

    @property
    def is_over(self) -> bool:
        return self.ending is not None

    async def header(self, name: str) -> str:
        """A header of the INVITE that made this phone ring; "" when there is none."""
        try:
            query = {"variable": f"PJSIP_HEADER(read,{name})"}
            answer = await self._remote.order("GET", f"channels/{self.channel_id}/variable", None, **query)
        except RemoteError:
            return ""
        return str(answer["value"])

    async def pick_up(self) -> None:
        await self._remote.order("POST", f"channels/{self.channel_id}/answer")

    async def decline(self) -> None:
        """Refuse a call that rings, as a phone that is busy (486)."""
        await self._remote.order("DELETE", f"channels/{self.channel_id}", reason_code="17")

    async def hang_up(self, within_seconds: float = PATIENCE_SECONDS) -> Ending:
        """Put the phone down and wait until the call is over; no error when the other side was first.

        Keys that are still being sent go out first.
        """
        with suppress(RemoteError):
            await self._remote.order("DELETE", f"channels/{self.channel_id}", reason_code="16")
        return await self.ended(within_seconds)

    async def press(self, keys: str, tone_ms: int = 100, between_ms: int = 60) -> None:
        """Send keys as RFC 4733 events. Returns when the order is accepted; the last key is out later."""
        self._mark_here()
        await self._remote.order(
            "POST", f"channels/{self.channel_id}/dtmf", dtmf=keys, duration=tone_ms, between=between_ms
        )

    async def speak_tone(self, frequency: int) -> None:
        """Sound a pure tone into the call until `fall_silent`."""
        handset = await self.listen()
        await handset.speak(audio.tone(frequency, 1.0), again_and_again=True)

    async def speak(self, recording: Path) -> None:
        """Play a WAV file into the call, once."""
        handset = await self.listen()
        await handset.speak(audio.read_wav(recording), again_and_again=False)

    async def fall_silent(self) -> None:
        if self._handset is not None:
            await self._handset.fall_silent()

    async def listen(self) -> Handset:
        """Put the phone to the ear; what sounded before is lost. Called by `speak…` and `hears_…` when needed."""
        if self._handset is None:
            self._handset, self._put_away = await self._wires.connect_handset(self.channel_id)
        return self._handset

    def _mark_here(self) -> None:
        self._mark = self._handset.position if self._handset is not None else 0

    async def put_away(self) -> None:
        """Stop to hear and to speak; the call goes on, and what was heard is kept."""
        put_away, self._put_away = self._put_away, None
        if put_away is not None:
            await put_away()

    async def hears_tone(
        self, frequency: float, within_seconds: float = PATIENCE_SECONDS, since: int | None = None
    ) -> None:
        """Wait until a pure tone is what this phone hears. `since` is a handset's position; None is now."""
        handset = await self.listen()
        since = handset.position if since is None else since
        heard = await handset.wait_until(partial(_is_tone, frequency), since, within_seconds, last_packets=_WINDOW)
        assert heard, f"{self!r} did not hear {frequency} Hz within {within_seconds} s; {_loudness(handset, since)}"
        self._mark_here()

    async def does_not_hear_tone(self, frequency: float, for_seconds: float) -> None:
        """Listen for a while, and fail at the first sign of this tone."""
        handset = await self.listen()
        is_tone = partial(_is_tone, frequency)
        heard = await handset.wait_until(is_tone, handset.position, for_seconds, last_packets=_WINDOW)
        assert not heard, f"{self!r} heard {frequency} Hz"

    async def hears_something(self, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait for any sound: music, a prompt, a voice."""
        handset = await self.listen()
        heard = await handset.wait_until(_is_sound, handset.position, within_seconds, last_packets=_WINDOW)
        assert heard, f"{self!r} heard only silence for {within_seconds} s"
        self._mark_here()

    async def hears_recording(
        self, recording: Path, within_seconds: float = PATIENCE_SECONDS, since: int | None = None
    ) -> None:
        """Wait until a sound file has been heard whole.

        `since` is a handset's position; None is since a key was last pressed here or something was last heard: a word
        that sounds while the test asks for a row is heard too.
        """
        handset = await self.listen()
        since = self._mark if since is None else since
        wanted = audio.trim(audio.read_wav(recording))
        finder = audio.RecordingFinder(wanted)
        heard = await handset.wait_until(
            finder, since, within_seconds, every_packets=10, overlap_packets=finder.overlap_packets
        )
        if not heard:
            share = audio.share_heard(handset.heard(since), wanted)
            raise AssertionError(f"{self!r} did not hear {recording.name} within {within_seconds} s, but {share:.0%}")
        self._mark_here()

    async def hears_part_of(
        self, recording: Path, seconds: float = 1.0, within_seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Wait until what is heard is somewhere in a longer sound that may be repeated, such as music."""
        handset = await self.listen()
        whole = audio.read_repeated(recording)
        wanted = int(seconds / audio.PACKET_SECONDS)

        def is_part(sound: audio.Samples) -> bool:
            return len(sound) >= seconds * audio.RATE and whole.has(sound)

        heard = await handset.wait_until(
            is_part, handset.position, within_seconds, every_packets=wanted // 2, last_packets=wanted
        )
        assert heard, f"{self!r} did not hear a part of {recording.name} within {within_seconds} s"
        self._mark_here()

    async def hears_silence(self, seconds: float = 1.0, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until nothing at all was heard for so long; no packets are silence too."""
        handset = await self.listen()
        try:
            async with asyncio.timeout(within_seconds):
                while await handset.wait_until(_is_sound, handset.position, seconds, last_packets=_WINDOW):
                    pass
        except TimeoutError:
            raise AssertionError(f"{self!r} heard no silence of {seconds} s within {within_seconds} s") from None
        self._mark_here()

    async def has_not_heard(self, *recordings: Path, since: int = 0) -> None:
        """Fail when one of these sound files, or much of it, was in what this phone heard."""
        handset = await self.listen()
        for recording in recordings:
            share = audio.share_heard(handset.heard(since), audio.trim(audio.read_wav(recording)))
            assert share < 0.5, f"{self!r} heard {share:.0%} of {recording.name}"


def _is_tone(frequency: float, sound: audio.Samples) -> bool:
    return len(sound) >= audio.TONE_WINDOW_SECONDS * audio.RATE and audio.has_tone(sound, frequency)


def _is_sound(sound: audio.Samples) -> bool:
    return len(sound) >= audio.TONE_WINDOW_SECONDS * audio.RATE and audio.is_audible(sound)


def _loudness(handset: Handset, since: int) -> str:
    sound = handset.heard(since)
    return f"heard {len(sound) / audio.RATE:.1f} s, level {audio.rms(sound):.4f}"
