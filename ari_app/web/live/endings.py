"""Screens that are no longer their reader's: the login ended, its rights changed, or the address of a board did."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.accounts.sessions import end_idle_sessions, living_in_slices
from ari_app.storage.boards.tokens import living_boards
from ari_app.storage.db.engine import Pool
from ari_app.web.live.screen import Screen

log = structlog.get_logger(__name__)

#: a login that ended by itself stays dead: that is written down so often
IDLE_SECONDS = 60.0
#: what a page is told when its socket is closed
SERVICE_RESTART = 1012
LOGGED_OUT, RIGHTS_CHANGED = 4401, 4403


async def close_ended(pool: Pool, screens: Iterable[Screen], now: datetime) -> None:
    """Close those whose reader may not see them any more. Raises StoreUnavailable."""
    screens = list(screens)
    sessions = {screen.session for screen in screens if screen.session is not None}
    boards = {screen.board for screen in screens if screen.board is not None}
    living = await living_in_slices(pool, sessions, now)
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


async def end_idle_logins(pool: Pool, now: Callable[[], datetime]) -> None:
    """Of all logins, whether a page of theirs is open here or nowhere. Ends by cancellation only."""
    while True:
        try:
            await end_idle_sessions(pool, now())
        except StoreUnavailable:
            log.info("idle_logins_not_ended")  # the next time will do
        await asyncio.sleep(IDLE_SECONDS)
