"""Where a page of a list ended, as a program hands it back unread."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from ari_app.web.api.problems import invalid, param
from ari_app.web.api.shapes import Body, Link, Links, Query, read_instant
from ari_app.web.api.table import PREFIX, Asked

LONGEST = 200
RowId = TypeVar("RowId", bound=UUID)


def write_cursor(*parts: str) -> str:
    return base64.urlsafe_b64encode("|".join(parts).encode()).decode().rstrip("=")


def read_cursor(text: str, count: int) -> list[str]:
    """Raises ApiProblem for what we did not write."""
    try:
        padded = text + "=" * (-len(text) % 4)
        parts = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split("|")
    except ValueError:
        parts = []
    if len(parts) != count:
        raise invalid(param("cursor", "cursor"))
    return parts


def after_row(text: str, id_of: Callable[[UUID], RowId]) -> tuple[datetime, RowId]:
    """The moment and the id of the last row of a page. Raises ApiProblem."""
    at, row_id = read_cursor(text, 2)
    try:
        return read_instant(at), id_of(UUID(row_id))
    except ValueError:
        raise invalid(param("cursor", "cursor")) from None


def links_of(asked: Asked[Query, Body | None], cursor: str | None) -> Links:
    """This page, and the next one unless `cursor` is None."""
    path, query = f"{PREFIX}{asked.request.path.removeprefix(PREFIX)}", asked.request.query
    here = f"{path}?{urlencode(query)}" if query else path
    if cursor is None:
        return Links(self=Link(href=here))
    further = {**query, "cursor": cursor}
    return Links(self=Link(href=here), next=Link(href=f"{path}?{urlencode(further)}"))
