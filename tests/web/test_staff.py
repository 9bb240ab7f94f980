"""The operators' page: everybody of one's municipalities as it changes, and what is done over their heads."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.commands import What
from ari_app.core.forced_states import ForcedState, is_news
from ari_app.core.ids import MunicipalityCode, new_command_id
from ari_app.core.login_limits import OF_ACCOUNT
from ari_app.core.operator_commands import ACCEPTED, RefusalReason, Refused
from ari_app.core.operators import OperatorState, PauseReason
from ari_app.core.state_commands import BeReady, LogOff, TakePause
from ari_app.core.supervisor_commands import AllowTransfer, AskAllowance, UnlockPin
from ari_app.storage.accounts.attempts import begin_attempt, subjects_of_login
from ari_app.web.live import hub
from tests.web.callers import NUMBER, a_talk
from tests.web.controllers import a_controller, rows_are_changed
from tests.web.frames import frame_with, next_frames
from tests.web.people import SAME_ORIGIN, Browser, Place
from tests.web.rows import an_operator, paused, store
from tests.words import says

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def quick_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SLOWLY", dict.fromkeys(hub.SLOWLY, 0.1))


@pytest.fixture
async def bea(place: Place) -> Browser:
    place.trusts_all_roles()
    await place.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM))
    return await place.logged_in("bea")


async def test_everybody_of_ones_municipalities_is_there_and_follows_without_a_callers_number(
    place: Place, bea: Browser
) -> None:
    async with await bea.live(query="?blad=medewerkers") as socket:
        first = await next_frames(socket, "hello", "line", "staff")
        assert "Niet aangemeld" in first and "Anna" in first and "Bert" not in first
        await a_talk(place.serve, "101", WIERDAM)
        talking = await frame_with(socket, "In gesprek")
        assert "Wierdam" in talking and "phone01" in talking and "PJSIP" not in talking and "KCC Wierdam" in talking
        assert NUMBER not in talking and not says(talking, "555")
    html = await (await bea.get("/medewerkers")).text()
    assert "In gesprek" in html and NUMBER not in html
    assert (await bea.get("/medewerkers/101")).status == 200
    assert (await bea.get("/medewerkers/102")).status == 404
    assert (await bea.get("/medewerkers/%F0%9F%93%9E")).status == 404


async def test_of_a_call_and_a_team_elsewhere_nothing_is_said(place: Place, bea: Browser) -> None:
    await place.serve.pool.execute("INSERT INTO operator_team VALUES ('101', 'elderlo')")
    await a_talk(place.serve, "101", ELDERLO)
    for path in ("/medewerkers", "/medewerkers/101"):
        html = await (await bea.get(path)).text()
        assert "In gesprek" in html and "Elderlo" not in html and "elderlo" not in html


async def test_a_state_is_changed_with_a_reason_that_the_operator_reads(place: Place, bea: Browser) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    session = await an_operator(place.serve, "101", WIERDAM)
    wanted = {
        "ready": BeReady("het is druk"),
        "pause:meeting": TakePause(PauseReason.MEETING, "het is druk"),
        "log_out": LogOff("het is druk"),
    }
    async with a_controller(place, *[ACCEPTED] * 3) as asked:
        for doe in wanted:
            answer = await bea.post("/medewerkers/101/stand", {"doe": doe, "reden": " het  is druk "})
            assert answer.headers["Location"] == "/medewerkers/101?antwoord=gedaan"
    assert asked == list(wanted.values())
    assert "Gedaan." in await (await bea.get("/medewerkers/101?antwoord=gedaan")).text()
    command = await place.serve.pool.fetchval("SELECT id FROM command WHERE what = 'pause'")
    await store(place.serve, replace(paused(session, PauseReason.MEETING), command_id=command))
    anna = await place.logged_in("anna")
    html = await (await anna.get("/")).text()
    assert "Uw teamleider zet u op pauze." in html and "het is druk" in html
    async with a_controller(place, Refused(RefusalReason.NOT_LOGGED_IN)):
        answer = await bea.post("/medewerkers/101/stand", {"doe": "ready", "reden": "druk"})
    assert "niet aangemeld aan de telefoon" in await (await bea.get(answer.headers["Location"])).text()


@pytest.mark.parametrize(
    "form",
    [
        {"doe": "ready"},
        {"doe": "ready", "reden": "  "},
        {"doe": "ready", "reden": "x" * 201},
        {"doe": "pause:on_hold", "reden": "druk"},
        {"doe": "ready:lunch", "reden": "druk"},
        {"reden": "druk"},
    ],
    ids=str,
)
async def test_what_is_not_asked_for_in_words_is_refused(place: Place, bea: Browser, form: dict[str, str]) -> None:
    assert (await bea.post("/medewerkers/101/stand", form)).status == 400
    assert (await bea.post("/medewerkers/102/stand", {"doe": "ready", "reden": "druk"})).status == 404


async def test_a_third_transfer_is_wished_seen_and_allowed(place: Place, bea: Browser) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    anna = await place.logged_in("anna")
    talk = await a_talk(place.serve, "101", WIERDAM)
    await talk.becomes(transfer_count=2)
    html = await (await anna.get("/")).text()
    assert 'value="ask_allowance"' in html and "vraag uw teamleider om toestemming" in html
    async with rows_are_changed(place) as asked, await bea.live(query="?blad=medewerkers") as socket:
        await next_frames(socket, "staff")
        script = {**SAME_ORIGIN, "Accept": "text/plain"}
        form = {"doe": "ask_allowance", "gesprek": str(talk.call.id)}
        assert (await anna.post("/gesprek", form, script)).status == 200
        wish = await frame_with(socket, "vraagt sinds")
        assert "Wierdam" in wish and 'href="/medewerkers/101"' in wish
        assert "U vroeg uw teamleider om toestemming" in await (await anna.get("/")).text()
        page = await (await bea.get("/medewerkers/101")).text()
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
        assert fields["gesprek"] == str(talk.call.id)
        reason = {"reden": "de vraag hoort bij twee afdelingen"}
        for _ in range(2):  # sent twice, it is one
            answer = await bea.post("/medewerkers/101/doorverbinden", {**fields, **reason})
            assert answer.headers["Location"].endswith("antwoord=gedaan")
        assert "vraagt sinds" not in await frame_with(socket, 'id="staff"')
    assert asked == [AskAllowance(), AllowTransfer(reason["reden"])]
    card = await (await anna.get("/")).text()
    assert "2 van 3 keer" in card and "ask_allowance" not in card
    assert await place.deeds("transfer_allowed") == ["account:bea"]
    await talk.becomes(transfer_count=3)
    assert "ask_allowance" in await (await anna.get("/")).text(), "the wish of before is over"


async def test_a_call_elsewhere_is_not_allowed_anything(place: Place, bea: Browser) -> None:
    talk = await a_talk(place.serve, "102", ELDERLO)
    await talk.becomes(transfer_count=2)
    form = {"gesprek": str(talk.call.id), "reden": "mag"}
    answer = await bea.post("/medewerkers/101/doorverbinden", form)
    assert answer.headers["Location"].endswith("antwoord=no_such_call")
    assert await place.serve.pool.fetchval("SELECT count(*) FROM transfer_allowance") == 0


async def test_who_has_to_wait_is_shown_and_let_in_again(place: Place, bea: Browser) -> None:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    assert "moet wachten" not in await (await bea.get("/medewerkers")).text()
    await place.serve.pool.execute("INSERT INTO pin_attempt VALUES ('7101', 3, now(), now() + interval '5 min')")
    for _ in range(4):
        await begin_attempt(place.serve.background, {subjects_of_login("anna")[0]: OF_ACCOUNT}, place.clock())
    assert "moet wachten" in await (await bea.get("/medewerkers")).text()
    html = await (await bea.get("/medewerkers/101")).text()
    assert "Hef het wachten op" in html and not says(html, "7101")
    async with rows_are_changed(place) as asked:
        answer = await bea.post("/medewerkers/101/ontgrendelen", {"id": str(new_command_id())})
        assert answer.headers["Location"].endswith("antwoord=gedaan")
    assert asked == [UnlockPin()]
    assert "moet wachten" not in await (await bea.get("/medewerkers")).text()
    await place.serve.pool.execute("INSERT INTO pin_attempt VALUES ('101', 3, now(), now() + interval '5 min')")
    assert "Hef het wachten op" in await (await bea.get("/medewerkers/101")).text()
    assert (await bea.post("/medewerkers/102/ontgrendelen", {})).status == 404


LUNCH = ForcedState(What.PAUSE, PauseReason.LUNCH, "druk", NOW)
READY, OUT = ForcedState(What.READY, None, "druk", NOW), ForcedState(What.LOG_OUT, None, "druk", NOW)


@pytest.mark.parametrize(
    ("forced", "state", "pause", "logout_pending", "minutes", "expected"),
    [
        (LUNCH, OperatorState.PAUSED, PauseReason.LUNCH, False, 300, True),
        (LUNCH, OperatorState.TALKING, PauseReason.LUNCH, False, 1, True),  # still to come
        (LUNCH, OperatorState.READY, None, False, 1, False),
        (LUNCH, OperatorState.PAUSED, PauseReason.BREAK, False, 1, False),
        (READY, OperatorState.READY, None, False, 14, True),
        (READY, OperatorState.TALKING, None, False, 16, False),
        (READY, OperatorState.PAUSED, PauseReason.LUNCH, False, 1, False),
        (READY, OperatorState.AWAY, None, False, 1, False),
        (OUT, OperatorState.TALKING, None, True, 1, True),
        (OUT, OperatorState.AWAY, None, False, 60, True),
        (OUT, OperatorState.AWAY, None, False, 60 * 9, False),
        (OUT, OperatorState.READY, None, False, 1, False),
        (replace(OUT, what=What.HOLD), OperatorState.READY, None, False, 1, False),
    ],
)
def test_what_a_supervisor_did_is_news_for_as_long_as_it_is_so(
    forced: ForcedState,
    state: OperatorState,
    pause: PauseReason | None,
    logout_pending: bool,
    minutes: int,
    expected: bool,
) -> None:
    now = NOW + timedelta(minutes=minutes)
    assert is_news(forced, state, pause, logout_pending=logout_pending, now=now) is expected
