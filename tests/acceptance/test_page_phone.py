"""The desk page as the operator's phone, on real Asterisk: the way in, and all that is no way in."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector, WSMsgType, WSServerHandshakeError

from tests.acceptance.application import sample_area
from tests.acceptance.centre import Centre
from tests.acceptance.page_house import House, open_house
from tests.acceptance.page_phone import BINDS, STRANGER, PagePhone, over_udp
from tests.acceptance.page_sound import HOLD, LISTEN, REFUSE, SECURE, WRONG, hears_in_page, write_tone
from tests.patience import PATIENCE_SECONDS
from tests.web.chromium import before_pages
from tests.web.people import Browser, Clock

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

AREA = sample_area()
WIERDAM = "0119990400"
OPTIONS = {"ARI_APP_PHONE_RELAYS": BINDS}
ENDPOINT_OF = "SELECT endpoint FROM operator_session WHERE operator = $1 AND logged_out_at IS NULL"


@pytest_asyncio.fixture(loop_scope="module")
async def house(centre: Centre, server_directory: Path) -> AsyncIterator[House]:
    async with open_house(centre, server_directory) as house:
        yield house


async def closed_with(sock: ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await sock.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
            pass
    return sock.close_code


async def test_given_a_page_that_is_a_phone_when_it_dials_then_its_operator_is_at_work_without_number_and_pin(
    house: House,
) -> None:
    anna = await house.browser("anna")
    phone = await house.phone(anna)
    assert (await phone.dial("1400")).startswith("SIP/2.0 200")
    await house.centre.operator_is("101", "ready")
    assert await house.centre.ask(ENDPOINT_OF, "101") == f"PJSIP/{phone.account.name}"
    session = await house.serve.pool.fetchval("SELECT session FROM web_phone WHERE name = $1", phone.account.name)
    cel = house.centre.asterisk.cel_file.read_text()
    assert str(session) in cel

    # Nothing anywhere stands for the password but what SIP compares.
    record = await house.centre.whole_record()
    logs = "".join(
        file.read_text(errors="replace")
        for file in (house.pages.log_file, house.centre.application.log_file, house.centre.asterisk.messages_file)
    )
    assert phone.account.password not in record + logs + cel
    digest = await house.serve.pool.fetchval("SELECT digest FROM web_phone WHERE name = $1", phone.account.name)
    assert record.count(digest) == 1
    assert digest not in logs + cel

    # The login ends: the socket is closed, the account is gone, and the operator is at work no more.
    assert (await anna.post("/uitloggen")).status == 303
    assert await closed_with(phone.socket) == 4401
    await house.centre.operator_is("101", "away")
    await house.centre.becomes("SELECT count(*) FROM web_phone", 0)
    left = house.centre.asterisk.cli("pjsip show auths")
    assert phone.account.name not in left


async def test_given_a_page_that_is_a_phone_when_it_is_gone_then_its_operator_is_away_at_once_and_a_pause_lasts(
    house: House,
) -> None:
    anna, bert = await house.browser("anna"), await house.browser("bert")
    ready, paused = await house.phone(anna), await house.phone(bert)
    for phone, number in ((ready, "101"), (paused, "102")):
        assert (await phone.dial("1400")).startswith("SIP/2.0 200")
        await house.centre.operator_is(number, "ready")
    assert (await bert.post("/stand", {"doe": "pause:lunch"})).status == 303
    await house.centre.operator_is("102", "paused")
    await paused.socket.close()
    await ready.socket.close()
    await house.centre.operator_is("101", "away", within_seconds=10)
    assert (await house.centre.session("102"))["state"] == "paused"
    again = await house.phone(bert)  # loaded anew
    assert (await again.dial("1400")).startswith("SIP/2.0 200")
    await house.centre.becomes(
        f"SELECT endpoint = 'PJSIP/{again.account.name}' FROM operator_session"
        " WHERE operator = '102' AND logged_out_at IS NULL",
        True,
    )
    await again.socket.close()
    await house.centre.operator_is("102", "away")


async def test_given_strangers_when_they_knock_then_none_of_them_comes_near_asterisk(house: House) -> None:
    anna, bert = await house.browser("anna"), await house.browser("bert")
    account = await house.account(anna)

    async def refused(browser: Browser, *, protocols: tuple[str, ...] = ("sip",), **headers: str) -> int:
        with pytest.raises(WSServerHandshakeError) as caught:
            sent = {"Origin": house.url} | headers
            await browser.session.ws_connect(f"{house.url}/sip", headers=sent, protocols=protocols)
        return caught.value.status

    async with ClientSession() as session:
        assert await refused(Browser(session, house.url, Clock())) == 403
    assert await refused(anna, Origin="https://elders.example") == 403
    assert await refused(anna, Origin="null") == 403
    assert await refused(bert) == 409  # logged in, and no phone
    assert await refused(anna, protocols=("mqtt",)) == 400
    assert await refused(anna, protocols=()) == 400
    assert (await anna.get("/sip")).status == 400
    for path in ("/ws", "/ari/channels", "/ari/asterisk/info", "/sip/../ari/channels", "/sip/ws", "/httpstatus"):
        assert (await anna.get(path)).status == 404
    async with await anna.post("/computer", headers={"Origin": "https://elders.example"}) as reply:
        assert reply.status == 403

    # Somebody else's socket, with everything that the account has.
    await house.account(bert)
    thief = PagePhone(await house.socket(bert), account)
    await thief.socket.send_str(thief.request("REGISTER", f"sip:{account.domain}"))
    assert await closed_with(thief.socket) == 1008

    # Another name, another number, another method, a large frame, bytes, a flood.
    for frame in (
        PagePhone(thief.socket, account).request("REGISTER", f"sip:{account.domain}", sender="phone01"),
        PagePhone(thief.socket, account).request("INVITE", f"sip:0119990400@{account.domain}"),
        PagePhone(thief.socket, account).request("INVITE", f"sip:1400@{account.domain}").replace("INVITE", "REFER"),
        "GET /ari/channels HTTP/1.1\r\n\r\n",
        PagePhone(thief.socket, account).request("REGISTER", f"sip:{account.domain}") * 2,
    ):
        sock = await house.socket(anna)
        await sock.send_str(frame)
        assert await closed_with(sock) == 1008
    sock = await house.socket(anna)
    await sock.send_bytes(b"REGISTER")
    assert await closed_with(sock) == 1008
    sock = await house.socket(anna)
    large = f"X: {'x' * 65536}\r\n"
    await sock.send_str(PagePhone(sock, account).request("REGISTER", f"sip:{account.domain}", more=large))
    assert await closed_with(sock) == 1009
    sock = await house.socket(anna)
    for _ in range(200):
        if sock.closed:
            break
        await sock.send_str("\r\n\r\n")
    assert await closed_with(sock) == 1008

    # One socket for each login: the newest.
    first = await house.socket(anna)
    second = await house.socket(anna)
    assert await closed_with(first) == 4409
    phone = PagePhone(second, account)
    assert (await phone.register()).startswith("SIP/2.0 200")
    wrong = PagePhone(second, replace(account, password=secrets.token_urlsafe(24)))
    assert (await wrong.register()).startswith("SIP/2.0 401")

    log = house.pages.log_file.read_text()
    reasons = "no_login no_phone no_sip two_messages other_name other_number method flood too_large no_text"
    for why in reasons.split():
        assert f'"why": "{why}"' in log or f'"why":"{why}"' in log, why
    assert "foreign_socket_refused" in log
    assert account.password not in log


async def test_given_an_account_of_a_page_when_it_is_used_elsewhere_then_asterisk_refuses_it_and_dials_nothing_but_1400(
    house: House,
) -> None:
    anna = await house.browser("anna")
    account = await house.account(anna)
    asterisk = house.centre.asterisk
    assert (await over_udp(asterisk.sip_host, asterisk.sip_port, account)).startswith("SIP/2.0 40")
    url = f"ws://{asterisk.settings.http_bind}:{asterisk.settings.http_port}/ws"
    connector = TCPConnector(local_addr=(STRANGER, 0))
    async with ClientSession(connector=connector) as session, session.ws_connect(url, protocols=("sip",)) as sock:
        answer = await PagePhone(sock, account).register()
        assert re.match(r"SIP/2\.0 40[13]", answer)
    connector = TCPConnector(local_addr=(BINDS, 0))
    async with ClientSession(connector=connector) as session, session.ws_connect(url, protocols=("sip",)) as sock:
        phone = PagePhone(sock, account)
        assert (await phone.register()).startswith("SIP/2.0 200")
        for number in ("0119990400", "phone02", "*8", "1401"):
            assert re.match(r"SIP/2\.0 40[34]", await phone.dial(number))
        other = PagePhone(sock, account)
        answer = await other.register(to=f"<sip:phone02@{account.domain}>")
        assert answer.startswith("SIP/2.0 404")
    lines = "SELECT count(*) FROM operator_line WHERE endpoint = $1"
    assert await house.centre.ask(lines, f"PJSIP/{account.name}") == 0


@pytest.mark.silence_meant("a microphone that is off")
async def test_given_a_browser_when_one_button_is_clicked_then_it_is_the_phone_and_both_sides_are_heard(
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
        # With a permission that is kept a browser tells its address, as where somebody clicked Allow.
        context = await desk.browser.new_context(viewport={"width": 1440, "height": 900}, permissions=["microphone"])
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        await context.add_init_script(LISTEN)
        page = await context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url))
        await desk.log_in(page, "anna")
        await desk.look_over(page, "the desk that may be a phone")
        assert not any("/phone-" in url for url in loaded)

        # What goes wrong is said with what to do about it, and the button goes on to work.
        await page.evaluate(SECURE, False)
        await page.click("#phone-on")
        await desk.text_of(page, "#answer", "kan alleen op een beveiligde pagina")
        await page.evaluate(SECURE, True)
        for error, words in WRONG.items():
            await page.evaluate(REFUSE, error)
            await page.click("#phone-on")
            await desk.text_of(page, "#answer", words)
            await desk.text_of(page, "#phone-state", "De telefoon staat uit")
        await page.evaluate("() => { delete navigator.mediaDevices.getUserMedia; }")
        other = await context.new_page()
        await other.goto(f"{desk.url}/")
        await other.evaluate(HOLD)
        await page.click("#phone-on")
        await desk.text_of(page, "#answer", "De telefoon staat al aan in een ander tabblad")
        await other.close()

        await page.focus("#phone-on")
        await page.keyboard.press("Enter")
        await desk.text_of(page, "#operator .state", "Klaar voor gesprekken")
        await desk.text_of(page, "#phone-state", "De telefoon staat aan")
        await centre.operator_is("101", "ready")
        await page.click("#phone summary >> text=Geluid")
        await desk.look_over(page, "the desk that is a phone")

        other = await context.new_page()
        await other.goto(f"{desk.url}/")
        assert not await other.is_visible("#phone-on")
        await other.close()

        citizen = await centre.citizen(WIERDAM, listens=True)
        await desk.text_of(page, "#card", "Wierdam")
        await citizen.hears_tone(1000)
        await citizen.speak_tone(700)
        await hears_in_page(page, 700)
        assert await page.evaluate("document.getElementById('phone-other').value") > 0

        # Another microphone, in the talk: nothing is agreed anew, and it is kept for the next time.
        await page.select_option("#phone-mic", index=1)
        await page.locator("#phone-mic").blur()
        await citizen.hears_tone(1000)
        assert await page.evaluate("JSON.parse(localStorage.getItem('phone-devices'))['phone-mic']")

        await page.keyboard.press("Alt+Shift+KeyM")
        await desk.text_of(page, "#phone-mute", "Microfoon staat uit")
        await desk.text_of(page, "#status", "Uw microfoon staat uit")
        await desk.text_of(page, "#phone-muted", "U praat, maar uw microfoon staat uit")
        await desk.look_over(page, "a microphone that is off")
        await page.click("#doe-put_down")
        await citizen.ended()
        await page.click("#do-end")
        await centre.operator_is("101", "ready")

        again = await centre.citizen(WIERDAM, listens=True)
        await desk.text_of(page, "#card", "In gesprek voor")
        await desk.text_of(page, "#phone-mute", "Microfoon uitzetten")
        await again.hears_tone(1000)
        await again.hang_up()
        await page.click("#do-end")
        await centre.operator_is("101", "ready")

        # Asterisk starts anew and knows no phone: the page is given another account, and dials, all by itself.
        assert wrong == []
        before = await centre.ask(ENDPOINT_OF, "101")
        await asyncio.to_thread(centre.asterisk.restart)
        elsewhere = f"SELECT endpoint <> '{before}' FROM operator_session WHERE logged_out_at IS NULL"
        await centre.becomes(elsewhere, True)
        await desk.text_of(page, "#phone-state", "De telefoon staat aan")
        await page.click("#do-log-out")
        await desk.text_of(page, "#operator .state", "Niet aangemeld")
        await desk.text_of(page, "#phone-state", "De telefoon staat uit")
        assert await page.is_visible("#phone-on")
        assert [line for line in wrong if "503" not in line] == []  # which says that Asterisk is away
        await context.close()
