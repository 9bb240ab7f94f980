"""Watching the parts of a running system: one that dies is started again, soon at first and then less often."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ari_app.local.debian import Say
from ari_app.local.errors import LocalError

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_SECONDS = 60.0  # a part that ran this long starts its pauses anew
LOOK_SECONDS = 0.2


class Part(Protocol):
    """A server that can be looked at and started."""

    @property
    def pid(self) -> int | None: ...

    def start(self) -> None: ...


@dataclass
class _Watched:
    name: str
    part: Part
    started_at: float
    pause: float = FIRST_PAUSE_SECONDS
    again_at: float | None = None  # when it is started next; None while it runs


class Watch:
    """Keeps parts alive until the process is interrupted. `clock` counts seconds; `chore` is done at each look."""

    def __init__(
        self,
        parts: Sequence[tuple[str, Part]],
        say: Say,
        clock: Callable[[], float] = time.monotonic,
        chore: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._chore = chore
        self._say = say
        self._watched = [_Watched(name, part, clock()) for name, part in parts]

    def forever(self) -> None:
        """Never returns; a KeyboardInterrupt passes through."""
        while True:
            self.look()
            self._chore()
            time.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """One round over all parts."""
        for watched in self._watched:
            now = self._clock()
            if watched.part.pid is not None:
                continue
            if watched.again_at is None:
                if now - watched.started_at >= HEALTHY_SECONDS:
                    watched.pause = FIRST_PAUSE_SECONDS
                self._plan(watched, now, "ended unexpectedly")
            elif now >= watched.again_at:
                self._start(watched, now)

    def _plan(self, watched: _Watched, now: float, what: str) -> None:
        self._say(f"{watched.name} {what}; it is started again in {watched.pause:.1f} s")
        watched.again_at = now + watched.pause
        watched.pause = min(watched.pause * 2, LONGEST_PAUSE_SECONDS)

    def _start(self, watched: _Watched, now: float) -> None:
        try:
            watched.part.start()
        except LocalError as error:
            self._plan(watched, now, f"cannot start: {error}")
            return
        watched.started_at, watched.again_at = now, None
        self._say(f"{watched.name} runs again")
