"""The working days of the law, and the opening hours of a municipality: two different things.

A *working day* is a day that the law counts: not a Saturday or Sunday, not a day of Algemene termijnenwet art. 3, not a
day designated by royal decree. It stays a working day when a municipality closes by its own choice. *Opening* follows
the municipality's hours, its closings and, unless it has chosen otherwise, the legal days.

Days are dates in Europe/Amsterdam. Instants are timezone-aware; returned instants are in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from ari_app.core.area import Municipality

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
#: of moments that people and programs name: others are slips, and have no time in some zones
PLAUSIBLE_YEARS = range(1900, 9000)

#: Days that a royal decree equates with a holiday (art. 3 lid 3), decreed for some three years at a time. Sources: up
#: to 2024 the decrees themselves; 2025 to 2028 a jurist's publication (sterfgeval.nl), still to be compared with the
#: Staatscourant. The table `special_day`, which names its source per day, adds to these or replaces them.
DESIGNATED_DAYS: Mapping[date, str] = {
    date(2023, 4, 28): "dag na Koningsdag",
    date(2023, 5, 19): "dag na Hemelvaartsdag",
    date(2024, 5, 10): "dag na Hemelvaartsdag",
    date(2024, 12, 27): "dag na Kerstmis",
    date(2025, 5, 30): "dag na Hemelvaartsdag",
    date(2026, 1, 2): "dag na Nieuwjaarsdag",
    date(2026, 5, 15): "dag na Hemelvaartsdag",
    date(2027, 5, 7): "dag na Hemelvaartsdag",
    date(2028, 4, 28): "dag na Koningsdag",
    date(2028, 5, 26): "dag na Hemelvaartsdag",
}

_SATURDAY = 5
_SEARCH_DAYS = 400  # how far ahead a closed municipality's next opening is looked for
_DECREE_NOTICE = timedelta(days=365)
_OPEN_DAYS = 7  # an opening that lasts longer counts as one without an end


class ClosedWhy(StrEnum):
    """Why a municipality is closed."""

    HOURS = "hours"  # outside its opening hours
    LEGAL_DAY = "legal_day"
    OWN_CLOSING = "own_closing"  # by its own choice, with a reason


@dataclass(frozen=True, slots=True)
class OpenNow:
    """Open, until an instant; None when it does not close within a week."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class ClosedNow:
    """Closed; `name` is the name of the day or the reason of the closing, `opens_at` None if no opening is in sight."""

    why: ClosedWhy
    name: str | None
    opens_at: datetime | None


def local_date(instant: datetime) -> date:
    """The date in the Netherlands at this instant."""
    return instant.astimezone(AMSTERDAM).date()


def easter_sunday(year: int) -> date:
    """Easter in the Gregorian calendar (the algorithm of Meeus, Jones and Butcher)."""
    golden = year % 19
    century, in_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    moon_shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - moon_shift + 15) % 30
    leap_years, year_rest = divmod(in_century, 4)
    to_sunday = (32 + 2 * century_rest + 2 * leap_years - epact - year_rest) % 7
    correction = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def legal_days(year: int) -> Mapping[date, str]:
    """The days of Algemene termijnenwet art. 3 lid 1 and 2, from 2014 on, with their Dutch names."""
    easter = easter_sunday(year)
    kings_day = date(year, 4, 27)
    if kings_day.weekday() == 6:
        kings_day -= timedelta(days=1)
    days = {
        date(year, 1, 1): "Nieuwjaarsdag",
        easter - timedelta(days=2): "Goede Vrijdag",
        easter + timedelta(days=1): "Tweede Paasdag",
        kings_day: "Koningsdag",
        date(year, 5, 5): "Bevrijdingsdag",
        easter + timedelta(days=50): "Tweede Pinksterdag",
        date(year, 12, 25): "Eerste Kerstdag",
        date(year, 12, 26): "Tweede Kerstdag",
    }
    # Set last: when Ascension Day is 5 May (2016), people call the day Hemelvaartsdag.
    days[easter + timedelta(days=39)] = "Hemelvaartsdag"
    return days


def legal_day_name(day: date, special_days: Mapping[date, str]) -> str | None:
    """The name of a holiday or designated day; None for any other day, also a Sunday."""
    return legal_days(day.year).get(day) or special_days.get(day)


def is_working_day(day: date, special_days: Mapping[date, str]) -> bool:
    return day.weekday() < _SATURDAY and legal_day_name(day, special_days) is None


def next_working_day(day: date, special_days: Mapping[date, str]) -> date:
    """The first working day after `day`: the last day to call back a customer who called on `day` (AV §2)."""
    following = day + timedelta(days=1)
    while not is_working_day(following, special_days):
        following += timedelta(days=1)
    return following


def special_days_known_until(special_days: Mapping[date, str]) -> date | None:
    """The last day of the years whose designated days are known; None when none are."""
    return date(max(special_days).year, 12, 31) if special_days else None


def special_days_run_out(special_days: Mapping[date, str], today: date) -> bool:
    """Is it time to enter the next decree? True from twelve months before the end of the known years on."""
    until = special_days_known_until(special_days)
    return until is None or until < today + _DECREE_NOTICE


