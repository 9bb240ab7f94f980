"""A citizen's phone in a page, on real Asterisk: two windows and two clicks, and all that is no way in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession, ClientWebSocketResponse, CookieJar, TCPConnector, WSMsgType, WSServerHandshakeError
from playwright.async_api import Page

from tests.acceptance.centre import Centre, edited_sample, entry
from tests.acceptance.page_house import House, open_house
from tests.acceptance.page_phone import BINDS, Account, PagePhone, over_udp
from tests.acceptance.page_sound import LISTEN, hears_in_page, write_tone
from tests.patience import PATIENCE_SECONDS
from tests.trial import TRIAL_PASSWORD
from tests.web.chromium import Desk, before_pages

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module"), pytest.mark.pages_call]

TRIAL = {"ARI_APP_TRIAL_PASSWORD": TRIAL_PASSWORD}
OPTIONS = {"ARI_APP_PHONE_RELAYS": BINDS, **TRIAL}
ACCOUNT = Account("probeer", TRIAL_PASSWORD)
WIERDAM, ZANDERMEER, OUTSIDE = "0119990400", "0119990200", "0612345678"
MENU = "140119"


def _closed_town(area: dict[str, Any]) -> None:
    entry(area, "municipality", "GM9902")["hours"] = {}


AREA = edited_sample(_closed_town)


@pytest_asyncio.fixture(loop_scope="module")
async def house(centre: Centre, server_directory: Path) -> AsyncIterator[House]:
    async with open_house(centre, server_directory, TRIAL) as house:
        yield house


async def _is_heard(trial: Page) -> None:
    """Wait until sound comes from the other side."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await trial.evaluate("document.getElementById('other').value"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def _sees_and_hears_a_call(desk: Desk, own: Page, trial: Page) -> None:
    """In the menu of the shared number, and then in a talk with Wierdam."""
    await trial.click("[data-dials='140119']")
    await desk.text_of(trial, "#state", "keuzemenu")
    await desk.text_of(trial, "#heard", "Welkom bij veertien,")
    await desk.text_of(trial, "#heard", "Voor welke gemeente belt u?")
    await desk.look_over(trial, "a call in the menu")
    await trial.click("[data-key='4']")
    await desk.text_of(own, "#card", "Wierdam")
    await desk.text_of(trial, "#state", "U bent in gesprek met een medewerker van Wierdam.")
    await trial.locator("#heard:not([data-now])").wait_for()
    await hears_in_page(trial, 1000)
    await hears_in_page(own, 1000)


