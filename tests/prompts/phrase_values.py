"""Municipalities, a shared number and its menu, for the tests of phrases."""

from __future__ import annotations

from datetime import UTC, datetime

from ari_app.core.area import Member, SharedNumber
from ari_app.core.calendar import AMSTERDAM
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts.phrases import caller as to_caller

LINDENHOVE = MunicipalityCode("GM9901")
WATERDAM = MunicipalityCode("GM9902")
NUMBER = SharedNumber("140119", (Member(WATERDAM, 4), Member(LINDENHOVE, 1)))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


def menu(number: SharedNumber = NUMBER, within: float = 60.0, *, calls_back: bool = False) -> to_caller.Menu:
    """The menu when every prompt lasts one second."""
    return to_caller.menu(number, calls_back=calls_back, within_seconds=within, seconds=len)
