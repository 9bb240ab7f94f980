"""`ari-app tokens`: what other programs carry to use the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from ari_app.commands import author_option, fail, with_database
from ari_app.core.access import ApiScope
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.render.text import local, table
from ari_app.storage.accounts.service_tokens import (
    LONGEST_LIFE,
    MOST_PER_MINUTE,
    ServiceToken,
    add_token,
    end_token,
    list_tokens,
)


@click.group()
def tokens() -> None:
    """Tokens with which other programs use the API."""


@tokens.command("add")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in ApiScope]),
    help="what it is for; give the option again for more",
)
@click.option("--municipality", "codes", multiple=True, metavar="CODE", help="only these; else the whole group")
@click.option("--operator", metavar="NUMBER", help="the operator whom `medewerker=ik` means")
@click.option("--days", type=click.IntRange(1, LONGEST_LIFE.days), default=365, show_default=True, help="then it ends")
@click.option(
    "--per-minute", type=click.IntRange(1, 100_000), default=MOST_PER_MINUTE, show_default=True, help="requests at most"
)
@author_option
def tokens_add(
    name: str,
    scopes: tuple[str, ...],
    codes: tuple[str, ...],
    operator: str | None,
    days: int,
    per_minute: int,
    author: str,
) -> None:
    """A new token for the program NAME; it is shown once."""
    of = frozenset(map(MunicipalityCode, codes)) or None
    number = None if operator is None else OperatorNumber(operator)
    token = with_database(
        lambda db: add_token(
            db.background,
            name,
            {ApiScope(scope) for scope in scopes},
            of,
            author,
            datetime.now(UTC),
            lasts=timedelta(days=days),
            operator=number,
            most_per_minute=per_minute,
        )
    )
    click.echo(token)


@tokens.command("list")
def tokens_list() -> None:
    """The tokens that were not ended; the tokens themselves are stored nowhere."""
    found = with_database(lambda db: list_tokens(db.background))
    if not found:
        click.echo("no tokens; `ari-app tokens add` makes one")
        return
    click.echo(table(("NAME", "FOR", "OF", "OPERATOR", "BY", "UNTIL", "LAST USED"), map(_row, found)))


@tokens.command("end")
@click.argument("name")
@author_option
def tokens_end(name: str, author: str) -> None:
    """End the token NAME; the program that carries it is refused from now on."""
    if not with_database(lambda db: end_token(db.background, name, author, datetime.now(UTC))):
        fail(f"no token {name} that could be ended")
    click.echo(f"{name}: ended")


def _row(one: ServiceToken) -> tuple[str, ...]:
    of = "all" if one.municipalities is None else ", ".join(sorted(one.municipalities))
    used = "-" if one.used_at is None else local(one.used_at)
    scopes = ", ".join(sorted(one.scopes))
    return one.name, scopes, of, one.operator or "-", one.created_by, local(one.expires_at), used
