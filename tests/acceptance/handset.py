"""Ear and mouth of one phone: live sound both ways, as RTP (A-law), between this process and the phone network."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count, pairwise
from typing import cast

from tests.acceptance import audio
from tests.acceptance.breath import speech

_ALAW_PAYLOAD_TYPE = 8
_PACKET_SAMPLES = int(audio.PACKET_SECONDS * audio.RATE)
_PAUSE_SECONDS = 5 * audio.PACKET_SECONDS
_KEEP_PACKETS = 30_000  # ten minutes


class Handset(asyncio.DatagramProtocol):
    """Keeps all that was heard, wakes who waits for something in it, and speaks at the pace of a phone.

    Sound is kept as a row of packets of 20 ms without regard for when they came, so that a late packet is no gap.
    """

    def __init__(self) -> None:
        self._packets: list[bytes] = []
        self._came_at: list[float] = []
        self._arrived = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None
        self._wire: tuple[str, int] | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._sequence = count(1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def connect(self, wire: tuple[str, int]) -> None:
        """Where speech has to be sent."""
        self._wire = wire

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        if len(data) > 12 and data[1] & 0x7F == _ALAW_PAYLOAD_TYPE and len(self._packets) < _KEEP_PACKETS:
            self._packets.append(data[12:])
            self._came_at.append(asyncio.get_running_loop().time())
            self._arrived.set()

    @property
    def position(self) -> int:
        """How many packets of 20 ms were heard so far: a mark for `heard`."""
        return len(self._packets)

    def heard(self, since: int = 0, until: int | None = None) -> audio.Samples:
        return audio.decode_alaw(b"".join(self._packets[since:until]))

    def longest_gap_seconds(self, since: int = 0) -> float:
        """The longest time without any sound between two packets, also the silence since the last one."""
        times = [*self._came_at[since:], asyncio.get_running_loop().time()]
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)

    async def wait_until(
        self,
        holds: Callable[[audio.Samples], bool],
        since: int,
        within_seconds: float,
        every_packets: int = 1,
        last_packets: int | None = None,
        overlap_packets: int | None = None,
    ) -> bool:
        """Whether `holds` became true of all that was heard after `since`, or only of the last packets of it.

        `overlap_packets`: or only of what is new, and of so many packets before that.

        Asked again with every so many packets (the more of them, the cheaper), and when no more come for a moment.
        """
        asked_at = -every_packets
        try:
            async with asyncio.timeout(within_seconds):
                while True:
                    news = self.position - asked_at
                    if news >= every_packets or (news > 0 and not self._arrived.is_set()):
                        begin = since if overlap_packets is None else max(since, asked_at - overlap_packets)
                        asked_at = self.position
                        begin = begin if last_packets is None else max(since, asked_at - last_packets)
                        if holds(self.heard(begin)):
                            return True
                    self._arrived.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_PAUSE_SECONDS if self.position > asked_at else None):
                            await self._arrived.wait()
        except TimeoutError:
            return False

    async def speak(self, sound: audio.Samples, again_and_again: bool) -> None:
        """Start to speak, instead of what was being said; a sound that repeats must last whole packets."""
        await self.fall_silent()
        coded = audio.encode_alaw(sound)
        packets = [coded[start : start + _PACKET_SAMPLES] for start in range(0, len(coded), _PACKET_SAMPLES)]
        self._speaking = asyncio.create_task(self._send(packets, again_and_again))

    async def fall_silent(self) -> None:
        speaking, self._speaking = self._speaking, None
        if speaking is not None:
            speaking.cancel()
            with suppress(asyncio.CancelledError):
                await speaking

    async def _send(self, packets: list[bytes], again_and_again: bool) -> None:
        speech.handsets, speech.at = speech.handsets + 1, time.time()
        try:
            await self._send_all(packets, again_and_again)
        finally:
            speech.handsets -= 1

    async def _send_all(self, packets: list[bytes], again_and_again: bool) -> None:
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        for payload in _repeat(packets) if again_and_again else packets:
            number = next(self._sequence)
            header = struct.pack(
                "!BBHII",
                0x80,
                _ALAW_PAYLOAD_TYPE,
                number & 0xFFFF,
                # The clock of a phone never stands still: a key pressed after a pause must not look older than before.
                int(next_at * audio.RATE) & 0xFFFFFFFF,
                id(self) & 0xFFFFFFFF,
            )
            if self._transport is None or self._transport.is_closing():
                return
            self._transport.sendto(header + payload, self._wire)
            speech.at = time.time()
            next_at += audio.PACKET_SECONDS
            await asyncio.sleep(next_at - loop.time())  # the pace of speech; a late packet is followed up at once

    async def close(self) -> None:
        await self.fall_silent()
        if self._transport is not None:
            self._transport.close()


def _repeat(packets: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from packets
