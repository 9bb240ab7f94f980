"""The entries of an area file, each by itself: which keys it has and what may stand there.

What entries say of each other is judged in `checks`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ari_app.area_file.callback_shapes import CallbackShape, ContactShape, Email, ReminderPhone
from ari_app.area_file.retention_shapes import RetentionShape
from ari_app.area_file.shape import Shape, refuse
from ari_app.area_file.survey_shapes import SurveyShape
from ari_app.area_file.values import (
    Code,
    Day,
    Default,
    Digits,
    DirectE164,
    Ends,
    EntryName,
    Geographic,
    Key,
    PhoneName,
    PinText,
    PositiveSeconds,
    Seconds,
    Shared,
    Spans,
    Spoken,
    Starts,
    TeamName,
    Text,
    argon2_hash,
    unique,
)
from ari_app.core.area import Norms

_NORMS = Norms()


def refuse_disorder(valid_from: date | None, valid_until: date | None) -> None:
    if valid_from and valid_until and valid_until <= valid_from:
        refuse("valid_until, the first day no longer, must come after valid_from")


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
    name: Spoken
    spoken: Spoken | None = None
    aliases: Annotated[list[Text], AfterValidator(unique)] = []
    valid_from: Day | None = None
    valid_until: Day | None = None
    hours: HoursShape = HoursShape()
    closing: list[ClosingShape] = []
    open_on_days: Annotated[list[Day], AfterValidator(unique)] = []
    open_on_legal_days: bool = False
    norms: NormsShape = NormsShape()
    callback: CallbackShape = CallbackShape()
    retention: RetentionShape | None = None
    survey: SurveyShape | None = None
    geographic: Annotated[list[Geographic], AfterValidator(unique)] = []
    direct: list[DirectShape] = []

    @model_validator(mode="after")
    def _valid_in_order(self) -> Self:
        refuse_disorder(self.valid_from, self.valid_until)
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
    choose_within_seconds: Annotated[int, Field(ge=5, le=120)] | None = None


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
    pin_hash: Annotated[str, AfterValidator(argon2_hash)] | None = Field(default=None, repr=False)

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
