"""The database of a first start: migrated, with the sample area and its scripts when nobody put anything else there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import ari_app.sample
from ari_app.area_file.imports import import_area
from ari_app.area_file.script_files import read_scripts
from ari_app.core.area import Area
from ari_app.core.ids import OperatorNumber
from ari_app.local.debian import Say
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from ari_app.storage.db.migrate import upgrade_to_head
from ari_app.storage.scripts.imports import import_scripts

SAMPLE = Path(ari_app.sample.__file__).with_name("area.toml")
SCRIPTS = SAMPLE.with_name("antwoorden.csv")


async def prepare(url: str, say: Say, passwords: Mapping[str, str] | None = None) -> Area:
    """Migrate the database to head, make its roles, import the sample area into an empty one; returns what is in it.

    Raises StoreUnavailable, StorageError.
    """
    await upgrade_to_head(url, passwords)
    async with Database(url) as database:
        area = await load_area(database.background)
        if not area.municipalities and not area.operators:
            say("Importing the sample area …")
            await import_area(database.engine, SAMPLE.read_text(encoding="utf-8"), "ari-app up", datetime.now(UTC))
            area = await load_area(database.background)
            found = read_scripts(SCRIPTS.read_text(encoding="utf-8"), SCRIPTS.name, None, area)
            await import_scripts(database.background, found.scripts, None, "ari-app up", datetime.now(UTC))
    return area


def sample_pins() -> Mapping[OperatorNumber, str]:
    """The PINs of the sample area's operators, which are no secrets."""
    with SAMPLE.open("rb") as file:
        operators = tomllib.load(file).get("operator", [])
    return {OperatorNumber(entry["number"]): entry["pin"] for entry in operators if "pin" in entry}


def is_sample(area: Area) -> bool:
    """Whether the operators of the sample area are here, so that their PINs may be shown."""
    with SAMPLE.open("rb") as file:
        operators = tomllib.load(file).get("operator", [])
    known = {(operator.number, operator.name) for operator in area.operators.values()}
    return bool(operators) and all((entry["number"], entry["name"]) in known for entry in operators)
