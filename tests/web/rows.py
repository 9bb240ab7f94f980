"""What the controller would write: operators in a state, callers who wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ari_app.core.call import Call, Fact, FactKind, Stage
from ari_app.core.ids import Endpoint, MunicipalityCode
from ari_app.core.operators import LogoutReason, OperatorSession, OperatorState, PauseReason
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.storage.values import new_call, new_session, new_visit


@asynccontextmanager
async def ledger_of(serve: Database) -> AsyncIterator[PostgresLedger]:
    """Its notifications are sent when the block ends."""
    ledger = PostgresLedger(serve.pool)
    try:
        yield ledger
    finally:
        await ledger.close()


async def a_call(serve: Database, municipality: MunicipalityCode | None, *, waited_seconds: float = 0) -> Call:
    """A caller who waits in the queue of a municipality."""
    at = datetime.now(UTC) - timedelta(seconds=waited_seconds)
    call = replace(new_call(at=at), municipality=municipality, stage=Stage.WAITING, stage_entered_at=at, queued_at=at)
    async with ledger_of(serve) as ledger:
        return await ledger.store(call, [Fact(at, FactKind.ARRIVED, {})], visits=[new_visit(call, at)])


async def waiting_callers(serve: Database, municipality: MunicipalityCode, count: int) -> None:
    for _ in range(count):
        await a_call(serve, municipality, waited_seconds=90)


async def an_operator(
    serve: Database, number: str, municipality: MunicipalityCode, *, state: str = "ready"
) -> OperatorSession:
    """Logged in; in a talk with a caller for the municipality, when the state is that."""
    call = await a_call(serve, municipality) if state == "talking" else None
    session = replace(
        new_session(number, at=datetime.now(UTC)),
        state=OperatorState(state),
        call_id=None if call is None else call.id,
    )
    await store(serve, session)
    return session


async def store(serve: Database, session: OperatorSession) -> None:
    async with ledger_of(serve) as ledger:
        await ledger.store_session(session)


def paused(session: OperatorSession, reason: PauseReason) -> OperatorSession:
    return replace(
        session,
        state=OperatorState.PAUSED,
        pause_reason=reason,
        state_since_at=datetime.now(UTC),
        version=session.version + 1,
    )


async def was_at(serve: Database, operator: str, *phones: str) -> None:
    """Logins with a PIN that are over."""
    for phone in phones:
        now = datetime.now(UTC)
        began = replace(new_session(operator, at=now), endpoint=Endpoint(phone))
        await store(serve, began)
        over = replace(began, state=OperatorState.AWAY, logged_out_at=now, logout_reason=LogoutReason.KEY, version=2)
        await store(serve, over)


async def everybody_leaves(serve: Database) -> None:
    """Operators at their phones, and callers who wait."""
    await serve.pool.execute(
        """
        UPDATE operator_session SET state = 'away', logged_out_at = now(), logout_reason = 'key', call_id = NULL
        WHERE logged_out_at IS NULL;
        UPDATE queue_visit SET left_at = now(), outcome = 'abandoned' WHERE left_at IS NULL"""
    )
