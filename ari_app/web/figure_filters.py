"""Whose figures of which days somebody asks for, as the address of the page says. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ari_app.core.area import Area
from ari_app.core.calendar import local_date
from ari_app.reports.periods import Period, read_period
from ari_app.web.list_filters import ListFilter, check_lists, read_values
from ari_app.web.names import Names
from ari_app.web.periods import read_period as read_days

FIELDS = ("vanaf", "tot", "gemeente", "team", "nummer")
LONGEST_DAYS = 1100


@dataclass(frozen=True, slots=True)
class FigureFilter(ListFilter):
    """`period` is of use without faults."""

    period: Period = field(default_factory=lambda: Period(date.min, date.min))

    @property
    def team(self) -> str | None:
        return self.values["team"] or None

    @property
    def number(self) -> str | None:
        return self.values["nummer"] or None

    def of_days(self, path: str, period: Period) -> str:
        """The same of other days."""
        return self.address(path, vanaf=period.first.isoformat(), tot=period.last.isoformat())


def read_figure_filter(sent: Mapping[str, str], repeated: frozenset[str], names: Names, now: datetime) -> FigureFilter:
    """Without days: today. What is not known is left out of the address."""
    values, faults = read_values(sent, repeated, FIELDS)
    read_days(values, faults, now)
    lists: Mapping[str, Collection[str]] = {
        "gemeente": names.towns,
        "team": names.teams,
        "nummer": numbers_of(names.area, names),
    }
    check_lists(values, faults, lists)
    if faults:
        return FigureFilter(values, faults)
    period = Period(date.fromisoformat(values["vanaf"]), date.fromisoformat(values["tot"]))
    if period.days > LONGEST_DAYS:
        return FigureFilter(values, {"tot": "Kies hooguit drie jaar."})
    return FigureFilter(values, {}, period)


def numbers_of(area: Area, names: Names) -> dict[str, str]:
    """The numbers by which callers reach municipalities of the scope: as a bucket has them, and as they are shown."""
    found = {
        digits: f"{digits[:2]} {digits[2:]}"
        for digits, number in area.shared_numbers.items()
        if any(member.municipality in names.towns for member in number.members)
    }
    own = [number.e164 for number in area.direct_numbers.values() if number.municipality in names.towns]
    own += [e164 for code in names.towns for e164 in area.municipalities[code].geographic_numbers]
    for e164 in own:
        digits = f"0{e164.removeprefix('+31')}"
        found[digits] = digits
    return dict(sorted(found.items()))


def known_periods(now: datetime) -> list[tuple[str, Period]]:
    """Those that are asked for most, with their names."""
    today = local_date(now)
    week = Period(today - timedelta(days=today.weekday()), today)
    month, year = Period(today.replace(day=1), today), Period(today.replace(month=1, day=1), today)
    return [
        ("vandaag", read_period("vandaag", today)),
        ("gisteren", read_period("gisteren", today)),
        ("deze week", week),
        ("vorige week", Period(week.first - timedelta(days=7), week.first - timedelta(days=1))),
        ("deze maand", month),
        ("vorige maand", read_period(month.first.strftime("%Y-%m"), today).before),
        ("dit jaar", year),
    ]