@pytest.mark.silence_meant("a microphone that is off")
async def test_given_two_windows_when_each_is_clicked_once_then_both_talk_and_what_is_said_is_read(
    house: House, tmp_path: Path
) -> None:
    tone = tmp_path / "tone.wav"
    write_tone(tone, 1000)
    flags = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={tone}",
    ]
    centre = house.centre
    async with before_pages(house.pages, house.serve, flags) as desk:
        context = await desk.browser.new_context(viewport={"width": 1440, "height": 900}, permissions=["microphone"])
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        await context.add_init_script(LISTEN)
        wrong: list[str] = []
        own, trial = await context.new_page(), await context.new_page()
        for page in (own, trial):
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        await trial.goto(f"{desk.url}/probeer")
        await desk.text_of(trial, "#state", "Niet verbonden.")
        await desk.look_over(trial, "a citizen's phone")
        await desk.log_in(own, "anna")
        await own.click("#phone-on")
        await centre.operator_is("101", "ready")

        await _sees_and_hears_a_call(desk, own, trial)
        await desk.look_over(trial, "a citizen in a talk")
        await own.click("#phone-mute")
        await hears_in_page(trial, 0)  # it was the other side that was heard
        await own.click("#phone-mute")
        await hears_in_page(trial, 1000)
        await trial.click("#hang-up")
        await desk.text_of(trial, "#state", "Het gesprek is afgelopen: u of de medewerker hing op.")
        await own.click("#do-end")
        await centre.operator_is("101", "ready")

        # Nobody is free: the place in the queue is heard, read, and the state.
        citizen = await centre.citizen(WIERDAM)
        await desk.text_of(own, "#card", "In gesprek voor")
        await trial.click(f"[data-dials='{WIERDAM}']")
        await desk.text_of(trial, "#heard", "U bent nu als eerste aan de beurt.")
        await desk.text_of(trial, "#state", "U wacht op een medewerker van Wierdam. U bent nummer 1 in de rij.")
        assert "keuzemenu" not in await trial.inner_text("#state")
        await citizen.hang_up()
        await own.click("#do-end")
        await desk.text_of(trial, "#state", "U bent in gesprek met een medewerker van Wierdam.")
        await own.click("#doe-put_down")
        await desk.text_of(trial, "#state", "Het gesprek is afgelopen: de medewerker hing op.")
        await own.click("#do-end")

        # Closed: the line is not answered, and all the same it is heard and read why.
        await trial.click(f"[data-dials='{ZANDERMEER}']")
        await desk.text_of(trial, "#heard", "Zandermeer is nu gesloten")
        await _is_heard(trial)
        await desk.text_of(trial, "#state", "Het gesprek is afgelopen: de gemeente is gesloten.")

        # Somebody else's window sees nothing of it.
        other = await (await desk.browser.new_context()).new_page()
        await other.goto(f"{desk.url}/probeer")
        await trial.click(f"[data-dials='{ZANDERMEER}']")
        await desk.text_of(trial, "#state", "Het gesprek is afgelopen: de gemeente is gesloten.")
        assert await other.inner_text("#heard") == ""
        assert await other.inner_text("#state") == "Niet verbonden."
        await own.click("#do-log-out")
        await centre.operator_is("101", "away")
        assert wrong == []
        await context.close()
    assert await centre.ask("SELECT count(*) FROM call WHERE pii_caller_number IS NOT NULL") == 1, "the other citizen's"


