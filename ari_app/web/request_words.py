"""What happened to a promise to call back, in words: Dutch, B1. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ari_app.core.callbacks import CallbackFact, CallbackFactKind, CloseKind
from ari_app.core.ids import CallId
from ari_app.web.call_words import FACTS
from ari_app.web.names import Names, text_of

_OF_ACCOUNT, _OF_PROGRAM = "account:", "service:"
#: who did it, by the key of the detail
_WHO = {
    CallbackFactKind.CREATED: "by",
    CallbackFactKind.JOINED: "by",
    CallbackFactKind.CLAIMED: "operator",
    CallbackFactKind.ATTEMPT_STARTED: "operator",
    CallbackFactKind.CLOSED: "by",
}
CLOSED: Mapping[CloseKind, str] = {
    CloseKind.REACHED: "gesproken",
    CloseKind.HELPED: "de burger belde zelf en is geholpen",
    CloseKind.BY_PERSON: "met een reden",
}
_HOW: Mapping[str, str] = {kind.value: words for kind, words in CLOSED.items()}


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One thing that happened. `call`: in which call, where the reader may see it."""

    at: datetime
    words: str
    call: CallId | None


def history_of(facts: tuple[CallbackFact, ...], names: Names, known_calls: frozenset[CallId]) -> tuple[HistoryRow, ...]:
    """For readers who may see all of it; names of others are not in it."""
    rows = [(fact, call_of(fact)) for fact in facts]
    return tuple(
        HistoryRow(fact.at, request_fact_words(fact, names), call if call in known_calls else None)
        for fact, call in rows
    )


def call_of(fact: CallbackFact) -> CallId | None:
    """The call in which it happened, as the fact names it."""
    text = fact.detail.get("call_id")
    try:
        return CallId(UUID(text)) if isinstance(text, str) else None
    except ValueError:
        return None


def request_fact_words(fact: CallbackFact, names: Names) -> str:
    """Without a full stop: a moment stands before it."""
    more = ", ".join(filter(None, _more(fact, names)))
    return f"{FACTS[fact.kind]}{f' ({more})' if more else ''}"


def actor_words(by: str, names: Names) -> str:
    """Whoever did it: an account, an operator, or a program."""
    if by.startswith(_OF_ACCOUNT):
        return by.removeprefix(_OF_ACCOUNT)
    if by.startswith(_OF_PROGRAM):
        return f"programma {by.removeprefix(_OF_PROGRAM)}"
    return names.party(by)


def _more(fact: CallbackFact, names: Names) -> list[str]:
    detail = fact.detail
    found = [_to(detail, names)] if fact.kind is CallbackFactKind.ASSIGNED else []
    who = text_of(detail, _WHO.get(fact.kind, ""))
    if who is not None:
        found.append(f"door {actor_words(who, names)}")
    if fact.kind is CallbackFactKind.CLOSED:
        found.append(_HOW.get(text_of(detail, "how") or "", ""))
    return found


def _to(detail: Mapping[str, object], names: Names) -> str:
    operator, team, by = text_of(detail, "operator"), text_of(detail, "team"), text_of(detail, "by")
    to = names.operator(operator) if operator is not None else names.team(team)
    return f"aan {to}" + ("" if by is None else f", door {actor_words(by, names)}")
