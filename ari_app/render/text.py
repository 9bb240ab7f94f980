"""Rows as text for a person at a terminal. Instants are shown in Amsterdam's time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from ari_app.core.calendar import AMSTERDAM
from ari_app.core.call import Fact, FactKind, Leg
from ari_app.core.command_traces import TRACES
from ari_app.core.numbers import format_shared
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.script_commands import CallScript
from ari_app.core.transfer import Transfer
from ari_app.core.wrap_ups import CallWrapUp
from ari_app.storage.calls.reads import CallLine, CallStory


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two spaces apart."""
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def calls_table(calls: Iterable[CallLine]) -> str:
    head = ("ARRIVED", "CALL", "DIALLED", "MUNICIPALITY", "STAGE", "END", "WAIT", "TALK", "OPERATOR", "")
    return table(head, (_call_row(call) for call in calls))


def _call_row(call: CallLine) -> tuple[str, ...]:
    marks = [
        text
        for text, on in (
            ("calamity", call.calamity),
            ("fallback", call.handled_by_fallback),
            ("end estimated", call.end_is_estimated),
        )
        if on
    ]
    return (
        local(call.arrived_at),
        short_id(call.id),
        shown_number(call.dialled),
        call.municipality_name or call.municipality or "-",
        call.stage.value,
        "-" if call.end_reason is None else call.end_reason.value,
        seconds(call.wait_seconds),
        seconds(call.talk_seconds),
        call.operator or "-",
        ", ".join(marks),
    )


def call_story_text(story: CallStory) -> str:
    """The facts of a call in order, with the seconds since its arrival, then its legs."""
    call = story.call
    lines = [f"call {call.id}, {local(call.arrived_at)}, dialled {shown_number(call.dialled)}"]
    if call.pii_caller_number is not None:
        lines.append(f"from {call.pii_caller_number}")
    if call.callback_reference is not None:
        lines.append(f"will be called back, reference {call.callback_reference}")
    if call.pii_callback_number is not None:
        lines.append(f"on {call.pii_callback_number}")
    shown = [fact for fact in story.facts if fact.kind is not FactKind.NOTED]
    lines += [f"  {(fact.at - call.arrived_at).total_seconds():8.1f} s  {describe(fact)}" for fact in shown]
    if story.visits:
        lines.append("queues")
        lines += [f"  {_visit_text(one, call.arrived_at)}" for one in story.visits]
    if story.transfers:
        lines.append("transfers")
        lines += [f"  {_transfer_text(one, call.arrived_at)}" for one in story.transfers]
    if story.wrap_ups:
        lines.append("wrap-ups")
        lines += [f"  {_wrap_up_text(one, call.arrived_at)}" for one in story.wrap_ups]
    if story.scripts:
        lines.append("scripts")
        lines += [f"  {_script_text(one, call.arrived_at)}" for one in story.scripts]
    lines.append("legs")
    lines += [f"  {_leg_text(leg, call.arrived_at)}" for leg in story.legs]
    return "\n".join(lines)


_HAPPENED: Mapping[FactKind, str] = {
    FactKind.ARRIVED: "arrived",
    FactKind.ANSWERED_LINE: "the line was answered",
    FactKind.QUESTION_ASKED: "was asked for the municipality",
    FactKind.WRONG_KEY: "pressed no key of the menu",
    FactKind.MUNICIPALITY_CHOSEN: "municipality known",
    FactKind.ANNOUNCED: "heard an announcement",
    FactKind.QUEUED: "in the queue",
    FactKind.POSITION_TOLD: "heard their position in the queue",
    FactKind.NOBODY_TOLD: "heard that no operator is there yet",
    FactKind.OFFERED: "offered to an operator",
    FactKind.OFFER_FAILED: "the offer was not taken",
    FactKind.ANSWERED: "answered by a human",
    FactKind.CALLING_BACK: "a citizen is called back",
    FactKind.CALLBACK_MARKED: "marked",
    FactKind.REQUEST_CLOSED: "the request to be called back is closed",
    FactKind.PUT_DOWN: "the operator ended the call",
    FactKind.HELD: "on hold",
    FactKind.HELD_NO_MORE: "back from hold",
    FactKind.TRANSFER_ASKED: "a transfer was requested",
    FactKind.TRANSFER_REFUSED: "a transfer was refused",
    FactKind.TRANSFER_STATE: "the transfer goes on",
    FactKind.TRANSFERRED: "transferred",
    FactKind.TRANSFER_OVER: "the transfer ended without success",
    FactKind.CAME_BACK: "the caller came back",
    FactKind.CALLBACK_OFFERED: "was offered a callback",
    FactKind.CALLBACK_REQUESTED: "will be called back",
    FactKind.CALLBACK_LIMITED: "was promised no callback: a limit was reached",
    FactKind.SURVEY_OFFERED: "was asked for a survey after the talk",
    FactKind.SURVEY_AGREED: "agreed on a survey after the talk",
    FactKind.SURVEY_QUESTION: "was asked a question of the survey",
    FactKind.SURVEY_ANSWERED: "answered it",
    FactKind.STAGE: "stage",
    FactKind.RESUMED: "taken up again after a gap",
    FactKind.TO_FALLBACK: "the dialplan's fallback took the call",
    FactKind.NOTED: "noted",
    FactKind.ENDED: "ended",
}


