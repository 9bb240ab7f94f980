"""The check of the directory: once a night, whoever restarts, and what it found is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from ari_app.area_file.imports import import_area
from ari_app.ari.client import AriClient
from ari_app.core.area import Area, CheckResult
from ari_app.core.ids import Endpoint, EntryCode
from ari_app.core.presence import Presence
from ari_app.jobs import directory_check
from ari_app.jobs.directory_check import JOB, DirectoryCheck, check_directory
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from ari_app.storage.db.nightly import GIVEN_UP_AFTER, claim_night, finish_night, is_done
from tests.storage.directory_files import AREA, PLAN

pytestmark = pytest.mark.postgres

DAY = date(2026, 6, 1)
AT_THREE = datetime(2026, 6, 1, 1, tzinfo=UTC)  # in the Netherlands
TAXES, JAN = EntryCode("oosterwende-belastingen"), EntryCode("oosterwende-jan")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        await import_area(database.engine, AREA + PLAN, "beheer", AT_THREE)
        yield database


async def test_a_night_is_one_copys_and_is_done_once(database: Database) -> None:
    claims = await asyncio.gather(*(claim_night(database.background, JOB, DAY, AT_THREE) for _ in range(5)))
    assert sorted(claims) == [False, False, False, False, True]
    assert not await is_done(database.background, JOB, DAY)
    await finish_night(database.background, JOB, DAY, AT_THREE)
    assert await is_done(database.background, JOB, DAY)
    assert not await claim_night(database.background, JOB, DAY, AT_THREE + timedelta(days=1))
    assert await claim_night(database.background, JOB, DAY + timedelta(days=1), AT_THREE)


async def test_what_a_copy_left_unfinished_is_taken_over(database: Database) -> None:
    assert await claim_night(database.background, JOB, DAY, AT_THREE)
    assert not await claim_night(database.background, JOB, DAY, AT_THREE + GIVEN_UP_AFTER)
    assert await claim_night(database.background, JOB, DAY, AT_THREE + GIVEN_UP_AFTER + timedelta(seconds=1))


async def test_what_was_found_is_kept_with_its_entry(database: Database) -> None:
    area = await load_area(database.background)
    await check_directory(database, area, {}, AT_THREE)
    checked = (await load_area(database.background)).entries
    assert (checked[TAXES].last_check, checked[TAXES].last_checked_at) == (CheckResult.UNREACHABLE, AT_THREE)
    assert checked[JAN].last_check is CheckResult.FINE
    assert await load_area(database.background) == area  # nothing for the calls to load again


async def test_a_changed_entry_is_not_known_to_be_fine(database: Database) -> None:
    await check_directory(database, await load_area(database.background), {}, AT_THREE)
    await import_area(database.engine, PLAN.replace("Jan Jansen", "Jan de Jong"), "beheer", AT_THREE)
    checked = (await load_area(database.background)).entries
    assert checked[JAN].last_check is None
    assert checked[TAXES].last_check is CheckResult.UNREACHABLE


async def test_it_is_due_from_its_hour_on_and_once_and_told_in_numbers(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: dict[Endpoint, Presence] = {}

    async def phones(ari: AriClient) -> dict[Endpoint, Presence]:
        return there

    monkeypatch.setattr(directory_check, "seen_phones", phones)
    area = await load_area(database.background)
    async with AriClient("http://127.0.0.1:1/ari", "nobody", "none") as ari:

        async def tick(now: datetime) -> list[tuple[str, str, int | None]]:
            with capture_logs() as log:
                await DirectoryCheck(database, ari, lambda: area, 3).tick(now)
            return [(line["log_level"], line["event"], line.get("unreachable")) for line in log]

        assert await tick(AT_THREE - timedelta(minutes=1)) == []
        assert await tick(AT_THREE) == [("warning", "directory_has_unreachable", 1)]
        assert await tick(AT_THREE + timedelta(minutes=5)) == []
        assert await tick(AT_THREE + timedelta(hours=20)) == []  # still the same day
        there[Endpoint("PJSIP/phone09")] = Presence.FREE
        assert await tick(AT_THREE + timedelta(days=1)) == [("info", "directory_checked", None)]


async def test_without_asterisk_the_night_stays_due(database: Database) -> None:
    async with AriClient("http://127.0.0.1:1/ari", "nobody", "none") as ari:
        with capture_logs() as log:
            await DirectoryCheck(database, ari, Area, 3).tick(AT_THREE)
    assert [line["event"] for line in log] == ["directory_check_postponed"]
    assert await claim_night(database.background, JOB, DAY, AT_THREE)
