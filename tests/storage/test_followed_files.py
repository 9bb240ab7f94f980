"""A file that was imported before, on an area that is still the same, is recognised and not read."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.exports import export_entries
from ari_app.area_file.imports import import_area, import_entries
from ari_app.area_file.marks import mark_of
from ari_app.core.area import CheckResult
from ari_app.core.area_difference import ImportReport
from ari_app.core.ids import MunicipalityCode
from ari_app.storage import tables as t
from ari_app.storage.area.directory_checks import store_checks
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from tests.area_file.country import country
from tests.roles import as_role
from tests.storage.directory_files import AREA, PLAN

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
FILE = AREA + PLAN


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(as_role(database_url, SERVE)) as database:
        yield database


@pytest.fixture
def engine(database: Database) -> AsyncEngine:
    return database.engine


class Imports:
    """Imports of one file, and what was said meanwhile: nothing when the file was recognised."""

    def __init__(self, engine: AsyncEngine, text: str = FILE) -> None:
        self._engine = engine
        self.text = text
        self.said: list[str] = []

    async def follow(self, now: datetime = LATER) -> ImportReport:
        self.said.clear()
        return await import_area(self._engine, self.text, "beheer", now, self.said.append)


async def execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as conn:
        await conn.execute(sa.text(statement))


async def test_the_same_file_again_is_not_read_and_its_report_is_the_same(engine: AsyncEngine) -> None:
    imports = Imports(engine)
    first = await imports.follow(NOW)
    assert imports.said
    again = await imports.follow()
    assert imports.said == []
    assert set(again.unchanged) == set(first.added)
    assert not again.did_something


async def test_a_file_is_followed_when_another_import_changed_the_area(engine: AsyncEngine) -> None:
    imports = Imports(engine)
    await imports.follow(NOW)
    await import_area(engine, FILE.replace("Anna", "Bea").replace('"4821"', '"4822"'), "een ander", NOW)
    report = await imports.follow()
    assert set(report.changed) == {"operator 101", "directory entry zandermeer-anna"}
    await imports.follow()
    assert imports.said == []


async def test_a_file_is_followed_when_somebody_changed_a_row(engine: AsyncEngine) -> None:
    imports = Imports(engine)
    await imports.follow(NOW)
    for statement, changed in (
        ("UPDATE municipality SET name = 'X' WHERE code = 'GM9902'", "municipality GM9902"),
        ("DELETE FROM directory_entry_hours", "directory entry oosterwende-belastingen"),
        ("UPDATE operator SET pin_hash = ''", "operator 101"),
        ("UPDATE operator SET pin_hash = 'x'", "operator 101"),
    ):
        await execute(engine, statement)
        assert (await imports.follow()).changed == (changed,)
        await imports.follow()
        assert imports.said == []


async def test_what_imports_do_not_write_does_not_matter(database: Database, engine: AsyncEngine) -> None:
    imports = Imports(engine)
    await imports.follow(NOW)
    entries = (await load_area(database.background)).entries
    await store_checks(database.background, dict.fromkeys(entries, CheckResult.FINE), NOW)
    await execute(engine, "INSERT INTO pin_attempt VALUES ('101', 1, now(), NULL)")
    await imports.follow()
    assert imports.said == []


async def test_a_file_of_the_directory_is_recognised_with_its_circumstances(
    database: Database, engine: AsyncEngine
) -> None:
    await import_area(engine, FILE, "beheer", NOW)
    text, owner = await export_entries(database.background, MunicipalityCode("GM9901")), MunicipalityCode("GM9901")
    said: list[str] = []
    await import_entries(engine, text, "beheer", NOW, owner, say=said.append)
    assert said
    said.clear()
    await import_entries(engine, text, "beheer", LATER, owner, say=said.append)
    assert said == []
    await import_entries(engine, text, "beheer", LATER, owner, replacing=True, say=said.append)
    assert said
    said.clear()
    await import_entries(engine, text, "beheer", LATER, say=said.append)
    assert said


async def test_warnings_come_again_and_new_ones_with_time(engine: AsyncEngine) -> None:
    imports = Imports(engine, FILE.replace('serves = ["GM9901", "GM9902"]', 'serves = ["GM9901"]'))
    (nobody,) = (await imports.follow(NOW)).warnings
    assert nobody.startswith("nobody answers for GM9902")
    assert (await imports.follow()).warnings == (nobody,)
    again = await imports.follow(datetime(2028, 2, 1, tzinfo=UTC))
    assert imports.said == []
    assert again.warnings[0] == nobody
    assert "designated days are known until" in again.warnings[1]


async def test_a_refused_file_leaves_no_mark(engine: AsyncEngine) -> None:
    imports = Imports(engine)
    await imports.follow(NOW)
    imports.text = FILE.replace("2011", "112")
    for _ in range(2):
        with pytest.raises(AreaRefused, match="112 is a public number"):
            await imports.follow()
        assert imports.said


def test_a_key_does_not_depend_on_pins() -> None:
    for pin in ('pin = "4821"', "pin='4821'", 'pin = """\n4821"""', '  PIN = "4821"'):
        one, other = mark_of(FILE + pin), mark_of(FILE + pin.replace("4821", "1234"))
        assert one.key == other.key
        assert one.secret != other.secret
        assert one.secret not in repr(one)
    assert mark_of(FILE).key != mark_of(FILE.replace("Anna", "Bea")).key
    assert mark_of(FILE).key != mark_of(FILE, "directory").key


async def test_another_pin_is_noticed(engine: AsyncEngine) -> None:
    imports = Imports(engine)
    await imports.follow(NOW)
    imports.text = FILE.replace('"4821"', '"4822"')
    assert (await imports.follow()).changed == ("operator 101",)
    imports.text = FILE
    assert (await imports.follow()).changed == ("operator 101",)


async def test_old_marks_are_forgotten(engine: AsyncEngine) -> None:
    await Imports(engine).follow(NOW)
    await Imports(engine, AREA).follow(NOW + timedelta(days=500))
    async with engine.connect() as conn:
        assert (await conn.execute(sa.select(t.followed_file.c.key))).scalars().all() == [mark_of(AREA).key]


async def test_a_country_is_imported_again_in_a_fraction_of_the_work(engine: AsyncEngine) -> None:
    imports = Imports(engine, country(operators=50, entries=3))
    spent = []
    for _ in range(2):
        before = time.process_time()
        report = await imports.follow(NOW)
        spent.append(time.process_time() - before)
    assert len(report.unchanged) > 2_000
    assert spent[1] < spent[0] / 5
