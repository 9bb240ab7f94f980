"""Contact data for websites: public, of one municipality, in the words of schema.org, and cheap to ask for again."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

import ari_app.sample
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.ids import MunicipalityCode
from ari_app.storage.area.calamities import set_calamity
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE, WEB
from ari_app.web.pages.contact import KINDS
from ari_app.web.site import CONTACT_FORMS, SiteOptions
from tests import machine
from tests.acceptance.application import import_into
from tests.roles import as_role
from tests.web.html import WrittenPages
from tests.web.people import Clock, Place, served
from tests.web.schema_org import faults, vocabulary

pytestmark = pytest.mark.postgres

SAMPLE = Path(ari_app.sample.__file__).with_name("area.toml").read_text(encoding="utf-8")
OOSTERWENDE = MunicipalityCode("GM9901")
MONDAY = datetime(2026, 11, 30, 10, tzinfo=UTC)
TEXT = "Door een storing zijn wij <b>slecht</b> te bereiken."
#: of a website, around the piece
PAGE = """<!DOCTYPE html>
<html lang="nl">
<head>
<meta charset="utf-8">
<title>Contact</title>
</head>
<body>
<main>
<h1>Contact</h1>
{}</main>
</body>
</html>
"""
ENDINGS = ("", ".html", ".ics")


@pytest.fixture
async def town_place(database_url: str) -> AsyncIterator[Place]:
    """Pages over the sample area, on a Monday in office hours."""
    await import_into(database_url, SAMPLE)
    clock = Clock()
    clock.pass_by(MONDAY - clock())
    async with AsyncExitStack() as stack:
        serve = await stack.enter_async_context(Database(as_role(database_url, SERVE)))
        web = await stack.enter_async_context(Database(as_role(database_url, WEB)))
        site, server = await stack.enter_async_context(served(web, SiteOptions("http://127.0.0.1"), clock))
        yield Place(site, serve, server, clock, stack)


async def asked(place: Place, path: str, **headers: str) -> tuple[int, Mapping[str, str], str]:
    """Without a login, and from another site."""
    async with ClientSession() as session:
        sent = {"Origin": "https://www.oosterwende.example", "Sec-Fetch-Site": "cross-site"} | headers
        async with session.get(place.server.make_url(path), headers=sent) as answer:
            return answer.status, answer.headers.copy(), await answer.text()


async def json_of(place: Place, code: str) -> dict[str, Any]:
    status, headers, text = await asked(place, f"/contact/{code}")
    assert status == 200 and headers["Content-Type"].startswith("application/ld+json")
    found: dict[str, Any] = json.loads(text)
    return found


async def test_every_municipality_is_described_in_words_that_schema_org_knows(town_place: Place) -> None:
    now = town_place.clock()
    await set_calamity(
        town_place.serve.background,
        Calamity(OOSTERWENDE, now, now + timedelta(hours=2), TEXT, AfterCalamity.QUEUE, "test"),
        now,
    )
    await town_place.area_has(lambda area: area.calamities)
    for code in ("GM9901", "GM9902", "GM9903", "GM9904"):
        assert faults(await json_of(town_place, code)) == []
    # The test itself sees what is wrong.
    known = vocabulary().properties_of("GovernmentOrganization")
    assert "contactPoint" in known and "openingHoursSpecification" not in known, "a place has these, and nothing else"
    found = await json_of(town_place, "GM9901")
    assert faults(found | {"specialOpeningHoursSpecification": []}) != []
    assert faults(found | {"openingHours": "Mo"}) != []
    assert faults(found | {"contactPoint": {"@type": "Place"}}) != []
    assert faults(found | {"@type": "Municipality"}) != []
    day = {"@type": "OpeningHoursSpecification", "opens": "half negen"}
    assert faults(found | {"contactPoint": {"@type": "ContactPoint", "hoursAvailable": day}}) != []


async def test_numbers_hours_exceptions_state_and_calamity_are_in_it(town_place: Place) -> None:
    now = town_place.clock()
    found = await json_of(town_place, "GM9901")
    assert found["name"] == "Gemeente Oosterwende" and found["telephone"] == "+31119990100"
    shared, abroad = found["contactPoint"]
    assert shared["telephone"] == "14 0119" and shared["areaServed"] == {"@type": "Country", "name": "NL"}
    assert abroad["telephone"] == "+31119990100" and "areaServed" not in abroad
    for point in (shared, abroad):
        assert point["contactType"] == "customer service" and point["availableLanguage"] == ["nl"]
        assert point["openNow"] is True and point["openUntil"] == "2026-11-30T16:00:00Z"
    hours = shared["hoursAvailable"]
    monday = {"@type": "OpeningHoursSpecification", "opens": "08:30", "closes": "17:00"}
    assert {**monday, "dayOfWeek": "https://schema.org/Monday"} in hours
    day = {"validFrom": "2026-12-24", "validThrough": "2026-12-24"}
    assert {**monday, **day, "closes": "15:00", "name": "Kerstavond"} in hours
    christmas = {"validFrom": "2026-12-25", "validThrough": "2026-12-25", "name": "Eerste Kerstdag"}
    assert {"@type": "OpeningHoursSpecification", **christmas} in hours, "without opens it is closed"
    assert "subjectOf" not in found

    town_place.clock.pass_by(timedelta(hours=12))
    found = await json_of(town_place, "GM9901")
    assert found["contactPoint"][0]["openNow"] is False
    assert found["contactPoint"][0]["opensAt"] == "2026-12-01T07:30:00Z"

    now = town_place.clock()
    calamity = Calamity(OOSTERWENDE, now, now + timedelta(hours=2), TEXT, AfterCalamity.QUEUE, "test")
    await set_calamity(town_place.serve.background, calamity, now)
    await town_place.area_has(lambda area: area.calamities)
    (said,) = (await json_of(town_place, "GM9901"))["subjectOf"]
    assert said["text"] == TEXT
    assert "subjectOf" not in await json_of(town_place, "GM9902")
    fragment = (await asked(town_place, "/contact/GM9901.html"))[2]
    assert "&lt;b&gt;slecht&lt;/b&gt;" in fragment and "<b>" not in fragment
    town_place.clock.pass_by(timedelta(hours=3))
    assert "subjectOf" not in await json_of(town_place, "GM9901")


async def test_nothing_of_another_municipality_is_in_an_answer(town_place: Place) -> None:
    names = {"GM9901": "Oosterwende", "GM9902": "Zandermeer", "GM9903": "Lindekerk", "GM9904": "Wierdam"}
    for code in names:
        for ending in ENDINGS:
            text = (await asked(town_place, f"/contact/{code}{ending}"))[2]
            assert names[code] in text
            for other in set(names) - {code}:
                assert names[other] not in text and other not in text and f"0{other[2:]}00" not in text


async def test_a_piece_of_a_page_says_what_to_call_and_when_and_is_good_html(town_place: Place, tmp_path: Path) -> None:
    status, headers, text = await asked(town_place, "/contact/GM9901.html")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    assert '<a href="tel:140119">14&nbsp;0119</a> en kies Oosterwende' in text
    assert '<a href="tel:+31119990100">+31&nbsp;119&nbsp;99&nbsp;01&nbsp;00</a>' in text
    assert "Nu bereikbaar, tot 17.00 uur." in text
    assert re.search(r'<th scope="row">maandag</th><td>08.30 - 17.00 uur</td>', text)
    assert re.search(r'<th scope="row">zondag</th><td>gesloten</td>', text)
    assert re.search(r"donderdag 24 december</time> \(Kerstavond\)</th><td>08.30 - 15.00 uur</td>", text)
    assert re.search(r"vrijdag 25 december</time> \(Eerste Kerstdag\)</th><td>gesloten</td>", text)
    assert not re.search(r"<(script|style|html|body)|\bid=|\bstyle=", text), "it stands in somebody else's page"
    town_place.clock.pass_by(timedelta(hours=12))
    closed = (await asked(town_place, "/contact/GM9901.html"))[2]
    assert "Nu niet bereikbaar. Weer bereikbaar: dinsdag 1 december, 08.30 uur." in closed
    machine.tools(lambda line: None)
    written = WrittenPages(tmp_path)
    for code in ("GM9901", "GM9902", "GM9903", "GM9904"):
        piece = (await asked(town_place, f"/contact/{code}.html"))[2]
        written.add(PAGE.format(piece), f"the contact of {code}")
    assert await written.findings() == []


async def test_the_openings_are_a_calendar(town_place: Place) -> None:
    status, headers, text = await asked(town_place, "/contact/GM9901.ics")
    assert status == 200 and headers["Content-Type"] == "text/calendar; charset=utf-8"
    lines = text.replace("\r\n ", "").split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-2:] == ["END:VCALENDAR", ""]
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") > 60
    assert "DTSTART:20261130T073000Z" in lines and "DTEND:20261130T160000Z" in lines
    assert "DTEND:20261224T140000Z" in lines, "Christmas Eve ends early"
    assert not any(line.startswith("DTSTART:20261225") for line in lines)
    assert any("14 0119" in line and "+31 119 99 01 00" in line for line in lines if line.startswith("DESCRIPTION"))
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert len({line for line in lines if line.startswith("UID:")}) == lines.count("BEGIN:VEVENT")


@pytest.mark.parametrize("ending", ENDINGS)
async def test_who_asks_again_gets_what_changed_and_for_any_site(town_place: Place, ending: str) -> None:
    path = f"/contact/GM9901{ending}"
    status, headers, text = await asked(town_place, path)
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Cache-Control"] == "public, max-age=60"
    assert "Set-Cookie" not in headers and "Access-Control-Allow-Credentials" not in headers
    etag = headers["ETag"]
    for said in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        status, headers, again = await asked(town_place, path, **{"If-None-Match": said})
        assert (status, again, headers["ETag"]) == (304, "", etag), said
        assert headers["Access-Control-Allow-Origin"] == "*"
    status, headers, again = await asked(town_place, path, **{"If-None-Match": '"other"'})
    assert (status, again) == (200, text)
    # Half a minute before it closes it may be kept for half a minute.
    town_place.clock.pass_by(datetime(2026, 11, 30, 15, 59, 30, tzinfo=UTC) - town_place.clock())
    assert (await asked(town_place, path))[1]["Cache-Control"] == "public, max-age=30"
    town_place.clock.pass_by(timedelta(seconds=31))
    status, headers, text = await asked(town_place, path, **{"If-None-Match": etag})
    assert status == (304 if ending == ".ics" else 200), "the openings are those of before"


@pytest.mark.parametrize(
    "file", ["GM0363", "GM9999", "gm9901", "GM9901.json", "GM9901.html.ics", ".html", "x", "GM9901.", "é", "%3Cb%3E"]
)
async def test_what_is_not_there_is_a_problem(town_place: Place, file: str) -> None:
    status, headers, text = await asked(town_place, f"/contact/{file}")
    assert (status, headers["Content-Type"].partition(";")[0]) == (404, "application/problem+json")
    assert json.loads(text)["code"] == "not_found" and headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cache-Control"] == "no-store"


async def test_many_names_are_not_kept(town_place: Place) -> None:
    assert len(KINDS) == CONTACT_FORMS
    for number in range(50):
        await asked(town_place, f"/contact/GM{number}")
    for code in ("GM9901", "GM9902", "GM9903", "GM9904"):
        for ending in ENDINGS:
            assert (await asked(town_place, f"/contact/{code}{ending}"))[0] == 200
    assert len(town_place.site.contact._made) == 4 * CONTACT_FORMS
