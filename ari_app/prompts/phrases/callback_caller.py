"""Prompts for a citizen who will be called back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ari_app.core.calendar import AMSTERDAM, local_date
from ari_app.core.callbacks import RequestKind
from ari_app.core.tariffs import NotCalled
from ari_app.prompts.phrases.parts import MUSIC, Phrase, digits, month_name, number, texts, weekday_name

STAYING: Phrase = (MUSIC,)  # a ringing tone is silent for four of its five seconds
STAY: Phrase = texts("terug-blijf")
KEY_YOUR_NUMBER: Phrase = texts("terug-toets-nummer")
NO_USE: Phrase = texts("terug-lukt-niet")

_NOT_CALLED: Mapping[NotCalled, str] = {
    NotCalled.NOT_A_NUMBER: "terug-geen-nummer",
    NotCalled.SHORT: "terug-geen-nummer",
    NotCalled.PAID: "terug-betaald",
    NotCalled.SATELLITE: "terug-buitenland",
    NotCalled.ABROAD: "terug-buitenland",
    NotCalled.SERVED: "terug-eigen-nummer",
}


def offer(kind: RequestKind) -> Phrase:
    """ "Wilt u teruggebeld worden? Toets één.", and whether the place in the queue is kept."""
    keeps = texts("terug-plaats") if kind is RequestKind.VIRTUAL_HOLD else ()
    return (*texts("terug-aanbod"), *keeps)


def this_number(e164: str) -> Phrase:
    """ "We bellen u op dit nummer, nul, zes. …", as a person gives it."""
    return (*texts("terug-uw-nummer"), *number(e164))


def shown(e164: str) -> Phrase:
    """The number that the network showed, and the question whether it is right."""
    return (*this_number(e164), *texts("terug-klopt-getoond"))


def typed(e164: str) -> Phrase:
    """The number that the caller keyed, and the question whether it is right."""
    return (*this_number(e164), *texts("terug-klopt-getoetst"))


def not_called(reason: NotCalled) -> Phrase:
    """Why nobody can be called back on this number."""
    return texts(_NOT_CALLED[reason])


def promise(kind: RequestKind, deadline_at: datetime, reference: str, now: datetime) -> Phrase:
    """The day of the deadline, and the reference digit by digit. Instants are timezone-aware."""
    turn = texts("terug-beurt") if kind is RequestKind.VIRTUAL_HOLD else ()
    return (*turn, *latest(deadline_at, now), *texts("terug-kenmerk"), *digits(reference), *texts("terug-dank"))


def instead_of_the_queue(deadline_at: datetime, now: datetime) -> Phrase:
    """By when a caller who is turned away is called back, on the number that they show. Instants are timezone-aware."""
    return (*latest(deadline_at, now), *texts("terug-dit-nummer"))


def latest(deadline_at: datetime, now: datetime) -> Phrase:
    """ "We bellen u terug, uiterlijk op maandag,", in Amsterdam's time; with a date only from a week ahead."""
    local = deadline_at.astimezone(AMSTERDAM)
    days = (local.date() - local_date(now)).days
    weekday = f"terug-{weekday_name(local)}"
    if deadline_at <= now:
        names: tuple[str, ...] = ("terug-zo-snel-mogelijk",)
    elif days == 0:
        names = ("terug-vandaag",)
    elif days == 1:
        names = ("terug-morgen",)
    elif days < 7:
        names = (weekday,)
    else:
        names = (weekday, f"getal-{local.day}", month_name(local))
    return texts(*names)
