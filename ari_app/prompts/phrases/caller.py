"""What a citizen hears who calls us. Pure."""

from __future__ import annotations

from datetime import datetime, time

from ari_app.core.area import SharedNumber
from ari_app.core.calendar import AMSTERDAM, local_date
from ari_app.core.ids import MunicipalityCode
from ari_app.core.numbers import Refused, area_code, parse_shared
from ari_app.prompts.catalogue import municipality_prompt, said_prompt, text_prompt
from ari_app.prompts.phrases.parts import Phrase, area_parts, month_name, texts, weekday_name

ALL_BUSY: Phrase = texts("in-gesprek")
NOBODY_YET: Phrase = texts("even-niemand")  # no operator is logged in; the caller is held for a while
NOBODY_HERE: Phrase = texts("niemand")  # the end of the queue
WAITED_LONG: Phrase = texts("te-lang-gewacht")
GOODBYE: Phrase = texts("tot-later")
NOT_SERVED: Phrase = texts("niet-in-gebruik")
CANNOT_HELP: Phrase = texts("fallback-sorry")

_EVENING = 18  # from this hour on "zeven uur" needs "'s avonds" to be clear
_MORNING = 6
_LAST_POSITION = 99


def welcome(dialled: str) -> Phrase:
    """ "Welkom bij 14 0119", for the digits of a 14-number; just "Welkom" for any other number."""
    shared = parse_shared(dialled)
    if isinstance(shared, Refused):
        return texts("welkom")
    return texts("welkom-bij-14", *area_parts(area_code(shared)))


def greeting(municipality: MunicipalityCode) -> Phrase:
    """The welcome on a number that needs no question."""
    return (municipality_prompt(municipality, "welkom-gemeente"),)


def menu(number: SharedNumber, *, calls_back: bool = False) -> Phrase:
    """Welcome, the question, and a line per municipality, ordered by key; and the key for being called back."""
    return (*welcome(number.digits), *which_municipality(number), *(texts("terug-menu") if calls_back else ()))


def which_municipality(number: SharedNumber) -> Phrase:
    """The question, without the welcome."""
    return (*texts("welke-gemeente"), *_menu_lines(number))


def menu_again(number: SharedNumber, *, pressed: bool, calls_back: bool = False) -> Phrase:
    """The menu after a try without success; `pressed`: the caller pressed a key without meaning, instead of none."""
    missed = texts("verkeerde-toets" if pressed else "geen-toets")
    return (*missed, *_menu_lines(number), *(texts("terug-menu") if calls_back else ()))


def _menu_lines(number: SharedNumber) -> Phrase:
    lines: list[str] = []
    for member in sorted(number.members, key=lambda member: member.key):
        lines += (municipality_prompt(member.municipality, "menu"), text_prompt(f"toets-{member.key}"))
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


def position(n: int) -> Phrase:
    """ "U bent nummer n in de rij"; n counts from 1."""
    if n <= 1:
        return texts("positie-eerste")
    return texts(f"positie-{n}" if n <= _LAST_POSITION else "positie-veel")
