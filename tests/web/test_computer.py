"""The computer as a phone, as far as the pages go; the way to Asterisk is in tests/acceptance/test_page_phone.py."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import WSServerHandshakeError

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.browser_phones import PhoneAccount, name_at, new_name
from ari_app.core.ids import AsteriskId, Endpoint, OperatorNumber, WebSessionId
from ari_app.core.login_phones import phone_name
from ari_app.storage.accounts.phones import open_phone
from ari_app.storage.db.engine import Database
from ari_app.storage.operators.phones import phones_within
from tests.web.people import Place

pytestmark = pytest.mark.postgres

NAME = f"web-{'0a' * 16}"


async def test_where_no_asterisk_is_named_there_is_no_phone_in_the_page_and_nothing_behind_the_address(
    place: Place,
) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR), operator="101")
    browser = await place.logged_in("anna")
    async with await browser.get("/") as desk:
        assert "phone-on" not in await desk.text()
    assert (await browser.post("/computer")).status == 404
    assert (await browser.get("/sip")).status == 404
    with pytest.raises(WSServerHandshakeError) as refused:
        await browser.session.ws_connect(f"{browser.base}/sip", headers={"Origin": browser.base}, protocols=("sip",))
    assert refused.value.status == 404


async def test_of_two_first_pages_of_a_login_one_is_the_phone_and_the_name_of_the_other_is_known(
    serve: Database, place: Place
) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR), operator="101")
    await place.logged_in("anna")
    session = WebSessionId(await serve.pool.fetchval("SELECT id FROM web_session"))
    accounts = [PhoneAccount(session, new_name(), f"{at:032x}") for at in range(8)]
    opens = [open_phone(serve.pool, one, AsteriskId("node1"), OperatorNumber("101"), place.clock()) for one in accounts]
    before = await asyncio.gather(*opens)
    left = await serve.pool.fetchval("SELECT name FROM web_phone")
    # Each but the first is told of one that it took the place of: nobody's account stays in Asterisk.
    assert set(before) == {"", *(one.name for one in accounts if one.name != left)}


async def test_a_page_that_was_a_phone_is_offered_to_nobody_and_has_a_name_for_people(
    serve: Database, place: Place
) -> None:
    await serve.pool.execute(
        "INSERT INTO operator_session (id, asterisk_id, operator, reach, endpoint, logged_in_at, state, state_since_at,"
        " idle_since_at, version) VALUES"
        f" (gen_random_uuid(), 'node1', '101', 'line', 'PJSIP/{NAME}', now(), 'ready', now(), now(), 0)"
    )
    assert await phones_within(serve.pool, "101", None) == []  # type: ignore[arg-type]
    assert name_at(Endpoint(f"PJSIP/{NAME}")) == NAME
    assert phone_name(Endpoint(f"PJSIP/{NAME}")) == "computer"
