"""A switch that connects nobody and remembers everything; the test plays the people on the phones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ari_app.calls.errors import DestinationUnavailable, PartyLeft, SwitchUnavailable
from ari_app.calls.messages import Entered, Held, Left, Message, Played, Unheld, Up
from ari_app.core.ids import BridgeId, CallId, ChannelId, Endpoint, PlaybackId
from ari_app.core.outbound import outside_endpoint
from ari_app.core.presence import Presence, presence_of
from tests.fakes.clock import FakeClock

WAITING = BridgeId("waiting-1")


class _Order:
    """An order, and in its block what obeying it does. A class: most orders of most tests come by here."""

    __slots__ = ("_order", "_switch")

    def __init__(self, switch: FakeSwitch, order: tuple[str, ...]) -> None:
        self._switch = switch
        self._order = order

    async def __aenter__(self) -> None:
        switch, order = self._switch, self._order
        switch.orders.append(order)
        for _ in range(switch.turns()):
            await asyncio.sleep(0)
        task = asyncio.current_task()
        for channel_id in switch.channels.intersection(order[1:]):
            switch.ordered_by.setdefault(channel_id, set()).add("" if task is None else task.get_name())
        await self._answer(is_done=False)

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None:
            await self._answer(is_done=True)

    async def _answer(self, *, is_done: bool) -> None:
        if self._switch.trouble(self._order, is_done):
            await asyncio.Event().wait()


@dataclass
class FakeSwitch:
    """Obeys as Asterisk would: messages follow orders, and orders about channels that are gone raise PartyLeft.

    Prompts end at once unless `prompts_last` is set; then the test says `finish_prompt`. `trouble` is asked twice
    about each order, before it is obeyed and after (then `is_done`). It may raise: the order is refused, its answer is
    lost; it may be True: there is no answer, ever. `turns` is how often others get their turn before it is obeyed.
    """

    clock: FakeClock
    post: Callable[[ChannelId, Message], object]
    prompts_last: bool = False
    orders: list[tuple[str, ...]] = field(default_factory=list)
    channels: set[ChannelId] = field(default_factory=set)
    up: set[ChannelId] = field(default_factory=set)
    bridges: dict[BridgeId, set[ChannelId]] = field(default_factory=dict)
    waiting: set[ChannelId] = field(default_factory=set)
    music: set[ChannelId] = field(default_factory=set)
    playing: dict[PlaybackId, ChannelId] = field(default_factory=dict)
    said: list[tuple[ChannelId, tuple[str, ...]]] = field(default_factory=list)
    held: set[ChannelId] = field(default_factory=set)
    without_phone: set[ChannelId] = field(default_factory=set)  # hung up, and Asterisk did not end the channel
    strangers: set[ChannelId] = field(default_factory=set)  # channels of somebody else
    heard_whole: list[tuple[ChannelId, tuple[str, ...]]] = field(default_factory=list)
    fallback: dict[ChannelId, str] = field(default_factory=dict)
    unregistered: set[Endpoint] = field(default_factory=set)
    in_call: set[Endpoint] = field(default_factory=set)  # with somebody we know nothing of
    hides_presence: bool = False
    ringing: dict[ChannelId, Endpoint] = field(default_factory=dict)
    created: dict[ChannelId, tuple[Endpoint, CallId, datetime]] = field(default_factory=dict)
    outbound: str = "PJSIP/{number}@trunk"
    moved_while_playing: list[ChannelId] = field(default_factory=list)  # Asterisk would hold the move up
    ordered_by: dict[str, set[str]] = field(default_factory=dict)  # the names of the tasks, by channel
    asterisk_started_at: datetime = datetime.min.replace(tzinfo=UTC)
    trouble: Callable[[tuple[str, ...], bool], bool] = field(default=lambda order, is_done: False)
    turns: Callable[[], int] = field(default=lambda: 0)
    _words: dict[PlaybackId, tuple[str, ...]] = field(default_factory=dict)

    def _order(self, name: str, *about: str) -> _Order:
        return _Order(self, (name, *about))

    def _there(self, channel_id: ChannelId) -> None:
        if channel_id not in self.channels or channel_id in self.fallback:
            raise PartyLeft(channel_id)

    # --- what the application orders ---

    async def ensure_answered(self, channel_id: ChannelId) -> None:
        async with self._order("answer", channel_id):
            self._there(channel_id)
            if channel_id not in self.up:
                self.pick_up(channel_id)

    async def play(self, channel_id: ChannelId, media: Sequence[str], playback_id: PlaybackId) -> None:
        async with self._order("play", channel_id):
            self._there(channel_id)
            if playback_id in self.playing:
                self.post(channel_id, Played(playback_id, self.clock.now(), failed=True))
                return
            self.said.append((channel_id, tuple(media)))
            self._words[playback_id] = tuple(media)
            self.playing[playback_id] = channel_id
            if not self.prompts_last:
                self._end_playback(playback_id)

    async def stop_playback(self, playback_id: PlaybackId) -> None:
        async with self._order("stop", playback_id):
            if playback_id in self.playing:
                self._end_playback(playback_id, is_whole=False)

    async def playback_is_live(self, playback_id: PlaybackId) -> bool:
        return playback_id in self.playing

    async def ensure_talk_bridge(self, bridge_id: BridgeId) -> None:
        async with self._order("bridge", bridge_id):
            self.bridges.setdefault(bridge_id, set())

    async def ensure_in_bridge(
        self, bridge_id: BridgeId, channel_id: ChannelId, *, keys_stay_here: bool = False
    ) -> None:
        async with self._order("join", bridge_id, channel_id, "keys stay" if keys_stay_here else ""):
            self._there(channel_id)
            if bridge_id not in self.bridges:
                raise SwitchUnavailable(f"there is no bridge {bridge_id}")
            self._move(channel_id, self.bridges[bridge_id])

    async def phone_has_gone(self, channel_id: ChannelId) -> bool:
        return channel_id not in self.channels or channel_id in self.without_phone

    async def ensure_not_in_bridge(self, bridge_id: BridgeId, channel_id: ChannelId) -> None:
        async with self._order("take out", bridge_id, channel_id):
            (self.waiting if bridge_id == WAITING else self.bridges.get(bridge_id, set())).discard(channel_id)

    async def ensure_music(self, channel_id: ChannelId) -> None:
        async with self._order("music", channel_id):
            self._there(channel_id)
            self.music.add(channel_id)

    async def ensure_no_music(self, channel_id: ChannelId) -> None:
        async with self._order("no music", channel_id):
            self._there(channel_id)
            self.music.discard(channel_id)

    async def ensure_waiting(self, channel_id: ChannelId, until: datetime | None = None) -> None:
        async with self._order("wait", channel_id):
            self._there(channel_id)
            self._move(channel_id, self.waiting)
            self.music.add(channel_id)

    async def destroy_bridge(self, bridge_id: BridgeId) -> None:
        async with self._order("destroy", bridge_id):
            self.bridges.pop(bridge_id, None)

    async def create(
        self,
        endpoint: Endpoint,
        channel_id: ChannelId,
        call_id: CallId,
        caller_id: str,
        like: ChannelId | None = None,
    ) -> None:
        async with self._order("create", endpoint, channel_id):
            if endpoint in self.unregistered:
                raise DestinationUnavailable(endpoint)
            if channel_id in self.created:
                return
            now = self.clock.now()
            self.channels.add(channel_id)
            self.created[channel_id] = (endpoint, call_id, now)
            self.post(channel_id, Entered(channel_id, now, now))

    async def send_key(self, channel_id: ChannelId, digit: str) -> None:
        async with self._order("key", channel_id, digit):
            self._there(channel_id)

    async def dial(self, channel_id: ChannelId) -> None:
        async with self._order("dial", channel_id):
            self._there(channel_id)
            if channel_id not in self.up:
                self.ringing[channel_id] = self.created[channel_id][0]

    async def hang_up(self, channel_id: ChannelId, cause: int = 16) -> None:
        async with self._order("hang up", channel_id, str(cause)):
            if channel_id in self.strangers:
                self.strangers.discard(channel_id)
                self._leave_bridges(channel_id)
            if channel_id in self.channels:
                self.leave(channel_id, cause)

    async def to_fallback(self, channel_id: ChannelId, reason: str) -> None:
        async with self._order("fallback", channel_id, reason):
            self._there(channel_id)
            self._leave_bridges(channel_id)
            self.fallback[channel_id] = reason

    async def presence(self, endpoint: Endpoint) -> Presence:
        if self.hides_presence:
            raise SwitchUnavailable(endpoint)
        calls = [*self.ringing.values(), *self.in_call].count(endpoint)
        return presence_of(endpoint not in self.unregistered, calls)

    async def started_at(self) -> datetime:
        return self.asterisk_started_at

    def outside(self, e164: str) -> Endpoint | None:
        return outside_endpoint(self.outbound, e164)

    # --- what people do ---

    def pick_up(self, channel_id: ChannelId) -> None:
        self.up.add(channel_id)
        self.ringing.pop(channel_id, None)
        self.post(channel_id, Up(channel_id, self.clock.now()))

    def bring_in(self, channel_id: ChannelId, bridge_id: BridgeId) -> None:
        """Somebody else moves a channel into a bridge of ours: one of theirs, or of ours."""
        if channel_id not in self.channels:
            self.strangers.add(channel_id)
        self._leave_bridges(channel_id)
        (self.waiting if bridge_id == WAITING else self.bridges[bridge_id]).add(channel_id)

    def hold(self, channel_id: ChannelId) -> None:
        self.held.add(channel_id)
        self.post(channel_id, Held(channel_id, self.clock.now()))

    def take_back(self, channel_id: ChannelId) -> None:
        self.held.discard(channel_id)
        self.post(channel_id, Unheld(channel_id, self.clock.now()))

    def leave(self, channel_id: ChannelId, cause: int = 16) -> None:
        self.channels.discard(channel_id)
        self.up.discard(channel_id)
        self.held.discard(channel_id)
        self.ringing.pop(channel_id, None)
        self._leave_bridges(channel_id)
        for playback_id in [p for p, c in self.playing.items() if c == channel_id]:
            self._end_playback(playback_id, failed=True)
        self.post(channel_id, Left(channel_id, self.clock.now(), cause))

    def vanish_one(self, channel_id: ChannelId) -> None:
        """Somebody leaves, and the message of it is lost."""
        post, self.post = self.post, lambda channel_id, message: None
        self.leave(channel_id)
        self.post = post

    def vanish(self) -> None:
        """Asterisk dies: every channel is gone, without an event."""
        for held in (self.channels, self.up, self.bridges, self.waiting, self.music, self.playing, self.ringing):
            held.clear()

    def finish_prompt(self, channel_id: ChannelId, *, failed: bool = False) -> None:
        """The prompt of this channel ends; `failed`: Asterisk could not play it."""
        for playback_id in [p for p, c in self.playing.items() if c == channel_id]:
            self._end_playback(playback_id, failed=failed)

    def _end_playback(self, playback_id: PlaybackId, *, failed: bool = False, is_whole: bool = True) -> None:
        channel_id = self.playing.pop(playback_id)
        if is_whole and not failed:
            self.heard_whole.append((channel_id, self._words[playback_id]))
        self.post(channel_id, Played(playback_id, self.clock.now(), failed))

    def _move(self, channel_id: ChannelId, members: set[ChannelId]) -> None:
        if channel_id not in members and channel_id in self.playing.values():
            self.moved_while_playing.append(channel_id)
        self._leave_bridges(channel_id)
        members.add(channel_id)

    def _leave_bridges(self, channel_id: ChannelId) -> None:
        self.waiting.discard(channel_id)
        for members in self.bridges.values():
            members.discard(channel_id)

    # --- what a test asks ---

    def partners(self, channel_id: ChannelId) -> set[ChannelId]:
        """The channels that hear this one."""
        return {m for members in self.bridges.values() if channel_id in members for m in members} - {channel_id}

    def in_hand(self) -> set[ChannelId]:
        """The channels that are in the application's hands."""
        return self.channels - self.fallback.keys()

    def heard(self, channel_id: ChannelId) -> list[str]:
        """The names of all prompts played to this channel, in order."""
        return [name for channel, names in self.said if channel == channel_id for name in names]
