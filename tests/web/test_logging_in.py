"""Logging in and out: password, code, one-time link, waits, and what an attacker would try with them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import CODE_WAIT, LINK_LASTS, SESSION_IDLE, RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.totp import code_of, step_at
from ari_app.storage.accounts.store import lock_account
from ari_app.web.live import endings
from tests.storage.values import eventually
from tests.web.people import PASSWORD, SECRET, Browser, Place, hidden_fields

pytestmark = pytest.mark.postgres

OPERATOR = RoleRow(Role.OPERATOR, MunicipalityCode("GM9901"))
ADMINISTRATOR = RoleRow(Role.ADMINISTRATOR, MunicipalityCode("GM9901"))


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/account")).status == 200


async def test_an_operator_in_a_trusted_network_gives_a_password_and_sees_the_page_that_was_asked_for(
    place: Place,
) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.browser()
    asked = await browser.get("/account")
    assert (asked.status, asked.headers["Location"]) == (303, "/inloggen?verder=%2Faccount")
    form = await browser.get(asked.headers["Location"])
    answer = await browser.log_in(" Anna", **hidden_fields(await form.text()))
    assert (answer.status, answer.headers["Location"]) == (303, "/account")
    assert await is_in(browser)
    assert await place.deeds("login") == ["anna"]


async def test_an_administrator_gives_a_code_too_and_until_then_nothing_is_open(place: Place) -> None:
    await place.account("bea", ADMINISTRATOR, secret=SECRET)
    browser = await place.browser()
    assert (await browser.log_in("bea")).status == 200
    waiting = browser.cookie
    assert not await is_in(browser)
    assert (await browser.give_code("000000")).status == 401
    assert (await browser.give_code()).status == 303
    assert await is_in(browser)
    assert browser.cookie != waiting, "a session that an attacker may have seen before the code is worth nothing"


async def test_a_code_works_once(place: Place) -> None:
    await place.account("bea", ADMINISTRATOR, secret=SECRET)
    code = code_of(SECRET, step_at(place.clock()))
    first, second = await place.browser(), await place.browser()
    await first.log_in("bea")
    await second.log_in("bea")
    assert (await first.give_code(code)).status == 303
    assert (await second.give_code(code)).status == 401


async def test_the_code_must_come_soon_after_the_password(place: Place) -> None:
    await place.account("bea", ADMINISTRATOR, secret=SECRET)
    browser = await place.browser()
    await browser.log_in("bea")
    place.clock.pass_by(CODE_WAIT + timedelta(seconds=1))
    assert (await browser.give_code()).status == 401
    assert not await is_in(browser)


async def test_an_account_without_an_app_for_codes_is_refused_where_it_needs_one(place: Place) -> None:
    await place.account("bea", ADMINISTRATOR)
    answer = await (await place.browser()).log_in("bea")
    assert answer.status == 403
    assert "startlink" in await answer.text()


@pytest.mark.parametrize(("login", "password"), [("anna", "verkeerd wachtwoord"), ("nobody", PASSWORD), ("x y", "")])
async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(place: Place, login: str, password: str) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.browser()
    answer = await browser.log_in(login, password)
    assert answer.status == 401
    assert "De naam of het wachtwoord klopt niet" in await answer.text()
    assert browser.cookie is None


async def test_after_wrong_passwords_the_next_try_has_to_wait_longer_each_time(place: Place) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.browser()
    for _ in range(4):
        assert (await browser.log_in("anna", "verkeerd wachtwoord")).status == 401
    refused = await browser.log_in("anna")
    assert refused.status == 429
    assert "Wacht 5 seconden" in await refused.text()
    place.clock.pass_by(timedelta(seconds=6))
    assert (await browser.log_in("anna", "verkeerd wachtwoord")).status == 401
    assert "Wacht 10 seconden" in await (await browser.log_in("anna")).text()
    place.clock.pass_by(timedelta(seconds=11))
    assert (await browser.log_in("anna")).status == 303
    assert (await (await place.browser()).log_in("anna", "verkeerd wachtwoord")).status == 401, "all is forgiven"


async def test_an_address_that_tries_many_names_has_to_wait_too(place: Place) -> None:
    browser = await place.browser()
    answers = [(await browser.log_in(f"name{number}", "x" * 12)).status for number in range(32)]
    assert answers == [401] * 31 + [429]


async def test_wrong_codes_are_counted_as_well(place: Place) -> None:
    await place.account("bea", ADMINISTRATOR, secret=SECRET)
    browser = await place.browser()
    await browser.log_in("bea")
    assert [(await browser.give_code("000000")).status for _ in range(5)] == [401] * 4 + [429]
    assert (await browser.give_code()).status == 429, "also with the right one"


async def test_a_locked_account_is_out_at_once(place: Place) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.logged_in("anna")
    await lock_account(place.serve.background, "anna", "test", place.clock())
    assert not await is_in(browser)
    assert (await browser.log_in("anna")).status == 403


async def test_a_session_that_somebody_planted_is_not_taken_over(place: Place) -> None:
    await place.account("anna", OPERATOR, operator="101")
    attacker = await place.logged_in("anna")
    planted = attacker.cookie
    victim = await place.browser()
    victim.plant(planted or "")
    await victim.log_in("anna")
    assert victim.cookie != planted
    assert (await victim.post("/uitloggen")).status == 303
    assert await is_in(attacker), "two logins"


async def test_logging_out_ends_the_login_and_not_only_the_cookie(place: Place) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.logged_in("anna")
    kept = browser.cookie
    assert (await browser.post("/uitloggen")).headers["Location"] == "/inloggen"
    assert browser.cookie in (None, "")
    browser.plant(kept or "")
    assert not await is_in(browser)
    assert await place.deeds("session.end") == ["anna"]


async def test_a_login_that_is_not_used_ends_and_one_that_is_used_goes_on(place: Place) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.logged_in("anna")
    for _ in range(3):
        place.clock.pass_by(SESSION_IDLE - timedelta(minutes=1))
        assert await is_in(browser)
    place.clock.pass_by(SESSION_IDLE + timedelta(minutes=1))
    assert not await is_in(browser)


TAKES_CALLS = """
INSERT INTO operator_session (id, asterisk_id, operator, reach, logged_in_at, state, state_since_at, idle_since_at)
VALUES (gen_random_uuid(), 'node1', '101', 'line', $1, $2, $1, $1)"""


@pytest.fixture
def quick_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "IDLE_SECONDS", 0.02)


@pytest.mark.usefixtures("quick_ends")
async def test_a_login_that_ended_is_not_brought_back_by_a_talk(place: Place) -> None:
    """The phone was left in a pause; so was the browser, which somebody else may sit before by now."""
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.logged_in("anna")
    await place.serve.pool.execute(TAKES_CALLS, place.clock(), "paused")
    place.clock.pass_by(SESSION_IDLE + timedelta(minutes=1))

    async def is_written_down() -> bool:
        return await place.serve.pool.fetchval("SELECT ended_at FROM web_session") is not None

    await eventually(is_written_down)
    await place.serve.pool.execute("UPDATE operator_session SET state = 'talking', state_since_at = $1", place.clock())
    assert not await is_in(browser)


async def test_a_phone_elsewhere_brings_no_login_back_that_ended_while_no_pages_were_served(place: Place) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.logged_in("anna")
    place.clock.pass_by(timedelta(hours=16))
    await place.serve.pool.execute(TAKES_CALLS, place.clock(), "talking")
    assert not await is_in(browser)


@pytest.mark.parametrize(("state", "stays"), [("talking", True), ("wrap_up", True), ("paused", False)])
async def test_a_login_never_ends_in_a_talk(place: Place, state: str, stays: bool) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.logged_in("anna")
    await place.serve.pool.execute(TAKES_CALLS, place.clock(), state)
    place.clock.pass_by(SESSION_IDLE * 3)
    assert await is_in(browser) is stays


async def test_the_link_of_a_new_account_sets_password_and_codes_once(place: Place) -> None:
    await place.account("bea", ADMINISTRATOR, name="Béa 🎉 תודה")
    token = await place.link("bea")
    browser = await place.browser()
    assert (await browser.log_in("bea")).status == 401, "the password of before is gone"
    page = await (await browser.get(f"/start/{token}")).text()
    secret = hidden_fields(page)["geheim"]
    assert "<bdi>Béa 🎉 תודה</bdi>" in page
    form = {"geheim": secret, "wachtwoord": PASSWORD, "code": code_of(secret, step_at(place.clock()))}
    for wrong, words in (
        ({"wachtwoord": "kort"}, "12 tekens of meer"),
        ({"wachtwoord": "welkom123456!"}, "makkelijk te raden"),
        ({"code": "123"}, "Deze code klopt niet"),
        ({"code": ""}, "Deze code klopt niet"),
    ):
        refused = await browser.post(f"/start/{token}", {**form, **wrong})
        assert refused.status == 400
        assert words in await refused.text()
    done = await browser.post(f"/start/{token}", form)
    assert done.status == 200
    codes = [line for line in (await done.text()).splitlines() if line.startswith("<li><code>")]
    assert len(codes) == 10
    assert await is_in(browser)
    assert (await browser.get(f"/start/{token}")).status == 404
    other = await place.browser()
    await other.log_in("bea")
    recovery = codes[0].removeprefix("<li><code>").removesuffix("</code></li>")
    assert (await other.give_code(recovery.upper())).status == 303
    third = await place.browser()
    await third.log_in("bea")
    assert (await third.give_code(recovery)).status == 401, "used"


async def test_a_link_does_not_last(place: Place) -> None:
    await place.account("bea", ADMINISTRATOR)
    token = await place.link("bea")
    place.clock.pass_by(LINK_LASTS + timedelta(seconds=1))
    assert (await (await place.browser()).get(f"/start/{token}")).status == 404


async def test_links_that_do_not_exist_make_nobody_wait(place: Place) -> None:
    """A page of any site can make a browser ask for them, as pictures."""
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.browser()
    for number in range(40):
        assert (await browser.get(f"/start/{number}", {"Sec-Fetch-Site": "cross-site"})).status == 404
    assert (await browser.log_in("anna")).status == 303


async def test_a_new_password_ends_the_other_logins(place: Place) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser, other = await place.logged_in("anna"), await place.logged_in("anna")
    wrong = await browser.post("/account/wachtwoord", {"huidig": "niet dit", "nieuw": "een heel ander woord"})
    assert wrong.status == 400
    done = await browser.post("/account/wachtwoord", {"huidig": PASSWORD, "nieuw": "een heel ander woord"})
    assert done.status == 303
    assert (await is_in(browser), await is_in(other)) == (True, False)
    assert (await other.log_in("anna", "een heel ander woord")).status == 303
