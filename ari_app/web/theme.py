"""The house style of a municipality: a CSS file that gives design tokens (`--basis-…`) other values, and nothing else.

/* Gemeente Voorbeeldstad */
.voorbeeldstad-theme {
  --basis-color-accent-1-bg-subtle: #e6f4ea;
}
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

LARGEST_FILE = 64 * 1024  # bytes

# As a browser reads it: what looks like a comment within quotes is none.
_PIECE = re.compile(r"""/\*.*?\*/|"[^"\n]*"|'[^'\n]*'""", re.DOTALL)
_BLOCK = re.compile(r"\s*\.(?P<name>[a-z][a-z0-9-]*-theme)\s*\{(?P<tokens>[^{}]*)\}\s*")
_TOKEN = re.compile(r"--[a-z][a-z0-9-]*\s*:\s*(?P<value>[\w\s#%.,()'\"/+*-]+)", re.ASCII)
#: what could fetch, or be read as a comment by a browser and not by us
_FORBIDDEN = re.compile(r"url|image(-set)?\s*\(|src\s*\(|//|/\*|\*/", re.IGNORECASE)


class ThemeRefused(Exception):
    """The file is no theme; the text says why, and names the setting."""


@dataclass(frozen=True, slots=True)
class Theme:
    """`name`: the class of the document that it is for. `css`: what was checked, without comments."""

    name: str
    css: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.css).hexdigest()[:16]

    @property
    def path(self) -> str:
        """The address, with a hash of what is in it: a browser keeps it for ever."""
        return f"/thema-{self.digest}.css"


def read_theme(file: Path) -> Theme:
    """Tokens of one class. Raises ThemeRefused: whoever writes this file could else fetch from, or show, anything."""
    try:
        css = file.read_bytes()
        text = css.decode()
    except (OSError, ValueError):
        raise _refused("cannot be read as UTF-8") from None
    if len(css) > LARGEST_FILE:
        raise _refused(f"is larger than {LARGEST_FILE // 1024} kB")
    text = _PIECE.sub(lambda piece: " " if piece[0].startswith("/*") else piece[0], text)
    block = _BLOCK.fullmatch(text)
    if block is None:
        raise _refused("must be one block of a class whose name ends in -theme, such as .voorbeeldstad-theme { … }")
    for token in filter(None, map(str.strip, block["tokens"].split(";"))):
        found = _TOKEN.fullmatch(token)
        if found is None or _FORBIDDEN.search(found["value"]):
            raise _refused(f"may only give tokens a value (--basis-…: …;), without addresses; not: {token[:60]!r}")
    return Theme(block["name"], text.strip().encode())


def _refused(why: str) -> ThemeRefused:
    return ThemeRefused(f"ARI_APP_DESK_THEME: the file {why}")
