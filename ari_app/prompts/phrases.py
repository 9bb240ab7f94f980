"""What to say, as names of prompts in the order in which they are heard. Pure, but for `resolve`.

A phrase is played as one ARI play with several media: `resolve` turns it into those media.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from pathlib import Path

from ari_app.core.area import SharedNumber
from ari_app.core.calendar import AMSTERDAM, local_date
from ari_app.core.ids import MunicipalityCode
from ari_app.core.numbers import AREA_CODES, FICTITIOUS_AREA_CODES, Refused, area_code, parse_shared
from ari_app.core.operators import PauseReason
from ari_app.prompts.catalogue import (
    MUNICIPALITY_PLACE,
    RECORDINGS_PLACE,
    TEXT_PLACE,
    TONE_PLACE,
    municipality_prompt,
    said_prompt,
    text_prompt,
)

Phrase = tuple[str, ...]

_WEEKDAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
# fmt: off
_MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november",
    "december",
)
# fmt: on
_EVENING = 18  # from this hour on "zeven uur" needs "'s avonds" to be clear
_MORNING = 6
_LAST_POSITION = 99
_MOST_MINUTES = 59
_PAUSES: Mapping[PauseReason, str] = {
    PauseReason.BREAK: "pauze-pauze",
    PauseReason.LUNCH: "pauze-lunch",
    PauseReason.MEETING: "pauze-overleg",
    PauseReason.TRAINING: "pauze-training",
    PauseReason.ADMINISTRATION: "pauze-administratie",
    PauseReason.NO_ANSWER: "pauze-geen-antwoord",
}


def _say(*names: str) -> Phrase:
    return tuple(text_prompt(name) for name in names)


# What a citizen hears
ALL_BUSY: Phrase = _say("in-gesprek")
NOBODY_YET: Phrase = _say("even-niemand")  # nobody is logged in; the caller is held for a while
NOBODY_HERE: Phrase = _say("niemand")  # the end of the queue
WAITED_LONG: Phrase = _say("te-lang-gewacht")
GOODBYE: Phrase = _say("tot-later")
NOT_SERVED: Phrase = _say("niet-in-gebruik")

# What an operator hears
ASK_OPERATOR_NUMBER: Phrase = _say("inlog-nummer")
ASK_PIN: Phrase = _say("inlog-pincode")
LOGIN_WRONG: Phrase = _say("inlog-fout")
LOGIN_CLOSED: Phrase = _say("inlog-gesloten")
RING_TEAM: Phrase = _say("belteam")
READY: Phrase = _say("klaar")  # after a pause or wrap-up
WRAP_UP: Phrase = _say("nawerk")
ASK_PAUSE_REASON: Phrase = _say("pauze-reden")
PAUSE_AFTER_CALL: Phrase = _say("straks-pauze")
LOGOUT_AFTER_CALL: Phrase = _say("straks-afgemeld")
LOGGED_OUT: Phrase = _say("afgemeld")
REPLACED: Phrase = _say("elders-aangemeld")
UNKNOWN_CODE: Phrase = _say("onbekende-code")
DIAL_IN_AGAIN: Phrase = _say("opnieuw-inbellen")
OUT_OF_ORDER: Phrase = _say("storing-bel-later")
#: Asterisk's own tone, which sounds until it is stopped
RING_TONE = "tone:ring;tonezone=nl"
BEEP: Phrase = (f"{TONE_PLACE}/piep",)  # a call comes
CALLER_LEFT: Phrase = (f"{TONE_PLACE}/piep-einde",)


def digits(text: str) -> Phrase:
    """A number digit by digit, with a pause after every two (or three, at the start of an odd number of them).

    For what is no telephone number: a reference, an extension. Other signs than digits are not said.
    """
    return _grouped(_pairs(_digits_of(text)))


def number(text: str) -> Phrase:
    """A telephone number as a person gives it: "nul zes, een twee, …"; `text` is E.164, or a 14-number's digits."""
    shared = parse_shared(text)
    if not isinstance(shared, Refused):
        return _say("getal-14", *_area_parts(area_code(shared)))
    plain = _digits_of(text)
    if not text.startswith("+31"):
        return _grouped(["00", *_pairs(plain)] if text.startswith("+") else _pairs(plain))
    national = f"0{plain.removeprefix('31')}"
    start = next((n for n in (3, 4) if national[:n] in AREA_CODES | FICTITIOUS_AREA_CODES), 3)
    if national.startswith("06"):
        start = 2
    elif national.startswith(("0800", "0900")):
        start = 4
    return _grouped([national[:start], *_pairs(national[start:])])


def _digits_of(text: str) -> str:
    return "".join(char for char in text if char in "0123456789")


def _pairs(plain: str) -> list[str]:
    first = 3 if len(plain) % 2 and len(plain) > 1 else 2
    return [plain[:first], *(plain[i : i + 2] for i in range(first, len(plain), 2))] if plain else []


def _grouped(groups: list[str]) -> Phrase:
    names: list[str] = []
    for group in groups:
        names += [*(f"getal-{digit}" for digit in group[:-1]), f"cijfer-{group[-1]}"]
    return _say(*names)


def minutes(n: int) -> Phrase:
    """How long a caller has been on the line; from an hour on, that it is an hour or more."""
    match n:
        case 0:
            return _say("aan-de-lijn-kort")
        case _ if n <= _MOST_MINUTES:
            return _say(f"aan-de-lijn-{n}")
        case _:
            return _say("aan-de-lijn-lang")


