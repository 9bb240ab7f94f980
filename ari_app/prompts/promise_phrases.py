"""What operators hear of callbacks: who is to be called, what came of it, what is due. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ari_app.core.call import EndReason
from ari_app.core.ids import MunicipalityCode
from ari_app.core.reminders import ReminderKind
from ari_app.prompts.catalogue import text_prompt
from ari_app.prompts.phrases import BEEP, RING_TONE, Phrase, digits, whisper

_MOST_SPOKEN = 20

CALLING: Phrase = (text_prompt("terugbellen-bezig"), RING_TONE)
NO_CALLBACKS: Phrase = (text_prompt("terugbellen-geen"),)
NOTED: Phrase = (text_prompt("terugbellen-genoteerd"),)
REQUEST_CLOSED: Phrase = (text_prompt("terugbellen-gesloten"),)
HAS_REQUEST: Phrase = (text_prompt("terugbellen-wacht"),)
FIRST_OF_THEM: Phrase = (text_prompt("terugbellen-eerste"),)

_ENDS: Mapping[EndReason, str] = {
    EndReason.CALLBACK_NOT_ANSWERED: "terugbellen-geen-gehoor",
    EndReason.CALLBACK_GIVEN_UP: "terugbellen-mislukt",
}
_REMINDERS: Mapping[ReminderKind, str] = dict.fromkeys(ReminderKind, "terugbellen-vandaag") | {
    ReminderKind.AT_DEADLINE: "terugbellen-te-laat",
    ReminderKind.OVERDUE: "terugbellen-te-laat",
}


def announced(municipality: MunicipalityCode, subject: Phrase, note: Phrase) -> Phrase:
    """Before a citizen is called: for which municipality, about what, and what was noted (prompt names)."""
    about = (text_prompt("het-gaat-over"), *subject) if subject else ()
    more = (text_prompt("terugbellen-notitie"), *note) if note else ()
    return (*BEEP, text_prompt("terugbellen"), *whisper(municipality), *about, *more)


def not_reached(reason: EndReason) -> Phrase:
    """Why there was no talk; nothing after one."""
    name = _ENDS.get(reason)
    return () if name is None else (text_prompt(name),)


def promised(reference: str) -> Phrase:
    """It is noted, and the number that the citizen may be told."""
    return (text_prompt("terugbellen-nummer"), *digits(reference))


def reminder(kind: ReminderKind, count: int) -> Phrase:
    """How many callbacks are due, or late, and the key that calls the first."""
    if count > _MOST_SPOKEN:
        number: Phrase = (text_prompt("terugbellen-veel"),)
    else:
        number = (text_prompt("terugbellen-u-hebt"), text_prompt(f"getal-{count}"))
    return (*number, text_prompt(_REMINDERS[kind]), *FIRST_OF_THEM)
