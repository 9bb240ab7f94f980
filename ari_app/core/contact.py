"""How a municipality is reached by telephone, as its website tells it (AV §4). Pure.

Everything is about one municipality, and of what every caller may hear. Days and times of day are Europe/Amsterdam.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ari_app.core.area import Area, Calamity, Municipality, OpeningSpan
from ari_app.core.calendar import (
    AMSTERDAM,
    ClosedNow,
    OpenNow,
    instant_of,
    legal_day_name,
    local_date,
    open_state,
    openings_of_day,
)
from ari_app.core.ids import MunicipalityCode
from ari_app.core.routing import AskMunicipality, Known, admit, choose, entry

#: so far ahead days that differ from the week are told
EXCEPTION_DAYS = 366
#: so many openings ahead are in a calendar
CALENDAR_DAYS = 92
MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Exceptional:
    """Days, the last one included, whose openings differ from the week's; without `spans` it is closed all day.

    `name`: that of the legal day, or the reason of the municipality's own closing as its area file has it. Why it
    closed early is said to nobody outside: whoever closes reads on the page that the reason is for themselves.
    """

    first: date
    last: date
    spans: tuple[OpeningSpan, ...]
    name: str


@dataclass(frozen=True, slots=True)
class ContactData:
    """`shared_numbers`: digits of the 14-numbers, as "140119"; `abroad`: E.164, with the same access."""

    municipality: Municipality
    shared_numbers: tuple[str, ...]
    abroad: tuple[str, ...]
    state: OpenNow | ClosedNow
    exceptions: tuple[Exceptional, ...]
    calamities: tuple[Calamity, ...]
    openings: tuple[tuple[datetime, datetime], ...]  # from today on


def contact_data(area: Area, code: MunicipalityCode, now: datetime) -> ContactData | None:
    """What is published of a municipality at this moment; None: there is no such municipality today."""
    town, today = area.municipalities.get(code), local_date(now)
    if town is None or not town.exists_on(today):
        return None
    return ContactData(
        town,
        tuple(digits for digits in area.shared_numbers if _reaches(area, digits, code, now)),
        tuple(number for number in town.geographic_numbers if _reaches(area, number, code, now)),
        open_state(town, area.special_days, now),
        tuple(_exceptions(area, town, today)),
        tuple(one for one in area.calamities if one.municipality == code and one.is_active(now)),
        tuple(
            opening
            for ahead in range(CALENDAR_DAYS)
            for opening in openings_of_day(town, area.special_days, today + timedelta(days=ahead))
        ),
    )


def without_same_access(area: Area, now: datetime) -> Iterator[tuple[MunicipalityCode, str]]:
    """Municipalities on a 14-number whose callers from abroad have not the same access (AV §4): code, and why."""
    today = local_date(now)
    for code, town in area.municipalities.items():
        shared = [digits for digits in area.shared_numbers if _reaches(area, digits, code, now)]
        if not shared or not town.exists_on(today):
            continue
        if not town.geographic_numbers:
            yield code, "has no geographic number"
        for number in town.geographic_numbers:
            if not all(has_same_access(area, digits, number, code, now) for digits in shared):
                yield code, f"{number} leads elsewhere than its 14-number"


def has_same_access(area: Area, shared: str, geographic: str, code: MunicipalityCode, now: datetime) -> bool:
    """Whether whoever dials the one and chooses this municipality is where whoever dials the other one is.

    The queue is that of the municipality which the number, or the key, gives; and both come in, or hear that it is
    closed, by the same rules.
    """
    return (
        _reaches(area, shared, code, now)
        and _reaches(area, geographic, code, now)
        and admit(area, code, shared, now) == admit(area, code, None, now)
    )


def _reaches(area: Area, number: str, code: MunicipalityCode, now: datetime) -> bool:
    """Whether this number leads to the queue of this municipality, after the question where there is one."""
    match entry(area, number, now):
        case Known(municipality=municipality):
            return municipality == code
        case AskMunicipality(shared):
            return any(choose(shared, str(member.key)) == code for member in shared.members)
        case _:
            return False


def _exceptions(area: Area, town: Municipality, today: date) -> Iterator[Exceptional]:
    found: Exceptional | None = None
    for ahead in range(EXCEPTION_DAYS):
        day = today + timedelta(days=ahead)
        usual = tuple(sorted(town.hours.get(day.weekday(), ()), key=lambda span: span.opens))
        spans = tuple(
            OpeningSpan(opens.astimezone(AMSTERDAM).time(), closes.astimezone(AMSTERDAM).time())
            for opens, closes in openings_of_day(town, area.special_days, day)
        )
        if spans == usual or _joined(spans) == _joined(usual):
            continue
        name = _why(area, town, day)
        if found is not None and (found.spans, found.name, found.last) == (spans, name, day - timedelta(days=1)):
            found = Exceptional(found.first, day, spans, name)
            continue
        if found is not None:
            yield found
        found = Exceptional(day, day, spans, name)
    if found is not None:
        yield found


def _joined(spans: tuple[OpeningSpan, ...]) -> tuple[OpeningSpan, ...]:
    """Spans that touch are one: a closing that is over before it began to count has cut them."""
    joined: list[OpeningSpan] = []
    for span in spans:
        if joined and joined[-1].closes == span.opens:
            joined[-1] = OpeningSpan(joined[-1].opens, span.closes)
        else:
            joined.append(span)
    return tuple(joined)


def _why(area: Area, town: Municipality, day: date) -> str:
    begins, ends = instant_of(day, MIDNIGHT), instant_of(day + timedelta(days=1), MIDNIGHT)
    own = [one for one in town.closings if one.starts_at < ends and begins < one.ends_at]
    told = next((one.reason for one in own if not one.is_early), "")
    return told or legal_day_name(day, area.special_days) or ""
