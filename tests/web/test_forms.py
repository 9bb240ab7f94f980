"""Forms: of another site, that lead to another site, of a login that is over, and bodies that are no forms."""

from __future__ import annotations

from io import BytesIO

import pytest

from tests.web.people import PASSWORD, SAME_ORIGIN, Place, hidden_fields
from tests.web.test_logging_in import OPERATOR, is_in

pytestmark = pytest.mark.postgres


STRANGE: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {},
)


async def test_a_form_of_another_site_changes_nothing(place: Place) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.logged_in("anna")
    for headers in STRANGE:
        assert (await browser.post("/uitloggen", headers=headers)).status == 403
        assert (await browser.post("/inloggen", {"naam": "anna", "wachtwoord": PASSWORD}, headers)).status == 403
    assert await is_in(browser)


async def test_a_browser_that_says_only_its_origin_is_believed(place: Place) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.logged_in("anna")
    assert (await browser.post("/uitloggen", headers={"Origin": browser.base})).status == 303


ELSEWHERE = (
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "/%0d%0aSet-Cookie: a=b\r\n",
    "",
    "/" + "a" * 5000,
)


async def test_the_login_leads_to_no_other_site(place: Place) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.browser()
    for to in ELSEWHERE:
        answer = await browser.log_in("anna", verder=to)
        assert (answer.status, answer.headers["Location"]) == (303, "/"), to


async def test_a_form_sent_after_the_login_ended_is_sent_after_the_next_one(place: Place) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser, other = await place.logged_in("anna"), await place.logged_in("anna")
    page = await (await browser.get("/account")).text()
    path = next(part for part in page.split('"') if part.startswith("/account/sessies/"))
    await place.serve.pool.execute(
        "UPDATE web_session SET ended_at = now() WHERE NOT id::text = ANY ($1)", [path.split("/")[3]]
    )
    note = {"notitie": "Wil « teruggebeld » worden & snel 🎈"}
    asked = await browser.post(path, note)
    assert asked.status == 401
    html = await asked.text()
    assert "is bewaard" in html
    wrong = await browser.log_in("anna", "verkeerd wachtwoord", **hidden_fields(html))
    back = await browser.log_in("anna", **hidden_fields(await wrong.text()))
    assert back.status == 200
    kept = hidden_fields(await back.text())
    assert kept == note
    assert (await browser.post(path, kept)).status == 303
    assert not await is_in(other)


async def test_bodies_that_are_no_forms_are_refused(place: Place) -> None:
    await place.account("anna", OPERATOR, operator="101")
    browser = await place.logged_in("anna")
    url = f"{browser.base}/account/wachtwoord"
    for body, kind, status in (
        (b"a=" + b"b" * 10_000_000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"x", "multipart/form-data; boundary=x", 415),
        (b"a=%00", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=b" % n for n in range(500)), "application/x-www-form-urlencoded", 400),
        (b"huidig=%ff%fe&nieuw=\xff", "application/x-www-form-urlencoded", 400),
    ):
        headers = {**SAME_ORIGIN, "Content-Type": kind}
        answer = await browser.session.post(url, data=BytesIO(body), headers=headers, allow_redirects=False)
        assert answer.status == status, (body[:20], answer.status)
