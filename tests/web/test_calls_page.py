"""The calls of a supervisor's municipalities: found by their address, told one by one, and handed over as a file."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientPayloadError, ServerDisconnectedError

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.call import EndReason, Fact, FactKind, Stage
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.operators import OperatorState
from ari_app.core.queue_visits import VisitOutcome, VisitReason
from ari_app.core.transfer import TransferOutcome, TransferState
from ari_app.core.wrap_ups import WrapUp
from ari_app.storage.calls.search import search_calls
from ari_app.storage.calls.wrap_ups import save_wrap_up_in
from ari_app.storage.db.connections import transaction
from ari_app.web.pages import calls_export
from tests.storage.values import new_visit
from tests.web.callers import NUMBER, Talk, a_request, a_talk, an_earlier_call, over
from tests.web.people import Browser, Place
from tests.web.rows import ledger_of, waiting_callers
from tests.words import says

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")


@pytest.fixture
async def bea(place: Place) -> Browser:
    place.trusts_all_roles()
    await place.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM))
    browser = await place.logged_in("bea")
    await place.area_has(lambda area: OperatorNumber("102") in area.operators)
    return browser


async def a_past_talk(place: Place, *, transfer_count: int = 0) -> Talk:
    """Of Anna with a caller for Wierdam; it is over."""
    talk = await a_talk(place.serve, "101", WIERDAM)
    now = datetime.now(UTC)
    await talk.becomes(
        stage=Stage.ENDED, ended_at=now, end_reason=EndReason.CALLER_HUNG_UP, transfer_count=transfer_count
    )
    await talk.operator_is(OperatorState.READY, has_call=False)
    return talk


async def test_calls_are_found_by_the_address_and_shown_without_a_number(place: Place, bea: Browser) -> None:
    talk = await a_past_talk(place, transfer_count=1)
    await an_earlier_call(place.serve, WIERDAM, EndReason.ABANDONED_WAITING)
    await waiting_callers(place.serve, ELDERLO, 1)
    today = await (await bea.get("/gesprekken")).text()
    assert f"/gesprekken/{talk.call.id}" in today and "Anna (101)" in today and "geholpen" in today
    assert "opgehangen voor iemand opnam" not in today and "Elderlo" not in today
    assert NUMBER not in today and not says(today, "555")
    week = (datetime.now(UTC) - timedelta(days=7)).date().isoformat()
    found = await (await bea.get(f"/gesprekken?vanaf={week}&einde=opgehangen")).text()
    assert "opgehangen voor iemand opnam" in found and str(talk.call.id) not in found
    for asked in ("wacht=60", "doorverbonden=ja", "medewerker=101", "gemeente=GM9901"):
        assert str(talk.call.id) in await (await bea.get(f"/gesprekken?{asked}")).text(), asked
    for asked in ("wacht=3600", "doorverbonden=nee", "einde=gesloten", "team=wierdam"):
        assert "geen gesprekken die hierbij passen" in await (await bea.get(f"/gesprekken?{asked}")).text(), asked


async def test_an_address_that_is_wrong_says_which_field(bea: Browser) -> None:
    answer = await bea.get("/gesprekken?vanaf=gisteren&gemeente=GM9902&wacht=%3Cb%3E&einde=gesloten&einde=bezet")
    html = await answer.text()
    assert answer.status == 400
    for name in ("vanaf", "gemeente", "wacht", "einde"):
        assert f'href="#{name}"' in html and f'id="{name}-fout"' in html
    assert "GM9902" not in html and "<b>" not in html
    assert (await bea.get("/gesprekken.csv?vanaf=gisteren")).status == 400
    assert (await bea.get("/gesprekken?vanaf=gisteren&cursor=x")).status == 400


async def test_a_long_list_goes_on_at_another_address(place: Place, bea: Browser) -> None:
    await waiting_callers(place.serve, WIERDAM, 55)
    seen: list[str] = []
    path = "/gesprekken?einde=bezig"
    for count in (50, 5):
        html = await (await bea.get(path)).text()
        ids = re.findall(r'href="/gesprekken/([0-9a-f-]{36})"', html)
        assert len(ids) == count
        seen += ids
        path = next(iter(re.findall(r'href="(/gesprekken\?[^"]*cursor=[^"]*)"', html)), "").replace("&amp;", "&")
    assert len(set(seen)) == 55 and path == ""


async def test_a_story_has_its_picture_and_its_tables_and_names_nobody_elsewhere(place: Place, bea: Browser) -> None:
    talk = await a_talk(place.serve, "101", WIERDAM)
    to_bert = talk.transfer("102", TransferState.CONSULTING)
    await talk.becomes(transfers=[over(to_bert, TransferOutcome.CANCELLED)])
    start, call = talk.call.arrived_at, talk.call
    facts = [
        Fact(start + timedelta(seconds=85), FactKind.HELD, {}),
        Fact(start + timedelta(seconds=95), FactKind.HELD_NO_MORE, {}),
        Fact(start + timedelta(seconds=96), FactKind.TRANSFER_ASKED, {"by": "101", "to": "102"}),
        Fact(start + timedelta(seconds=97), FactKind.CALLBACK_REQUESTED, {"reference": "7654321"}),
        Fact(start + timedelta(seconds=99), FactKind.ENDED, {"reason": "caller_hung_up"}),
    ]
    earlier = replace(new_visit(call, start), municipality=ELDERLO, left_at=start, outcome=VisitOutcome.MOVED)
    ended = replace(
        call, stage=Stage.ENDED, ended_at=start + timedelta(seconds=100), end_reason=EndReason.CALLER_HUNG_UP
    )
    async with ledger_of(place.serve) as ledger:
        await ledger.store(ended, facts, visits=[replace(earlier, reason=VisitReason.MENU)])
    async with transaction(place.serve.background) as connection:
        said = WrapUp("paspoort", "beantwoord", "belt met een geheim")
        assert await save_wrap_up_in(connection, call.id, OperatorNumber("101"), said)
    promised = await a_request(place.serve, WIERDAM)
    await place.serve.pool.execute("UPDATE callback_request SET call_id = $1", call.id)
    answer = await bea.get(f"/gesprekken/{call.id}")
    html = await answer.text()
    assert answer.status == 200
    for kind in ("wait", "ring", "talk", "hold"):
        assert f"bar--{kind}" in html
    assert 'x="85.0%" width="10.0%"' in html, "the hold of ten seconds, in a call of a hundred"
    for words in ("Anna (101)", "Wie was erbij?", "Wachtrijen", "Wierdam", "een collega", "paspoort", "Vraag beantw"):
        assert words in html
    assert f'href="/terugbelverzoeken/{promised.reference}"' in html
    assert "Doorverbinden begint: een collega." in html and "Einde: geholpen." in html
    for foreign in ("Elderlo", "Bert", "geheim", NUMBER):
        assert foreign not in html, foreign
    assert not says(html, "102") and not says(html, "555")
    assert "style=" not in html and "<script" not in html


async def test_a_number_is_shown_to_whoever_asks_and_that_is_kept(place: Place, bea: Browser) -> None:
    talk = await a_past_talk(place)
    async with transaction(place.serve.background) as connection:
        said = WrapUp(pii_note="Wil morgen gebeld worden.")
        assert await save_wrap_up_in(connection, talk.call.id, OperatorNumber("101"), said)
    html = await (await bea.get(f"/gesprekken/{talk.call.id}")).text()
    assert "0119 555 123" not in html and "Wil morgen" not in html
    assert await place.deeds("call.number_shown") == []
    html = await (await bea.post(f"/gesprekken/{talk.call.id}/nummer")).text()
    assert "0119 555 123" in html and "Wil morgen gebeld worden." in html
    assert await place.deeds("call.number_shown") == ["account:bea"]
    theirs = await an_earlier_call(place.serve, ELDERLO, EndReason.CALLER_HUNG_UP)
    for path in (f"/gesprekken/{theirs.id}", "/gesprekken/geen-id"):
        assert (await bea.get(path)).status == (await bea.post(f"{path}/nummer")).status == 404
    assert await place.deeds("call.number_shown") == ["account:bea"]


async def test_the_file_opens_in_excel_and_holds_no_formula_and_no_number(place: Place, bea: Browser) -> None:
    await place.serve.pool.execute("UPDATE operator SET name = '=CMD()' WHERE number = '101'")
    await place.serve.pool.execute("UPDATE municipality SET name = '@Wierdam; \"groot\"' WHERE code = 'GM9901'")
    talk = await a_past_talk(place)
    await waiting_callers(place.serve, ELDERLO, 1)
    await place.area_has(lambda area: area.operators[OperatorNumber("101")].name == "=CMD()")
    answer = await bea.get("/gesprekken.csv")
    sent = await answer.read()
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="gesprekken-20')
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8" and sent.startswith(b"\xef\xbb\xbf")
    head, row = csv.reader(io.StringIO(sent.decode("utf-8-sig")), delimiter=";")
    shown = dict(zip(head, row, strict=True))
    assert shown["gesprek"] == str(talk.call.id) and shown["gemeente"] == '\'@Wierdam; "groot"'
    assert shown["medewerker"] == "'=CMD() (101)" and shown["gewacht in wachtrijen (seconden)"] == "80"
    text = sent.decode()
    assert "nummer" not in head and NUMBER not in text and not says(text, "555")
    assert await place.deeds("calls.numbers_exported") == []


async def test_numbers_in_a_file_are_in_the_audit_log_call_by_call(place: Place, bea: Browser) -> None:
    talk = await a_past_talk(place)
    await an_earlier_call(place.serve, ELDERLO, EndReason.CALLER_HUNG_UP)
    week = (datetime.now(UTC) - timedelta(days=7)).date().isoformat()
    answer = await bea.post("/gesprekken/nummers.csv", {"vanaf": week})
    head, row = csv.reader(io.StringIO((await answer.read()).decode("utf-8-sig")), delimiter=";")
    assert head[-1] == "nummer" and row[-1] == "0119 555 123"
    detail = await place.serve.pool.fetchval("SELECT detail FROM audit_log WHERE action = 'calls.numbers_exported'")
    assert str(talk.call.id) in detail and NUMBER not in detail
    assert (await bea.post("/gesprekken/nummers.csv", {"einde": "anders"})).status == 400
    assert (await bea.get("/gesprekken/nummers.csv")).status == 404


async def test_a_file_has_a_last_row_and_says_when_there_is_more(
    place: Place, bea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_export, "MOST_ROWS", 5)
    monkeypatch.setattr(calls_export, "ROWS_AT_ONCE", 2)
    await waiting_callers(place.serve, WIERDAM, 5)
    lines = (await (await bea.get("/gesprekken.csv")).text()).splitlines()
    assert len(lines) == 6 and "Let op" not in lines[-1]
    await waiting_callers(place.serve, WIERDAM, 1)
    lines = (await (await bea.get("/gesprekken.csv")).text()).splitlines()
    assert len(lines) == 7 and lines[-1].startswith("Let op: dit zijn de eerste")


async def test_a_store_that_goes_away_in_the_middle_breaks_the_file_off(
    place: Place, bea: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_export, "ROWS_AT_ONCE", 2)
    await waiting_callers(place.serve, WIERDAM, 6)
    pages = list[int]()

    async def goes_away(*args: object, **kwargs: object) -> object:
        pages.append(1)
        if len(pages) == 2:
            raise StoreUnavailable("test")
        return await search_calls(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(calls_export, "search_calls", goes_away)
    with pytest.raises((ClientPayloadError, ServerDisconnectedError)):
        await (await bea.get("/gesprekken.csv")).read()
    pages[:] = [1]
    assert (await bea.get("/gesprekken.csv")).status == 503
