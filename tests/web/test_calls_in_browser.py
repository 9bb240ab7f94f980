"""The pages of calls before a real browser: the address keeps what is asked for, and axe finds nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.call import EndReason, Fact, FactKind, Leg, LegEndReason, LegRole, Stage
from ari_app.core.ids import MunicipalityCode
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.operators import OperatorState
from ari_app.core.transfer import TransferOutcome, TransferState
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from tests.storage.values import new_leg
from tests.web.callers import Talk, a_request, a_talk, over
from tests.web.chromium import Desk
from tests.web.controllers import all_is_refused, rows_are_changed_in
from tests.web.desks import a_desk
from tests.web.looks import looked_at
from tests.web.rows import ledger_of, waiting_callers
from tests.web.test_closed_requests import closed

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def desk(postgres_server: LocalPostgres, migrated_template: str, server_directory: Path) -> AsyncIterator[Desk]:
    async with a_desk(postgres_server, migrated_template, server_directory) as desk:
        await desk.account("bea", RoleRow(Role.SUPERVISOR))
        await desk.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
        await desk.account("ada", RoleRow(Role.ADMINISTRATOR))
        yield desk


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def talk(desk: Desk) -> Talk:
    """Held, a colleague asked, then put through to another operator, and over."""
    talk = await a_talk(desk.serve, "101", WIERDAM, waited_seconds=300)
    start = talk.call.arrived_at

    def at(seconds: float) -> datetime:
        return start + timedelta(seconds=seconds)

    def leg(role: LegRole, party: str | None, *times: float | None) -> Leg:
        began, joined, ended = (None if one is None else at(one) for one in times)
        one = replace(new_leg(talk.call, at(times[0] or 0)), role=role, party=party, joined_at=joined, ended_at=ended)
        return replace(one, started_at=began or start, end_reason=LegEndReason.HUNG_UP if joined else LegEndReason.BUSY)

    legs = [
        leg(LegRole.COLLEAGUE, "2040", 150, None, 165),
        leg(LegRole.OPERATOR, "102", 180, 190, 300),
    ]
    refused = over(talk.transfer("2040", TransferState.CONSULTING), TransferOutcome.BUSY)
    await talk.becomes(transfers=[replace(refused, requested_at=at(150))])
    facts = [
        Fact(at(60), FactKind.HELD, {}),
        Fact(at(110), FactKind.HELD_NO_MORE, {}),
        Fact(at(150), FactKind.TRANSFER_ASKED, {"by": "101", "to": "2040"}),
        Fact(at(190), FactKind.TRANSFERRED, {"to": "102"}),
        Fact(at(300), FactKind.ENDED, {"reason": "caller_hung_up"}),
    ]
    caller = await desk.serve.pool.fetchval(
        "SELECT id FROM call_leg WHERE call_id = $1 AND role = 'caller'", talk.call.id
    )
    await desk.serve.pool.execute("UPDATE call_leg SET joined_at = $2 WHERE id = $1", caller, at(20))
    await desk.serve.pool.execute(
        "UPDATE call_leg SET joined_at = $2, started_at = $3 WHERE id = $1", talk.leg.id, at(20), at(12)
    )
    ended = replace(talk.call, stage=Stage.ENDED, ended_at=at(300), end_reason=EndReason.CALLER_HUNG_UP)
    async with ledger_of(desk.serve) as ledger:
        talk.call = await ledger.store(ended, facts, legs=legs)
    await desk.serve.pool.execute("UPDATE queue_visit SET left_at = $2 WHERE call_id = $1", talk.call.id, at(20))
    await talk.operator_is(OperatorState.READY, has_call=False)
    return talk


async def test_what_is_asked_for_is_in_the_address_and_the_back_button_works(desk: Desk, talk: Talk) -> None:
    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/gesprekken?vanaf=2026-01-01&tot=2026-01-02")
    await desk.text_of(bea, "main", "Er zijn geen gesprekken die hierbij passen")
    await looked_at(desk, bea, "no calls")
    await waiting_callers(desk.serve, ELDERLO, 60)
    await bea.goto(f"{desk.url}/gesprekken")
    await desk.text_of(bea, "main", "Oudere gesprekken")
    await looked_at(desk, bea, "calls")
    await bea.select_option("#gemeente", "GM9901")
    await bea.get_by_role("button", name="Laat zien").click()
    await bea.locator(f'a[href="/gesprekken/{talk.call.id}"]').wait_for()
    assert "gemeente=GM9901" in bea.url and await bea.locator("tbody tr").count() == 1
    await bea.go_back()
    await desk.text_of(bea, "main", "Oudere gesprekken")
    assert await bea.locator("tbody tr").count() == 50
    await bea.goto(f"{desk.url}/gesprekken?vanaf=gisteren&einde=anders")
    await desk.text_of(bea, "#answer", "van, einde")
    await looked_at(desk, bea, "calls with faults")


async def test_a_call_is_told_in_a_picture_and_in_tables(desk: Desk, talk: Talk) -> None:
    await a_request(desk.serve, WIERDAM)
    await desk.serve.pool.execute("UPDATE callback_request SET call_id = $1", talk.call.id)
    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/gesprekken/{talk.call.id}")
    await desk.text_of(bea, "main", "Wie was erbij?")
    boxes = await bea.locator(".lane .bar--talk").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().width)"
    )
    assert len(boxes) == 3 and all(width > 10 for width in boxes), "a picture, without a style of its own"
    await looked_at(desk, bea, "a call")
    await bea.get_by_role("button", name="Laat nummer en notities zien").click()
    await desk.text_of(bea, "main", "0119 555 123")
    await looked_at(desk, bea, "a call with its number")


async def test_everything_of_somebody_who_is_away_is_given_away(desk: Desk) -> None:
    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/terugbelverzoeken/overdragen")
    await looked_at(desk, bea, "nobody to give away from")
    for n in range(3):
        await a_request(desk.serve, WIERDAM, operator="101", number=f"+3111955517{n}")
    await desk.serve.pool.execute(
        """INSERT INTO operator_absence (operator, from_at, author, created_at)
        VALUES ('101', now() - interval '1 hour', 'test', now())"""
    )
    await bea.reload()
    await bea.get_by_role("link", name="Anna (101)").click()
    await desk.text_of(bea, "main", "moet nog 3 burgers terugbellen, en is afwezig")
    await looked_at(desk, bea, "what somebody has who is away")
    async with all_is_refused(desk.serve, RefusalReason.BEING_CALLED):
        await bea.get_by_role("button", name="Draag alle 3 verzoeken over").click()
        await desk.text_of(bea, "#answer", "3 niet. Iemand belt deze burger nu.")
    await looked_at(desk, bea, "what could not be given")
    await bea.locator("#answer a").first.click()
    await desk.text_of(bea, "main", "Geschiedenis")
    await looked_at(desk, bea, "the history of a callback")
    await bea.goto(f"{desk.url}/terugbelverzoeken?medewerker=operator:101")
    await desk.text_of(bea, "main", "Geef de gekozen verzoeken aan iemand")
    await looked_at(desk, bea, "callbacks of one operator")


async def test_closed_callbacks_are_found_and_tell_why_when_somebody_asks(desk: Desk) -> None:
    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/terugbelverzoeken/gesloten?vanaf=2026-01-01&tot=2026-01-02")
    await desk.text_of(bea, "main", "Er zijn geen verzoeken die hierbij passen")
    await looked_at(desk, bea, "no closed callbacks")
    one = await closed(desk.serve, WIERDAM, number="+31119555180")
    for n in range(1, 53):
        await closed(desk.serve, ELDERLO, number=f"+311195552{n:02}")
    await bea.goto(f"{desk.url}/terugbelverzoeken")
    await bea.get_by_role("link", name="Bekijk wat is afgesloten").click()
    await desk.text_of(bea, "main", "Eerder afgesloten verzoeken")
    await looked_at(desk, bea, "closed callbacks")
    await bea.select_option("#gemeente", "GM9901")
    await bea.get_by_role("button", name="Laat zien").click()
    await bea.locator(f'a[href="/terugbelverzoeken/{one.reference}"]').wait_for()
    await bea.get_by_role("button", name="Laat de redenen zien").click()
    await desk.text_of(bea, "tbody", "is aan de balie geholpen")
    await looked_at(desk, bea, "why callbacks were closed")
    await bea.goto(f"{desk.url}/terugbelverzoeken/gesloten?vanaf=gisteren&hoe=anders")
    await desk.text_of(bea, "#answer", "van, hoe afgesloten")
    await looked_at(desk, bea, "closed callbacks with faults")


async def test_a_promise_without_a_call_says_while_somebody_types_until_when_we_call(desk: Desk) -> None:
    bea = await desk.logged_in("bea")
    await bea.goto(f"{desk.url}/terugbelverzoeken")
    await bea.get_by_role("link", name="Nieuw terugbelverzoek").click()
    await bea.get_by_role("heading", name="Nieuw terugbelverzoek").wait_for()
    await looked_at(desk, bea, "a promise without a call")
    await bea.fill("#nummer", "0900 1234")
    await desk.text_of(bea, "#promise-check", "Dit nummer kost extra geld")
    await looked_at(desk, bea, "a promise to a number that is not called")
    await bea.fill("#nummer", "0119 555 190")
    await desk.text_of(bea, "#promise-check", "Kies voor welke gemeente")
    await bea.select_option("#gemeente", "GM9901")
    await desk.text_of(bea, "#promise-check", "Wij bellen 0119 555 190 terug vóór")
    await bea.fill("#onderwerp", "paspoort")
    await bea.fill("#notitie", "Was aan de balie.")
    await looked_at(desk, bea, "a promise that can be made")
    await bea.select_option("#voor", "operator:102")
    await bea.get_by_role("button", name="Beloof terugbellen").click()
    await desk.text_of(bea, "#answer", "wie belt terug")
    assert await bea.input_value("#notitie") == "Was aan de balie."
    await looked_at(desk, bea, "a promise with faults")
    await bea.select_option("#voor", "team:wierdam")
    async with rows_are_changed_in(desk.serve):
        await bea.get_by_role("button", name="Beloof terugbellen").click()
        await desk.text_of(bea, "#answer", "Beloofd. Wij bellen terug vóór")
    await looked_at(desk, bea, "a promise that was made")
    anna = await desk.logged_in("anna")
    async with anna.context.expect_page() as opened:
        await anna.get_by_role("link", name="Nieuw terugbelverzoek zonder gesprek").click()
    form = await opened.value
    await desk.text_of(form, "main", "Gemeente: Wierdam")
    await form.fill("#nummer", "0119 555 190")
    await desk.text_of(form, "#promise-check", "Er staat al een terugbelverzoek open")
    await looked_at(desk, form, "a promise of an operator to a number that asked before")


async def test_an_operators_own_day_leads_to_a_wrap_up_that_was_left_open(desk: Desk, talk: Talk) -> None:
    anna = await desk.logged_in("anna")
    link = anna.locator(f"#missing-{talk.call.id} a")
    await link.wait_for()
    await looked_at(desk, anna, "the desk with the own day")
    async with anna.context.expect_page() as opened:
        await link.click()
    form = await opened.value
    await desk.text_of(form, "main", "Gesprek voor Wierdam")
    await looked_at(desk, form, "a wrap-up that was left open")


async def test_the_audit_log_is_read_by_an_administrator(desk: Desk, talk: Talk) -> None:
    ada = await desk.logged_in("ada")
    async with transaction(desk.serve.background) as connection:
        detail = {"call_id": str(talk.call.id), "reason": "bel 06-1234 5678 terug " * 5}
        for actor in ("account:bea", "service:kiss"):
            await record_deed(connection, datetime.now(UTC), actor, "transfer_allowed", detail)
    await ada.goto(f"{desk.url}/auditlog")
    await desk.text_of(ada, "main", "stond nog een keer doorverbinden toe")
    await looked_at(desk, ada, "the audit log")
    await ada.fill("#wie", "niemand")
    await ada.get_by_role("button", name="Laat zien").click()
    await desk.text_of(ada, "main", "Hierbij is niets gevonden")
    await ada.goto(f"{desk.url}/auditlog?soort=anders&tot=2026-02-30")
    await desk.text_of(ada, "#answer", "Dit klopt nog niet")
    await looked_at(desk, ada, "the audit log with faults")
