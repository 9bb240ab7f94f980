"""The citizen's phone in a page, as far as the pages go; with Asterisk it is tried in tests/acceptance."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from ari_app.core.area import Area, Municipality
from ari_app.core.call import EndReason, Stage
from ari_app.core.ids import AsteriskId, CallId, MunicipalityCode
from ari_app.storage.calls.trial import TrialCall, read_trial_call
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from ari_app.web.relay import PhoneOptions
from ari_app.web.site import SiteOptions
from ari_app.web.trial.site import TrialOptions
from ari_app.web.trial.visits import MOST_VISITS, Visits
from ari_app.web.trial.words import state_words
from tests.roles import as_role
from tests.web.people import Clock, Place, served
from tests.web.rows import a_call

pytestmark = pytest.mark.postgres

TRIAL = TrialOptions(PhoneOptions("ws://127.0.0.1:1/ws", AsteriskId("node1")), "0123456789abcdef")
WIERDAM = MunicipalityCode("GM9901")
NUMBER = "INSERT INTO direct_number (e164, municipality, kind) VALUES ($1, 'GM9901', 'geographic')"


@pytest.fixture
async def trial_place(database_url: str, serve: Database) -> AsyncIterator[Place]:
    clock = Clock()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(as_role(database_url, WEB)))
        options = SiteOptions("http://127.0.0.1", trial=TRIAL)
        site, server = await stack.enter_async_context(served(database, options, clock))
        yield Place(site, serve, server, clock, stack)


async def test_where_there_is_no_demonstration_there_is_no_such_page(place: Place) -> None:
    browser = await place.browser()
    for path in ("/probeer", "/probeer/sip", "/probeer/live"):
        assert (await browser.get(path)).status == 404
    assert (await browser.post("/probeer")).status == 404


async def test_it_goes_when_one_number_of_the_area_is_not_of_the_sample(trial_place: Place) -> None:
    place = trial_place
    browser = await place.browser()
    await place.serve.pool.execute(NUMBER, "+31119990100")
    await place.area_has(lambda area: WIERDAM in area.municipalities)
    async with await browser.get("/probeer") as answer:
        assert answer.status == 200
        assert "Bel 0119 99 01 00" in await answer.text()
    async with await browser.post("/probeer") as answer:
        assert json.loads(await answer.text()) == {
            "name": "probeer",
            "password": TRIAL.password,
            "domain": "kcc.invalid",
        }
        assert answer.headers["Cache-Control"] == "no-store"
    await place.serve.pool.execute(NUMBER, "+31205550100")
    await place.area_has(lambda area: len(area.municipalities[WIERDAM].geographic_numbers) == 2)
    assert (await browser.get("/probeer")).status == 404
    assert (await browser.post("/probeer")).status == 404


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (TrialCall(Stage.ARRIVED, None, 0, False, None), "De telefoon gaat over."),
        (TrialCall(Stage.WAITING, WIERDAM, 0, False, None), "U wacht op een medewerker van Wierdam."),
        (
            TrialCall(Stage.WAITING, WIERDAM, 3, False, None),
            "U wacht op een medewerker van Wierdam. U bent nummer 3 in de rij.",
        ),
        (TrialCall(Stage.WAITING, None, 0, False, None), "U wacht op een medewerker."),
        (TrialCall(Stage.TALKING, WIERDAM, 3, False, None), "U bent in gesprek met een medewerker van Wierdam."),
        (TrialCall(Stage.TALKING, WIERDAM, 3, True, None), "U staat in de wacht."),
        (TrialCall(Stage.ENDED, None, 0, False, EndReason.ABANDONED_IN_MENU), "Het gesprek is afgelopen: u hing op."),
        (TrialCall(Stage.ENDED, None, 0, False, EndReason.FAULT), "Het gesprek is afgelopen: er ging iets mis."),
    ],
)
def test_the_state_of_a_call_in_words(call: TrialCall, says: str) -> None:
    area = Area(municipalities={WIERDAM: Municipality(WIERDAM, "Wierdam")})
    assert state_words(call, area) == says


def test_every_state_and_every_end_has_words() -> None:
    for stage in Stage:
        for reason in (None, *EndReason):
            words = state_words(TrialCall(stage, None, 1, False, reason), Area())
            assert words.endswith(".") and "None" not in words


async def test_the_row_of_a_call_is_read_with_the_role_of_the_pages(trial_place: Place) -> None:
    call = await a_call(trial_place.serve, WIERDAM, waited_seconds=3)
    found = await read_trial_call(trial_place.site.pool, call.id)
    assert found == TrialCall(Stage.WAITING, WIERDAM, 0, False, None)
    assert await read_trial_call(trial_place.site.pool, CallId(uuid4())) is None


def test_a_visitor_sees_their_own_calls_and_nobody_takes_one_over() -> None:
    visits = Visits()
    anna, bert = (visits.find(visits.begin()) for _ in range(2))
    assert anna is not None and bert is not None and anna is not bert
    assert visits.open_line(anna, "call-of-anna")
    assert visits.open_line(anna, "call-of-anna"), "the same, with the password"
    assert not visits.open_line(bert, "call-of-anna")
    hers, his = anna.screen(), bert.screen()
    line = visits.line("call-of-anna")
    assert line is not None
    line.show_text("Welkom.")
    line.show_quiet()
    line.show_state("De telefoon gaat over.", is_over=False)
    line.show_state("De telefoon gaat over.", is_over=False)
    assert [json.loads(hers.get_nowait()) for _ in range(hers.qsize())] == [
        {"line": "call-of-anna", "text": "Welkom."},
        {"line": "call-of-anna", "quiet": True},
        {"line": "call-of-anna", "state": "De telefoon gaat over.", "over": False},
    ]
    assert his.empty()
    again = anna.screen()  # its socket was away
    assert [json.loads(again.get_nowait()).get("text") for _ in range(again.qsize())] == ["Welkom.", None]
    assert visits.open_line(anna, "next-of-anna")
    assert visits.line("call-of-anna") is None, "one call at a time is kept"


def test_visits_do_not_grow_without_end() -> None:
    visits = Visits()
    first = visits.begin()
    visit = visits.find(first)
    assert visit is not None and visits.open_line(visit, "call-of-first")
    for _ in range(MOST_VISITS):
        visits.begin()
    assert visits.find(first) is None and visits.line("call-of-first") is None
    assert visits.find(None) is None and visits.find("") is None
