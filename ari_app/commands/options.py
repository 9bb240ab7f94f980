"""Kinds of values and options that several commands share."""

from __future__ import annotations

import getpass
import math
import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import click

from ari_app.core.calendar import AMSTERDAM

YEARS = range(1900, 9999)  # at the ends of the calendar a moment cannot be shown in another timezone


def login_name() -> str:
    """The name of the person at the terminal; in a container without one, the number of the user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


class Moment(click.ParamType):  # type: ignore[type-arg]
    """A date, a moment, or a duration from now: 2026-11-23, 2026-11-23T09:00, 90m, 8h, 7d.

    Without a timezone it is Amsterdam's time, as everything that is shown. `back`: a duration counts backwards.
    """

    name = "moment"

    def __init__(self, *, back: bool = False) -> None:
        self._back = back

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value)
        try:
            moment = self._read(text)
        except (ValueError, OverflowError):
            moment = None
        if moment is None or moment.year not in YEARS:
            self.fail(f"{text!r} is no moment; write 2026-11-23, 2026-11-23T09:00, 90m, 8h or 7d", param, ctx)
        return moment

    def _read(self, text: str) -> datetime:
        units = {"m": "minutes", "h": "hours", "d": "days"}
        if text[-1:] in units and text[:-1].isdigit():
            duration = timedelta(**{units[text[-1]]: int(text[:-1])})
            now = datetime.now(UTC)
            return now - duration if self._back else now + duration
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=AMSTERDAM)).astimezone(UTC)


class Day(click.ParamType):  # type: ignore[type-arg]
    """A date in Amsterdam: 2026-11-23."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            day = None
        if day is None or day.year not in YEARS:
            self.fail(f"{value!r} is no date; write 2026-11-23", param, ctx)
        return day


class Seconds(click.FloatRange):
    """A number of seconds in a range; click's own lets `nan` through every range."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value!r} is no number of seconds", param, ctx)
        return found


author_option = click.option(
    "--author", default=login_name, show_default="your login name", help="who does this; kept in the audit log"
)
json_option = click.option("--json", "json_wanted", is_flag=True, help="one JSON object per line")
municipality_option = click.option("--municipality", metavar="CODE", help="only this municipality, by its CBS code")
