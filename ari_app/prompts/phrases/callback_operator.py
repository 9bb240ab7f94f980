"""Prompts for an operator about callbacks: the next one to make, its outcome, those that are due. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ari_app.core.call import EndReason
from ari_app.core.ids import MunicipalityCode
from ari_app.core.reminders import ReminderKind
from ari_app.prompts.phrases.parts import BEEP, RING_TONE, Phrase, digits, municipality_name, texts

_MOST_SPOKEN = 20

CALLING: Phrase = (*texts("terugbellen-bezig"), RING_TONE)
NO_CALLBACKS: Phrase = texts("terugbellen-geen")
NOTED: Phrase = texts("terugbellen-genoteerd")
REQUEST_CLOSED: Phrase = texts("terugbellen-gesloten")
HAS_REQUEST: Phrase = texts("terugbellen-wacht")
FIRST_OF_THEM: Phrase = texts("terugbellen-eerste")

_ENDS: Mapping[EndReason, str] = {
    EndReason.CALLBACK_NOT_ANSWERED: "terugbellen-geen-gehoor",
    EndReason.CALLBACK_GIVEN_UP: "terugbellen-mislukt",
}
_LATE = (ReminderKind.AT_DEADLINE, ReminderKind.OVERDUE)


def announced(municipality: MunicipalityCode, subject: Phrase, note: Phrase) -> Phrase:
    """Before a citizen is called: the municipality, the subject and the note of the request (prompt names)."""
    about = (*texts("het-gaat-over"), *subject) if subject else ()
    more = (*texts("terugbellen-notitie"), *note) if note else ()
    return (*BEEP, *texts("terugbellen"), *municipality_name(municipality), *about, *more)


def not_reached(reason: EndReason) -> Phrase:
    """Why the citizen was not reached; nothing after a talk."""
    name = _ENDS.get(reason)
    return () if name is None else texts(name)


def promised(reference: str) -> Phrase:
    """That the request is stored, and its reference, which the operator may give to the citizen."""
    return (*texts("terugbellen-nummer"), *digits(reference))


def reminder(kind: ReminderKind, count: int) -> Phrase:
    """How many callbacks are due, or late, and the key that calls the first."""
    number = ("terugbellen-veel",) if count > _MOST_SPOKEN else ("terugbellen-aantal", f"getal-{count}")
    late = ("terugbellen-te-laat",) if kind in _LATE else ()
    return (*texts("terugbellen-vandaag", *number, *late), *FIRST_OF_THEM)
