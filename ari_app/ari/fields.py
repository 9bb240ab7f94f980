"""Reading fields of decoded JSON; a field of another type than ARI promises is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

Object = Mapping[str, object]


class WrongShape(ValueError):
    """A field is missing or has another type. Names the field, never shows its value."""


def an_object(value: object) -> Object:
    if type(value) is not dict:
        raise WrongShape("not an object")
    return value


def objects(value: object) -> list[Object]:
    if type(value) is not list:
        raise WrongShape("not a list")
    return [an_object(item) for item in value]


def sub(data: Object, key: str) -> Object:
    value = data.get(key)
    if type(value) is not dict:
        raise WrongShape(key)
    return value


def optional_sub(data: Object, key: str) -> Object | None:
    return None if data.get(key) is None else sub(data, key)


def text(data: Object, key: str) -> str:
    value = data.get(key)
    if type(value) is not str:
        raise WrongShape(key)
    return value


def text_or(data: Object, key: str, default: str = "") -> str:
    """An absent or null field is `default`."""
    value = data.get(key)
    if value is None:
        return default
    if type(value) is not str:
        raise WrongShape(key)
    return value


def number(data: Object, key: str) -> int:
    value = data.get(key)
    if type(value) is not int:
        raise WrongShape(key)
    return value


def number_or_none(data: Object, key: str) -> int | None:
    return None if data.get(key) is None else number(data, key)


def flag(data: Object, key: str) -> bool:
    """Absent is False."""
    value = data.get(key, False)
    if type(value) is not bool:
        raise WrongShape(key)
    return value


def texts(data: Object, key: str) -> tuple[str, ...]:
    """Absent is empty."""
    value = data.get(key, [])
    if type(value) is not list or any(type(item) is not str for item in value):
        raise WrongShape(key)
    return tuple(value)


def variables(data: Object, key: str) -> dict[str, str]:
    """Variables in a snapshot; absent is none. Values that are not text are left out."""
    value = data.get(key)
    if value is None:
        return {}
    return {name: item for name, item in an_object(value).items() if type(item) is str}


def instant(data: Object, key: str) -> datetime:
    """Asterisk's own moment, e.g. "2026-11-23T15:40:00.123+0000", in UTC."""
    return parse_instant(text(data, key))


def parse_instant(value: str) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise WrongShape("instant") from None
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        raise WrongShape("instant without timezone")
    return at.astimezone(UTC)
