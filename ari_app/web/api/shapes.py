"""Values that the API reads and writes. Names are Dutch, and in JSON lowerCamelCase; instants are UTC (RFC 3339).

Codes of states, reasons and kinds are those of the tables (docs/glossary.md), so that one thing has one name in the
API, in SQL and in exports.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from ari_app.core.calendar import PLAUSIBLE_YEARS

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)")


def read_instant(value: Any) -> datetime:
    """Raises PydanticCustomError for what has no zone, or cannot be shown in another one."""
    try:
        if isinstance(value, str) and _RFC3339.fullmatch(value):
            value = datetime.fromisoformat(value.upper())
        if isinstance(value, datetime) and value.tzinfo is not None and value.year in PLAUSIBLE_YEARS:
            return value.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("instant", "no instant")


def write_instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    BeforeValidator(read_instant),
    PlainSerializer(write_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
#: Postgres stores no NUL
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
#: `ik` is the operator whose account, or whose token, it is
WhichOperator = Annotated[str, Field(pattern=r"^(ik|[0-9]{1,20})$")]
ME = "ik"


class Shape(BaseModel):
    """Read strictly: what is not known is refused, and nothing is made of another type."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, serialize_by_alias=True
    )


class Query(Shape):
    """The parameters of an address."""


class Body(Shape):
    """JSON that is sent."""

    model_config = ConfigDict(strict=True)


class InvalidParam(Shape):
    name: str
    code: str
    reason: str


class Problem(Shape):
    """RFC 9457. `code` says in one word what a program can act on; `invalidParams` everything that is wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str | None = None
    invalid_params: list[InvalidParam] | None = None


class Link(Shape):
    href: str


class Links(Shape):
    """`next` is null on the last page."""

    self: Link
    next: Link | None = None
