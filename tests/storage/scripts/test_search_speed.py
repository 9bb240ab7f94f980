"""A search among 20,000 scripts: 50 ms are what an operator may wait. Measured beside the same search in a hundredth.

`-s` shows the figures: of the import of all, and of each kind of search.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import product
from statistics import median

import pytest

from ari_app.core.ids import MunicipalityCode
from ari_app.core.script_imports import SourceScript
from ari_app.core.scripts import ScriptText, Source
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from ari_app.storage.scripts.imports import import_scripts
from ari_app.storage.scripts.search import find_scripts, read_vocabulary
from tests.roles import as_role

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
MANY, FEW = 20_000, 200
_THINGS = ("paspoort", "rijbewijs", "parkeer", "bouw", "afval", "belasting", "huwelijk", "geboorte", "verhuis", "zorg")
_DEEDS = ("aanvragen", "verlengen", "betalen", "melden", "opzeggen", "wijzigen", "inzien", "ophalen", "afmelden")
#: unfinished, whole, of many scripts, with a typing error, of several words, a part of a compound
TYPED = ("pasp", "rijbewijs3 verlengen", "aanvragen", "parkeer7 aanvragn", "hoe moet ik afval1 melden", "vergunning")


def scripts(count: int) -> list[SourceScript]:
    """With some eight thousand words, and texts of a hundred."""
    kinds = list(product(_THINGS, _DEEDS))
    made = []
    for number in range(count):
        thing, deed = kinds[number % len(kinds)]
        word = f"{thing}vergunning{number % 701}"
        answer = " ".join(f"{thing}{(number * step) % 997} {deed}" for step in range(1, 51))
        text = ScriptText(f"Hoe kan ik {thing}{number % 97} {deed}, {number}?", answer, thing, keywords=(word, deed))
        made.append(SourceScript(Source.VAC, str(number), None, text))
    return made


async def milliseconds(web: Database) -> dict[str, float]:
    """The middle of ten, of each search, with the reading of the typed words."""
    words = await read_vocabulary(web.pool)
    towns, found = {WIERDAM, ELDERLO}, dict[str, float]()
    for typed in TYPED:
        took = []
        for _ in range(10):
            began = time.perf_counter()
            assert await find_scripts(web.pool, towns, WIERDAM, typed, words, NOW.date()), typed
            took.append(1000 * (time.perf_counter() - began))
        found[typed] = median(took)
    return found


@pytest.fixture
async def web(an_area: Database, database_url: str) -> AsyncIterator[Database]:
    async with Database(as_role(database_url, WEB)) as database:
        yield database


async def test_a_search_hardly_grows_with_the_number_of_scripts(
    web: Database, database: Database, owner: Database
) -> None:
    all_of_them = scripts(MANY)
    await import_scripts(database.background, all_of_them[:FEW], None, "test", NOW)
    few = await milliseconds(web)
    began = time.perf_counter()
    await import_scripts(database.background, all_of_them, None, "test", NOW)
    took = time.perf_counter() - began
    await owner.pool.execute("ANALYZE script")
    many = await milliseconds(web)
    sys.stdout.write(f"\n{MANY} scripts imported in {took:.1f} s\n")
    for typed in TYPED:
        sys.stdout.write(f"{typed:<28} {few[typed]:6.1f} ms of {FEW}, {many[typed]:6.1f} ms of {MANY}\n")
    # A hundred times as many; a scan of all of them would take as many times as long.
    assert sum(many.values()) < 60 * sum(few.values())
