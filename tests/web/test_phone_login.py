"""Logging in at the phone from the desk: which phone rings, and what is said when it does not."""

from __future__ import annotations

import pytest
from aiohttp import ClientResponse

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import Endpoint, MunicipalityCode
from ari_app.core.operator_commands import ACCEPTED, RefusalReason, Refused, Unanswered
from ari_app.core.state_commands import LogIn
from tests.web.controllers import a_controller
from tests.web.people import Browser, Place
from tests.web.rows import was_at
from tests.web.test_state import SCRIPT

pytestmark = pytest.mark.postgres

WIERDAM = MunicipalityCode("GM9901")
PHONES = """
INSERT INTO directory_entry (code, kind, name, municipality, extension, endpoint, shared, has_hours) VALUES
  ('balie', 'person', 'Balie', 'GM9901', '2101', 'PJSIP/phone07', false, false),
  ('elders', 'person', 'Elders', 'GM9902', '2201', 'PJSIP/phone08', true, false);"""


@pytest.fixture
async def anna(place: Place) -> Browser:
    """Operator 101 was at phone01 before; 102, of another municipality, at phone02."""
    await place.serve.pool.execute(PHONES)
    await was_at(place.serve, "101", "PJSIP/phone01")
    await was_at(place.serve, "102", "PJSIP/phone02")
    await place.area_has(lambda area: "2101" in area.by_extension)
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    return await place.logged_in("anna")


async def asked(browser: Browser, phone: str) -> ClientResponse:
    return await browser.post("/aanmelden", {"toestel": phone}, SCRIPT)


async def test_a_phone_of_before_and_one_of_the_own_directory_ring(place: Place, anna: Browser) -> None:
    assert 'value="phone01"' in await (await anna.get("/")).text()
    async with a_controller(place, ACCEPTED, ACCEPTED) as commands:
        for phone in ("phone01", "2101"):
            answer = await asked(anna, phone)
            assert (answer.status, answer.headers["X-Answer"]) == (200, "done")
            assert "Uw telefoon gaat over" in await answer.text()
    assert commands == [LogIn(Endpoint("PJSIP/phone01")), LogIn(Endpoint("PJSIP/phone07"))]
    rows = await place.serve.pool.fetch("SELECT DISTINCT actor, operator, what FROM command")
    assert [tuple(row) for row in rows] == [("account:anna", "101", "log_in")]


@pytest.mark.parametrize("phone", ["", "phone02", "2201", "phone08", "trunk", "<b>", "1" * 500])
async def test_no_other_phone_rings(place: Place, anna: Browser, phone: str) -> None:
    answer = await asked(anna, phone)
    assert answer.status == 409
    assert "Dit toestel kennen wij niet" in await answer.text()
    assert await place.serve.pool.fetchval("SELECT count(*) FROM command") == 0


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (RefusalReason.PHONE_BUSY, "Dit toestel is in gesprek"),
        (RefusalReason.PHONE_TAKEN, "is een collega aangemeld"),
        (RefusalReason.UNREACHABLE, "Dit toestel is niet verbonden"),
        (RefusalReason.UNKNOWN_DESTINATION, "Dit toestel kennen wij niet"),
        (RefusalReason.LOGGED_IN, "U bent al aangemeld"),
        (RefusalReason.EXPIRED, "De centrale antwoordt niet"),
    ],
)
async def test_a_refusal_is_said_in_words_with_and_without_a_script(
    place: Place, anna: Browser, reason: RefusalReason, words: str
) -> None:
    async with a_controller(place, Refused(reason), Refused(reason)):
        answer = await asked(anna, "phone01")
        assert (answer.status, answer.headers["X-Answer"]) == (409, "refused")
        assert words in await answer.text()
        form = await anna.post("/aanmelden", {"toestel": "phone01"})
    assert form.status == 303
    assert words in await (await anna.get(form.headers["Location"])).text()


async def test_what_nobody_knows_is_said_so(place: Place, anna: Browser) -> None:
    async with a_controller(place, Unanswered()):
        answer = await asked(anna, "phone01")
    assert (answer.status, answer.headers["X-Answer"]) == (202, "unsure")


async def test_an_account_without_a_number_has_no_phone(place: Place) -> None:
    place.trusts_all_roles()
    await place.account("teamleider", RoleRow(Role.SUPERVISOR, WIERDAM))
    assert (await asked(await place.logged_in("teamleider"), "phone01")).status == 400
