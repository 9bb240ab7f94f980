"""Terugbelverzoeken: promises to call citizens back: those that are open, one with its story, and its number."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from pydantic import Field

from ari_app.core.access import NOBODYS, Action
from ari_app.core.callback_risks import Risk
from ari_app.core.callbacks import AttemptOutcome, CallbackFactKind, CloseKind, RequestReason, RequestState
from ari_app.core.ids import OperatorNumber, RequestId, TeamCode
from ari_app.core.skills import team_codes
from ari_app.storage.callbacks.at_risk import RequestAtRisk, open_requests, story_in_scope, story_with_number
from ari_app.storage.callbacks.own import OwnStory, own_story
from ari_app.web.api.cursors import LONGEST, after_row, links_of, write_cursor
from ari_app.web.api.problems import forbidden, not_found
from ari_app.web.api.rights import AnyAsked, hidden_from, narrowed
from ari_app.web.api.shapes import Code, Instant, Links, Query, Shape
from ari_app.web.api.table import Answer, Asked
from ari_app.web.hidden import Hidden

MOST_LISTED = 100
#: rows at a time, where not each of them is listed
MOST_READ = 500


class RequestsQuery(Query):
    """`risico`: only those that may go wrong, or only those that will not."""

    gemeente: Code | None = None
    team: Code | None = None
    risico: bool | None = None
    aantal: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 50
    cursor: Annotated[str, Field(max_length=LONGEST)] | None = None


class Terugbelverzoek(Shape):
    """One that is open. `deadlineOp`: until then we promised to call. `volgendePogingOp` null: a person decides."""

    kenmerk: str
    id: str
    gemeente: str
    onderwerp: str
    eerste_contact_op: Instant
    deadline_op: Instant
    toestand: RequestState
    aantal_pogingen: int
    volgende_poging_op: Instant | None
    team: str | None
    medewerker: str | None
    risicos: list[Risk]


class TerugbelverzoekLijst(Shape):
    terugbelverzoeken: list[Terugbelverzoek]
    links: Annotated[Links, Field(alias="_links")]


class TerugbelFeit(Shape):
    op: Instant
    soort: CallbackFactKind


class Terugbelpoging(Shape):
    nummer: int
    medewerker: str | None
    begonnen_op: Instant
    beantwoord_op: Instant | None
    in_gesprek_op: Instant | None
    beeindigd_op: Instant | None
    uitkomst: AttemptOutcome | None


class TerugbelverzoekVerloop(Shape):
    """One request, open or closed, with all that happened to it; nothing personal of the citizen."""

    kenmerk: str
    id: str
    gemeente: str
    onderwerp: str
    reden: RequestReason
    gesprek: str | None
    eerste_contact_op: Instant
    deadline_op: Instant
    toestand: RequestState
    team: str | None
    medewerker: str | None
    gesloten_op: Instant | None
    gesloten_hoe: CloseKind | None
    feiten: list[TerugbelFeit]
    pogingen: list[Terugbelpoging]


class Terugbelnummer(Shape):
    """`nummer` (E.164) is empty when it was erased."""

    kenmerk: str
    nummer: str
    notitie: str


async def list_requests(asked: Asked[RequestsQuery, None]) -> Answer:
    """All of a supervisor's municipalities; an operator's own and those of their teams."""
    query, site = asked.query, asked.site
    wide = asked.actor.scope_of(Action.REQUESTS)
    scope = wide if wide != NOBODYS else asked.actor.scope_of(Action.CALLBACKS)
    team = None if query.team is None else TeamCode(query.team)
    of = None if wide != NOBODYS else _own(asked)
    after = None if query.cursor is None else after_row(query.cursor, RequestId)
    # What is at risk follows from the rows, and is known once they are read.
    chosen, most = list[RequestAtRisk](), query.aantal + 1 if query.risico is None else MOST_READ
    while len(chosen) <= query.aantal:
        found = await open_requests(
            site.pool, narrowed(scope, query.gemeente), site.now(), team=team, after=after, of=of, most=most
        )
        chosen += [one for one in found if query.risico in (None, bool(one.risks))]
        if len(found) < most:
            break
        after = (found[-1].deadline_at, found[-1].id)
    listed, hidden = chosen[: query.aantal], hidden_from(asked, scope)
    last = listed[-1] if len(chosen) > query.aantal else None
    cursor = None if last is None else write_cursor(last.deadline_at.isoformat(), str(last.id))
    shown = [_listed(one, hidden) for one in listed]
    return Answer(TerugbelverzoekLijst(terugbelverzoeken=shown, links=links_of(asked, cursor)))


async def show_request(asked: Asked[Query, None]) -> Answer:
    story = await story_of(asked)
    wide = asked.actor.scope_of(Action.REQUESTS)
    hidden = hidden_from(asked, wide if wide != NOBODYS else asked.actor.scope_of(Action.CALLBACKS))
    return Answer(_story(story, hidden))


async def show_number(asked: Asked[Query, None]) -> Answer:
    """Whoever looks is in the audit log first."""
    site, scope = asked.site, asked.actor.scope_of(Action.SEE_NUMBER)
    if scope == NOBODYS:
        raise forbidden()
    found = await story_with_number(site.pool, scope, asked.path("kenmerk"), asked.caller.author, site.now())
    if found is None:
        raise not_found()
    one = found.request
    return Answer(Terugbelnummer(kenmerk=one.reference, nummer=one.pii_number, notitie=one.pii_note))


async def story_of(asked: AnyAsked) -> OwnStory:
    """The request that the address names, of one's municipalities, or else of one's own list. Raises ApiProblem."""
    pool, reference, actor = asked.site.pool, asked.path("kenmerk"), asked.actor
    scope = actor.scope_of(Action.REQUESTS)
    found = None if scope == NOBODYS else await story_in_scope(pool, scope, reference)
    if found is None and actor.operator is not None and not asked.caller.is_program:
        found = await own_story(pool, actor.scope_of(Action.CALLBACKS), actor.operator, reference)
    if found is None:
        raise not_found()
    return found


def _own(asked: AnyAsked) -> tuple[OperatorNumber, Collection[TeamCode]]:
    """Whose requests an operator sees; of somebody who is not in the area, no one's."""
    me = asked.actor.operator or OperatorNumber("")
    return me, team_codes(asked.site.area.current, me)


