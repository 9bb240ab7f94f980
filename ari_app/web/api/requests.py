"""Terugbelverzoeken: promises to call citizens back: open and closed ones, one with its story, and its number."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ari_app.core.access import NOBODYS, Action, Scope
from ari_app.core.callbacks import CloseKind
from ari_app.core.ids import OperatorNumber, RequestId, TeamCode
from ari_app.core.skills import team_codes
from ari_app.storage.callbacks.at_risk import RequestAtRisk, open_requests, story_in_scope, story_with_number
from ari_app.storage.callbacks.closed import ClosedSelection, closed_requests
from ari_app.storage.callbacks.own import OwnStory, own_story
from ari_app.web.api.cursors import LONGEST, after_row, links_of, write_cursor
from ari_app.web.api.problems import forbidden, invalid, not_found, param
from ari_app.web.api.request_shapes import (
    Terugbelnummer,
    Terugbelverzoek,
    TerugbelverzoekLijst,
    listed_closed,
    listed_open,
    story_shape,
)
from ari_app.web.api.rights import AnyAsked, names_for, narrowed, operator_named
from ari_app.web.api.shapes import Code, Instant, Query, WhichOperator
from ari_app.web.api.table import Answer, Asked
from ari_app.web.names import Names

MOST_LISTED = 100
#: rows at a time, where not each of them is listed
MOST_READ = 500


class RequestStatus(StrEnum):
    OPEN = "open"
    CLOSED = "gesloten"


class RequestsQuery(Query):
    """`risico`: only those that may go wrong, or only those that will not. `vanaf` and `tot` are of the closing, and
    with `geslotenHoe` for closed ones only; `risico` is for open ones.
    """

    status: RequestStatus = RequestStatus.OPEN
    gemeente: Code | None = None
    team: Code | None = None
    medewerker: WhichOperator | None = None
    risico: bool | None = None
    vanaf: Instant | None = None
    tot: Instant | None = None
    gesloten_hoe: CloseKind | None = None
    aantal: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 50
    cursor: Annotated[str, Field(max_length=LONGEST)] | None = None


async def list_requests(asked: Asked[RequestsQuery, None]) -> Answer:
    """All of a supervisor's municipalities; an operator's own and those of their teams."""
    query = asked.query
    if query.status is RequestStatus.CLOSED:
        if query.risico is not None:
            raise invalid(param("risico", "only_open"))
        return await _closed(asked)
    only_closed = {"vanaf": query.vanaf, "tot": query.tot, "geslotenHoe": query.gesloten_hoe}
    wrong = [param(name, "only_closed") for name, value in only_closed.items() if value is not None]
    if wrong:
        raise invalid(*wrong)
    return await _open(asked)


async def _closed(asked: Asked[RequestsQuery, None]) -> Answer:
    """The last one first."""
    query, (scope, of) = asked.query, _readable(asked)
    wanted = ClosedSelection(
        query.vanaf,
        query.tot,
        None if query.team is None else TeamCode(query.team),
        None if query.medewerker is None else operator_named(asked, query.medewerker),
        query.gesloten_hoe,
        None if query.cursor is None else after_row(query.cursor, RequestId),
        of,
    )
    pool, names = asked.site.pool, names_for(asked, scope)
    if _is_of_others(names, wanted.team, wanted.operator):
        return _listed(asked, [], None)
    found = await closed_requests(pool, narrowed(scope, query.gemeente), wanted, limit=query.aantal + 1)
    listed = found[: query.aantal]
    last = listed[-1] if len(found) > query.aantal else None
    cursor = None if last is None else write_cursor(last.closed_at.isoformat(), str(last.id))
    return _listed(asked, [listed_closed(one, names) for one in listed], cursor)


async def _open(asked: Asked[RequestsQuery, None]) -> Answer:
    """The first deadline first."""
    query, site, (scope, of) = asked.query, asked.site, _readable(asked)
    team = None if query.team is None else TeamCode(query.team)
    person = None if query.medewerker is None else operator_named(asked, query.medewerker)
    after = None if query.cursor is None else after_row(query.cursor, RequestId)
    names = names_for(asked, scope)
    if _is_of_others(names, team, person):
        return _listed(asked, [], None)
    # What is at risk follows from the rows, and is known once they are read.
    chosen, most = list[RequestAtRisk](), query.aantal + 1 if query.risico is None else MOST_READ
    while len(chosen) <= query.aantal:
        found = await open_requests(
            site.pool,
            narrowed(scope, query.gemeente),
            site.now(),
            team=team,
            operator=person,
            after=after,
            of=of,
            most=most,
        )
        chosen += [one for one in found if query.risico in (None, bool(one.risks))]
        if len(found) < most:
            break
        after = (found[-1].deadline_at, found[-1].id)
    listed = chosen[: query.aantal]
    last = listed[-1] if len(chosen) > query.aantal else None
    cursor = None if last is None else write_cursor(last.deadline_at.isoformat(), str(last.id))
    return _listed(asked, [listed_open(one, names) for one in listed], cursor)


def _is_of_others(names: Names, team: TeamCode | None, person: OperatorNumber | None) -> bool:
    """Whether the owner that is asked for is one whom the sender may not know: that a request is theirs is not said."""
    of_others = person is not None and names.number(person) is None
    return of_others or (team is not None and names.team_code(team) is None)


def _listed(asked: AnyAsked, shown: list[Terugbelverzoek], cursor: str | None) -> Answer:
    return Answer(TerugbelverzoekLijst(terugbelverzoeken=shown, links=links_of(asked, cursor)))


async def show_request(asked: Asked[Query, None]) -> Answer:
    story, scope = await _story_of(asked)
    return Answer(story_shape(story, names_for(asked, scope)))


async def show_number(asked: Asked[Query, None]) -> Answer:
    """Whoever looks is in the audit log first."""
    site, scope = asked.site, asked.actor.scope_of(Action.SEE_NUMBER)
    if scope == NOBODYS:
        raise forbidden()
    found = await story_with_number(site.pool, scope, asked.path("kenmerk"), asked.caller.author, site.now())
    if found is None:
        raise not_found()
    one = found.request
    return Answer(
        Terugbelnummer(
            kenmerk=one.reference, nummer=one.pii_number, notitie=one.pii_note, reden_sluiting=one.pii_close_reason
        )
    )


async def _story_of(asked: AnyAsked) -> tuple[OwnStory, Scope]:
    """The request that the address names, of one's municipalities, or else of one's own list; and the municipalities
    whose names the sender may know in it. Raises ApiProblem.
    """
    pool, reference, actor = asked.site.pool, asked.path("kenmerk"), asked.actor
    scope = actor.scope_of(Action.REQUESTS)
    found = None if scope == NOBODYS else await story_in_scope(pool, scope, reference)
    if found is None and actor.operator is not None and not asked.caller.is_program:
        scope = actor.scope_of(Action.CALLBACKS)
        found = await own_story(pool, scope, actor.operator, reference)
    if found is None:
        raise not_found()
    return found, scope


def _readable(asked: AnyAsked) -> tuple[Scope, tuple[OperatorNumber, Collection[TeamCode]] | None]:
    """The municipalities whose requests the sender reads, and of an operator whose alone."""
    wide = asked.actor.scope_of(Action.REQUESTS)
    return (wide, None) if wide != NOBODYS else (asked.actor.scope_of(Action.CALLBACKS), _own(asked))


def _own(asked: AnyAsked) -> tuple[OperatorNumber, Collection[TeamCode]]:
    """Whose requests an operator sees; of somebody who is not in the area, no one's."""
    me = asked.actor.operator or OperatorNumber("")
    return me, team_codes(asked.site.area.current, me)
