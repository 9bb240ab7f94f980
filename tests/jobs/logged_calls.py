"""Calls of a channel event log, and who takes them into the record, for the tests of the fallback and of absences."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ari_app.core.call import Call, Fact, FactKind, Leg, LegRole, Stage
from ari_app.core.event_log.cel import CelEvent
from ari_app.core.ids import AsteriskId, CallId, ChannelId, new_leg_id
from ari_app.jobs.fallback import FallbackTaker
from ari_app.storage.calls.reads import CallStory, call_story
from ari_app.storage.db.engine import Database
from tests.core.cel_values import written

NODE = AsteriskId("node1")
NewTaker = Callable[[], FallbackTaker]


def append(log: Path, *channels: list[CelEvent]) -> None:
    with log.open("a") as file:
        file.writelines(map(written, sorted((e for events in channels for e in events), key=lambda e: e.at)))


async def told(database: Database, call_id: CallId) -> CallStory | None:
    return await call_story(database.background, None, call_id)


async def begun(new_taker: NewTaker) -> FallbackTaker:
    """One that has looked once, so that what is written from now on is new."""
    taker = new_taker()
    await taker.tick()
    return taker


def open_row(call_id: CallId, when: datetime) -> tuple[Call, tuple[Fact, ...], tuple[Leg, ...]]:
    call = Call(call_id, NODE, ChannelId("f"), "140119", Stage.WAITING, when, when)
    leg = Leg(new_leg_id(), call_id, ChannelId("f"), LegRole.CALLER, None, when)
    return call, (Fact(when, FactKind.ARRIVED),), (leg,)