def _listed(one: RequestAtRisk, hidden: Hidden) -> Terugbelverzoek:
    return Terugbelverzoek(
        kenmerk=one.reference,
        id=str(one.id),
        gemeente=one.municipality,
        onderwerp=one.subject,
        eerste_contact_op=one.first_contact_at,
        deadline_op=one.deadline_at,
        toestand=one.state,
        aantal_pogingen=one.attempts_count,
        volgende_poging_op=one.next_attempt_at,
        team=hidden.shown(one.team),
        medewerker=hidden.shown(one.operator),
        risicos=list(one.risks),
    )


def _story(story: OwnStory, hidden: Hidden) -> TerugbelverzoekVerloop:
    one = story.request
    return TerugbelverzoekVerloop(
        kenmerk=one.reference,
        id=str(one.id),
        gemeente=one.municipality,
        onderwerp=one.subject,
        reden=one.reason,
        gesprek=None if one.call_id is None else str(one.call_id),
        eerste_contact_op=one.first_contact_at,
        deadline_op=one.deadline_at,
        toestand=one.state,
        team=hidden.shown(one.owner_team),
        medewerker=hidden.shown(one.owner_operator),
        gesloten_op=one.closed_at,
        gesloten_hoe=one.close_kind,
        feiten=[TerugbelFeit(op=one.at, soort=one.kind) for one in story.facts],
        pogingen=[
            Terugbelpoging(
                nummer=attempt.number,
                medewerker=hidden.shown(attempt.operator),
                begonnen_op=attempt.started_at,
                beantwoord_op=attempt.answered_at,
                in_gesprek_op=attempt.reached_at,
                beeindigd_op=attempt.ended_at,
                uitkomst=attempt.outcome,
            )
            for attempt in story.attempts
        ],
    )
