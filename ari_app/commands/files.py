"""Files that somebody wants to import, and the report of what an import did."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ari_app.commands import WRONG, fail

if TYPE_CHECKING:
    from ari_app.core.area_difference import ImportReport

LARGEST_BYTES = 80_000_000  # of a file that is imported
MOST_LINES = 200  # of an import's report
LARGE = 200_000  # characters, which take about a second


def read_text(file: Path) -> str:
    """The text of a file. When it cannot be read, the program ends with the reason.

    The length is limited while reading: a device never ends.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            fail(f"{file}: is larger than {LARGEST_BYTES:,} bytes; divide it", WRONG)
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        fail(f"{file}: is not UTF-8 text (byte {error.start}); save it as UTF-8", WRONG)
    except OSError as error:
        fail(f"{file}: cannot be read ({error.strerror}); make it readable for you", WRONG)


class Progress:
    """Says on the error stream how far an import is, at most once a second; of a small file nothing."""

    def __init__(self, text: str) -> None:
        self._next = 0.0 if len(text) > LARGE else float("inf")  # time.monotonic

    def __call__(self, words: str) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + 1.0
            click.echo(f"… {words}", err=True)


def echo_report(report: ImportReport) -> None:
    """Report an import by name; of very many names, the first."""
    for what, names in (("added", report.added), ("changed", report.changed), ("removed", report.removed)):
        for name in names[:MOST_LINES]:
            click.echo(f"{what:<8} {name}")
        if len(names) > MOST_LINES:
            click.echo(f"{what:<8} {len(names) - MOST_LINES} more")
    click.echo(f"{len(report.unchanged)} unchanged")
    for warning in report.warnings:
        click.echo(f"note: {warning}", err=True)
