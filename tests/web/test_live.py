"""Live regions: what changes comes by itself, and a page says when it is old."""

from __future__ import annotations

from datetime import timedelta

import pytest
from aiohttp import ClientSession, CookieJar

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.operators import PauseReason
from ari_app.storage.accounts.sessions import find_session
from ari_app.storage.accounts.store import change_roles, lock_account
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from ari_app.web.live.screen import Region, Screen
from ari_app.web.process import make_site
from tests.roles import as_role
from tests.storage.link import Link
from tests.storage.values import eventually
from tests.web.frames import closed_with, next_frames
from tests.web.people import Browser, Place, served
from tests.web.rows import a_call, an_operator, paused, store, waiting_callers

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
OPERATOR = RoleRow(Role.OPERATOR, WIERDAM)


@pytest.fixture
async def anna(place: Place) -> Browser:
    await place.account("anna", OPERATOR, operator="101")
    return await place.logged_in("anna")


async def test_the_page_itself_shows_the_state_of_now_without_any_script(place: Place, anna: Browser) -> None:
    assert "Niet aangemeld" in await (await anna.get("/")).text()
    await an_operator(place.serve, "101", WIERDAM, state="talking")
    await waiting_callers(place.serve, WIERDAM, 2)
    html = await (await anna.get("/")).text()
    assert "In gesprek" in html
    assert ">Wierdam</h2>" in html
    assert "<strong>3</strong> bellers wachten" in html


async def test_a_new_state_comes_by_itself(place: Place, anna: Browser) -> None:
    async with await anna.live() as socket:
        first = await next_frames(socket, "hello", "line", "operator", "queue")
        assert "Niet aangemeld" in first
        session = await an_operator(place.serve, "101", WIERDAM)
        assert "Klaar voor gesprekken" in await next_frames(socket, "operator")
        await store(place.serve, paused(session, PauseReason.LUNCH))
        frame = await next_frames(socket, "operator")
        assert "Pauze" in frame and "lunch" in frame
        assert 'id="queue"' not in frame, "only what changed"


async def test_callers_who_wait_are_counted_as_they_come(place: Place, anna: Browser) -> None:
    async with await anna.live() as socket:
        assert "Niemand wacht" in await next_frames(socket, "queue")
        await a_call(place.serve, WIERDAM)
        assert "<strong>1</strong> beller wacht" in await next_frames(socket, "queue")
        await waiting_callers(place.serve, ELDERLO, 2)
        await a_call(place.serve, WIERDAM)
        assert "<strong>2</strong> bellers wachten" in await next_frames(socket, "queue")


async def test_the_state_of_another_operator_is_not_sent(place: Place, anna: Browser) -> None:
    async with await anna.live() as socket:
        await next_frames(socket, "hello", "line", "operator", "queue")
        await an_operator(place.serve, "102", ELDERLO)
        await a_call(place.serve, WIERDAM)
        assert 'id="operator"' not in await next_frames(socket, "queue")


async def test_a_screen_says_that_the_controller_is_away_and_since_when(place: Place, anna: Browser) -> None:
    async with await anna.live() as socket:
        await next_frames(socket, "line")
        await place.serve.pool.execute("UPDATE node SET seen_at = now() - interval '1 minute'")
        frame = await next_frames(socket, "line")
        assert "De centrale is niet te bereiken" in frame
        assert "Gesprekken gaan door" in frame
        await place.serve.pool.execute("UPDATE node SET seen_at = now()")
        assert "niet te bereiken" not in await next_frames(socket, "line")


async def test_a_page_without_a_script_says_that_it_is_old(place: Place, anna: Browser) -> None:
    async with await anna.live() as socket:
        await next_frames(socket, "line")
        await place.serve.pool.execute("UPDATE node SET seen_at = now() - interval '1 minute'")
        await next_frames(socket, "line")
    assert "De centrale is niet te bereiken" in await (await anna.get("/")).text()


async def test_a_page_of_the_first_instant_says_of_nothing_that_it_is_old(
    database_url: str, place: Place, anna: Browser
) -> None:
    async with Database(as_role(database_url, WEB)) as database:
        hub = make_site(database, place.site.options, place.clock).hub  # it runs not yet, and has looked at nothing
        session = await find_session(place.site.pool, anna.cookie or "", place.clock())
        assert session is not None and not hub.is_ready
        screen = Screen(session.session.id, session.actor)
        await hub.fill(screen)
    assert "niet te bereiken" not in screen.shown(Region.LINE)
    assert "Niet aangemeld" in screen.shown(Region.OPERATOR)


@pytest.mark.parametrize("how", ["cut", "freeze"])
async def test_a_screen_says_that_the_database_is_away_and_recovers(database_url: str, place: Place, how: str) -> None:
    await place.account("anna", OPERATOR, operator="101")
    async with (
        Link(as_role(database_url, WEB)) as link,
        Database(link.url) as database,
        served(database, place.site.options, place.clock) as (_, server),
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        anna = Browser(session, str(server.make_url("")).rstrip("/"), place.clock)
        assert (await anna.log_in("anna")).status == 303
        async with await anna.live() as socket:
            await next_frames(socket, "hello", "line", "operator", "queue")
            getattr(link, how)()
            assert "De gegevens zijn niet te bereiken" in await next_frames(socket, "line")
            assert (await anna.get("/")).status == 503
            await an_operator(place.serve, "101", WIERDAM)
            link.mend()
            assert "Klaar voor gesprekken" in await next_frames(socket, "line", "operator")
            assert (await anna.get("/")).status == 200


async def test_a_login_that_ends_closes_its_pages(place: Place, anna: Browser) -> None:
    async with await anna.live() as socket:
        await next_frames(socket, "hello")
        await lock_account(place.serve.background, "anna", "test", place.clock())
        assert await closed_with(socket) == 4401


async def test_a_page_is_loaded_anew_when_rights_change(place: Place, anna: Browser) -> None:
    async with await anna.live() as socket:
        await next_frames(socket, "hello")
        more = [RoleRow(Role.OPERATOR, ELDERLO)]
        await change_roles(place.serve.background, "anna", more, [], "test", place.clock())
        assert await closed_with(socket) == 4403


async def test_a_process_that_stops_says_so(place: Place, anna: Browser) -> None:
    async with await anna.live() as socket:
        await next_frames(socket, "hello")
        place.site.hub.close()
        assert await closed_with(socket) == 1012


async def test_an_account_whose_operator_was_removed_has_no_desk_and_says_so(place: Place, anna: Browser) -> None:
    async with await anna.live() as socket:
        await next_frames(socket, "operator")
        await place.serve.pool.execute("DELETE FROM operator WHERE number = '101'")
        assert "hoort niet (meer) bij uw teams" in await (await anna.get("/")).text()


async def test_an_unused_page_ends_too_but_a_state_is_a_sign_of_life(place: Place, anna: Browser) -> None:
    await an_operator(place.serve, "101", WIERDAM)
    async with await anna.live() as socket:
        await next_frames(socket, "hello")
        place.clock.pass_by(timedelta(minutes=59))
        assert (await anna.get("/account")).status == 200
        place.clock.pass_by(timedelta(minutes=62))
        assert await closed_with(socket) == 4401


async def test_the_health_of_the_pages_is_for_everybody(place: Place) -> None:
    browser = await place.browser()
    assert (await browser.get("/health/live")).status == 200

    async def is_ready() -> bool:
        return (await browser.get("/health/ready")).status == 200

    await eventually(is_ready)
