"""Other people's accounts, for administrators: who has which rights, and where they are logged in."""

from __future__ import annotations

from aiohttp import web

from ari_app.core.access import Action, Verdict, decide
from ari_app.core.accounts import Account, read_login
from ari_app.storage.accounts.sessions import end_session as end
from ari_app.storage.accounts.sessions import sessions_of
from ari_app.storage.accounts.store import find_account, list_accounts
from ari_app.web.pages.account import session_id
from ari_app.web.pages.answers import page_for, see_other
from ari_app.web.site import Visit


async def show_all(visit: Visit) -> web.Response:
    scope = visit.actor.scope_of(Action.LIST_ACCOUNTS)
    found = await list_accounts(visit.site.pool, scope)
    return page_for(visit, "accounts", accounts=found)


async def show(visit: Visit) -> web.Response:
    """Roles for municipalities that are not the reader's are not shown."""
    account = await _found(visit, Action.LIST_ACCOUNTS)
    may_end = decide(visit.actor, Action.END_SESSIONS, account.scope) is Verdict.ALLOWED
    sessions = await sessions_of(visit.site.pool, account.id, visit.site.now())
    return page_for(visit, "account_of", account=account, sessions=sessions, may_end=may_end)


async def end_session(visit: Visit) -> web.Response:
    account = await _found(visit, Action.END_SESSIONS)
    site, session = visit.site, session_id(visit.request)
    if not await end(site.pool, session, account.id, account.login, visit.actor.login, site.now()):
        raise web.HTTPNotFound
    return see_other(f"/accounts/{account.login}")


async def _found(visit: Visit, action: Action) -> Account:
    """Raises HTTPNotFound for one that does not exist, or is not the visitor's to know; HTTPForbidden."""
    login = read_login(visit.request.match_info["login"])
    scope = visit.actor.scope_of(action)
    account = None if login is None else await find_account(visit.site.pool, login, scope)
    if account is None:
        raise web.HTTPNotFound
    match decide(visit.actor, action, account.scope):
        case Verdict.UNKNOWN:
            raise web.HTTPNotFound
        case Verdict.FORBIDDEN:
            raise web.HTTPForbidden
    return account
