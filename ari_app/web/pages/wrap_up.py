"""The wrap-up of an earlier talk of one's own, which was left open: the form on the desk is for the present one."""

from __future__ import annotations

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.ids import new_command_id
from ari_app.storage.operators.own_day import own_wrap_up
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.call import RESULTS, subjects_for
from ari_app.web.pages.commands import call_id_in
from ari_app.web.site import Visit


async def show(visit: Visit) -> web.Response:
    """What the operator said of the call, if they did; `POST /nawerk` stores it. Raises HTTPNotFound."""
    site, scope, operator = visit.site, visit.actor.scope_of(Action.CALL), visit.actor.operator
    call_id = call_id_in(visit.request)
    talk = None if operator is None else await own_wrap_up(site.pool, scope, operator, call_id)
    if talk is None:
        raise web.HTTPNotFound
    subjects = await subjects_for(visit)
    return page_for(visit, "wrap_up", talk=talk, subjects=subjects, results=RESULTS, id=new_command_id())
