"""Calamiteiten: texts that callers hear first: those that go on and are planned, begun, ended."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ari_app.core.access import Action, overlap
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.area_commands import EndCalamity, SetCalamity
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import MunicipalityCode
from ari_app.storage.area.calamities import LONGEST_TEXT, list_calamities
from ari_app.web.api.orders import command_id, order
from ari_app.web.api.problems import invalid, param
from ari_app.web.api.queues import QueuesQuery
from ari_app.web.api.rights import narrowed
from ari_app.web.api.shapes import Body, Code, Instant, Query, Shape, Text
from ari_app.web.api.table import Answer, Asked
from ari_app.web.speech import is_speakable


class Calamiteit(Shape):
    gemeente: str
    vanaf: Instant
    tot: Instant | None
    tekst: str
    daarna: AfterCalamity
    is_actief: bool


class CalamiteitLijst(Shape):
    calamiteiten: list[Calamiteit]


class NieuweCalamiteit(Body):
    """`vanaf` absent: from now on; `tot` absent: until it is ended."""

    gemeente: Code
    tekst: Annotated[Text, Field(min_length=1, max_length=LONGEST_TEXT)]
    vanaf: Instant | None = None
    tot: Instant | None = None
    daarna: AfterCalamity = AfterCalamity.QUEUE


class EindeCalamiteit(Body):
    """`vanaf`: of the calamity that began, or is planned, then; absent: all of the municipality."""

    gemeente: Code
    vanaf: Instant | None = None


async def list_all(asked: Asked[QueuesQuery, None]) -> Answer:
    """Planned ones are for those who may end them."""
    site, now = asked.site, asked.site.now()
    scope = narrowed(asked.actor.scope_of(Action.NOTICES), asked.query.gemeente)
    planned_in = asked.actor.scope_of(Action.CALAMITY)
    found = [
        one
        for one in await list_calamities(site.pool, scope, now)
        if one.is_active(now) or overlap(planned_in, frozenset({one.municipality}))
    ]
    return Answer(CalamiteitLijst(calamiteiten=[_shown(one, is_active=one.is_active(now)) for one in found]))


async def begin(asked: Asked[Query, NieuweCalamiteit]) -> Answer:
    body, now = asked.body, asked.site.now()
    text, wrong = " ".join(body.tekst.split()), []
    if not await is_speakable(text):
        wrong.append(param("tekst", "unspeakable"))
    if body.tot is not None and body.tot <= max(body.vanaf or now, now):
        wrong.append(param("tot", "too_early"))
    if wrong:
        raise invalid(*wrong)
    # As it was said, and not as it looks at this moment: a retry is the same command.
    return await _order(asked, body.gemeente, SetCalamity(text, body.vanaf, body.tot, body.daarna))


async def end(asked: Asked[Query, EindeCalamiteit]) -> Answer:
    return await _order(asked, asked.body.gemeente, EndCalamity(asked.body.vanaf))


async def _order(asked: Asked[Query, Body], municipality: str, command: SetCalamity | EndCalamity) -> Answer:
    of = MunicipalityCode(municipality)
    scope = asked.actor.scope_of(Action.CALAMITY)
    return await order(asked, scope, AskedCommand(command, id=command_id(asked), municipality=of))


def _shown(one: Calamity, *, is_active: bool) -> Calamiteit:
    return Calamiteit(
        gemeente=one.municipality,
        vanaf=one.from_at,
        tot=one.until_at,
        tekst=one.text,
        daarna=one.then,
        is_actief=is_active,
    )
