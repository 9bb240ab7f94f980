"""Terugbelverzoeken that are made, given to somebody, called and closed: each is a command for the controller."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from ari_app.core.access import Action
from ari_app.core.area import DirectoryEntry
from ari_app.core.callback_requests import callback_number
from ari_app.core.commands import AskedCommand
from ari_app.core.directory import is_visible
from ari_app.core.ids import CallId, EntryCode, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.operator_commands import MakeCallback, PromiseCallback
from ari_app.core.promise_commands import FIRST_CONTACT_DAYS, MakePromise
from ari_app.core.skills import skills_of
from ari_app.core.supervisor_commands import AssignRequest, CloseByPerson
from ari_app.core.tariffs import Forbidden
from ari_app.storage.callbacks.at_risk import story_in_scope
from ari_app.storage.callbacks.own import OwnStory, own_story
from ari_app.storage.calls.reads import municipality_of
from ari_app.storage.commands.asker import request_asked, was_asked
from ari_app.web.api.orders import command_id, order
from ari_app.web.api.problems import forbidden, invalid, not_found, param
from ari_app.web.api.rights import AnyAsked, operator_named, towns_of
from ari_app.web.api.shapes import Body, Code, Instant, InvalidParam, Query, Text, WhichOperator
from ari_app.web.api.table import Answer, Asked
from ari_app.web.api.transfers import first_try, handling_operator
from ari_app.web.lengths import LONGEST_NOTE, LONGEST_NUMBER, LONGEST_REASON, LONGEST_SUBJECT


class NieuwTerugbelverzoek(Body):
    """A promise to the caller of a call that goes on (`gesprek`), or to a citizen without one (`gemeente`).

    To a caller without `nummer` it is the one that they show; without an owner it is for the municipality's own team.
    `vermelding`: a person or a department of the directory, by its code. `eersteContactOp`, without a call: when the
    citizen asked, which starts the deadline; absent: now.
    """

    gesprek: UUID | None = None
    gemeente: Code | None = None
    eerste_contact_op: Instant | None = None
    nummer: Annotated[Text, Field(min_length=1, max_length=LONGEST_NUMBER)] | None = None
    onderwerp: Annotated[Text, Field(max_length=LONGEST_SUBJECT)] = ""
    notitie: Annotated[Text, Field(max_length=LONGEST_NOTE)] = ""
    team: Code | None = None
    medewerker: WhichOperator | None = None
    vermelding: Code | None = None


class Toewijzing(Body):
    """To a team, or to somebody in particular: one of the two."""

    team: Code | None = None
    medewerker: WhichOperator | None = None


class SluitingVerzoek(Body):
    """Why the citizen is not called any more."""

    reden: Annotated[Text, Field(min_length=1, max_length=LONGEST_REASON)]


class Belpoging(Body):
    """The operator who calls, and whose phone rings; without it the caller's own."""

    medewerker: WhichOperator = "ik"


async def promise(asked: Asked[Query, NieuwTerugbelverzoek]) -> Answer:
    """To a caller, or to a citizen of a municipality: one of the two."""
    call, town = asked.body.gesprek, asked.body.gemeente
    if (call is None) is (town is None):
        raise invalid(param("gesprek", "call_or_town"), param("gemeente", "call_or_town"))
    if call is not None:
        if asked.body.eerste_contact_op is not None:
            raise invalid(param("eersteContactOp", "only_without_call"))
        return await _promise_caller(asked, CallId(call))
    return await _promise_citizen(asked, MunicipalityCode(town or ""))


async def _promise_citizen(asked: Asked[Query, NieuwTerugbelverzoek], town: MunicipalityCode) -> Answer:
    """A retry is not looked at again: what was right for the first try may be wrong by then."""
    body, site = asked.body, asked.site
    scope, command_as = asked.actor.scope_of(Action.CALLBACKS), command_id(asked)
    entry = _entry(asked)
    if not await was_asked(site.pool, scope, command_as, asked.caller.author):
        own = frozenset({town}) & towns_of(asked, Action.CALLBACKS)
        wrong = [*_unknown_owner(asked, body.team, body.medewerker, town), *_unusable(asked, entry, own)]
        if body.nummer is None:
            wrong.append(param("nummer", "missing"))
        at, now = body.eerste_contact_op, site.now()
        if at is not None and not now - timedelta(days=FIRST_CONTACT_DAYS) <= at <= now:
            wrong.append(param("eersteContactOp", "first_contact"))
        if wrong:
            raise invalid(*wrong)
    number, subject, note = _texts(body)
    operator, team = _owner(asked, entry)
    command = MakePromise(
        number, subject, note, team, operator, None if entry is None else entry.code, body.eerste_contact_op
    )
    return await order(asked, scope, AskedCommand(command, id=command_as, municipality=town))


async def _promise_caller(asked: Asked[Query, NieuwTerugbelverzoek], call_id: CallId) -> Answer:
    """A retry is not looked at again: what was right for the first try may be wrong where the caller is by then."""
    body = asked.body
    scope, command_as = asked.actor.scope_of(Action.CALLBACKS), command_id(asked)
    entry = _entry(asked)
    before = await first_try(asked, scope, command_as, call_id)
    if before is None:
        towns = towns_of(asked, Action.CALLBACKS)
        of = await municipality_of(asked.site.pool, scope, call_id)
        wrong = [*_unknown_owner(asked, body.team, body.medewerker, of), *_unusable(asked, entry, towns)]
        if wrong:
            raise invalid(*wrong)
    operator = await handling_operator(asked, Action.CALLBACKS, call_id, before)
    number, subject, note = _texts(body)
    owner, team = _owner(asked, entry)
    command = PromiseCallback(
        number, subject, note, operator=owner, team=team, entry=None if entry is None else entry.code
    )
    return await order(asked, scope, AskedCommand(command, operator, call_id, command_as))


