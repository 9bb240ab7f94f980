"""An operator's own day on the desk: talks that are over, wrap-ups left open, and the form for one of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.core.operators import OperatorState
from ari_app.core.wrap_ups import WrapUp
from ari_app.storage.calls.wrap_ups import save_wrap_up_in
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from ari_app.storage.operators.own_day import MOST_LISTED, own_days
from ari_app.web.live import hub
from tests.roles import as_role
from tests.web.callers import NUMBER, Talk, a_talk
from tests.web.controllers import rows_are_changed
from tests.web.frames import frame_with, next_frames
from tests.web.people import Browser, Place, hidden_fields, served

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
ANNA, BERT = OperatorNumber("101"), OperatorNumber("102")
SCOPE = frozenset({WIERDAM})


@pytest.fixture(autouse=True)
def quick_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SLOWLY", dict.fromkeys(hub.SLOWLY, 0.1))


@pytest.fixture
async def anna(place: Place) -> Browser:
    await place.account("anna", RoleRow(Role.OPERATOR, WIERDAM), operator="101")
    return await place.logged_in("anna")


async def log_out(place: Place) -> None:
    await place.serve.pool.execute(
        "UPDATE operator_session SET state = 'away', logged_out_at = now(), logout_reason = 'key' "
        "WHERE logged_out_at IS NULL"
    )


async def said(place: Place, talk: Talk, subject: str) -> None:
    async with transaction(place.serve.background) as connection:
        assert await save_wrap_up_in(connection, talk.call.id, talk.session.operator, WrapUp(subject))


async def test_a_talk_is_listed_when_it_ends_and_its_wrap_up_until_it_is_filled_in(place: Place, anna: Browser) -> None:
    talk = await a_talk(place.serve, "101", WIERDAM)
    async with await anna.live() as socket:
        first = await next_frames(socket, "own_day", "card")
        assert "nog geen gesprek gehad" in first, "the one that goes on is on the card"
        await talk.operator_is(OperatorState.WRAP_UP, has_call=False)
        ended = await frame_with(socket, f'href="/nawerk/{talk.call.id}"')
        assert "<strong>1</strong> gesprek, <strong>1</strong> zonder nawerk" in ended and "Wierdam" in ended
        assert NUMBER not in ended[ended.index('id="own_day"') :]
        form = hidden_fields(await (await anna.get(f"/nawerk/{talk.call.id}")).text())
        async with rows_are_changed(place):
            answer = await anna.post("/nawerk", {**form, "resultaat": "beantwoord", "notitie": "Kwam er zelf uit."})
        assert answer.headers["Location"] == "/?antwoord=saved"
        done = await frame_with(socket, "<strong>0</strong> zonder nawerk")
        assert "/nawerk/" not in done
    again = await (await anna.get(f"/nawerk/{talk.call.id}")).text()
    assert "U hebt dit nawerk al bewaard" in again and "Kwam er zelf uit." in again
    assert 'value="beantwoord" selected' in again


async def test_the_day_counts_all_and_lists_the_newest(place: Place) -> None:
    talks = []
    for _ in range(MOST_LISTED + 2):
        talks.append(await a_talk(place.serve, "101", WIERDAM))
        await talks[-1].operator_is(OperatorState.READY, has_call=False)
        await log_out(place)
    await said(place, talks[0], "paspoort")
    await said(place, talks[-1], "rijbewijs")
    midnight = datetime.now(UTC) - timedelta(hours=12)
    days = await own_days(place.site.pool, SCOPE, {ANNA, BERT}, midnight)
    day, newest = days[ANNA], [talk.call.id for talk in reversed(talks)]
    assert (day.count, day.missing_count) == (MOST_LISTED + 2, MOST_LISTED)
    assert [talk.call_id for talk in day.last] == newest[:MOST_LISTED]
    assert [talk.call_id for talk in day.missing] == newest[1:-1]
    assert day.last[0].subject == "rijbewijs" and day.last[0].seconds > 0
    assert days[BERT].count == 0
    later = await own_days(place.site.pool, SCOPE, {ANNA}, datetime.now(UTC) + timedelta(hours=1))
    assert later[ANNA].count == 0


async def test_a_talk_over_midnight_is_of_both_days(place: Place) -> None:
    talk = await a_talk(place.serve, "101", WIERDAM)
    await talk.operator_is(OperatorState.READY, has_call=False)
    began_at, until_at = await place.serve.pool.fetchrow(
        "UPDATE operator_state SET from_at = until_at - interval '20 minutes' WHERE state = 'talking' "
        "RETURNING from_at, until_at"
    ) or (None, None)
    assert began_at is not None and until_at is not None
    midnight = began_at + timedelta(minutes=10)
    day = (await own_days(place.site.pool, SCOPE, {ANNA}, midnight))[ANNA]
    assert [(one.call_id, one.seconds) for one in day.missing] == [(talk.call.id, 1200.0)]
    assert (await own_days(place.site.pool, SCOPE, {ANNA}, until_at))[ANNA].count == 0


async def test_a_new_day_begins_on_a_desk_that_stays_open(
    place: Place, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "CLOCK_SECONDS", 0.02)
    monkeypatch.setattr(hub, "SESSIONS_SECONDS", 3600.0)  # the login itself ends before the day does
    talk = await a_talk(place.serve, "101", WIERDAM)
    await talk.operator_is(OperatorState.READY, has_call=False)
    async with (
        Database(as_role(place.serve.url, WEB)) as database,
        served(database, place.site.options, place.clock) as (_, server),
    ):
        desk = Browser(anna.session, str(server.make_url("")).rstrip("/"), place.clock)
        async with await desk.live() as socket:
            await frame_with(socket, f'href="/nawerk/{talk.call.id}"')
            place.clock.pass_by(timedelta(days=1))
            assert "nog geen gesprek gehad" in await frame_with(socket, 'id="own_day"')


async def test_talks_elsewhere_and_of_others_are_not_there(place: Place, anna: Browser) -> None:
    theirs = await a_talk(place.serve, "101", ELDERLO)
    await theirs.operator_is(OperatorState.READY, has_call=False)
    other = await a_talk(place.serve, "102", WIERDAM)
    await other.operator_is(OperatorState.READY, has_call=False)
    html = await (await anna.get("/")).text()
    assert "nog geen gesprek gehad" in html and "Elderlo" not in html
    for path in (f"/nawerk/{theirs.call.id}", f"/nawerk/{other.call.id}", "/nawerk/geen-id"):
        assert (await anna.get(path)).status == 404
