"""Openingstijden: when municipalities are open, now and in the week, and closing early today.

Times of day are Europe/Amsterdam.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Annotated

from pydantic import Field

from ari_app.core.access import Action
from ari_app.core.area_commands import CloseEarly, OpenAgain
from ari_app.core.calendar import ClosedNow, ClosedWhy, instant_of, local_date, open_state
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import CommandId, MunicipalityCode
from ari_app.storage.area.early_closings import LONGEST_REASON
from ari_app.storage.commands.asker import was_asked
from ari_app.web.api.orders import command_id, order
from ari_app.web.api.problems import invalid, param
from ari_app.web.api.queues import QueuesQuery
from ari_app.web.api.rights import narrowed
from ari_app.web.api.shapes import Body, Code, Instant, InvalidParam, Query, Shape, Text
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


class NieuweSluiting(Body):
    """Today, from `vanaf` (absent, or over: from now on) until `tot` (absent: for the rest of the day)."""

    gemeente: Code
    reden: Annotated[Text, Field(min_length=1, max_length=LONGEST_REASON)]
    vanaf: Instant | None = None
    tot: Instant | None = None


class Heropening(Body):
    """Every early closing of the municipality ends, those that are still to come included."""

    gemeente: Code


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


async def close_early(asked: Asked[Query, NieuweSluiting]) -> Answer:
    """A retry is not looked at again: its moment may be over by then."""
    body, site, reason = asked.body, asked.site, " ".join(asked.body.reden.split())
    scope, command_as = asked.actor.scope_of(Action.CLOSE_EARLY), command_id(asked)
    wrong = [] if reason and reason.isprintable() else [param("reden", "characters")]
    if not await was_asked(site.pool, scope, command_as, asked.caller.author):
        wrong += _wrong_moments(body, site.now())
    if wrong:
        raise invalid(*wrong)
    # As it was said, and not as it looks at this moment: a retry is the same command.
    return await _order(asked, CloseEarly(body.tot, reason, body.vanaf), command_as)


async def open_again(asked: Asked[Query, Heropening]) -> Answer:
    return await _order(asked, OpenAgain(), command_id(asked))


def _wrong_moments(body: NieuweSluiting, now: datetime) -> Iterator[InvalidParam]:
    today = local_date(now)
    midnight = instant_of(today + timedelta(days=1), time(0))
    if body.vanaf is not None and local_date(body.vanaf) != today:
        yield param("vanaf", "not_today")
    if body.tot is not None and body.tot <= max(body.vanaf or now, now):
        yield param("tot", "too_early")
    elif body.tot is not None and body.tot > midnight:
        yield param("tot", "not_today")


async def _order(
    asked: Asked[Query, NieuweSluiting | Heropening], command: CloseEarly | OpenAgain, command_as: CommandId
) -> Answer:
    of, scope = MunicipalityCode(asked.body.gemeente), asked.actor.scope_of(Action.CLOSE_EARLY)
    return await order(asked, scope, AskedCommand(command, id=command_as, municipality=of))
