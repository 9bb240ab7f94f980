"""Passkeys: added, named, used as a second factor and instead of a password; and what an attacker would answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse
from cryptography.hazmat.primitives.asymmetric import ec

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.passkeys import CHALLENGE_LASTS, MOST_PASSKEYS, RelyingParty
from ari_app.storage.accounts.passkeys import add_passkey, ask_for_passkey
from ari_app.storage.accounts.sessions import find_session
from ari_app.storage.accounts.store import forget_factor, lock_account, new_link
from tests.web.authenticator import ORIGIN, PRESENT, VERIFIED, Authenticator, asked_in, encoded
from tests.web.people import PASSWORD, SECRET, Browser, Place, hidden_fields

pytestmark = pytest.mark.postgres

WIERDAM = MunicipalityCode("GM9901")
NEW, ADD = "/account/passkeys/nieuw", "/account/passkeys"
LOGIN, ANSWER, CODE = "/inloggen/passkey", "/inloggen/passkey/antwoord", "/inloggen/code/passkey"


@pytest.fixture
async def bea(place: Place) -> Browser:
    """Somebody with codes, where she is logged in; before pages for which browsers give passkeys."""
    object.__setattr__(place.site.options, "passkeys", RelyingParty("kcc.gemeente.example", ORIGIN))
    await place.account("bea", RoleRow(Role.EDITOR, WIERDAM), secret=SECRET)
    return await place.logged_in("bea")


async def question(browser: Browser, name: str = "laptop") -> dict[str, Any]:
    page = await browser.post(NEW, {"naam": name, "huidig": PASSWORD})
    assert page.status == 200, await page.text()
    return asked_in(await page.text())


async def added(browser: Browser, device: Authenticator, name: str = "laptop") -> ClientResponse:
    return await browser.post(ADD, {"naam": name, "antwoord": device.made(await question(browser, name))})


async def asked_again(place: Place, browser: Browser, asked: dict[str, Any]) -> dict[str, Any]:
    """The same question with another challenge, as if the password had been given once more."""
    challenge = await ask_for_passkey(place.site.pool, browser.cookie or "", place.clock())
    return asked | {"challenge": encoded(challenge)}


async def a_device(browser: Browser) -> Authenticator:
    """With a passkey of the account."""
    device = Authenticator()
    assert (await added(browser, device)).headers["Location"] == "/account/passkeys?gedaan=erbij"
    return device


async def asked(browser: Browser) -> dict[str, Any]:
    return asked_in(await (await browser.post(LOGIN, {"verder": "/account"})).text())


async def logs_in(browser: Browser, device: Authenticator) -> ClientResponse:
    """Without name and password."""
    return await browser.post(ANSWER, {"verder": "/account", "antwoord": device.used(await asked(browser))})


async def second_step(browser: Browser) -> dict[str, Any]:
    return asked_in(await (await browser.log_in("bea", verder="/account")).text())


async def count(place: Place) -> int:
    found: int = await place.serve.pool.fetchval("SELECT count(*) FROM passkey")
    return found


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


async def test_wrong_passwords_make_the_page_wait(place: Place, bea: Browser) -> None:
    answers = [(await bea.post(NEW, {"naam": "laptop", "huidig": "wrong"})).status for _ in range(5)]
    assert answers == [400] * 4 + [429]


async def test_a_question_is_answered_once_by_its_browser_and_within_minutes(place: Place, bea: Browser) -> None:
    device = await a_device(bea)
    browser, other = await place.browser(), await place.browser()
    said = {"antwoord": device.used(await asked(browser))}
    await asked(other)
    assert (await other.post(ANSWER, said)).status == 401, "another browser was asked something else"
    assert (await (await place.browser()).post(ANSWER, said)).status == 401
    assert (await browser.post(ANSWER, said)).status == 303
    browser.session.cookie_jar.clear()
    assert (await browser.post(ANSWER, said)).status == 401
    late = await place.browser()
    question = await asked(late)
    place.clock.pass_by(CHALLENGE_LASTS)
    assert (await late.post(ANSWER, {"antwoord": device.used(question)})).status == 401
    made = {"naam": "tweede", "antwoord": Authenticator().made(await new_question(bea))}
    place.clock.pass_by(CHALLENGE_LASTS)
    assert (await bea.post(ADD, made)).status == 400
    made = {"naam": "tweede", "antwoord": Authenticator().made(await new_question(bea))}
    assert (await bea.post(ADD, made)).status == 303
    assert (await bea.post(ADD, made)).status == 400
    assert await place.serve.pool.fetchval("SELECT count(*) FROM passkey_challenge") == 0


async def new_question(browser: Browser) -> dict[str, Any]:
    return await question(browser, "tweede")


async def test_a_question_of_a_login_is_no_question_for_a_new_one(place: Place, bea: Browser) -> None:
    device = await a_device(bea)
    question = await new_question(bea)
    said = device.used({"rpId": "kcc.gemeente.example", "challenge": question["challenge"]})
    assert (await bea.post(ADD, {"naam": "x", "antwoord": said})).status == 400
    assert await count(place) == 1


LIES: dict[str, Callable[[Authenticator], object]] = {
    "another origin": lambda d: setattr(d, "origin", "https://kcc.gemeente.example.evil.example"),
    "without HTTPS": lambda d: setattr(d, "origin", "http://kcc.gemeente.example"),
    "another domain": lambda d: setattr(d, "domain", "evil.example"),
    "another challenge": lambda d: d.client_data.update(challenge=encoded(b"made up" * 5)),
    "another kind": lambda d: d.client_data.update(type="payment.get"),
    "nobody there": lambda d: setattr(d, "flags", VERIFIED),
    "nobody seen": lambda d: setattr(d, "flags", PRESENT),
}
OF_A_LOGIN: dict[str, Callable[[Authenticator], object]] = LIES | {
    "another key": lambda d: setattr(d, "signs_with", ec.generate_private_key(ec.SECP256R1())),
    "another owner": lambda d: setattr(d, "owner", bytes(16)),
    "no owner": lambda d: setattr(d, "owner", None),
    "a passkey of nobody": lambda d: setattr(d, "credential", bytes(32)),
    "in a page of others": lambda d: d.client_data.update(crossOrigin=True),
}


async def test_a_device_or_browser_that_lies_lets_nobody_in(place: Place, bea: Browser) -> None:
    first = await a_device(bea)
    for why, lie in OF_A_LOGIN.items():
        device = Authenticator(key=first.key, credential=first.credential, owner=first.owner)
        lie(device)
        browser = await place.browser()
        refused = await logs_in(browser, device)
        assert refused.status == 401 and "niet gelukt" in await refused.text(), why
        assert (await browser.get("/account")).status == 303
    assert (await logs_in(await place.browser(), first)).status == 303


async def test_a_device_or_browser_that_lies_adds_nothing(place: Place, bea: Browser) -> None:
    asked = await question(bea)
    liars = {
        "RS1": Authenticator(algorithm=-65535),
        "too long to be one": Authenticator(credential=bytes(1024)),
        **{why: Authenticator() for why in LIES},
    }
    for why, device in liars.items():
        LIES.get(why, id)(device)
        said = device.made(await asked_again(place, bea, asked))
        assert (await bea.post(ADD, {"naam": "laptop", "antwoord": said})).status == 400, why
    assert await count(place) == 0


def _with(true: dict[str, Any], part: str, wrong: object) -> str:
    return json.dumps({**true, "response": {**true["response"], part: wrong}})


async def test_nonsense_is_refused_and_never_an_error_of_ours(place: Place, bea: Browser) -> None:
    device = await a_device(bea)
    true = json.loads(device.used(await asked(bea)))
    parts = true["response"]
    nonsense = [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "[" * 3000,
        "x" * 20_000,
        json.dumps({**true, "rawId": 4}),
        json.dumps({**true, "id": "AAAA"}),
        json.dumps({**true, "type": "password"}),
        json.dumps({**true, "response": None}),
        *(
            json.dumps({**true, "response": {**parts, name: wrong}})
            for name in parts
            for wrong in (None, 4, "", "AAAA", "é")
        ),
        _with(true, "clientDataJSON", encoded(b'{"type": 4}')),
        _with(true, "clientDataJSON", encoded(b"[]")),
        _with(true, "authenticatorData", encoded(bytes(37) + b"\xff" * 40)),
        _with(true, "attestationObject", encoded(b"\xff\x00" * 40)),
        _with(true, "attestationObject", encoded(b"\x81" * 4000)),
    ]
    browser = await place.browser()
    for text in nonsense:
        await asked(browser)
        assert (await browser.post(ANSWER, {"antwoord": text})).status == 401, text[:100]
        await asked_again(place, bea, {})
        assert (await bea.post(ADD, {"naam": "x", "antwoord": text})).status == 400, text[:100]
    assert await count(place) == 1


async def test_a_copy_of_a_device_that_counts_is_noticed(place: Place, bea: Browser) -> None:
    device = Authenticator(count=5)
    await added(bea, device)
    copy = Authenticator(key=device.key, credential=device.credential, owner=device.owner, count=5)
    assert (await logs_in(await place.browser(), device)).status == 303
    assert (await logs_in(await place.browser(), copy)).status == 401


async def test_after_a_password_only_a_passkey_of_that_account_does(place: Place, bea: Browser) -> None:
    await a_device(bea)
    await place.account("els", RoleRow(Role.EDITOR, WIERDAM), secret=SECRET)
    els = await place.logged_in("els")
    hers = await a_device(els)
    browser = await place.browser()
    question = await second_step(browser)
    refused = await browser.post(CODE, {"antwoord": hers.used(question)})
    assert refused.status == 401 and "Code invullen" in await refused.text()
    assert (await browser.get("/account")).status == 303
    assert (await browser.post(CODE, {"antwoord": hers.used(question)})).status == 401, "the question is gone"
    stranger = await place.browser()
    assert (await stranger.post(CODE, {"antwoord": hers.used(question)})).status == 401


async def test_one_passkey_is_of_one_account(place: Place, bea: Browser) -> None:
    device = await a_device(bea)
    await place.account("els", RoleRow(Role.EDITOR, WIERDAM), secret=SECRET)
    els = await place.logged_in("els")
    assert (await added(els, Authenticator(key=device.key, credential=device.credential))).status == 400
    theirs = await place.serve.pool.fetchval("SELECT id FROM passkey")
    assert (await els.post(f"/account/passkeys/{theirs}/verwijderen")).status == 404
    assert await count(place) == 1


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
