"""Asterisk's events become messages: the only place where both are known."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from datetime import datetime

import structlog

from ari_app.ari import events
from ari_app.ari.stream import Connected, Gap, Item
from ari_app.calls import messages
from ari_app.calls.errors import ControllerReplaced
from ari_app.calls.supervisor import Supervisor
from ari_app.calls.switch.keys import Keys
from ari_app.calls.switch.snapshot import live_channel
from ari_app.core.ids import ChannelId, PlaybackId

log = structlog.get_logger(__name__)

#: the events that tasks need; the others cost Asterisk and us time
EVENT_TYPES = (
    "StasisStart",
    "ChannelDestroyed",
    "ChannelStateChange",
    "ChannelDtmfReceived",
    "ChannelHold",
    "ChannelUnhold",
    "PlaybackFinished",
    "ApplicationReplaced",
)


async def listen(
    stream: AsyncIterable[Item],
    application: str,
    supervisor: Supervisor,
    close_gap: Callable[[Connected], Awaitable[None]],
    event_came: Callable[[datetime], None],
) -> None:
    """Post the events as messages, for as long as the stream lasts. `event_came` is told the moment of each.

    `close_gap` is awaited at each (re)connect, while later events wait in the stream. Raises ControllerReplaced when
    another socket took our application's name.
    """
    keys = Keys()
    async for item in stream:
        match item:
            case Connected():
                await close_gap(item)
            case Gap(from_at, to_at):
                log.warning("events_missed", from_at=from_at.isoformat(), to_at=to_at.isoformat())
            case events.ApplicationReplaced():
                raise ControllerReplaced(application)
            case _:
                event_came(item.at)
                _post(item, application, supervisor, keys)


def _post(event: events.Event, application: str, supervisor: Supervisor, keys: Keys) -> None:
    match event:
        case events.StasisStart(channel=channel, args=args, at=at):
            channel_id = ChannelId(channel.id)
            if args and args[0] == "leg":
                supervisor.post(channel_id, messages.Entered(channel_id, channel.created_at, at))
            else:
                supervisor.accept_channel(live_channel(channel, application))
        case events.ChannelDtmfReceived(channel=channel, pii_digit=digit, at=at):
            if keys.is_pressed(event):
                channel_id = ChannelId(channel.id)
                supervisor.post(channel_id, messages.Digit(channel_id, digit, at))
        case events.ChannelStateChange(channel=channel, at=at):
            if channel.is_up:
                channel_id = ChannelId(channel.id)
                supervisor.post(channel_id, messages.Up(channel_id, at))
        case events.ChannelHold(channel=channel, at=at):
            channel_id = ChannelId(channel.id)
            supervisor.post(channel_id, messages.Held(channel_id, at))
        case events.ChannelUnhold(channel=channel, at=at):
            channel_id = ChannelId(channel.id)
            supervisor.post(channel_id, messages.Unheld(channel_id, at))
        case events.ChannelDestroyed(channel=channel, cause=cause, at=at):
            keys.forget(channel.id)
            channel_id = ChannelId(channel.id)
            supervisor.post(channel_id, messages.Left(channel_id, at, cause))
        case events.PlaybackFinished(playback=playback, at=at):
            kind, _, target = playback.target_uri.partition(":")
            if kind == "channel":
                played = messages.Played(PlaybackId(playback.id), at, failed=playback.state == "failed")
                supervisor.post(ChannelId(target), played)
