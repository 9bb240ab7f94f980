"""What every answer tells a browser to refuse, and texts that would take a careless pattern for ever."""

from __future__ import annotations

import time
from io import BytesIO

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.web.security import HEADERS
from tests.web.people import SAME_ORIGIN, SECRET, Browser, Place
from tests.web.rows import an_operator

pytestmark = pytest.mark.postgres

WIERDAM = MunicipalityCode("GM9901")
ROLES = RoleRow(Role.SUPERVISOR), RoleRow(Role.ADMINISTRATOR), RoleRow(Role.OPERATOR)
PATHS = (
    *("/", "/inloggen", "/toegankelijkheid", "/nergens", "/static/nergens.js", "/health/live", "/live", "/uitloggen"),
    *(
        "/account",
        "/accounts",
        "/medewerkers",
        "/terugbelverzoeken",
        "/calamiteiten",
        "/wandbord",
        "/bord/x",
        "/start/x",
    ),
    *(
        "/api",
        "/api/v1/openapi.json",
        "/api/v1/wachtrijen",
        "/api/v1/nergens",
        "/medewerkers/%00",
        "/%2e%2e/%2e%2e/etc",
    ),
)


async def somebody(place: Place) -> Browser:
    await place.account("anna", *ROLES, operator="101", secret=SECRET)
    return await place.logged_in("anna")


async def test_every_answer_has_every_header_and_runs_nothing_of_others(place: Place) -> None:
    browser, stranger = await somebody(place), await place.browser()
    for sender in (browser, stranger):
        for path in PATHS:
            for method in ("GET", "DELETE"):
                async with sender.session.request(method, f"{sender.base}{path}", allow_redirects=False) as answer:
                    missing = {name for name in HEADERS if name not in answer.headers}
                    assert missing == set(), (method, path, answer.status)
                    assert "unsafe" not in answer.headers["Content-Security-Policy"]
                    assert answer.headers["Server"] == "ari_app" and answer.status < 500
                    if path not in ("/api/v1/openapi.json",):
                        assert answer.headers["Cache-Control"] == "no-store", path
                        assert "Access-Control-Allow-Origin" not in answer.headers, path


@pytest.mark.parametrize(
    "text",
    [
        "a" * 20_000,
        "1" * 20_000 + "x",
        " " * 20_000 + "x",
        "0 " * 10_000,
        "+31" * 7_000,
        "-." * 10_000,
        "é\u0301" * 5_000,
        "(" * 20_000,
        "a@" * 10_000,
        "\n" * 20_000 + "x",
    ],
)
async def test_no_text_takes_long_to_be_read(place: Place, text: str) -> None:
    browser = await somebody(place)
    await an_operator(place.serve, "101", WIERDAM)
    fields = (
        "naam",
        "tekst",
        "zoek",
        "nummer",
        "notitie",
        "onderwerp",
        "naar",
        "reden",
        "toestel",
        "vanaf",
        "id",
        "code",
    )
    form = dict.fromkeys(fields, text[:4_000])
    began = time.process_time()
    for path in (
        "/calamiteiten",
        "/calamiteiten/luister",
        "/terugbelbelofte/controle",
        "/zoeken",
        "/gesprek",
        "/nawerk",
    ):
        answer = await browser.post(path, {**form, "g-GM9901": "1"})
        assert answer.status in (200, 303, 400, 404, 405, 413), (path, answer.status)
    for name in ("gemeente", "team", "cursor", "q", "vanaf", "nummer"):
        answer = await browser.get(f"/wandbord/toon?{name}={text[:3_000].strip()}")
        assert answer.status in (200, 400, 404), answer.status
    headers = {"X-Forwarded-For": text[:6_000].replace("\n", ","), "Accept": "a/b," * 1_000}
    assert (await browser.get("/inloggen", headers)).status in (200, 303, 400)
    assert time.process_time() - began < 3, "of the whole process, on a machine that may be slow"


async def test_a_body_of_ten_megabytes_is_refused_by_every_form(place: Place) -> None:
    browser = await somebody(place)
    kind = {**SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/inloggen", "/calamiteiten", "/calamiteiten/luister", "/gesprek", "/start/x", "/terugbelverzoeken"):
        body = BytesIO(b"tekst=" + b"b" * 10_000_000)
        async with browser.session.post(f"{browser.base}{path}", data=body, headers=kind, allow_redirects=False) as one:
            assert one.status in (404, 413), path
    upload = {**SAME_ORIGIN, "Content-Type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="tekst"; filename="../a.php"\r\n\r\n<?php\r\n--x--\r\n'
    async with browser.session.post(f"{browser.base}/calamiteiten", data=part, headers=upload) as refused:
        assert refused.status == 415
