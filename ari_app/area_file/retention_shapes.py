"""The retention periods of a municipality in an area file: all of them, or none and the defaults hold."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from pydantic import AfterValidator

from ari_app.area_file.shape import Shape, refuse
from ari_app.core.retention import MAXIMUM_DAYS, MINIMUM_DAYS, DataKind, Retention


def _days(kind: DataKind) -> AfterValidator:
    least, ordinary = MINIMUM_DAYS[kind], Retention().days(kind)

    def judge(days: int) -> int:
        if not least <= days <= MAXIMUM_DAYS:
            refuse(f"must be {least} to {MAXIMUM_DAYS} days; write {ordinary} where nothing else was decided")
        return days

    return AfterValidator(judge)


class RetentionShape(Shape):
    """No key has a default: a municipality that chooses one period has thought about each."""

    numbers_days: Annotated[int, _days(DataKind.NUMBERS)]
    facts_days: Annotated[int, _days(DataKind.FACTS)]
    callbacks_days: Annotated[int, _days(DataKind.CALLBACKS)]
    reminders_days: Annotated[int, _days(DataKind.REMINDERS)]
    audit_days: Annotated[int, _days(DataKind.AUDIT)]


def retention(shape: RetentionShape | None) -> Retention:
    return Retention() if shape is None else Retention(**shape.model_dump())


def retention_text(periods: Retention) -> dict[str, int]:
    """All keys of `retention`; none when every period is the default."""
    return {} if periods == Retention() else asdict(periods)
