"""Calls as CSV, for a spreadsheet: a page of rows at a time, so that a long list takes no more memory than a short one.

Excel in the Netherlands opens such a file by itself when it is UTF-8 with a byte order mark and semicolons: without the
mark it takes it for Windows-1252, and its list separator is the semicolon, since the comma is that of decimals. Cells
that a spreadsheet would take for a formula begin with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from aiohttp import hdrs, web

from ari_app.core.access import Action
from ari_app.core.calendar import AMSTERDAM, local_date
from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.calls.numbers import callers_numbers
from ari_app.storage.calls.search import search_calls
from ari_app.storage.calls.selected import SelectedCall
from ari_app.web import security
from ari_app.web.call_filters import MOST_ROWS, CallFilter
from ari_app.web.call_words import end_words, phone
from ari_app.web.names import Names
from ari_app.web.pages import calls
from ari_app.web.site import Visit

ROWS_AT_ONCE = 500
TOO_MANY = f"Let op: dit zijn de eerste {MOST_ROWS} gesprekken. Er zijn er meer. Kies een kortere periode."
BYTE_ORDER_MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
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
    """Raises HTTPBadRequest, and ConnectionError for a store that goes away in the middle: a file is whole, or none."""
    if wanted.faults:
        raise web.HTTPBadRequest
    now = visit.site.now()
    pages = _pages(visit, names, wanted, now, with_numbers)
    first = await anext(pages)  # a store that is away is said on a page
    response = web.StreamResponse()
    response.content_type, response.charset = "text/csv", "utf-8"
    name = f"gesprekken-{local_date(now).isoformat()}.csv"
    response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{name}"'
    await response.prepare(visit.request)
    try:
        head = (*_HEAD, "nummer") if with_numbers else _HEAD
        await response.write((BYTE_ORDER_MARK + lines([head]) + first).encode())
        async for page in pages:
            await response.write(page.encode())
    except StoreUnavailable as away:
        if visit.request.transport is not None:
            visit.request.transport.abort()
        raise ConnectionResetError("the store went away in the middle of a file") from away
    await response.write_eof()
    return response


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
    """Times are those of the Netherlands, in a form that a spreadsheet takes for a moment."""
    return (
        str(one.id),
        f"{one.arrived_at.astimezone(AMSTERDAM):%Y-%m-%d %H:%M:%S}",
        one.municipality_name or names.town(one.municipality),
        one.dialled,
        end_words(one.end_reason),
        _whole(one.wait_seconds),
        _whole(one.talk_seconds),
        names.operator(one.operator),
        str(one.transfer_count),
        _yes(one.calamity),
        _yes(one.handled_by_fallback),
        _yes(one.end_is_estimated),
    )


def lines(rows: Iterable[Sequence[str]]) -> str:
    """Rows as text, each cell made harmless."""
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def harmless(cell: str) -> str:
    """Text that a spreadsheet would read as a formula, made text."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _whole(seconds: float | None) -> str:
    return "" if seconds is None else str(int(seconds))


def _yes(is_so: bool) -> str:
    return "ja" if is_so else "nee"
