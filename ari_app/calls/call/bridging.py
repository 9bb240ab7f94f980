"""The parties of a call put together, on hold or out; and prompts for one of them while the others go on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

import structlog

from ari_app.calls.call.flow import Flow
from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.calls.messages import PlayPrompt
from ari_app.core.call import Leg, LegEndReason
from ari_app.core.ids import ChannelId, PlaybackId, tone_id_of
from ari_app.core.transfer_rules import HOLD, TALK, Layout, Party, layout
from ari_app.prompts.phrases.parts import MUSIC, RING_TONE

log = structlog.get_logger(__name__)

_FACTS_SINCE_A_TONE = 5
#: nobody has to wait longer than this in silence
SHORT_PROMPT_SECONDS = 2.0
#: a prompt may begin a little late
PROMPT_MARGIN = timedelta(seconds=2)


def leg_of_party(flow: Flow, party: Party) -> Leg | None:
    """The leg of this party, open but for the caller's, whose end ends the call."""
    match party:
        case Party.CALLER:
            return flow.leg(flow.caller)
        case Party.HANDLING_PARTY:
            return flow.handling_party
        case Party.TARGET:
            return flow.target


async def arrange(flow: Flow, wanted: Layout) -> None:
    """Make it so that the parties hear each other as the layout says; a party that is not in it is released.

    A party that must not hear the next one is on hold before that one comes in. Raises PartyLeft with the channel of a
    party that is gone.
    """
    await flow.stop_unfinished_prompt()
    flow.with_music, flow.music_until = None, None
    for party in sorted(wanted.on_hold):
        leg = leg_of_party(flow, party)
        if leg is not None:
            await stop_prompt(flow, leg.channel_id)
            await flow.shell.switch.ensure_waiting(leg.channel_id)
    await release_others(flow, keep={flow.caller, *_channels(flow, wanted)})
    bridge_id = flow.call.bridge_id
    together = [leg for party in sorted(wanted.together) if (leg := leg_of_party(flow, party)) is not None]
    if bridge_id is not None and together:
        # The bridge of a standing line is its operator's, and so is the line in it.
        if all(leg.owns_channel for leg in together):
            await flow.shell.switch.ensure_talk_bridge(bridge_id)
        for leg in together:
            if leg.owns_channel:
                await stop_prompt(flow, leg.channel_id)
                is_caller = leg.channel_id == flow.caller
                await flow.shell.switch.ensure_in_bridge(bridge_id, leg.channel_id, keys_stay_here=not is_caller)
                if not is_caller or flow.call.has_music:
                    await flow.shell.switch.ensure_no_music(leg.channel_id)


async def put_back(flow: Flow, wanted: Layout) -> None:
    """As `arrange`, after somebody else changed what Asterisk has: the bridge itself may be gone."""
    if flow.call.bridge_id is not None and wanted.together:
        await flow.shell.switch.ensure_talk_bridge(flow.call.bridge_id)
    await arrange(flow, wanted)


def _channels(flow: Flow, wanted: Layout) -> Collection[ChannelId]:
    """The channels of the layout, and that of a colleague who is being reached."""
    placed = {leg_of_party(flow, party) for party in (*wanted.together, *wanted.on_hold)} | {flow.target}
    return {leg.channel_id for leg in placed if leg is not None}


async def release_others(flow: Flow, keep: Collection[ChannelId]) -> None:
    """Hang up every channel of this call that is not to be kept; standing lines are not the call's own."""
    for leg in flow.open_legs:
        if leg.owns_channel and leg.channel_id not in keep:
            await stop_prompt(flow, leg.channel_id)
            await flow.release(leg.channel_id)
            await flow.left(leg.channel_id, LegEndReason.RELEASED)
    await flow.commit_if_possible()  # those who stay need not wait for the rows of those who left


# --- prompts for one party ---


async def prompt_handling_party(flow: Flow, names: Sequence[str]) -> None:
    """Start a prompt that only the handling party hears; without names, stop the one that is playing.

    While they listen nothing of them is heard: a single other party hears music meanwhile, unless the prompt is short.
    """
    await _play_music_meanwhile(flow, names)
    mailbox = flow.session_mailbox(flow.call.operator_session)
    handling_party = flow.handling_party
    if handling_party is not None and handling_party.owns_channel:
        await start_prompt(flow, handling_party.channel_id, names)
    elif mailbox is not None:
        mailbox.post(PlayPrompt(tuple(names), _tone_id(flow, names)))


