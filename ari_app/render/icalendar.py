"""The callbacks of a team as an iCalendar file (RFC 5545), for the calendar that people have open anyway.

Reference, municipality and deadline; never the citizen or the number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from ari_app.render.mail import day_and_time
from ari_app.storage.callbacks.reads import RequestLine

#: how long an entry lasts; it ends when the call must have been made
_LENGTH = timedelta(minutes=15)
_LONGEST_LINE = 75  # octets


def team_calendar(team_name: str, requests: Iterable[RequestLine], now: datetime) -> str:
    """One entry for each request, identified by its reference: a file that is read again updates the entries."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//ari_app//callbacks//NL",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(f'Terugbellen {team_name}')}",
    ]
    for request in requests:
        lines += _entry(request, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in folded(line))


def _entry(request: RequestLine, now: datetime) -> list[str]:
    town = request.municipality_name or request.municipality
    whose = f" Voor medewerker {request.owner_operator}." if request.owner_operator else ""
    text = f"Beloofd vóór {day_and_time(request.deadline_at)}.{whose} Pogingen: {request.attempts_count}."
    return [
        "BEGIN:VEVENT",
        f"UID:callback-{request.reference}@ari-app.invalid",
        f"DTSTAMP:{utc(now)}",
        f"SEQUENCE:{request.last_seq}",
        f"DTSTART:{utc(request.plan_by_at - _LENGTH)}",
        f"DTEND:{utc(request.plan_by_at)}",
        f"SUMMARY:{escaped(f'Terugbellen {request.reference}, {town}')}",
        f"DESCRIPTION:{escaped(text)}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def escaped(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        text = text.replace(plain, escaped)
    return "".join(char for char in text if char == "\t" or ord(char) >= 32)


def folded(line: str) -> Iterator[str]:
    """Lines of at most 75 octets; each after the first begins with a space, and no character is cut in two."""
    part, size = "", 0
    for char in line:
        octets = len(char.encode())
        if size + octets > _LONGEST_LINE:
            yield part
            part, size = " ", 1
        part += char
        size += octets
    yield part
