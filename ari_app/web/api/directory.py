"""Nummerplan: colleagues and departments, whether they can be reached now, and a search.

What is searched for may be somebody's name or number, so it is sent as a body and never in an address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from ari_app.core.access import Action
from ari_app.core.area import DirectoryEntry, EntryKind
from ari_app.core.directory import is_visible
from ari_app.core.directory_check import Standing
from ari_app.core.ids import EntryCode
from ari_app.storage.operators.desk import staff_now
from ari_app.web.api.cursors import LONGEST, links_of, read_cursor, write_cursor
from ari_app.web.api.problems import not_found
from ari_app.web.api.rights import AnyAsked, towns_of
from ari_app.web.api.shapes import Body, Code, Links, Query, Shape, Text
from ari_app.web.api.table import Answer, Asked
from ari_app.web.directory_view import (
    LONGEST_SEARCH,
    MOST_FOUND,
    EntryLine,
    line_of,
    sightings,
    wanted_extensions,
)

MOST_LISTED = 100


class DirectoryQuery(Query):
    gemeente: Code | None = None
    soort: EntryKind | None = None
    aantal: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 50
    cursor: Annotated[str, Field(max_length=LONGEST)] | None = None


class Zoekopdracht(Body):
    zoek: Annotated[Text, Field(min_length=1, max_length=LONGEST_SEARCH)]


class Invaller(Shape):
    code: str
    naam: str
    bereikbaar_op: str


class Vermelding(Shape):
    """`bereikbaarOp` is what a transfer is asked for with. `warm`: somebody there can be spoken with first.

    `reden` is a sentence when nobody can be reached there now; then `invaller` is who can.
    """

    code: str
    soort: EntryKind
    naam: str
    gemeente: str
    onderwerp: str
    toestel: str | None
    bereikbaar_op: str
    toestand: Standing
    opening: str
    warm: bool
    gedeeld: bool
    reden: str | None
    invaller: Invaller | None


class VermeldingLijst(Shape):
    vermeldingen: list[Vermelding]
    links: Annotated[Links, Field(alias="_links")]


class Zoekresultaat(Shape):
    """The best match first."""

    vermeldingen: list[Vermelding]


async def list_entries(asked: Asked[DirectoryQuery, None]) -> Answer:
    query, area = asked.query, asked.site.area.current
    towns = towns_of(asked, Action.DIRECTORY)
    after = "" if query.cursor is None else read_cursor(query.cursor, 1)[0]
    found = [
        entry
        for code, entry in sorted(area.entries.items())
        if code > after
        and is_visible(entry, towns)
        and query.gemeente in (None, entry.municipality)
        and query.soort in (None, entry.kind)
    ]
    listed = found[: query.aantal]
    cursor = write_cursor(listed[-1].code) if len(found) > query.aantal else None
    return Answer(VermeldingLijst(vermeldingen=await _lines(asked, listed), links=links_of(asked, cursor)))


async def show_entry(asked: Asked[Query, None]) -> Answer:
    area, towns = asked.site.area.current, towns_of(asked, Action.DIRECTORY)
    entry = area.entries.get(EntryCode(asked.path("code")))
    if entry is None or not is_visible(entry, towns):
        raise not_found()
    (line,) = await _lines(asked, [entry])
    return Answer(line)


async def search(asked: Asked[Query, Zoekopdracht]) -> Answer:
    site, towns = asked.site, towns_of(asked, Action.DIRECTORY)
    found = await asyncio.to_thread(site.area.index.search, asked.body.zoek, towns, MOST_FOUND)
    return Answer(Zoekresultaat(vermeldingen=await _lines(asked, [one.entry for one in found])))


async def _lines(asked: AnyAsked, entries: Sequence[DirectoryEntry]) -> list[Vermelding]:
    site, now = asked.site, asked.site.now()
    area, towns = site.area.current, towns_of(asked, Action.DIRECTORY)
    extensions = wanted_extensions(area, entries, towns)
    seen = sightings(area, extensions, *(await staff_now(site.pool, extensions)))
    return [_shown(line_of(area, entry, towns, seen, now)) for entry in entries]


def _shown(line: EntryLine) -> Vermelding:
    other, entry = line.instead, line.entry
    return Vermelding(
        code=entry.code,
        soort=entry.kind,
        naam=entry.name,
        gemeente=entry.municipality,
        onderwerp=entry.subject,
        toestel=entry.extension,
        bereikbaar_op=line.to,
        toestand=line.standing,
        opening=line.opening,
        warm=line.warm,
        gedeeld=entry.shared,
        reden=line.why_not or None,
        invaller=None
        if other is None
        else Invaller(code=other.entry.code, naam=other.entry.name, bereikbaar_op=other.to),
    )
