"""Closing early is of the day on which it is asked, however late the command is carried out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta

import pytest

from ari_app.core.area import Area
from ari_app.core.area_commands import CloseEarly
from ari_app.core.calendar import instant_of, local_date
from ari_app.core.commands import AskedCommand
from ari_app.core.operator_commands import ACCEPTED, Answer, RefusalReason, Refused
from ari_app.jobs.row_commands import change_rows
from ari_app.storage.commands.claims import ClaimedCommand
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from tests.roles import as_role
from tests.storage.values import WIERDAM

pytestmark = pytest.mark.postgres

MIDNIGHT = instant_of(local_date(datetime.now(UTC)), time(0))
NOON, TONIGHT, SECOND = MIDNIGHT + timedelta(hours=12), MIDNIGHT + timedelta(hours=20), timedelta(seconds=1)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(as_role(database_url, SERVE)) as database:
        await database.pool.execute("INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam')")
        yield database


async def told(database: Database, wanted: CloseEarly, asked_at: datetime, now: datetime) -> Answer:
    claimed = ClaimedCommand(AskedCommand(wanted, municipality=WIERDAM), "account:8", None, asked_at)
    async with transaction(database.background) as connection:
        return await change_rows(claimed, Area(), now, connection)


async def stored(database: Database) -> list[tuple[datetime, datetime]]:
    rows = await database.pool.fetch("SELECT starts_at, ends_at FROM early_closing ORDER BY id")
    return [(row["starts_at"], row["ends_at"]) for row in rows]


async def test_a_closing_whose_moment_has_passed_begins_now(database: Database) -> None:
    assert await told(database, CloseEarly(TONIGHT, "storm", MIDNIGHT + SECOND), NOON, NOON + SECOND) == ACCEPTED
    assert await stored(database) == [(NOON + SECOND, TONIGHT)]


async def test_given_a_closing_asked_just_before_midnight_then_the_day_after_is_not_closed(database: Database) -> None:
    wanted, before = CloseEarly(None, "storm"), MIDNIGHT - 2 * SECOND
    assert await told(database, wanted, before, MIDNIGHT + SECOND) == Refused(RefusalReason.NONSENSE)
    assert await told(database, wanted, before, MIDNIGHT - SECOND) == ACCEPTED
    assert await stored(database) == [(MIDNIGHT - SECOND, MIDNIGHT)]


@pytest.mark.parametrize("until_at", [None, TONIGHT], ids=("for_the_rest", "until_tonight"))
async def test_a_closing_of_yesterday_is_refused(database: Database, until_at: datetime | None) -> None:
    wanted = CloseEarly(until_at, "storm", MIDNIGHT - SECOND)
    assert await told(database, wanted, MIDNIGHT - 2 * SECOND, NOON) == Refused(RefusalReason.NONSENSE)
    assert await stored(database) == []
