"""Operators as text for a person at a terminal: who is in which state, one operator's day, and who has to wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ari_app.core.operator_states import OperatorStretch, sums
from ari_app.render.text import local, seconds, short_id, table
from ari_app.storage.operators.pin_locks import Locked
from ari_app.storage.operators.status import OperatorStatus


def operators_table(operators: Iterable[OperatorStatus], now: datetime) -> str:
    head = ("OPERATOR", "NAME", "STATE", "FOR", "REASON", "PHONE", "CALL", "TEAMS")
    rows = (
        (
            one.number,
            one.name,
            one.state.value,
            "-" if one.state_since_at is None else seconds((now - one.state_since_at).total_seconds()),
            "-" if one.pause_reason is None else one.pause_reason.value,
            one.endpoint or "-",
            "-" if one.call_id is None else short_id(one.call_id),
            ", ".join(one.teams),
        )
        for one in operators
    )
    return table(head, rows)


def locked_table(found: Iterable[Locked]) -> str:
    rows = (
        (one.number or "-", one.phone or "-", str(one.failed_attempts), local(one.locked_until_at)) for one in found
    )
    return table(("OPERATOR", "PHONE", "WRONG PINS", "UNTIL"), rows)


def operator_day_text(stretches: Sequence[OperatorStretch]) -> str:
    """The stretches of a day in order, and then the time in each state; together they are the time logged in.

    In whole seconds, of the moments and not of the durations, so that what is shown adds up.
    """
    shown = [replace(one, from_at=_whole(one.from_at), until_at=_whole(one.until_at)) for one in stretches]
    head = ("FROM", "UNTIL", "FOR", "STATE", "REASON", "CALL", "TEAMS", "")
    rows = (
        (
            local(one.from_at),
            local(one.until_at),
            _duration(one.duration),
            one.state.value,
            "-" if one.pause_reason is None else one.pause_reason.value,
            "-" if one.call_id is None else short_id(one.call_id),
            ", ".join(one.teams),
            "end estimated" if one.end_is_estimated else "",
        )
        for one in shown
    )
    totals = [
        (one.state.value, "-" if one.pause_reason is None else one.pause_reason.value, _duration(one.duration))
        for one in sums(shown)
    ]
    totals.append(("logged in", "", _duration(sum((one.duration for one in shown), timedelta()))))
    return "\n\n".join((table(head, rows), table(("STATE", "REASON", "TIME"), totals)))


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _duration(duration: timedelta) -> str:
    """Hours, minutes and seconds, such as 1:02:05."""
    whole = int(duration.total_seconds())
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"