def open_state(municipality: Municipality, special_days: Mapping[date, str], now: datetime) -> OpenNow | ClosedNow:
    """Whether a municipality is open at `now`, and the moment when that changes.

    Raises ValueError when `now` has no timezone.
    """
    if now.tzinfo is None:
        raise ValueError("an instant without timezone")
    after = _closings_end(municipality, now)
    if after - now > timedelta(days=_SEARCH_DAYS):
        return _closed(municipality, special_days, now, None)
    for opens_at, closes_at in _openings(municipality, special_days, local_date(after), after):
        if now < opens_at:
            return _closed(municipality, special_days, now, opens_at)
        return OpenNow(None if closes_at - now > timedelta(days=_OPEN_DAYS) else closes_at)
    return _closed(municipality, special_days, now, None)


def _closings_end(municipality: Municipality, now: datetime) -> datetime:
    """The first instant from `now` on that is in no closing. It skips a closing of years without a search by day."""
    after = now
    for closing in sorted(municipality.closings, key=lambda closing: closing.starts_at):
        if closing.starts_at <= after < closing.ends_at:
            after = closing.ends_at
    return after


def _closed(
    municipality: Municipality, special_days: Mapping[date, str], now: datetime, opens_at: datetime | None
) -> ClosedNow:
    for closing in municipality.closings:
        if closing.starts_at <= now < closing.ends_at:
            return ClosedNow(ClosedWhy.OWN_CLOSING, closing.reason, opens_at)
    today = local_date(now)
    name = legal_day_name(today, special_days)
    if name is not None and not _is_open_on(municipality, special_days, today):
        return ClosedNow(ClosedWhy.LEGAL_DAY, name, opens_at)
    return ClosedNow(ClosedWhy.HOURS, None, opens_at)


def _is_open_on(municipality: Municipality, special_days: Mapping[date, str], day: date) -> bool:
    return (
        municipality.open_on_legal_days or day in municipality.open_on_days or legal_day_name(day, special_days) is None
    )


def _openings(
    municipality: Municipality, special_days: Mapping[date, str], first_day: date, after: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Openings that end after `after`, in order. Openings that touch are joined, up to about a week."""
    current: tuple[datetime, datetime] | None = None
    for opens_at, closes_at in _openings_by_day(municipality, special_days, first_day):
        if closes_at <= after:
            continue
        if current is None:
            current = (opens_at, closes_at)
        elif opens_at <= current[1]:
            current = (current[0], max(closes_at, current[1]))
        else:
            yield current
            current = (opens_at, closes_at)
        if current[1] - max(current[0], after) > timedelta(days=_OPEN_DAYS):
            break
    if current is not None:
        yield current


def _openings_by_day(
    municipality: Municipality, special_days: Mapping[date, str], first_day: date
) -> Iterator[tuple[datetime, datetime]]:
    if not any(municipality.hours.values()):
        return
    for ahead in range(_SEARCH_DAYS):
        yield from openings_of_day(municipality, special_days, first_day + timedelta(days=ahead))


def openings_of_day(
    municipality: Municipality, special_days: Mapping[date, str], day: date
) -> Iterator[tuple[datetime, datetime]]:
    """The openings (from, until) of one day without its closings, in order; none if it is closed all day."""
    spans = municipality.hours.get(day.weekday(), ())
    if not spans or not _is_open_on(municipality, special_days, day):
        return
    for span in sorted(spans, key=lambda span: span.opens):
        yield from _without_closings(municipality, instant_of(day, span.opens), _closing_instant(day, span.closes))


def _without_closings(
    municipality: Municipality, opens_at: datetime, closes_at: datetime
) -> Iterator[tuple[datetime, datetime]]:
    for closing in sorted(municipality.closings, key=lambda closing: closing.starts_at):
        if closing.ends_at <= opens_at or closing.starts_at >= closes_at:
            continue
        if closing.starts_at > opens_at:
            yield opens_at, closing.starts_at.astimezone(UTC)
        opens_at = max(opens_at, closing.ends_at.astimezone(UTC))
    if opens_at < closes_at:
        yield opens_at, closes_at


@lru_cache(maxsize=4096)  # every deadline asks for the same few
def instant_of(day: date, at: time, fold: int = 0) -> datetime:
    """The instant of a local time. A time that does not exist in March means the moment at which the clock changes."""
    local = datetime.combine(day, at.replace(fold=fold), AMSTERDAM)
    instant = local.replace(fold=0).astimezone(UTC)
    if instant.astimezone(AMSTERDAM).replace(tzinfo=None, fold=0) != local.replace(tzinfo=None, fold=0):
        return instant.replace(minute=0, second=0, microsecond=0)  # clocks change at 01:00 UTC (Directive 2000/84/EC)
    return local.astimezone(UTC)


def _closing_instant(day: date, closes: time) -> datetime:
    """The instant of a closing time; in the hour that October has twice the later one, so that nobody closes early."""
    if closes == time(0):
        return instant_of(day + timedelta(days=1), closes)
    return instant_of(day, closes, fold=1)
