"""The record as people see it, and the parts that they do not see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

import pytest
from asyncpg.connection import LoggedQuery

from ari_app.core.access import Scope
from ari_app.core.call import EndReason, Fact, FactKind, Leg, LegEndReason, LegRole, Stage
from ari_app.core.ids import CallId, ChannelId, MunicipalityCode, TeamCode, new_leg_id
from ari_app.core.queue_visits import VisitOutcome, VisitReason
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.calls.reads import call_story, find_call, find_story, list_calls
from ari_app.storage.db.engine import Connection, Database, Pool, connect
from tests.storage.read_values import GROUP, SCOPES, SECRET, of, stored
from tests.storage.values import ELDERLO, NINE, WIERDAM, after, new_call, new_leg, new_visit

pytestmark = pytest.mark.postgres


async def seen(database: Database, scope: Scope, **question: object) -> list[CallId]:
    return [line.id for line in await list_calls(database.background, scope, **question)]  # type: ignore[arg-type]


async def test_the_newest_call_comes_first_and_the_list_is_as_long_as_asked(
    an_area: Database, ledger: PostgresLedger
) -> None:
    calls = [await stored(ledger, of(WIERDAM, after(seconds))) for seconds in range(5)]
    newest_first = [call.id for call in reversed(calls)]
    assert await seen(an_area, GROUP) == newest_first
    assert await seen(an_area, GROUP, limit=2) == newest_first[:2]
    assert await seen(an_area, GROUP, since=after(3)) == newest_first[:2]
    assert await seen(an_area, GROUP, since=after(5)) == []


async def test_an_answered_call_tells_how_long_the_citizen_waited_and_who_answered(
    an_area: Database, ledger: PostgresLedger
) -> None:
    call = replace(
        of(WIERDAM),
        stage=Stage.ENDED,
        queued_at=after(2),
        answered_at=after(14.5),
        ended_at=after(74.5),
        end_reason=EndReason.CALLER_HUNG_UP,
    )
    offered = Leg(new_leg_id(), call.id, ChannelId("a"), LegRole.OPERATOR, "102", after(3))
    over = {"ended_at": after(74.5), "end_reason": LegEndReason.RELEASED}
    offered = replace(offered, ended_at=after(9), end_reason=LegEndReason.NO_ANSWER)
    answered = Leg(new_leg_id(), call.id, ChannelId("b"), LegRole.OPERATOR, "101", after(10), joined_at=after(14.5))
    stay = replace(new_visit(call, after(2)), left_at=after(14.5), outcome=VisitOutcome.ANSWERED)
    answered = replace(answered, left_at=after(74.5), **over)  # type: ignore[arg-type]
    await stored(ledger, call, new_leg(call), offered, answered, visits=[stay])
    (line,) = await list_calls(an_area.background, GROUP)
    assert (line.wait_seconds, line.talk_seconds, line.operator) == (12.5, 60.0, "101")
    assert (line.municipality_name, line.stage, line.end_reason) == ("Wierdam", Stage.ENDED, EndReason.CALLER_HUNG_UP)


async def test_an_abandoned_call_waited_until_its_end_and_talked_to_nobody(
    an_area: Database, ledger: PostgresLedger
) -> None:
    ended = {"stage": Stage.ENDED, "ended_at": after(32), "end_reason": EndReason.ABANDONED_WAITING}
    call = replace(of(WIERDAM), queued_at=after(2), **ended)  # type: ignore[arg-type]
    stay = replace(new_visit(call, after(2)), left_at=after(32), outcome=VisitOutcome.ABANDONED)
    await stored(ledger, call, visits=[stay])
    (line,) = await list_calls(an_area.background, GROUP)
    assert (line.wait_seconds, line.talk_seconds, line.operator) == (30.0, None, None)


async def test_a_waiting_call_has_waited_until_now(an_area: Database, ledger: PostgresLedger) -> None:
    queued_at = datetime.now(UTC) - timedelta(seconds=100)
    call = replace(of(WIERDAM), stage=Stage.WAITING, queued_at=queued_at)
    await stored(ledger, call, visits=[new_visit(call, queued_at)])
    asked_at = datetime.now(UTC)
    (line,) = await list_calls(an_area.background, GROUP)
    answered_at = datetime.now(UTC)
    assert line.wait_seconds is not None
    waited = timedelta(seconds=line.wait_seconds)
    assert asked_at - queued_at <= waited <= answered_at - queued_at


async def test_a_call_that_was_never_queued_did_not_wait(an_area: Database, ledger: PostgresLedger) -> None:
    await stored(ledger, of(None))
    (line,) = await list_calls(an_area.background, GROUP)
    assert (line.wait_seconds, line.talk_seconds, line.municipality, line.municipality_name) == (None,) * 4


async def test_a_removed_municipality_keeps_its_calls(an_area: Database, ledger: PostgresLedger) -> None:
    gone = MunicipalityCode("GM9909")
    call = await stored(ledger, of(gone))
    (line,) = await list_calls(an_area.background, frozenset({gone}))
    assert (line.id, line.municipality, line.municipality_name) == (call.id, gone, None)


@pytest.mark.parametrize("scope", SCOPES)
async def test_nobody_sees_the_calls_of_another_municipality(
    an_area: Database, ledger: PostgresLedger, scope: frozenset[MunicipalityCode]
) -> None:
    calls = {municipality: await stored(ledger, of(municipality)) for municipality in (WIERDAM, ELDERLO, None)}
    for municipality, call in calls.items():
        may_see = municipality in scope
        assert (call.id in await seen(an_area, scope)) == may_see
        assert (await call_story(an_area.background, scope, call.id) is not None) == may_see
        for asked in (WIERDAM, ELDERLO):
            found = await seen(an_area, scope, municipality=asked)
            assert (call.id in found) == (may_see and municipality == asked)
    assert len(await seen(an_area, GROUP)) == 3
    assert await seen(an_area, GROUP, municipality=ELDERLO) == [calls[ELDERLO].id]


async def test_a_municipality_cannot_be_asked_for_with_tricks(an_area: Database, ledger: PostgresLedger) -> None:
    await stored(ledger, of(ELDERLO))
    mine = frozenset({WIERDAM})
    for trick in ("%", "' OR true --", "GM9902", "{GM9902}", ""):
        assert await seen(an_area, mine, municipality=trick) == []
        assert await seen(an_area, frozenset({MunicipalityCode(trick)}) - {ELDERLO}) == []


async def test_a_story_is_told_in_order_without_the_callers_number(an_area: Database, ledger: PostgresLedger) -> None:
    call = of(WIERDAM)
    caller = new_leg(call)
    operator = Leg(new_leg_id(), call.id, ChannelId("line-1"), LegRole.OPERATOR, "101", after(3), owns_channel=False)
    first = await stored(ledger, call, operator, caller)
    call = await ledger.store(first, [Fact(after(3), FactKind.QUEUED, {"position": 1})])
    story = await call_story(an_area.background, GROUP, call.id)
    assert story is not None
    assert story.call == replace(call, pii_caller_number=None, pii_callback_number=None)
    assert story.legs == (caller, operator)
    assert story.facts == (
        Fact(NINE, FactKind.ARRIVED, {"dialled": "140119"}),
        Fact(after(3), FactKind.QUEUED, {"position": 1}),
    )
    assert SECRET not in repr(story)


async def test_a_story_tells_the_stays_in_the_queues_of_the_scope_and_of_no_other(
    an_area: Database, ledger: PostgresLedger
) -> None:
    call = of(ELDERLO, after(0))
    first = replace(new_visit(of(WIERDAM)), call_id=call.id, left_at=after(5), outcome=VisitOutcome.ANSWERED)
    second = replace(
        new_visit(call, after(30)), reason=VisitReason.TRANSFER, from_municipality=WIERDAM, team=TeamCode("elderlo")
    )
    await ledger.store(call, [Fact(NINE, FactKind.ARRIVED)], [], [], [first, second])
    whole = await call_story(an_area.background, GROUP, call.id)
    theirs = await call_story(an_area.background, frozenset({ELDERLO}), call.id)
    assert whole is not None and theirs is not None
    assert whole.visits == (first, second)
    assert theirs.visits == (second,)
    assert await call_story(an_area.background, frozenset({WIERDAM}), call.id) is None


async def test_personal_data_is_told_to_who_asks_for_it(an_area: Database, ledger: PostgresLedger) -> None:
    call = await stored(ledger, of(WIERDAM))
    story = await call_story(an_area.background, frozenset({WIERDAM}), call.id, with_personal_data=True)
    assert story is not None
    assert story.call.pii_caller_number == SECRET
    assert story.facts[0].detail["pii_from"] == SECRET


async def test_there_is_no_story_of_an_unknown_call(an_area: Database) -> None:
    assert await call_story(an_area.background, GROUP, new_call().id) is None
    assert await find_story(an_area.background, GROUP, str(new_call().id)) is None
    assert await find_story(an_area.background, GROUP, "no id") is None


async def test_a_story_is_the_same_by_the_beginning_of_its_id_in_any_zone_of_the_session(
    an_area: Database, ledger: PostgresLedger, database_url: str
) -> None:
    """Of two calls whose ids begin alike it is the newest in the scope."""
    older, newest = replace(of(WIERDAM), id=CallId(UUID(int=1 << 96))), replace(of(ELDERLO), id=CallId(UUID(int=2)))
    newest = replace(newest, arrived_at=after(1))
    for call in (older, newest):
        await stored(ledger, call, replace(new_leg(call), answered_at=after(0.125), ended_at=None))
    for scope, call in ((GROUP, newest), (frozenset({WIERDAM}), older)):
        story = await find_story(an_area.background, scope, "0000", with_personal_data=True)
        assert story is not None
        assert story == await call_story(an_area.background, scope, call.id, with_personal_data=True)
        assert story.call.id == call.id
    owner = await connect(database_url, "test")
    await owner.execute("SET TimeZone = 'Europe/Amsterdam'")
    told = await call_story(cast(Pool, OneConnection(owner)), GROUP, newest.id)  # type: ignore[arg-type]
    assert told == await call_story(an_area.background, GROUP, newest.id)
    assert told is not None and told.facts[0].at.tzinfo is UTC
    await owner.close()


async def test_a_story_is_one_statement(an_area: Database, ledger: PostgresLedger) -> None:
    """Each one waits for its turn on a machine that is busy."""
    call = of(WIERDAM)
    await stored(ledger, call, new_leg(call))
    logged: list[LoggedQuery] = []
    async with an_area.background.acquire() as connection:
        with connection.query_logger(logged.append):
            assert await find_story(cast(Pool, OneConnection(connection)), GROUP, str(call.id)) is not None
            await asyncio.sleep(0)
    assert [query.query.split()[0].rstrip(";") for query in logged] == ["BEGIN", "SELECT", "WITH", "COMMIT"]


async def test_a_call_is_found_by_the_beginning_of_its_id(an_area: Database, ledger: PostgresLedger) -> None:
    call = await stored(ledger, of(WIERDAM))
    written = str(call.id)
    for beginning in (
        written,
        written[:8],
        written[:9],
        written[:12],
        written.upper()[:8],
        call.id.hex,
        f" {written} ",
    ):
        assert await find_call(an_area.background, GROUP, beginning) == call.id
    for nonsense in ("", "-", "x", f"{written}0", f"{written[:3]}-", "%", "'", call.id.hex[:31] + "g"):
        assert await find_call(an_area.background, GROUP, nonsense) is None
    assert await find_call(an_area.background, frozenset({WIERDAM}), written[:8]) == call.id
    assert await find_call(an_area.background, frozenset({ELDERLO}), written) is None


async def test_of_calls_whose_ids_begin_alike_the_newest_in_the_scope_is_found(
    an_area: Database, ledger: PostgresLedger
) -> None:
    ids = [CallId(UUID(f"abcd000{n}-0000-4000-8000-000000000000")) for n in range(3)]
    for n, (municipality, call_id) in enumerate(zip((WIERDAM, ELDERLO, WIERDAM), ids, strict=True)):
        await stored(ledger, replace(of(municipality, after(-n)), id=call_id))
    assert await find_call(an_area.background, GROUP, "abcd") == ids[0]
    assert await find_call(an_area.background, frozenset({ELDERLO}), "abcd") == ids[1]
    assert await find_call(an_area.background, GROUP, "abcd0002") == ids[2]


class OneConnection:
    """A pool that lends always the same connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        yield self._connection


async def test_an_index_finds_the_ids_that_begin_so(an_area: Database, database_url: str) -> None:
    """Casting every id to text would read a year of calls; walking from the newest on would too."""
    await an_area.background.execute(
        """INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at, last_seq)
        SELECT gen_random_uuid(), 'node1', 'c' || n, '140119', 'arrived', $1, $1, 1 FROM generate_series(1, 20000) n""",
        NINE,
    )
    owner = await connect(database_url, "test")
    await owner.execute("ANALYZE call")
    await owner.close()
    logged: asyncio.Queue[LoggedQuery] = asyncio.Queue()
    async with an_area.background.acquire() as connection:
        with connection.query_logger(logged.put_nowait):
            await find_call(cast(Pool, OneConnection(connection)), frozenset({WIERDAM}), "abcdef")
            while "MATERIALIZED" not in (query := await logged.get()).query:
                pass
        plan = str(await connection.fetch(f"EXPLAIN {query.query}", *query.args))
    assert "pk_call" in plan
    assert "Seq Scan" not in plan
    assert "ix_call_arrived_at" not in plan
