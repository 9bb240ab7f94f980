"""Checks once a night whether every entry of the directory can be reached, and logs how many cannot."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError
from ari_app.core.area import Area, CheckResult
from ari_app.core.directory_check import Sightings, check
from ari_app.core.ids import Endpoint, EntryCode
from ari_app.core.presence import Presence, presence_of
from ari_app.storage.area.directory_checks import store_checks
from ari_app.storage.db.engine import Database
from ari_app.storage.db.nightly import claim_night, due_day, finish_night

log = structlog.get_logger(__name__)

#: the name under which earlier revisions stored it
JOB = "number_plan"
_ONLINE = "online"


class DirectoryCheck:
    """Due from an hour of the Dutch day on. A finished check is a row: each day has one, however often we restart."""

    def __init__(self, database: Database, ari: AriClient, area: Callable[[], Area], hour: int) -> None:
        self._database = database
        self._ari = ari
        self._area = area
        self._hour = hour

    async def tick(self, now: datetime | None = None) -> None:
        """Raises StoreUnavailable; without Asterisk nothing is done, and the next tick tries again."""
        now = now or datetime.now(UTC)
        pool = self._database.background
        day = await due_day(pool, JOB, self._hour, now)
        if day is None:
            return
        try:
            phones = await seen_phones(self._ari)
        except AriError as error:
            log.warning("directory_check_postponed", error=str(error))
            return
        if await claim_night(pool, JOB, day, now):
            _log_results(await check_directory(self._database, self._area(), phones, now))
            await finish_night(pool, JOB, day, datetime.now(UTC))


async def check_directory(
    database: Database, area: Area, phones: Mapping[Endpoint, Presence], now: datetime
) -> Mapping[EntryCode, CheckResult]:
    """Check every entry, and store the results. Raises StoreUnavailable."""
    # Twenty thousand numbers take seconds, and calls go on meanwhile.
    results = await asyncio.to_thread(check, area, Sightings(phones), now)
    await store_checks(database.background, results, now)
    return results


def _log_results(results: Mapping[EntryCode, CheckResult]) -> None:
    counts = Counter(result.value for result in results.values())
    fine = counts.pop(CheckResult.FINE.value, 0)
    if counts:
        log.warning("directory_has_unreachable", fine=fine, **counts)
    else:
        log.info("directory_checked", fine=fine)


async def seen_phones(ari: AriClient) -> dict[Endpoint, Presence]:
    """Every phone that Asterisk knows, registered or not. Raises AriError."""
    return {
        Endpoint(f"{phone.technology}/{phone.resource}"): presence_of(phone.state == _ONLINE, len(phone.channel_ids))
        for phone in await ari.endpoints.list_by_tech("PJSIP")
    }
