"""Which closed requests somebody looks for, as the address of the page says; what is wrong names its field. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ari_app.core.callbacks import CloseKind
from ari_app.core.ids import OperatorNumber, RequestId, TeamCode
from ari_app.storage.callbacks.closed import ClosedSelection
from ari_app.web.list_filters import ListFilter, check_lists, read_place, read_values
from ari_app.web.names import Names
from ari_app.web.periods import read_period

#: words of the address, and how a request was closed
HOW: Mapping[str, CloseKind] = {
    "gesproken": CloseKind.REACHED,
    "zelf-gebeld": CloseKind.HELPED,
    "met-reden": CloseKind.BY_PERSON,
}
FIELDS = ("vanaf", "tot", "gemeente", "team", "medewerker", "hoe", "cursor")


@dataclass(frozen=True, slots=True)
class ClosedFilter(ListFilter):
    """`selection` is of use without faults."""

    selection: ClosedSelection = field(default_factory=ClosedSelection)


def read_closed_filter(sent: Mapping[str, str], repeated: frozenset[str], names: Names, now: datetime) -> ClosedFilter:
    """Without a period: what was closed today."""
    values, faults = read_values(sent, repeated, FIELDS)
    since, until = read_period(values, faults, now)
    lists: Mapping[str, Collection[str]] = {
        "gemeente": names.towns,
        "team": names.teams,
        "medewerker": names.operators,
        "hoe": HOW,
    }
    check_lists(values, faults, lists)
    before = read_place(values["cursor"], faults, RequestId)
    if faults:
        return ClosedFilter(values, faults)
    selection = ClosedSelection(
        since,
        until,
        TeamCode(values["team"]) if values["team"] else None,
        OperatorNumber(values["medewerker"]) if values["medewerker"] else None,
        HOW.get(values["hoe"]),
        before,
    )
    return ClosedFilter(values, faults, selection)
