"""Gebeurtenissen: which rows changed, as server-sent events, from the log of changes.

The id of an event is a position in the log (`core.changes`). A reader that comes back with the last id it read misses
nothing; what it had read of the page that broke off it gets again. An event says which row is to be read again, never
what is in it, and only of rows that its reader may read.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import ClientConnectionResetError, hdrs, web

from ari_app.core.access import NOBODYS, Action, Actor, Scope, overlap, together
from ari_app.core.changes import Change, ChangeKind, ChangePage, Position
from ari_app.core.ids import WebSessionId
from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.accounts.service_tokens import token_lives
from ari_app.storage.accounts.sessions import living_sessions
from ari_app.storage.changes.reads import changes_since
from ari_app.web.api.feeds import FEEDS, Inbox
from ari_app.web.api.limits import Streams
from ari_app.web.api.openapi import VERSION
from ari_app.web.api.problems import ApiProblem, invalid, param
from ari_app.web.api.shapes import Query, write_instant
from ari_app.web.api.table import PREFIX, Asked

#: a comment so often, for proxies and for the reader's own watchdog; then it is asked as well whether it may go on
HEARTBEAT_SECONDS = 15.0
RETRY_SECONDS = 1.0
LOOK_SECONDS = 1.0
MOST_ROWS = 500
STREAMS: web.AppKey[Streams] = web.AppKey("api streams")
_LAST_ID = "Last-Event-ID"
_TOO_MANY = ApiProblem(429, "U hebt al genoeg stromen open.", "too_many_streams", headers={str(hdrs.RETRY_AFTER): "15"})


@dataclass(frozen=True, slots=True)
class _Told:
    """One kind of row: the word for it, the right to read it, and where it is read again."""

    word: str
    action: Action
    path: str


_KINDS: Mapping[ChangeKind, _Told] = {
    ChangeKind.CALL: _Told("gesprek", Action.CALLS, "/gesprekken/{id}"),
    ChangeKind.VISIT: _Told("wachtrij", Action.QUEUE_LINE, "/wachtrijen"),
    ChangeKind.SESSION: _Told("medewerker", Action.STAFF, "/medewerkers/{operator}"),
    ChangeKind.REQUEST: _Told("terugbelverzoek", Action.REQUESTS, "/terugbelverzoeken"),
    ChangeKind.CALAMITY: _Told("calamiteit", Action.NOTICES, "/calamiteiten"),
    ChangeKind.AREA: _Told("openingstijden", Action.HOURS, "/openingstijden"),
}


async def follow(asked: Asked[Query, None]) -> web.StreamResponse:
    """Until the reader goes away, loses its rights, this process ends, or nothing can be read for it any more."""
    position = _position(asked)
    with asked.request.app[STREAMS].one(asked.caller.author) as may_go_on:
        if not may_go_on:
            raise _TOO_MANY
        response = web.StreamResponse(headers={"X-Accel-Buffering": "no", "API-Version": VERSION})
        response.content_type = "text/event-stream"
        response.charset = "utf-8"
        await response.prepare(asked.request)
        async with asked.request.app[FEEDS].inbox(asked.site, _scope(asked.actor)) as inbox:
            with suppress(ClientConnectionResetError, ConnectionError):  # the reader has gone
                await _write(asked, response, position, inbox)
    return response


async def _write(
    asked: Asked[Query, None], response: web.StreamResponse, position: Position | None, inbox: Inbox
) -> None:
    site, loop = asked.site, asyncio.get_running_loop()
    beat_at = loop.time() + HEARTBEAT_SECONDS
    while not (site.hub.is_closing or inbox.is_closed):
        pages = inbox.take()
        if pages is None:
            pages = await _own_page(asked, position, inbox)
        for page in pages:
            before = position
            position = page.position if before is None or page.start_anew else before.joined(page.position)
            if page.start_anew or (page.changes and position != before):  # else it had read all of it for itself
                await response.write(_events(asked, page, position))
        if not pages:
            await _woken(asked.request, inbox.woken, beat_at)
        if loop.time() >= beat_at:  # however much others change meanwhile
            await response.write(b": \n\n")
            if not await _may_go_on(asked):
                return
            beat_at = loop.time() + HEARTBEAT_SECONDS


async def _own_page(asked: Asked[Query, None], position: Position | None, inbox: Inbox) -> Collection[ChangePage]:
    """What this stream has not had, read for itself; nothing while the database is away."""
    try:
        page = await changes_since(asked.site.pool, _scope(asked.actor), position, most=MOST_ROWS)
    except StoreUnavailable:
        inbox.fall_behind()
        await asyncio.sleep(RETRY_SECONDS)
        return ()
    if page.has_more:
        inbox.fall_behind()
    return (page,)


async def _woken(request: web.Request, woken: asyncio.Event, until: float) -> None:
    """Wait until something is there, or until then. Raises ConnectionResetError when the reader has gone meanwhile.

    Nobody tells a handler of aiohttp that its reader has gone, and what it holds would count for it until it writes.
    """
    loop = asyncio.get_running_loop()
    while (left := until - loop.time()) > 0:
        try:
            async with asyncio.timeout(min(left, LOOK_SECONDS)):
                await woken.wait()
            return
        except TimeoutError:
            if request.transport is None or request.transport.is_closing():
                raise ConnectionResetError from None


def _events(asked: Asked[Query, None], page: ChangePage, position: Position) -> bytes:
    """All of a page; the position comes last, for only then all of it was read."""
    told = [one for change in page.changes if (one := _event(asked, change)) is not None]
    if page.start_anew:
        told.append(("opnieuw", {"soort": "opnieuw"}))
    lines = [f"event: {word}\ndata: {json.dumps(data)}\n\n" for word, data in told]
    return f"{''.join(lines)}id: {position}\nevent: positie\ndata: {{}}\n\n".encode()


def _event(asked: Asked[Query, None], change: Change) -> tuple[str, dict[str, str | None]] | None:
    """None: it is not for this reader."""
    kind = _KINDS.get(change.kind)
    if kind is None:
        return None
    actor, of = asked.actor, change.scope(asked.site.area.current)
    scope = actor.scope_of(kind.action)
    is_me = change.kind is ChangeKind.SESSION and change.operator is not None and change.operator == actor.operator
    is_theirs = scope is None or (scope != NOBODYS and overlap(scope, of))
    if not is_theirs and not (is_me and not asked.caller.is_program):
        return None
    operator = change.operator if change.kind is ChangeKind.SESSION else None
    path = kind.path.format(id=change.id, operator=operator)
    return kind.word, {
        "soort": kind.word,
        "id": change.id,
        "gemeente": change.municipality,
        "medewerker": operator,
        "gewijzigdOp": write_instant(change.changed_at),
        "href": f"{PREFIX}{path}",
    }


def _scope(actor: Actor) -> Scope:
    """Everything of which the reader may hear anything."""
    kinds = [actor.scope_of(kind.action) for kind in _KINDS.values()]
    return together([*kinds, actor.scope_of(Action.DESK)])


def _position(asked: Asked[Query, None]) -> Position | None:
    """Raises ApiProblem for an id that is none of ours."""
    said = asked.request.headers.get(_LAST_ID)
    if not said:
        return None
    try:
        return Position.parse(said)
    except ValueError:
        raise invalid(param(_LAST_ID, "position")) from None


async def _may_go_on(asked: Asked[Query, None]) -> bool:
    """Whether token or login is alive, with the rights of the beginning."""
    site, caller = asked.site, asked.caller
    try:
        if caller.token is not None:
            return await token_lives(site.pool, caller.token, site.now())
        session = caller.session or WebSessionId(caller.actor.account)
        living = await living_sessions(site.pool, {session}, site.now())
    except StoreUnavailable:
        return True
    return living.get(session) == caller.actor
