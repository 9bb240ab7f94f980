"""`ari-app changes`, as other programs read it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ari_app.core.call import Call, Fact, FactKind
from ari_app.core.changes import Position
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.changes.upkeep import keep_up
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from tests.commands.conftest import Type, rows
from tests.patience import PATIENCE_SECONDS
from tests.roles import as_role
from tests.storage.values import ELDERLO, NINE, WIERDAM, new_call

pytestmark = pytest.mark.postgres


def store(url: str, *calls: Call) -> None:
    async def work() -> None:
        async with Database(url) as database:
            await keep_up(database.pool, datetime.now(UTC))
            ledger = PostgresLedger(database.pool)
            for call in calls:
                await ledger.store(call, [Fact(NINE, FactKind.ARRIVED)])
            await ledger.close()

    asyncio.run(work())


def test_what_changed_since_a_position(type_in: Type, database_url: str) -> None:
    store(database_url)
    result = type_in("changes")
    assert result.exit_code == 0
    assert "(read everything" in result.stdout
    position = result.stdout.split()[1]
    assert str(Position.parse(position)) == position
    here, there = replace(new_call(), municipality=WIERDAM), replace(new_call(), municipality=ELDERLO)
    store(database_url, here, there)
    lines = type_in("changes", "--since", position).stdout.splitlines()
    assert [line.split()[2:] for line in lines[:2]] == [
        ["call", WIERDAM, str(here.id)],
        ["call", ELDERLO, str(there.id)],
    ]
    assert lines[2].startswith("position ")
    hers, end = rows(type_in("changes", "--since", position, "--municipality", ELDERLO, "--json"))
    assert (hers["kind"], hers["id"], hers["municipality"], hers["operator"]) == ("call", str(there.id), ELDERLO, None)
    assert (end["start_anew"], str(end["position"])) == (False, lines[2].split()[1])
    assert type_in("changes", "--since", str(end["position"])).stdout == f"position {end['position']}\n"


def test_a_position_that_nobody_printed_is_refused(type_in: Type) -> None:
    result = type_in("changes", "--since", "17")
    assert result.exit_code == 2
    assert "'17' is no position; give the last one that this command printed" in result.stderr


def test_of_another_database_everything_is_to_be_read(type_in: Type, database_url: str) -> None:
    store(database_url)
    (end,) = rows(type_in("changes", "--since", "0123456789ab:17", "--json"))
    assert end["start_anew"] is True


async def test_it_follows_until_it_is_interrupted(database_url: str) -> None:
    url = as_role(database_url, SERVE)
    await asyncio.to_thread(store, url)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ari_app", "changes", "--follow", "--json",
        env={**os.environ, "DATABASE_URL": url}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a run in the background ignores it
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert json.loads(await process.stdout.readline())["start_anew"] is True
        call = new_call()
        await asyncio.to_thread(store, url, call)
        assert json.loads(await process.stdout.readline())["id"] == str(call.id)
        assert json.loads(await process.stdout.readline())["start_anew"] is False
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
        assert await process.stderr.read() == b""
