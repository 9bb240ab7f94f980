"""Callbacks that are closed, of a supervisor's municipalities: how each ended, by whom and why; and all as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.calendar import local_date
from ari_app.core.ids import RequestId
from ari_app.storage.callbacks.closed import ClosedRequest, PersonalOfRequest, closed_requests, personal_of_closed
from ari_app.web import security
from ari_app.web.api.cursors import write_cursor
from ari_app.web.call_words import phone
from ari_app.web.closed_filters import HOW, ClosedFilter, read_closed_filter
from ari_app.web.csv_file import ROWS_AT_ONCE, csv_file, lines, moment_cell, yes_or_no
from ari_app.web.list_filters import MOST_ROWS
from ari_app.web.names import Names
from ari_app.web.pages.answers import page_for
from ari_app.web.request_words import CLOSED, actor_words
from ari_app.web.site import Visit

HERE = "/terugbelverzoeken/gesloten"
ROWS_OF_PAGE = 50
TOO_MANY = f"Let op: dit zijn de eerste {MOST_ROWS} verzoeken. Er zijn er meer. Kies een kortere periode."
_HEAD = (
    "verzoek",
    "gemeente",
    "onderwerp",
    "eerste contact",
    "bellen voor",
    "afgesloten",
    "hoe afgesloten",
    "afgesloten door",
    "op tijd gesproken",
    "gebeld (keer)",
    "team",
    "medewerker",
)
_PERSONAL_HEAD = ("nummer", "waarom afgesloten")


async def show_all(visit: Visit) -> web.Response:
    """A page of the list, without numbers and reasons."""
    names = Names.of(visit.site.area.current, visit.actor.scope_of(Action.REQUESTS))
    return await _page(visit, names, _filter(visit, names), {})


async def show_reasons(visit: Visit) -> web.Response:
    """The same with the reasons: that somebody looks is in the audit log first."""
    names = Names.of(visit.site.area.current, visit.actor.scope_of(Action.SEE_NUMBER))
    return await _page(visit, names, _filter(visit, names, await security.read_form(visit.request)), None)


async def export(visit: Visit) -> web.StreamResponse:
    """The requests of the address, without numbers and reasons."""
    names = Names.of(visit.site.area.current, visit.actor.scope_of(Action.REQUESTS))
    return await _file(visit, names, _filter(visit, names), is_personal=False)


async def export_personal(visit: Visit) -> web.StreamResponse:
    """Those of a form, with numbers and reasons: each is named in the audit log before it is sent."""
    names = Names.of(visit.site.area.current, visit.actor.scope_of(Action.SEE_NUMBER))
    wanted = _filter(visit, names, await security.read_form(visit.request))
    return await _file(visit, names, wanted, is_personal=True)


async def _page(
    visit: Visit, names: Names, wanted: ClosedFilter, personal: Mapping[RequestId, PersonalOfRequest] | None
) -> web.Response:
    """`personal` None: it is to be read. Of an address that is wrong the form alone, which says what is."""
    site, now = visit.site, visit.site.now()
    found, further = list[ClosedRequest](), None
    if not wanted.faults:
        scope = wanted.narrowed(names.scope)
        found = await closed_requests(site.pool, scope, wanted.selection, limit=ROWS_OF_PAGE + 1)
        if len(found) > ROWS_OF_PAGE:
            found = found[:ROWS_OF_PAGE]
            further = wanted.address(HERE, cursor=write_cursor(found[-1].closed_at.isoformat(), str(found[-1].id)))
    shows_reasons = personal is None and not wanted.faults
    if personal is None:
        personal = await _personal(visit, names, found, "callbacks.reasons_shown", now) if found else {}
    return page_for(
        visit,
        "closed_requests",
        status=400 if wanted.faults else 200,
        requests=found,
        reasons={one: said.pii_close_reason for one, said in personal.items()},
        shows_reasons=shows_reasons,
        further=further,
        first=wanted.address(HERE) if wanted.values["cursor"] else None,
        export=wanted.address(f"{HERE}.csv"),
        wanted=wanted,
        how={word: CLOSED[kind].capitalize() for word, kind in HOW.items()},
        how_words=CLOSED,
        closed_by={one.id: actor_words(one.closed_by, names) for one in found},
        names=names,
        most_rows=MOST_ROWS,
        now=now,
    )


async def _file(visit: Visit, names: Names, wanted: ClosedFilter, *, is_personal: bool) -> web.StreamResponse:
    """Raises HTTPBadRequest, and as `csv_file`."""
    if wanted.faults:
        raise web.HTTPBadRequest
    now = visit.site.now()
    name = f"terugbelverzoeken-gesloten-{local_date(now).isoformat()}.csv"
    head = (*_HEAD, *_PERSONAL_HEAD) if is_personal else _HEAD
    return await csv_file(visit.request, name, head, _pages(visit, names, wanted, now, is_personal))


async def _pages(
    visit: Visit, names: Names, wanted: ClosedFilter, now: datetime, is_personal: bool
) -> AsyncIterator[str]:
    """Raises StoreUnavailable."""
    scope, selection, count = wanted.narrowed(names.scope), replace(wanted.selection, before=None), 0
    while True:
        limit = min(ROWS_AT_ONCE, MOST_ROWS - count)
        found = await closed_requests(visit.site.pool, scope, selection, limit=limit + 1)
        listed, has_more = found[:limit], len(found) > limit
        count += len(listed)
        rows: list[Sequence[str]] = [_row(one, names) for one in listed]
        if is_personal and listed:
            personal = await _personal(visit, names, listed, "callbacks.numbers_exported", now)
            rows = [(*row, *_cells(personal.get(one.id))) for row, one in zip(rows, listed, strict=True)]
        if has_more and count >= MOST_ROWS:
            yield lines([*rows, (TOO_MANY,)])
            return
        yield lines(rows)
        if not has_more:
            return
        selection = replace(selection, before=(listed[-1].closed_at, listed[-1].id))


async def _personal(
    visit: Visit, names: Names, found: Sequence[ClosedRequest], action: str, now: datetime
) -> dict[RequestId, PersonalOfRequest]:
    ids, author = [one.id for one in found], f"account:{visit.actor.login}"
    return await personal_of_closed(visit.site.pool, names.scope, ids, author, action, now)


def _cells(personal: PersonalOfRequest | None) -> tuple[str, str]:
    return ("", "") if personal is None else (phone(personal.pii_number), personal.pii_close_reason)


def _row(one: ClosedRequest, names: Names) -> Sequence[str]:
    return (
        one.reference,
        one.town,
        one.subject,
        moment_cell(one.first_contact_at),
        moment_cell(one.deadline_at),
        moment_cell(one.closed_at),
        CLOSED[one.close_kind],
        actor_words(one.closed_by, names),
        yes_or_no(one.is_on_time),
        str(one.attempts_count),
        names.team(one.team),
        names.operator(one.operator),
    )


def _filter(visit: Visit, names: Names, sent: Mapping[str, str] | None = None) -> ClosedFilter:
    """Of the address, unless a form says it."""
    query = visit.request.query
    repeated = frozenset(name for name in query if len(query.getall(name)) > 1) if sent is None else frozenset[str]()
    return read_closed_filter(query if sent is None else sent, repeated, names, visit.site.now())
