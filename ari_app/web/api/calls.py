"""Gesprekken: calls, the story of one, and the number of its caller."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from ari_app.core.access import NOBODYS, Action, Scope
from ari_app.core.call import EndReason, FactKind, LegEndReason, LegRole, Stage
from ari_app.core.ids import CallId, OperatorNumber
from ari_app.core.queue_visits import VisitOutcome, VisitReason
from ari_app.core.transfer import TransferKind, TransferOutcome, TransferState
from ari_app.storage.calls.numbers import callers_number
from ari_app.storage.calls.reads import CallStory, call_story
from ari_app.storage.calls.selected import SelectedCall, Selection, select_calls, took_part
from ari_app.storage.operators.card import call_cards
from ari_app.web.api.cursors import LONGEST, after_row, links_of, write_cursor
from ari_app.web.api.problems import forbidden, not_found
from ari_app.web.api.rights import call_id_of, names_for, narrowed, operator_named
from ari_app.web.api.shapes import Code, Instant, Links, Query, Shape, WhichOperator
from ari_app.web.api.table import Answer, Asked
from ari_app.web.names import Names

MOST_LISTED = 100


class CallStatus(StrEnum):
    ACTIVE = "actief"
    ENDED = "beeindigd"


class CallsQuery(Query):
    """`vanaf` and `tot` are of the arrival; `medewerker`: a number, or `ik`."""

    medewerker: WhichOperator | None = None
    status: CallStatus | None = None
    gemeente: Code | None = None
    vanaf: Instant | None = None
    tot: Instant | None = None
    aantal: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 50
    cursor: Annotated[str, Field(max_length=LONGEST)] | None = None


class Gesprek(Shape):
    """One call. `stap` and `eindreden` are the codes of the columns `stage` and `end_reason`.

    `gewachtSeconden`: in the queues of the municipalities that are asked about, null: in none; `gesprokenSeconden`: for
    which operators and colleagues had the caller, holds included, null: nobody had. Both go on while the call does.
    """

    id: str
    gemeente: str | None
    gemeente_naam: str | None
    gebeld_nummer: str
    status: CallStatus
    stap: Stage
    binnengekomen_op: Instant
    in_wachtrij_op: Instant | None
    beantwoord_op: Instant | None
    in_de_wacht_op: Instant | None
    beeindigd_op: Instant | None
    eindreden: EndReason | None
    einde_is_geschat: bool
    medewerker: str | None
    gewacht_seconden: Annotated[int, Field(ge=0)] | None
    gesproken_seconden: Annotated[int, Field(ge=0)] | None
    aantal_doorverbindingen: int
    is_terugbelgesprek: bool
    met_calamiteit: bool
    via_noodroute: bool


class GesprekLijst(Shape):
    gesprekken: list[Gesprek]
    links: Annotated[Links, Field(alias="_links")]


class Feit(Shape):
    """One thing that happened; `soort` is the code of the column `kind`."""

    op: Instant
    soort: FactKind
    details: dict[str, str | int | float | bool | None]


class Been(Shape):
    """One party's part in the call. A citizen has no `partij`."""

    rol: LegRole
    partij: str | None
    begonnen_op: Instant
    beantwoord_op: Instant | None
    in_gesprek_op: Instant | None
    beeindigd_op: Instant | None
    eindreden: LegEndReason | None


class WachtrijVerblijf(Shape):
    gemeente: str | None
    reden: VisitReason
    vanaf: Instant
    tot: Instant | None
    uitkomst: VisitOutcome | None
    medewerker: str | None


class Doorverbinding(Shape):
    nummer: int
    soort: TransferKind
    toestand: TransferState
    uitkomst: TransferOutcome | None
    gevraagd_op: Instant
    beantwoord_op: Instant | None
    beeindigd_op: Instant | None
    telt_mee: bool


class Verloop(Shape):
    """Everything that was recorded of a call, in order, without anything personal of its caller."""

    gesprek: str
    feiten: list[Feit]
    benen: list[Been]
    wachtrijen: list[WachtrijVerblijf]
    doorverbindingen: list[Doorverbinding]


class Beller(Shape):
    """`nummer` (E.164) is null when the caller withheld it, or when it was erased."""

    gesprek: str
    nummer: str | None
    soort: Literal["getoond", "geheim_of_gewist"]


async def list_calls(asked: Asked[CallsQuery, None]) -> Answer:
    query, site = asked.query, asked.site
    operator = None if query.medewerker is None else operator_named(asked, query.medewerker)
    scope, operator = _scope(asked, operator)
    wanted = Selection(
        query.vanaf,
        query.tot,
        operator,
        None if query.status is None else query.status is CallStatus.ACTIVE,
        None if query.cursor is None else after_row(query.cursor, CallId),
    )
    found = await select_calls(site.pool, narrowed(scope, query.gemeente), wanted, site.now(), limit=query.aantal + 1)
    names = names_for(asked, scope)
    listed, more = found[: query.aantal], len(found) > query.aantal
    cursor = write_cursor(listed[-1].arrived_at.isoformat(), str(listed[-1].id)) if more else None
    return Answer(GesprekLijst(gesprekken=[_call(one, names) for one in listed], links=links_of(asked, cursor)))


