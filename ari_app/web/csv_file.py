"""Rows as CSV, for a spreadsheet: a page of rows at a time, so that a long list takes no more memory than a short one.

Excel in the Netherlands opens such a file by itself when it is UTF-8 with a byte order mark and semicolons: without the
mark it takes it for Windows-1252, and its list separator is the semicolon, since the comma is that of decimals. Cells
that a spreadsheet would take for a formula begin with an apostrophe. A file is whole, or none.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime

from aiohttp import hdrs, web

from ari_app.core.calendar import AMSTERDAM
from ari_app.core.ledger import StoreUnavailable

ROWS_AT_ONCE = 500
BYTE_ORDER_MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def csv_file(
    request: web.Request, name: str, head: Sequence[str], pages: AsyncIterator[str]
) -> web.StreamResponse:
    """`pages`: lines as `lines` makes them. Raises StoreUnavailable before the first, and ConnectionError for a store
    that goes away in the middle.
    """
    first = await anext(pages)  # a store that is away is said on a page
    response = web.StreamResponse()
    response.content_type, response.charset = "text/csv", "utf-8"
    response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{name}"'
    await response.prepare(request)
    try:
        await response.write((BYTE_ORDER_MARK + lines([head]) + first).encode())
        async for page in pages:
            await response.write(page.encode())
    except StoreUnavailable as away:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the store went away in the middle of a file") from away
    await response.write_eof()
    return response


def lines(rows: Iterable[Sequence[str]]) -> str:
    """Rows as text, each cell made harmless."""
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def harmless(cell: str) -> str:
    """Text that a spreadsheet would read as a formula, made text."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def moment_cell(at: datetime) -> str:
    """The time of the Netherlands, in a form that a spreadsheet takes for a moment."""
    return f"{at.astimezone(AMSTERDAM):%Y-%m-%d %H:%M:%S}"


def yes_or_no(is_so: bool) -> str:
    return "ja" if is_so else "nee"
