"""Importing an area: all or nothing, again and again, and never at another municipality's cost."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.exports import export_area
from ari_app.area_file.imports import import_area
from ari_app.area_file.reader import read_area
from ari_app.core.area import Reach
from ari_app.core.area_contents import merge
from ari_app.core.ids import MunicipalityCode, TeamCode
from ari_app.core.ledger import PinVerdict
from ari_app.storage import tables as t
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from ari_app.storage.operators.pins import check_pin
from tests.patience import PATIENCE_SECONDS
from tests.storage.area_values import EMPTY, NOW, SAMPLE, everything, rows

pytestmark = pytest.mark.postgres


async def test_what_is_loaded_is_what_the_file_says(database: Database) -> None:
    report = await import_area(database.engine, SAMPLE, "beheer", NOW)
    assert (report.changed, report.unchanged, report.removed, report.warnings) == ((), (), (), ())
    assert "municipality GM9901" in report.added
    assert "member GM9904 of 14 0119" in report.added
    loaded = await load_area(database.background)
    assert loaded == merge(EMPTY, read_area(SAMPLE))
    assert len(loaded.municipalities) == 4
    assert len(loaded.operators) == 12
    assert loaded.teams[TeamCode("lindekerk-bel")].reach is Reach.RING
    assert loaded.special_days[date(2025, 5, 30)] == "dag na Hemelvaartsdag"  # built in, not in the file


async def test_importing_again_changes_nothing(database: Database) -> None:
    first = await import_area(database.engine, SAMPLE, "beheer", NOW)
    before = await everything(database.engine)
    again = await import_area(database.engine, SAMPLE, "beheer", NOW + timedelta(days=1))
    assert not again.did_something
    assert set(again.unchanged) == set(first.added)
    assert await everything(database.engine) == before


async def test_an_empty_database_has_only_the_built_in_days(database: Database) -> None:
    assert await load_area(database.background) == EMPTY


async def test_what_is_exported_can_be_imported(database: Database, empty_database_url: str) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    exported = await export_area(database.background)
    assert "7101" not in exported
    report = await import_area(database.engine, exported, "beheer", NOW)
    assert not report.did_something
    assert await export_area(database.background) == exported

    from ari_app.storage.db.migrate import upgrade_to_head

    await upgrade_to_head(empty_database_url)
    async with Database(empty_database_url) as other:
        await import_area(other.engine, exported, "beheer", NOW)
        assert await load_area(other.background) == await load_area(database.background)
        assert await export_area(other.background) == exported


async def test_pins_are_hashed_kept_and_changed(database: Database, database_url: str) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    hashes = {row.number: row.pin_hash for row in await rows(database.engine, t.operator)}
    assert all(pin_hash.startswith("$argon2id$") for pin_hash in hashes.values())
    without_pins = "\n".join(line for line in SAMPLE.splitlines() if not line.startswith("pin ="))
    assert not (await import_area(database.engine, without_pins, "beheer", NOW)).did_something
    report = await import_area(database.engine, SAMPLE.replace('"7101"', '"919191"'), "beheer", NOW)
    assert report.changed == ("operator 101",)
    after = {row.number: row.pin_hash for row in await rows(database.engine, t.operator)}
    assert {number for number in hashes if hashes[number] != after[number]} == {"101"}
    async with Database(database_url) as database:
        assert await check_pin(database.pool.fetch, "101", "7101", "PJSIP/phone01", NOW) is PinVerdict.WRONG
        assert await check_pin(database.pool.fetch, "101", "919191", "PJSIP/phone01", NOW) is PinVerdict.OK
        assert await check_pin(database.pool.fetch, "102", "7102", "PJSIP/phone01", NOW) is PinVerdict.OK


async def test_a_bad_file_changes_nothing(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    before = await everything(database.engine)
    bad = SAMPLE.replace('name = "Oosterwende"', 'name = "Westerwende"').replace(
        'serves = ["GM9903"]', 'serves = ["GM1"]'
    )
    with pytest.raises(AreaRefused, match="CBS code"):
        await import_area(database.engine, bad, "beheer", NOW)
    assert await everything(database.engine) == before


async def test_an_import_is_told_and_audited_once(database: Database) -> None:
    told: asyncio.Queue[object] = asyncio.Queue()

    def listen(*notified: object) -> None:
        told.put_nowait(notified[-1])

    async with database.pool.acquire() as listener:
        await listener.add_listener("ari_app_area", listen)
        await import_area(database.engine, SAMPLE, "beheer", NOW)
        payload = await asyncio.wait_for(told.get(), PATIENCE_SECONDS)
        number = await database.pool.fetchval("SELECT max(number) FROM change")
        assert payload == f"area {number}"
        await import_area(database.engine, SAMPLE, "beheer", NOW)
        with pytest.raises(AreaRefused):
            await import_area(database.engine, "x = 1", "beheer", NOW)
        await listener.execute("SELECT pg_notify('ari_app_area', 'last')")
        assert await asyncio.wait_for(told.get(), PATIENCE_SECONDS) == "last"
        await listener.remove_listener("ari_app_area", listen)
    (audited,) = await rows(database.engine, t.audit_log)
    assert (audited.at, audited.actor, audited.action) == (NOW, "beheer", "area.import")
    assert len(audited.detail["added"]) == len((await import_area(database.engine, SAMPLE, "beheer", NOW)).unchanged)
    assert "7101" not in str(audited.detail)


async def test_imports_at_the_same_time_take_turns(database: Database) -> None:
    reports = await asyncio.gather(*(import_area(database.engine, SAMPLE, f"beheer {n}", NOW) for n in range(3)))
    assert sorted(report.did_something for report in reports) == [False, False, True]


async def test_designated_days_beyond_the_built_in_ones(database: Database) -> None:
    day = '[[special_day]]\nday = 2029-05-11\nname = "dag na Hemelvaartsdag"\nsource = "koninklijk besluit"\n'
    assert (await import_area(database.engine, day, "beheer", NOW)).added == ("special day 2029-05-11",)
    assert (await load_area(database.background)).special_days[date(2029, 5, 11)] == "dag na Hemelvaartsdag"
    changed = await import_area(database.engine, day.replace("koninklijk", "ander"), "beheer", NOW)
    assert changed.changed == ("special day 2029-05-11",)


async def test_a_warning_before_the_designated_days_run_out(database: Database) -> None:
    for now, warned in ((datetime(2027, 12, 1, tzinfo=UTC), False), (datetime(2028, 2, 1, tzinfo=UTC), True)):
        report = await import_area(database.engine, SAMPLE, "beheer", now)
        assert any("known until 2028-12-31" in warning for warning in report.warnings) == warned


async def test_hours_that_come_twice_survive_the_way_out_and_in(database: Database) -> None:
    await import_area(
        database.engine,
        '[[municipality]]\ncode = "GM9901"\nname = "A"\n'
        "[[municipality.closing]]\nstarts = 2026-10-25T02:15:00+01:00\nends = 2026-10-25T02:45:00\nreason = 'x'\n"
        "[[municipality.closing]]\nstarts = 2026-12-28\nends = 2027-01-01\nreason = 'verbouwing'\n",
        "beheer",
        NOW,
    )
    night, days = (await load_area(database.background)).municipalities[MunicipalityCode("GM9901")].closings
    assert (night.starts_at, night.ends_at) == (
        datetime(2026, 10, 25, 1, 15, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 45, tzinfo=UTC),
    )
    assert (days.starts_at, days.ends_at) == (
        datetime(2026, 12, 27, 23, tzinfo=UTC),
        datetime(2027, 1, 1, 23, tzinfo=UTC),
    )
    assert not (await import_area(database.engine, await export_area(database.background), "beheer", NOW)).did_something
