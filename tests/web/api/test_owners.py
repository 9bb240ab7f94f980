"""Whose a promise to call back is: of an operator or a team of others nothing is said, nor found out by asking."""

from __future__ import annotations

from uuid import uuid4

import pytest

from ari_app.core.access import ApiScope, Role
from tests.web.api.stand import ELDERLO, WIERDAM, Program, Stand
from tests.web.callers import a_request, a_talk
from tests.web.test_closed_requests import closed

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

EXTENSION = """
INSERT INTO directory_entry (code, kind, name, municipality, extension, endpoint)
VALUES ('w-102', 'department', 'Balie', 'GM9901', '102', 'PJSIP/balie')"""


async def of_bert(stand: Stand) -> tuple[str, str]:
    """An open request of Wierdam, and a closed one, that stayed with Bert and a team of Elderlo; their references."""
    serve = stand.place.serve
    here, over = await a_request(serve, WIERDAM, number="+31119555701"), await closed(serve, WIERDAM)
    await serve.pool.execute(
        "UPDATE callback_request SET owner_operator = '102', owner_team = 'elderlo' WHERE id = ANY ($1::uuid[])",
        [here.id, over.id],
    )
    await serve.pool.execute("UPDATE callback_request SET closed_by = '102' WHERE id = $1", over.id)
    return here.reference, over.reference


async def owners(sender: Program, reference: str, status: str = "open") -> list[tuple[str | None, str | None]]:
    """In the list, and in its story."""
    listed = (await sender.get(f"/terugbelverzoeken?status={status}")).json["terugbelverzoeken"]
    found = [one for one in listed if one["kenmerk"] == reference]
    found.append((await sender.get(f"/terugbelverzoeken/{reference}")).json)
    return [(one["team"], one["medewerker"]) for one in found]


async def senders(stand: Stand) -> list[Program]:
    program = await stand.program(f"o-{uuid4().hex}", ApiScope.REQUESTS)
    return [program, await stand.person(f"o-{uuid4().hex}", Role.SUPERVISOR, WIERDAM)]


async def test_an_owner_of_others_is_not_named_also_where_an_extension_of_ones_own_is_the_same(stand: Stand) -> None:
    await stand.place.serve.pool.execute(EXTENSION)
    await stand.place.area_has(lambda area: "w-102" in area.entries)
    here, over = await of_bert(stand)
    for sender in await senders(stand):
        assert await owners(sender, here) == await owners(sender, over, "gesloten") == [(None, None)] * 2
        closed_by = (await sender.get(f"/terugbelverzoeken/{over}")).json["geslotenDoor"]
        assert closed_by is None
    group = await stand.program(f"o-{uuid4().hex}", of=None)
    assert await owners(group, here) == await owners(group, over, "gesloten") == [("elderlo", "102")] * 2


async def test_nor_is_an_operator_of_others_who_had_the_caller(stand: Stand) -> None:
    await stand.place.serve.pool.execute(EXTENSION + " ON CONFLICT DO NOTHING")
    await stand.place.area_has(lambda area: "w-102" in area.entries)
    talk = await a_talk(stand.place.serve, "102", ELDERLO)
    await stand.place.serve.pool.execute("UPDATE call SET municipality = 'GM9901' WHERE id = $1", talk.call.id)
    offered = """INSERT INTO call_fact (call_id, seq, at, kind, detail)
        VALUES ($1, 900, now(), 'offered', '{"operator": "102", "ring": true}')"""
    await stand.place.serve.pool.execute(offered, talk.call.id)
    path = f"/gesprekken/{talk.call.id}"

    async def named(sender: Program) -> list[str | None]:
        story = (await sender.get(f"{path}/verloop")).json
        legs = [one["partij"] for one in story["benen"] if one["rol"] == "operator"]
        facts = [one["details"].get("operator") for one in story["feiten"] if one["soort"] == "offered"]
        return [(await sender.get(path)).json["medewerker"], *legs, *facts]

    own = await stand.program(f"o-{uuid4().hex}", ApiScope.CALLS)
    assert await named(own) == [None] * 3
    group = await stand.program(f"o-{uuid4().hex}", ApiScope.CALLS, of=None)
    assert await named(group) == ["102"] * 3


async def test_nobody_finds_out_by_asking_for_an_owner_of_others(stand: Stand) -> None:
    await of_bert(stand)
    for sender in await senders(stand):
        for status in ("open", "gesloten"):
            for of in ("medewerker=102", "team=elderlo", "medewerker=999", "team=nergens"):
                answer = await sender.get(f"/terugbelverzoeken?status={status}&{of}")
                assert (answer.status, answer.json["terugbelverzoeken"]) == (200, []), (status, of)


async def test_somebody_who_calls_for_others_as_well_is_named_in_their_requests(stand: Stand) -> None:
    """A supervisor of Wierdam who is an operator of Elderlo reads a request of her own list there."""
    request = await a_request(stand.place.serve, ELDERLO, operator="102")
    both = await stand.person(f"o-{uuid4().hex}", Role.SUPERVISOR, WIERDAM, "102")
    await stand.place.serve.pool.execute(
        "INSERT INTO account_role SELECT id, 'operator', 'GM9902', '' FROM account WHERE operator = '102'"
    )
    answer = await both.get(f"/terugbelverzoeken/{request.reference}")
    assert (answer.status, answer.json["medewerker"]) == (200, "102")
