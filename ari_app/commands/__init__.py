"""Shared by all commands: settings, the database, and errors that become one line."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from ari_app.commands.options import Day, Moment, author_option, json_option, municipality_option
from ari_app.core.ledger import LedgerError
from ari_app.settings import DatabaseSettings, Settings, SettingsError, load
from ari_app.storage.db.engine import Database
from ari_app.storage.db.errors import InputRefused, StorageError

T = TypeVar("T")

CANNOT, WRONG = 1, 2

__all__ = [
    "CANNOT",
    "WRONG",
    "Day",
    "Moment",
    "as_json",
    "author_option",
    "database_url",
    "fail",
    "json_option",
    "listed",
    "municipality_option",
    "run",
    "settings",
    "with_database",
    "write_or_echo",
]


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
        return load(DatabaseSettings).database_url.reveal()
    except SettingsError as error:
        fail(str(error), WRONG)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; a wrong input or something wrong out there becomes one line and an exit code."""
    try:
        return asyncio.run(work)
    except InputRefused as refused:
        fail(str(refused), WRONG)
    except (LedgerError, StorageError) as error:
        fail(str(error))


def with_database(work: Callable[[Database], Awaitable[T]]) -> T:
    """Do something with the database of the settings, opened and closed around it."""
    url = database_url()

    async def inside() -> T:
        async with Database(url) as database:
            return await work(database)

    return run(inside())


def write_or_echo(text: str, output: Path | None, *, encoding: str = "utf-8", private: bool = False) -> None:
    """Write to a file, or show on the screen without one. `private`: a new file is for its owner only."""
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        if private:
            output.touch(mode=0o600)
        output.write_text(text, encoding=encoding, newline="")
    except OSError as error:
        fail(f"--output {output}: cannot be written ({error.strerror}); choose another file", WRONG)


def as_json(value: object) -> str:
    """One line of JSON for a program to read; instants in ISO 8601, UTC."""

    def plain(item: object) -> object:
        if is_dataclass(item) and not isinstance(item, type):
            return asdict(item)
        if isinstance(item, datetime):
            return item.isoformat()
        return str(item)

    return json.dumps(value, default=plain, ensure_ascii=False)


def listed(names: Iterable[str]) -> str:
    """Names that somebody may choose from, in a message."""
    return ", ".join(sorted(names)) or "none"
