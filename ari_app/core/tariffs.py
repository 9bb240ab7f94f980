"""Numbers that are never called, transferred to or kept in the directory: those that cost extra, and short numbers.

One function decides for all uses (AV §8; Nummerplan telefoon- en ISDN-diensten). 0800, 084, 085, 087, 088 and mobile
numbers cost a caller nothing extra. Toll fraud uses satellites, small islands and 0909, so other countries are closed
unless opened. 112 is not called for a citizen either: when citizens dial it themselves, its centre sees their number
and place.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumberType

from ari_app.core.numbers import E164, Refused, RefusedBecause, bare_digits, parse_e164, parse_shared

_HOME = "NL"
_DUTCH = 31
#: the country code that carriers, and sometimes people, put before a Dutch number
_COUNTRY = r"(?:\+31|0031|31)?"
_PAID = re.compile(rf"{_COUNTRY}0?(?:90[069]|67)[0-9]*|{_COUNTRY}18[0-9]{{2,3}}")
_SHORT = re.compile(rf"{_COUNTRY}(?:0?11[23]|0?116[0-9]{{3}}|14[0-9]*|[1-9][0-9]{{0,5}})")
_PUBLIC_SHORT = re.compile(r"11[23]|116[0-9]{3}|18[0-9]{2,3}")
_IN_USE_14 = frozenset({RefusedBecause.STATE, RefusedBecause.ANIMALS, RefusedBecause.BUSINESS})
#: the region that the library gives to satellites, international networks and international premium rate
_NO_COUNTRY = "001"
_EXTRA = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST})


class NotCalled(StrEnum):
    """Why a number is not called."""

    NOT_A_NUMBER = "not_a_number"
    PAID = "paid"  # 0900, 0906, 0909, 067, 18xx, and what other countries charge extra for
    SHORT = "short"  # 112 and other short numbers, and 14-numbers
    SATELLITE = "satellite"
    ABROAD = "abroad"  # a country that was not opened
    SERVED = "served"  # calls to it come in here: it is never called back


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A number that is not called; `says` is a sentence for the person who typed it."""

    reason: NotCalled
    says: str


_SHORT_NUMBER = Forbidden(NotCalled.SHORT, "is a short number or a 14-number, which is not called")


def callable_number(text: str, countries: Collection[str] = ()) -> E164 | Forbidden:
    """The number to call, from any notation, or the reason not to call it; `countries` are open besides NL (ISO codes).

    A municipal 14-number is a queue, not a number to call: it is SHORT here.
    """
    digits = bare_digits(text)
    if digits is None:
        return Forbidden(NotCalled.NOT_A_NUMBER, "is not a telephone number")
    if not isinstance(parse_shared(text), Refused):
        return _SHORT_NUMBER
    parsed = parse_e164(text)
    # Check the parsed number too: parsing removes a needless 0 before a 14-number.
    written = (digits,) if isinstance(parsed, Refused) else (digits, parsed)
    if any(map(_PAID.fullmatch, written)):
        return Forbidden(NotCalled.PAID, "is a paid-service number, which costs extra (AV §8)")
    if any(map(_SHORT.fullmatch, written)):
        return _SHORT_NUMBER
    if isinstance(parsed, Refused):
        return Forbidden(NotCalled.NOT_A_NUMBER, parsed.says)
    number = phonenumbers.parse(parsed)
    if phonenumbers.region_code_for_country_code(number.country_code or 0) == _NO_COUNTRY:
        return Forbidden(NotCalled.SATELLITE, "is a satellite or international network, which costs extra (AV §8)")
    if phonenumbers.number_type(number) in _EXTRA:
        return Forbidden(NotCalled.PAID, "is a paid-service number, which costs extra (AV §8)")
    if number.country_code == _DUTCH:
        return parsed
    country = phonenumbers.region_code_for_number(number)
    if country in countries and country != _HOME:
        return parsed
    return Forbidden(NotCalled.ABROAD, f"is a number abroad ({country or 'unknown'}), and that country is not open")


def is_public_short_number(digits: str) -> bool:
    """Can everybody in the Netherlands dial these few digits? True for 112, 18xx and 14-numbers."""
    if not digits.startswith("14"):
        return _PUBLIC_SHORT.fullmatch(digits) is not None
    shared = parse_shared(digits)
    return not isinstance(shared, Refused) or shared.reason in _IN_USE_14
