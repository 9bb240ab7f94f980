"""Prompts for a citizen who calls. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import Enum, auto

from ari_app.core.area import SharedNumber
from ari_app.core.calendar import AMSTERDAM, local_date
from ari_app.core.ids import MunicipalityCode
from ari_app.core.numbers import Refused, area_code, parse_shared
from ari_app.core.survey import SurveyQuestion, SurveyScale
from ari_app.prompts.catalogue import municipality_prompt, said_prompt, text_prompt
from ari_app.prompts.phrases.parts import Phrase, area_parts, month_name, texts, weekday_name

ALL_BUSY: Phrase = texts("in-gesprek")
NOBODY_YET: Phrase = texts("even-niemand")  # no operator is logged in; the caller is held for a while
NOBODY_HERE: Phrase = texts("niemand")  # the end of the queue
WAITED_LONG: Phrase = texts("te-lang-gewacht")
ALL_LINES_BUSY: Phrase = texts("lijnen-bezet")  # more callers than the machine can carry
GOODBYE: Phrase = texts("tot-later")
SURVEY_OFFER: Phrase = texts("vragen-aanbod")
SURVEY_AGREED: Phrase = texts("vragen-straks")
SURVEY_INTRODUCTION: Phrase = texts("vragen-begin")
SURVEY_THANKS: Phrase = texts("vragen-dank")
NOT_SERVED: Phrase = texts("niet-in-gebruik")
CANNOT_HELP: Phrase = texts("fallback-sorry")

#: a key is awaited for so long at least after the question was asked
MENU_PATIENCE_SECONDS = 1.5
_EVENING = 18  # from this hour on "zeven uur" needs "'s avonds" to be clear
_MORNING = 6
_LAST_POSITION = 99
_QUESTIONS: Mapping[SurveyQuestion, str] = {
    SurveyQuestion.MARK: "gesprek",
    SurveyQuestion.WAIT: "wachten",
    SurveyQuestion.HELPED: "geholpen",
    SurveyQuestion.CLEAR: "duidelijk",
}


def welcome(dialled: str) -> Phrase:
    """ "Welkom bij 14 0119", for the digits of a 14-number; just "Welkom" for any other number."""
    shared = parse_shared(dialled)
    if isinstance(shared, Refused):
        return texts("welkom")
    return texts("welkom-bij-14", *area_parts(area_code(shared)))


def greeting(municipality: MunicipalityCode) -> Phrase:
    """The welcome on a number that needs no question."""
    return (municipality_prompt(municipality, "welkom-gemeente"),)


@dataclass(frozen=True, slots=True)
class Menu:
    """The question for the municipality; `again` follows when no key was pressed, unless there is no time for it."""

    first: Phrase
    again: Phrase | None


class _Extra(Enum):
    """A part that a menu has when its time allows, in this order of use to the caller."""

    CALLED_BACK = auto()  # the key for being called back
    CHOICES_AGAIN = auto()
    WHOLE_SENTENCES = auto()  # "Voor Lindenhove, toets één." instead of "Lindenhove, toets één."
    NUMBER = auto()  # "Welkom bij veertien, nul, …"
    AT_ONCE = auto()


def menu(number: SharedNumber, *, calls_back: bool, within_seconds: float, seconds: Callable[[Phrase], float]) -> Menu:
    """The richest menu that, played twice to a caller who presses no key, takes no longer than `within_seconds`.

    `seconds` tells how long a phrase is; MENU_PATIENCE_SECONDS follow each of the two. Every municipality is named
    once, however long that takes.
    """

    def fits(extras: frozenset[_Extra]) -> bool:
        total = seconds(_first(number, extras)) + seconds(_again(number, extras)) + 2 * MENU_PATIENCE_SECONDS
        return total <= within_seconds

    chosen: frozenset[_Extra] = frozenset()
    if not fits(chosen):
        return Menu(_first(number, chosen), None)
    for extra in _Extra:
        more = chosen | {extra}
        if (calls_back or extra is not _Extra.CALLED_BACK) and fits(more):
            chosen = more
    return Menu(_first(number, chosen), _again(number, chosen))


def wrong_key(number: SharedNumber, *, calls_back: bool) -> Phrase:
    """The menu after a key that means nothing."""
    return (*texts("verkeerde-toets"), *_lines(number, "menu"), *(texts("terug-menu") if calls_back else ()))


def which_municipality(number: SharedNumber) -> Phrase:
    """The question and the municipalities by key, without the welcome."""
    return (*texts("welke-gemeente"), *_lines(number, "menu"))


def _first(number: SharedNumber, extras: frozenset[_Extra]) -> Phrase:
    return (
        *(welcome(number.digits) if _Extra.NUMBER in extras else texts("welkom")),
        *texts("welke-gemeente"),
        *(texts("meteen-kiezen") if _Extra.AT_ONCE in extras else ()),
        *_lines(number, "menu" if _Extra.WHOLE_SENTENCES in extras else "naam"),
        *(texts("terug-menu") if _Extra.CALLED_BACK in extras else ()),
    )


def _again(number: SharedNumber, extras: frozenset[_Extra]) -> Phrase:
    if _Extra.CHOICES_AGAIN not in extras:
        return texts("kies-nu")
    return (*texts("geen-toets"), *_lines(number, "menu" if _Extra.WHOLE_SENTENCES in extras else "naam"))


def _lines(number: SharedNumber, name: str) -> Phrase:
    """A line per municipality, ordered by key; `name` is the text with its name."""
    lines: list[str] = []
    for member in sorted(number.members, key=lambda member: member.key):
        lines += (municipality_prompt(member.municipality, name), text_prompt(f"toets-{member.key}"))
    return tuple(lines)


def chosen(municipality: MunicipalityCode) -> Phrase:
    """ "We verbinden u met de gemeente …" """
    return (municipality_prompt(municipality, "verbinden"),)


def not_chosen(default: MunicipalityCode | None) -> Phrase:
    """After the last try: the municipality that is the number's default, or any operator where it is None."""
    return texts("medewerker") if default is None else chosen(default)


