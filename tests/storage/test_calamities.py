"""Calamities are set, heard of and ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ari_app.area_file.imports import import_area
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.ids import MunicipalityCode
from ari_app.storage import tables as t
from ari_app.storage.area.calamities import (
    CalamityRefused,
    UnknownMunicipality,
    end_calamity,
    list_calamities,
    set_calamity,
)
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from tests.storage.area_values import NOW, SAMPLE, rows

pytestmark = pytest.mark.postgres


def flood(**changes: object) -> Calamity:
    values = {
        "municipality": MunicipalityCode("GM9901"),
        "from_at": NOW,
        "until_at": None,
        "text": "In Oosterwende is het drinkwater vervuild. Kook het water eerst.",
        "then": AfterCalamity.QUEUE,
        "author": "piket",
    }
    return Calamity(**{**values, **changes})  # type: ignore[arg-type]


async def test_a_calamity_is_set_heard_of_and_ended(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    now = datetime.now(UTC).replace(microsecond=0)
    water = flood(from_at=now - timedelta(minutes=5))
    planned = flood(from_at=now + timedelta(hours=1), until_at=now + timedelta(hours=2), then=AfterCalamity.END)
    elsewhere = flood(municipality=MunicipalityCode("GM9902"), from_at=now)
    for calamity in (planned, water, elsewhere):
        await set_calamity(database.background, calamity, now)
    assert (await load_area(database.background)).calamities == (water, elsewhere, planned)
    assert await list_calamities(database.background, None, now) == (water, elsewhere, planned)
    assert await list_calamities(database.background, None, now + timedelta(hours=3)) == (water, elsewhere)
    assert await end_calamity(database.background, MunicipalityCode("GM9901"), "teamleider", now) == 2
    assert await list_calamities(database.background, None, now) == (elsewhere,)
    assert not any(
        calamity.is_active(now + timedelta(minutes=minutes))
        for calamity in (await load_area(database.background)).calamities
        for minutes in (0, 90)
        if calamity.municipality == "GM9901"
    )
    assert await end_calamity(database.background, MunicipalityCode("GM9901"), "teamleider", now) == 0
    actions = [(row.actor, row.action) for row in await rows(database.engine, t.audit_log)]
    assert actions == [("beheer", "area.import"), *[("piket", "calamity.set")] * 3, ("teamleider", "calamity.end")]
    assert {row.ended_by for row in await rows(database.engine, t.calamity)} == {"teamleider", None}


async def test_a_calamity_that_makes_no_sense_is_refused(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    for refused in (
        flood(until_at=NOW),
        flood(until_at=NOW - timedelta(hours=1)),
        flood(text="  "),
        flood(text="regel\nregel"),
        flood(text="\x00"),
        flood(text="water " * 200),
    ):
        with pytest.raises(CalamityRefused):
            await set_calamity(database.background, refused, NOW)
    with pytest.raises(UnknownMunicipality):
        await set_calamity(database.background, flood(municipality=MunicipalityCode("GM0001")), NOW)
    assert await list_calamities(database.background, None, NOW) == ()


async def test_a_calamity_long_over_is_not_loaded(database: Database) -> None:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    past = datetime.now(UTC) - timedelta(days=5)
    await set_calamity(database.background, flood(from_at=past, until_at=past + timedelta(hours=1)), past)
    assert (await load_area(database.background)).calamities == ()
