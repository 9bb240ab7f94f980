"""A busy quarter of an hour in the sample area, as rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.call import EndReason, Fact, FactKind, Stage
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.core.operators import OperatorState, PauseReason
from ari_app.core.queue_visits import VisitOutcome
from ari_app.storage.area.calamities import set_calamity
from ari_app.storage.db.engine import Database
from tests.storage.values import new_call, new_visit
from tests.web.callers import a_request, a_talk, an_earlier_call
from tests.web.rows import a_call, an_operator, ledger_of, paused, store

OOSTERWENDE, ZANDERMEER, LINDEKERK, WIERDAM = (MunicipalityCode(f"GM990{number}") for number in range(1, 5))
NODE = "INSERT INTO node (name, installation, seen_at) VALUES ('node1', 'pictures', now() + interval '1 hour')"
#: how long callers of this morning waited who were answered, in seconds
WAITED = (4, 6, 7, 8, 9, 9, 11, 12, 12, 14, 15, 17, 18, 19, 21, 22, 24, 31, 38)


async def a_morning(serve: Database) -> None:
    now = datetime.now(UTC)
    await serve.pool.execute(NODE)
    for number, waited_seconds in enumerate(WAITED):
        await _answered(serve, (LINDEKERK, WIERDAM, OOSTERWENDE)[number % 3], waited_seconds)
    await an_earlier_call(serve, LINDEKERK, EndReason.CALLER_HUNG_UP)
    await a_request(serve, LINDEKERK, number="+31179555160", operator="101", subject="rijbewijs")
    await a_request(serve, WIERDAM, number="+31119555161", subject="verhuizing")
    await a_talk(serve, "101", LINDEKERK, waited_seconds=17)
    await a_talk(serve, "103", WIERDAM, number="+31119555162", waited_seconds=22)
    await a_talk(serve, "104", OOSTERWENDE, number="+31119555163", waited_seconds=9)
    for operator in ("105", "106"):
        await an_operator(serve, operator, OOSTERWENDE)
    lunch = await an_operator(serve, "107", OOSTERWENDE)
    await store(serve, replace(paused(lunch, PauseReason.LUNCH), state_since_at=now - timedelta(minutes=12)))
    busy = await an_operator(serve, "112", ZANDERMEER)
    await store(serve, replace(busy, state=OperatorState.WRAP_UP, state_since_at=now, version=1))
    await serve.pool.execute("UPDATE operator_session SET endpoint = 'PJSIP/phone' || right(operator, 2)")
    for town, waited_seconds in ((LINDEKERK, 12), (WIERDAM, 6)):
        await a_call(serve, town, waited_seconds=waited_seconds)
    text = "Door een storing kunnen wij vandaag geen paspoorten uitgeven."
    calamity = Calamity(
        WIERDAM, now - timedelta(minutes=20), now + timedelta(hours=2), text, AfterCalamity.QUEUE, "test"
    )
    await set_calamity(serve.pool, calamity, now)


async def _answered(serve: Database, town: MunicipalityCode, waited_seconds: int) -> None:
    at = datetime.now(UTC) - timedelta(minutes=20)
    answered_at = at + timedelta(seconds=waited_seconds)
    call = replace(
        new_call(at=at),
        municipality=town,
        stage=Stage.ENDED,
        queued_at=at,
        answered_at=answered_at,
        ended_at=answered_at + timedelta(minutes=2),
        end_reason=EndReason.CALLER_HUNG_UP,
    )
    stay = replace(
        new_visit(call, at), left_at=answered_at, outcome=VisitOutcome.ANSWERED, operator=OperatorNumber("105")
    )
    async with ledger_of(serve) as ledger:
        await ledger.store(call, [Fact(at, FactKind.ARRIVED, {})], visits=[stay])
