"""Passkeys and an attacker: answers that are late, copied, made up or of another account are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.passkeys import CHALLENGE_LASTS
from tests.web.authenticator import PRESENT, VERIFIED, Authenticator, encoded
from tests.web.passkeys import (
    ADD,
    ANSWER,
    CODE,
    NEW,
    WIERDAM,
    a_device,
    added,
    asked,
    asked_again,
    bea_who_may_add,
    count,
    logs_in,
    new_question,
    question,
    second_step,
)
from tests.web.people import SECRET, Browser, Place

pytestmark = pytest.mark.postgres


@pytest.fixture
async def bea(place: Place) -> Browser:
    return await bea_who_may_add(place)


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


@pytest.mark.parametrize(
    "said",
    [
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"made up", "x5c": [b"no certificate"]}},
        {"fmt": "tpm", "attStmt": {"ver": "2.0", "x5c": [bytes(8000)]}},
        {"fmt": "of nobody"},
    ],
    ids=("packed", "tpm", "unknown"),
)
async def test_what_a_device_says_of_its_maker_is_not_read(place: Place, bea: Browser, said: dict[str, Any]) -> None:
    device = Authenticator(attestation=said)
    assert (await added(bea, device)).status == 303
    assert (await logs_in(await place.browser(), device)).status == 303


async def test_an_answer_without_a_passkey_in_it_adds_nothing(place: Place, bea: Browser) -> None:
    for said in ({"authData": b""}, {"authData": None}, {"authData": "text"}):
        assert (await added(bea, Authenticator(attestation=said))).status == 400, said
    assert await count(place) == 0
