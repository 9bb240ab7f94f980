"""What every entry of an area file is: strict, closed, and silent about what stands in it."""

from __future__ import annotations

from typing import NoReturn

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


def refuse(says: str) -> NoReturn:
    """To be called by a validator: the sentence is what the person who wrote the file reads."""
    raise PydanticCustomError("area", "{says}", {"says": says})
