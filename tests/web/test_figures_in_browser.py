"""The page of figures before a real browser: charts without a style of their own, tables beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.local.postgres import LocalPostgres
from ari_app.reports.choices import Choices, Definition
from ari_app.reports.definitions import add_definition
from ari_app.storage.db.engine import Database
from tests.reports.counted import count_all
from tests.reports.history import History
from tests.web.chromium import Desk
from tests.web.desks import a_desk
from tests.web.looks import looked_at
from tests.web.rows import ledger_of

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

WIERDAM = MunicipalityCode("GM9901")
#: a Friday in working hours
SINCE = datetime(2026, 5, 8, 7, 0, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(postgres_server: LocalPostgres, migrated_template: str, server_directory: Path) -> AsyncIterator[Desk]:
    async with a_desk(postgres_server, migrated_template, server_directory) as desk:
        await desk.account("bea", RoleRow(Role.SUPERVISOR))
        await desk.account("cor", RoleRow(Role.ANALYST, WIERDAM))
        await filled(desk.serve)
        yield desk


async def filled(serve: Database) -> None:
    async def nothing() -> None: ...

    async with ledger_of(serve) as ledger:
        for days in range(4):
            since = SINCE - timedelta(days=days)
            await History(ledger, serve.pool, since, since + timedelta(hours=8), days, nothing).write(60)
    now = datetime.now(UTC)
    choices = Choices(norm_seconds=20, fewest_calls=1)
    yesterday = (SINCE - timedelta(days=1)).date()
    await add_definition(serve.background, Definition(WIERDAM, yesterday, choices, "anna", now))
    await count_all(serve.background, now)


async def test_a_day_is_shown_in_pictures_and_in_tables(desk: Desk) -> None:
    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/cijfers?vanaf=2026-05-08&tot=2026-05-08")
    await desk.text_of(bea, "main", "Gesprekken per kwartier")
    sizes = await bea.locator(".chart__bars .part--answered").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(box => [box.width, box.height])"
    )
    assert len(sizes) > 10 and all(width > 1 and height > 1 for width, height in sizes), "without a style of its own"
    await looked_at(desk, bea, "figures of a day")
    await bea.locator("summary").click()
    await looked_at(desk, bea, "figures of a day with the table")
    await bea.get_by_role("link", name="Beantwoord binnen de norm").click()
    assert bea.url.endswith("#maat-binnen_norm")
    await bea.locator('a[href*="/gesprekken"][href*="einde=opgehangen"]').first.click()
    await desk.text_of(bea, "main", "De nieuwste staan bovenaan")


async def test_a_period_across_a_change_says_so(desk: Desk) -> None:
    cor = await desk.logged_in("cor")
    await cor.goto(f"{desk.url}/cijfers?vanaf=2026-05-01&tot=2026-05-31")
    await desk.text_of(cor, "main", "veranderde hoe er wordt geteld")
    assert await cor.locator(".heat--4").count() > 0
    await looked_at(desk, cor, "figures of a month")


async def test_days_without_calls_and_faults(desk: Desk) -> None:
    cor = await desk.logged_in("cor")
    await cor.goto(f"{desk.url}/cijfers?vanaf=2025-01-01&tot=2025-12-31")
    await desk.text_of(cor, "main", "Er zijn in deze dagen geen gesprekken")
    await looked_at(desk, cor, "figures of nothing")
    await cor.goto(f"{desk.url}/cijfers?vanaf=gisteren&team=anders")
    await desk.text_of(cor, "#answer", "van, team")
    await looked_at(desk, cor, "figures with faults")
