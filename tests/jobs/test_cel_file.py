"""Reading the channel event log while it grows, is rotated, and is damaged."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.event_log.cel import CelEvent, LogPosition
from ari_app.jobs.cel_file import MOST_BYTES, CelBatch, CelFileUnreadable, end, events_since, read
from tests.core.cel_values import NINE, REAL_LOG, at, row

pytestmark = pytest.mark.pure


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "cel.csv"


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def channels(batch: CelBatch) -> list[str]:
    return [str(event.channel_id) for _, event in batch.events]


def test_a_log_that_is_not_there_yet_is_empty(log: Path) -> None:
    assert read(log, None) == CelBatch((), None)


def test_a_log_without_a_whole_line_is_not_there_yet(log: Path) -> None:
    append(log, row("CHAN_START", 0, "a")[:-10])
    assert read(log, None) == CelBatch((), None)


def test_reading_goes_on_where_it_was(log: Path) -> None:
    append(log, row("CHAN_START", 0, "a"))
    first = read(log, None)
    assert channels(first) == ["a"]
    assert channels(read(log, first.position)) == []
    append(log, row("CHAN_START", 1, "b"))
    assert channels(read(log, first.position)) == ["b"]
    assert channels(read(log, None)) == ["a", "b"]


def test_a_real_log_is_read_whole(log: Path) -> None:
    log.write_bytes(REAL_LOG.read_bytes())
    batch = read(log, None)
    assert len(batch.events) == 119
    assert batch.bad_lines == 0
    assert batch.position is not None
    assert batch.position.byte == log.stat().st_size


def test_each_event_has_the_place_where_it_begins(log: Path) -> None:
    log.write_bytes(REAL_LOG.read_bytes())
    events = read(log, None).events
    place, event = events[57]
    assert read(log, place).events[0] == (place, event)
    assert len(read(log, place).events) == 119 - 57


def test_the_end_is_behind_the_last_whole_row(log: Path) -> None:
    assert end(log) is None
    append(log, row("CHAN_START", 0, "a"))
    append(log, row("CHAN_START", 1, "b")[:30])
    assert end(log) == read(log, None).position
    append(log, row("CHAN_START", 1, "b")[30:])
    assert end(log) == read(log, None).position


def test_a_half_written_last_line_waits_for_its_end(log: Path) -> None:
    whole, half = row("CHAN_START", 0, "a"), row("CHAN_START", 1, "b")
    append(log, whole + half[:30])
    first = read(log, None)
    assert channels(first) == ["a"]
    assert first.bad_lines == 0
    append(log, half[30:])
    assert channels(read(log, first.position)) == ["b"]


@pytest.mark.parametrize(
    "garbage",
    [
        b'"CHAN_START","1795451109.9"\n',
        b"\x00\x01\x02\xff\xfe\n",
        b'"unclosed\n',
        b'"CHAN_START","17954' + row("CHAN_START", 1, "x").encode(),
        b"a" * 200_000 + b"\n",
        b"\r\r\r\n",
    ],
)
def test_a_line_that_is_no_row_is_counted_and_passed_over(log: Path, garbage: bytes) -> None:
    log.write_bytes(row("CHAN_START", 0, "a").encode() + garbage + row("CHAN_START", 2, "c").encode())
    batch = read(log, None)
    assert channels(batch) == ["a", "c"]
    assert batch.bad_lines == (1 if garbage.strip() else 0)


def test_a_long_log_is_read_in_parts(log: Path) -> None:
    append(log, "".join(row("CHAN_START", n, f"c{n}") for n in range(100)))
    found: list[str] = []
    position, more, parts = None, True, 0
    while more:
        batch = read(log, position, most_bytes=1000)
        found += channels(batch)
        position, more, parts = batch.position, batch.is_more, parts + 1
    assert found == [f"c{n}" for n in range(100)]
    assert parts > 10


def test_a_line_longer_than_a_part_does_not_stop_the_reading(log: Path) -> None:
    append(log, row("CHAN_START", 0, "a") + "x" * 5000 + "\n" + row("CHAN_START", 1, "b"))
    found: list[str] = []
    position, more = None, True
    while more:
        batch = read(log, position, most_bytes=1000)
        found += channels(batch)
        position, more = batch.position, batch.is_more
    assert found == ["a", "b"]


def test_a_first_line_longer_than_a_part_does_not_stop_the_reading(log: Path) -> None:
    log.write_bytes(b"x" * (2 * MOST_BYTES) + b"\n" + row("CHAN_START", 0, "a").encode())
    found: list[str] = []
    position, more = None, True
    while more:
        batch = read(log, position)
        found += channels(batch)
        position, more = batch.position, batch.is_more
    assert found == ["a"]
    assert position == end(log)


def test_a_carriage_return_in_a_cell_ends_no_line(log: Path) -> None:
    append(log, '"x\ry"\n' + row("CHAN_START", 0, "a"))
    batch = read(log, None)
    assert (channels(batch), batch.bad_lines) == (["a"], 1)


def _renamed(log: Path) -> None:
    log.rename(log.with_name("cel.csv.1"))


def _renamed_with_date(log: Path) -> None:
    log.rename(log.with_name("cel.csv-20261123"))


def _copied_and_emptied(log: Path) -> None:
    log.with_name("cel.csv.1").write_bytes(log.read_bytes())
    os.truncate(log, 0)


@pytest.mark.parametrize("rotate", [_renamed, _renamed_with_date, _copied_and_emptied])
def test_a_rotation_loses_no_row(log: Path, rotate: Callable[[Path], None]) -> None:
    append(log, row("CHAN_START", 0, "a"))
    position = read(log, None).position
    append(log, row("CHAN_START", 1, "b"))
    rotate(log)

    # nothing was written after the rotation yet
    rest = read(log, position)
    assert channels(rest) == ["b"]
    assert channels(read(log, rest.position)) == []

    append(log, row("CHAN_START", 2, "c"))
    rest = read(log, position)
    new = read(log, rest.position)
    assert channels(rest) + channels(new) == ["b", "c"]
    assert rest.is_more
    assert not rest.lost_place
    assert not new.lost_place


def test_a_log_that_was_deleted_is_begun_anew_and_says_so(log: Path) -> None:
    append(log, row("CHAN_START", 0, "a"))
    position = read(log, None).position
    log.unlink()
    assert channels(read(log, position)) == []
    append(log, row("CHAN_START", 2, "c"))
    batch = read(log, position)
    assert channels(batch) == ["c"]
    assert batch.lost_place


def test_a_log_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CelFileUnreadable, match="Is a directory"):
        read(tmp_path, None)


def test_all_files_of_a_log_are_read_in_order_for_a_period(log: Path) -> None:
    with gzip.open(log.with_name("cel.csv.2.gz"), "wt") as old:
        old.write(row("CHAN_START", 0, "a") + row("CHAN_START", 10, "b"))
    append(log.with_name("cel.csv.1"), row("CHAN_START", 20, "c") + "garbage\n")
    append(log, row("CHAN_START", 30, "d") + row("CHAN_START", 40, "e")[:20])
    log.with_name("cel.csv.bak").write_bytes(b"\x00" * 100)

    found: list[CelEvent] = list(events_since(log, at(5)))

    assert [event.channel_id for event in found] == ["b", "c", "d"]
    assert [event.channel_id for event in events_since(log, NINE)] == ["a", "b", "c", "d"]
    assert list(events_since(log.with_name("other.csv"), NINE)) == []


def test_the_events_of_some_channels_are_those_of_all_without_the_others(log: Path) -> None:
    log.write_bytes(REAL_LOG.read_bytes())
    everything = list(events_since(log, datetime(2000, 1, 1, tzinfo=UTC)))
    channels = sorted({event.channel_id for event in everything})[::3]
    found = list(events_since(log, datetime(2000, 1, 1, tzinfo=UTC), channels))
    assert 0 < len(found) < len(everything)
    assert found == [event for event in everything if event.channel_id in channels]


def test_a_damaged_compressed_file_is_an_error(log: Path) -> None:
    packed = gzip.compress(b"".join(row("CHAN_START", n, f"c{n}").encode() for n in range(2000)))
    log.with_name("cel.csv.1.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(CelFileUnreadable, match=r"cel\.csv\.1\.gz"):
        list(events_since(log, NINE))


@given(st.lists(st.one_of(st.just(0), st.binary(max_size=40)), max_size=12), st.integers(60, 400))
def test_every_row_between_garbage_is_found_whatever_the_size_of_a_part(
    tmp_path_factory: pytest.TempPathFactory, lines: list[int | bytes], most_bytes: int
) -> None:
    log = tmp_path_factory.mktemp("log") / "cel.csv"
    rows = [row("CHAN_START", n, f"c{n}").encode() for n in range(len(lines))]
    parts = [rows[n] if isinstance(line, int) else line.replace(b"\n", b"") + b"\n" for n, line in enumerate(lines)]
    log.write_bytes(b"".join(parts))
    found: list[str] = []
    position: LogPosition | None = None
    more = True
    while more:
        batch = read(log, position, most_bytes=max(most_bytes, max(map(len, parts), default=0)))
        found += channels(batch)
        position, more = batch.position, batch.is_more
    assert found == [f"c{n}" for n, line in enumerate(lines) if isinstance(line, int)]
