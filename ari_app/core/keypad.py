"""What an operator's keys mean: `*` codes while on the line, digits ended by `#` while logging in.

Pure: a buffer and a digit in, the new buffer and perhaps a command out.
"""

from __future__ import annotations

from dataclasses import dataclass

from ari_app.core.operators import PAUSE_KEYS, PauseReason

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


KeyCommand = EndWrapUp | PauseKey | PausePrompt | ResumeKey | LogOutKey | UnknownCode


def feed(buffer: str, digit: str) -> tuple[str, KeyCommand | None]:
    """The buffer after `digit`, and the command it completes. A `*` always starts afresh."""
    if digit == "*":
        return "*", None
    if buffer == "*9":
        return "", PauseKey(PAUSE_KEYS.get(digit))
    if buffer == "*":
        match digit:
            case "9":
                return "*9", PausePrompt()
            case "0":
                return "", ResumeKey()
            case "8":
                return "", LogOutKey()
            case _:
                return "", UnknownCode()
    if digit == "#":
        return "", EndWrapUp()
    return "", None


def feed_entry(buffer: str, digit: str) -> tuple[str, str | None]:
    """Digits until `#`: the buffer so far, and the whole entry when `#` ended it. `*` wipes what was keyed."""
    if digit == "#":
        return "", buffer
    if digit == "*":
        return "", None
    return (buffer + digit)[:MAX_ENTRY_DIGITS], None
