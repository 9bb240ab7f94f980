"""Parts of phrases that several listeners hear: numbers, names of municipalities and days, tones. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ari_app.core.ids import MunicipalityCode
from ari_app.core.numbers import AREA_CODES, FICTITIOUS_AREA_CODES
from ari_app.prompts.catalogue import TONE_PLACE, municipality_prompt, text_prompt

Phrase = tuple[str, ...]

#: Asterisk's own tone, which sounds until it is stopped
RING_TONE = "tone:ring;tonezone=nl"
#: half a minute of the music on hold, for an operator who waits
MUSIC = "music/wachtmuziek"
BEEP: Phrase = (f"{TONE_PLACE}/piep",)  # a call comes

_WEEKDAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
# fmt: off
_MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november",
    "december",
)
# fmt: on


def texts(*names: str) -> Phrase:
    """Texts of the catalogue, in this order."""
    return tuple(text_prompt(name) for name in names)


def municipality_name(municipality: MunicipalityCode) -> Phrase:
    """The name alone, spoken as the start of what follows."""
    return (municipality_prompt(municipality, "naam"),)


def weekday_name(day: date) -> str:
    """The Dutch name of its weekday."""
    return _WEEKDAYS[day.weekday()]


def month_name(day: date) -> str:
    """The Dutch name of its month, which is a prompt too."""
    return _MONTHS[day.month - 1]


def digits(text: str) -> Phrase:
    """A number digit by digit, with a pause after every two (or three, at the start of an odd number of them).

    For a reference or an extension, which are no telephone numbers. Other characters than digits are not spoken.
    """
    return _grouped(_pairs(_digits_of(text)))


def number(text: str) -> Phrase:
    """A telephone number as a person gives it: "nul, zes. één, twee. …"; abroad with 00. `text` is E.164."""
    plain = _digits_of(text)
    if not text.startswith("+31"):
        return _grouped(["00", *_pairs(plain)])
    national = f"0{plain.removeprefix('31')}"
    start = next((n for n in (3, 4) if national[:n] in AREA_CODES | FICTITIOUS_AREA_CODES), 3)
    if national.startswith("06"):
        start = 2
    elif national.startswith(("0800", "0900")):
        start = 4
    return _grouped([national[:start], *_pairs(national[start:])])


def area_parts(area: str) -> Iterable[str]:
    """Text names: "nul twintig" for 020, but one digit at a time for 0297, as these area codes are pronounced."""
    return (f"getal-{part}" for part in (("0", area[1:]) if len(area) == 3 else area))


def _digits_of(text: str) -> str:
    return "".join(char for char in text if char in "0123456789")


def _pairs(plain: str) -> list[str]:
    first = 3 if len(plain) % 2 and len(plain) > 1 else 2
    return [plain[:first], *(plain[i : i + 2] for i in range(first, len(plain), 2))] if plain else []


def _grouped(groups: list[str]) -> Phrase:
    names: list[str] = []
    for group in groups:
        names += [*(f"getal-{digit}" for digit in group[:-1]), f"cijfer-{group[-1]}"]
    return texts(*names)
