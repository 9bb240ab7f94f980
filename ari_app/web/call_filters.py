"""Which calls somebody looks for, as the address of the page says; what is wrong names its field. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ari_app.core.call import EndReason
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.storage.calls.selected import Selection
from ari_app.web.list_filters import ListFilter, check_lists, read_place, read_values
from ari_app.web.periods import read_period

LONGEST_WAIT = 7200
OPEN = "bezig"
#: kinds of ends; each end is in one of them
ENDS: Mapping[str, tuple[str, tuple[EndReason, ...]]] = {
    "geholpen": (
        "Gesproken met een medewerker",
        (EndReason.CALLER_HUNG_UP, EndReason.OPERATOR_HUNG_UP, EndReason.HANDLED_BY_FALLBACK),
    ),
    "afgebroken": ("Gesprek afgebroken", (EndReason.CALLER_LINE_LOST, EndReason.CALLER_LEFT_IN_TRANSFER)),
    "opgehangen": (
        "Opgehangen voor iemand opnam",
        (
            EndReason.CALLER_HUNG_UP_EARLY,
            EndReason.ABANDONED_IN_MENU,
            EndReason.ABANDONED_IN_ANNOUNCEMENT,
            EndReason.ABANDONED_WAITING,
        ),
    ),
    "terugbellen": ("Terugbelverzoek gedaan", (EndReason.CALLBACK_PROMISED,)),
    "niet-bereikt": (
        "Teruggebeld, niet gesproken",
        (EndReason.CALLBACK_NOT_ANSWERED, EndReason.CALLBACK_GIVEN_UP),
    ),
    "gesloten": ("Wij waren gesloten", (EndReason.CLOSED,)),
    "calamiteit": ("Hoorde de calamiteit", (EndReason.CALAMITY,)),
    "niemand": (
        "Niemand beschikbaar, of te lang gewacht",
        (EndReason.NOBODY_AVAILABLE, EndReason.WAITED_TOO_LONG),
    ),
    "bezet": ("Alle lijnen bezet", (EndReason.TURNED_AWAY, EndReason.HEARD_BUSY)),
    "fout": ("Fout, of niet bekend", (EndReason.FAULT, EndReason.LOST, EndReason.NOT_SERVED)),
}
YES_OR_NO = {"ja": True, "nee": False}
FIELDS = ("vanaf", "tot", "gemeente", "team", "medewerker", "einde", "wacht", "doorverbonden", "onderwerp", "cursor")


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen: codes of the reader's municipalities, teams, operators and subjects, with their names."""

    towns: Mapping[MunicipalityCode, str]
    teams: Mapping[str, str]
    operators: Mapping[OperatorNumber, str]
    subjects: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CallFilter(ListFilter):
    """`selection` is of use without faults."""

    selection: Selection = field(default_factory=Selection)


def read_filter(sent: Mapping[str, str], repeated: frozenset[str], choices: Choices, now: datetime) -> CallFilter:
    """Without a period: today. What is not known is left out of the address."""
    values, faults = read_values(sent, repeated, FIELDS)
    since, until = read_period(values, faults, now)
    lists: Mapping[str, Collection[str]] = {
        "gemeente": choices.towns,
        "team": choices.teams,
        "medewerker": choices.operators,
        "einde": (OPEN, *ENDS),
        "doorverbonden": YES_OR_NO,
        "onderwerp": choices.subjects,
    }
    check_lists(values, faults, lists)
    before = read_place(values["cursor"], faults, CallId)
    waited = _seconds(values["wacht"], faults)
    if faults:
        return CallFilter(values, faults)
    selection = Selection(
        since,
        until,
        OperatorNumber(values["medewerker"]) if values["medewerker"] else None,
        True if values["einde"] == OPEN else None,
        before,
        ends=ENDS[values["einde"]][1] if values["einde"] in ENDS else (),
        team=TeamCode(values["team"]) if values["team"] else None,
        waited_seconds=waited,
        is_transferred=YES_OR_NO.get(values["doorverbonden"]),
        subject=values["onderwerp"] or None,
    )
    return CallFilter(values, {}, selection)


def _seconds(text: str, faults: dict[str, str]) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= LONGEST_WAIT):
        faults.setdefault("wacht", f"Vul een heel getal in van 1 tot {LONGEST_WAIT}.")
        return None
    return int(text)
