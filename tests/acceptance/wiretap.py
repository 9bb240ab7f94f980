"""What the exchange sends to its phones, taken from the wire itself: the one proof of what a party could hear.

Whatever plays a phone (the phone network, SIPp, a raw phone), its messages and its sound pass the loopback interface.
The messages tell which sound belongs to which line, and from when until when the line was there. Listening on an
interface needs the rights of root, as SIPp's keys do.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections import defaultdict
from contextlib import suppress
from types import TracebackType

from tests.acceptance import wire_filter
from tests.acceptance.breath import AFTER_ANSWER_SECONDS, ALAW, as_sent_by
from tests.acceptance.lines import Line, Packet, Taken

_HEADER_BYTES = 28  # IP without options, and UDP
_RTP_HEADER_BYTES = 12
_RTCP = range(64, 96)  # kinds of packets that are no sound: reports about it
#: answers to an INVITE after which the call goes on: asked for a password, or asked twice at once
_NOT_THE_END = (401, 407, 491)
_LOOK_EVERY_SECONDS = 0.05
#: a test's process that was not run for so long on a busy machine did not breathe for that time
_STALLED_SECONDS = 0.5


class Wiretap:
    """Listens on the loopback interface until its end. `taken` and `forget` are for one test after the other."""

    def __init__(self, exchange: str, sip_port: int) -> None:
        self._exchange, self._sip_port = socket.inet_aton(exchange), sip_port
        self._lines: dict[bytes, Line] = {}
        self._at_port: dict[int, Line] = {}  # of the exchange
        self._sound: defaultdict[int, list[Packet]] = defaultdict(list)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="wiretap", daemon=True)
        #: whether the phones breathe: where the application under test is
        self.breathes = False
        #: from when until when they did not, for lack of a processor
        self.stalls: list[tuple[float, float]] = []
        self.since = time.time()  # the last `forget`

    def __enter__(self) -> Wiretap:
        self._socket = wire_filter.listening(wire_filter.program(self._exchange, self._sip_port))
        self._mouth = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()
        self._mouth.close()

    def _listen(self) -> None:
        """Many packets at a time: the kernel says of each when it came. To wake up for each would cost more than it."""
        looked_at = time.time()
        while not self._over.wait(_LOOK_EVERY_SECONDS):
            with self._lock:
                self._take_all()
                now = time.time()
                if now - looked_at > _STALLED_SECONDS:
                    self.stalls.append((looked_at, now))  # who was speaking is late too, and goes on at once
                elif self.breathes:
                    self._breathe(now)
                looked_at = now

    def _breathe(self, now: float) -> None:
        """For every line that is there: what its phone sends while nobody speaks into it."""
        for line in self._lines.values():
            if line.answered_at and not (line.down_at or line.held_since) and line.address and line.breath.is_due(now):
                phone = socket.inet_aton(line.address), line.phone_port
                packet = as_sent_by(phone, (self._exchange, line.port), line.breath.packet(now))
                self._mouth.sendto(packet, (socket.inet_ntoa(self._exchange), 0))

    def _take_all(self) -> None:
        with suppress(BlockingIOError):
            while True:
                self._take(*wire_filter.received(self._socket))

    def _take(self, at: float, packet: bytes) -> None:
        source, target = struct.unpack_from("!HH", packet, 20)
        payload = packet[_HEADER_BYTES:]
        is_from_exchange = packet[12:16] == self._exchange
        if (source if is_from_exchange else target) == self._sip_port:
            self._take_message(at, is_from_exchange, payload)
        elif len(payload) <= _RTP_HEADER_BYTES or payload[1] & 0x7F in _RTCP:
            return
        elif not is_from_exchange:
            if target in self._at_port:
                self._at_port[target].breath.phone_sent(at, payload)
        elif payload[1] & 0x7F == ALAW:
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
                if status >= 200 and line.answered_at is None:
                    line.answered_at, line.breath.due_at = at, at + AFTER_ANSWER_SECONDS
            self._at_port[line.port] = line

    # --- what came of it ---

    def taken(self) -> Taken:
        """All since the last `forget`."""
        with self._lock:
            self._take_all()
            sound = {port: list(packets) for port, packets in self._sound.items()}
            return Taken(list(self._lines.values()), sound, list(self.stalls), time.time())

    def forget_sound(self) -> None:
        """What was heard until now; lines that are there begin now."""
        with self._lock:
            self._take_all()
            self._sound.clear()
            self.stalls.clear()
            for line in self._lines.values():
                line.up_at = line.up_at and time.time()

    def forget(self) -> None:
        """All that was heard, and every line: one whose end was not seen went with Asterisk, or never had one."""
        with self._lock:
            self._take_all()
            self._lines.clear()
            self._at_port.clear()
            self._sound.clear()
            self.stalls.clear()
            self.since = time.time()


def _read_offer(line: Line, at: float, is_from_exchange: bool, body: bytes) -> None:
    if (port := re.search(rb"^m=audio (\d+)", body, re.MULTILINE)) is None:
        return
    if is_from_exchange:
        line.port = int(port[1])
        return
    line.phone_port = int(port[1])
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
