"""Calls as a file for Excel (`csv_file`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.calendar import local_date
from ari_app.storage.calls.numbers import callers_numbers
from ari_app.storage.calls.search import search_calls
from ari_app.storage.calls.selected import SelectedCall
from ari_app.web import security
from ari_app.web.call_filters import CallFilter
from ari_app.web.call_words import end_words, phone
from ari_app.web.csv_file import ROWS_AT_ONCE, csv_file, lines, moment_cell, yes_or_no
from ari_app.web.list_filters import MOST_ROWS
from ari_app.web.names import Names
from ari_app.web.pages import calls
from ari_app.web.site import Visit

TOO_MANY = f"Let op: dit zijn de eerste {MOST_ROWS} gesprekken. Er zijn er meer. Kies een kortere periode."
_HEAD = (
    "gesprek",
    "binnengekomen",
    "gemeente",
    "gebeld nummer",
    "einde",
    "gewacht in wachtrijen (seconden)",
    "gesproken met medewerker of collega (seconden)",
    "medewerker",
    "doorverbonden (keer)",
    "calamiteit",
    "noodroute",
    "einde geschat",
)


async def export(visit: Visit) -> web.StreamResponse:
    """The calls of the address, without numbers."""
    names = Names.of(visit.site.area.current, visit.actor.scope_of(Action.CALLS))
    return await _file(visit, names, calls.filter_of(visit, calls.choices_of(names), visit.site.now()), False)


async def export_numbers(visit: Visit) -> web.StreamResponse:
    """Those of a form, with their numbers: each call is named in the audit log before its number is sent."""
    names = Names.of(visit.site.area.current, visit.actor.scope_of(Action.SEE_NUMBER))
    form = await security.read_form(visit.request)
    return await _file(visit, names, calls.filter_of(visit, calls.choices_of(names), visit.site.now(), form), True)


async def _file(visit: Visit, names: Names, wanted: CallFilter, with_numbers: bool) -> web.StreamResponse:
    """Raises HTTPBadRequest, and as `csv_file`."""
    if wanted.faults:
        raise web.HTTPBadRequest
    now = visit.site.now()
    head = (*_HEAD, "nummer") if with_numbers else _HEAD
    name = f"gesprekken-{local_date(now).isoformat()}.csv"
    return await csv_file(visit.request, name, head, _pages(visit, names, wanted, now, with_numbers))


async def _pages(
    visit: Visit, names: Names, wanted: CallFilter, now: datetime, with_numbers: bool
) -> AsyncIterator[str]:
    """Raises StoreUnavailable."""
    site, count = visit.site, 0
    scope, selection = wanted.narrowed(names.scope), replace(wanted.selection, before=None)
    while True:
        limit = min(ROWS_AT_ONCE, MOST_ROWS - count)
        found = await search_calls(site.pool, scope, selection, now, limit=limit)
        count += len(found.calls)
        rows: list[Sequence[str]] = [row_of(one, names) for one in found.calls]
        if with_numbers and rows:
            author, ids = f"account:{visit.actor.login}", [one.id for one in found.calls]
            numbers = await callers_numbers(site.pool, scope, ids, author, now)
            rows = [(*row, phone(numbers.get(one.id) or "")) for row, one in zip(rows, found.calls, strict=True)]
        if found.after is not None and count >= MOST_ROWS:
            yield lines([*rows, (TOO_MANY,)])
            return
        yield lines(rows)
        if found.after is None:
            return
        selection = replace(selection, before=found.after)


def row_of(one: SelectedCall, names: Names) -> Sequence[str]:
    return (
        str(one.id),
        moment_cell(one.arrived_at),
        one.municipality_name or names.town(one.municipality),
        one.dialled,
        end_words(one.end_reason),
        _whole(one.wait_seconds),
        _whole(one.talk_seconds),
        names.operator(one.operator),
        str(one.transfer_count),
        yes_or_no(one.calamity),
        yes_or_no(one.handled_by_fallback),
        yes_or_no(one.end_is_estimated),
    )


def _whole(seconds: float | None) -> str:
    return "" if seconds is None else str(int(seconds))
