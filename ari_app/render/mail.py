"""Reminders as mails and as webhooks: reference, municipality and deadline, never the citizen or the number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ari_app.core.area import Area
from ari_app.core.calendar import AMSTERDAM
from ari_app.core.callback_rules import town_of
from ari_app.core.callbacks import CallbackRequest
from ari_app.core.reminders import Reminder, ReminderKind

_DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
_MONTHS = (
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
)


@dataclass(frozen=True, slots=True)
class MailText:
    subject: str
    body: str


def mail_of(reminder: Reminder, requests: Sequence[CallbackRequest], area: Area, now: datetime) -> MailText:
    """The mail to a team or a supervisor; Dutch, level B1."""
    team = area.teams.get(reminder.owner_team)
    team_name = reminder.owner_team if team is None else team.name
    count = "1 terugbelafspraak" if len(requests) == 1 else f"{len(requests)} terugbelafspraken"
    town = "" if not requests else town_of(area, requests[0].municipality).name
    subject, why = {
        ReminderKind.DAY_START: (
            f"Vandaag terugbellen: {count}",
            f"Uw team heeft vandaag {count}.",
        ),
        ReminderKind.BEFORE_DEADLINE: (
            f"Bijna te laat: terugbellen voor {town}",
            "Deze terugbelafspraak is nog niet afgerond. Bel de inwoner op tijd terug.",
        ),
        ReminderKind.NO_TIME_LEFT: (
            f"Spoed: terugbellen voor {town}",
            "Er is bijna geen tijd meer om deze inwoner op tijd terug te bellen. Kies wie nu belt.",
        ),
        ReminderKind.NEEDS_DECISION: (
            f"Wat nu? Inwoner van {town} niet bereikt",
            "De inwoner is niet bereikt. Er komt geen nieuwe poging. Beslis wat er moet gebeuren.",
        ),
        ReminderKind.CALLS_FAIL: (
            f"Bellen lukt niet: terugbellen voor {town}",
            "Door een storing lukt het steeds niet om deze inwoner te bellen. Kijk wat er mis is, of bel zelf.",
        ),
        ReminderKind.AT_DEADLINE: (
            f"Te laat: terugbellen voor {town}",
            "De inwoner had nu teruggebeld moeten zijn. Zorg dat iemand nu belt.",
        ),
        ReminderKind.OVERDUE: (
            f"Nog steeds te laat: terugbellen voor {town}",
            "De inwoner wacht langer dan beloofd. Zorg dat iemand vandaag belt.",
        ),
    }[reminder.kind]
    whose = f"Voor medewerker {reminder.owner_operator}." if reminder.owner_operator else ""
    lines = [f"Team: {team_name}", "", why, *([whose] if whose else []), ""]
    lines += [f"- {_line(request, area, now)}" for request in requests]
    lines += ["", "Het telefoonnummer staat niet in deze mail. U ziet het als u belt.", ""]
    return MailText(subject, "\n".join(lines))


def _line(request: CallbackRequest, area: Area, now: datetime) -> str:
    late = " (te laat)" if request.deadline_at < now else ""
    town = town_of(area, request.municipality).name
    text = f"kenmerk {request.reference}, {town}: bellen vóór {day_and_time(request.deadline_at)}{late}"
    if not now < request.plan_by_at < request.deadline_at:
        return text
    return f"{text}. Bel liefst vóór {day_and_time(request.plan_by_at)}"


def webhook_of(reminder: Reminder, requests: Sequence[CallbackRequest]) -> dict[str, object]:
    """The reminder for a program; moments in ISO 8601, UTC."""
    return {
        "event": "callback_reminder",
        "kind": reminder.kind.value,
        "audience": reminder.kind.audience.value,
        "key": reminder.key,
        "due_at": reminder.due_at.isoformat(),
        "team": reminder.owner_team,
        "operator": reminder.owner_operator,
        "requests": [
            {
                "reference": request.reference,
                "municipality": request.municipality,
                "deadline_at": request.deadline_at.isoformat(),
                "plan_by_at": request.plan_by_at.isoformat(),
                "state": request.state.value,
            }
            for request in requests
        ],
    }


def day_and_time(at: datetime) -> str:
    """The moment on the clock in the Netherlands: dinsdag 3 maart, 17.00 uur."""
    local = at.astimezone(AMSTERDAM)
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}, {local:%H.%M} uur"
