"""A second factor that an administrator takes away by itself: its owner sets a new one, and nobody else gets in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import FACTOR_IS_SET_WITHIN, RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.totp import code_of, step_at
from ari_app.storage.accounts.store import forget_factor
from tests.web.controllers import rows_are_changed
from tests.web.people import SECRET, Browser, Place, hidden_fields

pytestmark = pytest.mark.postgres

WIERDAM = MunicipalityCode("GM9901")
SET = "/inloggen/nieuwe-code"


@pytest.fixture
async def bea(place: Place) -> Browser:
    """An account with a second factor and a recovery code, where it is logged in."""
    account = await place.account("bea", RoleRow(Role.EDITOR, WIERDAM), secret=SECRET)
    await place.serve.pool.execute("INSERT INTO recovery_code VALUES ($1, '\\x01')", account)
    return await place.logged_in("bea")


async def taken_away(place: Place) -> None:
    await forget_factor(place.serve.background, "bea", "test", place.clock())


async def codes_are(place: Place) -> int:
    count: int = await place.serve.pool.fetchval("SELECT count(*) FROM recovery_code")
    return count


async def test_its_owner_sets_a_new_one_with_the_password_and_the_first_code(place: Place, bea: Browser) -> None:
    await taken_away(place)
    assert (await bea.get("/account")).headers["Location"].startswith("/inloggen"), "its logins have ended"
    assert await codes_are(place) == 0
    browser = await place.browser()
    page = await browser.log_in("bea", verder="/account")
    text = await page.text()
    assert page.status == 200 and "Stel een nieuwe code in" in text and "zonder code" not in text
    assert (await browser.get("/account")).status == 303, "the password alone opens nothing"
    again = await browser.get("/inloggen/code?verder=/account")
    assert again.headers["Location"].startswith(SET)
    assert "Stel een nieuwe code in" in await (await browser.get(again.headers["Location"])).text()
    form = hidden_fields(text)
    assert form["verder"] == "/account" and form["geheim"] != SECRET
    for code in ("", "000000", code_of(SECRET, step_at(place.clock()))):
        wrong = await browser.post(SET, form | {"code": code})
        assert (wrong.status, hidden_fields(await wrong.text())["geheim"]) == (400, form["geheim"])
    assert (await browser.post(SET, form | {"geheim": "short"})).status == 400
    done = await browser.post(SET, form | {"code": code_of(form["geheim"], step_at(place.clock()))})
    shown = await done.text()
    assert done.status == 200 and shown.count("<li><code>") == 10
    assert 'href="/account">Ik heb ze bewaard' in shown
    assert (await browser.get("/account")).status == 200
    assert await codes_are(place) == 10
    assert await place.deeds("account.factor_reset") == ["test"]
    assert await place.deeds("account.factor_set") == ["bea"]
    place.clock.pass_by(timedelta(minutes=1))
    next_time = await place.browser()
    assert "Code invullen" in await (await next_time.log_in("bea")).text()
    assert (await next_time.give_code(code_of(form["geheim"], step_at(place.clock())))).status == 303


async def test_it_is_set_once_and_by_the_first(place: Place, bea: Browser) -> None:
    await taken_away(place)
    first, second = await place.browser(), await place.browser()
    forms = [hidden_fields(await (await browser.log_in("bea")).text()) for browser in (first, second)]
    codes = [code_of(form["geheim"], step_at(place.clock())) for form in forms]
    assert (await first.post(SET, forms[0] | {"code": codes[0]})).status == 200
    late = await second.post(SET, forms[1] | {"code": codes[1]})
    assert late.status == 401 and "Begin opnieuw" in await late.text()
    assert (await second.get(SET)).headers["Location"] == "/inloggen"
    assert (await second.get("/account")).status == 303
    assert await place.deeds("account.factor_set") == ["bea"]


async def test_without_a_password_and_after_some_days_nobody_sets_one(place: Place, bea: Browser) -> None:
    await taken_away(place)
    stranger = await place.browser()
    assert (await stranger.get(SET)).headers["Location"] == "/inloggen"
    assert (await stranger.post(SET, {"geheim": SECRET, "code": code_of(SECRET, step_at(place.clock()))})).status == 401
    browser = await place.browser()
    form = hidden_fields(await (await browser.log_in("bea")).text())
    place.clock.pass_by(FACTOR_IS_SET_WITHIN)
    for path in (SET, "/account"):
        assert (await browser.get(path)).status == 303
    code = code_of(form["geheim"], step_at(place.clock()))
    assert (await browser.post(SET, form | {"code": code})).status == 401
    refused = await (await place.browser()).log_in("bea")
    assert refused.status == 403 and "startlink" in await refused.text()


async def test_an_account_that_never_had_one_sets_none_with_its_password(place: Place) -> None:
    await place.account("bea", RoleRow(Role.EDITOR, WIERDAM))
    browser = await place.browser()
    assert (await browser.log_in("bea")).status == 403
    assert (await browser.get(SET)).headers["Location"] == "/inloggen"


async def test_who_needs_no_code_at_this_place_may_go_on_without(place: Place) -> None:
    await place.account("bea", RoleRow(Role.OPERATOR, WIERDAM), secret=SECRET)
    await taken_away(place)
    browser = await place.browser()
    text = await (await browser.log_in("bea", verder="/account")).text()
    assert "Hier kunt u ook zonder code verder" in text
    form = hidden_fields(text)
    assert (await browser.post(SET, form | {"code": "000000"})).status == 400
    gone_on = await browser.post(SET, form | {"code": ""})
    assert (gone_on.status, gone_on.headers["Location"]) == (303, "/account")
    again = hidden_fields(await (await (await place.browser()).log_in("bea")).text())
    assert "geheim" in again, "it may still be set"


async def test_a_form_that_waited_for_the_login_is_sent_after_the_recovery_codes(place: Place, bea: Browser) -> None:
    await taken_away(place)
    waits = hidden_fields(await (await bea.post("/stand", {"doe": "pauze"})).text())
    form = hidden_fields(await (await bea.log_in("bea", **waits)).text())
    code = code_of(form["geheim"], step_at(place.clock()))
    text = await (await bea.post(SET, form | {"code": code})).text()
    assert text.count("<li><code>") == 10
    assert 'action="/stand"' in text and hidden_fields(text) == {"doe": "pauze"}


async def test_an_administrator_takes_it_away_on_the_page_of_an_account(place: Place, bea: Browser) -> None:
    place.trusts_all_roles()
    await place.account("wim", RoleRow(Role.ADMINISTRATOR, WIERDAM), name="Wim")
    wim = await place.logged_in("wim")
    page = await (await wim.get("/accounts/bea")).text()
    assert "Haal de code weg" in page and "met code" in page
    async with rows_are_changed(place):
        done = await wim.post("/accounts/bea/code", hidden_fields(page))
    assert done.headers["Location"] == "/accounts/bea?antwoord=gedaan"
    assert "stelt bij het inloggen een nieuwe code in" in await (await wim.get("/accounts/bea")).text()
    assert await place.deeds("account.factor_reset") == ["account:wim"]
    assert (await bea.get("/account")).status == 303
    log = await (await wim.get("/auditlog")).text()
    assert "haalde de code op de telefoon van een account weg" in log
