"""The accounts page of administrators: what they change happens by a command, and what is not theirs is refused."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import Account, RoleRow
from ari_app.core.ids import MunicipalityCode, TeamCode
from ari_app.storage.accounts.store import find_account
from tests.web.controllers import rows_are_changed
from tests.web.frames import closed_with
from tests.web.people import PASSWORD, Browser, Place, hidden_fields

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
LINK = re.compile(r'id="startlink">http://127\.0\.0\.1(/start/[\w-]{43})<')
NEW = {"naam": "Dirk", "persoon": "Dirk Smit", "rol": "operator", "voor": "GM9901", "nummer": "101"}


@pytest.fixture
async def wim(place: Place) -> AsyncIterator[Browser]:
    """The administrator of Wierdam, before pages that know the area and a controller that lives."""
    place.trusts_all_roles()
    await place.account("wim", RoleRow(Role.ADMINISTRATOR, WIERDAM), name="Wim")
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), name="Anna")
    await place.account("beide", RoleRow(Role.OPERATOR, WIERDAM), RoleRow(Role.OPERATOR, ELDERLO), name="Beide")
    await place.account("els", RoleRow(Role.OPERATOR, ELDERLO), name="Els")
    await place.area_has(lambda area: area.municipalities)
    async with rows_are_changed(place):
        yield await place.logged_in("wim")


async def found(place: Place, login: str) -> Account:
    account = await find_account(place.serve.background, login, None)
    assert account is not None
    return account


async def said(browser: Browser, path: str, form: dict[str, str]) -> str:
    """What the page says to which the answer leads."""
    answer = await browser.post(path, form)
    assert answer.status == 303, answer.status
    text = await (await browser.get(answer.headers["Location"])).text()
    words = re.search(r'id="answer"[^>]*>([^<]*)<', text)
    assert words is not None
    return words[1]


async def test_a_new_account_gets_a_link_with_which_its_owner_logs_in(place: Place, wim: Browser) -> None:
    form = hidden_fields(await (await wim.get("/accounts")).text()) | NEW
    made = await wim.post("/accounts", form)
    text = await made.text()
    link = LINK.search(text)
    assert made.status == 200 and link is not None
    dirk = await found(place, "dirk")
    assert (dirk.name, dirk.operator, dirk.roles) == ("Dirk Smit", "101", (RoleRow(Role.OPERATOR, WIERDAM),))
    again = await (await wim.post("/accounts", form)).text()
    assert "Dit was al gedaan" in again and LINK.search(again) is None
    owner = await place.browser()
    page = await (await owner.get(link[1])).text()
    started = await owner.post(link[1], hidden_fields(page) | {"wachtwoord": PASSWORD})
    assert started.status in (200, 303)
    assert (await owner.get("/account")).status == 200
    assert await place.deeds("account.add") == ["test"] * 4 + ["account:wim"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("naam", "ANNA", "Er is al een account met deze naam"),
        ("naam", "d i r k", "Dit kan niet"),
        ("persoon", " ", "Dit kan niet"),
        ("nummer", "102", "niet van een medewerker van uw gemeenten"),
        ("voor", "GM9902", "Dit mag u niet"),
        ("voor", "", "Dit mag u niet"),
    ],
)
async def test_what_cannot_be_made_is_refused_in_words_and_what_was_typed_stays(
    place: Place, wim: Browser, field: str, value: str, words: str
) -> None:
    answer = await wim.post("/accounts", NEW | {field: value})
    text = await answer.text()
    assert answer.status == 409
    assert words in text
    assert 'value="Dirk' in text
    assert await find_account(place.serve.background, "dirk", None) is None


async def test_only_what_is_theirs_is_offered_and_accepted(place: Place, wim: Browser) -> None:
    await place.serve.pool.execute("INSERT INTO team (code, name) VALUES ('leeg', 'Leeg')")
    await place.area_has(lambda area: "leeg" in area.teams)
    page = await (await wim.get("/accounts")).text()
    assert 'value="GM9901"' in page and 'value="wierdam"' in page
    assert "GM9902" not in page and "elderlo" not in page and "Alle gemeenten" not in page
    assert "leeg" not in page, "it may get other municipalities, and the controller refuses it"
    for text in ("boss", "administrator,administrator"):
        assert (await wim.post("/accounts", NEW | {"rol": text})).status == 400
    assert (await wim.post("/accounts", NEW | {"voor": "GM9901,administrator"})).status == 400
    shared = await (await wim.get("/accounts/beide")).text()
    assert "werkt ook voor andere gemeenten" in shared and "Blokkeer dit account" not in shared
    assert (await wim.post("/accounts/beide/blokkeren")).status == 403
    assert (await wim.post("/accounts/els/blokkeren")).status == 404
    own = await (await wim.get("/accounts/wim")).text()
    assert "Dit is uw eigen account" in own and "Geef deze rol" not in own
    assert "Uw eigen rechten" in await said(wim, "/accounts/wim/rollen", {"rol": "supervisor", "voor": "GM9901"})
    assert "Uw eigen rechten" in await said(wim, "/accounts/wim/blokkeren", {})
    assert (await found(place, "wim")).roles == (RoleRow(Role.ADMINISTRATOR, WIERDAM),)


async def test_roles_number_lock_and_link_are_changed_on_the_page_of_an_account(place: Place, wim: Browser) -> None:
    anna = await place.logged_in("anna")
    assert await said(wim, "/accounts/anna/rollen", {"rol": "supervisor", "voor": "wierdam"}) == "Gedaan."
    assert await said(wim, "/accounts/anna/rollen/afnemen", {"rol": "operator:GM9901"}) == "Gedaan."
    assert "al niet meer" in await said(wim, "/accounts/anna/rollen/afnemen", {"rol": "operator:GM9901"})
    assert await said(wim, "/accounts/anna/nummer", {"nummer": "101"}) == "Gedaan."
    account = await found(place, "anna")
    assert (account.roles, account.operator) == ((RoleRow(Role.SUPERVISOR, team=TeamCode("wierdam")),), "101")
    assert (await anna.get("/account")).status == 200
    assert await said(wim, "/accounts/anna/blokkeren", {}) == "Gedaan."
    assert (await anna.get("/account")).status == 303, "its logins end"
    assert "geblokkeerd sinds" in await (await wim.get("/accounts/anna")).text()
    assert await said(wim, "/accounts/anna/deblokkeren", {}) == "Gedaan."
    reset = await wim.post("/accounts/anna/startlink")
    assert LINK.search(await reset.text()) is not None
    assert not (await found(place, "anna")).has_password
    assert await said(wim, "/accounts/anna/rollen/afnemen", {"rol": "supervisor:wierdam"}) == "Gedaan."
    assert (await wim.get("/accounts/anna")).status == 404, "without a role here it is the whole group's"


async def test_a_password_that_an_administrator_of_less_may_know_lets_nobody_in(place: Place, wim: Browser) -> None:
    reset = LINK.search(await (await wim.post("/accounts/anna/startlink")).text())
    assert reset is not None
    owner = await place.browser()
    form = hidden_fields(await (await owner.get(reset[1])).text()) | {"wachtwoord": PASSWORD}
    assert (await owner.post(reset[1], form)).status == 303
    await place.serve.pool.execute("UPDATE account SET operator = '101' WHERE login = 'anna'")
    assert (await (await place.browser()).log_in("anna")).status == 303
    assert (await owner.get("/account")).status == 200
    socket = await owner.live()
    await place.serve.pool.execute("INSERT INTO operator_team VALUES ('101', 'elderlo')")
    assert await closed_with(socket) == 4401
    assert (await owner.get("/account")).status == 303
    refused = await (await place.browser()).log_in("anna")
    assert refused.status == 403
    assert "nu ook voor andere gemeenten" in await refused.text()
