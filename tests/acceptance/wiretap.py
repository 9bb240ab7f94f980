"""What the exchange sends to its phones, taken from the wire itself: the one proof of what a party could hear.

Whatever plays a phone (the phone network, SIPp, a raw phone), its messages and its sound pass the loopback interface.
The messages tell which sound belongs to which line, and from when until when the line was there. Listening on an
interface needs the rights of root, as SIPp's keys do.
"""

from __future__ import annotations

import ctypes
import re
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from types import TracebackType

from tests.acceptance import audio

_IP_PACKETS, _PACKET_LEVEL, _IGNORE_OUTGOING = 0x0800, 263, 23  # linux/if_ether.h, socket.h, linux/if_packet.h
_ATTACH_FILTER, _BUFFER_BY_FORCE, _TIMESTAMPS = 26, 33, 35  # asm-generic/socket.h
_BUFFER_BYTES = 1 << 25
_HEADER_BYTES = 28  # IP without options, and UDP
_RTP_HEADER_BYTES = 12
_PACKET_BYTES = 160
_ALAW = 8
#: answers to an INVITE after which the call goes on: asked for a password, or asked twice at once
_NOT_THE_END = (401, 407, 491)
#: the Dutch ringing tone: one second of five
RING_TONE_HZ, OF_RINGING_SECONDS = 425, 4.0
_EVERY = 4  # packets of sound, of which one is looked at: that is enough to know whether there is any
_LOOK_UP_SECONDS = 0.2


def _filter(exchange: bytes, sip_port: int) -> bytes:
    """Classic BPF: the messages both ways, and of the sound that the exchange sends every fourth packet."""
    address = int.from_bytes(exchange, "big")
    program = (
        (0x30, 0, 0, 9),  # 0: the protocol
        (0x15, 0, 12, socket.IPPROTO_UDP),
        (0x20, 0, 0, 12),  # 2: the source
        (0x15, 4, 0, address),
        (0x20, 0, 0, 16),  # 4: or else the destination
        (0x15, 0, 8, address),
        (0x28, 0, 0, 22),  # 6: and its port
        (0x15, 5, 6, sip_port),
        (0x28, 0, 0, 20),  # 8: the port of the source
        (0x15, 3, 0, sip_port),
        (0x28, 0, 0, 30),  # 10: the number of a packet of sound
        (0x54, 0, 0, _EVERY - 1),
        (0x15, 0, 1, 0),
        (0x06, 0, 0, 0xFFFF),  # taken
        (0x06, 0, 0, 0),  # left
    )
    return b"".join(struct.pack("HBBI", *line) for line in program)


