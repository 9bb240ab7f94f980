"""Calls of which the application may have written no row, read from the channel event log afterwards.

The fallback took them while the application was away, or they were one too many and heard busy. Or they came and went
in the application: it writes their rows by itself, unless it was killed while the store was away.

The phone that answered a caller is found by the bridge that both were in. Phones that only rang are found by the linked
id. Two callers in the fallback may share a linked id, because the same operator's line had them before; then a phone
that rang for either counts for the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ari_app.core.event_log.cel import CelEvent, CelKind, ChannelHistory, ChannelRole, LogPosition, new_history
from ari_app.core.ids import ChannelId, Endpoint

#: how the ids of bridges begin in which callers wait with music
_WAITING = "waiting-"


@dataclass(frozen=True, slots=True)
class FallbackCall:
    """A call that the fallback took, that was refused, or that came and went in the application.

    `helped_at` is None when no human answered.

    `call_id` is that of the call's row, if the application had the call before. Instants come from Asterisk.
    """

    call_id: str
    channel_id: ChannelId
    dialled: str  # empty if the log begins after the start of the call
    started_at: datetime
    line_answered_at: datetime | None  # answered for a prompt or music, not by a human
    fallback_at: datetime
    reason: str  # e.g. no_heartbeat, stasis_failed; of a call that was refused: the limit
    helped_at: datetime | None
    helped_by: Endpoint | None
    ended_at: datetime | None  # None while it lasts
    hangup_cause: int | None
    was_in_application: bool  # then the call has a row, or should have one
    phones: tuple[ChannelHistory, ...]  # all phones that rang for this caller
    was_refused: bool = False
    came_and_went: bool = False  # in the application, and met nobody; `fallback_at` is its end
    waited_from: datetime | None = None  # first with the music of those who wait, if that was before `fallback_at`


def endpoint_of(channel_name: str) -> Endpoint:
    """The endpoint of a channel: "PJSIP/phone01-0000002f" is one of PJSIP/phone01."""
    return Endpoint(channel_name.rpartition("-")[0])


def fallback_calls(histories: Iterable[ChannelHistory]) -> list[FallbackCall]:
    """Every call that went to the fallback, in the order of that moment.

    Histories without a call id are skipped: those callers hung up before the dialplan began.
    """
    phones_in: dict[str, list[ChannelHistory]] = {}  # by bridge for those that answered, else by linked id
    callers = []
    for history in histories:
        if history.role is ChannelRole.FALLBACK_PHONE:
            for place in [span.bridge_id for span in history.bridges] or history.linked_ids:
                phones_in.setdefault(place, []).append(history)
        elif (kept_at := _kept_at(history)) is not None and history.call_id:
            callers.append((kept_at, history))
    taken: set[ChannelId] = set()
    calls = []
    for fallback_at, caller in sorted(callers, key=lambda pair: pair[0]):
        places = [*(span.bridge_id for span in caller.bridges), *caller.linked_ids]
        near = {phone.channel_id: phone for place in places for phone in phones_in.get(place, ())}
        rang = [phone for phone in near.values() if phone.channel_id not in taken and _rang(phone, caller, fallback_at)]
        taken.update(phone.channel_id for phone in rang)
        calls.append(_call(caller, fallback_at, sorted(rang, key=lambda phone: phone.first_seen_at)))
    return calls


def _kept_at(history: ChannelHistory) -> datetime | None:
    """When the dialplan took this call, or refused it; None when it did neither."""
    return history.fallback_at or history.refused_at


def _rang(phone: ChannelHistory, caller: ChannelHistory, fallback_at: datetime) -> bool:
    if phone.bridges:
        return _met_at(phone, caller, fallback_at) is not None
    return phone.first_seen_at >= fallback_at and (caller.ended_at is None or phone.first_seen_at <= caller.ended_at)


def _met_at(phone: ChannelHistory, caller: ChannelHistory, fallback_at: datetime) -> datetime | None:
    """The first moment at which both were in the same bridge; None if there is none."""
    entered = {span.bridge_id: span.from_at for span in phone.bridges}
    return min(
        (
            max(span.from_at, entered[span.bridge_id])
            for span in caller.bridges
            if span.bridge_id in entered and span.from_at >= fallback_at
        ),
        default=None,
    )


def _call(caller: ChannelHistory, fallback_at: datetime, phones: Sequence[ChannelHistory]) -> FallbackCall:
    met = [(at, phone) for phone in phones if (at := _met_at(phone, caller, fallback_at)) is not None]
    helped_at, helper = min(met, key=lambda pair: pair[0], default=(None, None))
    return FallbackCall(
        call_id=caller.call_id or "",
        channel_id=caller.channel_id,
        dialled=caller.exten if caller.started_at else "",
        started_at=caller.started_at or caller.first_seen_at,
        line_answered_at=caller.answered_at,
        fallback_at=fallback_at,
        reason=caller.fallback_reason or caller.refused_reason or "",
        helped_at=helped_at,
        helped_by=endpoint_of(helper.name) if helper else None,
        ended_at=caller.ended_at,
        hangup_cause=caller.hangup_cause,
        was_in_application=caller.was_in_application,
        phones=tuple(phones),
        was_refused=caller.fallback_at is None,
        waited_from=min((at for at in _waits(caller) if at <= fallback_at), default=None),
    )


def _waits(caller: ChannelHistory) -> list[datetime]:
    """Each moment at which the caller began to hear the music of those who wait."""
    return [span.from_at for span in caller.bridges if span.bridge_id.startswith(_WAITING)]


def passing_call(caller: ChannelHistory) -> FallbackCall | None:
    """A call that came and went in the application; None for any other, and for a caller who met somebody."""
    if caller.role is not ChannelRole.CITIZEN or not caller.call_id or caller.ended_at is None:
        return None
    if _kept_at(caller) is not None or len(_waits(caller)) < len(caller.bridges):
        return None
    return replace(_call(caller, caller.ended_at, ()), was_refused=False, came_and_went=True)


class FallbackWatch:
    """Follows the log as it grows, and returns each fallback call, and each that came and went, once, after its end.

    Keeps only live channels and the phones of fallback calls that last; operators' lines are not kept.
    """

    def __init__(self) -> None:
        self._channels: dict[ChannelId, ChannelHistory] = {}
        self._begun: dict[ChannelId, LogPosition] = {}  # in the order of the log

    def add(self, events: Iterable[tuple[LogPosition, CelEvent]]) -> list[FallbackCall]:
        """Add rows, each with its place in the log; returns the calls that ended with them."""
        for position, event in events:
            known = self._channels.get(event.channel_id)
            if known is not None:
                self._channels[event.channel_id] = known.with_event(event)
            elif event.kind in (CelKind.CHAN_START, CelKind.FALLBACK, CelKind.REFUSED) and not _is_operator_line(event):
                self._channels[event.channel_id] = new_history(event)
                self._begun[event.channel_id] = position
        return self._release(over=_is_over)

    def asterisk_was_restarted(self, at: datetime) -> list[FallbackCall]:
        """Asterisk died without writing ends; returns the fallback calls from before `at`, with `ended_at` None."""
        calls = self._release(over=lambda call: call.fallback_at < at)
        for channel_id, history in list(self._channels.items()):
            if history.first_seen_at < at:
                del self._channels[channel_id], self._begun[channel_id]
        return calls

    def _release(self, over: Callable[[FallbackCall], bool]) -> list[FallbackCall]:
        done: list[FallbackCall] = []
        live: list[FallbackCall] = []
        for call in fallback_calls(self._channels.values()):
            (done if over(call) else live).append(call)
        kept = {phone.channel_id for call in live for phone in call.phones}
        gone = {call.channel_id for call in done} | {phone.channel_id for call in done for phone in call.phones}
        for channel_id, history in list(self._channels.items()):
            ended_without_fallback = history.ended_at is not None and _kept_at(history) is None
            if channel_id in gone or (ended_without_fallback and channel_id not in kept):
                del self._channels[channel_id], self._begun[channel_id]
                passing = passing_call(history)
                if passing is not None:
                    done.append(passing)
        return sorted(done, key=lambda call: call.ended_at or call.fallback_at)

    @property
    def needed_from(self) -> LogPosition | None:
        """The place from which a new watch must read to know all that this one knows; None: nothing is open."""
        return next(iter(self._begun.values()), None)


def _is_operator_line(event: CelEvent) -> bool:
    return event.context == "from-phones" and event.exten != "s"


def _is_over(call: FallbackCall) -> bool:
    return call.ended_at is not None and all(phone.ended_at is not None for phone in call.phones)
