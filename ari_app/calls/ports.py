"""The ports of the calls room: a switch that connects people, a ledger that stores, a voice that speaks.

All are fulfilled by shape: `calls.switch` over ARI, `storage.calls.ledger` over Postgres and `prompts.voice` in the
program, small fakes in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ari_app.core.call import Call, Fact, Leg
from ari_app.core.causes import Cause
from ari_app.core.ids import AsteriskId, BridgeId, CallId, ChannelId, Endpoint, OperatorNumber, PlaybackId
from ari_app.core.ledger import OpenRows, PinVerdict
from ari_app.core.operators import OperatorLine, OperatorSession
from ari_app.core.presence import Presence
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.survey import SurveyAnswer
from ari_app.core.transfer import Transfer


class Switch(Protocol):
    """Orders to Asterisk. Each is idempotent: it makes something so, however often it is given.

    Raises PartyLeft when the channel is gone, SwitchUnavailable when Asterisk did not do it.
    """

    async def ensure_answered(self, channel_id: ChannelId) -> None: ...

    async def play(self, channel_id: ChannelId, media: Sequence[str], playback_id: PlaybackId) -> None:
        """Start playing; a `Played` with this id follows.

        On a line that is not answered it is early media: the caller hears it, and does not pay.
        """
        ...

    async def stop_playback(self, playback_id: PlaybackId) -> None:
        """Stop a playback; nothing happens when it is over already."""
        ...

    async def playback_is_live(self, playback_id: PlaybackId) -> bool: ...

    async def ensure_talk_bridge(self, bridge_id: BridgeId) -> None: ...

    async def ensure_in_bridge(
        self, bridge_id: BridgeId, channel_id: ChannelId, *, keys_stay_here: bool = False
    ) -> None:
        """Move the channel into the bridge from wherever it is; its own music, if any, goes along.

        No playback may run on it: it would delay the move until its end. `keys_stay_here`: the others do not hear
        its DTMF.
        """
        ...

    async def phone_has_gone(self, channel_id: ChannelId) -> bool:
        """Whether the call of the phone behind this channel is over, although the channel may still be there.

        For a channel that obeys no order: Asterisk may fail to end one whose phone hung up while it entered a bridge.
        """
        ...

    async def ensure_not_in_bridge(self, bridge_id: BridgeId, channel_id: ChannelId) -> None:
        """Take the channel out of this bridge; nothing happens when it is not there, or gone."""
        ...

    async def ensure_music(self, channel_id: ChannelId) -> None:
        """Let the channel hear music, wherever it is, and nothing else until `ensure_no_music`."""
        ...

    async def ensure_no_music(self, channel_id: ChannelId) -> None:
        """Nothing but the others in its bridge is heard on this channel."""
        ...

    async def ensure_waiting(self, channel_id: ChannelId, until: datetime | None = None) -> None:
        """Move the channel to where callers wait, each with their own music; the music outlives this process.

        Raises TooLate when more urgent orders left it no turn before `until`; nothing is done then.
        """
        ...

    async def destroy_bridge(self, bridge_id: BridgeId) -> None: ...

    async def create(
        self,
        endpoint: Endpoint,
        channel_id: ChannelId,
        call_id: CallId,
        caller_id: str,
        like: ChannelId | None = None,
    ) -> None:
        """Create a channel that does not ring yet; `Entered` follows, and then it may be dialled.

        `caller_id` is the number that the phone shows; `like`: whose kind of sound it is offered first. Raises
        DestinationUnavailable when no phone is registered there.
        """
        ...

    async def send_key(self, channel_id: ChannelId, digit: str) -> None:
        """Let the phone of this channel hear a key."""
        ...

    async def dial(self, channel_id: ChannelId) -> None:
        """Let the phone of a created channel ring; `Up` or `Left` follows."""
        ...

    async def hang_up(self, channel_id: ChannelId, cause: int = Cause.NORMAL_CLEARING) -> None:
        """Hang up with this Q.850 cause; nothing happens when it is gone already."""
        ...

    async def to_fallback(self, channel_id: ChannelId, reason: str) -> None:
        """Hand the caller back to the dialplan, whose fallback serves them without us."""
        ...

    async def presence(self, endpoint: Endpoint) -> Presence:
        """Whether the phone there can be reached. Raises SwitchUnavailable when Asterisk cannot say."""
        ...

    async def started_at(self) -> datetime:
        """When Asterisk was started, by its own clock. Raises SwitchUnavailable when it cannot say."""
        ...

    def outside(self, e164: str) -> Endpoint | None:
        """The endpoint at which a number outside is dialled; None where nothing leads outside."""
        ...


class Ledger(Protocol):
    """The store of calls and operators. Raises StoreUnavailable when away, StaleRow when another process owns a row."""

    async def store(
        self,
        call: Call,
        facts: Sequence[Fact],
        legs: Sequence[Leg],
        transfers: Sequence[Transfer] = (),
        visits: Sequence[QueueVisit] = (),
        answers: Sequence[SurveyAnswer] = (),
    ) -> Call:
        """One commit: the call's row, new facts, changed legs, transfers, visits and answers.

        Returns the call with its new `last_seq`.
        """
        ...

    async def allowed_transfers(self, call_id: CallId) -> int:
        """The number of transfers beyond the two of AV §2 that a supervisor allowed for this call."""
        ...

    async def call(self, call_id: CallId) -> Call | None:
        """The row of a call, also of one that is over."""
        ...

    async def store_line(self, line: OperatorLine) -> None: ...

    async def store_session(self, session: OperatorSession, is_estimated: bool = False) -> None:
        """The row, and the state that is over with it as a stretch; `is_estimated`: nobody saw when that ended."""
        ...

    async def open_rows(self, asterisk_id: AsteriskId) -> OpenRows: ...

    async def open_versions(self, asterisk_id: AsteriskId) -> Mapping[UUID, int]:
        """The open calls, lines and sessions by id, each with how often it was written: cheaper than their rows."""
        ...

    async def check_pin(self, operator: str, pin: str, endpoint: Endpoint, now: datetime) -> PinVerdict:
        """`endpoint`: the phone on which it was keyed; wrong ones count for number and phone."""
        ...

    async def operator_at_page(self, name: str, now: datetime) -> OperatorNumber | None:
        """Whose the page is that is this phone (`core.browser_phones`); None: its login is over."""
        ...


class Voice(Protocol):
    """Turns prompt names into media for the switch; a municipality's own recordings go before the common ones."""

    def media(self, names: Sequence[str], municipality: str | None) -> tuple[str, ...]: ...

    def seconds(self, names: Sequence[str], municipality: str | None) -> float:
        """How long these prompts take to play."""
        ...

    async def say(self, text: str) -> tuple[str, ...]:
        """The prompt names of a free text, such as a note; none where it cannot be spoken."""
        ...