@dataclass(slots=True)
class Line:
    """One phone in one call with the exchange. Times are seconds since 1970."""

    phone: str  # the user part of its address: an account, or a number
    dialled: str
    is_ours: bool  # the exchange made the call
    made_at: float
    address: str = ""  # to which the phone wants its sound
    port: int = 0  # of the exchange, from which the sound comes
    up_at: float | None = None
    down_at: float | None = None
    held: list[tuple[float, float]] = field(default_factory=list)  # by the phone, which then wants no sound
    held_since: float | None = None

    def __str__(self) -> str:
        return f"{self.phone} {'called' if self.is_ours else 'to ' + self.dialled}"

    def hold(self, is_held: bool, at: float) -> None:
        if is_held:
            self.held_since = self.held_since or at
        elif self.held_since is not None:
            self.held.append((self.held_since, at))
            self.held_since = None


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch in which no sound came on a line."""

    line: Line
    from_at: float
    until_at: float
    is_ringing_pause: bool  # what was heard last is the ringing tone

    @property
    def seconds(self) -> float:
        return self.until_at - self.from_at

    def __str__(self) -> str:
        after = self.from_at - (self.line.up_at or 0)
        return f"{self.line}: {self.seconds:.1f} s of silence, {after:.1f} s after the line was there"


class Wiretap:
    """Listens on the loopback interface until its end. `silences` and `forget` are for one test after the other."""

    def __init__(self, exchange: str, sip_port: int) -> None:
        self._exchange, self._sip_port = socket.inet_aton(exchange), sip_port
        self._lines: dict[bytes, Line] = {}
        self._sound: defaultdict[int, list[tuple[float, bytes]]] = defaultdict(list)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="wiretap", daemon=True)

    def __enter__(self) -> Wiretap:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        code = ctypes.create_string_buffer(_filter(self._exchange, self._sip_port))
        self._socket.setsockopt(
            socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HL", len(code) // 8, ctypes.addressof(code))
        )
        self._socket.setsockopt(_PACKET_LEVEL, _IGNORE_OUTGOING, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, _BUFFER_BY_FORCE, _BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
        self._socket.setblocking(False)
        self._socket.bind(("lo", _IP_PACKETS))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        """Many packets at a time: the kernel says of each when it came. To wake up for each would cost more than it."""
        while not self._over.wait(_LOOK_UP_SECONDS):
            with self._lock:
                self._take_all()

    def _take_all(self) -> None:
        with suppress(BlockingIOError):
            while True:
                packet, extra, _, _ = self._socket.recvmsg(65536, 64)
                seconds, nanoseconds = struct.unpack("qq", extra[0][2])
                self._take(seconds + nanoseconds / 1e9, packet)

    def _take(self, at: float, packet: bytes) -> None:
        source, target = struct.unpack_from("!HH", packet, 20)
        payload = packet[_HEADER_BYTES:]
        is_from_exchange = packet[12:16] == self._exchange
        if (source if is_from_exchange else target) == self._sip_port:
            self._take_message(at, is_from_exchange, payload)
        elif len(payload) > _RTP_HEADER_BYTES and payload[1] & 0x7F == _ALAW:
            self._sound[source].append((at, payload[_RTP_HEADER_BYTES:]))

    # --- signalling ---

    def _take_message(self, at: float, is_from_exchange: bool, message: bytes) -> None:
        head, _, body = message.partition(b"\r\n\r\n")
        start = head.partition(b"\r\n")[0]
        call_id, method = _header(head, b"Call-ID|i"), _header(head, b"CSeq").rpartition(b" ")[2]
        line = self._lines.get(call_id)
        if line is None and start.startswith(b"INVITE "):
            line = self._lines[call_id] = _line_of(head, start, is_from_exchange, at)
        if line is None:
            return
        if start.startswith((b"BYE ", b"CANCEL ")):
            line.down_at = line.down_at or at
        elif method == b"INVITE":
            _read_offer(line, at, is_from_exchange, body)
            status = int(start[8:11]) if start.startswith(b"SIP/2.0 ") else 0
            if status >= 300 and status not in _NOT_THE_END:
                line.down_at = line.down_at or at
            elif status and body:
                line.up_at = line.up_at or at

    # --- what came of it ---

    def silences(self, longer_than: float) -> Iterator[Silence]:
        """Of every line since the last `forget`, in the order in which the lines were made."""
        now = time.time()
        with self._lock:
            self._take_all()
            lines = [line for line in self._lines.values() if line.up_at is not None]
            sound = {port: list(packets) for port, packets in self._sound.items()}
        for line in lines:
            assert line.up_at is not None
            until = line.down_at or now
            line.hold(False, until)
            heard = _sounding(sound.get(line.port, []), line.up_at, until)
            moments = [(line.up_at, b""), *heard, (until, b"")]
            for at, ((earlier, _), (later, _)) in enumerate(pairwise(moments)):
                if later - earlier > longer_than:
                    yield Silence(line, earlier, later, _is_ringing([sound for _, sound in heard[max(0, at - 5) : at]]))

    def forget(self) -> None:
        """All that was heard, and every line: one whose end was not seen went with Asterisk, or never had one."""
        with self._lock:
            self._take_all()
            self._lines.clear()
            self._sound.clear()


def _sounding(packets: list[tuple[float, bytes]], since: float, until: float) -> list[tuple[float, bytes]]:
    """The packets that have a sound in them, with the moment at which each came."""
    mine = [(at, payload) for at, payload in packets if since < at < until and len(payload) == _PACKET_BYTES]
    if not mine:
        return []
    samples = audio.decode_alaw(b"".join(payload for _, payload in mine)).reshape(len(mine), -1)
    return [packet for packet, has_sound in zip(mine, audio.has_somebody(samples), strict=True) if has_sound]


def _is_ringing(last: list[bytes]) -> bool:
    """Whether all that was heard last is the ringing tone. A packet is too short to tell its frequency more exactly."""
    return bool(last) and all(
        audio.tone_share(audio.decode_alaw(payload), RING_TONE_HZ, tolerance_hz=60.0) > 0.6 for payload in last[:-1]
    )


def _read_offer(line: Line, at: float, is_from_exchange: bool, body: bytes) -> None:
    if (port := re.search(rb"^m=audio (\d+)", body, re.MULTILINE)) is None:
        return
    if is_from_exchange:
        line.port = int(port[1])
        return
    line.hold(re.search(rb"^a=(sendonly|inactive)", body, re.MULTILINE) is not None, at)
    if address := re.search(rb"^c=IN IP4 (\S+)", body, re.MULTILINE):
        line.address = address[1].decode()


def _header(head: bytes, name: bytes) -> bytes:
    found = re.search(rb"^(?:" + name + rb")\s*:\s*(.*?)\s*$", head, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else b""


def _line_of(head: bytes, start: bytes, is_from_exchange: bool, at: float) -> Line:
    dialled = _user(start)
    return Line(dialled if is_from_exchange else _user(_header(head, b"From|f")), dialled, is_from_exchange, at)


def _user(text: bytes) -> str:
    found = re.search(rb"sips?:([^@;> ]*)@", text)
    return found[1].decode(errors="replace") if found else "?"