async def pass_key(flow: Flow, digit: str) -> None:
    """Let those who hear the handling party hear a key of theirs; of a party who leaves meanwhile a message follows."""
    for leg in _others_together(flow):
        try:
            with _of_party_that_may_leave(flow, leg.channel_id):
                await flow.shell.switch.send_key(leg.channel_id, digit)
        except SwitchUnavailable as error:
            log.warning("key_not_passed", call_id=str(flow.call.id), error=str(error))


def _others_together(flow: Flow) -> list[Leg]:
    """Those who are in one bridge with the handling party."""
    transfer = flow.open_transfer
    now_together = (TALK if flow.call.held_at is None else HOLD) if transfer is None else layout(transfer)
    others = (leg_of_party(flow, party) for party in sorted(now_together.together - {Party.HANDLING_PARTY}))
    return [leg for leg in others if leg is not None and leg.is_open]


async def _play_music_meanwhile(flow: Flow, names: Sequence[str]) -> None:
    seconds = flow.shell.voice.seconds(names, flow.call.municipality)
    if seconds <= SHORT_PROMPT_SECONDS:
        await end_music(flow)
        return
    others = _others_together(flow)
    if len(others) != 1:
        return
    channel_id = others[0].channel_id
    if channel_id == flow.caller and not flow.call.has_music and not await flow.commit_if_possible(has_music=True):
        return  # the store is away: a later process could not know of the music
    flow.with_music = channel_id
    flow.music_until = flow.now + timedelta(seconds=seconds) + PROMPT_MARGIN
    with _of_party_that_may_leave(flow, channel_id), suppress(SwitchUnavailable):
        await flow.shell.switch.ensure_music(channel_id)


async def end_music(flow: Flow) -> None:
    """The handling party has heard the prompt: the party that heard music meanwhile hears them again."""
    channel_id, flow.with_music, flow.music_until = flow.with_music, None, None
    if channel_id is None:
        return
    try:
        with _of_party_that_may_leave(flow, channel_id):
            await flow.shell.switch.ensure_no_music(channel_id)
    except SwitchUnavailable as error:
        log.warning("music_not_stopped", call_id=str(flow.call.id), error=str(error))
        flow.with_music, flow.music_until = channel_id, flow.now + PROMPT_MARGIN
        return
    if channel_id == flow.caller:
        flow.note(has_music=False)  # whatever becomes of the write: it is so
        await flow.commit_if_possible()


@contextmanager
def _of_party_that_may_leave(flow: Flow, channel_id: ChannelId) -> Iterator[None]:
    """An order about a party whose leaving is an event like any other; that of the caller ends the call."""
    try:
        yield
    except PartyLeft:
        if channel_id == flow.caller:
            raise


def _tone_id(flow: Flow, names: Sequence[str]) -> PlaybackId | None:
    return tone_id_of(flow.call.id, flow.call.last_seq) if {RING_TONE, MUSIC} & {*names} else None


async def stop_tones(flow: Flow) -> None:
    """Stop the ringing tone or music that an earlier process may have started: it has no end, or a late one.

    While it plays on a channel nothing else is heard there, not even the talk. It began at most a few facts ago.
    """
    for seq in range(max(0, flow.call.last_seq - _FACTS_SINCE_A_TONE), flow.call.last_seq + 1):
        with suppress(SwitchUnavailable):
            await flow.shell.switch.stop_playback(tone_id_of(flow.call.id, seq))


async def start_prompt(flow: Flow, channel_id: ChannelId, names: Sequence[str]) -> None:
    """Start a prompt on a channel of this call and return at once; the one that is playing there stops."""
    await stop_prompt(flow, channel_id)
    media = flow.shell.voice.media(names, flow.call.municipality)
    if not media:
        return
    playback_id = flow.prompts_of[channel_id] = _tone_id(flow, names) or flow.new_playback_id()
    try:
        await flow.shell.switch.play(channel_id, media, playback_id)
    except SwitchUnavailable as error:
        log.warning("prompt_not_played", call_id=str(flow.call.id), error=str(error))
        del flow.prompts_of[channel_id]
    except PartyLeft:
        del flow.prompts_of[channel_id]  # its `Left` follows


async def stop_prompt(flow: Flow, channel_id: ChannelId) -> None:
    """Stop the prompt on this channel: a channel that is playing is not moved before the end."""
    playback_id = flow.prompts_of.pop(channel_id, None)
    if playback_id is not None:
        with suppress(SwitchUnavailable):
            await flow.shell.switch.stop_playback(playback_id)
