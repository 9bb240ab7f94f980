"""Operators as people see them: in their state, with their talks and their day, in a scope."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from ari_app.core.access import Scope
from ari_app.core.ids import Endpoint, OperatorNumber, TeamCode
from ari_app.core.operator_rules import step
from ari_app.core.operators import CallConnected, CallOffered, CallOver, OperatorState, PauseReason
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from ari_app.storage.operators.days import operator_stretches
from ari_app.storage.operators.status import OperatorStatus, list_operators
from tests.storage.read_values import GROUP, of, stored
from tests.storage.values import ELDERLO, NINE, WIERDAM, after, new_session

pytestmark = pytest.mark.postgres


async def test_operators_are_shown_in_their_state_logged_in_or_not(an_area: Database, ledger: PostgresLedger) -> None:
    paused = replace(
        new_session("102"), state=OperatorState.PAUSED, state_since_at=after(7), pause_reason=PauseReason.LUNCH
    )
    await ledger.store_session(paused)
    away = OperatorState.AWAY
    assert await list_operators(an_area.background, GROUP) == [
        OperatorStatus(OperatorNumber("101"), "Anna", (TeamCode("wierdam"),), away, None, None, None, None),
        OperatorStatus(
            OperatorNumber("102"),
            "Bert",
            (TeamCode("elderlo"),),
            OperatorState.PAUSED,
            after(7),
            PauseReason.LUNCH,
            Endpoint("PJSIP/phone01"),
            None,
        ),
        OperatorStatus(OperatorNumber("103"), "Cor", (), away, None, None, None, None),
    ]


async def test_operators_are_shown_to_whom_they_answer_for_or_help(an_area: Database) -> None:
    async def numbers(scope: Scope) -> list[str]:
        return [status.number for status in await list_operators(an_area.background, scope)]

    assert await numbers(frozenset({WIERDAM})) == ["101", "102"]
    assert await numbers(frozenset({ELDERLO})) == ["102"]
    assert await numbers(frozenset()) == []
    assert await numbers(GROUP) == ["101", "102", "103"]


async def test_who_an_operator_talks_to_is_shown_to_that_municipality_only(
    an_area: Database, ledger: PostgresLedger
) -> None:
    call = await stored(ledger, of(ELDERLO))
    talking = replace(new_session("102"), state=OperatorState.TALKING, call_id=call.id)
    await ledger.store_session(talking)

    async def bert(scope: Scope) -> OperatorStatus:
        return next(status for status in await list_operators(an_area.background, scope) if status.number == "102")

    assert (await bert(GROUP)).call_id == call.id
    assert (await bert(frozenset({ELDERLO}))).call_id == call.id
    helped = await bert(frozenset({WIERDAM}))
    assert (helped.state, helped.call_id) == (OperatorState.TALKING, None)


async def test_the_day_of_an_operator_is_shown_to_the_municipalities_they_answer_for_and_to_no_other(
    an_area: Database, ledger: PostgresLedger
) -> None:
    theirs = await stored(ledger, of(ELDERLO))
    session = replace(new_session("102"), teams=(TeamCode("elderlo"),))
    talking = step(step(session, CallOffered(theirs.id, after(5))), CallConnected(theirs.id, after(5)))
    for row in (session, talking, step(talking, CallOver(theirs.id, after(9), 30))):
        await ledger.store_session(row)
    await ledger.store_session(new_session("101"))

    async def day(scope: Scope, operator: str = "102", begins_at: datetime = NINE) -> list[tuple[object, ...]]:
        number = OperatorNumber(operator)
        found = await operator_stretches(an_area.background, scope, number, begins_at, after(600), after(60))
        return [(one.state, one.duration.total_seconds(), one.call_id, one.teams) for one in found]

    whole = [
        (OperatorState.READY, 5, None, ("elderlo",)),
        (OperatorState.TALKING, 4, theirs.id, ("elderlo",)),
        (OperatorState.WRAP_UP, 51, None, ("elderlo",)),
    ]
    assert await day(GROUP) == await day(frozenset({ELDERLO})) == whole
    assert [(state, call) for state, _, call, _ in await day(frozenset({WIERDAM}))] == [
        (OperatorState.READY, None),
        (OperatorState.TALKING, None),
        (OperatorState.WRAP_UP, None),
    ], "who helps is seen, and the other municipality's call is not"
    assert await day(frozenset({ELDERLO}), "101") == await day(frozenset()) == []
    assert [seconds for _, seconds, _, _ in await day(GROUP, begins_at=after(7))] == [2, 51]
    assert await day(GROUP, "102' OR true --") == []