def _entry(asked: Asked[Query, NieuwTerugbelverzoek]) -> DirectoryEntry | None:
    code = asked.body.vermelding
    return None if code is None else asked.site.area.current.entries.get(EntryCode(code))


def _texts(body: NieuwTerugbelverzoek) -> tuple[str, str, str]:
    """Number, subject, note."""
    return (body.nummer or "").strip(), body.onderwerp.strip(), body.notitie.strip()


def _owner(
    asked: Asked[Query, NieuwTerugbelverzoek], entry: DirectoryEntry | None
) -> tuple[OperatorNumber | None, TeamCode | None]:
    """Those that are named, or else those of the entry."""
    body = asked.body
    named = None if body.medewerker is None else operator_named(asked, body.medewerker)
    operator = named or (None if entry is None else entry.operator)
    return operator, TeamCode(body.team) if body.team is not None else None if entry is None else entry.team


async def assign(asked: Asked[Query, Toewijzing]) -> Answer:
    """Only to those who may call citizens of its municipality."""
    body, story = asked.body, await _changeable(asked)
    if (body.team is None) is (body.medewerker is None):
        raise invalid(param("team", "one_of_both"), param("medewerker", "one_of_both"))
    scope, command_as = asked.actor.scope_of(Action.CHANGE_REQUESTS), command_id(asked)
    # A retry is not looked at again: the team may be gone by then.
    if not await was_asked(asked.site.pool, scope, command_as, asked.caller.author):
        wrong = _unknown_owner(asked, body.team, body.medewerker, story.request.municipality)
        if wrong:
            raise invalid(*wrong)
    command = AssignRequest(
        story.request.id,
        None if body.team is None else TeamCode(body.team),
        None if body.medewerker is None else operator_named(asked, body.medewerker),
    )
    return await order(asked, scope, AskedCommand(command, id=command_as))


async def close(asked: Asked[Query, SluitingVerzoek]) -> Answer:
    reason = " ".join(asked.body.reden.split())
    if not reason or not reason.isprintable():
        raise invalid(param("reden", "characters"))
    story = await _changeable(asked)
    command = AskedCommand(CloseByPerson(story.request.id, reason), id=command_id(asked))
    return await order(asked, asked.actor.scope_of(Action.CHANGE_REQUESTS), command)


async def call(asked: Asked[Query, Belpoging]) -> Answer:
    """Click to call: the operator's phone rings, or their line is taken, and then the citizen is called.

    A retry has the first answer, also when the request is on the operator's list no more.
    """
    operator = operator_named(asked, asked.body.medewerker)
    if not asked.caller.is_program and operator != asked.actor.operator:
        raise forbidden("U kunt alleen zelf bellen (medewerker: ik).")
    scope, command_as, pool = asked.actor.scope_of(Action.CALLBACKS), command_id(asked), asked.site.pool
    story = await story_in_scope(pool, scope, asked.path("kenmerk"))
    if story is None:
        raise not_found()
    before = await request_asked(pool, scope, command_as, asked.caller.author)
    if not asked.caller.is_program and before != story.request.id:
        story = await own_story(pool, scope, operator, asked.path("kenmerk"))
        if story is None:
            raise not_found()
    return await order(asked, scope, AskedCommand(MakeCallback(story.request.id), operator, id=command_as))


def _unusable(
    asked: Asked[Query, NieuwTerugbelverzoek], entry: DirectoryEntry | None, towns: frozenset[MunicipalityCode]
) -> Iterator[InvalidParam]:
    """The number, and the entry of the directory of these municipalities, that no promise can be made with."""
    body = asked.body
    if body.vermelding is not None and (entry is None or not is_visible(entry, towns)):
        yield param("vermelding", "unknown")
    number = None if body.nummer is None else callback_number(body.nummer, asked.site.area.current)
    if isinstance(number, Forbidden):
        yield param("nummer", number.reason.value)


async def _changeable(asked: AnyAsked) -> OwnStory:
    """Raises ApiProblem."""
    scope = asked.actor.scope_of(Action.CHANGE_REQUESTS)
    story = await story_in_scope(asked.site.pool, scope, asked.path("kenmerk"))
    if story is None:
        raise not_found()
    return story


def _unknown_owner(
    asked: AnyAsked, team: str | None, operator: str | None, municipality: MunicipalityCode | None
) -> list[InvalidParam]:
    """Whoever does not answer for this municipality (None: for any of the caller's) does not exist here: they could not
    see the request.
    """
    area = asked.site.area.current
    towns = towns_of(asked, Action.CALLBACKS)
    own = towns if municipality is None else frozenset({municipality})
    wrong = []
    if team is not None:
        known = area.teams.get(TeamCode(team))
        if known is None or own.isdisjoint(known.towns):
            wrong.append(param("team", "unknown"))
    if operator is not None:
        number = OperatorNumber(operator_named(asked, operator))
        if number not in area.operators or own.isdisjoint(skills_of(area, number).any):
            wrong.append(param("medewerker", "unknown"))
    return wrong
