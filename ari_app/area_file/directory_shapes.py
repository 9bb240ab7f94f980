"""An entry of the directory, by itself: a `[[directory_entry]]` of an area file, or a line of a CSV file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import phonenumbers
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from ari_app.area_file.shape import Shape, refuse
from ari_app.area_file.shapes import HoursShape, refuse_disorder
from ari_app.area_file.values import Code, Day, Digits, EntryName, PhoneName, TeamName, Text, unique
from ari_app.core.directory import extension_refusal

LONGEST_SUBJECT = 60  # characters: it is spoken while a caller waits

_TARGETS = ("endpoint", "number", "operator", "team", "queue")
_FITTING = {
    "person": ("endpoint", "number", "operator"),
    "department": _TARGETS,
    "group": ("endpoint", "number", "team"),
    "queue": ("queue", "team"),
    "outside": ("number",),
}


def _extension(text: str) -> str:
    says = extension_refusal(text)
    if says is not None:
        refuse(says)
    return text


def _country(code: str) -> str:
    if code not in phonenumbers.SUPPORTED_REGIONS:
        refuse('must be a country\'s ISO code of two capitals, such as "BE"')
    if code == "NL":
        refuse("NL may always be called")
    return code


class DirectoryEntryShape(Shape):
    """`number` is text here: whether it may be called depends on the countries of the area."""

    code: EntryName
    kind: Literal["person", "department", "group", "queue", "outside"]
    name: Text
    municipality: Code
    subject: Annotated[Text, StringConstraints(max_length=LONGEST_SUBJECT)] | None = None
    extension: Annotated[str, AfterValidator(_extension)] | None = None
    endpoint: PhoneName | None = None
    number: Annotated[str, StringConstraints(max_length=40)] | None = Field(default=None, repr=False)
    operator: Digits | None = None
    team: TeamName | None = None
    queue: Code | None = None
    hours: HoursShape | None = None
    deputy: EntryName | None = None
    keywords: Annotated[list[Text], AfterValidator(unique)] = []
    shared: bool = False
    valid_from: Day | None = None
    valid_until: Day | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        targets = [name for name in _TARGETS if getattr(self, name) is not None]
        if len(targets) != 1:
            refuse(f"must have exactly one of {', '.join(_TARGETS)}; it has {' and '.join(targets) or 'none'}")
        fitting = _FITTING[self.kind]
        if targets[0] not in fitting:
            refuse(f'a "{self.kind}" has {" or ".join(fitting)}, and not {targets[0]}')
        if self.deputy == self.code:
            refuse("is its own deputy")
        refuse_disorder(self.valid_from, self.valid_until)
        return self


class OutsideShape(Shape):
    allow_countries: Annotated[list[Annotated[str, AfterValidator(_country)]], AfterValidator(unique)]
