"""The directory in the database: imported whole or not at all, in two ways, and read again as it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime
from time import process_time

import pytest
import sqlalchemy as sa

from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.exports import export_area, export_entries
from ari_app.area_file.imports import import_area, import_entries
from ari_app.area_file.reader import read_area
from ari_app.core.area import CheckResult
from ari_app.core.ids import EntryCode, MunicipalityCode
from ari_app.storage import tables as t
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from tests.roles import as_role
from tests.storage.directory_files import AREA, CSV, PLAN

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
OOSTERWENDE, ZANDERMEER = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
WANTED = read_area(AREA + PLAN).named.entries


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(as_role(database_url, SERVE)) as database:
        await import_area(database.engine, AREA, "beheer", NOW)
        yield database


async def cpu_seconds(work: Awaitable[object]) -> list[float]:
    """CPU time of this process for the work, in the turns after which others had theirs.

    CPU time: other programs may use this machine too.
    """
    turns = []
    is_over = asyncio.Event()

    async def watch() -> None:
        before = process_time()
        while not is_over.is_set():
            await asyncio.sleep(0.001)
            turns.append(process_time() - before)
            before = process_time()

    watching = asyncio.create_task(watch())
    await work
    is_over.set()
    await watching
    return turns


async def test_what_is_loaded_is_what_the_file_says_and_again_nothing_changes(database: Database) -> None:
    report = await import_area(database.engine, PLAN, "beheer", NOW)
    assert report.added == tuple(f"directory entry {code}" for code in sorted(WANTED))
    assert (await load_area(database.background)).entries == WANTED
    assert not (await import_area(database.engine, PLAN, "beheer", NOW)).did_something
    assert not (await import_area(database.engine, await export_area(database.background), "beheer", NOW)).did_something
    assert not (
        await import_entries(database.engine, await export_entries(database.background), "beheer", NOW)
    ).did_something


async def test_a_csv_file_is_another_way_to_say_the_same(database: Database) -> None:
    await import_entries(database.engine, CSV, "beheer", NOW, OOSTERWENDE)
    report = await import_area(database.engine, PLAN, "beheer", NOW)
    assert set(report.unchanged) == {
        f"directory entry {code}" for code, entry in WANTED.items() if entry.municipality == OOSTERWENDE
    }


async def test_a_csv_file_with_a_mistake_is_refused_whole(database: Database) -> None:
    with pytest.raises(AreaRefused):
        await import_entries(database.engine, CSV.replace("2011", "112"), "beheer", NOW, OOSTERWENDE)
    assert not (await load_area(database.background)).entries
    with pytest.raises(AreaRefused, match="there is no municipality GM9999"):
        await import_entries(database.engine, CSV, "beheer", NOW, MunicipalityCode("GM9999"))


async def test_replacing_takes_out_one_municipalitys_entries_and_no_others(database: Database) -> None:
    await import_area(database.engine, PLAN, "beheer", NOW)
    jan = "code;kind;name;extension;number\noosterwende-jan;person;Jan Jansen;2011;0119 99 09 99\n"
    report = await import_entries(database.engine, jan, "beheer", NOW, OOSTERWENDE, replacing=True)
    assert report.removed == ("directory entry oosterwende-belastingen",)
    left = (await load_area(database.background)).entries
    assert left.keys() == WANTED.keys() - {"oosterwende-belastingen"}
    assert await export_entries(database.background, ZANDERMEER) == await export_entries(
        database.background, ZANDERMEER
    )
    assert "oosterwende" not in await export_entries(database.background, ZANDERMEER)


async def test_an_entry_is_taken_out_by_name_and_extensions_change_hands(database: Database) -> None:
    await import_area(database.engine, PLAN, "beheer", NOW)
    swapped = PLAN.replace('"2010"', '"x"').replace('"2011"', '"2010"').replace('"x"', '"2011"')
    report = await import_area(database.engine, swapped, "beheer", NOW)
    assert report.changed == ("directory entry oosterwende-belastingen", "directory entry oosterwende-jan")
    removal = '[remove]\ndirectory_entries = ["zandermeer-anna"]\noperators = []'
    assert (await import_area(database.engine, removal, "beheer", NOW)).removed == ("directory entry zandermeer-anna",)
    assert not (await import_area(database.engine, removal, "beheer", NOW)).did_something


async def test_countries_are_opened_and_closed(database: Database) -> None:
    assert (
        await import_area(database.engine, '[outside]\nallow_countries = ["DE", "BE"]', "beheer", NOW)
    ).did_something
    assert (await load_area(database.background)).callable_countries == {"BE", "DE"}
    await import_area(database.engine, PLAN, "beheer", NOW)
    assert (await load_area(database.background)).callable_countries == {"BE", "DE"}  # a file that does not say
    report = await import_area(database.engine, "[outside]\nallow_countries = []", "beheer", NOW)
    assert report.removed == ("countries outside",)
    assert not (await load_area(database.background)).callable_countries


async def test_numbers_stand_only_where_personal_data_may(database: Database) -> None:
    await import_area(database.engine, PLAN, "beheer", NOW)
    async with database.engine.connect() as conn:
        row = (
            await conn.execute(sa.select(t.directory_entry).where(t.directory_entry.c.code == "oosterwende-jan"))
        ).one()
    assert [name for name, value in row._mapping.items() if "119990999" in str(value)] == ["pii_number"]
    async with database.engine.connect() as conn:
        logged = (await conn.execute(sa.select(t.audit_log))).all()
    assert "119990999" not in str(logged)


async def test_of_twenty_thousand_entries_each_costs_no_more_than_of_a_thousand_and_calls_go_on_meanwhile(
    database: Database,
) -> None:
    head = "code;kind;name;extension;endpoint\n"
    lines = [f"persoon-{n};person;Persoon {n};{20000 + n};PJSIP/p{n}\n" for n in range(21_000)]
    costs = []
    for part in (lines[:1000], lines[1000:]):
        text = head + "".join(part)
        imported = await cpu_seconds(import_entries(database.engine, text, "beheer", NOW, OOSTERWENDE, replacing=True))
        loaded = await cpu_seconds(load_area(database.background))
        costs.append((sum(imported) / len(part), sum(loaded) / len(part)))
    area = await load_area(database.background)
    assert len(area.entries) == len(area.by_extension) == 20_000
    assert area.entries[EntryCode("persoon-1007")].last_check is None
    (importing_few, loading_few), (importing_many, loading_many) = costs
    assert importing_many < 5 * importing_few
    assert loading_many < 5 * loading_few
    assert sorted(loaded)[-3] < sum(loaded) / 10, "calls wait while the directory is loaded"


def test_every_result_of_a_check_fits_its_column() -> None:
    constraint = next(one for one in t.directory_entry.constraints if "last_check_known" in str(one.name))
    assert isinstance(constraint, sa.CheckConstraint)
    assert all(f"'{result}'" in str(constraint.sqltext) for result in CheckResult)
