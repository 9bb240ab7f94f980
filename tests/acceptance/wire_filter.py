"""What the wiretap takes from the loopback interface, chosen by the kernel: the rest costs this process nothing."""

from __future__ import annotations

import struct
from socket import IPPROTO_UDP

from tests.acceptance.breath import ALAW, MARK

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
    return b"".join(struct.pack("HBBI", *line) for line in lines)
