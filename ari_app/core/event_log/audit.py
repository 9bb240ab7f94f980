"""The audit: does our record of the legs agree with Asterisk's own account of its channels?

Start, answer and end of a channel are compared with its record. A channel must have a record if the log says that it
was in the application. Calls that the fallback took are recorded afterwards; until then they are counted separately. A
phone or a stranger that never reached the application needs no record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from ari_app.core.event_log.cel import ChannelHistory, ChannelRole
from ari_app.core.ids import ChannelId

_MUST_BE_RECORDED = frozenset({ChannelRole.CITIZEN, ChannelRole.OPERATOR_LINE, ChannelRole.DIALLED})


@dataclass(frozen=True, slots=True)
class RecordedChannel:
    """One channel in our database: a leg that owns its channel, or an operator's line."""

    channel_id: ChannelId
    kind: Literal["leg", "line"]
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    end_is_estimated: bool
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """The channels that started from `since` up to `until`, which is not included."""

    since: datetime
    until: datetime

    def holds(self, at: datetime | None) -> bool:
        return at is not None and self.since <= at < self.until


class DifferenceKind(StrEnum):
    NOT_RECORDED = "not_recorded"  # was in the application, but has no leg or line
    FALLBACK_NOT_RECORDED = "fallback_not_recorded"  # helped by the fallback, not (yet) recorded
    NOT_IN_LOG = "not_in_log"  # a leg or line whose channel is not in the log
    RECORDED_TWICE = "recorded_twice"
    WRONG_KIND = "wrong_kind"  # a line recorded as a leg, or a leg as a line
    WRONG_CALL = "wrong_call"
    STARTED = "started"
    ANSWERED = "answered"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Difference:
    """One point in which record and log disagree, with the value of each."""

    kind: DifferenceKind
    channel_id: ChannelId
    role: ChannelRole | None
    call_id: str | None
    recorded: str | None = None
    logged: str | None = None
    seconds: float | None = None  # recorded minus logged

    def as_text(self) -> str:
        about = f"{self.kind:<22} {self.channel_id}  {self.role or '-'}  call {self.call_id or '-'}"
        apart = f"  {self.seconds:+.3f} s" if self.seconds is not None else ""
        return f"{about}  recorded {self.recorded or '-'}  logged {self.logged or '-'}{apart}"


