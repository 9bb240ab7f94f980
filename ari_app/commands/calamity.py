"""`ari-app calamity`: texts that callers hear first."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from ari_app.commands import WRONG, Moment, author_option, fail, with_database
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts.build import require_speakable
from ari_app.prompts.errors import PromptError
from ari_app.render.text import local, table
from ari_app.storage.area.calamities import end_calamity, list_calamities, set_calamity


@click.group()
def calamity() -> None:
    """A text that every caller of a municipality hears first."""


@calamity.command("on")
@click.argument("municipality")
@click.argument("text")
@click.option("--from", "from_at", type=Moment(), help="begins then instead of now")
@click.option("--until", "until_at", type=Moment(), help="ends then; without it, until `calamity off`")
@click.option(
    "--then",
    type=click.Choice([kind.value for kind in AfterCalamity]),
    default="queue",
    show_default=True,
    help="after the text: the normal way, or the end of the call",
)
@author_option
def calamity_on(
    municipality: str, text: str, from_at: datetime | None, until_at: datetime | None, then: str, author: str
) -> None:
    """Let callers of MUNICIPALITY (its CBS code) hear TEXT first. In Dutch, short, level B1."""
    now = datetime.now(UTC)
    wanted = Calamity(MunicipalityCode(municipality), from_at or now, until_at, text, AfterCalamity(then), author)
    try:
        require_speakable(text)
    except PromptError as error:
        fail(f"TEXT: {error}", WRONG)
    with_database(lambda db: set_calamity(db.background, wanted, now))
    click.echo(f"{municipality}: callers hear the text from {local(wanted.from_at)}")


@calamity.command("off")
@click.argument("municipality")
@author_option
def calamity_off(municipality: str, author: str) -> None:
    """No text for MUNICIPALITY any more, planned ones included."""
    code = MunicipalityCode(municipality)
    ended = with_database(lambda db: end_calamity(db.background, code, author, datetime.now(UTC)))
    click.echo(f"{municipality}: {ended} ended" if ended else f"{municipality}: there was none")


@calamity.command("list")
def calamity_list() -> None:
    """Those that are on or planned."""
    found = with_database(lambda db: list_calamities(db.background, None, datetime.now(UTC)))
    if not found:
        click.echo("no calamity is on or planned")
        return
    head = ("MUNICIPALITY", "FROM", "UNTIL", "THEN", "BY", "TEXT")
    click.echo(table(head, map(_row, found)))


def _row(one: Calamity) -> tuple[str, ...]:
    until = "-" if one.until_at is None else local(one.until_at)
    return one.municipality, local(one.from_at), until, one.then.value, one.author, one.text
