"""Personal data of every kind, from any day, and what of it is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from ari_app.core.area import Area, Municipality
from ari_app.core.call import Call, EndReason, Fact, FactKind, Stage
from ari_app.core.callbacks import CallbackFactKind, RequestState
from ari_app.core.ids import MunicipalityCode, RequestId, TransferId, new_leg_id
from ari_app.core.reminders import Audience, ReminderKind, ReminderOutcome, ReminderWay
from ari_app.core.retention import DataKind, Retention
from ari_app.core.retention_rules import kept_from
from ari_app.core.transfer import CountReason, Transfer, TransferKind, TransferOutcome, TransferState
from ari_app.jobs.retention import Erased, erase_past
from ari_app.storage.callbacks.statements import REQUEST
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.storage.callback_values import FULL_REQUEST
from tests.storage.values import ELDERLO, WIERDAM, new_call

NOW = datetime.now(UTC)  # the database looks at its own clock as well
NUMBER = "+31612345678"
PERIODS = Retention(60, 70, 80, 90, 200)
AREA = Area(
    municipalities={
        WIERDAM: Municipality(WIERDAM, "Wierdam", retention=PERIODS),
        ELDERLO: Municipality(ELDERLO, "Elderlo", retention=Retention(400, 400, 400, 400, 400)),
    }
)
SECOND = timedelta(seconds=1)


def first_kept(kind: DataKind) -> datetime:
    return kept_from(NOW, PERIODS.days(kind))


async def stored_call(
    ledger: PostgresLedger, at: datetime, town: MunicipalityCode | None = WIERDAM, *, is_open: bool = False
) -> Call:
    """A call with a number, a fact and a transfer that hold personal data."""
    call = replace(new_call(at=at), municipality=town, pii_caller_number=NUMBER)
    if not is_open:
        call = replace(call, stage=Stage.ENDED, ended_at=at, end_reason=EndReason.CALLER_HUNG_UP)
    transfer = Transfer(
        id=TransferId(uuid4()),
        call_id=call.id,
        number=1,
        kind=TransferKind.COLD,
        state=TransferState.ENDED,
        requested_at=at,
        from_party="101",
        from_leg=new_leg_id(),
        to_party="outside",
        ended_at=at,
        outcome=next(iter(TransferOutcome)),
        count_reason=next(reason for reason in CountReason if reason.value != "handed_over"),
        pii_subject="paspoort van Jansen",
        pii_to_number=NUMBER,
    )
    fact = Fact(at, FactKind.ARRIVED, {"pii_from": NUMBER, "dialled": "140119"})
    return await ledger.store(call, [fact, Fact(at, FactKind.ENDED, {"why": "x"})], [], [transfer])


async def stored_wrap_up(database: Database, call: Call) -> None:
    """What operator 101 says of this call, with a note."""
    row = (call.id, "101", "paspoort", "afgehandeld", call.arrived_at, "belt zelf nog eens")
    await database.pool.execute("INSERT INTO call_wrap_up VALUES ($1, $2, $3, $4, $5, $6)", *row)


async def stored_request(owner: Database, closed_at: datetime | None, town: MunicipalityCode = WIERDAM) -> RequestId:
    made = RequestId(uuid4())
    request = replace(FULL_REQUEST, id=made, reference=str(made), municipality=town, closed_at=closed_at)
    if closed_at is None:
        request = replace(
            request, state=RequestState.OPEN, close_kind=None, closed_by=None, pii_close_reason=None, reached_at=None
        )
    await owner.pool.execute(
        f"INSERT INTO callback_request ({REQUEST.listed()}) VALUES ({REQUEST.parameters(1)})", *REQUEST.values(request)
    )
    await owner.pool.execute(
        "INSERT INTO callback_fact (request_id, seq, at, kind, detail) VALUES ($1, 1, $2, $3, $4)",
        made,
        NOW,
        next(iter(CallbackFactKind)).value,
        json.dumps({"pii_note": "terugbellen", "team": "kcc"}),
    )
    return made


async def stored_reminder(owner: Database, at: datetime, town: MunicipalityCode | None, *, done: bool = True) -> int:
    done_at, outcome = (at, next(iter(ReminderOutcome)).value) if done else (None, None)
    way, kind, audience = (next(iter(kind)).value for kind in (ReminderWay, ReminderKind, Audience))
    reminder: int = await owner.pool.fetchval(
        "INSERT INTO callback_reminder (key, way, kind, audience, due_at, day, owner_team, municipality, created_at,"
        " next_try_at, done_at, outcome) VALUES ($1, $2, $3, $4, $5, $6, 'kcc', $7, $5, $5, $8, $9) RETURNING id",
        str(uuid4()),
        way,
        kind,
        audience,
        at,
        at.date(),
        town,
        done_at,
        outcome,
    )
    return reminder


async def stored_deed(owner: Database, at: datetime, town: MunicipalityCode | None) -> int:
    detail = "{}" if town is None else json.dumps({"municipality": town})
    deed: int = await owner.pool.fetchval(
        "INSERT INTO audit_log (at, actor, action, detail) VALUES ($1, 'anna', 'look', $2) RETURNING id", at, detail
    )
    return deed


async def run(database: Database, **options: int) -> list[Erased]:
    return await erase_past(database.background, AREA, NOW, pause_share=0, batch_rows=options.get("batch_rows", 500))


async def kept(owner: Database, table: str, *columns: str) -> set[object]:
    """The ids of rows in which one of the columns holds something."""
    holds = " OR ".join(f"coalesce({column}, '') <> ''" for column in columns) or "true"
    return {row["id"] for row in await owner.pool.fetch(f"SELECT id FROM {table} WHERE {holds}")}


async def facts_kept(owner: Database, table: str, key: str) -> set[object]:
    rows = await owner.pool.fetch(f"SELECT {key} AS id FROM {table} WHERE detail::text LIKE '%pii_%'")
    return {row["id"] for row in rows}
