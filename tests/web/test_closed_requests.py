"""Callbacks that are closed: found by their address, with who closed each and why, and handed over as a file."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.callbacks.service import CallbackService
from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.callbacks import CallbackRequest, CloseKind
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.callbacks.closed import ClosedSelection, closed_requests
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.db.engine import Database
from ari_app.web.pages import closed_requests as page
from tests.web.callers import NUMBER, a_request, a_talk
from tests.web.people import Browser, Place
from tests.words import says

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
HERE = "/terugbelverzoeken/gesloten"
WHY = "=is aan de balie geholpen"


@pytest.fixture
async def bea(place: Place) -> Browser:
    place.trusts_all_roles()
    await place.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM))
    browser = await place.logged_in("bea")
    await place.area_has(lambda area: OperatorNumber("102") in area.operators)
    return browser


async def closed(
    serve: Database, municipality: MunicipalityCode, *, number: str = NUMBER, by: str = "account:bea"
) -> CallbackRequest:
    """By a person, a moment ago."""
    request = await a_request(serve, municipality, number=number, subject="paspoort")
    store, area = PostgresCallbackStore(serve.pool), await load_area(serve.background)
    changed = await CallbackService(store, lambda: area).close_by_person(request.id, WHY, by, datetime.now(UTC))
    await store.close()
    return changed


async def helped(serve: Database, municipality: MunicipalityCode) -> CallbackRequest:
    """The citizen called again, and Anna helped them."""
    talk = await a_talk(serve, "101", municipality)
    request = await a_request(serve, municipality, operator="101")
    store, area = PostgresCallbackStore(serve.pool), await load_area(serve.background)
    now = datetime.now(UTC)
    service = CallbackService(store, lambda: area)
    changed = await service.close_as_helped(request.id, OperatorNumber("101"), now, now, talk.call.id)
    await store.close()
    return changed


async def test_they_are_found_by_period_end_and_owner_without_numbers_and_reasons(place: Place, bea: Browser) -> None:
    one, other = await closed(place.serve, WIERDAM), await helped(place.serve, WIERDAM)
    theirs = await closed(place.serve, ELDERLO)
    still_open = await a_request(place.serve, WIERDAM, number="+31119555124")
    html = await (await bea.get(HERE)).text()
    assert one.reference in html and other.reference in html and "Anna (101)" in html
    assert "de burger belde zelf en is geholpen" in html and "niet gesproken" in html
    assert theirs.reference not in html and still_open.reference not in html and "Elderlo" not in html
    assert NUMBER not in html and not says(html, "555") and "balie" not in html and "eindigt op 23" in html
    for asked, found in {
        "hoe=met-reden": {one.reference},
        "hoe=zelf-gebeld": {other.reference},
        "hoe=gesproken": set(),
        "medewerker=101": {other.reference},
        "team=wierdam&gemeente=GM9901": {one.reference, other.reference},
        "vanaf=2026-01-01&tot=2026-01-02": set(),
    }.items():
        html = await (await bea.get(f"{HERE}?{asked}")).text()
        assert {ref for ref in (one.reference, other.reference) if ref in html} == found, asked
    assert f'href="{HERE}"' in await (await bea.get("/terugbelverzoeken")).text()


async def test_an_address_that_is_wrong_says_which_field(bea: Browser) -> None:
    answer = await bea.get(f"{HERE}?vanaf=gisteren&gemeente=GM9902&hoe=%3Cb%3E&team=wierdam&team=wierdam&cursor=x")
    html = await answer.text()
    assert answer.status == 400 and "GM9902" not in html and "%3Cb" not in html and "<b>" not in html
    for name in ("vanaf", "gemeente", "hoe", "team"):
        assert f'href="#{name}"' in html and f'id="{name}-fout"' in html
    assert (await bea.get(f"{HERE}.csv?hoe=x")).status == 400


async def test_whoever_asks_why_is_in_the_audit_log(place: Place, bea: Browser) -> None:
    one, theirs = await closed(place.serve, WIERDAM), await closed(place.serve, ELDERLO)
    answer = await bea.post(f"{HERE}/redenen", {"hoe": "met-reden"})
    html = await answer.text()
    assert answer.status == 200 and WHY in html and one.reference in html and theirs.reference not in html
    assert NUMBER not in html and "Laat de redenen zien" not in html
    row = await place.serve.pool.fetchrow(
        "SELECT actor, detail ->> 'references' AS said FROM audit_log ORDER BY id DESC"
    )
    assert row is not None and (row["actor"], row["said"]) == ("account:bea", f'["{one.reference}"]')
    await bea.post(f"{HERE}/redenen", {"hoe": "gesproken"})  # nothing is shown, and nothing is kept
    assert await place.deeds("callbacks.reasons_shown") == ["account:bea"]


def rows_of(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


async def test_a_file_has_numbers_and_reasons_only_for_whoever_asks(
    place: Place, bea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "ROWS_AT_ONCE", 2)
    made = [await closed(place.serve, WIERDAM, number=f"+3111955512{n}", by="service:kiss") for n in range(5)]
    await closed(place.serve, ELDERLO)
    answer = await bea.get(f"{HERE}.csv?hoe=met-reden")
    head, *rows = rows_of(await answer.text())
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="terugbelverzoeken-gesloten-')
    assert [row[0] for row in rows] == [one.reference for one in reversed(made)]
    first = dict(zip(head, rows[0], strict=True))
    assert (first["gemeente"], first["afgesloten door"], first["op tijd gesproken"]) == (
        "Wierdam",
        "programma kiss",
        "nee",
    )
    assert "nummer" not in head and await place.deeds("callbacks.numbers_exported") == []
    head, *rows = rows_of(await (await bea.post(f"{HERE}/nummers.csv", {"hoe": "met-reden"})).text())
    first = dict(zip(head, rows[0], strict=True))
    assert (first["nummer"], first["waarom afgesloten"]) == ("0119 555 124", f"'{WHY}")
    assert await place.deeds("callbacks.numbers_exported") == ["account:bea"] * 3
    monkeypatch.setattr(page, "MOST_ROWS", 3)
    *_, last = rows_of(await (await bea.get(f"{HERE}.csv")).text())
    assert last[0].startswith("Let op: dit zijn de eerste")


async def test_pages_hold_each_request_once(place: Place) -> None:
    made = [await closed(place.serve, WIERDAM, number=f"+3111955513{n}") for n in range(5)]
    seen, wanted = list[str](), ClosedSelection(how=CloseKind.BY_PERSON, team=TeamCode("wierdam"))
    while True:
        found = await closed_requests(place.site.pool, frozenset({WIERDAM}), wanted, limit=2)
        seen += [one.reference for one in found]
        if len(found) < 2:
            break
        wanted = ClosedSelection(before=(found[-1].closed_at, found[-1].id))
    assert seen == [one.reference for one in reversed(made)]
    after = datetime.now(UTC) + timedelta(minutes=1)
    assert await closed_requests(place.site.pool, None, ClosedSelection(since=after), limit=9) == []


async def test_an_owner_of_others_is_not_named_in_the_list_nor_in_the_file(place: Place, bea: Browser) -> None:
    one = await closed(place.serve, WIERDAM, by="102")
    await place.serve.pool.execute(
        "UPDATE callback_request SET owner_operator = '102', owner_team = 'elderlo' WHERE id = $1", one.id
    )
    text = await (await bea.get(HERE)).text() + await (await bea.get(f"{HERE}.csv")).text()
    assert one.reference in text and text.count("een collega") == 4
    assert "Bert" not in text and "Elderlo" not in text and "elderlo" not in text and "102" not in text