def calamity(text: str) -> Phrase:
    """The calamity text, announced as such. `build` must have made its sound."""
    return (*texts("mededeling"), said_prompt(text))


def closed(municipality: MunicipalityCode | None, opens_at: datetime | None, now: datetime) -> Phrase:
    """Closed, and the moment of opening, unless `opens_at` is None. Both instants are timezone-aware."""
    start = texts("gesloten") if municipality is None else (municipality_prompt(municipality, "gemeente-gesloten"),)
    if opens_at is None:
        return (*start, *GOODBYE)
    return (*start, *opening(opens_at, now))


def opening(opens_at: datetime, now: datetime) -> Phrase:
    """ "U kunt ons weer bellen op maandag, vanaf half negen", in Amsterdam's time; a date only from a week ahead."""
    if opens_at.tzinfo is None or now.tzinfo is None:
        raise ValueError("instants must be timezone-aware")
    local = opens_at.astimezone(AMSTERDAM)
    days = (local.date() - local_date(now)).days
    weekday = f"weer-{weekday_name(local)}"
    match days:
        case 0:
            day: tuple[str, ...] = ("weer-vandaag",)
        case 1:
            day = ("weer-morgen",)
        case 2 | 3 | 4 | 5 | 6:
            day = (weekday,)
        case _:
            day = (weekday, f"getal-{local.day}", month_name(local))
    return (*texts(*day), *clock(local.time()))


def clock(at: time) -> Phrase:
    """ "vanaf half negen": quarters as people say them, other minutes as "acht uur vijfendertig"."""
    if at.hour == 0:  # "twaalf uur 's nachts" could be the end of the day
        return texts("vanaf-0-uur") if at.minute == 0 else texts("vanaf-0-uur-en", f"getal-{at.minute}")
    hour = (at.hour - 1) % 12 + 1
    next_hour = at.hour % 12 + 1
    match at.minute:
        case 0:
            names: tuple[str, ...] = (f"vanaf-{hour}-uur",)
        case 15:
            names = (f"vanaf-kwart-over-{hour}",)
        case 30:
            names = (f"vanaf-half-{next_hour}",)
        case 45:
            names = (f"vanaf-kwart-voor-{next_hour}",)
        case minute:
            names = (f"vanaf-{hour}-uur-en", f"getal-{minute}")
    if at.hour >= _EVENING:
        names += ("s-avonds",)
    elif at.hour < _MORNING:
        names += ("s-nachts",)
    return texts(*names)


def survey_question(question: SurveyQuestion) -> Phrase:
    """The question, and the keys that answer it."""
    keys = "vraag-cijfer" if question.scale is SurveyScale.MARK else "vraag-ja-nee"
    return texts(f"vraag-{_QUESTIONS[question]}", keys)


def position(n: int) -> Phrase:
    """ "U bent nummer n in de rij"; n counts from 1."""
    if n <= 1:
        return texts("positie-eerste")
    return texts(f"positie-{n}" if n <= _LAST_POSITION else "positie-veel")
