"""States, transfers and promises that are asked for by the API: one command each, with the answer of the controller."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from ari_app.core.access import ApiScope, Role
from ari_app.core.callbacks import CallbackRequest
from ari_app.core.commands import AnyCommand
from ari_app.core.ids import OperatorNumber, TeamCode
from ari_app.core.operator_commands import (
    ACCEPTED,
    MakeCallback,
    PromiseCallback,
    Promised,
    RefusalReason,
    Refused,
    StartTransfer,
    TransferToQueue,
    Unanswered,
)
from ari_app.core.operators import PauseReason
from ari_app.core.state_commands import BeReady, LogOff, TakePause
from ari_app.core.supervisor_commands import AssignRequest, CloseByPerson
from ari_app.core.transfer import TransferKind
from tests.web.api.stand import ELDERLO, WIERDAM, Stand
from tests.web.callers import NUMBER, a_request, a_talk
from tests.web.controllers import a_controller
from tests.web.people import SAME_ORIGIN
from tests.web.rows import an_operator

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]


async def actor_of_last(stand: Stand) -> Any:
    return await stand.place.serve.pool.fetchval("SELECT actor FROM command ORDER BY asked_at DESC, id DESC LIMIT 1")


async def test_a_program_asks_a_state_with_a_reason_and_a_retry_is_the_same_command(stand: Stand) -> None:
    await an_operator(stand.place.serve, "101", WIERDAM)
    program = await stand.program("s-toestand", ApiScope.STEER)
    key, wish = {"Idempotency-Key": str(uuid4())}, {"toestand": "paused", "pauzereden": "meeting", "reden": "overleg"}
    async with a_controller(stand.place, ACCEPTED) as asked:
        both = await asyncio.gather(*(program.send("PUT", "/medewerkers/101/toestand", wish, key) for _ in range(2)))
    assert asked == [TakePause(PauseReason.MEETING, "overleg")]
    assert [(one.status, one.json["uitkomst"]) for one in both] == [(200, "uitgevoerd")] * 2
    assert both[0].json["opdracht"] == key["Idempotency-Key"]
    assert await actor_of_last(stand) == "service:s-toestand"


async def test_an_operator_changes_their_own_state_and_nobody_elses(stand: Stand) -> None:
    await an_operator(stand.place.serve, "101", WIERDAM)
    anna = await stand.person("s-anna", Role.OPERATOR, WIERDAM, "101")
    path = "/medewerkers/ik/toestand"
    # A cookie goes along with any page: only one of ours may change something with it.
    assert (await anna.send("PUT", path, {"toestand": "ready"})).status == 403
    assert (await anna.send("PUT", path, {"toestand": "ready"}, {"Sec-Fetch-Site": "cross-site"})).status == 403
    async with a_controller(stand.place, ACCEPTED, ACCEPTED, Unanswered()) as asked:
        wishes: tuple[dict[str, str], ...] = (
            {"toestand": "paused", "pauzereden": "lunch"},
            {"toestand": "away"},
            {"toestand": "ready"},
        )
        answers = [await anna.send("PUT", path, one, SAME_ORIGIN) for one in wishes]
    assert asked == [TakePause(PauseReason.LUNCH), LogOff(), BeReady()]
    assert [one.status for one in answers] == [200, 200, 202] and answers[2].json["uitkomst"] == "onbekend"
    refused = await anna.send("PUT", "/medewerkers/102/toestand", {"toestand": "ready"}, SAME_ORIGIN)
    assert refused.status == 403


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, {"toestand"}),
        ({"toestand": "talking"}, {"toestand"}),
        ({"toestand": "ready"}, {"reden"}),
        ({"toestand": "paused", "reden": "x"}, {"pauzereden"}),
        ({"toestand": "ready", "pauzereden": "lunch", "reden": "x"}, {"pauzereden"}),
        ({"toestand": "paused", "pauzereden": "no_answer", "reden": "x"}, {"pauzereden"}),
        ({"toestand": "ready", "reden": "x" * 201}, {"reden"}),
        ({"toestand": "ready", "reden": "x", "kleur": 1}, {"kleur"}),
        ({"toestand": 1, "reden": 2}, {"toestand", "reden"}),
        ([], {""}),
    ],
)
async def test_a_wish_that_makes_no_sense_is_no_command(stand: Stand, body: object, names: set[str]) -> None:
    answer = await (await stand.everything()).send("PUT", "/medewerkers/101/toestand", body)
    assert answer.status == 400 and {one["name"] for one in answer.json["invalidParams"]} == names


async def test_bodies_that_are_none(stand: Stand) -> None:
    everything, path = await stand.everything(), "/medewerkers/101/toestand"
    as_json = {"Content-Type": "application/json"}
    assert (await everything.send("PUT", path, data=b"{", headers=as_json)).status == 400
    assert (await everything.send("PUT", path, data=b'{"toestand":"\xff"}', headers=as_json)).status == 400
    assert (await everything.send("PUT", path, data=b"a=b", headers={"Content-Type": "text/plain"})).status == 415
    assert (await everything.send("PUT", path, data=b" " * 70_000, headers=as_json)).status == 413
    wish = {"toestand": "ready", "reden": "x"}
    assert (await everything.send("PUT", path, wish, {"Idempotency-Key": "een"})).status == 400


async def test_a_transfer_is_asked_for_whoever_has_the_caller(stand: Stand) -> None:
    talk = await a_talk(stand.place.serve, "101", WIERDAM)
    program = await stand.program("s-verbind", ApiScope.TRANSFERS)
    path = f"/gesprekken/{talk.call.id}/doorverbindingen"
    refusals = [Refused(RefusalReason.TRANSFER_LIMIT), Refused(RefusalReason.EXPIRED)]
    async with a_controller(stand.place, ACCEPTED, ACCEPTED, *refusals) as asked:
        warm = await program.send("POST", path, {"soort": "warm", "naar": "2101", "onderwerp": "paspoort"})
        queue = await program.send("POST", path, {"soort": "queue", "naar": "GM9901"})
        limit = await program.send("POST", path, {"soort": "cold", "naar": "2102"})
        away = await program.send("POST", path, {"soort": "cold", "naar": "2102"})
    assert asked[:2] == [StartTransfer(TransferKind.WARM, "2101", "paspoort"), TransferToQueue("GM9901")]
    assert (warm.status, queue.status) == (201, 201)
    assert (limit.status, limit.json["code"]) == (409, "transfer_limit") and "2 keer" in limit.json["detail"]
    assert (away.status, away.headers["Retry-After"]) == (503, "1")
    foreign = await a_talk(stand.place.serve, "102", ELDERLO)
    for call in (foreign.call.id, uuid4(), "geen-id"):
        answer = await program.send("POST", f"/gesprekken/{call}/doorverbindingen", {"soort": "cold", "naar": "2102"})
        assert answer.status == 404, call


async def test_an_operator_transfers_the_caller_whom_they_have(stand: Stand) -> None:
    talk = await a_talk(stand.place.serve, "101", WIERDAM)
    anna = await stand.person("s-anna3", Role.OPERATOR, WIERDAM, "101")
    body = {"soort": "cold", "naar": "2101"}
    async with a_controller(stand.place, ACCEPTED) as asked:
        done = await anna.send("POST", f"/gesprekken/{talk.call.id}/doorverbindingen", body, SAME_ORIGIN)
    assert done.status == 201 and asked == [StartTransfer(TransferKind.COLD, "2101")]
    assert await actor_of_last(stand) == "account:s-anna3"


async def test_a_promise_to_the_caller_of_a_call(stand: Stand) -> None:
    talk = await a_talk(stand.place.serve, "101", WIERDAM)
    program = await stand.program("s-belofte", ApiScope.CHANGE_REQUESTS)
    deadline_at = datetime(2026, 12, 1, 16, 0, tzinfo=UTC)
    body = {
        "gesprek": str(talk.call.id),
        "nummer": "0119 555 123",
        "onderwerp": "paspoort",
        "vermelding": "w-belasting",
    }
    async with a_controller(stand.place, Promised("1234567", deadline_at, joined=False)) as asked:
        made = await program.send("POST", "/terugbelverzoeken", body)
    assert made.status == 201
    assert (made.json["kenmerk"], made.json["deadlineOp"]) == ("1234567", "2026-12-01T16:00:00.000000Z")
    (command,) = asked
    assert isinstance(command, PromiseCallback)
    assert (command.pii_number, command.subject, command.entry) == ("0119 555 123", "paspoort", "w-belasting")
    wrong = {
        "gesprek": str(talk.call.id),
        "nummer": "0900-1234",
        "team": "elderlo",
        "medewerker": "102",
        "vermelding": "e-burgerzaken",
    }
    refused = await program.send("POST", "/terugbelverzoeken", wrong)
    assert {one["name"]: one["code"] for one in refused.json["invalidParams"]} == {
        "nummer": "paid",
        "team": "unknown",
        "medewerker": "unknown",
        "vermelding": "unknown",
    }


async def test_a_promise_is_for_those_who_can_see_it_whatever_else_the_program_may(stand: Stand) -> None:
    talk = await a_talk(stand.place.serve, "101", WIERDAM)
    group = await stand.program("s-groep", ApiScope.CHANGE_REQUESTS, of=None)
    body = {"gesprek": str(talk.call.id), "nummer": "0119 555 123"}
    for owner in ({"team": "elderlo"}, {"medewerker": "102"}):
        refused = await group.send("POST", "/terugbelverzoeken", {**body, **owner})
        assert (refused.status, refused.json["invalidParams"][0]["code"]) == (400, "unknown"), owner


async def a_promise(stand: Stand, number: str = NUMBER) -> CallbackRequest:
    return await a_request(stand.place.serve, WIERDAM, number=number)


async def test_a_request_is_given_away_closed_and_called(stand: Stand) -> None:
    request = await a_promise(stand)
    program = await stand.program("s-verzoek", ApiScope.CHANGE_REQUESTS)
    await an_operator(stand.place.serve, "101", WIERDAM)
    path = f"/terugbelverzoeken/{request.reference}"
    wanted: list[tuple[str, dict[str, str], AnyCommand]] = [
        ("toewijzingen", {"medewerker": "101"}, AssignRequest(request.id, None, OperatorNumber("101"))),
        ("toewijzingen", {"team": "wierdam"}, AssignRequest(request.id, TeamCode("wierdam"))),
        ("sluitingen", {"reden": "al geholpen"}, CloseByPerson(request.id, "al geholpen")),
        ("belpogingen", {"medewerker": "101"}, MakeCallback(request.id)),
    ]
    async with a_controller(stand.place, *[ACCEPTED] * len(wanted)) as asked:
        for where, body, _ in wanted:
            assert (await program.send("POST", f"{path}/{where}", body)).status == 201, where
    assert asked == [command for _, _, command in wanted]
    for body in ({}, {"team": "wierdam", "medewerker": "101"}, {"team": "elderlo"}, {"medewerker": "102"}):
        assert (await program.send("POST", f"{path}/toewijzingen", body)).status == 400, body
    assert (await program.send("POST", f"{path}/sluitingen", {"reden": " \n"})).status == 400
    assert (await program.send("POST", f"{path}/belpogingen", {})).status == 400  # who is to call?
    foreign = await a_request(stand.place.serve, ELDERLO)
    for where, body, _ in wanted:
        answer = await program.send("POST", f"/terugbelverzoeken/{foreign.reference}/{where}", body)
        assert answer.status == 404, where


async def test_an_operator_clicks_to_call_for_themselves(stand: Stand) -> None:
    request = await a_promise(stand, "+31119555401")
    await an_operator(stand.place.serve, "101", WIERDAM)
    anna = await stand.person("s-anna4", Role.OPERATOR, WIERDAM, "101")
    key = {"Idempotency-Key": str(uuid4())}
    path = f"/terugbelverzoeken/{request.reference}/belpogingen"
    async with a_controller(stand.place, ACCEPTED) as asked:
        first = await anna.send("POST", path, {}, SAME_ORIGIN | key)
        assert first.status == 201
    assert asked == [MakeCallback(request.id)]
    assert (await anna.send("POST", path, {"medewerker": "102"}, SAME_ORIGIN)).status == 403
    # Called and done, it is on the list no more: the same once more is the first try, and anything else is nowhere.
    given_away = "UPDATE callback_request SET owner_team = 'elderlo', owner_operator = '102' WHERE id = $1"
    await stand.place.serve.pool.execute(given_away, request.id)
    assert (await anna.send("POST", path, {}, SAME_ORIGIN)).status == 404
    again = await anna.send("POST", path, {}, SAME_ORIGIN | key)
    assert (again.status, again.json) == (201, first.json)
    other = await a_promise(stand, "+31119555402")
    await stand.place.serve.pool.execute(given_away, other.id)
    elsewhere = f"/terugbelverzoeken/{other.reference}/belpogingen"
    assert (await anna.send("POST", elsewhere, {}, SAME_ORIGIN | key)).status == 404
    closing = f"/terugbelverzoeken/{request.reference}/sluitingen"
    assert (await anna.send("POST", closing, {"reden": "x"}, SAME_ORIGIN)).status == 403
