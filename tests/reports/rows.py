"""Rows of calls as the counting sees them; a test changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ari_app.reports.counting import Buckets, CallParts, CallRow, Place, TalkRow, VisitRow, count_call, no_buckets

NINE = datetime(2026, 11, 23, 8, 7, tzinfo=UTC)
QUARTER = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TOWN, OTHER, NUMBER, TEAM = "GM9901", "GM9902", "140119", "oosterwende"


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


#: asked, queued after 10 s, answered after 30, put down after 90
ANSWERED = CallRow(
    arrived_at=NINE,
    municipality=TOWN,
    number=NUMBER,
    choice="key",
    answered_at=at(30),
    ended_at=at(90),
    end_reason="caller_hung_up",
    end_is_estimated=False,
    calamity=False,
    handled_by_fallback=False,
    is_ours=False,
    callback_reason=None,
    transfer_count=0,
    transfers_asked=0,
)
STAY = VisitRow(TOWN, "menu", at(10), None, False, at(30), "answered")
TALK = TalkRow(TEAM, at(30), at(90), None)
PARTS = CallParts((STAY,), (TALK,))


def counts_of(call: CallRow = ANSWERED, parts: CallParts = PARTS) -> dict[Place, dict[str, int]]:
    """What this call counts for, by place; all of it in the quarter of its arrival."""
    buckets: Buckets = no_buckets()
    count_call(buckets, call, parts)
    assert {quarter for quarter, _ in buckets} == {QUARTER}
    return {place: dict(counts) for (_, place), counts in buckets.items()}


def counts(call: dict[str, Any] | None = None, parts: dict[str, Any] | None = None) -> dict[str, int]:
    """Those of the one place, with these differences."""
    (found,) = counts_of(replace(ANSWERED, **(call or {})), replace(PARTS, **(parts or {}))).values()
    return found
