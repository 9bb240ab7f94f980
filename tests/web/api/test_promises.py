"""Promises by the API that no call leads to: of a municipality of the program, to who may see them, once."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from ari_app.core.access import ApiScope, Role
from ari_app.core.ids import OperatorNumber
from ari_app.core.promise_commands import MakePromise
from tests.web.api.stand import WIERDAM, Stand
from tests.web.controllers import rows_are_changed
from tests.web.people import SAME_ORIGIN

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

PATH = "/terugbelverzoeken"


async def test_a_promise_to_a_citizen_without_a_call_is_made_once(stand: Stand) -> None:
    program = await stand.program("b-balie", ApiScope.CHANGE_REQUESTS, ApiScope.REQUESTS)
    at = stand.place.clock() - timedelta(hours=1)
    body = {
        "gemeente": "GM9901",
        "nummer": "0119 555 171",
        "onderwerp": "paspoort",
        "notitie": "Was aan de balie.",
        "medewerker": "101",
        "eersteContactOp": at.isoformat(),
    }
    key = {"Idempotency-Key": str(uuid4())}
    async with rows_are_changed(stand.place) as asked:
        first = await program.send("POST", PATH, body, key)
        again = await program.send("POST", PATH, body, key)
        joined = await program.send("POST", PATH, {"gemeente": "GM9901", "nummer": "+31119555171"})
        other = await program.send("POST", PATH, {**body, "onderwerp": "rijbewijs"}, key)
    assert (first.status, again.text, joined.status) == (201, first.text, 201)
    assert (other.status, other.json["code"]) == (409, "other_command")
    assert asked[0] == MakePromise(
        "0119 555 171",
        "paspoort",
        "Was aan de balie.",
        operator=OperatorNumber("101"),
        first_contact_at=at,
    )
    assert len(asked) == 2 and joined.json["samengevoegd"] is True and first.json["samengevoegd"] is False
    assert joined.json["kenmerk"] == first.json["kenmerk"]
    made = (await program.get(f"{PATH}/{first.json['kenmerk']}")).json
    assert (made["reden"], made["gesprek"], made["medewerker"]) == ("desk", None, "101")
    assert await stand.place.deeds("callback.promised") == ["service:b-balie"] * 2


async def test_an_operator_promises_for_their_own_municipality_only(stand: Stand) -> None:
    anna = await stand.person("b-anna", Role.OPERATOR, WIERDAM, "101")
    body = {"gemeente": "GM9901", "nummer": "0119 555 172", "medewerker": "ik"}
    async with rows_are_changed(stand.place):
        assert (await anna.send("POST", PATH, body, SAME_ORIGIN)).status == 201
    foreign = await anna.send("POST", PATH, {"gemeente": "GM9902", "nummer": "0119 555 172"}, SAME_ORIGIN)
    assert (foreign.status, foreign.json["code"]) == (404, "no_such_municipality")
    analyst = await stand.person("b-analist", Role.ANALYST, WIERDAM)
    assert (await analyst.send("POST", PATH, body, SAME_ORIGIN)).status == 403


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"gemeente": None}, {"gesprek": "call_or_town", "gemeente": "call_or_town"}),
        ({"gesprek": str(uuid4())}, {"gesprek": "call_or_town", "gemeente": "call_or_town"}),
        (
            {"gemeente": None, "gesprek": str(uuid4()), "eersteContactOp": "2026-11-29T10:00:00Z"},
            {"eersteContactOp": "only_without_call"},
        ),
        ({"nummer": None}, {"nummer": "missing"}),
        ({"nummer": "0900-1234", "team": "elderlo"}, {"nummer": "paid", "team": "unknown"}),
        ({"medewerker": "102", "vermelding": "e-burgerzaken"}, {"medewerker": "unknown", "vermelding": "unknown"}),
        ({"eersteContactOp": "2090-01-01T00:00:00Z"}, {"eersteContactOp": "first_contact"}),
        ({"eersteContactOp": "2020-01-01T00:00:00Z"}, {"eersteContactOp": "first_contact"}),
    ],
)
async def test_what_cannot_be_promised_is_named_by_field(
    stand: Stand, changed: dict[str, str | None], wrong: dict[str, str]
) -> None:
    body = {"gemeente": "GM9901", "nummer": "0119 555 173"} | changed
    sent = {name: value for name, value in body.items() if value is not None}
    group = await stand.program(f"b-{uuid4().hex}", ApiScope.CHANGE_REQUESTS, of=None)
    answer = await group.send("POST", PATH, sent)
    assert answer.status == 400 and {one["name"]: one["code"] for one in answer.json["invalidParams"]} == wrong
