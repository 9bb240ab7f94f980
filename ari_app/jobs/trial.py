"""What callers hear who call from a page of the demonstration, told to that page as it is played.

Asterisk itself says which sound begins (PlaybackStarted): nothing is shown that is not heard at that moment.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from ari_app.ari.events import ChannelDestroyed, PlaybackFinished, PlaybackStarted, StasisStart
from ari_app.ari.snapshots import ChannelSnapshot, Playback
from ari_app.ari.stream import Item
from ari_app.core.trial import is_trial_channel
from ari_app.storage.db.notifications import NO_PROMPT, TRIAL_CHANNEL, Notifier

#: the event that is needed besides those of `calls.switch`
EVENT_TYPE = "PlaybackStarted"
_CALL_ID = "CALL_ID"


@dataclass(frozen=True, slots=True)
class _Line:
    sip_id: str
    call_id: str


class TrialListener:
    """One per controller, and only in the demonstration."""

    def __init__(self, notifier: Notifier, sounds_dir: Path) -> None:
        self._notifier = notifier
        self._sounds = f"sound:{sounds_dir.absolute()}/"
        self._lines: dict[str, _Line] = {}
        self._numbers = count(1)

    async def over(self, items: AsyncIterable[Item]) -> AsyncIterator[Item]:
        """The same items, each of them looked at first."""
        async for item in items:
            self._see(item)
            yield item

    def _see(self, item: Item) -> None:
        match item:
            case StasisStart(channel=channel) if is_trial_channel(channel.name):
                self._begin(channel)
            case PlaybackStarted(playback=playback):
                self._tell(self._line_of(playback), playback.media_uri.removeprefix(self._sounds))
            case PlaybackFinished(playback=playback):
                self._tell(self._line_of(playback), NO_PROMPT)
            case ChannelDestroyed(channel=channel):
                self._lines.pop(channel.id, None)

    def _begin(self, channel: ChannelSnapshot) -> None:
        call_id = channel.variables.get(_CALL_ID, "")
        if call_id and channel.protocol_id:
            self._lines[channel.id] = line = _Line(channel.protocol_id, call_id)
            self._tell(line, NO_PROMPT)

    def _line_of(self, playback: Playback) -> _Line | None:
        return self._lines.get(playback.target_uri.removeprefix("channel:"))

    def _tell(self, line: _Line | None, prompt: str) -> None:
        if line is None:
            return
        # With a number of its own: a prompt that is played twice is heard twice.
        self._notifier.notify(TRIAL_CHANNEL, f"{line.sip_id} {line.call_id} {next(self._numbers)} {prompt}")
