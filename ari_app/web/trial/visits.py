"""Who has the page open, which calls they made, and what is shown of these: each visitor sees their own calls only."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from dataclasses import dataclass, field

from ari_app.core.ids import CallId

#: a demonstration has a few; whoever opened the page longest ago has to load it anew
MOST_VISITS = 50
#: of one call: a page whose socket was away reads them again
MOST_KEPT = 200
MOST_WAITING = 500
TOKEN_BYTES = 32


@dataclass(eq=False)
class Line:
    """A call of a visit. `sip_id`: its SIP Call-ID; `call_id` is known once the controller has said so."""

    sip_id: str
    visit: Visit
    call_id: CallId | None = None
    state: str = ""
    said: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_KEPT))

    def show_state(self, words: str, *, is_over: bool) -> None:
        if words != self.state:
            self.state = words
            self._show(state=words, over=is_over)

    def show_text(self, text: str) -> None:
        self.said.append(text)
        self._show(text=text)

    def show_quiet(self) -> None:
        """The text that was shown last has been said."""
        self._show(quiet=True)

    def _show(self, **values: str | bool) -> None:
        self.visit.show(json.dumps({"line": self.sip_id, **values}, ensure_ascii=False))


@dataclass(eq=False)
class Visit:
    """One browser, by its cookie."""

    lines: dict[str, Line] = field(default_factory=dict)
    screens: set[asyncio.Queue[str]] = field(default_factory=set)

    def show(self, frame: str) -> None:
        for screen in self.screens:
            if screen.qsize() < MOST_WAITING:
                screen.put_nowait(frame)

    def screen(self) -> asyncio.Queue[str]:
        """A page's frames from now on; of a call that goes on first what was there already."""
        screen: asyncio.Queue[str] = asyncio.Queue()
        for line in self.lines.values():
            for text in line.said:
                screen.put_nowait(json.dumps({"line": line.sip_id, "text": text, "again": True}, ensure_ascii=False))
            if line.state:
                screen.put_nowait(json.dumps({"line": line.sip_id, "state": line.state}, ensure_ascii=False))
        self.screens.add(screen)
        return screen


class Visits:
    """Kept in this process alone: after a restart a page is loaded anew."""

    def __init__(self) -> None:
        self._visits: dict[str, Visit] = {}
        self._lines: dict[str, Line] = {}

    def begin(self) -> str:
        """The value of a new visit's cookie."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        while len(self._visits) >= MOST_VISITS:
            for line in self._visits.pop(next(iter(self._visits))).lines:
                self._lines.pop(line, None)
        self._visits[token] = Visit()
        return token

    def find(self, token: str | None) -> Visit | None:
        return None if token is None else self._visits.get(token)

    def open_line(self, visit: Visit, sip_id: str) -> bool:
        """A call of this visit begins; False: another visit has one with this Call-ID."""
        line = self._lines.setdefault(sip_id, Line(sip_id, visit))
        if line.visit is not visit:
            return False
        for old in list(visit.lines.values()):
            if old is not line:
                self.close_line(old)
        visit.lines[sip_id] = line
        return True

    def close_line(self, line: Line) -> None:
        line.visit.lines.pop(line.sip_id, None)
        self._lines.pop(line.sip_id, None)

    def line(self, sip_id: str) -> Line | None:
        return self._lines.get(sip_id)

    def line_of(self, call_id: CallId) -> Line | None:
        return next((line for line in self._lines.values() if line.call_id == call_id), None)

    @property
    def known(self) -> list[Line]:
        """The lines whose call is known."""
        return [line for line in self._lines.values() if line.call_id is not None]
