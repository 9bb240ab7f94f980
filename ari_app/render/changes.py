"""The log of changes as lines of text."""

from __future__ import annotations

from ari_app.core.changes import Change, ChangePage
from ari_app.render.text import local


def change_line(change: Change) -> str:
    """When, which kind, of which municipality or operator, which row."""
    whose = change.municipality or (f"operator {change.operator}" if change.operator else "-")
    return f"{local(change.changed_at)}  {change.kind:<8}  {whose:<12}  {change.id}"


def position_line(page: ChangePage) -> str:
    """The position to go on from, and whether everything has to be read before."""
    anew = " (read everything: what changed before is not known here)" if page.start_anew else ""
    return f"position {page.position}{anew}"
