"""Rows of the channel event log (CEL), Asterisk's own account of its channels, and the history of each channel.

As written by Asterisk 22.10.1, observed on a running one:
* CHAN_END has the same moment as the channel's HANGUP row; only HANGUP has the hang-up cause, which is 0 when the
  caller hung up before being in a bridge.
* Rows before the dialplan sets the call id (userfield) do not have it: CHAN_START never does.
* A user event has its own name as the type of the row, and `{"extra": "<text>"}` as its extra.
* The linked id of a channel changes when it is bridged with an older channel: a caller who was connected to an
  operator's standing line keeps that line's linked id.
* APP_START and APP_END of Stasis frame the time in which the application holds a channel.
* A phone that Queue() rings has context "from-phones", extension "s", application "AppQueue", and no call id.
* A channel that the application creates has the id that the application chose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from ari_app.core.ids import BridgeId, ChannelId

#: the columns of asterisk-conf/cel_custom.conf, in this order; further columns are ignored
COLUMNS = (
    "eventtype",
    "eventtime",
    "uniqueid",
    "linkedid",
    "channame",
    "userfield",
    "context",
    "exten",
    "appname",
    "extra",
    "peer",
    "accountcode",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_CELL = 256  # characters: the most that Asterisk's userfield holds; all others are shorter
_LONGEST_WORD = 64  # of a text in the extra
_HIGHEST_CAUSE = 2**15 - 1  # those of Q.850 end at 127; Asterisk may have others of its own
_STASIS = "Stasis"
_QUEUE_LEG = "AppQueue"


@dataclass(frozen=True, slots=True)
class LogPosition:
    """A place in the channel event log: a byte of one file, which is identified by its content, not by its name."""

    file_identity: str
    byte: int


class CelKind(StrEnum):
    """The types of rows that we use; any other type is kept as its text."""

    CHAN_START = "CHAN_START"
    ANSWER = "ANSWER"
    HANGUP = "HANGUP"
    CHAN_END = "CHAN_END"
    BRIDGE_ENTER = "BRIDGE_ENTER"
    BRIDGE_EXIT = "BRIDGE_EXIT"
    APP_START = "APP_START"
    APP_END = "APP_END"
    FALLBACK = "FALLBACK"  # our own event of the dialplan: the fallback takes this call
    REFUSED = "REFUSED"  # our own event of the dialplan: as many calls as may be are there already


@dataclass(frozen=True, slots=True)
class CelEvent:
    """One row of the channel event log."""

    kind: str
    at: datetime
    channel_id: ChannelId
    linked_id: str
    channel_name: str
    call_id: str  # empty when not known yet
    context: str
    exten: str
    app: str
    extra: Mapping[str, object] = field(default_factory=dict)


def parse_row(cells: Sequence[str]) -> CelEvent | None:
    """The event of one row, its cells in the order of `COLUMNS`; None if it is no valid row."""
    if len(cells) < len(COLUMNS):
        return None
    kind, time, channel_id, linked_id, name, call_id, context, exten, app, extra = cells[:10]
    at = _instant(time)
    details = _details(extra)
    if at is None or details is None or not kind or not channel_id:
        return None
    if not all(len(cell) <= _LONGEST_CELL and cell.isprintable() for cell in cells[:9]):
        return None
    return CelEvent(kind, at, ChannelId(channel_id), linked_id, name, call_id, context, exten, app, details)


def _instant(text: str) -> datetime | None:
    """Seconds and microseconds since 1970, exactly: a float would lose the last digits."""
    seconds, _, fraction = text.partition(".")
    if not (seconds.isascii() and seconds.isdigit() and fraction.isascii() and fraction.isdigit()):
        return None
    if len(fraction) != 6 or len(seconds) > 11:
        return None
    return _EPOCH + timedelta(seconds=int(seconds), microseconds=int(fraction))


def _details(text: str) -> Mapping[str, object] | None:
    if not text:
        return {}
    try:
        details = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return details if isinstance(details, dict) else None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a channel's life; `until_at` is None while it lasts."""

    from_at: datetime
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BridgeSpan:
    """A stretch of time of a channel in a bridge; `until_at` is None while it lasts."""

    bridge_id: BridgeId
    from_at: datetime
    until_at: datetime | None = None


class ChannelRole(StrEnum):
    """The purpose of a channel, as far as the log shows it."""

    CITIZEN = "citizen"  # called us and reached the application
    OPERATOR_LINE = "operator_line"  # dialled 1400 and reached the application
    DIALLED = "dialled"  # made by the application
    FALLBACK_CALLER = "fallback_caller"  # taken by the fallback, never in the application
    FALLBACK_PHONE = "fallback_phone"  # rung by the queue of the fallback
    DIALPLAN_ONLY = "dialplan_only"  # unknown extension, spoken refusal, or hung up at once


