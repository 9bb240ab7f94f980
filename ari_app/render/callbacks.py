"""Callbacks as text for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ari_app.core.callbacks import Absence, CallbackAttempt, CallbackFact, CallbackFactKind
from ari_app.render.text import local, table
from ari_app.storage.callbacks.reads import LimitedRow, PromiseMonth, RequestLine, RequestStory


def requests_table(requests: Iterable[RequestLine], now: datetime) -> str:
    head = (
        "REFERENCE",
        "MUNICIPALITY",
        "CALL BY",
        "DEADLINE",
        "STATE",
        "TRIED",
        "NEXT",
        "OWNER",
        "REASON",
        "NUMBER",
        "",
    )
    return table(head, (_request_row(request, now) for request in requests))


def _request_row(request: RequestLine, now: datetime) -> tuple[str, ...]:
    late = request.deadline_at < now
    marks = [text for text, on in (("OVERDUE", late), ("escalated", request.escalated_at is not None)) if on]
    return (
        request.reference,
        request.municipality_name or request.municipality,
        _minute(request.plan_by_at),
        _minute(request.deadline_at),
        request.state.value,
        str(request.attempts_count),
        "-" if request.next_attempt_at is None else _minute(request.next_attempt_at),
        "/".join(part for part in (request.owner_team, request.owner_operator, request.owner_entry) if part),
        request.reason.value,
        request.pii_number or "-",
        ", ".join(marks),
    )


def story_text(story: RequestStory) -> str:
    """A request with its proof, its facts and its attempts."""
    request = story.request
    kept = {True: "on time", False: "not on time", None: "still open"}[story.on_time]
    lines = [
        f"callback {request.reference}, {request.municipality}, {request.state.value}",
        f"  first contact  {local(request.first_contact_at)} ({request.reason.value})",
        f"  deadline       {local(request.deadline_at)}",
        f"  first attempt  {_moment(request.first_attempt_at)}",
        f"  reached        {_moment(request.reached_at)}",
        f"  promise        {kept} ({story.definition})",
        f"  owner          {request.owner_team} {request.owner_operator or ''}".rstrip(),
    ]
    texts = (("number", request.pii_number), ("subject", request.subject), ("note", request.pii_note))
    lines += [f"  {name:<13}  {text}" for name, text in texts if text]
    lines += [f"{local(fact.at)}  {fact_text(fact)}" for fact in story.facts]
    lines += ["attempts"] if story.attempts else []
    lines += [f"  {_attempt_text(attempt)}" for attempt in story.attempts]
    return "\n".join(lines)


def _attempt_text(attempt: CallbackAttempt) -> str:
    moments = (("answered", attempt.answered_at), ("talk", attempt.reached_at), ("ended", attempt.ended_at))
    parts = [f"{name} {local(at)}" for name, at in moments if at is not None]
    outcome = "open" if attempt.outcome is None else attempt.outcome.value
    return "  ".join((f"{attempt.number}  {local(attempt.started_at)}  by {attempt.operator}  {outcome}", *parts))


_FACT_TEXTS: Mapping[CallbackFactKind, str] = {
    CallbackFactKind.CREATED: "asked for",
    CallbackFactKind.JOINED: "asked for again",
    CallbackFactKind.ASSIGNED: "given to",
    CallbackFactKind.CLAIMED: "taken",
    CallbackFactKind.RELEASED: "given back",
    CallbackFactKind.LEASE_EXPIRED: "taken back: its owner was silent",
    CallbackFactKind.ATTEMPT_STARTED: "an attempt began",
    CallbackFactKind.ATTEMPT_ANSWERED: "the citizen's phone was picked up",
    CallbackFactKind.TALK_BEGAN: "the talk began",
    CallbackFactKind.ATTEMPT_ENDED: "the attempt ended",
    CallbackFactKind.VIRTUAL_HOLD_LAPSED: "not called today: an ordinary promise",
    CallbackFactKind.ESCALATED: "escalated",
    CallbackFactKind.REMINDED: "reminded",
    CallbackFactKind.CLOSED: "closed",
}


def fact_text(fact: CallbackFact) -> str:
    """A fact as one line, with its details."""
    details = ", ".join(f"{key} {value}" for key, value in fact.detail.items() if value not in (None, False, ""))
    return _FACT_TEXTS[fact.kind] + (f" ({details})" if details else "")


def promise_table(months: Iterable[PromiseMonth]) -> str:
    head = ("MONTH", "MUNICIPALITY", "DUE", "KEPT", "SHARE", "LATE", "UNREACHED", "OPEN, OVERDUE", "TRIED IN TIME")
    rows = (
        (
            f"{month.month:%Y-%m}",
            month.municipality_name or month.municipality,
            str(month.due),
            str(month.kept),
            "-" if month.share_kept is None else f"{month.share_kept:.1%}",
            str(month.late),
            str(month.unreached),
            str(month.open_overdue),
            str(month.tried_in_time),
        )
        for month in months
    )
    return table(head, rows)


def limited_table(rows: Iterable[LimitedRow]) -> str:
    head = ("MUNICIPALITY", "LIMIT", "COUNT", "LAST")
    cells = (
        (r.municipality_name or r.municipality, r.limit_reached.value, str(r.count), local(r.last_at)) for r in rows
    )
    return table(head, cells)


def absences_table(absences: Iterable[Absence]) -> str:
    head = ("OPERATOR", "FROM", "UNTIL", "REASON")
    return table(head, ((a.operator, local(a.from_at), _moment(a.until_at), a.reason or "-") for a in absences))


def _moment(at: datetime | None) -> str:
    return "-" if at is None else local(at)


def _minute(at: datetime) -> str:
    return local(at)[:16]
