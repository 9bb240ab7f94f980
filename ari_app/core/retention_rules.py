"""Which columns hold personal data, and from which moment on their contents are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta

from ari_app.core.calendar import AMSTERDAM, local_date
from ari_app.core.retention import DataKind, Retention

#: every column with personal data, by table; a test compares this with the tables
PERSONAL_COLUMNS: Mapping[DataKind, Mapping[str, tuple[str, ...]]] = {
    DataKind.NUMBERS: {
        "call": ("pii_caller_number", "pii_callback_number"),
        "transfer": ("pii_to_number", "pii_subject"),
        "call_wrap_up": ("pii_note",),
    },
    DataKind.CALLBACKS: {"callback_request": ("pii_number", "pii_note", "pii_close_reason")},
}
#: columns of the area: they stay for as long as the municipality's own area file or directory names them
AREA_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "directory_entry": ("pii_number",),
    "team_contact": ("pii_email", "pii_phone"),
}
#: columns that hold something for the seconds that it is on its way: whatever answers a command empties them
PASSING_COLUMNS: Mapping[str, tuple[str, ...]] = {"command": ("pii_arguments",)}


def kept_from(now: datetime, days: int) -> datetime:
    """The first moment that is kept: the start of the day so many days ago, in the Netherlands. UTC."""
    day = local_date(now) - timedelta(days=days)
    return datetime.combine(day, time(), AMSTERDAM).astimezone(UTC)


def shared_periods(periods: Iterable[Retention]) -> Retention:
    """The periods of rows without a municipality: no municipality's period is exceeded.

    An audit row of several municipalities is kept for as long as any of them needs it.
    """
    every = tuple(periods) or (Retention(),)
    return Retention(
        **{f"{kind}_days": min(one.days(kind) for one in every) for kind in DataKind if kind is not DataKind.AUDIT},
        audit_days=max(one.audit_days for one in every),
    )
