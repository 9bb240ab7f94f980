"""Wachtrijen: how many callers wait for each municipality, and for how long."""

from __future__ import annotations

from pydantic import Field

from ari_app.core.access import Action
from ari_app.storage.operators.desk import queue_lines
from ari_app.web.api.rights import narrowed
from ari_app.web.api.shapes import Code, Instant, Query, Shape
from ari_app.web.api.table import Answer, Asked


class QueuesQuery(Query):
    gemeente: Code | None = None


class Wachtrij(Shape):
    """`normSeconden`: within so many seconds a caller is to be answered."""

    gemeente: str
    gemeente_naam: str
    aantal_wachtend: int = Field(ge=0)
    langste_wacht_sinds: Instant | None
    norm_seconden: int


class WachtrijLijst(Shape):
    wachtrijen: list[Wachtrij]


async def list_queues(asked: Asked[QueuesQuery, None]) -> Answer:
    scope = narrowed(asked.actor.scope_of(Action.QUEUE_LINE), asked.query.gemeente)
    waiting = {line.municipality: line for line in await queue_lines(asked.site.pool, scope)}
    found = []
    for code, town in sorted(asked.site.area.current.municipalities.items()):
        if scope is None or code in scope:
            line = waiting.get(code)
            found.append(
                Wachtrij(
                    gemeente=code,
                    gemeente_naam=town.name,
                    aantal_wachtend=0 if line is None else line.waiting_count,
                    langste_wacht_sinds=None if line is None else line.longest_since_at,
                    norm_seconden=town.norms.answer_within_seconds,
                )
            )
    return Answer(WachtrijLijst(wachtrijen=found))
