"""The choices that a municipality makes about its figures, each from a day on. Pure.

The conditions of the 14+netnummer leave them open (AV §1, §5), so no figure is shown without them. They are applied
when a figure is read, to waits that are kept by the second: a new choice needs no recount, and a period can be counted
with the old one and with the new one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ari_app.core.ids import MunicipalityCode
from ari_app.reports.waits import Clock, Wait, WaitEnd

#: below so many calls no share is shown, unless the municipality chooses otherwise
FEWEST_CALLS = 5


class Denominator(StrEnum):
    """The callers of whom the share within the norm is taken."""

    OFFERED = "offered"  # all who came into the queue
    ANSWERED = "answered"  # those who were answered


class EarlyAbandons(StrEnum):
    """What a caller is who leaves by their own choice within the norm."""

    LEFT_OUT = "left_out"
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Choices:
    """`short_abandon_seconds`: who hangs up in the queue no later than that is no abandon. `norm_seconds` None: that of
    the area file. `fewest_calls`: below it no share is shown.
    """

    clock: Clock = Clock.QUEUE
    short_abandon_seconds: int = 0
    denominator: Denominator = Denominator.OFFERED
    early_abandons: EarlyAbandons = EarlyAbandons.LEFT_OUT
    counts_calamities: bool = False
    norm_seconds: int | None = None
    fewest_calls: int = FEWEST_CALLS


@dataclass(frozen=True, slots=True)
class Definition:
    """A municipality's choices from this day on, in the Netherlands; of two for one day the later one counts."""

    municipality: MunicipalityCode
    from_day: date
    choices: Choices
    author: str
    created_at: datetime


class Judgement(StrEnum):
    """What one wait is for the share within the norm."""

    MET = "met"
    MISSED = "missed"
    LEFT_OUT = "left_out"


_OF_EARLY = {
    EarlyAbandons.LEFT_OUT: Judgement.LEFT_OUT,
    EarlyAbandons.MET: Judgement.MET,
    EarlyAbandons.MISSED: Judgement.MISSED,
}


def judged(wait: Wait, choices: Choices, norm_seconds: int) -> Judgement:
    """Of a wait by the clock of these choices; one by another clock is left out."""
    if wait.clock is not choices.clock or (wait.in_calamity and not choices.counts_calamities):
        return Judgement.LEFT_OUT
    is_within = wait.seconds <= norm_seconds
    if wait.end is WaitEnd.ANSWERED:
        return Judgement.MET if is_within else Judgement.MISSED
    if choices.denominator is Denominator.ANSWERED or is_short(wait, choices):
        return Judgement.LEFT_OUT
    if is_within and wait.end in (WaitEnd.HUNG_UP, WaitEnd.CHOSE_CALLBACK):
        return _OF_EARLY[choices.early_abandons]
    return Judgement.MISSED


def is_short(wait: Wait, choices: Choices) -> bool:
    """Whether the caller hung up so soon that it is no abandon."""
    return wait.end is WaitEnd.HUNG_UP and wait.seconds <= choices.short_abandon_seconds


def in_force(definitions: Iterable[Definition], municipality: str, day: date) -> Choices:
    """Without a definition of before or on this day: the choices of the program."""
    of_town = [one for one in definitions if one.municipality == municipality and one.from_day <= day]
    last = max(of_town, key=lambda one: (one.from_day, one.created_at), default=None)
    return Choices() if last is None else last.choices


def changes_within(definitions: Iterable[Definition], municipality: str, first: date, last: date) -> tuple[date, ...]:
    """The days after the first one, up to the last one, from which other choices are in force, in their order."""
    known = list(definitions)
    days = sorted({one.from_day for one in known if one.municipality == municipality and first < one.from_day <= last})
    found, before = [], in_force(known, municipality, first)
    for day in days:
        now = in_force(known, municipality, day)
        if now != before:
            found.append(day)
        before = now
    return tuple(found)


def in_words(choices: Choices, norm_seconds: int) -> str:
    """The choices as a Dutch reader of the figure needs them."""
    since = {Clock.QUEUE: "vanaf de wachtrij", Clock.ARRIVAL: "vanaf het binnenkomen van de oproep"}[choices.clock]
    words = [f"Norm {norm_seconds} seconden, gerekend {since}"]
    if choices.denominator is Denominator.ANSWERED:
        words.append("deel van de bellers die iemand spraken")
    else:
        early = {
            EarlyAbandons.LEFT_OUT: "telt niet mee",
            EarlyAbandons.MET: "telt als binnen de norm",
            EarlyAbandons.MISSED: "telt als buiten de norm",
        }[choices.early_abandons]
        words.append(f"wie zelf binnen de norm ophing of koos voor terugbellen, {early}")
    if choices.short_abandon_seconds:
        words.append(f"wie binnen {choices.short_abandon_seconds} seconden ophing, is geen uitval")
    calamities = "tellen mee" if choices.counts_calamities else "tellen niet mee"
    words.append(f"bellers tijdens een calamiteit {calamities}")
    return "; ".join(words) + "."
