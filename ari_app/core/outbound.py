"""Calls to a number outside: its notation for the trunk, and the number of ours that is shown."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from ari_app.core.ids import Endpoint, MunicipalityCode

if TYPE_CHECKING:
    from ari_app.core.area import Area

#: the place of the number in a template
PLACE = "{number}"
_E164 = re.compile(r"\+([1-9][0-9]{6,14})")
_HOME = "31"


class NumberForm(StrEnum):
    """The notation of a number that a trunk expects."""

    E164 = "e164"  # +31612345678
    INTERNATIONAL = "international"  # 0031612345678
    NATIONAL = "national"  # 0612345678; abroad 00 and the country code


def outside_endpoint(template: str, e164: str, form: NumberForm = NumberForm.E164) -> Endpoint | None:
    """The endpoint that calls this number; None without a template, or if the number is not E.164.

    Only digits and a plus are taken from the number, because they go into a dial string.
    """
    found = _E164.fullmatch(e164)
    if not template or found is None:
        return None
    return Endpoint(template.replace(PLACE, _written(found[1], form)))


def _written(digits: str, form: NumberForm) -> str:
    match form:
        case NumberForm.E164:
            return f"+{digits}"
        case NumberForm.NATIONAL if digits.startswith(_HOME):
            return f"0{digits.removeprefix(_HOME)}"
        case NumberForm.NATIONAL | NumberForm.INTERNATIONAL:
            return f"00{digits}"


def is_template(text: str) -> bool:
    """Is this a way outside: a trunk with one place for the number, or a phone that stands in for one in tests?"""
    return re.fullmatch(r"PJSIP/(?:\{number\}@)?[A-Za-z0-9_][A-Za-z0-9_.-]*", text) is not None


def peer_of(template: str) -> str:
    """The name of the trunk or phone in a template."""
    return template.removeprefix("PJSIP/").removeprefix(f"{PLACE}@")


def shown_number(area: Area, municipality: MunicipalityCode | None, shared_number: str | None) -> str:
    """The number of ours that is shown when we call, so that people can call it back; "" if there is none.

    It is the municipality's geographic number if there is one: not every network can show or dial a 14-number.
    """
    known = None if municipality is None else area.municipalities.get(municipality)
    if known is not None and known.geographic_numbers:
        return known.geographic_numbers[0]
    if shared_number is not None or municipality is None:
        return shared_number or ""
    numbers = sorted(area.shared_numbers.values(), key=lambda shared: shared.digits)
    return next((s.digits for s in numbers if municipality in {member.municipality for member in s.members}), "")
