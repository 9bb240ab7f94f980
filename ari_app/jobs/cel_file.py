"""Asterisk's channel event log as a file that grows: read on from a position, through rotation and broken lines.

A file is recognised by its first line, which is unique (a channel's id and the microsecond of its start), so any way of
rotating works: renaming, copying and emptying, deleting. Asterisk opens the file anew for each line.
These functions block; the file is on this machine.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from ari_app.core.event_log.cel import CelEvent, LogPosition, parse_row
from ari_app.core.ids import ChannelId

MOST_BYTES = 256 * 1024  # some 1300 rows: the event loop takes them in within 50 ms


class CelFileUnreadable(Exception):
    """The channel event log exists, and cannot be read. A job that meets this is tried again."""


@dataclass(frozen=True, slots=True)
class CelBatch:
    """The events of one read, and the position after it."""

    events: tuple[tuple[LogPosition, CelEvent], ...]  # each with the place where it begins
    position: LogPosition | None  # of the next read; None: there is no log yet
    bad_lines: int = 0
    is_more: bool = False  # worth reading again at once
    lost_place: bool = False  # the file of the position is gone: rows may have been missed


def read(path: Path, after: LogPosition | None, most_bytes: int = MOST_BYTES) -> CelBatch:
    """The next complete rows after a position; without a position, from the beginning of the current file.

    A last line without its end is left for later. When the log was rotated since, the rest of the old file comes
    first, if that file still stands beside the new one.

    Raises:
        CelFileUnreadable: the file exists and the system does not let us read it.
    """
    try:
        current = _identity(path)
        if after is None or after.file_identity == current:
            if current is None:
                return CelBatch((), after)
            return _read_part(path, current, after.byte if after else 0, most_bytes)
        old = _rotated(path, after.file_identity)
        if old is not None:
            rest = _read_part(old, after.file_identity, after.byte, most_bytes)
            # Nothing is added to a file that was rotated away; then go on with the new one, once there is one.
            if rest.is_more or current is None:
                return rest
            return CelBatch(rest.events, LogPosition(current, 0), rest.bad_lines, is_more=True)
        if current is None:
            return CelBatch((), after)
        start = _read_part(path, current, 0, most_bytes)
        return CelBatch(start.events, start.position, start.bad_lines, start.is_more, lost_place=True)
    except OSError as error:
        raise CelFileUnreadable(f"{path}: {error.strerror}") from error


def end(path: Path) -> LogPosition | None:
    """Behind the last complete row; None when there is no log yet. Raises CelFileUnreadable."""
    try:
        identity = _identity(path)
        if identity is None:
            return None
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - MOST_BYTES))
            tail = file.read()
        return LogPosition(identity, size - len(tail) + tail.rfind(b"\n") + 1)
    except OSError as error:
        raise CelFileUnreadable(f"{path}: {error.strerror}") from error


def events_since(path: Path, since: datetime, channels: Collection[ChannelId] | None = None) -> Iterator[CelEvent]:
    """Every event of the log, or of these channels, that is not older than `since`, in the order of the files.

    Rotated files beside the log are read too, also when compressed with gzip. A line about another channel is passed
    over before it is taken apart, which takes nearly all of the time.

    Raises:
        CelFileUnreadable: a file exists and cannot be read, or was rotated away while we read.
    """
    try:
        family = _family(path)
    except OSError as error:
        raise CelFileUnreadable(f"{path}: {error.strerror}") from error
    wanted = None if channels is None else frozenset(channel.encode() for channel in channels)
    files = []
    for file in family:
        first = next(_events(file), None)
        if first is not None and _changed_at(file) >= since.timestamp():
            files.append((first.at, file))
    for _, file in sorted(files):
        for event in _events(file, wanted):
            if event.at >= since:
                yield event


def _changed_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError as error:  # rotated away since it was listed
        raise CelFileUnreadable(f"{file}: {error.strerror}") from error


def _events(file: Path, wanted: Collection[bytes] | None = None) -> Iterator[CelEvent]:
    try:
        with _open(file) as lines:
            for line in lines:
                if wanted is not None and _channel_of(line) not in wanted:
                    continue
                event = _parse(line)
                if event is not None:
                    yield event
    except (OSError, EOFError, zlib.error) as error:
        raise CelFileUnreadable(f"{file}: {error}") from error


def _channel_of(line: bytes) -> bytes:
    """The third cell, as Asterisk writes it: every cell quoted; no channel's id has a quote in it."""
    cells = line.split(b'","', 3)
    return cells[2] if len(cells) > 2 else b""


def _open(file: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")


def _read_part(path: Path, identity: str, start: int, most_bytes: int) -> CelBatch:
    with path.open("rb") as file:
        file.seek(start)
        block = file.read(most_bytes)
    is_full = len(block) == most_bytes
    end = block.rfind(b"\n") + 1
    if end == 0:
        # A line that fills a whole block is no row: without stepping over it, no read would ever get further.
        skipped = len(block) if is_full else 0
        return CelBatch((), LogPosition(identity, start + skipped), bad_lines=int(is_full), is_more=is_full)
    events = []
    bad = 0
    place = start
    for line in block[:end].split(b"\n")[:-1]:  # not splitlines: a carriage return may stand in a cell
        event = _parse(line)
        if event is not None:
            events.append((LogPosition(identity, place), event))
        elif line.strip():
            bad += 1
        place += len(line) + 1
    return CelBatch(tuple(events), LogPosition(identity, start + end), bad, is_more=is_full)


def _parse(line: bytes) -> CelEvent | None:
    try:
        rows = list(csv.reader([line.decode(errors="replace")], strict=True))
    except csv.Error:
        return None
    return parse_row(rows[0]) if len(rows) == 1 else None


def _identity(path: Path) -> str | None:
    """The digest of a log file's first line; None when there is no file, or no whole line in it yet.

    A first line that fills a whole part is no row, and its end may never come: the part is taken for the line.
    """
    try:
        with path.open("rb") as file:
            first = file.readline(MOST_BYTES)
    except FileNotFoundError:
        return None
    is_whole = first.endswith(b"\n") or len(first) == MOST_BYTES
    return hashlib.sha256(first).hexdigest()[:24] if is_whole else None


def _family(path: Path) -> list[Path]:
    """The log and its rotated files. Raises OSError."""
    return [file for file in path.parent.glob(f"{path.name}*") if file.is_file()]


def _rotated(path: Path, identity: str) -> Path | None:
    others = (file for file in _family(path) if file != path and file.suffix != ".gz")
    return next((file for file in others if _identity(file) == identity), None)
