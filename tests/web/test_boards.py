"""Wallboards: for supervisors, and behind an address that shows one board and nothing else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode, TeamCode
from ari_app.storage.boards.figures import board_figures
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from ari_app.web.live import hub, regions
from tests.roles import as_role
from tests.storage.link import Link
from tests.web.frames import closed_with, frame_with, next_frames
from tests.web.people import Browser, Place, served
from tests.web.rows import a_call, an_operator, waiting_callers
from tests.words import says

pytestmark = pytest.mark.postgres

FIGURE = '<p class="tile__figure">{}</p>'
WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")


@pytest.fixture(autouse=True)
def quick_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SLOWLY", dict.fromkeys(hub.SLOWLY, 0.1))


async def supervisor(place: Place, login: str = "bea", *roles: RoleRow) -> Browser:
    place.trusts_all_roles()
    await place.account(login, *(roles or [RoleRow(Role.SUPERVISOR, WIERDAM)]))
    return await place.logged_in(login)


async def address(browser: Browser, bord: str = "", name: str = "Zaal 2") -> str:
    """The path of a new address."""
    html = await (await browser.post("/wandbord/adres", {"bord": bord, "naam": name})).text()
    found = re.search(r'id="adres">http://[^/]+(/bord/[\w-]{43})<', html)
    assert found is not None, html
    return found[1]


async def turned_away(serve: Database, municipality: MunicipalityCode) -> None:
    call = await a_call(serve, municipality)
    for change in (
        "UPDATE queue_visit SET left_at = now(), outcome = 'lost' WHERE call_id = $1",
        "UPDATE call SET stage = 'ended', ended_at = now(), end_reason = 'turned_away' WHERE id = $1",
    ):
        await serve.background.execute(change, call.id)


async def test_a_board_shows_who_waits_and_follows_what_changes(place: Place) -> None:
    bea = await supervisor(place)
    async with await bea.live(query="?blad=wandbord") as socket:
        first = await next_frames(socket, "hello", "line", "board")
        assert "Niemand wacht" in first and "Niemand is aangemeld" in first and "nog geen bellers" in first
        await waiting_callers(place.serve, WIERDAM, 2)
        busy = await frame_with(socket, FIGURE.format(2))
        assert "is-late" in busy and "norm 25 seconden" in busy
        session = await an_operator(place.serve, "101", WIERDAM)
        assert session.operator == "101"
        await frame_with(socket, "Klaar voor gesprekken")
        for municipality in (WIERDAM, ELDERLO):
            await turned_away(place.serve, municipality)
        refused = await frame_with(socket, "Alle lijnen bezet, vandaag")
        assert FIGURE.format(1) in refused
        assert "waarvan de gemeente bekend was" in refused, "whoever heard busy before is of the whole group only"
    html = await (await bea.get("/wandbord/toon")).text()
    assert FIGURE.format(2) in html
    assert not says(html, "101") and "Anna" not in html, "nobody is named on a board"


async def test_an_address_shows_its_board_to_whoever_has_it_and_nothing_else(place: Place) -> None:
    bea = await supervisor(place)
    path = await address(bea, "gemeente=GM9901")
    screen = await place.browser()
    await waiting_callers(place.serve, ELDERLO, 3)
    shown = await screen.get(path)
    assert shown.status == 200 and shown.headers["Referrer-Policy"] == "no-referrer"
    html = await shown.text()
    assert "Zaal 2" in html and "Niemand wacht" in html and f'data-live="{path}/live"' in html
    assert [word for word in ("Elderlo", "GM9902", "Anna", "Bert", "/uitloggen") if word in html] == []
    assert (await screen.get("/wandbord")).headers["Location"].startswith("/inloggen")
    async with await screen.live(path=f"{path}/live") as socket:
        await next_frames(socket, "hello", "line", "board")
        await a_call(place.serve, ELDERLO)
        await a_call(place.serve, WIERDAM)
        await frame_with(socket, FIGURE.format(1))
    row = await place.serve.pool.fetchrow("SELECT name, shown_at IS NOT NULL AS was_shown, created_by FROM board_token")
    assert row is not None and tuple(row) == ("Zaal 2", True, "account:bea")
    assert path.rpartition("/")[2] not in str(await place.serve.pool.fetch("SELECT board_token::text FROM board_token"))
    assert await place.deeds("board.add") == ["account:bea"]


async def test_an_address_that_was_ended_goes_dark_at_once(place: Place) -> None:
    bea = await supervisor(place)
    path = await address(bea)
    screen = await place.browser()
    async with await screen.live(path=f"{path}/live") as socket:
        await next_frames(socket, "board")
        html = await (await bea.get("/wandbord")).text()
        end = re.search(r'action="(/wandbord/adres/[0-9a-f-]+/beeindigen)"', html)
        assert end is not None
        assert (await bea.post(end[1])).status == 303
        assert await closed_with(socket) == 4401
    assert (await screen.get(path)).status == 404
    assert await closed_with(await screen.live(path=f"{path}/live")) == 4401
    assert (await bea.post(end[1])).status == 404
    assert "Er zijn geen adressen" in await (await bea.get("/wandbord")).text()
    assert await place.deeds("board.end") == ["account:bea"]


async def test_an_address_of_others_is_neither_listed_nor_ended_and_none_is_made_of_what_is_not_ones_own(
    place: Place,
) -> None:
    group = await supervisor(place, "groep", RoleRow(Role.SUPERVISOR))
    await address(group, "gemeente=GM9902", "Balie Elderlo")
    await address(group, "", "Alles")
    bea = await supervisor(place)
    await address(bea, "team=wierdam", "Hier")
    html = await (await bea.get("/wandbord")).text()
    assert "Hier" in html and "Balie" not in html and "Alles" not in html
    assert (await (await group.get("/wandbord")).text()).count("/beeindigen") == 3
    other = await place.serve.pool.fetchval("SELECT id FROM board_token WHERE name = 'Alles'")
    assert (await bea.post(f"/wandbord/adres/{other}/beeindigen")).status == 404
    for bord in ("gemeente=GM9902", "team=elderlo", "gemeente=GM9901&team=wierdam", "onzin"):
        assert (await bea.post("/wandbord/adres", {"bord": bord, "naam": "x"})).status == 400, bord
    assert (await bea.post("/wandbord/adres", {"bord": "", "naam": " "})).status == 400
    assert await closed_with(await bea.live(query="?blad=wandbord&gemeente=GM9902")) == 4403


async def test_the_figures_of_one_view_are_read_once_for_all_its_screens(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[TeamCode | None] = []

    async def counted(pool: object, view: object, now: object) -> object:
        read.append(view.team)  # type: ignore[attr-defined]
        return await board_figures(pool, view, now)  # type: ignore[arg-type]

    bea = await supervisor(place)
    path = await address(bea)
    sockets = [await (await place.browser()).live(path=f"{path}/live") for _ in range(5)]
    for socket in sockets:
        await next_frames(socket, "board")
    monkeypatch.setattr(regions, "board_figures", counted)
    await a_call(place.serve, WIERDAM)
    for socket in sockets:
        await frame_with(socket, FIGURE.format(1))
        await socket.close()
    assert read == [None]


async def test_a_screen_on_the_wall_recovers_by_itself_when_the_database_was_away(
    database_url: str, place: Place
) -> None:
    path = await address(await supervisor(place))
    async with (
        Link(as_role(database_url, WEB)) as link,
        Database(link.url) as database,
        served(database, place.site.options, place.clock) as (_, server),
    ):
        place.server = server
        screen = await place.browser()
        async with await screen.live(path=f"{path}/live") as socket:
            await next_frames(socket, "line", "board")
            link.cut()
            assert "De gegevens zijn niet te bereiken" in await next_frames(socket, "line")
            away = await screen.get(path)
            assert (away.status, away.headers["Refresh"]) == (503, "30")
            await a_call(place.serve, WIERDAM)
            link.mend()
            await frame_with(socket, FIGURE.format(1))


async def test_whether_a_screen_uses_its_address_is_known_by_the_hour(place: Place) -> None:
    path = await address(await supervisor(place))
    screen = await place.browser()
    seen = "SELECT shown_at FROM board_token"
    await screen.get(path)
    first = await place.serve.pool.fetchval(seen)
    place.clock.pass_by(timedelta(minutes=59))
    await screen.get(path)
    assert await place.serve.pool.fetchval(seen) == first
    place.clock.pass_by(timedelta(minutes=2))
    await screen.get(path)
    assert await place.serve.pool.fetchval(seen) > first
