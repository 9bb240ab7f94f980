"""Sound and keys of a raw phone: one RTP socket that records what it hears, and may send from where it should not."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.acceptance import audio
from tests.acceptance.handset import Handset
from tests.patience import PATIENCE_SECONDS
from tests.rawsip.sdp import ALAW, KEYS

KEY_SECONDS = 0.1
BETWEEN_KEYS_SECONDS = 0.1
_KEYS_IN_ORDER = "0123456789*#ABCD"
_PACKET_SAMPLES = int(audio.PACKET_SECONDS * audio.RATE)
_END_REPEATS = 3
_WINDOW_PACKETS = round(audio.TONE_WINDOW_SECONDS / audio.PACKET_SECONDS)
_SILENCE = bytes([0xD5]) * _PACKET_SAMPLES


class Media(Handset):
    """`async with Media.open("127.0.0.10") as media:`, then `connect` to where an answer wants the sound.

    For what it hears see Handset. Keys and `silence` go out only when they are asked for: a raw phone
    sends nothing by itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.keys_heard = ""
        self._last_event: tuple[int, bytes] = (-1, b"")
        self.source = id(self) & 0xFFFFFFFF  # as in Handset: speech and keys are one stream

    @classmethod
    @asynccontextmanager
    async def open(cls, address: str, port: int = 0) -> AsyncIterator[Media]:
        loop = asyncio.get_running_loop()
        _, media = await loop.create_datagram_endpoint(cls, local_addr=(address, port))
        try:
            yield media
        finally:
            await media.close()

    @property
    def port(self) -> int:
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        super().datagram_received(data, addr)
        if len(data) >= 16 and data[1] & 0x7F == KEYS:
            event, flags = data[12], data[13]
            begun = (event, data[4:8])  # all packets of one press have one timestamp
            if flags & 0x80 and begun != self._last_event:
                self._last_event = begun
                self.keys_heard += _KEYS_IN_ORDER[event]

    def error_received(self, exc: Exception) -> None:
        """The other side has closed its port: the call is over there."""

    def packet(self, payload: bytes, kind: int = ALAW, *, at_samples: int | None = None, mark: bool = False) -> None:
        """Send one RTP packet now."""
        if self._transport is None or self._transport.is_closing():
            return
        clock = self._clock() if at_samples is None else at_samples
        head = struct.pack(
            "!BBHII", 0x80, kind | (0x80 if mark else 0), next(self._sequence) & 0xFFFF, clock, self.source
        )
        self._transport.sendto(head + payload, self._wire)

    @staticmethod
    def _clock() -> int:
        return int(asyncio.get_running_loop().time() * audio.RATE) & 0xFFFFFFFF

    async def press(self, keys: str, key_seconds: float = KEY_SECONDS, between: float = BETWEEN_KEYS_SECONDS) -> None:
        """Keys as RFC 4733 events; returns when the last pause is over."""
        for key in keys:
            await self.key_down(key, key_seconds)
            await asyncio.sleep(between)

    async def key_down(self, key: str, key_seconds: float = KEY_SECONDS) -> None:
        """One key, from its first packet to the third of its end."""
        began, samples = self._clock(), 0
        event = _KEYS_IN_ORDER.index(key.upper())
        while samples < int(key_seconds * audio.RATE):
            samples += _PACKET_SAMPLES
            first = samples == _PACKET_SAMPLES
            self.packet(struct.pack("!BBH", event, 10, samples), KEYS, at_samples=began, mark=first)
            await asyncio.sleep(audio.PACKET_SECONDS)
        for _ in range(_END_REPEATS):
            self.packet(struct.pack("!BBH", event, 0x80 | 10, samples), KEYS, at_samples=began)

    async def silence(self, seconds: float) -> None:
        """Packets without any sound: the line is there."""
        for _ in range(round(seconds / audio.PACKET_SECONDS)):
            self.packet(_SILENCE)
            await asyncio.sleep(audio.PACKET_SECONDS)

    async def speak_tone(self, frequency: int) -> None:
        """Sound a pure tone until the end, or until `fall_silent`."""
        await self.speak(audio.tone(frequency, 1.0), again_and_again=True)

    async def hears_tone(self, frequency: float, within_seconds: float = PATIENCE_SECONDS) -> bool:
        """Whether this tone is what is heard, now or within that time."""

        def is_tone(sound: audio.Samples) -> bool:
            return len(sound) >= audio.TONE_WINDOW_SECONDS * audio.RATE and audio.has_tone(sound, frequency)

        return await self.wait_until(is_tone, self.position, within_seconds, last_packets=_WINDOW_PACKETS)

    async def hears_something(self, within_seconds: float = PATIENCE_SECONDS, since: int | None = None) -> bool:
        """Whether there is any sound within that time. `since`: a position; None is now."""

        def is_sound(sound: audio.Samples) -> bool:
            return len(sound) >= audio.TONE_WINDOW_SECONDS * audio.RATE and audio.is_audible(sound)

        begin = self.position if since is None else since
        return await self.wait_until(is_sound, begin, within_seconds, last_packets=_WINDOW_PACKETS)
