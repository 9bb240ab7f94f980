"""What every command needs: settings, the database, and errors that become one line."""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, TypeVar

import click

from ari_app.area_file.errors import AreaRefused
from ari_app.core.calendar import AMSTERDAM
from ari_app.core.ledger import LedgerError
from ari_app.prompts import PromptError
from ari_app.settings import DatabaseSettings, Settings, SettingsError, load
from ari_app.storage.area.imports import CalamityRefused, UnknownMunicipality
from ari_app.storage.db.engine import Database
from ari_app.storage.db.errors import StorageError
from ari_app.storage.operators.absences import AbsenceRefused

T = TypeVar("T")

CANNOT, WRONG = 1, 2
YEARS = range(1900, 9999)  # at the ends of the calendar a moment cannot be shown in another timezone
INPUT_REFUSED = (AbsenceRefused, AreaRefused, CalamityRefused, UnknownMunicipality)

author_option = click.option(
    "--author", default=getpass.getuser, show_default="your login name", help="who does this; kept in the audit log"
)


def fail(message: str, code: int = CANNOT) -> NoReturn:
    """Say what is wrong on the error stream, and end."""
    click.echo(message, err=True)
    sys.exit(code)


def settings() -> Settings:
    try:
        return load(Settings)
    except SettingsError as error:
        fail(str(error), WRONG)


def database_url() -> str:
    try:
        return load(DatabaseSettings).database_url.get_secret_value()
    except SettingsError as error:
        fail(str(error), WRONG)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; what is wrong out there becomes one line. Raises INPUT_REFUSED, for the command to explain."""
    try:
        return asyncio.run(work)
    except INPUT_REFUSED:
        raise
    except (LedgerError, StorageError, PromptError) as error:
        fail(str(error))


def with_database(work: Callable[[Database], Awaitable[T]]) -> T:
    """Do something with the database of the settings, opened and closed around it."""
    url = database_url()

    async def inside() -> T:
        async with Database(url) as database:
            return await work(database)

    return run(inside())


def as_json(value: object) -> str:
    """One line of JSON for a program to read; instants in ISO 8601, UTC."""

    def plain(item: object) -> object:
        if is_dataclass(item) and not isinstance(item, type):
            return asdict(item)
        if isinstance(item, datetime):
            return item.isoformat()
        return str(item)

    return json.dumps(value, default=plain, ensure_ascii=False)


class Moment(click.ParamType):  # type: ignore[type-arg]
    """A date, a moment, or a stretch of time from now: 2026-11-23, 2026-11-23T09:00, 90m, 8h, 7d.

    Without a zone it is Amsterdam's time, as all that is shown. `back`: a stretch of time counts backwards.
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
            stretch = timedelta(**{units[text[-1]]: int(text[:-1])})
            now = datetime.now(UTC)
            return now - stretch if self._back else now + stretch
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=AMSTERDAM)).astimezone(UTC)
