"""The entries of an area file, each by itself: which keys it has and what may stand there.

What one entry may say depends on nothing else here; what entries say of each other is judged in `area_checks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any, Literal, Self, TypeVar

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import AfterValidator, BaseModel, Field, PlainValidator, StringConstraints, model_validator

from ari_app.area_file.callback_shapes import CallbackShape, ContactShape, Email, ReminderPhone
from ari_app.area_file.shape import Shape, refuse
from ari_app.core.area import Norms, OpeningSpan
from ari_app.core.calendar import instant_of
from ari_app.core.numbers import Refused, parse_direct, parse_geographic, parse_shared

T = TypeVar("T")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ANY = "any"  # any operator of a shared number
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SPAN = re.compile(rf"({_TIME}) ?[-–] ?({_TIME}|24:00)")
_YEARS = range(2000, 2200)  # beyond them, arithmetic with timezones may fail
_NORMS = Norms()
_WEEK_SECONDS = 7 * 24 * 3600


def _printable(text: str) -> str:
    if not text.isprintable():
        refuse("contains a character that cannot be shown, such as a line break")
    return text


def like(pattern: str, says: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            refuse(says)
        return text

    return read


def _argon2(text: str) -> str:
    try:
        extract_parameters(text)
    except (InvalidHashError, ValueError):
        refuse("is not an argon2 hash: write the pin itself as pin")
    return text


def unique(entries: list[T]) -> list[T]:
    twice = [entry for n, entry in enumerate(entries) if entry in entries[:n]]
    if twice:
        refuse("names something twice" if isinstance(twice[0], BaseModel) else f"names {twice[0]} twice")
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


def span_text(span: OpeningSpan) -> str:
    closes = "24:00" if span.closes == time(0) else f"{span.closes:%H:%M}"
    return f"{span.opens:%H:%M}-{closes}"


def _moment(value: Any, *, is_end: bool) -> datetime:
    """An instant from a date, a local date and time, or one with an offset; a bare date as end includes that day."""
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
PinText = Annotated[str, AfterValidator(like(r"[0-9]{4,8}", "must be 4 to 8 digits in quotes"))]
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


class HoursShape(Shape):
    mon: Spans = []
    tue: Spans = []
    wed: Spans = []
    thu: Spans = []
    fri: Spans = []
    sat: Spans = []
    sun: Spans = []


class NormsShape(Shape):
    answer_within_seconds: PositiveSeconds = _NORMS.answer_within_seconds
    overflow_after_seconds: Seconds = _NORMS.overflow_after_seconds
    max_wait_seconds: PositiveSeconds = _NORMS.max_wait_seconds
    position_every_seconds: PositiveSeconds = _NORMS.position_every_seconds
    nobody_grace_seconds: Seconds = _NORMS.nobody_grace_seconds
    transfer_ring_seconds: PositiveSeconds = _NORMS.transfer_ring_seconds


class ClosingShape(Shape):
    starts: Starts
    ends: Ends
    reason: Text

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends <= self.starts:
            refuse("ends before it starts")
        return self


class DirectShape(Shape):
    number: DirectE164
    operator: Digits | None = None
    team: TeamName | None = None
    endpoint: PhoneName | None = None
    deputy_operator: Digits | None = None
    deputy_endpoint: PhoneName | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        targets = [target for target in (self.operator, self.team, self.endpoint) if target is not None]
        deputies = [deputy for deputy in (self.deputy_operator, self.deputy_endpoint) if deputy is not None]
        if len(targets) > 1:
            refuse("rings one of operator, team and endpoint, not several")
        if len(deputies) > 1:
            refuse("has one of deputy_operator and deputy_endpoint, not both")
        if deputies and not targets:
            refuse("has a deputy of nobody: say with operator, team or endpoint who rings first")
        if deputies and deputies[0] in (self.operator, self.endpoint):
            refuse("has somebody as their own deputy")
        return self


class MunicipalityShape(Shape):
    code: Code
    name: Text
    aliases: Annotated[list[Text], AfterValidator(unique)] = []
    valid_from: Day | None = None
    valid_until: Day | None = None
    hours: HoursShape = HoursShape()
    closing: list[ClosingShape] = []
    open_on_days: Annotated[list[Day], AfterValidator(unique)] = []
    open_on_legal_days: bool = False
    norms: NormsShape = NormsShape()
    callback: CallbackShape = CallbackShape()
    geographic: Annotated[list[Geographic], AfterValidator(unique)] = []
    direct: list[DirectShape] = []

    @model_validator(mode="after")
    def _valid_in_order(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            refuse("valid_until, the first day no longer, must come after valid_from")
        periods = [(closing.starts, closing.ends) for closing in self.closing]
        if len(set(periods)) < len(periods):
            refuse("has the same closing twice")
        return self


class ConsultationShape(Shape):
    neighbour: Text
    on: Day
    kind: Literal["consulted", "informed"]
    by: Text


class KeyChangeShape(Shape):
    was_key: Key
    on: Day
    by: Text


class MemberShape(Shape):
    municipality: Code
    key: Key
    technical_since: Day | None = None
    operational_since: Day | None = None
    consultation: Annotated[list[ConsultationShape], AfterValidator(unique)] = []
    key_change_agreed: KeyChangeShape | None = None


class SharedNumberShape(Shape):
    number: Shared
    default: Default | None = None


class TeamShape(Shape):
    code: TeamName
    name: Text
    serves: Annotated[list[Code], AfterValidator(unique)] = []
    helps: Annotated[list[Code], AfterValidator(unique)] = []
    reach: Literal["line", "ring"] = "line"
    ring_seconds: PositiveSeconds = 20
    wrap_up_seconds: Seconds = 30
    whisper: Literal["full", "beep", "none"] = "full"
    email: Email | None = Field(default=None, repr=False)
    reminder_phone: ReminderPhone | None = Field(default=None, repr=False)
    supervisor: ContactShape = ContactShape()

    @model_validator(mode="after")
    def _serves_or_helps(self) -> Self:
        if not self.serves and not self.helps:
            refuse("serves nobody and helps nobody")
        both = sorted({*self.serves} & {*self.helps})
        if both:
            refuse(f"serves {both[0]} and helps it as well: one of the two")
        return self


class OperatorShape(Shape):
    number: Digits
    name: Text
    teams: Annotated[list[TeamName], Field(min_length=1), AfterValidator(unique)]
    pin: PinText | None = Field(default=None, repr=False)
    pin_hash: Annotated[str, AfterValidator(_argon2)] | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _one_pin(self) -> Self:
        if self.pin is not None and self.pin_hash is not None:
            refuse("has a pin and a pin_hash: one of the two")
        if self.pin == self.number:
            refuse("has a pin that is the operator's own number")
        return self


class SpecialDayShape(Shape):
    day: Day
    name: Text
    source: Text


class RemovedMemberShape(Shape):
    number: Shared
    municipality: Code


class RemoveShape(Shape):
    operators: Annotated[list[Digits], AfterValidator(unique)] = []
    teams: Annotated[list[TeamName], AfterValidator(unique)] = []
    members: Annotated[list[RemovedMemberShape], AfterValidator(unique)] = []
    directory_entries: Annotated[list[EntryName], AfterValidator(unique)] = []
