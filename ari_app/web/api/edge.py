"""What is done around each operation: who asks, may they, does it make sense; and every error as a problem."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any

import structlog
from aiohttp import hdrs, web

from ari_app.core.ledger import StoreUnavailable
from ari_app.web.api.checks import read_body, read_query
from ari_app.web.api.feeds import FEEDS, Feeds
from ari_app.web.api.limits import Rates, Streams
from ari_app.web.api.openapi import VERSION, document
from ari_app.web.api.problems import ApiProblem, not_found, response_of
from ari_app.web.api.senders import caller_of, require_right
from ari_app.web.api.stream import STREAMS
from ari_app.web.api.table import PREFIX, Answer, Asked, Operation
from ari_app.web.site import SITE

log = structlog.get_logger(__name__)

Handling = Callable[[web.Request], Awaitable[web.StreamResponse]]
OPENAPI_PATH = f"{PREFIX}/openapi.json"
_VERSION_HEADER = "API-Version"
_STORE_AWAY = ApiProblem(503, "De gegevens zijn nu niet te bereiken.", "store_away", headers={hdrs.RETRY_AFTER: "10"})
_DETAILS = {
    404: "Dit adres is er niet.",
    413: "De inhoud is te groot.",
}


RATES: web.AppKey[Rates] = web.AppKey("api rates")


def add_api(app: web.Application, operations: Iterable[Operation]) -> None:
    """The routes of the table and its document; `api_edge` has to be the outermost middleware."""
    app[RATES] = Rates(lambda: asyncio.get_running_loop().time())
    app[STREAMS] = Streams()
    app[FEEDS] = Feeds()
    rows = tuple(operations)
    taken = {operation.path for operation in rows}
    for operation in rows:
        app.router.add_route(operation.method, f"{PREFIX}{_pattern(operation.path, taken)}", _handling(operation))
    app.router.add_get(OPENAPI_PATH, _described(rows), allow_head=False)


def _pattern(path: str, taken: Collection[str]) -> str:
    """As aiohttp reads it: a name at the end of a path is none of the words that another row has there."""
    before, _, last = path.rpartition("/")
    words = [one.rpartition("/")[2] for one in taken if one.rpartition("/")[0] == before]
    others = "|".join(sorted(word for word in words if not word.startswith("{")))
    if not last.startswith("{") or not others:
        return path
    return f"{before}/{{{last[1:-1]}:(?!(?:{others})$)[^{{}}/]+}}"


@web.middleware
async def api_edge(request: web.Request, handler: Handling) -> web.StreamResponse:
    """The only middleware of what is below `/api/`: there errors are problems, and senders are asked for otherwise."""
    if request.path != "/api" and not request.path.startswith("/api/"):
        return await handler(request)
    try:
        response = await request.match_info.handler(request)
    except ApiProblem as problem:
        response = response_of(problem)
    except StoreUnavailable:
        response = response_of(_STORE_AWAY)
    except web.HTTPMethodNotAllowed as refused:
        allowed = ", ".join(sorted(refused.allowed_methods))
        response = response_of(ApiProblem(405, f"Hier kan: {allowed}.", "method", headers={hdrs.ALLOW: allowed}))
    except web.HTTPException as refused:
        detail = _DETAILS.get(refused.status, "Dit kan zo niet.")
        response = response_of(ApiProblem(refused.status if refused.status >= 400 else 404, detail))
    except ConnectionError:
        raise  # nobody is there to read it
    except Exception as error:  # the edge of the process: one request is lost, and not the others
        resource = request.match_info.route.resource
        log.error("api_failed", route="" if resource is None else resource.canonical, exc_info=error)
        response = response_of(ApiProblem(500, "Dit ligt aan ons, en staat in ons logboek."))
    if not response.prepared:
        response.headers[_VERSION_HEADER] = VERSION
    return response


def _handling(operation: Operation) -> Handling:
    async def handle(request: web.Request) -> web.StreamResponse:
        site = request.app[SITE]
        caller = await caller_of(site, request.app[RATES], request)
        if "\x00" in request.path:  # of a parameter it is said which
            raise not_found()
        require_right(caller, operation)
        await site.area.first_reading()
        query = read_query(operation, request)
        body = await read_body(operation, request)
        asked: Asked[Any, Any] = Asked(request, site, caller, query, body)
        found = await operation.handler(asked)
        if not isinstance(found, Answer):
            return found
        text = found.value.model_dump_json(by_alias=True)
        return web.Response(text=text, status=found.status or operation.status, content_type="application/json")

    return handle


def _described(operations: tuple[Operation, ...]) -> Handling:
    """The document says nothing of anybody: it is for all sites."""

    made: list[str] = []  # at the first request; it does not change

    async def handle(request: web.Request) -> web.Response:
        if not made:
            options = request.app[SITE].options
            made.append(json.dumps(document(operations, options.url, options.contact), ensure_ascii=False))
        headers = {hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*", "Cross-Origin-Resource-Policy": "cross-origin"}
        return web.Response(text=made[0], content_type="application/json", headers=headers)

    return handle
