"""Telephone numbers: municipal 14-numbers by the Dutch numbering plan, all others as E.164.

A 14-number is `14` and an area code with its 0: "14 020", "14 0297" (Nummerplan telefoon- en ISDN-diensten, bijlage 1,
table 140X). It is stored as plain digits, "140297". The area codes in `FICTITIOUS_AREA_CODES` belong to nobody: samples
and tests use them, both as 14-number ("14 0119") and as geographic number ("+31 119 123456").
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NewType

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

SharedDigits = NewType("SharedDigits", str)  # a municipal 14-number, "14020" or "140297"
E164 = NewType("E164", str)  # "+31201234567"

_LAST_DIGITS_OF_AREA_CODES = {
    "01": "035",
    "011": "134578",
    "016": "1245678",
    "017": "24",
    "018": "0123467",
    "02": "0346",
    "022": "2346789",
    "025": "125",
    "029": "479",
    "03": "03568",
    "031": "345678",
    "032": "01",
    "034": "12345678",
    "04": "0356",
    "041": "12368",
    "047": "58",
    "048": "15678",
    "049": "23579",
    "05": "0358",
    "051": "123456789",
    "052": "12345789",
    "054": "1345678",
    "056": "126",
    "057": "0123578",
    "059": "123456789",
    "07": "0123456789",
}
#: The 141 geographic area codes of the Netherlands, with their 0.
AREA_CODES: frozenset[str] = frozenset(
    start + last for start, lasts in _LAST_DIGITS_OF_AREA_CODES.items() for last in lasts
)

#: Area codes that fit the numbering plan and that nobody has: for samples, documentation and tests.
FICTITIOUS_AREA_CODES: frozenset[str] = frozenset({"0119", "0179"})

#: length of the whole number, by the first digit after "140" (key) and the second (position); "-": not available
_TABLE_140X = {
    "1": "56-5-5666-",
    "2": "5-65565--6",
    "3": "5665655-5-",
    "4": "56-5-55666",
    "5": "5665656656",
    "7": "5555555555",
}
_LONGEST_E164 = 15  # digits, with the country code (ITU-T E.164)
_LONGEST_KEPT = 32  # digits of a dialled number that are stored
_LONGEST_READ = 200  # characters of a number from outside
_SEPARATORS = re.compile(r"[\s\-./()]")
_PAID = re.compile(r"^(?:(?:0|\+31|0031|31)(?:90[069]|67)[0-9]+|(?:\+31|0031)?18[0-9]{2,3})$")
_SCHEME = re.compile(r"^(?:tel|sips?):", re.IGNORECASE)


class RefusedBecause(StrEnum):
    """Why a text is not a usable number."""

    NOT_A_NUMBER = "not_a_number"
    NOT_14 = "not_14"  # a number, but not a 14-number
    STATE = "state"  # 1400, the State's information line
    ANIMALS = "animals"  # 144
    BUSINESS = "business"  # 14088
    NOT_AVAILABLE = "not_available"  # not assigned by the numbering plan
    WRONG_LENGTH = "wrong_length"
    NO_SUCH_AREA = "no_such_area"
    PAID = "paid"
    NOT_DUTCH = "not_dutch"
    NOT_GEOGRAPHIC = "not_geographic"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Refused:
    """A number that was not accepted; `says` is a sentence for the person who typed it."""

    reason: RefusedBecause
    says: str


@dataclass(frozen=True, slots=True)
class Dialled:
    """The dialled number as the trunk delivered it: a 14-number, an E.164 number, or neither (both None)."""

    digits: str  # as delivered, digits only, at most 32
    shared: SharedDigits | None = None
    e164: E164 | None = None


def parse_shared(text: str) -> SharedDigits | Refused:
    """Read a municipal 14-number in any notation.

    Accepts `14 020`, `14020`, `14-024` and the interconnect form `01400 14020`, each also after `+31`, `0031` or `31`.
    """
    digits = bare_digits(text)
    if digits is None:
        return Refused(RefusedBecause.NOT_A_NUMBER, f"{_shown(text)} is not a telephone number")
    return _judge_14(_short_form(digits))


def format_shared(digits: str) -> str:
    """The notation in which a 14-number is published: "14 0119"."""
    return f"{digits[:2]} {digits[2:]}"


def area_code(digits: SharedDigits) -> str:
    """The area code of a 14-number, with its 0."""
    return digits[2:]


def is_fictitious(number: str) -> bool:
    """Does this 14-number or E.164 number lie in the range for samples?"""
    return any(number == f"14{code}" or number.startswith(f"+31{code[1:]}") for code in FICTITIOUS_AREA_CODES)


def parse_e164(text: str) -> E164 | Refused:
    """Read a telephone number, which is Dutch unless it begins with a country code. A 14-number is not E.164."""
    digits = bare_digits(text)
    if digits is None:
        return Refused(RefusedBecause.NOT_A_NUMBER, f"{_shown(text)} is not a telephone number")
    if not isinstance(_judge_14(_short_form(digits)), Refused):
        return Refused(RefusedBecause.IMPOSSIBLE, f"{_shown(text)} is a 14-number, which has no international form")
    number = _parse(digits)
    if number is None or not _is_plausible(number):
        return Refused(RefusedBecause.IMPOSSIBLE, f"{_shown(text)} cannot be an existing telephone number")
    return _as_e164(number)


def parse_direct(text: str) -> E164 | Refused:
    """Read a number that citizens dial instead of a 14-number: Dutch, and without extra charge (AV §8)."""
    digits = bare_digits(text)
    if digits is not None and _PAID.match(digits):
        return Refused(RefusedBecause.PAID, f"{_shown(text)} is a paid-service number, which costs callers extra")
    parsed = parse_e164(text)
    if isinstance(parsed, Refused):
        return parsed
    number = phonenumbers.parse(parsed)
    if number.country_code != 31:
        return Refused(RefusedBecause.NOT_DUTCH, f"{_shown(text)} is not a Dutch number")
    if phonenumbers.number_type(number) == PhoneNumberType.PREMIUM_RATE:
        return Refused(RefusedBecause.PAID, f"{_shown(text)} is a paid-service number, which costs callers extra")
    return parsed


def parse_geographic(text: str) -> E164 | Refused:
    """Read a Dutch geographic number, which callers from abroad dial (AV §4)."""
    parsed = parse_direct(text)
    if isinstance(parsed, Refused) or is_fictitious(parsed):
        return parsed
    if phonenumbers.number_type(phonenumbers.parse(parsed)) != PhoneNumberType.FIXED_LINE:
        return Refused(RefusedBecause.NOT_GEOGRAPHIC, f"{_shown(text)} is not a geographic number")
    return parsed


@lru_cache(maxsize=256)
def normalise_dialled(text: str) -> Dialled:
    """Read a dialled number as a trunk delivers it. Accepts any text and never raises.

    Kept for the numbers that are dialled most: a restart reads the same few for hundreds of calls.
    """
    digits = bare_digits(text)
    if digits is None:
        return Dialled(_kept_digits(text))
    kept = digits.removeprefix("+")[:_LONGEST_KEPT]
    shared = _judge_14(_short_form(digits))
    if not isinstance(shared, Refused):
        return Dialled(kept, shared=shared)
    number = _parse(digits)
    if number is None or not _is_plausible(number):
        return Dialled(kept)
    return Dialled(kept, e164=_as_e164(number))


def caller_number(text: str | None, presentation_withheld: bool) -> E164 | None:
    """The number on which a caller may be called back; None if withheld or no usable telephone number.

    A withheld number is not read at all (Telecommunicatiewet 11.9).
    """
    if presentation_withheld or not text:
        return None
    parsed = parse_e164(text)
    return None if isinstance(parsed, Refused) else parsed


def bare_digits(text: str) -> str | None:
    """The digits of a written number, with its leading + if any; None when the text is no written number."""
    if len(text) > _LONGEST_READ:
        return None
    user = _SCHEME.sub("", text.strip()).partition("@")[0].partition(";")[0]
    bare = _SEPARATORS.sub("", user.replace("(0)", ""))
    plain = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in bare)
    # A number that is too long is refused, not cut: its first digits could be another person's number.
    return plain if re.fullmatch(rf"\+?[0-9]{{1,{_LONGEST_KEPT}}}", plain) else None


def _kept_digits(text: str) -> str:
    return "".join(char for char in text[:_LONGEST_READ] if char in "0123456789")[:_LONGEST_KEPT]


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")


def _short_form(digits: str) -> str:
    """A 14-number as people dial it, without the prefixes of networks; any other number unchanged."""
    national = digits
    for country in ("+31", "0031", "31"):
        if digits.startswith(country):
            national = digits.removeprefix(country)
            break
    for routing in ("01400", "1400"):
        if national.startswith(f"{routing}14"):
            return national.removeprefix(routing)
    return national if national.startswith("14") else digits


def _judge_14(digits: str) -> SharedDigits | Refused:
    refused = _refusal_of_14(digits)
    return SharedDigits(digits) if refused is None else refused


def _refusal_of_14(digits: str) -> Refused | None:
    shown = format_shared(digits)
    if not digits.startswith("14"):
        return Refused(RefusedBecause.NOT_14, f"{_shown(digits)} does not begin with 14")
    if digits == "144":
        return Refused(RefusedBecause.ANIMALS, "144 is the number for animals in distress, not a municipality's")
    if not digits.startswith("140"):
        return Refused(RefusedBecause.NOT_AVAILABLE, f"{shown}: an area code begins with 0")
    if digits == "1400":
        return Refused(RefusedBecause.STATE, "1400 is the State's number, not a municipality's")
    if digits == "14088":
        return Refused(RefusedBecause.BUSINESS, "14 088 is the contact centre for businesses, not a municipality's")
    row = _TABLE_140X.get(digits[3:4])
    if row is None and len(digits) > 3:
        return Refused(RefusedBecause.NOT_AVAILABLE, f"{shown} is not available to municipalities")
    if row is None or len(digits) < 5:
        return Refused(RefusedBecause.WRONG_LENGTH, f"{shown} is too short: 14 and a whole area code")
    length = row[int(digits[4])]
    if length == "-":
        return Refused(RefusedBecause.NOT_AVAILABLE, f"{shown} is not available in the numbering plan")
    if len(digits) != int(length):
        return Refused(RefusedBecause.WRONG_LENGTH, f"{shown} has {len(digits)} digits; such a number has {length}")
    if digits[2:] not in AREA_CODES | FICTITIOUS_AREA_CODES:
        return Refused(RefusedBecause.NO_SUCH_AREA, f"{shown}: there is no area code {digits[2:]}")
    return None


def _parse(digits: str) -> phonenumbers.PhoneNumber | None:
    # phonenumbers reads "31…" without + as a national number when it can.
    whole = f"+{digits}" if re.fullmatch(r"31[1-9][0-9]{8}", digits) else digits
    try:
        return phonenumbers.parse(whole, "NL")
    except NumberParseException:
        return None


def _is_plausible(number: phonenumbers.PhoneNumber) -> bool:
    if number.country_code == 31:
        known = phonenumbers.is_valid_number(number)
        return known or (is_fictitious(_as_e164(number)) and len(str(number.national_number)) == 9)
    # New ranges abroad reach the library's tables late, and it accepts German numbers longer than E.164 allows.
    is_possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return is_possible and len(_as_e164(number)) <= len("+") + _LONGEST_E164


def _as_e164(number: phonenumbers.PhoneNumber) -> E164:
    return E164(phonenumbers.format_number(number, PhoneNumberFormat.E164))
