"""Other people's accounts, for administrators: who has which rights, and where they are logged in."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from ari_app.core.access import Action, Role, Verdict, decide, within
from ari_app.core.accounts import Account, read_login
from ari_app.core.ids import new_command_id
from ari_app.core.operator_commands import RefusalReason
from ari_app.storage.accounts.sessions import end_session as end
from ari_app.storage.accounts.sessions import sessions_of
from ari_app.storage.accounts.store import find_account, list_accounts
from ari_app.storage.accounts.subjects import subject_of_account
from ari_app.web.names import Names
from ari_app.web.pages.account import session_id
from ari_app.web.pages.answers import page_for, see_other
from ari_app.web.pages.supervising import said
from ari_app.web.site import Visit

#: of a form about an account that could not be followed
_NONSENSE = "Dit kan niet. Kijk of klopt wat u hebt ingevuld."


async def show_all(visit: Visit) -> web.Response:
    return await list_page(visit, answer=visit.request.query.get("antwoord", ""), typed={}, status=200)


async def list_page(visit: Visit, *, answer: str, typed: Mapping[str, str], status: int) -> web.Response:
    """All accounts that the visitor may know, and the form for a new one, with what was typed in it."""
    found = await list_accounts(visit.site.pool, visit.actor.scope_of(Action.LIST_ACCOUNTS))
    return page_for(
        visit,
        "accounts",
        status=status,
        accounts=found,
        said=_words(answer),
        is_done=answer == "gedaan",
        typed={name: typed.get(name, "") for name in ("naam", "persoon", "nummer", "rol", "voor")},
        roles=list(Role),
        given_for=roles_are_for(visit),
        names=_names(visit),
        id=new_command_id(),
    )


async def show(visit: Visit) -> web.Response:
    """Roles for municipalities that are not the reader's are not shown."""
    account = await found_account(visit, Action.LIST_ACCOUNTS)
    answer = visit.request.query.get("antwoord", "")
    may_change = decide(visit.actor, Action.CHANGE_ACCOUNTS, account.scope) is Verdict.ALLOWED
    return page_for(
        visit,
        "account_of",
        account=account,
        sessions=await sessions_of(visit.site.pool, account.id, visit.site.now()),
        may_end=decide(visit.actor, Action.END_SESSIONS, account.scope) is Verdict.ALLOWED,
        may_change=may_change,
        is_own=account.id == visit.actor.account,
        said=_words(answer),
        is_done=answer == "gedaan",
        roles=list(Role),
        given_for=roles_are_for(visit),
        names=_names(visit),
        has_provider=visit.site.provider is not None,
        subject=await subject_of_account(visit.site.pool, account.id) if may_change else None,
        id=new_command_id(),
    )


async def end_session(visit: Visit) -> web.Response:
    account = await found_account(visit, Action.END_SESSIONS)
    site, session = visit.site, session_id(visit.request)
    if not await end(site.pool, session, account.id, account.login, visit.actor.login, site.now()):
        raise web.HTTPNotFound
    return see_other(f"/accounts/{account.login}")


def roles_are_for(visit: Visit) -> list[tuple[str, str]]:
    """What the visitor may give a role for, as it is typed and in words: municipalities, teams, the whole group."""
    own, area = visit.actor.scope_of(Action.GIVE_ROLES), visit.site.area.current
    towns = sorted(
        (town.name, str(town.code)) for town in area.municipalities.values() if within(frozenset({town.code}), own)
    )
    teams = sorted(
        (team.name, str(team.code))
        for team in area.teams.values()
        if own is None or (team.towns and within(team.towns, own))
    )
    found = [(code, name) for name, code in towns] + [(code, f"Team {name}") for name, code in teams]
    return [("", "Alle gemeenten"), *found] if own is None else found


async def found_account(visit: Visit, action: Action) -> Account:
    """Of the address.

    Raises HTTPNotFound for one that does not exist, or is not the visitor's to know; HTTPForbidden.
    """
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


def _names(visit: Visit) -> dict[str, str]:
    """Of the municipalities and teams that the visitor may know, by their codes."""
    names = Names.of(visit.site.area.current, visit.actor.known)
    return {str(code): name for code, name in names.towns.items()} | {
        code: f"team {name}" for code, name in names.teams.items()
    }


def _words(answer: str) -> str:
    return _NONSENSE if answer == RefusalReason.NONSENSE else said(answer)
