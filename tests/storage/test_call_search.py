"""Looking for calls: each question finds what it says, and what is rare is looked for in windows, for a second."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ari_app.core.access import Scope
from ari_app.core.call import Call, EndReason, Fact, FactKind, LegEndReason, LegRole, Stage
from ari_app.core.ids import CallId, OperatorNumber, TeamCode
from ari_app.core.queue_visits import VisitOutcome
from ari_app.core.wrap_ups import WrapUp
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.calls.reads import list_calls
from ari_app.storage.calls.search import FIRST_WINDOW, search_calls
from ari_app.storage.calls.selected import Selection, select_calls
from ari_app.storage.calls.wrap_ups import save_wrap_up_in
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Database
from tests.storage.values import ELDERLO, NINE, WIERDAM, new_call, new_leg, new_visit

pytestmark = pytest.mark.postgres

OWN: Scope = frozenset({WIERDAM})
DAY = timedelta(days=1)
LATER = NINE + timedelta(hours=8)


async def a_call(
    database: Database, hours: float, *, waited: int = 5, end: EndReason = EndReason.CALLER_HUNG_UP, **changes: object
) -> Call:
    """That ended, with an operator of the team Wierdam when a human answered."""
    at = NINE - timedelta(hours=hours)
    answered = None if end.is_abandoned else at + timedelta(seconds=waited)
    ended = (answered or at + timedelta(seconds=waited)) + timedelta(seconds=0 if end.is_abandoned else 60)
    call = replace(
        new_call(at=at),
        municipality=WIERDAM,
        stage=Stage.ENDED,
        queued_at=at,
        answered_at=answered,
        ended_at=ended,
        end_reason=end,
    )
    call = replace(call, **changes)  # type: ignore[arg-type]
    leg = replace(new_leg(call, at), role=LegRole.OPERATOR, party="101", team=TeamCode("wierdam"), joined_at=answered)
    ledger = PostgresLedger(database.pool)
    outcome = VisitOutcome.ABANDONED if answered is None else VisitOutcome.ANSWERED
    stay = replace(new_visit(call, at), left_at=answered or ended, outcome=outcome)
    legs = [leg] if answered else []
    stored = await ledger.store(call, [Fact(at, FactKind.ARRIVED, {})], legs=legs, visits=[stay])
    await ledger.close()
    return stored


async def a_call_that_came_back(database: Database) -> Call:
    """Waited 10 s, talked 25 s to an operator, then to a colleague, waited 8 s elsewhere and 300 s here.

    Then another operator had the caller for 40 s.
    """
    at = NINE - timedelta(minutes=30)
    call = replace(
        new_call(at=at),
        municipality=WIERDAM,
        stage=Stage.ENDED,
        queued_at=at + timedelta(seconds=343),
        answered_at=at + timedelta(seconds=10),
        ended_at=at + timedelta(seconds=383),
        end_reason=EndReason.CALLER_HUNG_UP,
        transfer_count=1,
    )
    stays = [
        replace(
            new_visit(call, at + timedelta(seconds=since)),
            municipality=town,
            left_at=at + timedelta(seconds=until),
            outcome=VisitOutcome.ANSWERED if town == WIERDAM else VisitOutcome.MOVED,
        )
        for since, until, town in ((0, 10, WIERDAM), (35, 43, ELDERLO), (43, 343, WIERDAM))
    ]
    legs = [
        replace(
            new_leg(call, at),
            role=role,
            party=party,
            joined_at=at + timedelta(seconds=joined),
            left_at=at + timedelta(seconds=left),
            ended_at=at + timedelta(seconds=383),
            end_reason=LegEndReason.RELEASED,
        )
        for role, party, joined, left in (
            (LegRole.CALLER, None, 10, 383),
            (LegRole.OPERATOR, "101", 10, 33),
            (LegRole.COLLEAGUE, "2011", 30, 35),
            (LegRole.OPERATOR, "102", 343, 383),
        )
    ]
    ledger = PostgresLedger(database.pool)
    stored = await ledger.store(call, [Fact(at, FactKind.ARRIVED, {})], legs=legs, visits=stays)
    await ledger.close()
    return stored


async def test_a_caller_who_goes_back_to_a_queue_waits_and_talks_in_all_its_stretches(an_area: Database) -> None:
    call = await a_call_that_came_back(an_area)
    for scope, waited in ((OWN, 310.0), (None, 318.0)):
        (one,) = (await search_calls(an_area.background, scope, Selection(), LATER)).calls
        assert (one.wait_seconds, one.talk_seconds) == (waited, 65.0), scope
        (line,) = await list_calls(an_area.background, scope)
        assert (line.wait_seconds, line.talk_seconds) == (waited, 65.0), scope
    assert await found(an_area, Selection(waited_seconds=309)) == [call.id]
    assert await found(an_area, Selection(waited_seconds=310)) == []
    assert await found(an_area, Selection(waited_seconds=317), None) == [call.id]


async def test_what_goes_on_lasts_until_now_and_what_never_was_has_no_length(an_area: Database) -> None:
    waiting = replace(new_call(at=NINE), municipality=WIERDAM, stage=Stage.WAITING, queued_at=NINE)
    talking = replace(new_call(at=NINE), municipality=WIERDAM, stage=Stage.TALKING, answered_at=NINE)
    leg = replace(new_leg(talking, NINE), role=LegRole.OPERATOR, party="101", joined_at=NINE)
    ledger = PostgresLedger(an_area.pool)
    await ledger.store(waiting, [Fact(NINE, FactKind.ARRIVED, {})], visits=[new_visit(waiting, NINE)])
    await ledger.store(talking, [Fact(NINE, FactKind.ARRIVED, {})], legs=[leg])
    await ledger.close()
    for now, seconds in ((NINE + timedelta(seconds=70), 70.0), (NINE - timedelta(seconds=1), 0.0)):
        shown = {one.id: one for one in await select_calls(an_area.background, OWN, Selection(), now)}
        assert (shown[waiting.id].wait_seconds, shown[waiting.id].talk_seconds) == (seconds, None)
        assert (shown[talking.id].wait_seconds, shown[talking.id].talk_seconds) == (None, seconds)


async def found(database: Database, wanted: Selection, scope: Scope = OWN, **more: float) -> list[CallId]:
    return [one.id for one in (await search_calls(database.background, scope, wanted, LATER, **more)).calls]  # type: ignore[arg-type]


async def test_each_question_finds_what_it_says(an_area: Database) -> None:
    helped = await a_call(an_area, 1)
    late = await a_call(an_area, 2, waited=90, transfer_count=1)
    gone = await a_call(an_area, 3, waited=40, end=EndReason.ABANDONED_WAITING)
    theirs = await a_call(an_area, 4, municipality=ELDERLO, waited=90)
    async with transaction(an_area.background) as connection:
        assert await save_wrap_up_in(connection, late.id, OperatorNumber("101"), WrapUp("paspoort", "beantwoord"))
        assert await save_wrap_up_in(connection, theirs.id, OperatorNumber("101"), WrapUp("paspoort"))
    asked = {
        Selection(): [helped.id, late.id, gone.id],
        Selection(ends=(EndReason.ABANDONED_WAITING, EndReason.CLOSED)): [gone.id],
        Selection(team=TeamCode("wierdam")): [helped.id, late.id],
        Selection(team=TeamCode("elderlo")): [],
        Selection(waited_seconds=39): [late.id, gone.id],
        Selection(waited_seconds=90): [],
        Selection(is_transferred=True): [late.id],
        Selection(is_transferred=False): [helped.id, gone.id],
        Selection(subject="paspoort"): [late.id],
        Selection(subject="paspoort", is_transferred=False): [],
        Selection(since=NINE - timedelta(hours=2, minutes=30), waited_seconds=1): [helped.id, late.id],
    }
    for wanted, ids in asked.items():
        assert await found(an_area, wanted) == ids, wanted
    assert await found(an_area, Selection(waited_seconds=60), None) == [late.id, theirs.id]


async def test_what_is_rare_comes_page_by_page_and_nothing_twice_or_never(an_area: Database) -> None:
    rare = [
        (await a_call(an_area, hours, transfer_count=1)).id
        for hours in (1, 5, 30, 30.0001, 31, 400)
        if await a_call(an_area, hours + 0.01)
    ]
    wanted, seen = Selection(since=NINE - 30 * DAY, is_transferred=True), list[CallId]()
    for _ in range(len(rare)):
        page = await search_calls(an_area.background, OWN, wanted, LATER, limit=2, budget_seconds=60)
        seen += [one.id for one in page.calls]
        assert page.looked_until is None
        if page.after is None:
            break
        wanted = replace(wanted, before=page.after)
    assert seen == rare


async def test_without_time_left_it_says_how_far_back_it_looked_and_goes_on_from_there(an_area: Database) -> None:
    old = await a_call(an_area, 100, transfer_count=1)
    wanted, pages = Selection(since=NINE - 30 * DAY, until=NINE, is_transferred=True), 0
    page = await search_calls(an_area.background, OWN, wanted, LATER, budget_seconds=0)
    assert page.calls == [] and page.looked_until == NINE - FIRST_WINDOW
    while not page.calls and page.after is not None:
        wanted, pages = replace(wanted, before=page.after), pages + 1
        page = await search_calls(an_area.background, OWN, wanted, LATER, budget_seconds=0)
    assert [one.id for one in page.calls] == [old.id] and pages == 100 * 3600 // FIRST_WINDOW.seconds
