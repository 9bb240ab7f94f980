"""Passkeys as a browser and a device handle them: added, asked for, and used to log in."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientResponse

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.passkeys import RelyingParty
from ari_app.storage.accounts.passkeys import ask_for_passkey
from tests.web.authenticator import ORIGIN, Authenticator, asked_in, encoded
from tests.web.people import PASSWORD, SECRET, Browser, Place

WIERDAM = MunicipalityCode("GM9901")
NEW, ADD = "/account/passkeys/nieuw", "/account/passkeys"
LOGIN, ANSWER, CODE = "/inloggen/passkey", "/inloggen/passkey/antwoord", "/inloggen/code/passkey"


async def bea_who_may_add(place: Place) -> Browser:
    """Somebody with codes, where she is logged in; before pages for which browsers give passkeys."""
    object.__setattr__(place.site.options, "passkeys", RelyingParty("kcc.gemeente.example", ORIGIN))
    await place.account("bea", RoleRow(Role.EDITOR, WIERDAM), secret=SECRET)
    return await place.logged_in("bea")


async def question(browser: Browser, name: str = "laptop") -> dict[str, Any]:
    page = await browser.post(NEW, {"naam": name, "huidig": PASSWORD})
    assert page.status == 200, await page.text()
    return asked_in(await page.text())


async def new_question(browser: Browser) -> dict[str, Any]:
    return await question(browser, "tweede")


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
