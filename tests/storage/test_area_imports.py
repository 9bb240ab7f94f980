"""Importing an area: all or nothing, again and again, and never at another municipality's cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

import ari_app.sample
from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.exports import export_area
from ari_app.area_file.imports import import_area
from ari_app.area_file.reader import read_area
from ari_app.core.area import AfterCalamity, Area, Calamity, Reach
from ari_app.core.area_contents import merge
from ari_app.core.calendar import DESIGNATED_DAYS
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.ledger import PinVerdict
from ari_app.storage import tables as t
from ari_app.storage.area.calamities import (
    CalamityRefused,
    UnknownMunicipality,
    end_calamity,
    list_calamities,
    set_calamity,
)
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from ari_app.storage.operators.pins import check_pin
from tests.patience import PATIENCE_SECONDS
from tests.roles import as_role

pytestmark = pytest.mark.postgres

SAMPLE = (Path(ari_app.sample.__file__).parent / "area.toml").read_text(encoding="utf-8")
NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
EMPTY = Area(special_days=DESIGNATED_DAYS)

JOINS = """
[[municipality]]
code = "GM9905"
name = "Achterhove"
[[shared_number]]
number = "14 0119"
[[shared_number.member]]
municipality = "GM9905"
key = 5
"""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(as_role(database_url, SERVE)) as database:
        yield database


async def rows(engine: AsyncEngine, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
    async with engine.connect() as conn:
        return list(await conn.execute(sa.select(table).order_by(*table.primary_key.columns)))


async def everything(engine: AsyncEngine) -> dict[str, list[sa.Row[tuple[object, ...]]]]:
    return {table.name: await rows(engine, table) for table in t.metadata.sorted_tables}


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


async def test_a_neighbour_joins_and_the_others_keep_what_they_have(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    before = await load_area(database.background)
    report = await import_area(database.engine, JOINS, "Achterhove", NOW)
    assert report.added == ("municipality GM9905", "member GM9905 of 14 0119")
    assert report.changed == report.removed == ()
    assert any("GM9905 joins 14 0119" in warning for warning in report.warnings)
    assert any("nobody answers for GM9905" in warning for warning in report.warnings)
    after = await load_area(database.background)
    assert [(member.key, member.municipality) for member in after.shared_numbers["140119"].members] == [
        *[(member.key, member.municipality) for member in before.shared_numbers["140119"].members],
        (5, "GM9905"),
    ]
    assert {code: after.municipalities[code] for code in before.municipalities} == before.municipalities
    assert after.operators == before.operators


async def test_a_key_that_is_taken_is_refused(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    with pytest.raises(AreaRefused) as refused:
        await import_area(database.engine, JOINS.replace("key = 5", "key = 3"), "Achterhove", NOW)
    (mistake,) = refused.value.mistakes
    assert mistake.path == "shared_number[0].member[0].key"
    assert mistake.says == "key 3 of 14 0119 belongs to GM9903; free keys: 5, 6, 7, 8, 9"
    assert mistake.line == 7


async def test_a_key_changes_only_when_all_agreed(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    swapped = SAMPLE.replace("key = 1\n", "key = 8\n", 1).replace("key = 2\n", "key = 1\n", 1)
    with pytest.raises(AreaRefused) as refused:
        await import_area(database.engine, swapped, "beheer", NOW)
    assert [mistake.path for mistake in refused.value.mistakes] == [
        "shared_number[0].member[0].key",
        "shared_number[0].member[1].key",
    ]
    assert "GM9901 has key 1 on 14 0119 and keeps it" in refused.value.mistakes[0].says
    agreed = swapped.replace(
        "key = 8\n", "key = 8\nkey_change_agreed = { was_key = 1, on = 2026-05-20, by = 'stuurgroep' }\n"
    )
    agreed = agreed.replace(
        "key = 1\n", "key = 1\nkey_change_agreed = { was_key = 2, on = 2026-05-20, by = 'stuurgroep' }\n", 1
    )
    report = await import_area(database.engine, agreed, "beheer", NOW)
    assert set(report.changed) == {"member GM9901 of 14 0119", "member GM9902 of 14 0119"}
    members = (await load_area(database.background)).shared_numbers["140119"].members
    assert [(member.municipality, member.key) for member in members] == [
        ("GM9902", 1),
        ("GM9903", 3),
        ("GM9904", 4),
        ("GM9901", 8),
    ]
    assert not (await import_area(database.engine, agreed, "beheer", NOW)).did_something
    # That change was agreed, not the next.
    with pytest.raises(AreaRefused, match="has key 8"):
        await import_area(database.engine, agreed.replace("key = 8\n", "key = 9\n"), "beheer", NOW)
    (audited,) = [row for row in await rows(database.engine, t.audit_log) if row.detail["key_changes"]]
    assert audited.detail["key_changes"] == [
        {"member": "GM9901 of 14 0119", "was_key": 1, "on": "2026-05-20", "by": "stuurgroep"},
        {"member": "GM9902 of 14 0119", "was_key": 2, "on": "2026-05-20", "by": "stuurgroep"},
    ]


async def test_consultations_survive_a_change_of_key(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    changed = SAMPLE.replace(
        "key = 4\n", "key = 9\nkey_change_agreed = { was_key = 4, on = 2026-05-20, by = 'allen' }\n"
    )
    await import_area(database.engine, changed, "beheer", NOW)
    member = (await load_area(database.background)).shared_numbers["140119"].members[-1]
    assert member.key == 9
    assert [said.neighbour for said in member.consultations] == ["Oosterwende", "Zandermeer", "Lindekerk"]


async def test_a_named_municipality_becomes_what_the_file_says(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    report = await import_area(
        database.engine,
        '[[municipality]]\ncode = "GM9901"\nname = "Oosterwende"\ngeographic = ["0119 990 101"]\n',
        "beheer",
        NOW,
    )
    assert report.changed == ("municipality GM9901",)
    loaded = await load_area(database.background)
    municipality = loaded.municipalities[MunicipalityCode("GM9901")]
    assert (municipality.hours, municipality.closings, municipality.aliases) == ({}, (), ())
    assert municipality.geographic_numbers == ("+31119990101",)
    assert set(loaded.direct_numbers) == {"+31179990312"}
    assert len(loaded.shared_numbers["140119"].members) == 4


async def test_the_spoken_name_and_the_time_to_choose_are_kept_and_come_out_again(database: Database) -> None:
    spoken = SAMPLE.replace('name = "Zandermeer"', 'name = "Zandermeer"\nspoken = "Zander meer"', 1)
    text = spoken.replace('number = "14 0119"', 'number = "14 0119"\nchoose_within_seconds = 40', 1)
    await import_area(database.engine, text, "beheer", NOW)
    area = await load_area(database.background)
    assert area.municipalities[MunicipalityCode("GM9902")].spoken == "Zander meer"
    assert (
        area.shared_numbers["140119"].choose_within_seconds,
        area.shared_numbers["140179"].choose_within_seconds,
    ) == (
        40,
        15,
    )
    exported = await export_area(database.background)
    assert 'spoken = "Zander meer"' in exported
    assert "choose_within_seconds = 40" in exported
    report = await import_area(database.engine, SAMPLE, "beheer", NOW)  # left out: no other spelling, but the same time
    assert report.changed == ("municipality GM9902",)
    assert (await load_area(database.background)).shared_numbers["140119"].choose_within_seconds == 40


async def test_numbers_and_direct_numbers_change_hands_in_one_file(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    swapped = (
        SAMPLE.replace("0119 99 01 00", "X").replace("0119 99 02 00", "0119 99 01 00").replace("X", "0119 99 02 00")
    )
    report = await import_area(database.engine, swapped, "beheer", NOW)
    assert report.changed == ("municipality GM9901", "municipality GM9902")
    loaded = await load_area(database.background)
    assert loaded.municipalities[MunicipalityCode("GM9902")].geographic_numbers == ("+31119990100",)


async def test_another_municipalitys_number_is_not_taken(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    for number in ("0119 99 01 00", "0119 99 01 05"):
        taker = JOINS.replace('name = "Achterhove"', f'name = "Achterhove"\ngeographic = ["{number}"]')
        with pytest.raises(AreaRefused, match="belongs to GM9901 already"):
            await import_area(database.engine, taker, "Achterhove", NOW)


async def test_only_remove_takes_things_out(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    remove = """
[remove]
operators = ["106", "999"]
teams = ["lindekerk-bel"]
members = [{ number = "14 0119", municipality = "GM9904" }]
"""
    with pytest.raises(AreaRefused) as refused:
        await import_area(database.engine, remove, "beheer", NOW)
    assert [str(mistake) for mistake in refused.value.mistakes] == [
        "remove.teams[0]: operator 110 would be left without a team",
        "remove.teams[0]: operator 111 would be left without a team",
        "remove.teams[0]: directory entry lindekerk-frontoffice reaches this team",
    ]
    remove = remove.replace('"999"', '"999", "110", "111"') + 'directory_entries = ["lindekerk-frontoffice"]\n'
    report = await import_area(database.engine, remove, "beheer", NOW)
    assert report.removed == (
        "member GM9904 of 14 0119",
        "team lindekerk-bel",
        "operator 106",
        "operator 110",
        "operator 111",
        "directory entry lindekerk-frontoffice",
    )
    assert report.unchanged == ("operator 999",)
    loaded = await load_area(database.background)
    assert len(loaded.operators) == 9
    assert TeamCode("lindekerk-bel") not in loaded.teams
    assert [member.key for member in loaded.shared_numbers["140119"].members] == [1, 2, 3]
    assert not (await import_area(database.engine, remove, "beheer", NOW)).did_something


async def test_what_a_direct_number_rings_is_not_removed(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    with pytest.raises(AreaRefused, match=r"the direct number \+31119990105 of GM9901 rings 105"):
        await import_area(database.engine, '[remove]\noperators = ["105"]\n', "beheer", NOW)
    with pytest.raises(AreaRefused, match=r"the direct number \+31119990105 of GM9901 rings 101"):
        await import_area(database.engine, '[remove]\noperators = ["101"]\n', "beheer", NOW)


async def test_a_removed_team_leaves_its_operators_their_other_teams(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    report = await import_area(
        database.engine,
        '[remove]\nteams = ["zandermeer"]\noperators = ["108", "109"]\n',
        "beheer",
        NOW,
    )
    assert report.changed == ("operator 112",)
    assert (await load_area(database.background)).operators[OperatorNumber("112")].teams == ("gezamenlijk",)


async def test_an_import_is_told_and_audited_once(database: Database) -> None:
    told: asyncio.Queue[object] = asyncio.Queue()

    def listen(*notified: object) -> None:
        told.put_nowait(notified[-1])

    async with database.pool.acquire() as listener:
        await listener.add_listener("ari_app_area", listen)
        await import_area(database.engine, SAMPLE, "beheer", NOW)
        assert await asyncio.wait_for(told.get(), PATIENCE_SECONDS) == ""
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


def flood(**changes: object) -> Calamity:
    values = {
        "municipality": MunicipalityCode("GM9901"),
        "from_at": NOW,
        "until_at": None,
        "text": "In Oosterwende is het drinkwater vervuild. Kook het water eerst.",
        "then": AfterCalamity.QUEUE,
        "author": "piket",
    }
    return Calamity(**{**values, **changes})  # type: ignore[arg-type]


async def test_a_calamity_is_set_heard_of_and_ended(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    now = datetime.now(UTC).replace(microsecond=0)
    water = flood(from_at=now - timedelta(minutes=5))
    planned = flood(from_at=now + timedelta(hours=1), until_at=now + timedelta(hours=2), then=AfterCalamity.END)
    elsewhere = flood(municipality=MunicipalityCode("GM9902"), from_at=now)
    for calamity in (planned, water, elsewhere):
        await set_calamity(database.background, calamity, now)
    assert (await load_area(database.background)).calamities == (water, elsewhere, planned)
    assert await list_calamities(database.background, None, now) == (water, elsewhere, planned)
    assert await list_calamities(database.background, None, now + timedelta(hours=3)) == (water, elsewhere)
    assert await end_calamity(database.background, MunicipalityCode("GM9901"), "teamleider", now) == 2
    assert await list_calamities(database.background, None, now) == (elsewhere,)
    assert not any(
        calamity.is_active(now + timedelta(minutes=minutes))
        for calamity in (await load_area(database.background)).calamities
        for minutes in (0, 90)
        if calamity.municipality == "GM9901"
    )
    assert await end_calamity(database.background, MunicipalityCode("GM9901"), "teamleider", now) == 0
    actions = [(row.actor, row.action) for row in await rows(database.engine, t.audit_log)]
    assert actions == [("beheer", "area.import"), *[("piket", "calamity.set")] * 3, ("teamleider", "calamity.end")]
    assert {row.ended_by for row in await rows(database.engine, t.calamity)} == {"teamleider", None}


async def test_a_calamity_that_makes_no_sense_is_refused(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    for refused in (
        flood(until_at=NOW),
        flood(until_at=NOW - timedelta(hours=1)),
        flood(text="  "),
        flood(text="regel\nregel"),
        flood(text="\x00"),
        flood(text="water " * 200),
    ):
        with pytest.raises(CalamityRefused):
            await set_calamity(database.background, refused, NOW)
    with pytest.raises(UnknownMunicipality):
        await set_calamity(database.background, flood(municipality=MunicipalityCode("GM0001")), NOW)
    assert await list_calamities(database.background, None, NOW) == ()


async def test_a_calamity_long_over_is_not_loaded(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    past = datetime.now(UTC) - timedelta(days=5)
    await set_calamity(database.background, flood(from_at=past, until_at=past + timedelta(hours=1)), past)
    assert (await load_area(database.background)).calamities == ()
