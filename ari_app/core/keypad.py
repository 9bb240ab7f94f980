"""The codes of operators' keys: `*` codes while on the line, digits ended by `#` while logging in.

Pure: a buffer and a digit in, the new buffer and perhaps a command out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ari_app.core.operator_commands import (
    CallbackKey,
    Command,
    HoldOrResume,
    OfferSurvey,
    StartTransfer,
    TransferToQueue,
)
from ari_app.core.operators import PAUSE_KEYS, PauseReason
from ari_app.core.transfer import CancelTransfer, CompleteTransfer, Conference, SwapParties, TransferKind

#: 00, the longest telephone number there is (E.164: 15), and one too many: a longer one is refused, while its first
#: digits would be somebody else's number
MAX_NUMBER_DIGITS = 18
MAX_ENTRY_DIGITS = 12  # longer than any operator number or PIN; the rest of a flood is dropped


@dataclass(frozen=True, slots=True)
class EndWrapUp:
    """`#`"""


@dataclass(frozen=True, slots=True)
class PauseKey:
    """`*9` and a reason; `reason` is None when the digit names none."""

    reason: PauseReason | None


@dataclass(frozen=True, slots=True)
class PausePrompt:
    """`*9` was pressed: the reasons may be read out."""


@dataclass(frozen=True, slots=True)
class ResumeKey:
    """`*0`"""


@dataclass(frozen=True, slots=True)
class LogOutKey:
    """`*8`"""


@dataclass(frozen=True, slots=True)
class UnknownCode:
    """A code that means nothing."""


@dataclass(frozen=True, slots=True)
class CommandKey:
    """`*1`, `*2` and `*6` with a number and `#`, `*3` with a choice, `*4`, `*#`, `*5` with a municipality's key."""

    command: Command


@dataclass(frozen=True, slots=True)
class ConsultPrompt:
    """`*3` was pressed: the choices may be read out."""


@dataclass(frozen=True, slots=True)
class NextCallbackKey:
    """`*7`: call the next citizen who is to be called back."""


@dataclass(frozen=True, slots=True)
class PlainKey:
    """A digit that belongs to no code: in a talk it is for the other side, such as a menu of an organisation."""

    digit: str


class Awaited(StrEnum):
    """The key that an incomplete code needs next."""

    DIGIT = "digit"
    HASH = "hash"  # perhaps after more digits


KeyCommand = (
    EndWrapUp
    | PauseKey
    | PausePrompt
    | ResumeKey
    | LogOutKey
    | CommandKey
    | ConsultPrompt
    | NextCallbackKey
    | PlainKey
    | UnknownCode
)

#: keys after *3, while a colleague is consulted
CONSULT_KEYS: Mapping[str, Command] = {
    "1": SwapParties(),
    "2": Conference(),
    "3": CompleteTransfer(),
    "4": CancelTransfer(),
}
_TRANSFERS = {"*1": TransferKind.WARM, "*2": TransferKind.COLD}
_PROMPTS: Mapping[str, KeyCommand | None] = {
    "1": None,
    "2": None,
    "3": ConsultPrompt(),
    "5": None,
    "6": None,
    "9": PausePrompt(),
}
_AT_ONCE: Mapping[str, KeyCommand] = {
    "0": ResumeKey(),
    "4": CommandKey(HoldOrResume()),
    "#": CommandKey(OfferSurvey()),
    "7": NextCallbackKey(),
    "8": LogOutKey(),
}


def awaited(buffer: str) -> Awaited | None:
    """The key that this incomplete code needs; None when no code was begun."""
    if not buffer:
        return None
    return Awaited.HASH if buffer[:2] in ("*1", "*2", "*6") else Awaited.DIGIT


def feed(buffer: str, digit: str) -> tuple[str, KeyCommand | None]:
    """The buffer after `digit`, and the command it completes. A `*` always starts afresh."""
    if digit == "*":
        return "*", None
    match buffer[:2]:
        case "*1" | "*2" | "*6":
            return _number(buffer, digit)
        case "*3":
            chosen = CONSULT_KEYS.get(digit)
            return "", UnknownCode() if chosen is None else CommandKey(chosen)
        case "*5":
            return "", CommandKey(TransferToQueue(digit)) if digit.isdigit() else UnknownCode()
        case "*9":
            return "", PauseKey(PAUSE_KEYS.get(digit))
        case "*" if digit in _PROMPTS:
            return f"*{digit}", _PROMPTS[digit]
        case "*":
            return "", _AT_ONCE.get(digit, UnknownCode())
        case _:
            return "", EndWrapUp() if digit == "#" else PlainKey(digit)


def _number(buffer: str, digit: str) -> tuple[str, KeyCommand | None]:
    if digit != "#":
        return (buffer + digit)[: len("*1") + MAX_NUMBER_DIGITS], None
    number = buffer[2:]
    if buffer.startswith("*6"):
        return "", CommandKey(CallbackKey(number))
    return "", CommandKey(StartTransfer(_TRANSFERS[buffer[:2]], number)) if number else UnknownCode()


def feed_entry(buffer: str, digit: str) -> tuple[str, str | None]:
    """Digits until `#`: the buffer so far, and the whole entry when `#` ended it. `*` wipes what was keyed."""
    if digit == "#":
        return "", buffer
    if digit == "*":
        return "", None
    return (buffer + digit)[:MAX_ENTRY_DIGITS], None
