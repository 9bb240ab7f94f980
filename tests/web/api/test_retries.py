"""The same request under the same key has the answer of the first, whatever became of the call meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from ari_app.core.access import ApiScope
from ari_app.core.ids import TeamCode
from ari_app.core.operator_commands import ACCEPTED, Answer, Promised
from ari_app.core.operators import OperatorState
from tests.web.api.stand import ELDERLO, WIERDAM, Stand
from tests.web.callers import Talk, a_request, a_talk
from tests.web.controllers import a_controller, rows_are_changed
from tests.web.rows import an_operator, store

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]


async def leaves_the_talk(talk: Talk) -> None:
    await talk.operator_is(OperatorState.READY, has_call=False)


async def goes_to_a_colleague(talk: Talk) -> None:
    await leaves_the_talk(talk)
    await talk.serve.pool.execute("INSERT INTO operator VALUES ('103', 'Cor', '') ON CONFLICT DO NOTHING")
    await talk.serve.pool.execute("INSERT INTO operator_team VALUES ('103', 'wierdam') ON CONFLICT DO NOTHING")
    other = await an_operator(talk.serve, "103", WIERDAM)
    await store(talk.serve, replace(other, state=OperatorState.TALKING, call_id=talk.call.id, version=1))


@pytest.mark.parametrize("moved", [leaves_the_talk, goes_to_a_colleague])
@pytest.mark.parametrize("what", ["transfer", "promise"])
async def test_a_retry_is_answered_as_the_first_was_when_the_caller_has_moved_on(
    stand: Stand, moved: object, what: str
) -> None:
    assert callable(moved)
    talk = await a_talk(stand.place.serve, "101", WIERDAM)
    everything, other = await stand.everything(), await stand.program(f"r-{uuid4().hex}")
    key = {"Idempotency-Key": str(uuid4())}
    answer: Answer = ACCEPTED
    path, body = f"/gesprekken/{talk.call.id}/doorverbindingen", {"soort": "cold", "naar": "2101"}
    if what == "promise":
        answer = Promised("1234567", datetime.now(UTC) + timedelta(days=1), joined=False)
        path, body = "/terugbelverzoeken", {"gesprek": str(talk.call.id), "nummer": "0119 555 123"}
    async with a_controller(stand.place, answer):
        first = await everything.send("POST", path, body, key)
    await moved(talk)
    again = await everything.send("POST", path, body, key)
    assert (first.status, again.status, again.text) == (201, 201, first.text)
    assert (await other.send("POST", path, body, key)).status == 404  # to others it is no command of theirs


async def test_a_calamity_is_the_same_when_its_moment_has_come_between_two_tries(stand: Stand) -> None:
    program = await stand.program("r-calamiteit", ApiScope.CALAMITY)
    key, soon = {"Idempotency-Key": str(uuid4())}, (stand.place.clock() + timedelta(minutes=1)).isoformat()
    body = {"gemeente": "GM9901", "tekst": "Brand", "vanaf": soon}
    async with rows_are_changed(stand.place):
        first = await program.send("POST", "/calamiteiten", body, key)
        stand.place.clock.pass_by(timedelta(minutes=2))
        again = await program.send("POST", "/calamiteiten", body, key)
        assert (first.status, again.status, again.text) == (201, 201, first.text)
        for other in ({**body, "tekst": "Storm"}, {"gemeente": "GM9901", "tekst": "Brand"}):
            refused = await program.send("POST", "/calamiteiten", other, key)
            assert (refused.status, refused.json["code"]) == (409, "other_command")
        ended = {"gemeente": "GM9901"}
        assert (await program.send("POST", "/calamiteiten/beeindigingen", ended, key)).status == 409
        assert (await program.send("POST", "/calamiteiten/beeindigingen", ended)).status == 201
    assert await stand.place.deeds("calamity.set") == ["service:r-calamiteit"]


async def test_a_request_that_was_given_or_closed_is_so_for_a_retry_whatever_changed_since(stand: Stand) -> None:
    request = await a_request(stand.place.serve, WIERDAM)
    program = await stand.program(f"r-{uuid4().hex}", ApiScope.CHANGE_REQUESTS)
    where, team = f"/terugbelverzoeken/{request.reference}", f"t-{uuid4().hex[:8]}"
    await stand.place.serve.pool.execute("INSERT INTO team (code, name) VALUES ($1, 'Tijdelijk')", team)
    await stand.place.serve.pool.execute("INSERT INTO team_municipality VALUES ($1, 'GM9901', 'own')", team)
    await stand.place.area_has(lambda area: team in area.teams)
    key = {"Idempotency-Key": str(uuid4())}
    async with rows_are_changed(stand.place):
        first = await program.send("POST", f"{where}/toewijzingen", {"team": team}, key)
        await stand.place.serve.pool.execute("DELETE FROM team_municipality WHERE team = $1", team)
        await stand.place.area_has(lambda area: not area.teams[TeamCode(team)].towns)
        again = await program.send("POST", f"{where}/toewijzingen", {"team": team}, key)
        anew = await program.send("POST", f"{where}/toewijzingen", {"team": team})
        assert (first.status, again.status, again.text, anew.status) == (201, 201, first.text, 400)
        ended = {"Idempotency-Key": str(uuid4())}
        both = [await program.send("POST", f"{where}/sluitingen", {"reden": "geholpen"}, ended) for _ in range(2)]
    assert [one.status for one in both] == [201, 201] and both[0].text == both[1].text


async def test_a_retried_promise_is_not_judged_by_where_the_caller_is_by_then(stand: Stand) -> None:
    talk = await a_talk(stand.place.serve, "101", WIERDAM)
    group = await stand.program(f"r-{uuid4().hex}", of=None)
    key = {"Idempotency-Key": str(uuid4())}
    body = {"gesprek": str(talk.call.id), "nummer": "0119 555 123", "team": "wierdam"}
    answer = Promised("1234567", datetime.now(UTC) + timedelta(days=1), joined=False)
    async with a_controller(stand.place, answer):
        first = await group.send("POST", "/terugbelverzoeken", body, key)
    await talk.becomes(municipality=ELDERLO)
    again = await group.send("POST", "/terugbelverzoeken", body, key)
    assert (first.status, again.status, again.text) == (201, 201, first.text)
    anew = await group.send("POST", "/terugbelverzoeken", body)
    assert anew.status == 400 and anew.json["invalidParams"][0]["name"] == "team"
