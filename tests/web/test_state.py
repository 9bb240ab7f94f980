"""The buttons of an operator's own state: one command each, carried out by a controller, and its answer in words."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from aiohttp import ClientResponse

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode
from ari_app.core.operator_commands import ACCEPTED, RefusalReason, Refused
from ari_app.core.operators import PauseReason
from ari_app.core.state_commands import BeReady, EndWrapUpTime, LogOff, TakePause, TakePauseAfterCall
from tests.web.controllers import a_controller
from tests.web.people import SAME_ORIGIN, Browser, Place
from tests.web.rows import an_operator

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
#: what the script of the page says of itself
SCRIPT = {**SAME_ORIGIN, "Accept": "text/plain"}


@pytest.fixture
async def anna(place: Place) -> Browser:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    await an_operator(place.serve, "101", WIERDAM)
    return await place.logged_in("anna")


async def clicked(browser: Browser, what: str, **fields: str) -> ClientResponse:
    return await browser.post("/stand", {"doe": what, **fields}, SCRIPT)


async def test_each_button_is_one_command_of_the_operator_whose_account_it_is(place: Place, anna: Browser) -> None:
    buttons = {
        "ready": BeReady(),
        "pause:lunch": TakePause(PauseReason.LUNCH),
        "pause_after_call:meeting": TakePauseAfterCall(PauseReason.MEETING),
        "end_wrap_up": EndWrapUpTime(),
        "log_out": LogOff(),
    }
    async with a_controller(place, *[ACCEPTED] * len(buttons)) as asked:
        for what in buttons:
            answer = await clicked(anna, what)
            assert (answer.status, await answer.text(), answer.headers["X-Answer"]) == (200, "", "done")
    assert asked == list(buttons.values())
    rows = await place.serve.pool.fetch("SELECT DISTINCT actor, operator FROM command")
    assert [tuple(row) for row in rows] == [("account:anna", "101")]


async def test_a_refusal_is_said_in_words_also_without_a_script(place: Place, anna: Browser) -> None:
    async with a_controller(place, *[Refused(RefusalReason.NO_WRAP_UP)] * 2):
        refused = await clicked(anna, "end_wrap_up")
        assert (refused.status, await refused.text()) == (409, "Uw nawerk is al voorbij.")
        form = await anna.post("/stand", {"doe": "end_wrap_up"})
    assert (form.status, form.headers["Location"]) == (303, "/?antwoord=no_wrap_up")
    assert "Uw nawerk is al voorbij." in await (await anna.get(form.headers["Location"])).text()
    assert "<script>" not in await (await anna.get("/?antwoord=<script>")).text()


async def test_a_click_that_is_sent_twice_is_one_command(place: Place, anna: Browser) -> None:
    one = str(uuid4())
    async with a_controller(place, ACCEPTED) as asked:
        both = await asyncio.gather(clicked(anna, "pause:lunch", id=one), clicked(anna, "pause:lunch", id=one))
    assert [answer.status for answer in both] == [200, 200]
    assert asked == [TakePause(PauseReason.LUNCH)]


async def test_an_operator_of_another_municipality_is_nobody(place: Place) -> None:
    await place.account("mol", RoleRow(Role.OPERATOR, WIERDAM), operator="102")
    await an_operator(place.serve, "102", ELDERLO)
    answer = await clicked(await place.logged_in("mol"), "log_out")
    assert answer.status == 409
    assert "niet aangemeld" in await answer.text()
    assert await place.serve.pool.fetchval("SELECT count(*) FROM command") == 0


@pytest.mark.parametrize(
    "what", ["", "pause", "pause:", "pause:no_answer", "ready:lunch", "fly:lunch", "pause:x\u0660"]
)
async def test_what_no_button_says_is_refused(place: Place, anna: Browser, what: str) -> None:
    assert (await clicked(anna, what)).status == 400


async def test_an_account_without_a_number_has_no_state(place: Place) -> None:
    await place.account("teamleider", RoleRow(Role.SUPERVISOR, WIERDAM))
    place.trusts_all_roles()
    assert (await clicked(await place.logged_in("teamleider"), "ready")).status == 400
