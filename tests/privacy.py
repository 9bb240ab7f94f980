"""No person and no secret in any log that a run of the tests wrote: looked for at the end of each worker's session.

The people of the tests have numbers of a few ranges and one family name, so that they are known wherever they turn up;
passwords and PINs are those that the run made, or that the sample area has. What may be in Asterisk's channel event log
(docs/operations.md): the number that was dialled, which is ours, and never that of the caller.
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import ari_app.sample
from tests.roles import PASSWORDS

#: the last nine digits of the numbers of citizens and of colleagues outside, as the tests write them
PEOPLE = re.compile(r"6[1-9]\d{7}|20555\d{4}|201234567")
NAMES = re.compile(r"br(?:o|ö|Ã¶|\ufffd|\\xf6|\\u00f6)uwer|uwer\b", re.IGNORECASE)
#: Asterisk telling which key was pressed, at whatever level
KEYS = re.compile(r"DTMF (?:begin|end)|\bdigit '")
_NUMBER = re.compile(r"(?<![\w.])(?:\+|00)?\d(?:[ -]?\d){8,16}")
#: an id of ours, whose last figures may look like a number
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DUTCH = re.compile(rf"(?:0031|31|0)(?:{PEOPLE.pattern})")
_LOG = re.compile(r"\.log(?:[.-].*)?$|\.csv(?:[.-].*)?$")
#: the phones of the citizens themselves, and what is no log
_NOT_OURS = re.compile(r"^(?:phones-.*|sounds|.*-sounds|data|base)$")
_DIALLED = 7  # the column of the channel event log that holds the number that a channel dialled

APPLICATION_LOG = "application.log"
#: what a copy that was replaced says to whoever started it
_LAST_WORDS = re.compile(r"another controller took the application \w+; this one stops")
_POSTGRES = "postgres.log"  # names processes by numbers, which may be those of a PIN
SAMPLE = Path(ari_app.sample.__file__).parent / "area.toml"

_watched: set[Path] = set()
_secrets: set[str] = set(PASSWORDS.values())


def watch(directory: Path) -> None:
    """A server writes its logs somewhere below this directory."""
    _watched.add(directory)


def keep_secret(secrets: Iterable[str]) -> None:
    """Passwords that this run made, long enough to be found in no other text."""
    _secrets.update(secret for secret in secrets if len(secret) >= 8)


def leaks_of_this_run() -> list[str]:
    pins = [operator["pin"] for operator in tomllib.loads(SAMPLE.read_text(encoding="utf-8"))["operator"]]
    return [leak for directory in sorted(_watched) for leak in leaks(directory, _secrets, pins)]


def leaks(directory: Path, secrets: Iterable[str] = (), pins: Iterable[str] = ()) -> list[str]:
    """Every line of a log below a directory that holds a person, a secret or a key, with its file."""
    known, typed = tuple(secrets), _as_words(pins)
    return [
        f"{file.relative_to(directory)}: {why}: {line[:300]}"
        for file in sorted(_logs(directory))
        for line in _lines(file)
        if (why := _why(line, known, None if file.name == _POSTGRES else typed) or _no_event(file, line))
    ]


def _logs(directory: Path) -> Iterator[Path]:
    for entry in directory.iterdir() if directory.is_dir() else ():
        if entry.is_dir() and not entry.is_symlink() and not _NOT_OURS.match(entry.name):
            yield from _logs(entry)
        elif entry.is_file() and _LOG.search(entry.name):
            yield entry


def _lines(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            yield _without_dialled(line) if ".csv" in file.name else line.rstrip("\n")


def _without_dialled(line: str) -> str:
    try:
        cells = next(csv.reader([line]), [])
    except csv.Error:
        return line
    return " ".join(cell for column, cell in enumerate(cells) if column != _DIALLED)


def _as_words(pins: Iterable[str]) -> re.Pattern[str] | None:
    words = "|".join(map(re.escape, pins))
    return re.compile(rf"(?<![\w.:+[-])(?:{words})(?![\w.:-])") if words else None


def _why(line: str, secrets: tuple[str, ...], pins: re.Pattern[str] | None) -> str:
    if any(_is_person(found[0]) for found in _NUMBER.finditer(_ID.sub("", line))):
        return "a person's number"
    if NAMES.search(line):
        return "a person's name"
    if any(secret in line for secret in secrets):
        return "a password"
    if KEYS.search(line):
        return "a key"
    if pins is not None and any(pins.search(text) for text in _texts(line)):
        return "a PIN"
    return ""


def _no_event(file: Path, line: str) -> str:
    """The application's log has events of ours and nothing else, libraries' warnings included (docs/operations.md)."""
    if file.name != APPLICATION_LOG or _LAST_WORDS.fullmatch(line):
        return ""
    try:
        entry = json.loads(line)
    except ValueError:
        return "no event"
    is_event = isinstance(entry, dict) and re.fullmatch(r"[a-z][a-z0-9_]*", str(entry.get("event")))
    return "" if is_event else "no event"


def _is_person(written: str) -> bool:
    return _DUTCH.match(re.sub(r"\D", "", written)) is not None


def _texts(line: str) -> Iterator[str]:
    """The texts of a line of ours; a figure of it, such as a port, is no PIN."""
    try:
        entry = json.loads(line)
    except ValueError:
        yield line
        return
    if isinstance(entry, dict):
        yield from (value for value in entry.values() if isinstance(value, str))