async def closed_with(sock: ClientWebSocketResponse) -> int | None:
    while (await sock.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
        pass
    return sock.close_code


async def test_given_strangers_when_they_knock_at_the_trial_page_then_none_of_them_comes_near_asterisk(
    house: House,
) -> None:
    url = house.url

    async def refused(session: ClientSession, path: str, **headers: str) -> int:
        with pytest.raises(WSServerHandshakeError) as caught:
            await session.ws_connect(f"{url}{path}", headers={"Origin": url} | headers, protocols=("sip",))
        return caught.value.status

    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        for path in ("/probeer/sip", "/probeer/live"):
            assert await refused(session, path) == 403, "the page was not opened"
        async with session.post(f"{url}/probeer", headers={"Origin": url}, data={}) as answer:
            assert answer.status == 403
        for header in ({"Host": "elders.example"}, {"X-Forwarded-For": "192.0.2.7"}, {"Forwarded": "for=192.0.2.7"}):
            async with session.get(f"{url}/probeer", headers=header) as answer:
                assert answer.status == 403, header
                assert "Set-Cookie" not in answer.headers
        async with session.get(f"{url}/probeer") as answer:
            assert answer.status == 200
            assert TRIAL_PASSWORD not in await answer.text()
            (cookie,) = answer.headers.getall("Set-Cookie")
            assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/probeer" in cookie
        for origin in ("https://elders.example", "null"):
            assert await refused(session, "/probeer/sip", Origin=origin) == 403
            assert await refused(session, "/probeer/live", Origin=origin) == 403
            async with session.post(f"{url}/probeer", headers={"Origin": origin}, data={}) as answer:
                assert answer.status == 403
        assert await refused(session, "/probeer/sip", Host="elders.example", Origin="http://elders.example") == 403
        assert await refused(session, "/sip") == 403, "the way of the operators' phones is another one"

        async def socket() -> ClientWebSocketResponse:
            return await session.ws_connect(f"{url}/probeer/sip", headers={"Origin": url}, protocols=("sip",))

        def calls(number: str, **said: str) -> str:
            return PagePhone(sock, ACCOUNT).request("INVITE", f"sip:{number}@{ACCOUNT.domain}", **said)

        for number in ("1400", OUTSIDE, "112", "phone01", "0119990499", "8*"):
            sock = await socket()
            await sock.send_str(calls(number))
            assert await closed_with(sock) == 1008, number
        for frame in (
            calls(WIERDAM, sender="phone01"),
            calls(WIERDAM).replace("INVITE", "REFER"),
            re.sub(r"Call-ID: .*\r\n", "", calls(WIERDAM)),
            "GET /ari/channels HTTP/1.1\r\n\r\n",
        ):
            sock = await socket()
            await sock.send_str(frame)
            assert await closed_with(sock) == 1008, frame

        # A call of somebody else's is not to be followed by saying its Call-ID.
        phone = PagePhone(await socket(), ACCOUNT)
        assert (await phone.dial(ZANDERMEER)).startswith("SIP/2.0 ")
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as thief:
            await thief.get(f"{url}/probeer")
            sock = await thief.ws_connect(f"{url}/probeer/sip", headers={"Origin": url}, protocols=("sip",))
            other = PagePhone(sock, ACCOUNT, call_id=phone.call_id)
            await sock.send_str(other.request("INVITE", f"sip:{WIERDAM}@{ACCOUNT.domain}"))
            assert await closed_with(sock) == 1008

    log = house.pages.log_file.read_text()
    for why in ("no_page", "elsewhere", "other_number", "other_name", "method", "no_sip", "no_call_id"):
        assert f'"why": "{why}"' in log or f'"why":"{why}"' in log, why
    assert TRIAL_PASSWORD not in log


@pytest.mark.parametrize("number", [MENU, ZANDERMEER])
async def test_given_a_call_when_its_page_is_killed_then_the_call_ends_at_once(house: House, number: str) -> None:
    """Of a call that is answered, and of one that hears before that why nobody answers."""
    url, centre = house.url, house.centre
    open_calls = "SELECT count(*) FROM call WHERE ended_at IS NULL"
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        await session.get(f"{url}/probeer")
        sock = await session.ws_connect(f"{url}/probeer/sip", headers={"Origin": url}, protocols=("sip",))
        phone = PagePhone(sock, ACCOUNT)
        if number == MENU:
            assert (await phone.dial(number)).startswith("SIP/2.0 200")
        else:
            dialling = asyncio.create_task(phone.dial(number))
            await centre.becomes(open_calls, 1)
            dialling.cancel()
        await centre.becomes(open_calls, 1)
        response = sock._response.connection
        assert response is not None and response.transport is not None
        response.transport.abort()  # as when the system kills the browser
        killed_at = monotonic()
        await centre.becomes(open_calls, 0)
        assert monotonic() - killed_at < 2


async def test_given_the_trial_account_when_it_is_used_without_the_relay_then_asterisk_lets_it_call_the_sample_only(
    house: House,
) -> None:
    asterisk = house.centre.asterisk
    assert (await over_udp(asterisk.sip_host, asterisk.sip_port, ACCOUNT)).startswith("SIP/2.0 40"), "it has no address"
    url = f"ws://{asterisk.settings.http_bind}:{asterisk.settings.http_port}/ws"
    connector = TCPConnector(local_addr=(BINDS, 0))
    lines = "SELECT count(*) FROM operator_line"
    before = await house.centre.ask(lines)
    async with ClientSession(connector=connector) as session, session.ws_connect(url, protocols=("sip",)) as sock:
        phone = PagePhone(sock, ACCOUNT)
        for number in ("1400", OUTSIDE, "+31612345678", "112", "phone02", "14020", "0201234567", "*8", "00119990400"):
            assert re.match(r"SIP/2\.0 40[34]", await phone.dial(number)), number
    assert await house.centre.ask(lines) == before
    assert asterisk.cli("core show channels count").startswith("0 active channels")
