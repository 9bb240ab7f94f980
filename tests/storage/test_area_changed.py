"""Importing changes: neighbours join, numbers change hands, and nothing goes unless it is removed by name."""

from __future__ import annotations

import pytest

from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.exports import export_area
from ari_app.area_file.imports import import_area
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode
from ari_app.storage import tables as t
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from tests.storage.area_values import JOINS, NOW, SAMPLE, rows

pytestmark = pytest.mark.postgres


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
