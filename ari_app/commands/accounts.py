"""`ari-app accounts`: who may log in on the pages, and with which rights."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from ari_app.commands import WRONG, as_json, author_option, fail, json_option, with_database
from ari_app.core.accounts import FACTOR_IS_SET_WITHIN, RoleRow
from ari_app.core.ids import OperatorNumber
from ari_app.render.accounts import accounts_table, link_text
from ari_app.settings import LinkSettings, SettingsError, load
from ari_app.storage.accounts.store import (
    add_account,
    change_roles,
    forget_factor,
    list_accounts,
    lock_account,
    new_link,
    read_role,
    set_operator,
    set_subject,
    unlock_account,
)
from ari_app.storage.db.engine import Database

_ROLE_HELP = (
    "operator, supervisor, editor, analyst or administrator; :GM9901 or :TEAM behind it, else for the whole group"
)


@click.group()
def accounts() -> None:
    """Who may log in on the pages, and with which rights."""


@accounts.command("add")
@click.argument("login")
@click.option("--name", required=True, help="the name that colleagues see")
@click.option("--operator", metavar="NUMBER", help="the operator that this person is on the phone")
@click.option("--role", "roles", multiple=True, metavar="ROLE[:OF]", help=_ROLE_HELP)
@author_option
def accounts_add(login: str, name: str, operator: str | None, roles: tuple[str, ...], author: str) -> None:
    """A new account LOGIN; prints a link with which its owner chooses a password."""
    base, now = _base_url(), datetime.now(UTC)

    async def work(db: Database) -> str:
        given = await _read(db, roles)
        number = None if operator is None else OperatorNumber(operator)
        await add_account(db.background, login, name, number, given, author, now)
        return await new_link(db.background, login, author, now)

    click.echo(link_text(base, with_database(work)))


@accounts.command("list")
@json_option
def accounts_list(json_wanted: bool) -> None:
    """The accounts, with their roles."""
    found = with_database(lambda db: list_accounts(db.background, None))
    if json_wanted:
        for account in found:
            click.echo(as_json(asdict(account)))
    else:
        click.echo(accounts_table(found) if found else "no accounts; `ari-app accounts add` makes the first one")


@accounts.command("lock")
@click.argument("login")
@author_option
def accounts_lock(login: str, author: str) -> None:
    """Nobody logs in with LOGIN any more; its logins end within seconds."""
    with_database(lambda db: lock_account(db.background, login, author, datetime.now(UTC)))
    click.echo(f"{login}: locked, its logins ended")


@accounts.command("unlock")
@click.argument("login")
@author_option
def accounts_unlock(login: str, author: str) -> None:
    """LOGIN may log in again, also at once after wrong passwords."""
    with_database(lambda db: unlock_account(db.background, login, author, datetime.now(UTC)))
    click.echo(f"{login}: may log in")


@accounts.command("reset")
@click.argument("login")
@click.option("--second-factor", "only_factor", is_flag=True, help="that only: the password stays, and no link is made")
@author_option
def accounts_reset(login: str, only_factor: bool, author: str) -> None:
    """Forget password and second factor of LOGIN, end its logins, and print a link to choose new ones."""
    if only_factor:
        with_database(lambda db: forget_factor(db.background, login, author, datetime.now(UTC)))
        days = FACTOR_IS_SET_WITHIN.days
        click.echo(f"{login}: its logins ended; within {days} days its owner sets a new second factor at a login")
        return
    base = _base_url()
    token = with_database(lambda db: new_link(db.background, login, author, datetime.now(UTC)))
    click.echo(link_text(base, token))


@accounts.command("role")
@click.argument("login")
@click.option("--add", "added", multiple=True, metavar="ROLE[:OF]", help=_ROLE_HELP)
@click.option("--remove", "removed", multiple=True, metavar="ROLE[:OF]", help="as `accounts list` shows it")
@author_option
def accounts_role(login: str, added: tuple[str, ...], removed: tuple[str, ...], author: str) -> None:
    """Give roles to LOGIN, or take them away; open pages follow within seconds."""
    if not added and not removed:
        fail("nothing to do: give --add or --remove", WRONG)

    async def work(db: Database) -> None:
        more, less = await _read(db, added), await _read(db, removed)
        await change_roles(db.background, login, more, less, author, datetime.now(UTC))

    with_database(work)
    click.echo(f"{login}: {len(added)} given, {len(removed)} taken away")


@accounts.command("operator")
@click.argument("login")
@click.option("--number", metavar="NUMBER", help="the operator that this person is at the phone; none, if left out")
@author_option
def accounts_operator(login: str, number: str | None, author: str) -> None:
    """Say who LOGIN is at the phone; their desk follows within seconds."""
    operator = None if number is None else OperatorNumber(number)
    with_database(lambda db: set_operator(db.background, login, operator, author, datetime.now(UTC)))
    click.echo(f"{login}: {'no operator' if number is None else f'operator {number}'}")


@accounts.command("subject")
@click.argument("login")
@click.option("--issuer", envvar="ARI_APP_OIDC_ISSUER", required=True, help="the provider; else ARI_APP_OIDC_ISSUER")
@click.option("--subject", default="", help="`sub` of a person there; nobody, if left out")
@author_option
def accounts_subject(login: str, issuer: str, subject: str, author: str) -> None:
    """Say who of the identity provider may log in to LOGIN."""
    with_database(lambda db: set_subject(db.background, login, issuer, subject, author, datetime.now(UTC)))
    click.echo(f"{login}: {'linked' if subject else 'linked to nobody'}")


async def _read(db: Database, texts: tuple[str, ...]) -> list[RoleRow]:
    return [await read_role(db.background, text) for text in texts]


def _base_url() -> str:
    try:
        return load(LinkSettings).url
    except SettingsError as error:
        fail(str(error), WRONG)