@dataclass(frozen=True, slots=True)
class EstimatedEnd:
    """An end that nobody saw: it may differ, and is shown. `seconds` is None when the log has no end either."""

    channel_id: ChannelId
    call_id: str | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The outcome of one audit."""

    period: Period
    tolerance_seconds: float
    in_log: Mapping[str, int] = field(default_factory=dict)  # channels by role
    compared: int = 0
    differences: tuple[Difference, ...] = ()
    estimated_ends: tuple[EstimatedEnd, ...] = ()
    largest_seconds: Mapping[str, float] = field(default_factory=dict)  # per kind of instant, without estimates

    @property
    def agrees(self) -> bool:
        return not self.differences

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "since": self.period.since.isoformat(),
            "until": self.period.until.isoformat(),
            "tolerance_seconds": self.tolerance_seconds,
            "agrees": self.agrees,
            "channels_in_log": dict(self.in_log),
            "channels_compared": self.compared,
            "largest_difference_seconds": dict(self.largest_seconds),
            "differences": [
                {
                    "kind": found.kind.value,
                    "channel_id": found.channel_id,
                    "role": found.role and found.role.value,
                    "call_id": found.call_id,
                    "recorded": found.recorded,
                    "logged": found.logged,
                    "seconds": found.seconds,
                }
                for found in self.differences
            ],
            "estimated_ends": [
                {"channel_id": end.channel_id, "call_id": end.call_id, "seconds": end.seconds}
                for end in self.estimated_ends
            ],
        }

    def as_text(self) -> str:
        roles = ", ".join(f"{count} {role}" for role, count in self.in_log.items()) or "none"
        largest = ", ".join(f"{what} {seconds * 1000:.0f} ms" for what, seconds in self.largest_seconds.items())
        lines = [
            f"Audit of {self.period.since.isoformat()} to {self.period.until.isoformat()}",
            f"  channels in Asterisk's log: {roles}",
            f"  compared with the record:   {self.compared}, at most {self.tolerance_seconds * 1000:.0f} ms apart",
            f"  largest differences:        {largest or 'none'}",
            f"  estimated ends:             {len(self.estimated_ends)}",
        ]
        lines += [
            f"    {end.channel_id}  call {end.call_id or '-'}  {_apart(end.seconds)}" for end in self.estimated_ends
        ]
        lines.append(f"  differences:                {len(self.differences) or 'none'}")
        lines += [f"    {found.as_text()}" for found in self.differences]
        return "\n".join(lines)


def _apart(seconds: float | None) -> str:
    return "no end in the log" if seconds is None else f"{seconds:+.3f} s"


def audit(
    histories: Iterable[ChannelHistory],
    recorded: Iterable[RecordedChannel],
    period: Period,
    tolerance_seconds: float = 0.1,
) -> AuditReport:
    """Compare the record with the log for the channels that started in the period.

    Pass both from somewhat before the period on: a channel counts if either account says that it started in the period.
    """
    logged = {history.channel_id: history for history in histories}
    rows: dict[ChannelId, list[RecordedChannel]] = {}
    for row in recorded:
        rows.setdefault(row.channel_id, []).append(row)
    ids = [
        channel_id
        for channel_id in dict.fromkeys([*logged, *rows])
        if (channel_id in logged and period.holds(logged[channel_id].started_at))
        or any(period.holds(row.started_at) for row in rows.get(channel_id, ()))
    ]
    comparison = _Comparison(period, timedelta(seconds=tolerance_seconds))
    for channel_id in ids:
        comparison.take(logged.get(channel_id), rows.get(channel_id, ()))
    return AuditReport(
        period,
        tolerance_seconds,
        in_log=dict(Counter(logged[found].role.value for found in ids if found in logged)),
        compared=comparison.compared,
        differences=tuple(comparison.differences),
        estimated_ends=tuple(comparison.estimated_ends),
        largest_seconds=comparison.largest_seconds,
    )


class _Comparison:
    """Compares channel by channel, and collects the differences."""

    def __init__(self, period: Period, tolerance: timedelta) -> None:
        self._period = period
        self._tolerance = tolerance
        self.compared = 0
        self.differences: list[Difference] = []
        self.estimated_ends: list[EstimatedEnd] = []
        self.largest_seconds: dict[str, float] = {}

    def take(self, history: ChannelHistory | None, rows: Sequence[RecordedChannel]) -> None:
        """Compare one channel: its history in the log, and every row that names it."""
        if history is None:
            for row in rows:
                self._differ(DifferenceKind.NOT_IN_LOG, None, row)
            return
        if not rows:
            if history.role in _MUST_BE_RECORDED:
                self._differ(DifferenceKind.NOT_RECORDED, history, None)
            elif history.role is ChannelRole.FALLBACK_CALLER:
                self._differ(DifferenceKind.FALLBACK_NOT_RECORDED, history, None)
            return
        for row in rows[1:]:
            self._differ(DifferenceKind.RECORDED_TWICE, history, row)
        self._compare(history, rows[0])

    def _compare(self, history: ChannelHistory, row: RecordedChannel) -> None:
        self.compared += 1
        kind = "line" if history.role is ChannelRole.OPERATOR_LINE else "leg"
        # A channel that we dialled is a leg, or a call to an operator whose line was lost.
        if row.kind != kind and history.role is not ChannelRole.DIALLED:
            self._differ(DifferenceKind.WRONG_KIND, history, row, row.kind, kind)
        if row.kind == "leg" and row.call_id and history.call_id and row.call_id != history.call_id:
            self._differ(DifferenceKind.WRONG_CALL, history, row, row.call_id, history.call_id)
        if history.started_at is not None:
            self._compare_instant(DifferenceKind.STARTED, history, row, row.started_at, history.started_at)
        self._compare_instant(DifferenceKind.ANSWERED, history, row, row.answered_at, history.answered_at)
        self._compare_end(history, row)

    def _compare_end(self, history: ChannelHistory, row: RecordedChannel) -> None:
        ended_at = history.ended_at
        left_at = history.in_application[-1].until_at if history.in_application else None
        if history.fallback_at is not None and left_at is not None and row.ended_at is not None:
            # Our part ended when the caller went to the fallback; there the channel lived on.
            ended_at = min((at for at in (left_at, ended_at) if at), key=lambda at: abs(at - (row.ended_at or at)))
        if row.end_is_estimated and row.ended_at is not None:
            apart = None if ended_at is None else (row.ended_at - ended_at).total_seconds()
            self.estimated_ends.append(EstimatedEnd(row.channel_id, row.call_id or history.call_id, apart))
        else:
            self._compare_instant(DifferenceKind.ENDED, history, row, row.ended_at, ended_at)

    def _compare_instant(
        self,
        kind: DifferenceKind,
        history: ChannelHistory,
        row: RecordedChannel,
        recorded: datetime | None,
        logged: datetime | None,
    ) -> None:
        if recorded is None or logged is None:
            known = recorded or logged
            # At the very edge of the period one of the two accounts may not have been written yet.
            if known is not None and known <= self._period.until - self._tolerance:
                self._differ(kind, history, row, _text(recorded), _text(logged))
            return
        apart = (recorded - logged).total_seconds()
        self.largest_seconds[kind.value] = max(self.largest_seconds.get(kind.value, 0.0), abs(apart))
        if abs(recorded - logged) > self._tolerance:
            self._differ(kind, history, row, _text(recorded), _text(logged), apart)

    def _differ(
        self,
        kind: DifferenceKind,
        history: ChannelHistory | None,
        row: RecordedChannel | None,
        recorded: str | None = None,
        logged: str | None = None,
        seconds: float | None = None,
    ) -> None:
        known = row or history
        assert known is not None
        call_id = (row.call_id if row else None) or (history.call_id if history else None)
        role = history.role if history else None
        self.differences.append(Difference(kind, known.channel_id, role, call_id, recorded, logged, seconds))


def _text(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds") if at else None
