"""Callbacks of a supervisor's municipalities: what is at risk, given to somebody, closed with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID, uuid5

from aiohttp import web
from markupsafe import Markup

from ari_app.core.access import Action, Scope
from ari_app.core.area import Area
from ari_app.core.commands import AnyCommand, AskedCommand
from ari_app.core.ids import CommandId, EntryCode, MunicipalityCode, OperatorNumber, RequestId, TeamCode, new_command_id
from ari_app.core.operator_commands import Accepted, Answer, RefusalReason, Refused
from ari_app.core.skills import skills_of
from ari_app.core.supervisor_commands import AssignRequest, CloseByPerson
from ari_app.storage.callbacks.at_risk import (
    MOST_LISTED,
    RequestAtRisk,
    RequestCounts,
    requests_at_risk,
    story_in_scope,
    story_with_number,
    towns_of_requests,
)
from ari_app.storage.callbacks.of_call import known_calls
from ari_app.storage.callbacks.own import OwnStory
from ari_app.web import security
from ari_app.web.lengths import LONGEST_REASON
from ari_app.web.live.screen import Page, Region, Screen
from ari_app.web.names import Names
from ari_app.web.pages.answers import page_for, see_other
from ari_app.web.pages.commands import command_id_of
from ari_app.web.pages.supervising import ask_over_all, back_to, reason_of, said
from ari_app.web.request_words import actor_words, call_of, history_of
from ari_app.web.site import Visit

HERE = "/terugbelverzoeken"
#: checkboxes have names of their own: of a field that comes twice the last counts
CHOSEN = "v-"


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody to whom requests can be given, and the municipalities whose requests they can call."""

    value: str
    name: str
    towns: frozenset[MunicipalityCode]
    team: TeamCode | None = None
    operator: OperatorNumber | None = None
    entry: EntryCode | None = None


@dataclass(frozen=True, slots=True)
class OpenFilter:
    """What an address asks of the open requests: `team`, `medewerker`, `gemeente`: theirs alone; `risico`: at risk."""

    visit: Visit
    owners: Sequence[Owner]
    names: Names
    team: Owner | None
    person: Owner | None
    town: MunicipalityCode | None
    only_risky: bool

    @classmethod
    def of(cls, visit: Visit) -> OpenFilter:
        """A team, person or municipality that is not the visitor's is taken for none."""
        area, query, scope = visit.site.area.current, visit.request.query, visit.actor.scope_of(Action.REQUESTS)
        owners, names = owners_for(area, scope), Names.of(area, scope)
        chosen = {one.value: one for one in owners}
        return cls(
            visit,
            owners,
            names,
            chosen.get(query.get("team", "")),
            chosen.get(query.get("medewerker", "")),
            next((code for code in names.towns if code == query.get("gemeente")), None),
            bool(query.get("risico")),
        )

    async def listed(self, most: int) -> tuple[list[RequestAtRisk], RequestCounts]:
        """By deadline. Raises StoreUnavailable."""
        return await requests_at_risk(
            self.visit.site.pool,
            self.names.scope if self.town is None else frozenset({self.town}),
            self.visit.site.now(),
            team=None if self.team is None else self.team.team,
            operator=None if self.person is None else self.person.operator,
            only_risky=self.only_risky,
            most=most,
        )

    @property
    def address(self) -> str:
        """What comes after the question mark of an address that asks the same."""
        asked = {
            "gemeente": self.town,
            "team": self.team and self.team.value,
            "medewerker": self.person and self.person.value,
            "risico": "1" if self.only_risky else None,
        }
        return urlencode({name: value for name, value in asked.items() if value})


async def show_all(visit: Visit) -> web.Response:
    """The list, as `OpenFilter` reads the address."""
    site, wanted = visit.site, OpenFilter.of(visit)
    listed, counts = await wanted.listed(MOST_LISTED)
    screen = Screen(visit.session.id, visit.actor, Page.REQUESTS)
    await site.hub.fill(screen)
    return page_for(
        visit,
        "requests",
        live=f"/live?blad={Page.REQUESTS}",
        regions={region.value: Markup(screen.shown(region)) for region in Region},
        requests=listed,
        most=MOST_LISTED,
        is_cut=(counts.at_risk if wanted.only_risky else counts.open) > MOST_LISTED,
        owners=wanted.owners,
        names=wanted.names,
        teams={one.value: one.name for one in wanted.owners if one.team},
        people={one.value: f"{one.name} ({one.operator})" for one in wanted.owners if one.operator},
        team=None if wanted.team is None else wanted.team.value,
        person=None if wanted.person is None else wanted.person.value,
        towns=wanted.names.towns,
        town=wanted.town,
        only_risky=wanted.only_risky,
        export=f"{HERE}.csv?{wanted.address}".rstrip("?"),
        said=_said(visit.request.query),
        now=site.now(),
        id=new_command_id(),
        longest_reason=LONGEST_REASON,
    )


