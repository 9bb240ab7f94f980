"""What the live regions read, and when: nothing without need, and nothing before there is anything to go by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from ari_app.core.access import Actor, Grant, Role, Scope
from ari_app.core.accounts import RoleRow
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.changes import Change, ChangeKind
from ari_app.core.ids import AccountId, CallId, MunicipalityCode, OperatorNumber
from ari_app.core.operators import OperatorState
from ari_app.storage.area.calamities import set_calamity
from ari_app.storage.area.reader import read_area_rows
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from ari_app.storage.operators.card import call_cards
from ari_app.web import area
from ari_app.web.live import hub, regions
from ari_app.web.live.screen import Page, Region, Screen
from ari_app.web.site import Site
from tests.patience import PATIENCE_SECONDS
from tests.roles import as_role
from tests.storage.values import eventually
from tests.web.callers import a_talk
from tests.web.frames import frame_with, next_frames
from tests.web.people import Browser, Place, served

pytestmark = pytest.mark.postgres

WIERDAM = MunicipalityCode("GM9901")


@pytest.fixture
async def bea(place: Place) -> Browser:
    """An operator who is a supervisor as well."""
    place.trusts_all_roles()
    await place.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM), RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    return await place.logged_in("bea")


@asynccontextmanager
async def early_pages(place: Place, browser: Browser) -> AsyncIterator[tuple[Site, Browser]]:
    """Another copy of the pages, which begins now, before the same browser."""
    async with (
        Database(as_role(place.serve.url, WEB)) as database,
        served(database, place.site.options, place.clock) as (site, server),
    ):
        yield site, Browser(browser.session, str(server.make_url("")).rstrip("/"), place.clock)


def counting(monkeypatch: pytest.MonkeyPatch, name: str, real: Callable[..., Any]) -> list[str]:
    """One word for each time that the regions read this."""
    read: list[str] = []

    async def counted(*asked: Any, **more: Any) -> Any:
        read.append(name)
        return await real(*asked, **more)

    monkeypatch.setattr(regions, name, counted)
    return read


async def test_a_board_that_is_opened_as_the_process_begins_waits_for_the_area(
    place: Place, bea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, may_read = read_area_rows, asyncio.Event()

    async def gated(connection: Any) -> Any:
        await may_read.wait()
        return await real(connection)

    monkeypatch.setattr(area, "read_area_rows", gated)
    async with early_pages(place, bea) as (_, early):
        shown = asyncio.create_task(early.get("/wandbord/toon?gemeente=GM9901"))
        opening = asyncio.create_task(early.live(query="?blad=wandbord&gemeente=GM9901"))
        done, _ = await asyncio.wait((shown, opening), timeout=0.2)
        assert not done
        may_read.set()
        assert (await shown).status == 200
        async with await opening as socket:
            await next_frames(socket, "board")


async def test_an_area_that_cannot_be_read_is_said_to_be_out_of_reach(
    place: Place, bea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(connection: Any) -> Any:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(area, "read_area_rows", never)
    monkeypatch.setattr(area, "FIRST_SECONDS", 0.05)
    async with early_pages(place, bea) as (_, early):
        assert (await early.get("/")).status == 503
        assert (await early.get("/api/v1/wachtrijen")).status == 503


async def test_cards_are_not_read_by_the_clock_but_when_a_calamity_begins_by_it(
    place: Place, bea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "CLOCK_SECONDS", 0.02)
    looks, looked = 0, asyncio.Event()
    real = hub.Hub._look_for_calamities

    def look(self: hub.Hub) -> None:
        nonlocal looks
        real(self)
        looks += 1
        if looks >= 10:
            looked.set()

    monkeypatch.setattr(hub.Hub, "_look_for_calamities", look)
    await a_talk(place.serve, "101", WIERDAM)
    begins_at = place.clock() + timedelta(hours=1)
    planned = Calamity(WIERDAM, begins_at, None, "De kade loopt onder.", AfterCalamity.QUEUE, "test")
    async with early_pages(place, bea) as (site, early), await early.live() as socket:
        await next_frames(socket, "card", "calamities")
        await set_calamity(place.serve.pool, planned, place.clock())

        async def is_read() -> bool:
            return bool(site.area.current.calamities)

        await eventually(is_read)
        read = counting(monkeypatch, "call_cards", call_cards)
        looks = 0
        await asyncio.wait_for(looked.wait(), PATIENCE_SECONDS)
        assert read == []
        place.clock.pass_by(timedelta(hours=2))
        shown = ""
        while 'id="card"' not in shown:  # the words are also in the region of calamities
            shown = await frame_with(socket, "De kade loopt onder.")
        assert read


async def test_a_state_of_an_operator_is_no_reason_to_read_all_requests(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = Actor(AccountId(uuid4()), "bea", "Bea", None, (Grant(Role.SUPERVISOR, None),))
    for page in (Page.REQUESTS, Page.STAFF):
        place.site.hub.add(Screen(None, supervisor, page))
    marked: list[Region] = []
    monkeypatch.setattr(hub.Hub, "_mark", lambda self, region, screens: marked.extend(region for _ in screens))
    for kind in (ChangeKind.SESSION, ChangeKind.REQUEST):
        marked.clear()
        place.site.hub._heard(Change(1, kind, str(uuid4()), WIERDAM, OperatorNumber("101"), place.clock()))
        assert (Region.AT_RISK in marked) is (kind is ChangeKind.REQUEST), kind
        assert (Region.STAFF in marked) is (kind is ChangeKind.SESSION), kind


@pytest.mark.parametrize(
    ("read", "region", "again"),
    [
        ("show_own_days", Region.OWN_DAY, [Region.OWN_DAY]),
        ("show_cards", Region.CARD, [Region.CARD, Region.OPERATOR]),
    ],
)
async def test_a_call_that_changes_while_it_is_read_is_read_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, read: str, region: Region, again: list[Region]
) -> None:
    grant = Grant(Role.OPERATOR, frozenset({WIERDAM}))
    screen = Screen(None, Actor(AccountId(uuid4()), "anna", "Anna", OperatorNumber("101"), (grant,)))
    pages, call, changes = place.site.hub, CallId(uuid4()), [True]
    marked: list[Region] = []
    monkeypatch.setattr(hub.Hub, "_mark", lambda self, region, screens: marked.extend(region for _ in screens))

    async def changes_meanwhile(scope: Scope, screens: list[Screen], now: datetime) -> None:
        """What is read is of before the change; that this screen shows the call, only the read tells."""
        if changes:
            pages._heard(Change(1, ChangeKind.CALL, str(call), WIERDAM, None, now))
        for one in screens:
            one.own_calls, one.card_call = frozenset({call}), call

    monkeypatch.setattr(pages.regions, read, changes_meanwhile)
    await pages._show(region, [screen])
    assert marked == again
    changes.clear()
    marked.clear()
    await pages._show(region, [screen])
    assert marked == []


async def test_given_a_talk_that_was_over_before_it_was_shown_then_the_own_day_is_read_all_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = Actor(AccountId(uuid4()), "anna", "Anna", OperatorNumber("101"), (Grant(Role.OPERATOR, None),))
    screen = Screen(None, anna)
    marked: list[Region] = []
    monkeypatch.setattr(hub.Hub, "_mark", lambda self, region, screens: marked.extend(region for _ in screens))
    talk = await a_talk(place.serve, "101", WIERDAM)
    for state, is_read in ((OperatorState.TALKING, False), (OperatorState.WRAP_UP, True), (OperatorState.READY, True)):
        await talk.operator_is(state, has_call=state is OperatorState.TALKING)
        marked.clear()
        await place.site.hub._show(Region.OPERATOR, [screen])
        assert (Region.OWN_DAY in marked) == is_read, state
