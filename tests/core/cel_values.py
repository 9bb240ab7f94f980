"""Rows of a channel event log for tests: a real one, and short ones made by hand."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ari_app.core.event_log.cel import CelEvent, CelKind, parse_row
from ari_app.core.ids import ChannelId

#: written by Asterisk 22.10.1 on our dialplan in tests/acceptance/test_channel_event_log.py
REAL_LOG = Path(__file__).with_name("channel_event_log.csv")
NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def real_events() -> list[CelEvent]:
    with REAL_LOG.open(newline="") as file:
        events = [parse_row(row) for row in csv.reader(file)]
    assert None not in events
    return [event for event in events if event is not None]


@dataclass(frozen=True)
class Channel:
    """Makes the rows of one channel."""

    id: str
    linked_id: str = ""
    name: str = "PJSIP/trunk-00000000"
    call_id: str = ""
    context: str = "from-trunk"
    exten: str = "140119"

    def __call__(self, kind: str, seconds: float, app: str = "", **extra: object) -> CelEvent:
        linked_id = self.linked_id or self.id
        # The dialplan sets the call id after the start.
        call_id = "" if kind == CelKind.CHAN_START else self.call_id
        return CelEvent(
            kind, at(seconds), ChannelId(self.id), linked_id, self.name, call_id, self.context, self.exten, app, extra
        )

    def end(self, seconds: float, app: str = "") -> list[CelEvent]:
        return [self(CelKind.HANGUP, seconds, app, hangupcause=16), self(CelKind.CHAN_END, seconds, app)]


def row(kind: str, seconds: float, channel_id: str, **extra: object) -> str:
    """A line of a channel, as Asterisk writes it."""
    return written(replace(Channel(channel_id)(kind, seconds), extra=extra))


def written(event: CelEvent) -> str:
    """An event as Asterisk writes it."""
    micros = round((event.at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
    time = f"{micros // 1_000_000}.{micros % 1_000_000:06}"
    details = json.dumps(event.extra).replace('"', '""') if event.extra else ""
    cells = [
        event.kind,
        time,
        event.channel_id,
        event.linked_id,
        event.channel_name,
        event.call_id,
        event.context,
        event.exten,
        event.app,
        details,
        "",
        "",
    ]
    return ",".join(f'"{cell}"' for cell in cells) + "\n"


def citizen(channel_id: str, start: float, end: float, *, call_id: str = "call-1") -> list[CelEvent]:
    """A citizen in the application: answered after a tenth of a second."""
    made = Channel(channel_id, call_id=call_id)
    return [
        made(CelKind.CHAN_START, start),
        made(CelKind.APP_START, start + 0.01, "Stasis"),
        made(CelKind.ANSWER, start + 0.1, "Stasis"),
        made(CelKind.APP_END, end, "Stasis"),
        *made.end(end),
    ]


def passing(
    channel_id: str,
    start: float,
    end: float,
    *,
    call_id: str,
    bridges: tuple[str, ...] = (),
    is_answered: bool = True,
    exten: str = "140119",
) -> list[CelEvent]:
    """A citizen in the application who is in these bridges, one after the other, for a second each."""
    made = Channel(channel_id, call_id=call_id, exten=exten)
    whole = [replace(event, exten=exten) for event in citizen(channel_id, start, end, call_id=call_id)]
    stays = [
        made(kind, start + 0.2 + number + later, "Stasis", bridge_id=bridge)
        for number, bridge in enumerate(bridges)
        for kind, later in ((CelKind.BRIDGE_ENTER, 0), (CelKind.BRIDGE_EXIT, 0.9))
    ]
    return [*whole[:2], *(whole[2:3] if is_answered else []), *stays, *whole[3:]]


def in_fallback(
    channel_id: str, start: float, end: float, *, call_id: str, bridge: str = "", linked_id: str = ""
) -> list[CelEvent]:
    """A citizen whom the fallback takes at once; connected after ten seconds if there is a bridge."""
    made = Channel(channel_id, linked_id, call_id=call_id)
    return [
        made(CelKind.CHAN_START, start),
        made(CelKind.FALLBACK, start + 0.1, "CELGenUserEvent", extra="no_heartbeat"),
        made(CelKind.ANSWER, start + 0.1, "Answer"),
        *([made(CelKind.BRIDGE_ENTER, start + 10, "Queue", bridge_id=bridge)] if bridge else []),
        *made.end(end),
    ]


def refused(channel_id: str, start: float, *, call_id: str, limit: str = "trunk_full") -> list[CelEvent]:
    """A citizen who hears busy at once."""
    made = Channel(channel_id, call_id=call_id)
    end = start + 0.05
    return [
        made(CelKind.CHAN_START, start),
        made(CelKind.REFUSED, start + 0.01, "CELGenUserEvent", extra=limit),
        *made.end(end),
    ]


def phone_rung(
    channel_id: str, linked_id: str, start: float, end: float, *, endpoint: str = "phone01", bridge: str = ""
) -> list[CelEvent]:
    """A phone that the fallback's queue rings; it answers after five seconds if there is a bridge."""
    made = Channel(channel_id, linked_id, f"PJSIP/{endpoint}-00000001", context="from-phones", exten="s")
    return [
        made(CelKind.CHAN_START, start),
        *([made(CelKind.ANSWER, start + 5, "AppQueue")] if bridge else []),
        *([made(CelKind.BRIDGE_ENTER, start + 5.01, "AppQueue", bridge_id=bridge)] if bridge else []),
        *made.end(end, "AppQueue"),
    ]
