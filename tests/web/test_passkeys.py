"""Passkeys: added, named, used as a second factor and instead of a password, and forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.passkeys import MOST_PASSKEYS
from ari_app.storage.accounts.passkeys import add_passkey, only_with_passkeys
from ari_app.storage.accounts.sessions import find_session
from ari_app.storage.accounts.store import forget_factor, lock_account, new_link
from tests.web.authenticator import PRESENT, Authenticator, asked_in, encoded
from tests.web.passkeys import (
    ADD,
    ANSWER,
    CODE,
    LOGIN,
    NEW,
    WIERDAM,
    a_device,
    asked,
    asked_again,
    bea_who_may_add,
    count,
    logs_in,
    new_question,
    question,
    second_step,
)
from tests.web.people import PASSWORD, SECRET, Browser, Place, hidden_fields

pytestmark = pytest.mark.postgres


@pytest.fixture
async def bea(place: Place) -> Browser:
    return await bea_who_may_add(place)


async def test_a_passkey_is_added_used_and_removed(place: Place, bea: Browser) -> None:
    device = await a_device(bea)
    page = await (await bea.get(ADD)).text()
    assert "laptop" in page and "nog niet gebruikt" in page
    browser = await place.browser()
    assert "Log in met een passkey" in await (await browser.get("/inloggen")).text()
    done = await logs_in(browser, device)
    assert (done.status, done.headers["Location"]) == (303, "/account")
    assert (await browser.get("/account")).status == 200
    assert "laatst gebruikt" in await (await browser.get(ADD)).text()
    passkey = await place.serve.pool.fetchval("SELECT id FROM passkey")
    removed = await browser.post(f"/account/passkeys/{passkey}/verwijderen")
    assert removed.headers["Location"] == "/account/passkeys?gedaan=weg"
    assert (await browser.post(f"/account/passkeys/{passkey}/verwijderen")).status == 404
    assert (await logs_in(await place.browser(), device)).status == 401
    for action in ("account.passkey_add", "account.passkey_remove"):
        assert await place.deeds(action) == ["bea"]
    how = await place.serve.pool.fetch("SELECT detail ->> 'second_factor' AS how FROM audit_log WHERE action = 'login'")
    assert [row["how"] for row in how] == ["code", "passkey"]


async def test_what_is_asked_of_a_browser(place: Place, bea: Browser) -> None:
    device = await a_device(bea)
    new = await question(bea)
    assert new["rp"]["id"] == "kcc.gemeente.example" and new["user"]["name"] == "bea"
    assert new["authenticatorSelection"]["residentKey"] == "required"
    assert new["authenticatorSelection"]["userVerification"] == "required"
    assert [one["id"] for one in new["excludeCredentials"]] == [encoded(device.credential)]
    stranger = await asked(await place.browser())
    assert stranger["userVerification"] == "required" and not stranger.get("allowCredentials")
    known = await second_step(await place.browser())
    assert [one["id"] for one in known["allowCredentials"]] == [encoded(device.credential)]
    assert len({new["challenge"], stranger["challenge"], known["challenge"]}) == 3


async def test_it_stands_for_the_code_after_a_password_also_without_a_finger(place: Place, bea: Browser) -> None:
    device = await a_device(bea)
    device.flags, device.owner = PRESENT, None
    browser = await place.browser()
    question = await second_step(browser)
    done = await browser.post(CODE, {"verder": "/account", "antwoord": device.used(question)})
    assert (done.status, done.headers["Location"]) == (303, "/account")
    assert (await browser.get("/account")).status == 200
    assert (await logs_in(await place.browser(), device)).status == 401, "alone it has to know its owner"
    again = await place.browser()
    assert (await again.log_in("bea")).status == 200
    place.clock.pass_by(timedelta(minutes=1))
    assert (await again.give_code()).status == 303, "a code does as well"


async def test_an_account_without_codes_uses_its_passkey(place: Place, bea: Browser) -> None:
    device = await a_device(bea)
    await place.serve.pool.execute("UPDATE account SET totp_secret = NULL")
    browser = await place.browser()
    text = await (await browser.log_in("bea")).text()
    assert "Passkey gebruiken" in text and 'name="code"' not in text
    assert (await browser.post(CODE, {"antwoord": device.used(asked_in(text))})).status == 303


async def test_a_form_that_waited_goes_on_after_it(place: Place, bea: Browser) -> None:
    device = await a_device(bea)
    browser = await place.browser()
    waits = hidden_fields(await (await browser.post("/stand", {"doe": "pauze"})).text())
    page = await (await browser.post(LOGIN, waits)).text()
    form = hidden_fields(page) | {"antwoord": device.used(asked_in(page))}
    text = await (await browser.post(ANSWER, form)).text()
    assert 'action="/stand"' in text and hidden_fields(text) == {"doe": "pauze"}


async def test_adding_one_asks_for_the_password_a_name_and_room(place: Place, bea: Browser) -> None:
    wrong = await bea.post(NEW, {"naam": "laptop", "huidig": "not the password"})
    assert wrong.status == 400 and "Dit is niet uw wachtwoord" in await wrong.text()
    for name in ("", "a" * 41):
        assert (await bea.post(NEW, {"naam": name, "huidig": PASSWORD})).status == 400
    assert (await bea.post(ADD, {"naam": "laptop", "antwoord": "{}"})).status == 400, "nobody asked"
    asked = await question(bea)
    for number in range(MOST_PASSKEYS):
        said = Authenticator().made(await asked_again(place, bea, asked))
        assert (await bea.post(ADD, {"naam": f"nr {number}", "antwoord": said})).status == 303
    full = await bea.post(NEW, {"naam": "een te veel", "huidig": PASSWORD})
    assert full.status == 400 and "Verwijder er eerst een" in await full.text()
    assert await count(place) == MOST_PASSKEYS


async def test_a_locked_account_stays_out_and_a_reset_forgets_its_passkeys(place: Place, bea: Browser) -> None:
    device = await a_device(bea)
    await lock_account(place.serve.background, "bea", "test", place.clock())
    locked = await logs_in(await place.browser(), device)
    assert locked.status == 403 and "geblokkeerd" in await locked.text()
    await place.serve.pool.execute("UPDATE account SET locked_at = NULL, known_to = '{GM9902}'")
    elsewhere = await logs_in(await place.browser(), device)
    assert elsewhere.status == 403 and "andere gemeenten" in await elsewhere.text()
    await place.serve.pool.execute("UPDATE account SET known_to = NULL")
    await forget_factor(place.serve.background, "bea", "test", place.clock())
    assert await count(place) == 0
    assert (await logs_in(await place.browser(), device)).status == 401
    assert "Stel een nieuwe code in" in await (await (await place.browser()).log_in("bea")).text()


async def test_a_new_link_forgets_the_passkeys(place: Place, bea: Browser) -> None:
    device = await a_device(bea)
    question = await new_question(bea)
    await new_link(place.serve.background, "bea", "test", place.clock())
    assert await count(place) == 0
    assert (await logs_in(await place.browser(), device)).status == 401
    late = await bea.post(ADD, {"naam": "x", "antwoord": Authenticator().made(question)})
    assert late.headers["Location"].startswith("/inloggen") if late.status == 303 else late.status == 401
    assert await count(place) == 0


async def test_a_login_that_ended_meanwhile_adds_none(place: Place, bea: Browser) -> None:
    found = await find_session(place.site.pool, bea.cookie or "", place.clock())
    assert found is not None
    made = (b"credential", b"key", 0, "laptop", place.clock())
    assert await add_passkey(place.site.pool, found.actor, found.session.id, *made)
    await new_link(place.serve.background, "bea", "test", place.clock())
    assert not await add_passkey(place.site.pool, found.actor, found.session.id, b"another", *made[1:])
    assert await count(place) == 0


async def test_whom_the_provider_lets_in_adds_none(place: Place, bea: Browser) -> None:
    await place.serve.pool.execute("UPDATE web_session SET provider_issuer = 'https://login.example'")
    assert "Hier kunt u geen passkey toevoegen" in await (await bea.get(ADD)).text()
    assert (await bea.post(NEW, {"naam": "laptop", "huidig": PASSWORD})).status == 400
    assert (await bea.post(ADD, {"naam": "laptop", "antwoord": "{}"})).status == 400


async def test_where_browsers_give_none_nothing_is_asked(place: Place) -> None:
    await place.account("bea", RoleRow(Role.EDITOR, WIERDAM), secret=SECRET)
    bea = await place.logged_in("bea")
    assert "Hier kunt u geen passkey toevoegen" in await (await bea.get(ADD)).text()
    assert (await bea.post(NEW, {"naam": "laptop", "huidig": PASSWORD})).status == 400
    assert "passkey" not in await (await (await place.browser()).get("/inloggen")).text()
    for path in (LOGIN, ANSWER, CODE):
        assert (await bea.post(path, {})).status == 404


async def test_given_a_passkey_as_the_only_second_factor_when_the_pages_ask_for_none_then_the_page_says_who_helps(
    place: Place,
) -> None:
    await a_device(await bea_who_may_add(place))
    await place.serve.pool.execute("UPDATE account SET totp_secret = NULL, totp_step = NULL")
    object.__setattr__(place.site.options, "trusted", ())
    assert (await (await place.browser()).log_in("bea")).status == 200, "her passkey is asked for"
    object.__setattr__(place.site.options, "passkeys", None)
    browser = await place.browser()
    refused = await browser.log_in("bea")
    html = await refused.text()
    assert refused.status == 403 and "alleen een passkey" in html and "beheerder" in html
    assert (await browser.get("/account")).status == 303
    assert await only_with_passkeys(place.serve.pool) == 1
    await forget_factor(place.serve.background, "bea", "test", place.clock())
    helped = await (await place.browser()).log_in("bea")
    assert helped.status == 200 and "QR" in await helped.text(), "she sets codes now"
    assert await only_with_passkeys(place.serve.pool) == 0
