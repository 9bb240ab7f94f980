"""Lines between the exchange and its phones as the wiretap saw them, and the sound that came on each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

from tests.acceptance import audio
from tests.acceptance.breath import Breath

#: when it came, in seconds since 1970, and its A-law
Packet: TypeAlias = "tuple[float, bytes]"

_PACKET_BYTES = 160
#: the Dutch ringing tone: one second of five
RING_TONE_HZ, OF_RINGING_SECONDS = 425, 4.0


@dataclass(slots=True)
class Line:
    """One phone in one call with the exchange. Times are seconds since 1970."""

    phone: str  # the user part of its address: an account, or a number
    dialled: str
    is_ours: bool  # the exchange made the call
    made_at: float
    address: str = ""  # to which the phone wants its sound
    phone_port: int = 0
    port: int = 0  # of the exchange, from which the sound comes
    up_at: float | None = None  # from when there can be sound, if only before the answer
    answered_at: float | None = None
    down_at: float | None = None
    held: list[tuple[float, float]] = field(default_factory=list)  # by the phone, which then wants no sound
    held_since: float | None = None
    breath: Breath = field(default_factory=Breath)

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


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken from the wire: lines in the order in which they were made, and sound by the exchange's port."""

    lines: Sequence[Line]
    sound: Mapping[int, Sequence[Packet]]
    stalls: Sequence[tuple[float, float]]  # from when until when the phones did not breathe
    until: float

    def silences(self, longer_than: float) -> Iterator[Silence]:
        """Of every line, in the order in which the lines were made."""
        for line in self.lines:
            if line.up_at is None:
                continue
            until = line.down_at or self.until
            line.hold(False, until)
            heard = _sounding(self.sound_of(line))
            moments = [(line.up_at, b""), *heard, (until, b"")]
            for at, ((earlier, _), (later, _)) in enumerate(pairwise(moments)):
                if later - earlier > longer_than:
                    yield Silence(line, earlier, later, _is_ringing([sound for _, sound in heard[max(0, at - 5) : at]]))

    def sound_of(self, line: Line) -> list[Packet]:
        """The packets that came on a line while it was there; another line may have used its port before or after."""
        since, until = line.up_at or line.made_at, line.down_at or self.until
        packets = self.sound.get(line.port, ())
        return [packet for packet in packets if since < packet[0] < until and len(packet[1]) == _PACKET_BYTES]


def _sounding(mine: list[Packet]) -> list[Packet]:
    """The packets that have a sound in them, with the moment at which each came."""
    if not mine:
        return []
    samples = audio.decode_alaw(b"".join(payload for _, payload in mine)).reshape(len(mine), -1)
    return [packet for packet, has_sound in zip(mine, audio.has_somebody(samples), strict=True) if has_sound]


def _is_ringing(last: list[bytes]) -> bool:
    """Whether all that was heard last is the ringing tone. A packet is too short to tell its frequency more exactly."""
    return bool(last) and all(
        audio.tone_share(audio.decode_alaw(payload), RING_TONE_HZ, tolerance_hz=60.0) > 0.6 for payload in last[:-1]
    )
