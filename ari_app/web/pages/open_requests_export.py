"""Callbacks that are open, as a file for Excel (`csv_file`): what the page lists, without numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from aiohttp import web

from ari_app.core.calendar import local_date
from ari_app.storage.callbacks.at_risk import RequestAtRisk
from ari_app.web.call_words import REQUEST_STATES, RISKS
from ari_app.web.csv_file import csv_file, lines, moment_cell
from ari_app.web.list_filters import MOST_ROWS
from ari_app.web.names import Names
from ari_app.web.pages.requests import OpenFilter
from ari_app.web.site import Visit

TOO_MANY = f"Let op: dit zijn de eerste {MOST_ROWS} verzoeken. Er zijn er meer. Kies een gemeente of een team."
_HEAD = (
    "verzoek",
    "gemeente",
    "onderwerp",
    "eerste contact",
    "bellen voor",
    "risico",
    "stand",
    "gebeld (keer)",
    "weer bellen vanaf",
    "team",
    "medewerker",
)


async def export(visit: Visit) -> web.StreamResponse:
    """The requests of the address, what must come first at the top. Raises as `csv_file`."""
    name = f"terugbelverzoeken-open-{local_date(visit.site.now()).isoformat()}.csv"
    return await csv_file(visit.request, name, _HEAD, _rows(visit))


async def _rows(visit: Visit) -> AsyncIterator[str]:
    """All in one piece: the list is read as a whole, since a risk is counted and not stored."""
    wanted = OpenFilter.of(visit)
    found, _ = await wanted.listed(MOST_ROWS + 1)
    rows: list[Sequence[str]] = [_row(one, wanted.names) for one in found[:MOST_ROWS]]
    yield lines([*rows, (TOO_MANY,)] if len(found) > MOST_ROWS else rows)


def _row(one: RequestAtRisk, names: Names) -> Sequence[str]:
    return (
        one.reference,
        one.town,
        one.subject,
        moment_cell(one.first_contact_at),
        moment_cell(one.deadline_at),
        ", ".join(RISKS[risk] for risk in one.risks),
        REQUEST_STATES[one.state],
        str(one.attempts_count),
        _moment(one.next_attempt_at),
        names.team(one.team),
        names.operator(one.operator),
    )


def _moment(at: datetime | None) -> str:
    return "" if at is None else moment_cell(at)
