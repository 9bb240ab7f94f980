"""How long callers waited, by Asterisk's own channel event log: from the start of their channel to two in a bridge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ari_app.core.event_log.cel import BridgeSpan, ChannelHistory
from ari_app.core.ids import BridgeId, ChannelId

CITIZENS_CONTEXT = "from-trunk"


@dataclass(frozen=True, slots=True)
class Connected:
    """The outcome of the callers of one run."""

    calls: int
    connect_ms: tuple[float, ...]  # of those who were bridged with somebody

    @property
    def failed(self) -> int:
        """Callers who reached nobody, or only by way of the fallback."""
        return self.calls - len(self.connect_ms)


def is_caller(channel: ChannelHistory) -> bool:
    """Whether this channel came over the trunk."""
    return channel.context == CITIZENS_CONTEXT


def connected(channels: Iterable[ChannelHistory], since: datetime) -> Connected:
    """The outcome of the callers since then. The same question for all: when were caller and callee both in a bridge?

    A callee may have been in the bridge before (an operator on a standing line); callers do not count as each other's
    company.
    """
    callers, company = _parties(channels)
    calls, waits = 0, []
    for caller in callers:
        if caller.started_at is None or caller.started_at < since:
            continue
        calls += 1
        moment = _bridged_at(caller, company)
        if moment is not None and caller.fallback_at is None:
            waits.append((moment - caller.started_at) / timedelta(milliseconds=1))
    return Connected(calls, tuple(waits))


def bridged_at(channels: Iterable[ChannelHistory]) -> dict[ChannelId, datetime]:
    """The moment for each caller who was bridged with somebody."""
    callers, company = _parties(channels)
    moments = {caller.channel_id: _bridged_at(caller, company) for caller in callers}
    return {channel_id: at for channel_id, at in moments.items() if at is not None}


def _parties(
    channels: Iterable[ChannelHistory],
) -> tuple[list[ChannelHistory], dict[BridgeId, list[BridgeSpan]]]:
    callers: list[ChannelHistory] = []
    company: dict[BridgeId, list[BridgeSpan]] = defaultdict(list)
    for channel in channels:
        if is_caller(channel):
            callers.append(channel)
            continue
        for span in channel.bridges:
            company[span.bridge_id].append(span)
    return callers, company


def _bridged_at(caller: ChannelHistory, company: dict[BridgeId, list[BridgeSpan]]) -> datetime | None:
    moments = [
        max(mine.from_at, other.from_at)
        for mine in caller.bridges
        for other in company.get(mine.bridge_id, ())
        if _overlap(mine, other)
    ]
    return min(moments, default=None)


def _overlap(one: BridgeSpan, other: BridgeSpan) -> bool:
    return (one.until_at is None or other.from_at < one.until_at) and (
        other.until_at is None or one.from_at < other.until_at
    )
