"""Calls of a supervisor's municipalities: a list that is narrowed by its address, and the story of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.ids import CallId
from ari_app.storage.callbacks.of_call import requests_of_call
from ari_app.storage.calls.numbers import CallersNumber, callers_number
from ari_app.storage.calls.reads import call_story
from ari_app.storage.calls.search import FoundCalls, search_calls
from ari_app.web.api.cursors import write_cursor
from ari_app.web.call_filters import ENDS, LONGEST_WAIT, OPEN, CallFilter, Choices, read_filter
from ari_app.web.call_story import story_view
from ari_app.web.list_filters import MOST_ROWS
from ari_app.web.names import Names
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.call import RESULTS, subjects_of
from ari_app.web.pages.commands import call_id_in
from ari_app.web.site import Visit

HERE = "/gesprekken"


async def show_all(visit: Visit) -> web.Response:
    """A page of the list. Of an address that is wrong the form alone, which says what is."""
    site, scope, now = visit.site, visit.actor.scope_of(Action.CALLS), visit.site.now()
    names = Names.of(site.area.current, scope)
    choices = choices_of(names)
    wanted = filter_of(visit, choices, now)
    found = FoundCalls([])
    if not wanted.faults:
        found = await search_calls(site.pool, wanted.narrowed(scope), wanted.selection, now)
    return page_for(
        visit,
        "call_list",
        status=400 if wanted.faults else 200,
        calls=found.calls,
        further=None if found.after is None else wanted.address(HERE, cursor=_cursor(found)),
        looked_until=found.looked_until,
        first=wanted.address(HERE) if wanted.values["cursor"] else None,
        export=wanted.address(f"{HERE}.csv"),
        wanted=wanted,
        choices=choices,
        ends={OPEN: "Nog bezig", **{code: words for code, (words, _) in ENDS.items()}},
        names=names,
        most_rows=MOST_ROWS,
        longest_wait=LONGEST_WAIT,
        now=now,
    )


async def show(visit: Visit) -> web.Response:
    """Everything that was recorded of a call, without its number and notes."""
    return await _story(visit, call_id_in(visit.request), None)


async def show_number(visit: Visit) -> web.Response:
    """The same with the caller's number and the operators' notes: that somebody looks is in the audit log first."""
    site, call_id, scope = visit.site, call_id_in(visit.request), visit.actor.scope_of(Action.SEE_NUMBER)
    number = await callers_number(site.pool, scope, call_id, f"account:{visit.actor.login}", site.now())
    if number is None:
        raise web.HTTPNotFound
    return await _story(visit, call_id, number)


def choices_of(names: Names) -> Choices:
    subjects = subjects_of(names.area, names.towns)
    return Choices(names.towns, names.teams, names.operators, subjects)


def filter_of(visit: Visit, choices: Choices, now: datetime, sent: Mapping[str, str] | None = None) -> CallFilter:
    """Of the address, unless a form says it."""
    query = visit.request.query
    repeated = frozenset(name for name in query if len(query.getall(name)) > 1) if sent is None else frozenset[str]()
    return read_filter(query if sent is None else sent, repeated, choices, now)


async def _story(visit: Visit, call_id: CallId, number: CallersNumber | None) -> web.Response:
    site, now = visit.site, visit.site.now()
    scope = visit.actor.scope_of(Action.CALLS if number is None else Action.SEE_NUMBER)
    found = await call_story(site.pool, scope, call_id, with_personal_data=number is not None)
    if found is None:
        raise web.HTTPNotFound
    requests = await requests_of_call(site.pool, scope, found.call)
    view = story_view(found, Names.of(site.area.current, scope), now)
    return page_for(
        visit, "call_story", story=found, view=view, number=number, requests=requests, results=RESULTS, back=HERE
    )


def _cursor(found: FoundCalls) -> str:
    assert found.after is not None
    at, call_id = found.after
    return write_cursor(at.isoformat(), str(call_id))
