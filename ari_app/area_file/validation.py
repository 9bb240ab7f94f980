"""One entry against its shape: the entry, and in words what is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ari_app.area_file.errors import AreaRefused, Mistake
from ari_app.area_file.shape import Shape

LARGEST_FILE = 20_000_000  # characters

S = TypeVar("S", bound=Shape)

_SAYS = {
    "missing": "is missing",
    "string_type": "must be text, in quotes",
    "int_type": "must be a whole number, without quotes",
    "bool_type": "must be true or false",
    "list_type": "must be a list, in square brackets",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "date_type": "must be a date such as 2026-12-24, without quotes",
}


def validated(shape: type[S], raw: object) -> tuple[S | None, list[ErrorDetails]]:
    """The entry and its problems.

    A wrong entry comes back with its right keys only, so that they are judged too and all its mistakes are named at
    once; None when the keys that it must have are not all among them.
    """
    try:
        return shape.model_validate(raw), []
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
    if not isinstance(raw, dict):
        return None, problems
    wrong = {problem["loc"][0] for problem in problems if problem["loc"]}
    try:
        return shape.model_validate({key: value for key, value in raw.items() if key not in wrong}), problems
    except ValidationError:
        return None, problems


def says(problem: ErrorDetails) -> str:
    """The problem in words, never with the value: it may be a PIN."""
    kind = problem["type"]
    if kind == "extra_forbidden":
        return unknown_key(str(problem["loc"][-1]), all_keys())
    return _SAYS.get(kind) or re.sub(r"^(Input|String|List) should", "must", problem["msg"])


def all_keys() -> list[str]:
    """Every key that may stand anywhere in a file, for the guess at what was meant."""
    return sorted({key for shape in Shape.__subclasses__() for key in shape.model_fields} | {"member"})


def unknown_key(key: str, keys: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, keys, 1)
    return f"unknown key{f'; {near[0]} is meant?' if near else ''}"


def refuse_large(text: str) -> None:
    """Raises AreaRefused when a file is too large to be read while others wait."""
    if len(text) > LARGEST_FILE:
        raise AreaRefused([Mistake("", f"the file is larger than {LARGEST_FILE:,} characters")])
