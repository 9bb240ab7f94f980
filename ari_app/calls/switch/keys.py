"""Keys as a person pressed them: Asterisk reports some of them twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from ari_app.ari.events import ChannelDtmfReceived


class Keys:
    """Tells a key from its repetition.

    On Asterisk 22.10.1 a phone that sends no sound (muted, silence suppression) and presses a key just when a prompt
    ends gives ChannelDtmfReceived twice for each of the next keys, 10 to 30 ms apart, from one RFC 4733 event: a frame
    that had to wait for the sound of the key before is reported when it comes and again when its turn is there.

    Of a key that had to wait, the duration is counted from the end of the one before, and is a millisecond too long now
    and then: 3 at 43.765 and 3 at 43.924 with 160 ms were two presses of 100 ms each (22.10.1).
    """

    _IMPRECISION = timedelta(milliseconds=10)
    #: a busy machine reports a key late, so two presses come closer together than they were; but nobody presses a key
    #: twice within this time
    _REPETITION = timedelta(milliseconds=50)

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, datetime]] = {}

    def is_pressed(self, event: ChannelDtmfReceived) -> bool:
        """Whether this is a press of its own: the same key cannot go down again before it has come up."""
        channel_id, digit = event.channel.id, event.pii_digit
        last_digit, up_at = self._last.get(channel_id, ("", event.at))
        down_at = event.at - timedelta(milliseconds=event.duration_ms)
        is_still_down = down_at + self._IMPRECISION < up_at
        if digit == last_digit and is_still_down and event.at - up_at < self._REPETITION:
            return False
        self._last[channel_id] = (digit, event.at)
        return True

    def forget(self, channel_id: str) -> None:
        """This channel is gone."""
        self._last.pop(channel_id, None)
