"""What is said to somebody who is to be called back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ari_app.core.calendar import AMSTERDAM, local_date
from ari_app.core.callbacks import RequestKind
from ari_app.core.tariffs import NotCalled
from ari_app.prompts.catalogue import text_prompt
from ari_app.prompts.phrases import Phrase, month_name, weekday_name

STAY: Phrase = (text_prompt("terug-blijf"),)
KEY_YOUR_NUMBER: Phrase = (text_prompt("terug-toets-nummer"),)
NO_USE: Phrase = (text_prompt("terug-lukt-niet"),)

_NOT_CALLED: Mapping[NotCalled, str] = {
    NotCalled.NOT_A_NUMBER: "terug-geen-nummer",
    NotCalled.SHORT: "terug-geen-nummer",
    NotCalled.PAID: "terug-betaald",
    NotCalled.SATELLITE: "terug-buitenland",
    NotCalled.ABROAD: "terug-buitenland",
}
_HOME = "+31"


def offer(kind: RequestKind) -> Phrase:
    """ "Wilt u teruggebeld worden? Toets één.", and whether the place in the queue is kept."""
    keeps = (text_prompt("terug-plaats"),) if kind is RequestKind.PLACE_IN_LINE else ()
    return (text_prompt("terug-aanbod"), *keeps)


def this_number(e164: str) -> Phrase:
    """ "Uw nummer is, nul, zes, …", as people key it."""
    return (text_prompt("terug-uw-nummer"), *_digits(e164))


def shown(e164: str) -> Phrase:
    """The number that the network showed, and whether that is the one."""
    return (*this_number(e164), text_prompt("terug-klopt-getoond"))


def typed(e164: str) -> Phrase:
    """The number that was keyed, and whether it was meant."""
    return (*this_number(e164), text_prompt("terug-klopt-getoetst"))


def not_called(reason: NotCalled) -> Phrase:
    """Why nobody can be called back on this number."""
    return (text_prompt(_NOT_CALLED[reason]),)


def promise(kind: RequestKind, deadline_at: datetime, reference: str, now: datetime) -> Phrase:
    """By when, and the reference digit by digit. Instants are timezone-aware."""
    turn = (text_prompt("terug-beurt"),) if kind is RequestKind.PLACE_IN_LINE else ()
    spoken = (text_prompt(f"getal-{digit}") for digit in reference)
    return (*turn, *latest(deadline_at, now), text_prompt("terug-kenmerk"), *spoken, text_prompt("terug-dank"))


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
    return tuple(map(text_prompt, names))


def _digits(e164: str) -> Phrase:
    """A Dutch number with its 0, another one with 00 and its country."""
    national = f"0{e164.removeprefix(_HOME)}" if e164.startswith(_HOME) else f"00{e164.removeprefix('+')}"
    return tuple(text_prompt(f"getal-{digit}") for digit in national)
