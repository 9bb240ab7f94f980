"""How a municipality is reached, for its website and for everybody's programs (AV §4): public, and of one municipality.

Nobody logs in, and nothing here is of a person: it is what every caller hears.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import phonenumbers
from aiohttp import web
from markupsafe import Markup

from ari_app.core.area import Area, OpeningSpan
from ari_app.core.calendar import OpenNow, instant_of, local_date
from ari_app.core.contact import ContactData, contact_data
from ari_app.core.ids import MunicipalityCode
from ari_app.core.numbers import format_shared, is_fictitious
from ari_app.prompts.phrases.parts import month_name, weekday_name
from ari_app.render.contact import json_ld, openings_calendar
from ari_app.web.api.problems import not_found, response_of
from ari_app.web.call_words import hour
from ari_app.web.contact_answers import ContactAnswer
from ari_app.web.site import Site

#: so long others may keep it; less when it opens or closes before that
LONGEST_AGE_SECONDS = 60
#: days out of the ordinary are shown on a website so far ahead
SHOWN_AHEAD = timedelta(days=60)
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


async def show(site: Site, request: web.Request) -> web.Response:
    """`/contact/GM0363` is JSON-LD, with `.html` a piece of a page, with `.ics` the openings as iCalendar."""
    await site.area.first_reading()
    file, area, now = request.match_info["file"], site.area.current, site.now()
    code, dot, ending = file.partition(".")
    kind = KINDS.get(f"{dot}{ending}")
    made = site.contact.get(file, area, now)
    if made is None and kind is not None:
        data = contact_data(area, MunicipalityCode(code), now)
        if data is not None:
            body = kind.write(site, data, now)
            made = site.contact.keep(file, ContactAnswer(area, _until(area, data, now), body, _etag(body)))
    if kind is None or made is None:
        answer = response_of(not_found())
        answer.headers.update(HEADERS)
        return answer
    headers = HEADERS | {
        "ETag": f'"{made.etag}"',
        "Cache-Control": f"public, max-age={max(0, int((made.until - now).total_seconds()))}",
    }
    if any(one.value in (made.etag, "*") for one in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(text=made.body, content_type=kind.content_type, charset="utf-8", headers=headers)


def _etag(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:32]


def _until(area: Area, data: ContactData, now: datetime) -> datetime:
    """What is said of now is true until then."""
    state = data.state
    changes = [state.until if isinstance(state, OpenNow) else state.opens_at]
    for calamity in area.calamities:
        if calamity.municipality == data.municipality.code:
            changes += [calamity.from_at, calamity.until_at]
    coming = [one for one in changes if one is not None and one > now]
    return min([*coming, now + timedelta(seconds=LONGEST_AGE_SECONDS)])


def _as_json_ld(_: Site, data: ContactData, __: datetime) -> str:
    return json.dumps(json_ld(data), ensure_ascii=False, indent=2) + "\n"


def _as_calendar(_: Site, data: ContactData, now: datetime) -> str:
    shared = [f"14-nummer {format_shared(digits)}" for digits in data.shared_numbers]
    abroad = [f"ook vanuit het buitenland {written_abroad(number)}" for number in data.abroad]
    # Made anew once a day: whoever keeps a copy sees no change where there is none.
    return openings_calendar(data, ", ".join([*shared, *abroad]), instant_of(local_date(now), time(0)))


def _as_fragment(site: Site, data: ContactData, now: datetime) -> str:
    town, today = data.municipality, local_date(now)
    area = site.area.current
    shared = [
        (digits, _unbroken(format_shared(digits)), area.shared_numbers[digits].question_is_needed)
        for digits in data.shared_numbers
    ]
    monday = today - timedelta(days=today.weekday())
    week = [
        (weekday_name(monday + timedelta(days=day)), _span_words(sorted(town.hours.get(day, ()), key=_opens)))
        for day in range(7)
    ]
    exceptions = [
        (
            [(day.isoformat(), _day_words(day, today)) for day in sorted({one.first, one.last})],
            _span_words(one.spans),
            one.name,
        )
        for one in data.exceptions
        if one.first <= today + SHOWN_AHEAD
    ]
    return site.pages.fragment(
        "contact",
        town=town,
        shared=shared,
        abroad=[(number, _unbroken(written_abroad(number))) for number in data.abroad],
        state=_state_words(data, now),
        week=week,
        exceptions=exceptions,
        calamities=[one.text for one in data.calamities],
    )


def _unbroken(number: str) -> Markup:
    """A number on one line."""
    return Markup("&nbsp;").join(number.split(" "))


def _day_words(day: date, today: date) -> str:
    year = "" if day.year == today.year else f" {day.year}"
    return f"{weekday_name(day)} {day.day} {month_name(day)}{year}"


def _span_words(spans: Iterable[OpeningSpan]) -> list[str]:
    return [f"{span.opens:%H.%M} - {_closes(span.closes)} uur" for span in spans]


def _opens(span: OpeningSpan) -> time:
    return span.opens


def _closes(at: time) -> str:
    return "24.00" if at == time(0) else f"{at:%H.%M}"


def _state_words(data: ContactData, now: datetime) -> str:
    state = data.state
    if isinstance(state, OpenNow):
        return "Nu bereikbaar." if state.until is None else f"Nu bereikbaar, tot {_moment_words(state.until, now)}."
    if state.opens_at is None:
        return "Nu niet bereikbaar."
    return f"Nu niet bereikbaar. Weer bereikbaar: {_moment_words(state.opens_at, now)}."


def _moment_words(at: datetime, now: datetime) -> str:
    day, today = local_date(at), local_date(now)
    return hour(at) if day == today else f"{_day_words(day, today)}, {hour(at)}"


def written_abroad(e164: str) -> str:
    """With its country code, as people write it: +31 119 99 01 00."""
    if is_fictitious(e164):
        return f"{e164[:3]} {e164[3:6]} {e164[6:8]} {e164[8:10]} {e164[10:]}"  # no library knows these
    return phonenumbers.format_number(phonenumbers.parse(e164), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@dataclass(frozen=True, slots=True)
class _Kind:
    content_type: str
    write: Callable[[Site, ContactData, datetime], str]


KINDS = {
    "": _Kind("application/ld+json", _as_json_ld),
    ".html": _Kind("text/html", _as_fragment),
    ".ics": _Kind("text/calendar", _as_calendar),
}
