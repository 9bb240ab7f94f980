"""A frozen store does what was asked of it when it wakes up, also what was given up long ago: it undoes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ari_app.calls.call.record import AT_ONCE, Record
from ari_app.calls.door import Door
from ari_app.core.call import Fact, FactKind
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.storage.values import NINE, after, new_call, new_leg

pytestmark = pytest.mark.pure


async def test_an_older_value_of_a_leg_that_arrives_late_does_not_replace_the_newer_one() -> None:
    clock, ledger, call = FakeClock(NINE), FakeLedger(), new_call()
    leg = new_leg(call)
    record = Record(ledger, clock, Door(clock), call, [leg])
    await record.commit(Fact(NINE, FactKind.ARRIVED))
    answered = replace(leg, answered_at=after(1))
    joined = replace(answered, joined_at=after(2))
    ledger.freeze()
    record.change_leg(answered)
    committing = asyncio.create_task(record.commit_if_possible())
    await clock.advance(3)
    assert await committing is False
    ledger.thaw(lambda: 2)
    record.change_leg(joined)
    await record.commit(patience=AT_ONCE)
    assert ledger.legs[leg.id] == joined
    assert (await ledger.call(call.id)) == record.call
    record.change_leg(replace(joined, left_at=after(3)))
    await clock.advance(1)
    await record.commit()
    assert ledger.legs[leg.id].left_at == after(3)
