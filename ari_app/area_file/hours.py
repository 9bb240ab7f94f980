"""Opening hours as they are written: the names of the days, and a span such as 08:30-17:00."""

from __future__ import annotations

from datetime import time

from ari_app.core.area import OpeningSpan

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def span_text(span: OpeningSpan) -> str:
    closes = "24:00" if span.closes == time(0) else f"{span.closes:%H:%M}"
    return f"{span.opens:%H:%M}-{closes}"
