"""The service on both stores: the rows over Postgres, and the rows in memory that the flow tests use."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from ari_app.callbacks.reminders import ReminderService
from ari_app.callbacks.service import CallbackService
from ari_app.core.area import Area
from ari_app.core.call import Call, Fact, FactKind
from ari_app.core.callbacks import (
    Absence,
    AttemptOutcome,
    CallbackAttempt,
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
    Created,
)
from ari_app.core.ids import OperatorNumber, RequestId, new_call_id
from ari_app.storage.callbacks.statements import ATTEMPT
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.fakes.callbacks import FakeCallbackStore
from tests.fakes.ledger import FakeLedger
from tests.storage.callback_values import ANNA, DIRECTORY, TEN, asked


@dataclass
class Stand:
    """The service with its store, and the questions that only tests ask."""

    store: PostgresCallbackStore | FakeCallbackStore
    ledger: PostgresLedger | FakeLedger
    database: Database | None = None
    area: Area = field(default_factory=lambda: DIRECTORY)

    def __post_init__(self) -> None:
        self.service = CallbackService(self.store, lambda: self.area)
        self.reminders = ReminderService(self.store, lambda: self.area)

    async def created(self, now: datetime = TEN, **changes: object) -> CallbackRequest:
        made = await self.service.create_or_join(asked(now, **changes), now)
        assert isinstance(made, Created)
        return made.request

    async def claimed(
        self, now: datetime = TEN, lease_owner: str = "a", operator: OperatorNumber = ANNA
    ) -> CallbackRequest | None:
        return await self.service.claim_next(operator, now, lease_owner=lease_owner)

    async def tried(self, request: CallbackRequest, outcome: AttemptOutcome, now: datetime) -> CallbackRequest:
        """One whole attempt."""
        assert await self.service.claim(request.id, ANNA, now, lease_owner="a")
        attempt = await self.service.start_attempt(request.id, "a", ANNA, new_call_id(), now)
        talk = {"answered_at": now, "reached_at": now} if outcome is AttemptOutcome.REACHED else {}
        return await self.service.end_attempt(attempt.id, outcome, now, **talk)

    async def now_is(self, request: CallbackRequest) -> CallbackRequest:
        found = await self.service.request(request.id)
        assert found is not None
        return found

    async def facts(self, request_id: RequestId) -> Sequence[CallbackFact]:
        if isinstance(self.store, FakeCallbackStore):
            return self.store.rows.history[request_id]
        assert self.database is not None
        query = "SELECT at, kind, detail FROM callback_fact WHERE request_id = $1 ORDER BY seq"
        rows = await self.database.pool.fetch(query, request_id)
        return [CallbackFact(row["at"], CallbackFactKind(row["kind"]), json.loads(row["detail"])) for row in rows]

    async def kinds(self, request_id: RequestId) -> list[str]:
        return [fact.kind.value for fact in await self.facts(request_id)]

    async def facts_of_call(self, call: Call) -> list[tuple[int, FactKind, object]]:
        """Those after the first, each with its number."""
        if isinstance(self.ledger, FakeLedger):
            return [(seq, f.kind, f.detail) for seq, f in enumerate(self.ledger.told[call.id], start=1) if seq > 1]
        assert self.database is not None
        query = "SELECT seq, kind, detail FROM call_fact WHERE call_id = $1 AND seq > 1 ORDER BY seq"
        rows = await self.database.pool.fetch(query, call.id)
        return [(row["seq"], FactKind(row["kind"]), json.loads(row["detail"])) for row in rows]

    async def attempts(self, request_id: RequestId) -> Sequence[CallbackAttempt]:
        if isinstance(self.store, FakeCallbackStore):
            return await self.store.rows.attempts(request_id)
        assert self.database is not None
        query = f"SELECT {ATTEMPT.listed()} FROM callback_attempt WHERE request_id = $1 ORDER BY number"
        return [ATTEMPT.read(row) for row in await self.database.pool.fetch(query, request_id)]

    async def absent(self, absence: Absence) -> None:
        if isinstance(self.store, FakeCallbackStore):
            self.store.rows.absent.append(absence)
            return
        assert self.database is not None
        await self.database.pool.execute(
            "INSERT INTO operator_absence (operator, from_at, until_at, author, created_at)"
            " VALUES ($1, $2, $3, 'x', $2)",
            absence.operator,
            absence.from_at,
            absence.until_at,
        )

    async def called(self, call: Call) -> Call:
        """A call in the record."""
        return await self.ledger.store(call, [Fact(call.arrived_at, FactKind.ARRIVED)])


@pytest.fixture(params=["postgres", "memory"])
async def stand(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    if request.param == "memory":
        ledger = FakeLedger()
        yield Stand(FakeCallbackStore(ledger), ledger)
        return
    async with Database(request.getfixturevalue("database_url")) as database:
        stand = Stand(PostgresCallbackStore(database.pool), PostgresLedger(database.pool), database)
        yield stand
        await stand.store.close()  # type: ignore[union-attr]
        await stand.ledger.close()  # type: ignore[union-attr]
