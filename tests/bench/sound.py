"""The sound of some talks, packet by packet from the wire: how long nobody hears anything, whatever else goes on."""

from __future__ import annotations

import socket
import struct
import threading
from collections import defaultdict
from contextlib import suppress
from itertools import pairwise
from types import TracebackType

from tests.acceptance import wire_filter

_HEADER_BYTES, _RTP_HEADER_BYTES = 28, 12
_RTCP = range(64, 96)  # kinds of packets that are no sound: reports about it
_LOOK_EVERY_SECONDS = 0.1

#: the way of a stream: the port that sends it, and the one that gets it
Way = tuple[int, int]


class SoundTap:
    """Listens on the loopback interface to the phones at one address, for the time of the block; needs root's rights.

    When a packet came the kernel says, so that this process may be as late as it likes.
    """

    def __init__(self, phones: str) -> None:
        self._phones = socket.inet_aton(phones)
        self._came: defaultdict[tuple[bool, Way], list[float]] = defaultdict(list)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="sound", daemon=True)

    def __enter__(self) -> SoundTap:
        self._socket = wire_filter.listening(_program(int.from_bytes(self._phones, "big")))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._take_all()
        self._socket.close()

    def longest_gap_ms(self, since: float, until: float) -> dict[Way, float]:
        """Of each stream to a phone, in seconds since the epoch. Phones may share a port. Call it after the block."""
        return {way: gap_ms(moments, since, until) for (is_said, way), moments in self._came.items() if not is_said}

    def longest_pause_ms(self, since: float, until: float) -> float:
        """Of what the phones say: a gap as long as that is not the exchange's. 0: they said nothing."""
        said = [gap_ms(moments, since, until) for (is_said, _), moments in self._came.items() if is_said]
        return max(said, default=0.0)

    def _listen(self) -> None:
        while not self._over.wait(_LOOK_EVERY_SECONDS):
            self._take_all()

    def _take_all(self) -> None:
        with suppress(BlockingIOError):
            while True:
                self.take(*wire_filter.received(self._socket, 256))

    def take(self, at: float, packet: bytes) -> None:
        """One packet of IP and UDP, as it came at that moment."""
        if len(packet) > _HEADER_BYTES + _RTP_HEADER_BYTES and packet[_HEADER_BYTES] >> 6 == 2:
            if packet[_HEADER_BYTES + 1] & 0x7F in _RTCP:
                return
            ports: Way = struct.unpack_from("!HH", packet, 20)
            self._came[packet[12:16] == self._phones, ports].append(at)


def gap_ms(moments: list[float], since: float, until: float) -> float:
    """The longest time without a packet between two moments, the stretches at both ends included."""
    inside = [since, *(at for at in moments if since <= at <= until), until]
    return max(later - earlier for earlier, later in pairwise(inside)) * 1000


def _program(phones: int) -> bytes:
    """Classic BPF: UDP from or to that address."""
    lines = (
        (0x30, 0, 0, 9),  # the protocol
        (0x15, 0, 5, socket.IPPROTO_UDP),
        (0x20, 0, 0, 12),  # the source
        (0x15, 2, 0, phones),
        (0x20, 0, 0, 16),  # the destination
        (0x15, 0, 1, phones),
        (0x06, 0, 0, 0xFFFF),  # taken
        (0x06, 0, 0, 0),  # left
    )
    return wire_filter.code(lines)
