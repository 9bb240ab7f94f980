"""Editors' changes of the directory, with their controller killed before each statement; two editors; other towns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from ari_app.core.commands import AskedCommand
from ari_app.core.directory_commands import ChangeDirectory, DirectoryCommand, RemoveEntry, seen_of
from ari_app.core.ids import EntryCode, MunicipalityCode, new_command_id
from ari_app.core.operator_commands import ACCEPTED, Accepted, Answer, RefusalReason, Refused, Unanswered
from ari_app.jobs import command_claimer
from ari_app.jobs.row_commands import change_rows
from ari_app.storage.area.entries import LOCK
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.commands.asker import ask
from ari_app.storage.commands.claims import ClaimedCommand
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Database
from ari_app.storage.db.feed import AreaChanged, Feed, Resync
from ari_app.storage.db.notifications import AREA_CHANNEL
from ari_app.storage.db.roles import SERVE
from tests.jobs.test_command_claimer import Desk, desk
from tests.jobs.test_row_commands import claimed_by_one_that_dies
from tests.patience import PATIENCE_SECONDS
from tests.roles import as_role
from tests.storage.callback_values import DIRECTORY
from tests.storage.commands.people import controller
from tests.storage.values import eventually

pytestmark = pytest.mark.postgres
__all__ = ["desk"]  # a fixture of the tests of claimers

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
JAN, BALIE, BERT = EntryCode("jan"), EntryCode("balie"), EntryCode("bert")
HEAD = "code;kind;name;extension;number;deputy;hours\r\n"
NEW_JAN = f"{HEAD}jan;person;Jan;2001;0119 990 999;balie;ma-vr 08:30-17:00\r\n"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(as_role(database_url, SERVE)) as database:
        await database.pool.execute(
            """INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam'), ('GM9902', 'Elderlo');
            INSERT INTO directory_entry (code, kind, name, municipality, extension, endpoint, has_hours)
            VALUES ('balie', 'department', 'Balie', 'GM9901', '2000', 'PJSIP/balie', false),
              ('weg', 'department', 'Weg', 'GM9901', '2002', 'PJSIP/weg', false),
              ('bert', 'person', 'Bert', 'GM9902', '3000', 'PJSIP/bert', false)"""
        )
        yield database


async def seen(database: Database, *codes: str) -> str:
    return seen_of(await load_area(database.background), map(EntryCode, codes))


async def told(database: Database, command: DirectoryCommand, town: MunicipalityCode = WIERDAM) -> Answer:
    async with transaction(database.background) as connection:
        claimed = ClaimedCommand(AskedCommand(command, municipality=town), "account:7", None, datetime.now(UTC))
        return await change_rows(claimed, DIRECTORY, datetime.now(UTC), connection)


async def deeds(database: Database) -> list[tuple[str, list[str]]]:
    rows = await database.pool.fetch(
        "SELECT action, municipalities FROM audit_log WHERE actor = 'account:7' ORDER BY id"
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("kind", [ChangeDirectory, RemoveEntry], ids=lambda one: one.__name__)
async def test_given_a_controller_that_is_killed_at_any_step_then_it_is_done_and_answered_or_neither(
    database: Database, kind: type[DirectoryCommand]
) -> None:
    changes = await database.pool.fetchval("SELECT count(*) FROM change WHERE kind = 'area'")
    for before in range(80):
        if kind is ChangeDirectory:
            command: DirectoryCommand = ChangeDirectory(NEW_JAN, await seen(database, "jan"), entry=JAN)
        else:
            command = RemoveEntry(EntryCode("weg"), await seen(database, "weg"))
        asked = AskedCommand(command, id=new_command_id(), municipality=WIERDAM)
        lived = await claimed_by_one_that_dies(database, asked, before)
        heir = controller(database.pool)
        assert await heir.claim() == [], "a command that was claimed is never carried out again"
        await database.pool.execute("UPDATE command SET claimed_at = claimed_at - interval '1 minute'")
        assert await heir.settle(()) == (0 if lived else 1)
        answer = await ask(database.pool, asked, actor="account:7", scope=None)
        entries = set((await load_area(database.background)).entries)
        told_of = await database.pool.fetchval("SELECT count(*) FROM change WHERE kind = 'area'") - changes
        if lived:
            done = {JAN, BALIE, EntryCode("weg"), BERT} if kind is ChangeDirectory else {BALIE, BERT}
            assert isinstance(answer, Accepted) and entries == done and told_of == 1
            assert len(await deeds(database)) == 1
            left = await database.pool.fetchval("SELECT count(*) FROM command WHERE pii_arguments IS NOT NULL")
            assert left == 0, "nothing personal stays"
            return
        assert (answer, entries) == (Unanswered(), {BALIE, EntryCode("weg"), BERT}), before
        assert (await deeds(database), told_of) == ([], 0)
    pytest.fail("it never came to its end")


async def test_an_entry_is_made_changed_and_taken_out_and_each_is_in_the_audit_log(database: Database) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), Feed(database.url, (AREA_CHANNEL,)) as feed:
        assert isinstance(await anext(feed), Resync)
        assert await told(database, ChangeDirectory(NEW_JAN, await seen(database, "jan"), entry=JAN)) == ACCEPTED
        assert isinstance(await anext(feed), AreaChanged)
    made = (await load_area(database.background)).entries[JAN]
    assert (made.name, made.extension, made.pii_number, made.deputy) == ("Jan", "2001", "+31119990999", BALIE)
    assert made.hours is not None and sorted(made.hours) == [0, 1, 2, 3, 4]
    renamed = NEW_JAN.replace(";Jan;", ";Jan de Vries;")
    assert await told(database, ChangeDirectory(renamed, await seen(database, "jan"), entry=JAN)) == ACCEPTED
    assert await told(database, RemoveEntry(JAN, await seen(database, "jan"))) == ACCEPTED
    assert JAN not in (await load_area(database.background)).entries
    assert await deeds(database) == [
        ("directory.change", ["GM9901"]),
        ("directory.change", ["GM9901"]),
        ("directory.remove", ["GM9901"]),
    ]


async def test_of_two_editors_the_second_overwrites_nothing(database: Database) -> None:
    before = await seen(database, "balie")
    head = "code;kind;name;extension;endpoint\r\nbalie;department;"
    first = ChangeDirectory(f"{head}Balie west;2000;PJSIP/balie", before, entry=BALIE)
    second = ChangeDirectory(f"{head}Balie oost;2000;PJSIP/balie", before, entry=BALIE)
    assert await told(database, first) == ACCEPTED
    assert await told(database, second) == Refused(RefusalReason.CHANGED_MEANWHILE)
    assert await told(database, RemoveEntry(BALIE, before)) == Refused(RefusalReason.CHANGED_MEANWHILE)
    assert (await load_area(database.background)).entries[BALIE].name == "Balie west"
    assert len(await deeds(database)) == 1


async def test_the_check_at_night_is_no_change_of_an_entry(database: Database) -> None:
    before = await seen(database, "balie")
    await database.pool.execute("UPDATE directory_entry SET last_check = 'fine', last_checked_at = now()")
    assert await seen(database, "balie") == before


@pytest.mark.parametrize(
    "command",
    [
        RemoveEntry(BERT, ""),
        ChangeDirectory("code;kind;name;endpoint\r\nbert;person;Van ons;PJSIP/bert\r\n", "", entry=BERT),
        ChangeDirectory("code;kind;name;municipality;endpoint\r\nnieuw;person;X;GM9902;PJSIP/x\r\n", ""),
        ChangeDirectory("code;kind;name;extension;endpoint\r\nnieuw;person;X;3000;PJSIP/x\r\n", ""),
        ChangeDirectory("code;kind;name;endpoint;deputy\r\nnieuw;person;X;PJSIP/x;bert\r\n", ""),
    ],
    ids=("remove", "take_over", "give", "take_the_extension", "not_everybodys_deputy"),
)
async def test_an_editor_of_one_municipality_touches_nothing_of_another(
    database: Database, command: DirectoryCommand
) -> None:
    before = await load_area(database.background)
    codes = ("bert",) if command.entry else ("nieuw",)
    asked = (
        RemoveEntry(command.entry, await seen(database, *codes))
        if isinstance(command, RemoveEntry)
        else ChangeDirectory(command.pii_table, await seen(database, *codes), entry=command.entry)
    )
    assert await told(database, asked) == Refused(RefusalReason.CHANGED_MEANWHILE)
    assert (await load_area(database.background)).entries == before.entries
    assert await deeds(database) == []


async def test_a_file_that_replaces_takes_out_what_is_the_owners_and_nothing_else(database: Database) -> None:
    table = "code;kind;name;extension;endpoint\r\nbalie;department;Balie;2000;PJSIP/balie\r\n"
    file = ChangeDirectory(table, await seen(database, "balie", "weg"), replacing=True)
    assert await told(database, file) == ACCEPTED
    assert set((await load_area(database.background)).entries) == {BALIE, BERT}
    assert await deeds(database) == [("directory.import", ["GM9901"])]
    again = ChangeDirectory(table, await seen(database, "balie"), replacing=True)
    assert await told(database, again) == ACCEPTED
    assert len(await deeds(database)) == 1, "what changes nothing is no deed"


async def test_the_deputy_of_somebody_stays(database: Database) -> None:
    assert await told(database, ChangeDirectory(NEW_JAN, await seen(database, "jan"), entry=JAN)) == ACCEPTED
    assert await told(database, RemoveEntry(BALIE, await seen(database, "balie"))) == Refused(
        RefusalReason.CHANGED_MEANWHILE
    )
    assert BALIE in (await load_area(database.background)).entries


async def test_a_controller_carries_it_out_and_waits_for_an_import_that_goes_on(desk: Desk) -> None:
    await desk.database.pool.execute("INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam')")
    table = "code;kind;name;endpoint\r\njan;person;Jan;PJSIP/jan\r\n"
    command = ChangeDirectory(table, await seen(desk.database, "jan"), entry=JAN)
    async with transaction(desk.database.background) as importing:
        await importing.execute(LOCK)
        asking = asyncio.create_task(asks(desk, command))
        claimed = "SELECT EXISTS (SELECT FROM command WHERE claimed_at IS NOT NULL)"
        await eventually(lambda: desk.database.pool.fetchval(claimed))
        assert (await load_area(desk.database.background)).entries == {}
    assert await asking == ACCEPTED
    assert set((await load_area(desk.database.background)).entries) == {JAN}


async def test_behind_an_import_that_does_not_end_it_is_refused_and_not_done(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_claimer, "DIRECTORY_SECONDS", 0.5)
    await desk.database.pool.execute("INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam')")
    table = "code;kind;name;endpoint\r\njan;person;Jan;PJSIP/jan\r\n"
    async with transaction(desk.database.background) as importing:
        await importing.execute(LOCK)
        command = ChangeDirectory(table, await seen(desk.database, "jan"), entry=JAN)
        assert await asks(desk, command) == Refused(RefusalReason.STORE_AWAY)
    assert (await load_area(desk.database.background)).entries == {}


async def asks(desk: Desk, command: DirectoryCommand) -> Answer:
    asked = AskedCommand(command, municipality=WIERDAM)
    return await ask(desk.database.pool, asked, actor="account:7", scope=None)