async def show_call(asked: Asked[Query, None]) -> Answer:
    site, call_id = asked.site, call_id_of(asked)
    scope = await scope_of_call(asked, call_id)
    found = await select_calls(site.pool, scope, Selection(only=call_id), site.now(), limit=1)
    if not found:
        raise not_found()
    return Answer(_call(found[0], names_for(asked, scope)))


async def show_story(asked: Asked[Query, None]) -> Answer:
    call_id = call_id_of(asked)
    scope = await scope_of_call(asked, call_id)
    story = await call_story(asked.site.pool, scope, call_id)
    if story is None:
        raise not_found()
    return Answer(_story(story, names_for(asked, scope)))


async def show_caller(asked: Asked[Query, None]) -> Answer:
    """A supervisor, or a program for which that is meant, of every call; an operator of the caller whom they have."""
    site, call_id, scope = asked.site, call_id_of(asked), asked.actor.scope_of(Action.SEE_NUMBER)
    now = site.now()
    found = None if scope == NOBODYS else await callers_number(site.pool, scope, call_id, asked.caller.author, now)
    own = asked.actor.scope_of(Action.OWN_CALLS)
    if found is None and own != NOBODYS and asked.actor.operator is not None:
        card = (await call_cards(site.pool, own, {asked.actor.operator}, now)).get(asked.actor.operator)
        if card is not None and card.is_known and card.call_id == call_id:
            found = await callers_number(site.pool, own, call_id, asked.caller.author, now)
        elif scope == NOBODYS and await took_part(site.pool, own, call_id, asked.actor.operator):
            raise forbidden("Het nummer ziet u alleen van de beller die u hebt.")
    if found is None:
        raise not_found()
    kind: Literal["getoond", "geheim_of_gewist"] = "geheim_of_gewist" if found.pii_number is None else "getoond"
    return Answer(Beller(gesprek=str(call_id), nummer=found.pii_number, soort=kind))


async def scope_of_call(asked: Asked[Query, None], call_id: CallId) -> Scope:
    """The scope in which the caller may read this call. Raises StoreUnavailable."""
    wide, own, operator = _wide(asked), asked.actor.scope_of(Action.OWN_CALLS), asked.actor.operator
    if own != NOBODYS and operator is not None and await took_part(asked.site.pool, own, call_id, operator):
        return own if wide is not None else None
    return wide


def _wide(asked: Asked[Query, None]) -> Scope:
    return asked.actor.scope_of(Action.CALLS)


def _scope(asked: Asked[CallsQuery, None], operator: OperatorNumber | None) -> tuple[Scope, OperatorNumber | None]:
    """The scope of a list, and the operator to whom it is narrowed: whoever may not see all sees their own."""
    wide, me = _wide(asked), asked.actor.operator
    if not asked.caller.is_program and (wide == NOBODYS or (operator is not None and operator == me)):
        if operator not in (None, me) or me is None:
            raise forbidden("U ziet alleen uw eigen gesprekken (medewerker=ik).")
        return asked.actor.scope_of(Action.OWN_CALLS), me
    return wide, operator


def _call(one: SelectedCall, names: Names) -> Gesprek:
    return Gesprek(
        id=str(one.id),
        gemeente=one.municipality,
        gemeente_naam=one.municipality_name,
        gebeld_nummer=one.dialled,
        status=CallStatus.ACTIVE if one.ended_at is None else CallStatus.ENDED,
        stap=one.stage,
        binnengekomen_op=one.arrived_at,
        in_wachtrij_op=one.queued_at,
        beantwoord_op=one.answered_at,
        in_de_wacht_op=one.held_at,
        beeindigd_op=one.ended_at,
        eindreden=one.end_reason,
        einde_is_geschat=one.end_is_estimated,
        medewerker=names.number(one.operator),
        gewacht_seconden=_whole(one.wait_seconds),
        gesproken_seconden=_whole(one.talk_seconds),
        aantal_doorverbindingen=one.transfer_count,
        is_terugbelgesprek=one.callback_request is not None,
        met_calamiteit=one.calamity,
        via_noodroute=one.handled_by_fallback,
    )


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else max(int(seconds), 0)


def _story(story: CallStory, names: Names) -> Verloop:
    return Verloop(
        gesprek=str(story.call.id),
        feiten=[Feit(op=one.at, soort=one.kind, details=names.details(one.detail)) for one in story.facts],
        benen=[
            Been(
                rol=one.role,
                # A colleague's extension is that of an entry: also where an operator of others has the same number.
                partij=names.number(one.party) if one.role is LegRole.OPERATOR else names.hidden.shown(one.party),
                begonnen_op=one.started_at,
                beantwoord_op=one.answered_at,
                in_gesprek_op=one.joined_at,
                beeindigd_op=one.ended_at,
                eindreden=one.end_reason,
            )
            for one in story.legs
        ],
        wachtrijen=[
            WachtrijVerblijf(
                gemeente=one.municipality,
                reden=one.reason,
                vanaf=one.entered_at,
                tot=one.left_at,
                uitkomst=one.outcome,
                medewerker=names.number(one.operator),
            )
            for one in story.visits
        ],
        doorverbindingen=[
            Doorverbinding(
                nummer=one.number,
                soort=one.kind,
                toestand=one.state,
                uitkomst=one.outcome,
                gevraagd_op=one.requested_at,
                beantwoord_op=one.answered_at,
                beeindigd_op=one.ended_at,
                telt_mee=one.counted,
            )
            for one in story.transfers
        ],
    )
