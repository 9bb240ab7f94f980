"""The figures of a wallboard: those of today follow the definition, and nothing of another municipality is in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import product

import pytest

from ari_app.core.access import Scope
from ari_app.core.calendar import instant_of, local_date
from ari_app.core.call import EndReason, Fact, FactKind, Stage
from ari_app.core.ids import MunicipalityCode, TeamCode
from ari_app.core.operators import OperatorState
from ari_app.core.queue_visits import QueueVisit, VisitOutcome, VisitReason
from ari_app.core.service_level import Answering, answering, share_percent
from ari_app.storage.boards.figures import _FIGURES as STATEMENT
from ari_app.storage.boards.figures import BoardFigures, BoardView, board_figures
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from ari_app.storage.db.scopes import reading
from tests.roles import as_role
from tests.storage.values import ELDERLO, WIERDAM, new_call, new_session, new_visit

pytestmark = pytest.mark.postgres

#: in the afternoon, so that all of it is today
NOW = instant_of(local_date(datetime.now(UTC)), time(15))
NORM = 25
ONLY_WIERDAM: Scope = frozenset({WIERDAM})


@pytest.fixture
async def web(an_area: Database, database_url: str) -> AsyncIterator[Database]:
    async with Database(as_role(database_url, WEB)) as database:
        yield database


async def figures(web: Database, scope: Scope, team: str | None = None) -> BoardFigures:
    return await board_figures(web.pool, BoardView(scope, None if team is None else TeamCode(team)), NOW)


async def stay(ledger: PostgresLedger, municipality: MunicipalityCode | None, **changes: object) -> QueueVisit:
    """One call with one stay in a queue."""
    entered_at = changes.setdefault("entered_at", NOW - timedelta(minutes=10))
    assert isinstance(entered_at, datetime)
    call = replace(new_call(at=entered_at), municipality=municipality)
    visit = replace(new_visit(call, entered_at), **changes)  # type: ignore[arg-type]
    await ledger.store(call, [Fact(entered_at, FactKind.ARRIVED, {})], visits=[visit])
    return visit


def wanted_of(visit: QueueVisit) -> Answering:
    is_within = (visit.left_at or NOW) - visit.entered_at <= timedelta(seconds=NORM)
    return answering(visit.reason, visit.outcome, in_calamity=visit.calamity, is_within=is_within)


async def test_today_counts_as_the_definition_says(web: Database, ledger: PostgresLedger) -> None:
    waits = (timedelta(seconds=NORM), timedelta(seconds=NORM, milliseconds=1))
    made: list[QueueVisit] = []
    for reason, outcome, calamity, wait in product(VisitReason, (None, *VisitOutcome), (False, True), waits):
        entered_at = NOW - (wait if outcome is None else timedelta(minutes=10))
        left_at = None if outcome is None else entered_at + wait
        from_one = ELDERLO if reason is VisitReason.TRANSFER else None
        made.append(
            await stay(
                ledger,
                WIERDAM,
                reason=reason,
                outcome=outcome,
                calamity=calamity,
                entered_at=entered_at,
                left_at=left_at,
                from_municipality=from_one,
            )
        )
    found = await figures(web, ONLY_WIERDAM)
    wanted = [wanted_of(visit) for visit in made]
    assert (found.within, found.beyond) == (wanted.count(Answering.WITHIN), wanted.count(Answering.BEYOND))
    assert (found.within, found.beyond) == (2, 2 * (1 + 1 + 3 + 2 * 6))
    assert found.abandoned == sum(visit.outcome is VisitOutcome.ABANDONED for visit in made)
    assert found.waiting_count == sum(visit.outcome is None for visit in made)


async def test_a_share_is_never_rounded_up_and_of_nobody_there_is_none(web: Database, ledger: PostgresLedger) -> None:
    assert [share_percent(0, 0), share_percent(799, 201), share_percent(4, 0)] == [None, 79, 100]
    assert (await figures(web, ONLY_WIERDAM)).within_percent is None
    yesterday = instant_of(local_date(NOW), time(0)) - timedelta(seconds=1)
    left = {"outcome": VisitOutcome.ANSWERED, "left_at": yesterday + timedelta(seconds=2)}
    await stay(ledger, WIERDAM, entered_at=yesterday, **left)
    assert (await figures(web, ONLY_WIERDAM)).counted == 0
    await stay(ledger, WIERDAM, entered_at=yesterday + timedelta(seconds=1), **left)
    assert (await figures(web, ONLY_WIERDAM)).within_percent == 100


async def test_who_waits_is_told_by_municipality_and_the_one_whose_norm_comes_first_leads(
    web: Database, ledger: PostgresLedger, an_area: Database
) -> None:
    await an_area.pool.execute("UPDATE municipality SET answer_within_seconds = 300 WHERE code = 'GM9901'")
    for municipality, seconds in ((WIERDAM, 90), (WIERDAM, 10), (ELDERLO, 40), (None, 5)):
        await stay(ledger, municipality, entered_at=NOW - timedelta(seconds=seconds))
    found = await figures(web, None)
    assert [(one.name, one.count, one.norm_seconds) for one in found.waiting] == [
        ("Wierdam", 2, 300),
        ("Elderlo", 1, 25),
        (None, 1, 25),
    ]
    assert found.longest is not None and found.longest.name == "Elderlo"
    assert (found.waiting_count, found.norms) == (4, (25, 300))
    assert [one.name for one in (await figures(web, ONLY_WIERDAM)).waiting] == ["Wierdam"]
    assert (await figures(web, frozenset())).waiting == ()


async def test_a_team_has_its_own_operators_and_the_queues_that_it_answers(
    web: Database, ledger: PostgresLedger, an_area: Database
) -> None:
    states = {"101": OperatorState.READY, "102": OperatorState.TALKING, "103": OperatorState.PAUSED}
    for number, state in states.items():
        await ledger.store_session(replace(new_session(number, at=NOW), state=state))
    await stay(ledger, WIERDAM)
    await stay(ledger, ELDERLO)
    one = await figures(web, None, "wierdam")
    assert ([s.state for s in one.staff], one.waiting_count) == ([OperatorState.READY], 1)
    both = await figures(web, None, "elderlo")
    assert ([s.state for s in both.staff], both.waiting_count) == ([OperatorState.TALKING], 2)
    group = await figures(web, None)
    assert {s.state: s.count for s in group.staff} == dict.fromkeys(states.values(), 1)
    assert [s.state for s in (await figures(web, frozenset({ELDERLO}), "wierdam")).staff] == []


async def test_callers_for_whom_there_was_no_room_are_counted_for_their_municipality(
    web: Database, ledger: PostgresLedger
) -> None:
    ends = (EndReason.TURNED_AWAY, EndReason.HEARD_BUSY, EndReason.CALLER_HUNG_UP)
    for municipality, reason, hours in product((WIERDAM, ELDERLO, None), ends, (1, 25)):
        at = NOW - timedelta(hours=hours)
        call = replace(new_call(at=at), municipality=municipality, stage=Stage.ENDED, ended_at=at, end_reason=reason)
        await ledger.store(call, [Fact(at, FactKind.ARRIVED, {})])
    assert (await figures(web, ONLY_WIERDAM)).refused == 2
    assert (await figures(web, None, "wierdam")).refused == 2
    assert (await figures(web, None)).refused == 6
    is_of_all = {
        view: view.is_group for view in (BoardView(None), BoardView(None, TeamCode("wierdam")), BoardView(ONLY_WIERDAM))
    }
    assert list(is_of_all.values()) == [True, False, False], (
        "those without a municipality are counted in the first only"
    )


async def test_calamities_callbacks_and_calls_of_the_fallback_are_those_of_the_scope(
    web: Database, ledger: PostgresLedger, an_area: Database
) -> None:
    for code in (WIERDAM, ELDERLO):
        at = NOW - timedelta(minutes=5)
        call = replace(new_call(at=at), municipality=code, stage=Stage.ARRIVED, handled_by_fallback=True)
        await ledger.store(call, [Fact(at, FactKind.ARRIVED, {})])
        await an_area.pool.execute(
            """INSERT INTO calamity (municipality, from_at, until_at, text, author, created_at)
            VALUES ($1, $2, NULL, 'Er is een gaslek in ' || $1, 'test', $2),
              ($1, $2::timestamptz + interval '1 day', NULL, 'Morgen', 'test', $2)""",
            code,
            at,
        )
        for number, hours in ((1, -1), (2, 2), (3, 100)):
            await an_area.pool.execute(
                """INSERT INTO callback_request (id, reference, municipality, reason, kind, state, first_contact_at,
                deadline_at, plan_by_at, owner_team, number_confirmed_how, pii_number, created_at, last_seq)
                VALUES (gen_random_uuid(), $1::text || $2, $1, 'menu', 'promise', 'open',
                  $3::timestamptz - interval '1 day', $4::timestamptz, $4::timestamptz, 'wierdam',
                  'shown', '+3161234567' || $2, $3, 1)""",
                code,
                str(number),
                NOW,
                NOW + timedelta(hours=hours),
            )
    found = await figures(web, ONLY_WIERDAM)
    assert [(one.municipality, one.text) for one in found.running] == [("Wierdam", "Er is een gaslek in GM9901")]
    assert (found.callbacks_due, found.callbacks_overdue, found.fallback_calls) == (2, 1, 1)
    group = await figures(web, None)
    assert (len(group.running), group.callbacks_due, group.fallback_calls) == (2, 4, 2)
    assert (await figures(web, None, "elderlo")).callbacks_due == 0


async def test_on_a_big_record_no_table_of_calls_is_read_whole(web: Database, an_area: Database) -> None:
    await an_area.background.execute(
        """WITH made AS (INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at,
            last_seq, municipality, ended_at, end_reason)
          SELECT gen_random_uuid(), 'node1', 'c' || n, '140119', 'ended', at, at, 1, code, at, 'caller_hung_up'
          FROM (SELECT n, $1::timestamptz - n * interval '20 minutes' AS at,
            CASE WHEN n % 2 = 0 THEN 'GM9901' ELSE 'GM9902' END AS code FROM generate_series(1, 5000) n) one
          RETURNING id, arrived_at, municipality)
        INSERT INTO queue_visit (id, call_id, municipality, reason, entered_at, left_at, outcome)
        SELECT gen_random_uuid(), id, municipality, 'menu', arrived_at, arrived_at, 'answered' FROM made""",
        NOW,
    )
    for scope in (None, ONLY_WIERDAM):
        codes = None if scope is None else sorted(scope)
        async with reading(web.pool, scope) as connection:
            plan = await connection.fetch(
                f"EXPLAIN {STATEMENT}", codes, None, NOW, NOW - timedelta(hours=15), NOW + timedelta(hours=9)
            )
        steps = "\n".join(row[0] for row in plan)
        assert "Seq Scan on queue_visit" not in steps and "Seq Scan on call" not in steps, steps
