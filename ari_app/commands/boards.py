"""`ari-app boards`: addresses that show a wallboard to whoever has them."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from ari_app.commands import WRONG, author_option, fail, with_database
from ari_app.core.access import Scope
from ari_app.core.ids import MunicipalityCode, TeamCode
from ari_app.render.text import local, table
from ari_app.settings import LinkSettings, SettingsError, load
from ari_app.storage.area.reader import read_area_rows
from ari_app.storage.boards.figures import BoardView
from ari_app.storage.boards.tokens import BoardRefused, BoardToken, add_board, board_id, end_board, list_boards
from ari_app.storage.db.engine import Database
from ari_app.storage.db.scopes import reading


@click.group()
def boards() -> None:
    """Addresses that show a wallboard to whoever has them."""


@boards.command("add")
@click.argument("name")
@click.option("--municipality", "codes", multiple=True, metavar="CODE", help="only these; else the whole group")
@click.option("--team", metavar="TEAM", help="the operators and callbacks of this team, and what it answers")
@author_option
def boards_add(name: str, codes: tuple[str, ...], team: str | None, author: str) -> None:
    """A new address, for the screen that is called NAME. It is shown once."""
    try:
        base = load(LinkSettings).url
    except SettingsError as error:
        fail(str(error), WRONG)

    async def work(db: Database) -> str:
        view = await _view(db, codes, team)
        return await add_board(db.background, name, view, author, datetime.now(UTC))

    click.echo(f"{base}/bord/{with_database(work)}")


@boards.command("list")
def boards_list() -> None:
    """The addresses that work; the addresses themselves are stored nowhere."""
    found = with_database(lambda db: list_boards(db.background, None))
    if not found:
        click.echo("no address of a board; `ari-app boards add` makes one")
        return
    click.echo(table(("ID", "NAME", "OF", "BY", "MADE", "LAST SHOWN"), map(_row, found)))


@boards.command("end")
@click.argument("board")
@author_option
def boards_end(board: str, author: str) -> None:
    """End the address of BOARD, by its id; its screens go dark within seconds."""
    found = board_id(board)
    if found is None:
        fail(f"{board!r} is no id of a board: see `ari-app boards list`", WRONG)
    if not with_database(lambda db: end_board(db.background, None, found, author, datetime.now(UTC))):
        fail(f"no address of a board has id {board}")
    click.echo(f"{board}: ended")


async def _view(db: Database, codes: tuple[str, ...], team: str | None) -> BoardView:
    async with reading(db.background, None) as connection:
        area = await read_area_rows(connection)
    unknown = [code for code in codes if MunicipalityCode(code) not in area.municipalities]
    if unknown:
        raise BoardRefused(f"the area has no municipality {', '.join(unknown)}")
    if team is not None and TeamCode(team) not in area.teams:
        raise BoardRefused(f"the area has no team {team}")
    scope: Scope = frozenset(map(MunicipalityCode, codes)) or None
    if team is None:
        return BoardView(scope)
    known = area.teams[TeamCode(team)]
    of_team = known.towns
    return BoardView(of_team if scope is None else scope & of_team, known.code)


def _row(one: BoardToken) -> tuple[str, ...]:
    of = "all" if one.view.scope is None else ", ".join(sorted(one.view.scope))
    shown = "-" if one.shown_at is None else local(one.shown_at)
    team = "" if one.view.team is None else f"team {one.view.team}: "
    return str(one.id), one.name, f"{team}{of}", one.created_by, local(one.created_at), shown
