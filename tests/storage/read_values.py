"""Calls to be read, and scopes in which they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ari_app.core.access import Scope
from ari_app.core.call import Call, Fact, FactKind, Leg
from ari_app.core.callbacks import Confirmed, RequestKind
from ari_app.core.ids import MunicipalityCode
from ari_app.core.queue_visits import QueueVisit
from ari_app.storage.calls.ledger import PostgresLedger
from tests.storage.values import ELDERLO, NINE, WIERDAM, new_call

GROUP: Scope = None
SCOPES: list[Scope] = [frozenset({WIERDAM}), frozenset({ELDERLO}), frozenset({WIERDAM, ELDERLO}), frozenset()]
SECRET = "+31612345678"


async def stored(ledger: PostgresLedger, call: Call, *legs: Leg, visits: Sequence[QueueVisit] = ()) -> Call:
    facts = [Fact(call.arrived_at, FactKind.ARRIVED, {"dialled": call.dialled, "pii_from": SECRET})]
    call = replace(
        call,
        pii_caller_number=SECRET,
        pii_callback_number=SECRET,
        callback_kind=RequestKind.PROMISE,
        callback_confirmed_how=Confirmed.SHOWN,
    )
    return await ledger.store(call, facts, legs, visits=visits)


def of(municipality: MunicipalityCode | None, at: datetime = NINE) -> Call:
    return replace(new_call(at=at), municipality=municipality)
