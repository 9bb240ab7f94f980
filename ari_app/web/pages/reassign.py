"""Everything that somebody had to call back, given to others in one action: for whoever is away, or has left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.ids import OperatorNumber, RequestId, new_command_id
from ari_app.core.operator_commands import Accepted, Answer
from ari_app.core.supervisor_commands import AssignRequest
from ari_app.storage.callbacks.at_risk import RequestAtRisk, open_requests, owners_of_requests
from ari_app.web import security
from ari_app.web.names import Names
from ari_app.web.pages.answers import page_for, see_other
from ari_app.web.pages.commands import command_id_of
from ari_app.web.pages.requests import Owner, ask_each, owners_for
from ari_app.web.pages.supervising import said, word_of
from ari_app.web.site import Visit

HERE = "/terugbelverzoeken/overdragen"
#: each request goes to the team that it is of already
OWN_TEAM = "eigen-team"
#: so many references fit in an address; the others are counted
MOST_NAMED = 40


@dataclass(frozen=True, slots=True)
class NotGiven:
    """Requests that could not be given, for one reason, by their references."""

    why: str
    references: tuple[str, ...]


async def show(visit: Visit) -> web.Response:
    """Everybody for whom requests are open, and of the one that the address names how many, and what came of it."""
    site, scope, query, now = visit.site, visit.actor.scope_of(Action.REQUESTS), visit.request.query, visit.site.now()
    names, found = Names.of(site.area.current, scope), await owners_of_requests(site.pool, scope, now)
    people = sorted(found.values(), key=lambda one: (not one.is_absent, names.operator(one.number)))
    chosen = _known(query.get("van", ""), names)
    owners = [one for one in owners_for(site.area.current, scope) if chosen is None or one.operator != chosen]
    return page_for(
        visit,
        "reassign",
        people=[one for one in people if names.number(one.number) is not None],
        names=names,
        chosen=chosen,
        count=0 if chosen is None or chosen not in found else found[chosen].count,
        is_absent=chosen in found and found[chosen].is_absent,
        owners=owners,
        own_team=OWN_TEAM,
        given=_number(query.get("gegeven", "")),
        not_given=_not_given(query.get("niet", "")),
        others=_number(query.get("anderen", "")) or 0,
        id=new_command_id(),
        now=now,
    )


async def give(visit: Visit) -> web.Response:
    """Raises HTTPBadRequest, HTTPNotFound."""
    site, scope = visit.site, visit.actor.scope_of(Action.CHANGE_REQUESTS)
    form = await security.read_form(visit.request)
    whose = _known(form.get("van", ""), Names.of(site.area.current, scope))
    owners = owners_for(site.area.current, scope)
    to = next((one for one in owners if one.value == form.get("aan") and one.operator != whose), None)
    if whose is None or (to is None and form.get("aan") != OWN_TEAM):
        raise web.HTTPBadRequest
    requests = await open_requests(site.pool, scope, site.now(), of=(whose, ()))
    wanted = {request.id: _command(request, to) for request in requests}
    answers = await ask_each(visit, wanted, command_id_of(form.get("id", "")))
    return see_other(f"{HERE}?{urlencode({'van': whose, **_report(requests, answers)})}")


def _command(request: RequestAtRisk, to: Owner | None) -> AssignRequest | None:
    """None: they could not see it."""
    if to is None:
        return AssignRequest(request.id, request.team, None)
    return AssignRequest(request.id, to.team, to.operator) if request.municipality in to.towns else None


def _report(requests: Sequence[RequestAtRisk], answers: Mapping[RequestId, Answer]) -> dict[str, str]:
    """For the address of the page that says what came of it."""
    wrong = [
        f"{request.reference}:{word_of(answers[request.id])}"
        for request in requests
        if not isinstance(answers[request.id], Accepted)
    ]
    report = {"gegeven": str(len(requests) - len(wrong))}
    if wrong:
        report |= {"niet": ",".join(wrong[:MOST_NAMED]), "anderen": str(len(wrong[MOST_NAMED:]))}
    return report


def _not_given(text: str) -> list[NotGiven]:
    """Of the address; what is no reference, or no reason, is left out."""
    by_reason: dict[str, list[str]] = {}
    for part in text.split(",")[:MOST_NAMED]:
        reference, _, word = part.partition(":")
        why = said(word, done="")
        if why and reference.isascii() and reference.isdigit() and len(reference) <= 10:
            by_reason.setdefault(why, []).append(reference)
    return [NotGiven(why, tuple(references)) for why, references in by_reason.items()]


def _known(text: str, names: Names) -> OperatorNumber | None:
    """Somebody whom the visitor may know: of the area, or of it no more. Raises HTTPNotFound for anybody else."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 20) or names.number(text) is None:
        raise web.HTTPNotFound
    return OperatorNumber(text)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