@dataclass(frozen=True, slots=True)
class ChannelHistory:
    """One channel from its first row to its last. `started_at` is None if the log begins after its start."""

    channel_id: ChannelId
    name: str
    first_seen_at: datetime
    last_seen_at: datetime
    context: str  # of its first row
    exten: str  # the dialled number of a channel that called us
    linked_ids: tuple[str, ...] = ()  # the oldest first
    call_id: str | None = None
    started_at: datetime | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None  # the dialplan application that answered
    ended_at: datetime | None = None
    hangup_cause: int | None = None  # Q.850
    bridges: tuple[BridgeSpan, ...] = ()
    in_application: tuple[Span, ...] = ()
    apps: frozenset[str] = frozenset()
    fallback_at: datetime | None = None
    fallback_reason: str | None = None
    refused_at: datetime | None = None
    refused_reason: str | None = None  # the limit that was reached: trunk_full, caller_limit

    @property
    def was_in_application(self) -> bool:
        """Did the application hold this channel? False when Stasis found no application."""
        if not self.in_application or self.fallback_reason == "stasis_failed":
            return False
        # The dialplan itself answers an operator only to play that the application is away.
        return not (self.answered_by == "Answer" and self.fallback_at is None)

    @property
    def role(self) -> ChannelRole:
        if _QUEUE_LEG in self.apps:
            return ChannelRole.FALLBACK_PHONE
        if not self.was_in_application:
            return ChannelRole.DIALPLAN_ONLY if self.fallback_at is None else ChannelRole.FALLBACK_CALLER
        if self.exten == "s":
            return ChannelRole.DIALLED
        return ChannelRole.OPERATOR_LINE if self.context == "from-phones" else ChannelRole.CITIZEN

    def with_event(self, event: CelEvent) -> ChannelHistory:
        """This history after one more row. The rows of one channel must come in order."""
        linked = self.linked_ids if event.linked_id in self.linked_ids else (*self.linked_ids, event.linked_id)
        return replace(
            self,
            last_seen_at=max(self.last_seen_at, event.at),
            linked_ids=linked,
            call_id=self.call_id or event.call_id or None,
            apps=self.apps | {event.app} if event.app else self.apps,
            **self._changes(event),
        )

    def _changes(self, event: CelEvent) -> dict[str, Any]:
        """The fields that are changed by the kind of the row; one copy of a history per row, not two."""
        match event.kind:
            case CelKind.CHAN_START:
                return {"started_at": event.at}
            case CelKind.ANSWER if self.answered_at is None:
                return {"answered_at": event.at, "answered_by": event.app}
            case CelKind.HANGUP:
                return {"hangup_cause": _cause(event)}
            case CelKind.CHAN_END:
                return {"ended_at": event.at}
            case CelKind.BRIDGE_ENTER:
                return {"bridges": (*self.bridges, BridgeSpan(_bridge(event), event.at))}
            case CelKind.BRIDGE_EXIT:
                return {"bridges": _left(self.bridges, _bridge(event), event.at)}
            case CelKind.APP_START if event.app == _STASIS:
                return {"in_application": (*self.in_application, Span(event.at))}
            case CelKind.APP_END if event.app == _STASIS and self.in_application:
                *before, last = self.in_application
                return {"in_application": (*before, replace(last, until_at=event.at))}
            case CelKind.FALLBACK if self.fallback_at is None:
                return {"fallback_at": event.at, "fallback_reason": _word(event, "extra")}
            case CelKind.REFUSED:
                return {"refused_at": event.at, "refused_reason": _word(event, "extra")}
            case _:
                return {}


def _bridge(event: CelEvent) -> BridgeId:
    return BridgeId(_word(event, "bridge_id"))


def _word(event: CelEvent, key: str) -> str:
    """A text of the extra that can be stored and shown: JSON may hold any character, also half ones."""
    value = event.extra.get(key, "")
    return "".join(filter(str.isprintable, value[:_LONGEST_WORD])) if isinstance(value, str) else ""


def _cause(event: CelEvent) -> int | None:
    cause = event.extra.get("hangupcause")
    if not isinstance(cause, int) or isinstance(cause, bool):
        return None
    return cause if 0 <= cause <= _HIGHEST_CAUSE else None


def _left(bridges: tuple[BridgeSpan, ...], bridge_id: BridgeId, at: datetime) -> tuple[BridgeSpan, ...]:
    return tuple(
        replace(span, until_at=at) if span.bridge_id == bridge_id and span.until_at is None else span
        for span in bridges
    )


def new_history(event: CelEvent) -> ChannelHistory:
    """The history of a channel after its first known row."""
    empty = ChannelHistory(
        event.channel_id, event.channel_name, event.at, event.at, event.context, event.exten, linked_ids=()
    )
    return empty.with_event(event)


def histories(events: Iterable[CelEvent]) -> list[ChannelHistory]:
    """The history of every channel in the log, in order of their first rows."""
    found: dict[ChannelId, ChannelHistory] = {}
    for event in events:
        known = found.get(event.channel_id)
        found[event.channel_id] = new_history(event) if known is None else known.with_event(event)
    return list(found.values())
