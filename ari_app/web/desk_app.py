"""The application of the pages: its routes, and what is done around each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import structlog
from aiohttp import web

from ari_app.core.access import may
from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.accounts.sessions import find_session
from ari_app.web import security
from ari_app.web.api.edge import add_api, api_edge
from ari_app.web.api.operations import OPERATIONS
from ari_app.web.pages import health
from ari_app.web.pages.kept import Kept
from ari_app.web.pages.login import ask_to_log_in
from ari_app.web.routes import FOR_SERVERS, OPEN_ROUTES, ROUTES, OpenHandler, OpenRoute, Route
from ari_app.web.site import SITE, Site, Visit

log = structlog.get_logger(__name__)

Handling = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_desk_app(
    site: Site, routes: Iterable[Route] = ROUTES, open_routes: Iterable[OpenRoute] = OPEN_ROUTES
) -> web.Application:
    """The pages of a site, whose hub is run by the caller."""
    app = web.Application(middlewares=[api_edge, _explain, _refuse_strangers], client_max_size=security.LARGEST_BODY)
    app[SITE] = site
    for route in routes:
        app.router.add_route(route.method, route.path, _guarded(route))
    for open_route in open_routes:
        app.router.add_route(open_route.method, open_route.path, _open(open_route.handler))
    add_api(app, OPERATIONS)
    app.router.add_get("/health/live", health.live)
    app.router.add_get("/health/ready", health.ready)
    if site.assets.are_there:
        app.router.add_static("/static", site.assets.directory)
    app.on_response_prepare.append(_finish)
    return app


async def _finish(request: web.Request, response: web.StreamResponse) -> None:
    site = request.config_dict[SITE]
    if request.path.startswith("/static/") and response.status == 200:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    security.set_headers(response, is_https=site.options.is_https)


@web.middleware
async def _explain(request: web.Request, handler: Handling) -> web.StreamResponse:
    """Errors as pages that say what somebody can do."""
    site = request.app[SITE]
    try:
        return await handler(request)
    except StoreUnavailable:
        return error_page(site, 503, {"Retry-After": "10"})
    except web.HTTPRequestEntityTooLarge:
        return error_page(site, 413)
    except web.HTTPMethodNotAllowed as refused:
        return error_page(site, 405, {"Allow": ", ".join(sorted(refused.allowed_methods))})
    except web.HTTPException as refused:
        if refused.status < 400:
            raise
        return error_page(site, refused.status)
    except ConnectionError:
        raise  # nobody is there to read it
    except Exception as error:  # the edge of the process: one page is lost, and not the others
        log.error("page_failed", route=_route_of(request), exc_info=error)
        return error_page(site, 500)


@web.middleware
async def _refuse_strangers(request: web.Request, handler: Handling) -> web.StreamResponse:
    is_socket = request.headers.get("Upgrade") is not None
    own_url = request.app[SITE].options.url
    changes = not security.is_safe(request.method) and (request.method, request.path) not in FOR_SERVERS
    if (is_socket or changes) and not security.comes_from_us(request, own_url):
        if is_socket:
            log.warning("foreign_socket_refused", route=_route_of(request))
        raise web.HTTPForbidden
    if not security.is_storable(request):
        raise web.HTTPNotFound
    return await handler(request)


def _open(handler: OpenHandler) -> Handling:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request.app[SITE], request)

    return handle


def _guarded(route: Route) -> Handling:
    async def handle(request: web.Request) -> web.StreamResponse:
        site = request.app[SITE]
        token = request.cookies.get(site.cookie)
        found = None if token is None else await find_session(site.pool, token, site.now())
        if found is None or found.waits_for_code:
            if security.is_safe(request.method):
                return ask_to_log_in(site, request.path_qs)
            if not route.keeps_form:
                return ask_to_log_in(site, "/")
            return ask_to_log_in(site, "/", Kept(request.path, await security.read_form(request)))
        if not may(found.actor, route.action):
            raise web.HTTPForbidden
        await site.area.first_reading()
        return await route.handler(Visit(request, site, found.session, found.actor))

    return handle


def error_page(site: Site, status: int, headers: dict[str, str] | None = None) -> web.Response:
    text = site.pages.page("error", status=status)
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def _route_of(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical
