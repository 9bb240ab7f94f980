"""Overloads in Postgres: written when they begin, grow and end; what a process left open is ended by the next one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.core.admission import Level, Signal, Step
from ari_app.core.ids import AsteriskId
from ari_app.core.overloads import Overload, after_level
from ari_app.storage.calls.overloads import Overloads
from ari_app.storage.db.engine import Database

pytestmark = pytest.mark.postgres

NODE, OTHER = AsteriskId("node1"), AsteriskId("node2")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def _may() -> None:
    """This process has the lock."""


async def _rows(database: Database) -> list[tuple[object, ...]]:
    found = await database.pool.fetch("SELECT * FROM overload ORDER BY began_at")
    return [tuple(row.values())[1:] for row in found]


def begun(node: AsteriskId = NODE) -> Overload:
    overload = after_level(None, Level(NOW, Step.RINGING, Signal.CALLS), node, 0, NOW)
    assert overload is not None
    return overload


async def test_an_overload_is_one_row_from_its_beginning_to_its_end(database: Database) -> None:
    rows, overload = Overloads(database.pool, _may), begun()
    await rows.store(overload)
    assert await _rows(database) == [(NODE, NOW, None, "ringing", "calls", 0, False)]
    grown = after_level(overload, Level(NOW, Step.BUSY, Signal.ORDERS), NODE, 7, NOW + MINUTE)
    assert grown is not None
    lower = after_level(grown, Level(NOW, Step.NO_EXTRAS, Signal.ORDERS), NODE, 9, NOW + MINUTE)
    assert lower == replace(grown, turned_away=9), "the highest step stays"
    over = after_level(lower, Level(NOW), NODE, 9, NOW + 2 * MINUTE)
    assert over is not None and after_level(over, Level(NOW), NODE, 0, NOW + 3 * MINUTE) is None
    for one in (grown, over, over):
        await rows.store(one)
    assert await _rows(database) == [(NODE, NOW, NOW + 2 * MINUTE, "busy", "orders", 9, False)]


async def test_what_a_process_left_open_is_ended_by_the_next_one_of_that_node_as_an_estimate(
    database: Database,
) -> None:
    rows = Overloads(database.pool, _may)
    for node in (NODE, OTHER):
        await rows.store(begun(node))
    await rows.close_left(NODE, NOW + MINUTE)
    ends = {row[0]: (row[2], row[6]) for row in await _rows(database)}
    assert ends == {NODE: (NOW + MINUTE, True), OTHER: (None, False)}
