"""The promise to call back in an area file: a municipality's rules, and where a team's reminders go."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, PlainValidator, model_validator

from ari_app.area_file.shape import Shape, refuse
from ari_app.area_file.values import TIME, like
from ari_app.core.area import CallbackRules, Contact
from ari_app.core.tariffs import Forbidden, callable_number

_RULES = CallbackRules()
_WEEK_MINUTES = 7 * 24 * 60


def _time(value: Any) -> time:
    if not isinstance(value, str) or not re.fullmatch(TIME, value):
        refuse('must be a time of day from "00:00" to "23:59", in quotes, such as "08:30"')
    return time.fromisoformat(value)


def _reminder_phone(text: str) -> str:
    if re.fullmatch(r"PJSIP/[A-Za-z0-9_-]{1,64}", text):
        return text
    number = callable_number(text)
    if isinstance(number, Forbidden):
        refuse(f'{number.says}; a phone of this Asterisk is written "PJSIP/phone30"')
    return number


Email = Annotated[
    str,
    AfterValidator(like(r"[^@\s<>\",;:\\]{1,64}@[A-Za-z0-9.-]{1,200}\.[A-Za-z]{2,}", "must be one mail address")),
]
ReminderPhone = Annotated[str, AfterValidator(_reminder_phone)]
TimeOfDay = Annotated[time, PlainValidator(_time)]
Minutes = Annotated[int, Field(ge=1, le=_WEEK_MINUTES)]


class CallbackShape(Shape):
    offered: bool = _RULES.offered
    keep_place: bool = _RULES.keep_place
    offer_after_seconds: Annotated[int, Field(ge=0, le=3600)] = _RULES.offer_after_seconds
    abandoned: bool = _RULES.abandoned
    team: str | None = None
    max_attempts: Annotated[int, Field(ge=1, le=20)] = _RULES.max_attempts
    retry_minutes: Minutes = _RULES.retry_minutes
    call_from: TimeOfDay = _RULES.call_from
    call_until: TimeOfDay = _RULES.call_until
    personal_overdue_minutes: Annotated[int, Field(ge=0, le=_WEEK_MINUTES)] = _RULES.personal_overdue_minutes
    remind_before_minutes: Minutes = _RULES.remind_before_minutes
    most_per_caller: Annotated[int, Field(ge=1, le=1000)] = _RULES.most_per_caller
    most_per_number: Annotated[int, Field(ge=1, le=1000)] = _RULES.most_per_number
    most_per_hour: Annotated[int, Field(ge=1, le=100_000)] = _RULES.most_per_hour

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.call_until <= self.call_from:
            refuse("call_until must come after call_from")
        return self


class ContactShape(Shape):
    email: Email | None = Field(default=None, repr=False)
    phone: ReminderPhone | None = Field(default=None, repr=False)


def contact(shape: ContactShape) -> Contact:
    return Contact(shape.email, shape.phone)


def rules_text(rules: CallbackRules) -> dict[str, Any]:
    """The keys of `callback` whose value is not the default."""
    values = {name: getattr(rules, name) for name in CallbackShape.model_fields}
    changed = {name: value for name, value in values.items() if value != getattr(_RULES, name)}
    return {name: f"{value:%H:%M}" if isinstance(value, time) else value for name, value in changed.items()}


def contact_text(contact: Contact) -> dict[str, str]:
    texts = {"email": contact.pii_email, "phone": contact.pii_phone}
    return {name: text for name, text in texts.items() if text is not None}
