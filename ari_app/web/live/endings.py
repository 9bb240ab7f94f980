"""Screens that are no longer their reader's: the login ended, its rights changed, or the address of a board did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ari_app.storage.accounts.sessions import living_sessions
from ari_app.storage.boards.tokens import living_boards
from ari_app.storage.db.engine import Pool
from ari_app.web.live.screen import Screen

#: what a page is told when its socket is closed
SERVICE_RESTART = 1012
LOGGED_OUT, RIGHTS_CHANGED = 4401, 4403


async def close_ended(pool: Pool, screens: Iterable[Screen], now: datetime) -> None:
    """Close those whose reader may not see them any more. Raises StoreUnavailable."""
    screens = list(screens)
    sessions = {screen.session for screen in screens if screen.session is not None}
    boards = {screen.board for screen in screens if screen.board is not None}
    living = await living_sessions(pool, sessions, now)
    living_boards_now = await living_boards(pool, boards) if boards else frozenset()
    for screen in screens:
        if screen.session is None:
            if screen.board is not None and screen.board not in living_boards_now:
                screen.close(LOGGED_OUT)
            continue
        actor = living.get(screen.session)
        if actor is None:
            screen.close(LOGGED_OUT)
        elif actor != screen.actor:
            screen.close(RIGHTS_CHANGED)
