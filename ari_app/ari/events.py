"""Events of ARI: JSON text in, frozen values out. `at` is Asterisk's own moment, UTC.

`decode` never raises: an event of an unknown type, or of another shape than ARI promises, is an `Unknown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ari_app.ari.models import DeviceState, Endpoint
from ari_app.ari.snapshots import BridgeSnapshot, ChannelSnapshot, LiveRecording, Playback


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime


@dataclass(frozen=True, slots=True)
class Unknown(Event):
    """An event of a kind we do not know, or one that could not be read: then `problem` says why."""

    type: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ChannelEvent(Event):
    channel: ChannelSnapshot


@dataclass(frozen=True, slots=True)
class StasisStart(ChannelEvent):
    """The channel is in our hands. `replace_channel`: the one whose place it takes, after a phone's own transfer."""

    args: tuple[str, ...]
    replace_channel: ChannelSnapshot | None = None


@dataclass(frozen=True, slots=True)
class StasisEnd(ChannelEvent):
    """The channel is out of our hands: hung up, or back in the dialplan."""


@dataclass(frozen=True, slots=True)
class ChannelCreated(ChannelEvent):
    pass


@dataclass(frozen=True, slots=True)
class ChannelDestroyed(ChannelEvent):
    """`cause`: Q.850; 0 when the other end hung up without saying why. `tech_cause`: SIP's status, if there was one.

    A channel that came in by itself sends it only under the subscription "channel:" (22.10.1).
    """

    cause: int
    cause_txt: str
    tech_cause: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelHangupRequest(ChannelEvent):
    """`soft`: asked for inside Asterisk, by us too; otherwise by the other end. May come twice."""

    cause: int | None = None
    tech_cause: int | None = None
    soft: bool = False


@dataclass(frozen=True, slots=True)
class ChannelStateChange(ChannelEvent):
    """The channel's state changed; the snapshot holds the new one (Ringing, Up, …)."""


@dataclass(frozen=True, slots=True)
class ChannelDtmfReceived(ChannelEvent):
    pii_digit: str = field(repr=False)  # 0-9 * # A-D; may be one of a PIN
    duration_ms: int


@dataclass(frozen=True, slots=True)
class ChannelHold(ChannelEvent):
    music_class: str = ""


@dataclass(frozen=True, slots=True)
class ChannelUnhold(ChannelEvent):
    pass


@dataclass(frozen=True, slots=True)
class ChannelEnteredBridge(ChannelEvent):
    bridge: BridgeSnapshot


@dataclass(frozen=True, slots=True)
class ChannelLeftBridge(ChannelEvent):
    bridge: BridgeSnapshot


@dataclass(frozen=True, slots=True)
class ChannelUserevent(Event):
    """An event made by a program; one of channel and bridge may be there."""

    name: str
    channel: ChannelSnapshot | None
    bridge: BridgeSnapshot | None
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dial(Event):
    """Progress of a call that we or the dialplan make to `peer`.

    `dialstatus`: "" when it begins, then RINGING, PROGRESS, ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION, CHANUNAVAIL.
    After create and dial, busy and no answer come as ChannelDestroyed alone (22.10.1).
    """

    dialstatus: str
    peer: ChannelSnapshot
    caller: ChannelSnapshot | None


@dataclass(frozen=True, slots=True)
class ChannelTransfer(Event):
    """Somebody's phone asks for a transfer that is left to us.

    `pii_destination`: the number asked for. `state`: empty for the request itself.
    """

    channel: ChannelSnapshot
    pii_destination: str = field(repr=False)
    destination_channel: ChannelSnapshot | None
    state: str


@dataclass(frozen=True, slots=True)
class BridgeEvent(Event):
    bridge: BridgeSnapshot


@dataclass(frozen=True, slots=True)
class BridgeCreated(BridgeEvent):
    pass


@dataclass(frozen=True, slots=True)
class BridgeDestroyed(BridgeEvent):
    pass


@dataclass(frozen=True, slots=True)
class PlaybackEvent(Event):
    playback: Playback


@dataclass(frozen=True, slots=True)
class PlaybackStarted(PlaybackEvent):
    """Sent for each of several media."""


@dataclass(frozen=True, slots=True)
class PlaybackContinuing(PlaybackEvent):
    """One of several media is over, the next begins."""


@dataclass(frozen=True, slots=True)
class PlaybackFinished(PlaybackEvent):
    """All is over. State done, also when stopped by us; failed when the sound is missing or the channel hung up."""


@dataclass(frozen=True, slots=True)
class RecordingEvent(Event):
    recording: LiveRecording


@dataclass(frozen=True, slots=True)
class RecordingStarted(RecordingEvent):
    pass


@dataclass(frozen=True, slots=True)
class RecordingFinished(RecordingEvent):
    pass


@dataclass(frozen=True, slots=True)
class RecordingFailed(RecordingEvent):
    pass


@dataclass(frozen=True, slots=True)
class ApplicationReplaced(Event):
    """Another socket took our application's name: it gets the events now, and we must stop acting."""

    application: str


@dataclass(frozen=True, slots=True)
class ApplicationMoveFailed(ChannelEvent):
    destination: str
    args: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndpointStateChange(Event):
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class PeerStatusChange(Event):
    endpoint: Endpoint
    status: str  # e.g. "Reachable", "Unreachable"


@dataclass(frozen=True, slots=True)
class ContactStatusChange(Event):
    """`status`: Reachable, Unreachable, NonQualified, Removed, ..."""

    endpoint: Endpoint
    aor: str
    status: str


@dataclass(frozen=True, slots=True)
class DeviceStateChanged(Event):
    device_state: DeviceState


def unreadable(problem: str) -> Unknown:
    """For text that is no event at all; its moment is our own clock's."""
    return Unknown(datetime.now(UTC), "", problem)
