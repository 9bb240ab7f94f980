"""Every route with every role of two municipalities; and nothing of another municipality in any page or frame."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import WSServerHandshakeError

from ari_app.core.access import MAY, Action, Role
from ari_app.core.accounts import RoleRow
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.ids import MunicipalityCode
from ari_app.core.operator_commands import RefusalReason
from ari_app.storage.area.calamities import set_calamity
from ari_app.web.api.operations import OPERATIONS
from ari_app.web.live import hub
from ari_app.web.live.screen import ACTIONS, PAGE_ACTIONS, REGIONS, Page, Region
from ari_app.web.routes import OPEN_ROUTES, ROUTES
from tests.web.callers import a_request
from tests.web.controllers import all_is_refused
from tests.web.frames import closed_with, next_frames
from tests.web.people import Place
from tests.web.rows import an_operator, waiting_callers

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
PATHS = (
    "/",
    "/account",
    "/accounts",
    "/accounts/e-operator",
    "/accounts/w-operator",
    "/nergens",
    "/calamiteiten",
    "/wandbord",
    "/wandbord/toon",
    "/wandbord/toon?gemeente=GM9902",
    "/wandbord/toon?team=elderlo",
    "/medewerkers",
    "/medewerkers/101",
    "/terugbelverzoeken",
    "/terugbelverzoeken?team=team:elderlo&risico=1",
    "/terugbelverzoeken.csv?gemeente=GM9902&medewerker=operator:102",
    "/terugbelverzoeken?gemeente=GM9902&medewerker=operator:102",
    "/terugbelverzoeken/overdragen",
    "/terugbelverzoeken/gesloten",
    "/terugbelverzoeken/gesloten?gemeente=GM9902&team=elderlo&medewerker=102",
    "/terugbelverzoeken/gesloten.csv",
    "/gesprekken",
    "/gesprekken?gemeente=GM9902&team=elderlo&medewerker=102",
    "/gesprekken.csv",
    "/cijfers",
    "/cijfers?gemeente=GM9902&team=elderlo",
    "/cijfers.csv",
    "/nummerplan",
    "/nummerplan?gemeente=GM9902&controle=1",
    "/nummerplan.csv?gemeente=GM9902",
    "/nummerplan/nummer/elderlo-balie",
    "/nummerplan/nieuw",
    "/nummerplan/invoeren",
    "/deelname",
    "/deelname.csv",
    "/auditlog",
    "/auditlog?wie=e-supervisor",
)
#: of each page with live regions: what comes when callers come, and what is there of one's own
CHANGES = {
    Page.DESK: (Region.QUEUE, "Wierdam"),
    Page.BOARD: (Region.BOARD, "Langste"),
    Page.STAFF: (Region.STAFF, "Wierdam"),
    Page.REQUESTS: (Region.AT_RISK, "</strong> open"),
    Page.CALAMITY: (Region.CALAMITIES, "Brand in GM9901"),
}
NOBODY = "00000000-0000-0000-0000-000000000000"
#: of Elderlo: its name, its code, its operator and team, and what is in the address of its account
FOREIGN = ("Elderlo", "GM9902", "Bert", "elderlo", r"(?<!\.)\b102\b")


def _foreign(text: str) -> list[str]:
    """What of Elderlo is in a page or a frame.

    Its operator's number as a word of its own: ids have digits too, and moments have thousandths of a second.
    """
    return [word for word in FOREIGN if re.search(word, text)]


async def two_of_each_role(place: Place) -> None:
    for role in Role:
        for code, operator, word in ((WIERDAM, "101", "w"), (ELDERLO, "102", "e")):
            name = f"{role.value.title()} van {'Wierdam' if word == 'w' else 'Elderlo'}"
            account = f"{word}-{role.value}"
            number = operator if role in (Role.OPERATOR, Role.SUPERVISOR) else None
            await place.account(account, RoleRow(role, code), operator=number, name=name)


async def calamity(place: Place, town: MunicipalityCode, text: str) -> None:
    now = place.clock()
    await set_calamity(place.serve.background, Calamity(town, now, None, text, AfterCalamity.QUEUE, "test"), now)


#: parts of an address that are of nobody here
NOWHERE = ("{session}", "{reference}", "{board}", "{call}", "{passkey}", "{script}", "{remark}", "{entry}")


@pytest.fixture
def trusts_all(place: Place) -> Place:
    """Pages on which nobody here needs a code."""
    place.trusts_all_roles()
    return place


@pytest.fixture
async def nothing_is_done(trusts_all: Place) -> AsyncIterator[None]:
    """By a controller that answers at once."""
    async with all_is_refused(trusts_all.serve, RefusalReason.NOT_ALLOWED):
        yield


@pytest.mark.usefixtures("nothing_is_done")
async def test_the_whole_matrix_of_routes_roles_and_municipalities(trusts_all: Place) -> None:
    await two_of_each_role(trusts_all)
    for role in Role:
        browser = await trusts_all.logged_in(f"w-{role.value}")
        for route in ROUTES:
            if route.path == "/uitloggen":
                continue
            for of, account in ((WIERDAM, "w-operator"), (ELDERLO, "e-operator")):
                path = route.path.replace("{login}", account).replace("{session}", NOBODY)
                path = (
                    path.replace("{reference}", "1234567")
                    .replace("{board}", NOBODY)
                    .replace("{call}", NOBODY)
                    .replace("{passkey}", NOBODY)
                    .replace("{script}", NOBODY)
                    .replace("{remark}", "7")
                    .replace("{entry}", NOBODY)
                    .replace("{number}", "101" if of == WIERDAM else "102")
                )
                answer = await (browser.get(path) if route.method == "GET" else browser.post(path))
                allowed = role in MAY[route.action]
                if not allowed:
                    expected = {403}
                elif route.path == "/computer":
                    expected = {404}  # these pages have no phones
                elif any(part in route.path for part in NOWHERE):
                    expected = {404}  # nobody has that session, callback, board, call or script, whoever it is of
                elif any(part in route.path for part in ("{login}", "{number}")) and of == ELDERLO:
                    expected = {404}
                else:
                    expected = {200, 303, 400}  # an empty form
                    assert not answer.headers.get("Location", "").startswith("/inloggen")
                assert answer.status in expected, (role, route, of, answer.status)


async def test_without_a_login_no_route_shows_anything(place: Place) -> None:
    browser = await place.browser()
    for route in ROUTES:
        path = route.path.replace("{login}", "anna").replace("{session}", NOBODY).replace("{reference}", "1234567")
        path = path.replace("{board}", NOBODY).replace("{number}", "101").replace("{call}", NOBODY)
        path = path.replace("{passkey}", NOBODY).replace("{script}", NOBODY).replace("{remark}", "7")
        path = path.replace("{entry}", NOBODY)
        answer = await (browser.get(path) if route.method == "GET" else browser.post(path))
        assert answer.status in (303, 401), route
        if answer.status == 303:
            assert answer.headers["Location"].startswith("/inloggen")


def test_every_route_and_every_region_is_in_the_table() -> None:
    of_programs = {action for operation in OPERATIONS for action in operation.actions}
    assert {route.action for route in ROUTES} | set(ACTIONS.values()) | of_programs == set(Action)
    assert set(ACTIONS) == set(Region) == {region for regions in REGIONS.values() for region in regions}
    assert set(REGIONS) == set(PAGE_ACTIONS) == set(Page)
    for page, regions in REGIONS.items():
        assert {MAY[ACTIONS[region]] >= MAY[PAGE_ACTIONS[page]] for region in regions} == {True}, page
    opened = [route.path for route in OPEN_ROUTES if not route.path.startswith(("/inloggen", "/start"))]
    # The socket of a phone asks for the login itself, as that of a page does; the demonstration's are tried apart.
    trial = ["/probeer", "/probeer", "/probeer/sip", "/probeer/live"]
    pages = ["/toegankelijkheid", "/thema-{hash}.css", "/contact/{file}", "/live", "/sip"]
    assert opened == [*pages, *trial, "/bord/{token}", "/bord/{token}/live"]


async def test_no_page_and_no_frame_says_anything_of_another_municipality(
    trusts_all: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = trusts_all
    monkeypatch.setattr(hub, "SLOWLY", dict.fromkeys(hub.SLOWLY, 0.1))
    await two_of_each_role(place)
    for code, operator in ((WIERDAM, "101"), (ELDERLO, "102")):
        await an_operator(place.serve, operator, code, state="talking")
        await waiting_callers(place.serve, code, 3)
        await a_request(place.serve, code, operator=operator, subject=f"paspoort van {operator}")
        await calamity(place, code, f"Brand in {code}")
    await place.serve.pool.execute(
        """INSERT INTO directory_entry (code, kind, name, municipality, extension, endpoint, has_hours)
        VALUES ('elderlo-balie', 'department', 'Balie Elderlo', 'GM9902', '3000', 'PJSIP/elderlo', false)"""
    )
    await place.area_has(lambda area: area.entries)
    calls = await place.serve.pool.fetch("SELECT id FROM call")
    for role in Role:
        browser = await place.logged_in(f"w-{role.value}")
        for path in (*PATHS, *(f"/{page}/{call['id']}" for page in ("gesprekken", "nawerk") for call in calls)):
            text = await (await browser.get(path)).text()
            assert _foreign(text) == [], (role, path)
        for page, (region, words) in CHANGES.items():
            if role not in MAY[PAGE_ACTIONS[page]]:
                continue
            async with await browser.live(query=f"?blad={page}") as socket:
                first = await next_frames(socket, *REGIONS[page])
                assert words in first
                await place.serve.pool.execute("UPDATE operator_session SET logout_pending = NOT logout_pending")
                number = f"+31119555{200 + list(CHANGES).index(page) + 10 * list(Role).index(role)}"
                await a_request(place.serve, WIERDAM, number=number)
                for town in (ELDERLO, WIERDAM):
                    await calamity(place, town, f"Ook {page} in {town}, {role}")
                await waiting_callers(place.serve, ELDERLO, 1)
                await waiting_callers(place.serve, WIERDAM, 1)
                later = await next_frames(socket, region)
                assert _foreign(first + later) == [], (role, page)


async def test_a_socket_is_for_pages_of_ours_and_for_those_who_have_a_desk(trusts_all: Place) -> None:
    place = trusts_all
    await place.account("bea", RoleRow(Role.ANALYST, WIERDAM))
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    browser = await place.logged_in("anna")
    for headers in ({"Origin": "https://evil.example"}, {}):
        with pytest.raises(WSServerHandshakeError, match="403"):
            await browser.live(headers)
    assert (await browser.get("/live")).status == 426
    assert await closed_with(await (await place.browser()).live()) == 4401
    assert await closed_with(await (await place.logged_in("bea")).live()) == 4403