_FLAGS: Mapping[str, str] = {
    "counted": "counted",
    "estimated": "moment estimated",
    "overflow": "a helping team",
    "joined": "added to an open request",
    "ring": "their phone is rung",
}


def describe(fact: Fact) -> str:
    """A fact as one line: a sentence, and its details in brackets."""
    if fact.kind is FactKind.WRONG_KEY:
        return "pressed a key that is not in the menu" if fact.detail.get("pressed") else "pressed no key"
    details = ", ".join(_details(fact.detail))
    return _HAPPENED[fact.kind] + (f" ({details})" if details else "")


def _details(detail: Mapping[str, object]) -> Iterator[str]:
    """A flag is shown by its meaning where it is set, any other detail by its name and value."""
    for key, value in detail.items():
        if key in TRACES:
            continue
        if value is True:
            yield _FLAGS.get(key, key)
        elif value is not None and value is not False:
            yield f"{key} {value}"


def _leg_text(leg: Leg, start: datetime) -> str:
    times = (("start", leg.started_at), ("answer", leg.answered_at), ("joined", leg.joined_at), ("end", leg.ended_at))
    parts = [f"{name} {(at - start).total_seconds():.1f}" for name, at in times if at is not None]
    end = "open" if leg.end_reason is None else leg.end_reason.value
    estimated = ", estimated" if leg.end_is_estimated else ""
    team = "" if leg.team is None else f", team {leg.team}"
    return f"{leg.role.value:<9} {leg.party or '-':<16} {'  '.join(parts)}  {end}{estimated}{team}"


def _visit_text(one: QueueVisit, start: datetime) -> str:
    """The queue, why the caller was in it, how long, and how that ended."""
    queue = one.municipality or "any municipality"
    marks = (
        "" if one.only_team is None else f"for team {one.only_team}",
        "" if one.subject is None else one.subject,
        "" if one.from_municipality is None else f"from {one.from_municipality}",
        "" if one.position is None else f"position {one.position}",
        "calamity" if one.calamity else "",
        "a helping team" if one.overflowed else "",
        "end estimated" if one.end_is_estimated else "",
    )
    waited = "still there" if one.left_at is None else f"waited {(one.left_at - one.entered_at).total_seconds():.1f} s"
    outcome = "" if one.outcome is None else f"  {one.outcome.value}"
    taker = "" if one.operator is None else f" by {one.operator}{'' if one.team is None else f' of team {one.team}'}"
    details = ", ".join(filter(None, marks))
    entered = f"entered {(one.entered_at - start).total_seconds():.1f}"
    return f"{queue:<9} {one.reason.value:<16} {entered}  {waited}{outcome}{taker}{f' ({details})' if details else ''}"


def _wrap_up_text(one: CallWrapUp, start: datetime) -> str:
    said = "  ".join(filter(None, (one.subject, one.result, one.pii_note)))
    return f"{one.operator:<9} saved {(one.saved_at - start).total_seconds():.1f}  {said}"


def _script_text(one: CallScript, start: datetime) -> str:
    said = "taken back" if one.script is None else f"{one.question}  version {one.version}  {one.subject}".rstrip()
    return f"{one.operator:<9} chose {(one.at - start).total_seconds():.1f}  {said}"


def _transfer_text(one: Transfer, start: datetime) -> str:
    times = (
        ("asked", one.requested_at),
        ("answer", one.answered_at),
        ("completed", one.completed_at),
        ("end", one.ended_at),
    )
    parts = [f"{name} {(at - start).total_seconds():.1f}" for name, at in times if at is not None]
    outcome = "open" if one.outcome is None else one.outcome.value
    counted = "" if one.count_reason is None else f", {'counted' if one.counted else 'not counted'}: "
    why = "" if one.count_reason is None else one.count_reason.value
    return (
        f"{one.kind.value:<9} {f'{one.from_party} -> {one.to_party}':<16} {'  '.join(parts)}  {outcome}{counted}{why}"
    )


def short_id(call_id: UUID) -> str:
    """The beginning of an id that no other call has: the moment at which it was made, and three random digits."""
    return str(call_id)[:18]


def shown_number(dialled: str) -> str:
    """A 14-number as published, any other number as it was dialled; "-" for a call that we made."""
    if not dialled:
        return "-"
    return format_shared(dialled) if dialled.startswith("14") and len(dialled) in (5, 6) else dialled


def local(at: datetime) -> str:
    return at.astimezone(AMSTERDAM).strftime("%Y-%m-%d %H:%M:%S")


def seconds(duration: float | None) -> str:
    """12 s, 3:04 min, 1:02 h."""
    if duration is None:
        return "-"
    whole = int(duration)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"
