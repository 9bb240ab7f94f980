"""Keys as RFC 4733 telephone events, as a packet capture that SIPp can play."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

KEY_MS = 100
GAP_MS = 80
_PACKET_MS = 20
_END_REPEATS = 3
_PAYLOAD_TYPE = 101
_KEYS = "0123456789*#ABCD"


def duration_ms(keys: str) -> int:
    """How long it takes to play the capture of these keys."""
    return len(keys) * (KEY_MS + GAP_MS)


def write_capture(path: Path, keys: str) -> None:
    """A capture of these keys. Addresses, ports and checksums in it mean nothing: SIPp puts in its own.

    Raises:
        ValueError: a character that is on no phone.
    """
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at_ms, payload in _packets(keys):
            frame = _frame(payload)
            file.write(struct.pack("<IIII", at_ms // 1000, at_ms % 1000 * 1000, len(frame), len(frame)) + frame)


def _packets(keys: str) -> Iterator[tuple[int, bytes]]:
    """Each RTP packet with its moment in milliseconds."""
    sequence = 1
    for place, key in enumerate(keys):
        start_ms = place * (KEY_MS + GAP_MS)
        lengths = [*range(_PACKET_MS, KEY_MS, _PACKET_MS), *[KEY_MS] * _END_REPEATS]
        for number, length_ms in enumerate(lengths):
            is_end = length_ms == KEY_MS
            header = struct.pack(
                "!BBHII",
                0x80,
                _PAYLOAD_TYPE | (0x80 if number == 0 else 0),  # the marker bit begins a key
                sequence,
                start_ms * 8,
                0x14020,
            )
            event = struct.pack("!BBH", _KEYS.index(key.upper()), 0x8A if is_end else 0x0A, length_ms * 8)
            yield start_ms + length_ms, header + event
            sequence += 1


def _frame(payload: bytes) -> bytes:
    udp = struct.pack("!HHHH", 6000, 6000, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\1")
    return bytes(12) + b"\x08\x00" + ip + udp
