"""The base of every entry of an area file: strict about types, closed to unknown keys, its errors without values."""

from __future__ import annotations

from typing import NoReturn

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


def refuse(says: str) -> NoReturn:
    """Called by a validator. `says` is the sentence that the writer of the file reads."""
    raise PydanticCustomError("area", "{says}", {"says": says})
