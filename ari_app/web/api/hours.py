"""Openingstijden: when municipalities are open, now and in the week; times of day are Europe/Amsterdam."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ari_app.core.access import Action
from ari_app.core.calendar import ClosedNow, ClosedWhy, open_state
from ari_app.web.api.queues import QueuesQuery
from ari_app.web.api.rights import narrowed
from ari_app.web.api.shapes import Instant, Shape
from ari_app.web.api.table import Answer, Asked


class Openingsblok(Shape):
    """`dag`: 1 is Monday. `tot` 00:00 is the end of the day."""

    dag: Annotated[int, Field(ge=1, le=7)]
    van: str
    tot: str


class Sluiting(Shape):
    """Closed by the municipality's own choice."""

    vanaf: Instant
    tot: Instant
    reden: str


class Openingstijden(Shape):
    """`openTot` and `opentOp` are null when neither is in sight; holidays are counted in."""

    gemeente: str
    gemeente_naam: str
    is_open: bool
    open_tot: Instant | None
    opent_op: Instant | None
    gesloten_omdat: ClosedWhy | None
    toelichting: str | None
    week: list[Openingsblok]
    sluitingen: list[Sluiting]


class OpeningstijdenLijst(Shape):
    openingstijden: list[Openingstijden]


async def list_hours(asked: Asked[QueuesQuery, None]) -> Answer:
    scope, now = narrowed(asked.actor.scope_of(Action.HOURS), asked.query.gemeente), asked.site.now()
    area = asked.site.area.current
    found = []
    for code, town in sorted(area.municipalities.items()):
        if scope is not None and code not in scope:
            continue
        state = open_state(town, area.special_days, now)
        closed = state if isinstance(state, ClosedNow) else None
        found.append(
            Openingstijden(
                gemeente=code,
                gemeente_naam=town.name,
                is_open=closed is None,
                open_tot=None if isinstance(state, ClosedNow) else state.until,
                opent_op=None if closed is None else closed.opens_at,
                gesloten_omdat=None if closed is None else closed.why,
                toelichting=None if closed is None else closed.name,
                week=[
                    Openingsblok(dag=day + 1, van=f"{span.opens:%H:%M}", tot=f"{span.closes:%H:%M}")
                    for day, spans in sorted(town.hours.items())
                    for span in spans
                ],
                sluitingen=[
                    Sluiting(vanaf=one.starts_at, tot=one.ends_at, reden=one.reason)
                    for one in sorted(town.closings, key=lambda one: one.starts_at)
                    if one.ends_at > now
                ],
            )
        )
    return Answer(OpeningstijdenLijst(openingstijden=found))