def welcome(digits: str) -> Phrase:
    """ "Welkom bij 14 0119", for the digits of a 14-number; just "Welkom" for any other."""
    shared = parse_shared(digits)
    if isinstance(shared, Refused):
        return _say("welkom")
    return _say("welkom-bij-14", *_area_parts(area_code(shared)))


def _area_parts(area: str) -> Iterable[str]:
    """ "nul twintig" for 020, but one digit at a time for 0297: that is how these numbers are said."""
    return (f"getal-{part}" for part in (("0", area[1:]) if len(area) == 3 else area))


def greeting(municipality: MunicipalityCode) -> Phrase:
    """For a number that needs no question."""
    return (municipality_prompt(municipality, "welkom-gemeente"),)


def menu(number: SharedNumber, *, calls_back: bool = False) -> Phrase:
    """Welcome, the question, and a line per municipality, ordered by key; and the key for being called back."""
    return (*welcome(number.digits), *which_municipality(number), *(_say("terug-menu") if calls_back else ()))


def which_municipality(number: SharedNumber) -> Phrase:
    """The question, without the welcome."""
    return (*_say("welke-gemeente"), *_menu_lines(number))


def menu_again(number: SharedNumber, *, pressed: bool, calls_back: bool = False) -> Phrase:
    """The menu after a try without success; `pressed`: a key that means nothing, instead of no key."""
    missed = _say("verkeerde-toets" if pressed else "geen-toets")
    return (*missed, *_menu_lines(number), *(_say("terug-menu") if calls_back else ()))


def _menu_lines(number: SharedNumber) -> Phrase:
    lines: list[str] = []
    for member in sorted(number.members, key=lambda member: member.key):
        lines += (municipality_prompt(member.municipality, "menu"), text_prompt(f"toets-{member.key}"))
    return tuple(lines)


def chosen(municipality: MunicipalityCode) -> Phrase:
    """ "We verbinden u met de gemeente …" """
    return (municipality_prompt(municipality, "verbinden"),)


def not_chosen(default: MunicipalityCode | None) -> Phrase:
    """After two tries: the number's default, or any operator where it is None."""
    return _say("medewerker") if default is None else chosen(default)


def calamity(text: str) -> Phrase:
    """The calamity text, announced as such. `say` or `build` must have made its sound."""
    return (*_say("mededeling"), said_prompt(text))


def closed(municipality: MunicipalityCode | None, opens_at: datetime | None, now: datetime) -> Phrase:
    """Closed, and when it opens; no time is said where `opens_at` is None. Both instants are timezone-aware."""
    start = _say("gesloten") if municipality is None else (municipality_prompt(municipality, "gemeente-gesloten"),)
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
    return (*_say(*day), *clock(local.time()))


def weekday_name(day: date) -> str:
    """The Dutch name of its weekday."""
    return _WEEKDAYS[day.weekday()]


def month_name(day: date) -> str:
    """The Dutch name of its month, which is a prompt too."""
    return _MONTHS[day.month - 1]


def clock(at: time) -> Phrase:
    """ "vanaf half negen": quarters as people say them, other minutes as "acht uur vijfendertig"."""
    if at.hour == 0:  # "twaalf uur 's nachts" could be the end of the day
        return _say("vanaf-0-uur") if at.minute == 0 else _say("vanaf-0-uur-en", f"getal-{at.minute}")
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
    return _say(*names)


def position(n: int) -> Phrase:
    """ "U bent nummer n in de rij"; n counts from 1."""
    if n <= 1:
        return _say("positie-eerste")
    return _say(f"positie-{n}" if n <= _LAST_POSITION else "positie-veel")


def whisper(municipality: MunicipalityCode) -> Phrase:
    """The name that an operator hears before the caller."""
    return (municipality_prompt(municipality, "naam"),)


def logged_in_for(municipalities: Iterable[MunicipalityCode]) -> Phrase:
    """ "U bent aangemeld voor A, B en C"."""
    names = [municipality_prompt(code, "naam") for code in municipalities]
    if len(names) > 1:
        names.insert(-1, text_prompt("en"))
    return (*_say("aangemeld-voor"), *names) if names else _say("aangemeld")


def paused(reason: PauseReason) -> Phrase:
    return _say(_PAUSES[reason])


def resolve(sounds_dir: Path, municipality: MunicipalityCode | None, names: Iterable[str]) -> tuple[str, ...]:
    """ARI media of the names; where the municipality has its own recording of a text, that one.

    Looks at the file system, a few microseconds per name. A text about a municipality uses that municipality's own
    recording. A name without any sound is left out: playing the rest helps the caller more than a failed playback.
    """
    media: list[str] = []
    for name in names:
        if name == RING_TONE:
            media.append(name)
            continue
        own = _own_recording(name, municipality)
        path = next((p for p in (own, name) if p is not None and (sounds_dir / f"{p}.wav").is_file()), None)
        if path is not None:
            media.append(f"sound:{(sounds_dir / path).absolute()}")
    return tuple(media)


def _own_recording(name: str, municipality: MunicipalityCode | None) -> str | None:
    match name.split("/"):
        case [place, code, key] if place == MUNICIPALITY_PLACE:
            return f"{RECORDINGS_PLACE}/{code}/{key}"
        case [place, key] if place == TEXT_PLACE and municipality is not None:
            return f"{RECORDINGS_PLACE}/{municipality}/{key}"
        case _:
            return None
