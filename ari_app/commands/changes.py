"""`ari-app changes`: the feed that other programs read."""

from __future__ import annotations

from contextlib import aclosing, suppress
from dataclasses import asdict
from typing import Any

import click

from ari_app.commands import as_json, json_option, municipality_option, with_database
from ari_app.core.access import Scope
from ari_app.core.changes import ChangePage, Position
from ari_app.core.ids import MunicipalityCode
from ari_app.render.changes import change_line, position_line
from ari_app.storage.changes.follow import follow_changes
from ari_app.storage.changes.reads import changes_since
from ari_app.storage.db.engine import Database


class _Since(click.ParamType):  # type: ignore[type-arg]
    name = "position"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Position:
        try:
            return value if isinstance(value, Position) else Position.parse(str(value))
        except ValueError as error:
            self.fail(f"{error}; give the last one that this command printed", param, ctx)


@click.command()
@click.option("--since", type=_Since(), help="the position that was printed last; without it: begin now")
@click.option("--follow", is_flag=True, help="go on with what changes from now on, until Ctrl-C")
@municipality_option
@json_option
def changes(since: Position | None, follow: bool, municipality: str | None, json_wanted: bool) -> None:
    """The rows that changed since a position: the feed that other programs read."""
    scope: Scope = None if municipality is None else frozenset({MunicipalityCode(municipality)})

    def show(page: ChangePage) -> None:
        if json_wanted:
            for change in page.changes:
                click.echo(as_json(asdict(change)))
            click.echo(as_json({"position": str(page.position), "start_anew": page.start_anew}))
            return
        for change in page.changes:
            click.echo(change_line(change))
        click.echo(position_line(page))

    async def once(db: Database) -> None:
        position, has_more = since, True
        while has_more:
            page = await changes_since(db.background, scope, position)
            show(page)
            position, has_more = page.position, page.has_more

    async def on_and_on(db: Database) -> None:
        async with aclosing(follow_changes(db.url, db.background, scope, since)) as pages:
            async for page in pages:
                show(page)

    with suppress(KeyboardInterrupt):
        with_database(on_and_on if follow else once)
