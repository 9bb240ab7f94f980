"""Conversion between frozen values of `core` and rows of the tables that have the same columns."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

T = TypeVar("T")

#: the SQL type of a column by the type of its field; a test compares them with the tables
_SQL_TYPES = {bool: "boolean", datetime: "timestamptz", float: "float8", int: "integer", str: "text", UUID: "uuid"}

#: a key of the detail may begin with `pii_`; a query that says this besides its exact condition finds the index of
#: `storage.db.indexes`
MAY_BE_PERSONAL = "{0}detail::text LIKE '%\"pii_%'"
#: a telephone number may stand in the row; as above
TRANSFER_MAY_HOLD_NUMBER = "pii_to_number IS NOT NULL OR pii_subject ~ '[0-9]'"
WRAP_UP_MAY_HOLD_NUMBER = "pii_note ~ '[0-9]'"
REQUEST_MAY_HOLD_NUMBER = "pii_note ~ '[0-9]' OR pii_close_reason ~ '[0-9]'"


class Named(Protocol):
    """A row of either driver."""

    def __getitem__(self, name: str, /) -> Any: ...


class RowShape(Generic[T]):
    """A dataclass and its table: column names, SQL types, and conversion in both directions."""

    def __init__(self, kind: type[T], table: str) -> None:
        self.kind = kind
        self.table = table
        self.columns = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]
        self.values: Callable[[T], tuple[Any, ...]] = attrgetter(*self.columns)
        hints = get_type_hints(kind)
        self.sql_types = {name: _sql_type(hints[name]) for name in self.columns}
        self._converters = {name: made for name in self.columns if (made := _converter(hints[name])) is not None}

    def read(self, row: Named) -> T:
        """The value of a row that has these columns; others are ignored."""
        values = {name: row[name] for name in self.columns}
        for name, convert in self._converters.items():
            if values[name] is not None:
                values[name] = convert(values[name])
        return self.kind(**values)

    def read_json(self, row: Mapping[str, Any]) -> T:
        """As `read`, of a row that Postgres made JSON of: there instants and ids are text."""
        return self.read({name: self._from_text(name, row[name]) for name in self.columns})

    def _from_text(self, name: str, value: Any) -> Any:
        made = _FROM_TEXT.get(self.sql_types[name])
        return value if made is None or value is None else made(value)

    def listed(self, *, prefix: str = "", without: tuple[str, ...] = ()) -> str:
        return ", ".join(f"{prefix}{name}" for name in self.columns if name not in without)

    def parameters(self, first: int) -> str:
        """`$1::uuid, $2::text, …`, one for each column."""
        return ", ".join(f"${first + at}::{self.sql_types[name]}" for at, name in enumerate(self.columns))

    def overwritten(self, *, by: str, keys: tuple[str, ...]) -> str:
        """The SET list of an upsert: every column that is not a key."""
        return ", ".join(f"{name} = {by}.{name}" for name in self.columns if name not in keys)


def instant(text: str) -> datetime:
    """The UTC of an instant in JSON, which Postgres writes in the zone of its session."""
    return datetime.fromisoformat(text).astimezone(UTC)


_FROM_TEXT: Mapping[str, Callable[[str], Any]] = {"timestamptz": instant, "uuid": UUID}


def without_pii(detail: Mapping[str, Any]) -> dict[str, Any]:
    """The detail of a fact without what is personal in it."""
    return {key: value for key, value in detail.items() if not key.startswith("pii_")}


def json_detail(text: str) -> dict[str, Any]:
    """The detail of a fact; asyncpg hands on a column of JSON as text."""
    detail: dict[str, Any] = json.loads(text)
    return detail


def _sql_type(hint: Any) -> str:
    """Raises KeyError for a type that no column has."""
    hint = _present(hint)
    if get_origin(hint) is tuple:
        return f"{_sql_type(get_args(hint)[0])}[]"
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    if issubclass(hint, StrEnum):
        hint = str
    return _SQL_TYPES[hint]


def _present(hint: Any) -> Any:
    """The type of the value where there is one, of a field that may be None."""
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    return hint


def _converter(hint: Any) -> Callable[[Any], Any] | None:
    """The function that makes asyncpg's value one of the field's type; None where it is so already."""
    hint = _present(hint)
    if get_origin(hint) is tuple:
        return tuple
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    return None
