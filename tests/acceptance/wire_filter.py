"""What the wiretap takes from the loopback interface, chosen by the kernel: the rest costs this process nothing."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Iterable
from socket import IPPROTO_UDP

from tests.acceptance.breath import ALAW, MARK

_IP_PACKETS, _PACKET_LEVEL, _IGNORE_OUTGOING = 0x0800, 263, 23  # linux/if_ether.h, socket.h, linux/if_packet.h
_ATTACH_FILTER, _BUFFER_BY_FORCE, _TIMESTAMPS = 26, 33, 35  # asm-generic/socket.h
_BUFFER_BYTES = 1 << 25

#: packets of sound, of which one is taken: that is enough to know whether there is any
EVERY = 4


def program(exchange: bytes, sip_port: int) -> bytes:
    """Classic BPF: the messages both ways; of the sound both ways every fourth packet.

    Of the breath all that the exchange passes on, and nothing of what we send it ourselves; of the phones' keys all.
    """
    address = int.from_bytes(exchange, "big")
    lines = (
        (0x30, 0, 0, 9),  # 0: the protocol
        (0x15, 0, 18, IPPROTO_UDP),
        (0x20, 0, 0, 12),  # 2: the source
        (0x15, 9, 0, address),
        (0x20, 0, 0, 16),  # 4: or else the destination
        (0x15, 0, 14, address),
        (0x28, 0, 0, 22),  # 6: and its port
        (0x15, 11, 0, sip_port),
        (0x20, 0, 0, 40),  # 8: how the sound of a phone begins
        (0x15, 10, 0, MARK),
        (0x30, 0, 0, 29),  # 10: and its kind
        (0x54, 0, 0, 0x7F),
        (0x15, 4, 6, ALAW),
        (0x28, 0, 0, 20),  # 13: sent by the exchange: its port
        (0x15, 4, 0, sip_port),
        (0x20, 0, 0, 40),  # 15: how the sound begins
        (0x15, 2, 0, MARK),
        (0x28, 0, 0, 30),  # 17: the number of a packet of sound
        (0x45, 1, 0, EVERY - 1),
        (0x06, 0, 0, 0xFFFF),  # 19: taken
        (0x06, 0, 0, 0),  # 20: left
    )
    return code(lines)


def code(lines: Iterable[tuple[int, int, int, int]]) -> bytes:
    """Classic BPF as the kernel reads it."""
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def listening(program: bytes) -> socket.socket:
    """Waits for nothing; gets the packets of the loopback interface that the program chooses, without their frames.

    Needs the rights of root.
    """
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    chosen = ctypes.create_string_buffer(program)
    tap.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HL", len(chosen) // 8, ctypes.addressof(chosen)))
    tap.setsockopt(_PACKET_LEVEL, _IGNORE_OUTGOING, 1)
    tap.setsockopt(socket.SOL_SOCKET, _BUFFER_BY_FORCE, _BUFFER_BYTES)
    tap.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
    tap.setblocking(False)
    tap.bind(("lo", _IP_PACKETS))
    return tap


def received(tap: socket.socket, most_bytes: int = 65536) -> tuple[float, bytes]:
    """When the next packet came, by the kernel, and what it is. Raises BlockingIOError when there is none."""
    packet, extra, _, _ = tap.recvmsg(most_bytes, 64)
    seconds, nanoseconds = struct.unpack("qq", extra[0][2])
    return seconds + nanoseconds / 1e9, packet
