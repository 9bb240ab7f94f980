"""`web` killed between asking and answering: what was asked is done once, and whoever asks again is told what became of
it.

Commands of supervisors, also for many at once; `serve` killed between its writes is `tests/jobs/test_row_commands.py`.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession, CookieJar

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.area_commands import CloseEarly
from ari_app.core.ids import MunicipalityCode, new_command_id
from ari_app.local.pages import LocalPages, PagesSettings
from ari_app.local.ports import Protocol, free_port
from ari_app.storage.area.calamities import set_calamity
from ari_app.storage.area.early_closings import close_early_in
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from ari_app.web.pages.supervising import AT_ONCE
from tests.place import address
from tests.roles import as_role
from tests.storage.values import eventually
from tests.web.callers import a_request
from tests.web.controllers import rows_are_changed_in
from tests.web.people import Browser, Clock, Place

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
BINDS = address(1)
#: of somebody who is away: more than a page asks for at once, so that it is killed before it has asked for all
OF_ANNA = AT_ONCE + 2
ENTRY = {"gemeente": WIERDAM, "code": "balie", "naam": "Balie", "soort": "department", "toestel": "PJSIP/balie"}
Forms = list[tuple[str, dict[str, str]]]


@pytest.fixture
async def pages(database_url: str, place: Place, tmp_path: Path) -> AsyncIterator[LocalPages]:
    settings = PagesSettings(tmp_path, as_role(database_url, WEB), free_port(Protocol.TCP, BINDS), BINDS)
    pages = LocalPages(settings)
    await started(pages)
    yield pages
    await asyncio.to_thread(pages.stop)


@pytest.fixture
async def bea(pages: LocalPages, place: Place) -> AsyncIterator[Browser]:
    await place.account("bea", RoleRow(Role.SUPERVISOR), RoleRow(Role.EDITOR))
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        browser = Browser(session, pages.settings.url, Clock())
        assert (await browser.log_in("bea")).status == 303
        yield browser


async def started(pages: LocalPages) -> None:
    pages.start()
    await asyncio.to_thread(pages.wait_until_ready)


async def killed_while_asking(pages: LocalPages, bea: Browser, serve: Database, forms: Forms, *, is_done: bool) -> None:
    """Nobody has the commands yet when it is killed; or all is done, and it has not heard of it."""
    sent = [asyncio.create_task(bea.post(where, form)) for where, form in forms]
    count = len(forms) - 1 + AT_ONCE

    async def all_are_asked() -> bool:
        return bool(await serve.pool.fetchval("SELECT count(*) FROM command WHERE answered_at IS NULL") == count)

    await eventually(all_are_asked)
    # However long this machine takes to start the pages again.
    await serve.pool.execute("UPDATE command SET expires_at = expires_at + interval '10 min'")
    assert pages.pid is not None
    if is_done:
        os.kill(pages.pid, signal.SIGSTOP)
    else:
        pages.kill()
    async with rows_are_changed_in(serve):
        await eventually(lambda: serve.pool.fetchval("SELECT NOT EXISTS (SELECT FROM command WHERE answer IS NULL)"))
    pages.kill()
    for answer in await asyncio.gather(*sent, return_exceptions=True):
        assert isinstance(answer, ClientConnectionError), "nobody was told that it was done"


async def sent_again(pages: LocalPages, bea: Browser, serve: Database, forms: Forms) -> list[str]:
    """Where each form led to, with the same session."""
    await started(pages)
    async with rows_are_changed_in(serve):
        answers = await asyncio.gather(*(bea.post(where, form) for where, form in forms))
    assert {answer.status for answer in answers} == {303}
    return [answer.headers["Location"] for answer in answers]


async def deeds(serve: Database) -> Mapping[str, int]:
    """What Bea did: in the audit log, and in the history of callbacks."""
    rows = await serve.pool.fetch(
        """SELECT action FROM audit_log WHERE actor = 'account:bea' AND action !~ '^(account|login)'
        UNION ALL SELECT kind FROM callback_fact WHERE detail ->> 'by' = 'account:bea'"""
    )
    return Counter(row["action"] for row in rows)


@pytest.mark.parametrize("is_done", [False, True], ids=["before anybody took it", "after it was done"])
async def test_given_web_killed_between_asking_and_answering_then_all_is_done_once_and_told_when_asked_again(
    place: Place, pages: LocalPages, bea: Browser, is_done: bool
) -> None:
    serve, now = place.serve, datetime.now(UTC)
    for number in range(OF_ANNA):
        await a_request(serve, WIERDAM, operator="101", number=f"+31119555{number + 140}")
    given, closed = [await a_request(serve, WIERDAM, number=f"+31119555{number}") for number in (120, 121)]
    await set_calamity(serve.background, Calamity(ELDERLO, now, None, "Storm.", AfterCalamity.QUEUE, "test"), now)
    async with transaction(serve.background) as connection:
        await close_early_in(connection, ELDERLO, CloseEarly(now + timedelta(hours=1), "storm"), "test", now, now)
    forms: Forms = [
        ("/calamiteiten", {"g-GM9901": "1", "tekst": "Er is brand.", "daarna": "queue"}),
        ("/calamiteiten/einde", {"gemeente": ELDERLO, "begin": now.isoformat()}),
        ("/calamiteiten/sluiten", {"g-GM9901": "1", "waarom": "storm"}),
        ("/calamiteiten/open", {"gemeente": ELDERLO}),
        ("/nummerplan/nieuw", dict(ENTRY)),
        ("/terugbelverzoeken", {"doe": "sluiten", f"v-{closed.id}": "1", "reden": "is langs geweest"}),
        ("/terugbelverzoeken", {"doe": "geven", f"v-{given.id}": "1", "aan": "team:wierdam"}),
        ("/terugbelverzoeken/overdragen", {"van": "101", "aan": "team:wierdam"}),
    ]
    for _, form in forms:
        form["id"] = str(new_command_id())
    await killed_while_asking(pages, bea, serve, forms, is_done=is_done)
    *others, reassigned = await sent_again(pages, bea, serve, forms)
    assert all("antwoord=gedaan" in where for where in others), others
    assert reassigned == f"/terugbelverzoeken/overdragen?van=101&gegeven={OF_ANNA - AT_ONCE}", "the others were done"
    assert await deeds(serve) == {
        **dict.fromkeys(("calamity.set", "calamity.end"), 1),
        **dict.fromkeys(("municipality.close_early", "municipality.open_again", "directory.change"), 1),
        "closed": 1,
        "assigned": 1 + OF_ANNA,
    }
