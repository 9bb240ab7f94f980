"""What administrators change of accounts: each is a command, whose controller looks at their rights once more."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlencode

from aiohttp import web

from ari_app.core.access import Action, Role, overlap
from ari_app.core.account_commands import (
    AccountCommand,
    AddAccount,
    ForgetFactor,
    GiveRole,
    LinkOperator,
    LockAccount,
    ResetAccount,
    TakeRole,
    UnlockAccount,
)
from ari_app.core.accounts import LINK_LASTS, Account, read_login
from ari_app.core.commands import AskedCommand
from ari_app.core.ids import AccountId, OperatorNumber
from ari_app.core.operator_commands import Accepted, Answer
from ari_app.core.provider import LONGEST_SUBJECT
from ari_app.core.provider_commands import LinkSubject
from ari_app.storage.accounts.logins import candidate_of_link
from ari_app.storage.accounts.store import find_account
from ari_app.storage.accounts.tokens import digest, new_token
from ari_app.storage.commands.asker import ask
from ari_app.web import security
from ari_app.web.pages.accounts import found_account, list_page
from ari_app.web.pages.answers import page_for, see_other
from ari_app.web.pages.commands import command_id_of
from ari_app.web.pages.supervising import back_to, word_of
from ari_app.web.site import Visit

LONGEST_FIELD = 200


async def add(visit: Visit) -> web.Response:
    """A new account with one role, and the link for its owner."""
    form = await security.read_form(visit.request)
    token, login = new_token(), read_login(form.get("naam", ""))
    wanted = AddAccount(
        form.get("naam", "")[:LONGEST_FIELD],
        form.get("persoon", "")[:LONGEST_FIELD],
        digest(token).hex(),
        _role_of(form),
        _operator_of(form),
    )
    # A form that is sent twice is one command, which names one account.
    asked_id = command_id_of(form.get("id", ""))
    answer = await _ask(visit, AccountId(asked_id), wanted, form | {"id": str(asked_id)})
    if isinstance(answer, Accepted) and login is not None:
        return await _link(visit, login, token)
    return await list_page(visit, answer=word_of(answer), typed=form, status=409)


async def lock(visit: Visit) -> web.Response:
    return await _change(visit, Action.CHANGE_ACCOUNTS, lambda form: LockAccount())


async def unlock(visit: Visit) -> web.Response:
    return await _change(visit, Action.CHANGE_ACCOUNTS, lambda form: UnlockAccount())


async def forget_factor(visit: Visit) -> web.Response:
    """Of somebody whose phone is gone, and whose password is not."""
    return await _change(visit, Action.CHANGE_ACCOUNTS, lambda form: ForgetFactor())


async def give_role(visit: Visit) -> web.Response:
    return await _change(visit, Action.GIVE_ROLES, lambda form: GiveRole(_role_of(form)))


async def take_role(visit: Visit) -> web.Response:
    """`rol`: as it is typed on a command line."""
    return await _change(visit, Action.GIVE_ROLES, lambda form: TakeRole(form.get("rol", "")[:LONGEST_FIELD]))


async def link_operator(visit: Visit) -> web.Response:
    return await _change(visit, Action.CHANGE_ACCOUNTS, lambda form: LinkOperator(_operator_of(form)))


async def link_subject(visit: Visit) -> web.Response:
    """Who of the identity provider may log in to the account; nobody, when it is empty."""
    return await _change(visit, Action.CHANGE_ACCOUNTS, lambda form: _subject_of(visit, form))


async def reset(visit: Visit) -> web.Response:
    """Password and second factor are forgotten; the page shows the new link once."""
    account = await found_account(visit, Action.CHANGE_ACCOUNTS)
    form, token = await security.read_form(visit.request), new_token()
    answer = await _ask(visit, account.id, ResetAccount(digest(token).hex()), form)
    if isinstance(answer, Accepted):
        return await _link(visit, account.login, token)
    return _back(account, answer)


async def _change(visit: Visit, action: Action, of_form: Callable[[dict[str, str]], AccountCommand]) -> web.Response:
    account = await found_account(visit, action)  # first of all: what a form says tells nothing of other accounts
    form = await security.read_form(visit.request)
    answer = await _ask(visit, account.id, of_form(form), form)
    own = visit.actor.scope_of(Action.LIST_ACCOUNTS)
    if own is not None:
        seen = await find_account(visit.site.pool, account.login, own)
        if seen is None or not overlap(own, seen.scope):
            # Its last role here was taken away: it is not this administrator's to know any more.
            return see_other(f"/accounts?{urlencode({'antwoord': word_of(answer)})}")
    return _back(account, answer)


async def _ask(visit: Visit, account: AccountId, wanted: AccountCommand, form: dict[str, str]) -> Answer:
    """In the visitor's name. An account is of no municipality: what it is about is judged by who carries it out."""
    site = visit.site
    asked = AskedCommand(wanted, id=command_id_of(form.get("id", "")), account=account)
    return await ask(site.pool, asked, actor=f"account:{visit.actor.login}", scope=None, answers=site.answers)


async def _link(visit: Visit, login: str, token: str) -> web.Response:
    """Of a form that was sent twice only the first link works, and the second page says so."""
    found = await candidate_of_link(visit.site.pool, token, visit.site.now())
    address = None if found is None else f"{visit.site.options.url}/start/{token}"
    return page_for(visit, "account_link", login=login, address=address, days=LINK_LASTS.days)


def _back(account: Account, answer: Answer) -> web.Response:
    return back_to(f"/accounts/{quote(account.login, safe='')}", answer)


def _role_of(form: dict[str, str]) -> str:
    """As it is typed on a command line. Raises HTTPBadRequest for what no list offers."""
    role, of = form.get("rol", ""), form.get("voor", "")[:LONGEST_FIELD]
    if role not in set(Role) or "," in of:
        raise web.HTTPBadRequest
    return f"{role}:{of}" if of else role


def _subject_of(visit: Visit, form: dict[str, str]) -> LinkSubject:
    """Raises HTTPBadRequest where there is no provider."""
    provider = visit.site.provider
    if provider is None:
        raise web.HTTPBadRequest
    return LinkSubject(provider.options.issuer, form.get("kenmerk", "").strip()[: LONGEST_SUBJECT + 1])


def _operator_of(form: dict[str, str]) -> OperatorNumber | None:
    text = form.get("nummer", "").strip()[:LONGEST_FIELD]
    return OperatorNumber(text) if text else None