async def change_many(visit: Visit) -> web.Response:
    """Give the chosen requests to somebody, or close them; each is a command of its own."""
    form = await security.read_form(visit.request)
    chosen = [found for name in form if name.startswith(CHOSEN) and (found := _request(name[len(CHOSEN) :]))]
    if not chosen:
        return see_other(f"{HERE}?antwoord=kies")
    answers = await _all(visit, form, chosen)
    done = sum(isinstance(answer, Accepted) for answer in answers)
    others = [answer for answer in answers if not isinstance(answer, Accepted)]
    what = "gesloten" if form.get("doe") == "sluiten" else "gegeven"
    more = {"aantal": str(done), "wat": what, "niet": str(len(others))}
    return back_to(HERE, others[0] if others else answers[0], **more)


async def show(visit: Visit) -> web.Response:
    """The history of one request, without its number."""
    scope, reference = visit.actor.scope_of(Action.REQUESTS), visit.request.match_info["reference"]
    return await _story(visit, await story_in_scope(visit.site.pool, scope, reference), is_bare=True)


async def show_number(visit: Visit) -> web.Response:
    """The same with number and notes: whoever looks is in the audit log."""
    site, scope = visit.site, visit.actor.scope_of(Action.SEE_NUMBER)
    reference, author = visit.request.match_info["reference"], f"account:{visit.actor.login}"
    story = await story_with_number(site.pool, scope, reference, author, site.now())
    return await _story(visit, story, is_bare=False)


def owners_for(area: Area, scope: Scope) -> list[Owner]:
    """Teams, then operators, who answer for a municipality of the scope. Their others are not in it."""

    def own(towns: frozenset[MunicipalityCode]) -> frozenset[MunicipalityCode]:
        return towns if scope is None else towns & scope

    teams = [Owner(f"team:{code}", team.name, own(team.towns), team=code) for code, team in area.teams.items()]
    people = [
        Owner(f"operator:{number}", one.name, own(skills_of(area, number).any), operator=number)
        for number, one in area.operators.items()
    ]
    return [one for group in (teams, people) for one in sorted(group, key=lambda one: one.name) if one.towns]


async def _all(visit: Visit, form: Mapping[str, str], chosen: list[RequestId]) -> list[Answer]:
    """The answers, in the order of the requests. Raises HTTPBadRequest."""
    site, scope = visit.site, visit.actor.scope_of(Action.REQUESTS)
    towns = await towns_of_requests(site.pool, scope, chosen)
    base = command_id_of(form.get("id", ""))
    owner = next((one for one in owners_for(site.area.current, scope) if one.value == form.get("aan")), None)
    is_closing = form.get("doe") == "sluiten"
    if not is_closing and (form.get("doe") != "geven" or owner is None):
        raise web.HTTPBadRequest
    reason = reason_of(form) if is_closing else ""

    def command(request: RequestId) -> AnyCommand | None:
        if owner is None or is_closing:
            return CloseByPerson(request, reason)
        if request in towns and towns[request] not in owner.towns:
            return None  # their people could not see it
        return AssignRequest(request, owner.team, owner.operator)

    answers = await ask_each(visit, {request: command(request) for request in chosen}, base)
    return [answers[request] for request in chosen]


async def ask_each(
    visit: Visit, wanted: Mapping[RequestId, AnyCommand | None], base: CommandId
) -> Mapping[RequestId, Answer]:
    """One command for each request: sent twice under the same `base`, each is one.

    None: those whom the request would be for could not see it.
    """
    asked = {
        request: AskedCommand(command, id=CommandId(uuid5(base, str(request))))
        for request, command in wanted.items()
        if command is not None
    }
    answers = await ask_over_all(visit, Action.CHANGE_REQUESTS, list(asked.values()))
    given: dict[RequestId, Answer] = dict(zip(asked, answers, strict=True))
    return {request: given.get(request, Refused(RefusalReason.UNKNOWN_DESTINATION)) for request in wanted}


async def _story(visit: Visit, story: OwnStory | None, *, is_bare: bool) -> web.Response:
    if story is None:
        raise web.HTTPNotFound
    site, scope = visit.site, visit.actor.scope_of(Action.REQUESTS)
    names, request = Names.of(site.area.current, scope), story.request
    said_in = {call for fact in story.facts if (call := call_of(fact)) is not None}
    said_in |= {call for call in (request.call_id, *(one.call_id for one in story.attempts)) if call is not None}
    known = await known_calls(site.pool, scope, said_in)
    return page_for(
        visit,
        "callback",
        story=story,
        town=names.town(request.municipality),
        history=history_of(story.facts, names, known),
        owner=names.operator(request.owner_operator) or names.team(request.owner_team),
        closed_by=None if request.closed_by is None else actor_words(request.closed_by, names),
        known_calls=known,
        names=names,
        is_bare=is_bare,
        back=HERE,
    )


def _request(text: str) -> RequestId | None:
    try:
        return RequestId(UUID(text))
    except ValueError:
        return None


def _said(query: Mapping[str, str]) -> str:
    """Of the address to which `change_many` led."""
    word, done = query.get("antwoord", ""), query.get("aantal", "")
    if word == "kies":
        return "Kies eerst een of meer verzoeken."
    why = said(word, done="")
    if not done.isdecimal() or query.get("wat") not in ("gegeven", "gesloten"):
        return why
    count = int(done)
    first = f"{count} {'verzoek' if count == 1 else 'verzoeken'} {query['wat']}." if count or not why else ""
    others = query.get("niet", "")
    if not why or not others.isdecimal():
        return first
    return f"{first} {int(others)} niet: {why}".strip()
