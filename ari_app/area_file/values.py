"""The kinds of values in an area file, each with its check and the sentence that explains a mistake."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import pairwise
from typing import Annotated, Any, TypeVar

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import AfterValidator, BaseModel, Field, PlainValidator, StringConstraints

from ari_app.area_file.hours import span_text
from ari_app.area_file.shape import refuse
from ari_app.core.area import OpeningSpan
from ari_app.core.calendar import instant_of
from ari_app.core.numbers import Refused, parse_direct, parse_geographic, parse_shared

T = TypeVar("T", bound=Hashable)
ANY = "any"  # any operator of a shared number
TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SPAN = re.compile(rf"({TIME}) ?[-–] ?({TIME}|24:00)")
_YEARS = range(2000, 2200)  # beyond them, arithmetic with timezones may fail
_WEEK_SECONDS = 7 * 24 * 3600


def _printable(text: str) -> str:
    if not text.isprintable():
        refuse("contains a character that cannot be shown, such as a line break")
    return text


def _with_a_word(text: str) -> str:
    if not any(char.isalpha() for char in text):
        refuse("has no letter: it is spoken to callers")
    return text


def like(pattern: str, says: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            refuse(says)
        return text

    return read


def argon2_hash(text: str) -> str:
    try:
        extract_parameters(text)
    except (InvalidHashError, ValueError):
        refuse("is not an argon2 hash: write the pin itself as pin")
    return text


def _not_guessed_at_once(pin: str) -> str:
    """Three tries are enough for the few PINs that everybody tries first; the sentence does not show it."""
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        refuse("is guessed at once: neither one digit again and again, nor a row of digits")
    return pin


def unique(entries: list[T]) -> list[T]:
    seen: set[T] = set()
    for entry in entries:
        if entry in seen:
            refuse("names something twice" if isinstance(entry, BaseModel) else f"names {entry} twice")
        seen.add(entry)
    return entries


def _usable_day(day: date) -> date:
    if day.year not in _YEARS:
        refuse(f"is a date in the year {day.year}")
    return day


def _number(parse: Callable[[str], str | Refused]) -> Callable[[str], str]:
    def read(text: str) -> str:
        number = parse(text)
        if isinstance(number, Refused):
            refuse(number.says)
        return number

    return read


def _span(value: Any) -> OpeningSpan:
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        refuse('must be written as "08:30-17:00", with times from 00:00 to 24:00')
    opens = time.fromisoformat(found[1])
    if found[2] == "24:00":
        return OpeningSpan(opens, time(0))
    closes = time.fromisoformat(found[2])
    if closes <= opens:
        refuse("closes before it opens; a night is two spans: until 24:00, and from 00:00 on the next day")
    return OpeningSpan(opens, closes)


def _no_overlap(spans: list[OpeningSpan]) -> list[OpeningSpan]:
    ordered = sorted(spans, key=lambda span: span.opens)
    for earlier, later in zip(ordered, ordered[1:], strict=False):
        if earlier.closes == time(0) or later.opens < earlier.closes:
            refuse(f"has hours that overlap: {span_text(earlier)} and {span_text(later)}")
    return ordered


def _moment(value: Any, *, is_end: bool) -> datetime:
    """The instant of a date, of a local date and time, or of one with an offset; a date as end includes its day."""
    if not isinstance(value, date):
        refuse("must be a date or a date and time, without quotes: 2026-12-24 or 2026-12-24T15:00:00")
    _usable_day(value)
    if not isinstance(value, datetime):
        return instant_of(value + timedelta(days=1) if is_end else value, time(0))
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    return instant_of(value.date(), value.time(), fold=int(is_end))


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(_printable)
]
Spoken = Annotated[Text, AfterValidator(_with_a_word)]
Day = Annotated[date, AfterValidator(_usable_day)]
Code = Annotated[str, AfterValidator(like(r"GM[0-9]{4}", 'must be a CBS code such as "GM9901"'))]
Default = Annotated[str, AfterValidator(like(rf"{ANY}|GM[0-9]{{4}}", f'must be a member\'s CBS code, or "{ANY}"'))]
TeamName = Annotated[
    str, AfterValidator(like(r"[a-z0-9][a-z0-9-]{0,31}", "must be at most 32 small letters, digits and hyphens"))
]
EntryName = Annotated[
    str, AfterValidator(like(r"[a-z0-9][a-z0-9-]{0,63}", "must be at most 64 small letters, digits and hyphens"))
]
Digits = Annotated[str, AfterValidator(like(r"[0-9]{2,8}", 'must be 2 to 8 digits in quotes, such as "101"'))]
PinText = Annotated[
    str,
    AfterValidator(like(r"[0-9]{4,8}", "must be 4 to 8 digits in quotes")),
    AfterValidator(_not_guessed_at_once),
]
PhoneName = Annotated[
    str,
    AfterValidator(like(r"PJSIP/[A-Za-z0-9_-]{1,64}", 'must be a phone of this Asterisk, like "PJSIP/phone30"')),
]
Shared = Annotated[str, AfterValidator(_number(parse_shared))]
Geographic = Annotated[str, AfterValidator(_number(parse_geographic))]
DirectE164 = Annotated[str, AfterValidator(_number(parse_direct))]
Starts = Annotated[datetime, PlainValidator(partial(_moment, is_end=False))]
Ends = Annotated[datetime, PlainValidator(partial(_moment, is_end=True))]
Spans = Annotated[list[Annotated[OpeningSpan, PlainValidator(_span)]], AfterValidator(_no_overlap)]
Key = Annotated[int, Field(ge=1, le=9)]
Seconds = Annotated[int, Field(ge=0, le=_WEEK_SECONDS)]
PositiveSeconds = Annotated[int, Field(ge=1, le=_WEEK_SECONDS)]
