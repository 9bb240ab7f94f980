"""A municipality's contact data as JSON-LD, in the words of schema.org, and its openings as iCalendar (AV §4).

The hours are those of the telephone, and so `hoursAvailable` of its ContactPoint: schema.org has opening hours of an
organization for places only, and a reader would take these for the town hall's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from ari_app.core.area import OpeningSpan
from ari_app.core.calendar import OpenNow
from ari_app.core.contact import MIDNIGHT, ContactData, Exceptional
from ari_app.core.numbers import format_shared
from ari_app.render.icalendar import escaped, folded, utc

#: our own words, which schema.org has none for
OWN_TERMS = {name: f"urn:ari-app:contact:{name}" for name in ("openNow", "openUntil", "opensAt")}
CONTACT_TYPE = "customer service"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: the last minute of a day: "00:00" would be its beginning
_END_OF_DAY = time(23, 59)


def json_ld(data: ContactData) -> dict[str, object]:
    """A GovernmentOrganization with a ContactPoint for each number."""
    town = data.municipality
    found: dict[str, object] = {
        "@context": ["https://schema.org", OWN_TERMS],
        "@type": "GovernmentOrganization",
        "name": f"Gemeente {town.name}",
        "identifier": {"@type": "PropertyValue", "propertyID": "CBS-gemeentecode", "value": town.code},
        "areaServed": {"@type": "AdministrativeArea", "name": town.name},
        "contactPoint": list(_contact_points(data)),
    }
    if town.aliases:
        found["alternateName"] = list(town.aliases)
    if data.abroad:
        found["telephone"] = data.abroad[0]
    if data.calamities:
        found["subjectOf"] = [
            {
                "@type": "SpecialAnnouncement",
                "name": "Mededeling",
                "text": one.text,
                "datePosted": _instant(one.from_at),
                **({} if one.until_at is None else {"expires": _instant(one.until_at)}),
                "inLanguage": "nl",
            }
            for one in data.calamities
        ]
    return found


def _contact_points(data: ContactData) -> Iterator[dict[str, object]]:
    hours = [*_week(data), *(spec for one in data.exceptions for spec in _exceptional(one))]
    state = _state(data)
    for digits in data.shared_numbers:
        # A 14-number exists in the Netherlands only.
        yield _point(format_shared(digits), "Vanuit Nederland", hours, state) | {
            "areaServed": {"@type": "Country", "name": "NL"}
        }
    for number in data.abroad:
        yield _point(number, "Ook vanuit het buitenland", hours, state)


def _point(
    telephone: str, description: str, hours: list[dict[str, object]], state: dict[str, object]
) -> dict[str, object]:
    return {
        "@type": "ContactPoint",
        "contactType": CONTACT_TYPE,
        "telephone": telephone,
        "description": description,
        "availableLanguage": ["nl"],
        "hoursAvailable": hours,
        **state,
    }


def _state(data: ContactData) -> dict[str, object]:
    state = data.state
    if isinstance(state, OpenNow):
        return {"openNow": True} | ({} if state.until is None else {"openUntil": _instant(state.until)})
    return {"openNow": False} | ({} if state.opens_at is None else {"opensAt": _instant(state.opens_at)})


def _week(data: ContactData) -> Iterator[dict[str, object]]:
    for day, spans in sorted(data.municipality.hours.items()):
        for span in sorted(spans, key=lambda one: one.opens):
            yield {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": f"https://schema.org/{_DAYS[day]}",
                **_times(span),
            }


def _exceptional(one: Exceptional) -> Iterator[dict[str, object]]:
    """A day without `opens` is closed: so schema.org has it."""
    days = {"validFrom": _day(one.first), "validThrough": _day(one.last)}
    named = {"name": one.name} if one.name else {}
    for times in [_times(span) for span in one.spans] or [{}]:
        yield {"@type": "OpeningHoursSpecification", **named, **days, **times}


def _times(span: OpeningSpan) -> dict[str, object]:
    closes = _END_OF_DAY if span.closes == MIDNIGHT else span.closes
    return {"opens": f"{span.opens:%H:%M}", "closes": f"{closes:%H:%M}"}


def _day(day: date) -> str:
    return day.isoformat()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def openings_calendar(data: ContactData, numbers: str, made_at: datetime) -> str:
    """One entry for each opening, known by its begin; `numbers`: what to call then."""
    town = data.municipality
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//ari_app//openings//NL",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(f'Gemeente {town.name}: telefonisch bereikbaar')}",
    ]
    for opens, closes in data.openings:
        lines += [
            "BEGIN:VEVENT",
            f"UID:opening-{town.code}-{utc(opens)}@ari-app.invalid",
            f"DTSTAMP:{utc(made_at)}",
            f"DTSTART:{utc(opens)}",
            f"DTEND:{utc(closes)}",
            f"SUMMARY:{escaped(f'Gemeente {town.name} is bereikbaar')}",
            f"DESCRIPTION:{escaped(numbers)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in folded(line))
