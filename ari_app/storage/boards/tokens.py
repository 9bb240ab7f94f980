"""Addresses that show one wallboard to whoever has them: made, found, listed, ended. Each change is audited."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ari_app.core.access import Scope
from ari_app.core.ids import BoardTokenId, MunicipalityCode, TeamCode, new_board_token_id
from ari_app.storage.accounts.tokens import digest, new_token
from ari_app.storage.boards.figures import BoardView
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import InputRefused, translated
from ari_app.storage.db.rows import Named
from ari_app.storage.db.scopes import reading, scope_codes, set_scope

#: shown_at is written at most so often
SHOWN_AFTER = timedelta(hours=1)
LONGEST_NAME = 60

_COLUMNS = "id, name, municipalities, team, created_by, created_at, shown_at"
_ADD = """
INSERT INTO board_token (id, token_hash, name, municipalities, team, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""
_FIND = f"SELECT {_COLUMNS} FROM board_token WHERE token_hash = $1 AND ended_at IS NULL"
_SHOWN = "UPDATE board_token SET shown_at = $2 WHERE id = $1"
_LIST = f"""
SELECT {_COLUMNS} FROM board_token
WHERE ended_at IS NULL AND ($1::text[] IS NULL OR municipalities <@ $1) ORDER BY created_at DESC"""
_ALIVE = "SELECT id FROM board_token WHERE id = ANY ($1::uuid[]) AND ended_at IS NULL"
_END = """
UPDATE board_token SET ended_at = $2, ended_by = $3
WHERE id = $1 AND ended_at IS NULL AND ($4::text[] IS NULL OR municipalities <@ $4) RETURNING name"""


class BoardRefused(InputRefused):
    """An address of a board that makes no sense; the text is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class BoardToken:
    """An address that works, without its token. `shown_at`: a screen used it then, or in the hour after."""

    id: BoardTokenId
    name: str
    view: BoardView
    created_by: str
    created_at: datetime
    shown_at: datetime | None


async def add_board(pool: Pool, name: str, view: BoardView, author: str, now: datetime) -> str:
    """The token of a new address. That the author may see all of this view is for the caller to decide.

    Raises BoardRefused, StoreUnavailable.
    """
    if not name.strip() or not name.isprintable() or len(name.strip()) > LONGEST_NAME:
        raise BoardRefused(f"a board needs a name of at most {LONGEST_NAME} characters, on one line")
    if view.scope is not None and not view.scope:
        raise BoardRefused("the team answers for no municipality of these: a board is of at least one")
    token, board = new_token(), new_board_token_id()
    codes = scope_codes(view.scope)
    detail = {"board": str(board), "name": name.strip(), "municipalities": codes, "team": view.team}
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, view.scope)
            await connection.execute(_ADD, board, digest(token), name.strip(), codes, view.team, author, now)
            await record_deed(connection, now, author, "board.add", detail)
    return token


async def find_board(pool: Pool, token: str, now: datetime) -> BoardToken | None:
    """The board of this token; None: there is none, or it was ended. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, None) as connection:
            row = await connection.fetchrow(_FIND, digest(token))
        if row is None:
            return None
        found = _board(row)
        if found.shown_at is None or now - found.shown_at > SHOWN_AFTER:
            async with transaction(pool) as connection:
                await set_scope(connection, None)
                await connection.execute(_SHOWN, found.id, now)
    return found


async def list_boards(pool: Pool, scope: Scope) -> list[BoardToken]:
    """The addresses that work and show nothing outside the scope, the newest first. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            return [_board(row) for row in await connection.fetch(_LIST, scope_codes(scope))]


async def living_boards(pool: Pool, boards: Collection[BoardTokenId]) -> frozenset[BoardTokenId]:
    """Those that were not ended. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, None) as connection:
            return frozenset(BoardTokenId(row["id"]) for row in await connection.fetch(_ALIVE, list(boards)))


async def end_board(pool: Pool, scope: Scope, board: BoardTokenId, author: str, now: datetime) -> bool:
    """End an address that shows nothing outside the scope; its screens go dark within seconds. False: no such one.

    Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, scope)
            name = await connection.fetchval(_END, board, now, author, scope_codes(scope))
            if name is None:
                return False
            await record_deed(connection, now, author, "board.end", {"board": str(board), "name": name})
    return True


def board_id(text: str) -> BoardTokenId | None:
    """None for what is no id."""
    try:
        return BoardTokenId(UUID(text))
    except ValueError:
        return None


def _board(row: Named) -> BoardToken:
    codes, team = row["municipalities"], row["team"]
    scope = None if codes is None else frozenset(map(MunicipalityCode, codes))
    view = BoardView(scope, None if team is None else TeamCode(team))
    return BoardToken(BoardTokenId(row["id"]), row["name"], view, row["created_by"], row["created_at"], row["shown_at"])
