"""What a damaged file leaves in the database: all that it says, or nothing; and the calls of a damaged event log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.exports import export_area, export_entries
from ari_app.area_file.imports import import_area, import_entries
from ari_app.area_file.validation import all_keys
from ari_app.core.area import Area
from ari_app.core.ids import AsteriskId, CallId
from ari_app.jobs.fallback import FallbackTaker
from ari_app.storage.calls.cel_position import load_position
from ari_app.storage.calls.reads import call_story
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from tests.area_file.full import FULL
from tests.fuzz import NO_LIMIT, fuzz
from tests.fuzz.damage import damaged
from tests.fuzz.event_logs import Line, calls, logs
from tests.roles import as_role
from tests.storage.directory_files import CSV

pytestmark = [pytest.mark.postgres, NO_LIMIT]

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def database(database_url: str, runner: asyncio.Runner) -> Iterator[Database]:
    database = Database(as_role(database_url, SERVE))
    runner.run(database.open())
    yield database
    runner.run(database.close())


def test_a_damaged_file_is_followed_whole_or_leaves_the_area_as_it_was(
    database: Database, runner: asyncio.Runner
) -> None:
    async def follow(area_file: str, table: str) -> None:
        for work in (
            import_area(database.engine, area_file, "fuzz", NOW),
            import_entries(database.engine, table, "fuzz", NOW),
        ):
            before = await export_area(database.background)
            try:
                await work
            except AreaRefused:
                assert await export_area(database.background) == before
                continue
            exported = await export_area(database.background)
            assert not (await import_area(database.engine, exported, "fuzz", NOW)).did_something
            csv = await export_entries(database.background)
            assert not (await import_entries(database.engine, csv, "fuzz", NOW)).did_something

    @fuzz(20, share=0.1)
    @given(damaged(FULL, all_keys(), ending=False), damaged(CSV, ending=False))
    def follows(area_file: bytes, table: bytes) -> None:
        runner.run(follow(area_file.decode(), table.decode()))

    runner.run(follow(FULL, CSV))
    follows()


def test_the_calls_of_a_damaged_event_log_are_in_the_record_and_none_holds_up_the_others(
    database: Database, runner: asyncio.Runner, tmp_path: Path
) -> None:
    numbers = count()

    async def take(before: list[Line], whole: list[str], after: list[Line], number: int) -> None:
        log, node = tmp_path / f"cel-{number}.csv", AsteriskId(f"node{number}")
        taker = FallbackTaker(database, log, node, Area)
        await taker.begin()
        log.write_bytes(b"".join([*(line.content for line in before), *map(str.encode, whole)]))
        await taker.tick()
        with log.open("ab") as file:
            file.writelines(line.content for line in after)
        taker.asterisk_started(NOW + timedelta(days=365_000))
        await taker.tick()
        for n in range(3):
            assert await call_story(database.background, None, CallId(UUID(int=3 * number + n + 1))) is not None
        position = await load_position(database.background, node)
        assert position is not None
        assert position.byte == log.read_bytes().rfind(b"\n") + 1
        log.unlink()

    @fuzz(60, share=0.1)
    @given(st.integers(10**6, 10**12).flatmap(lambda number: logs(calls(number))), logs())
    def takes(before: list[Line], after: list[Line]) -> None:
        number = next(numbers)
        runner.run(take(before, calls(number), after, number))

    takes()
