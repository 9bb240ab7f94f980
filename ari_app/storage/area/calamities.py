"""Texts that every caller of a municipality hears first (AV §1): switched on, ended, listed."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.core.access import Scope
from ari_app.core.area import Calamity
from ari_app.core.ids import MunicipalityCode
from ari_app.storage import tables as t
from ari_app.storage.area.reader import read_calamities
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.errors import InputRefused, translated
from ari_app.storage.db.notifications import notify_area_changed

LONGEST_TEXT = 600  # characters, spoken in about a minute


class UnknownMunicipality(InputRefused):
    """A code that no municipality of the area has."""


class CalamityRefused(InputRefused):
    """A calamity that ends before it begins, or has no text that can be spoken."""


async def set_calamity(engine: AsyncEngine, calamity: Calamity, now: datetime) -> None:
    """Let every caller of a municipality hear a text first. Of several that run at once, the latest is heard.

    Raises UnknownMunicipality, CalamityRefused, StoreUnavailable.
    """
    _refuse_nonsense(calamity)
    with translated():
        async with engine.begin() as conn:
            known = sa.select(t.municipality.c.code).where(t.municipality.c.code == calamity.municipality)
            if (await conn.execute(known)).first() is None:
                raise UnknownMunicipality(f"there is no municipality {calamity.municipality}")
            row = {
                "municipality": calamity.municipality,
                "from_at": calamity.from_at,
                "until_at": calamity.until_at,
                "text": calamity.text,
                "then": calamity.then.value,
                "author": calamity.author,
                "created_at": now,
            }
            await conn.execute(sa.insert(t.calamity), row)
            detail = {
                "municipality": calamity.municipality,
                "from_at": calamity.from_at.isoformat(),
                "until_at": None if calamity.until_at is None else calamity.until_at.isoformat(),
                "then": calamity.then.value,
            }
            await record_deed(conn, now, calamity.author, "calamity.set", detail)
            await notify_area_changed(conn)


async def end_calamity(engine: AsyncEngine, municipality: MunicipalityCode, author: str, now: datetime) -> int:
    """End every calamity of a municipality, planned ones included; returns how many that were.

    Raises StoreUnavailable.
    """
    column = t.calamity.c
    statement = (
        sa.update(t.calamity)
        .where(column.municipality == municipality, _not_over(now))
        .values(until_at=sa.func.greatest(column.from_at, now), ended_by=author)
    )
    with translated():
        async with engine.begin() as conn:
            ended = (await conn.execute(statement)).rowcount
            if ended:
                detail = {"municipality": municipality, "ended": ended}
                await record_deed(conn, now, author, "calamity.end", detail)
                await notify_area_changed(conn)
    return ended


async def list_calamities(engine: AsyncEngine, scope: Scope, now: datetime) -> tuple[Calamity, ...]:
    """Those of the scope that run or are planned, by their beginning. Raises StoreUnavailable."""
    wanted = _not_over(now)
    if scope is not None:
        wanted = sa.and_(wanted, t.calamity.c.municipality.in_(scope))
    with translated():
        async with engine.connect() as conn:
            return await read_calamities(conn, wanted)


def _not_over(now: datetime) -> sa.ColumnElement[bool]:
    """Running or planned; a planned one that was called off ends where it begins."""
    column = t.calamity.c
    return sa.or_(column.until_at.is_(None), sa.and_(column.until_at > now, column.until_at > column.from_at))


def _refuse_nonsense(calamity: Calamity) -> None:
    if calamity.until_at is not None and calamity.until_at <= calamity.from_at:
        raise CalamityRefused("it would end before it begins")
    if not calamity.text.isprintable():
        raise CalamityRefused("the text holds characters that cannot be shown, such as a line break")
    if not any(char.isalnum() for char in calamity.text):
        raise CalamityRefused("there is nothing to say in the text: write words")
    if len(calamity.text) > LONGEST_TEXT:
        raise CalamityRefused(f"the text is longer than {LONGEST_TEXT} characters: callers want to know in a minute")
