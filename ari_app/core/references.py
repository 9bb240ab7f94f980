"""The reference that is spoken to a citizen with a promise, and that they may name when they call again."""

from __future__ import annotations

_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
_STRIDE = 387_420_489  # has no factor in common with ten, so that different numbers stay different


def reference_of(number: int) -> str:
    """The reference of the `number`-th request: seven digits, nine after the first million.

    Neighbouring numbers have references that look different. A digit misheard, or two swapped, give no reference.
    """
    digits = 6 if number < 10**6 else 8
    body = f"{number * _STRIDE % 10**digits:0{digits}}"
    return body + str(_check_digit(body))


def _check_digit(digits: str) -> int:
    """Damm's check digit; 0 when the digits end in their own check digit."""
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return interim
