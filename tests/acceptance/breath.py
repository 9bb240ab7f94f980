"""That somebody is on a line and says nothing: now and then a packet of sound too soft to be heard.

The phones of a test send nothing while nobody speaks into them, so two who are connected would hear nothing, as two who
are not. A phone that leaves out silence sends such packets too. They begin with `MARK`, by which they are known where
Asterisk passed them on.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from tests.acceptance import audio

#: how often somebody breathes: a silence between two of them seems longer by that, before and after
EVERY_SECONDS = 0.3
#: a line is left alone for so long after its answer: phones press keys then, and talks begin
AFTER_ANSWER_SECONDS = 1.3
#: and for so long after a phone's own sound, which may be late on a busy machine: a breath in it would be heard
AFTER_SOUND_SECONDS = 1.4
#: speech is sent every 20 ms: when none was for so long, the process of the test is late, and makes up for it at once
_LATE_SECONDS = 0.3
_SOUND = audio.encode_alaw(audio.tone(300, audio.PACKET_SECONDS, level=0.0017))
MARK = int.from_bytes(_SOUND[:4], "big")
_STRANGERS_SOURCE = 0x62726561  # of a phone that sent nothing yet: its own is not known
ALAW = 8  # the payload type
_MARKER_BIT = 0x80


@dataclass(slots=True)
class Speech:
    """Of all handsets in this process: how many are speaking, and when one last did."""

    handsets: int = 0
    at: float = 0.0  # seconds since 1970

    def is_late(self, now: float) -> bool:
        return self.handsets > 0 and now - self.at > _LATE_SECONDS


speech = Speech()


@dataclass(slots=True)
class Breath:
    """Of one line. Goes on with the source and the clock of the phone itself, or keys and speech would begin anew."""

    source: int = _STRANGERS_SOURCE
    sequence: int = 0
    timestamp: int = 0
    stamped_at: float = 0.0
    due_at: float = 0.0  # seconds since 1970
    has_spoken: bool = False

    def phone_sent(self, at: float, header: bytes) -> None:
        """Take in the RTP header of a packet of the phone's own. Who presses keys breathes."""
        self.sequence, self.timestamp, self.source = struct.unpack_from("!HII", header, 2)
        is_sound = header[1] & 0x7F == ALAW
        # within a key its moment stands still: sound of a later one would end the key
        self.stamped_at = at if is_sound else 0.0
        if is_sound:
            self.has_spoken = True
            self.due_at = at + AFTER_SOUND_SECONDS

    def is_due(self, now: float) -> bool:
        if self.has_spoken and speech.is_late(now):
            self.due_at = max(self.due_at, now + _LATE_SECONDS)
        return self.due_at < now

    def packet(self, at: float) -> bytes:
        """The next one, as RTP. `at`: now."""
        clock = self.timestamp + int((at - self.stamped_at) * audio.RATE) if self.stamped_at else 0
        if self.source == _STRANGERS_SOURCE:
            self.sequence, self.timestamp, self.stamped_at = (self.sequence + 1) & 0xFFFF, clock, at
        self.due_at = at + EVERY_SECONDS
        return struct.pack("!BBHII", 0x80, _MARKER_BIT | ALAW, self.sequence, clock & 0xFFFFFFFF, self.source) + _SOUND


def as_sent_by(phone: tuple[bytes, int], to: tuple[bytes, int], payload: bytes) -> bytes:
    """An IP packet with UDP from a phone's own address and port; the kernel fills in the sum over the IP header."""
    length = 8 + len(payload)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0, 64, socket.IPPROTO_UDP, 0, phone[0], to[0])
    return ip + struct.pack("!HHHH", phone[1], to[1], length, 0) + payload
