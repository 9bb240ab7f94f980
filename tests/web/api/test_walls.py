"""Every operation with every role and every scope; and nothing of another municipality in any answer."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

import pytest

from ari_app.core.access import MAY, TOKENS_MAY, ApiScope, Role
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.storage.area.calamities import set_calamity
from ari_app.web.api.operations import OPERATIONS
from ari_app.web.api.table import Operation
from tests.web.api.stand import ELDERLO, WIERDAM, Program, Stand, Told
from tests.web.callers import a_request, a_talk
from tests.web.people import SAME_ORIGIN
from tests.web.rows import waiting_callers

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

#: of Elderlo: its name, its code, its operator, its teams and its directory
FOREIGN = ("Elderlo", "GM9902", "Bert", "elderlo", '"102"', "2201", "e-burgerzaken")
#: 404 and 400: it may be done, and there is no such thing, or the empty body says nothing
DONE = {200, 201, 400, 404}


def path_of(operation: Operation, names: Mapping[str, str]) -> str:
    path = operation.path
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", value)
    return path


async def sent(program: Program, operation: Operation, names: Mapping[str, str], *, body: object = None) -> Told:
    """Of a stream only the head is awaited."""
    path = path_of(operation, names)
    if operation.media == "text/event-stream":
        url = f"{program.base}/api/v1{path}"
        async with program.session.get(url, headers=program.headers) as answer:
            return Told(answer.status, answer.headers, "" if answer.status == 200 else await answer.text())
    sends = {} if operation.body is not None and body is None else body
    return await program.send(operation.method, path, sends, SAME_ORIGIN)


NOWHERE = {"id": "00000000-0000-0000-0000-000000000000", "nummer": "999", "kenmerk": "0000000", "code": "niets"}


async def test_the_whole_matrix_of_operations_and_roles(stand: Stand) -> None:
    for role in Role:
        person = await stand.person(f"m-{role.value}", role, WIERDAM, "101" if role is Role.OPERATOR else None)
        for operation in OPERATIONS:
            answer = await sent(person, operation, NOWHERE)
            allowed = any(role in MAY[action] for action in operation.actions)
            # Some rows are for operators who name themselves; 999 is somebody else.
            expected = DONE | ({403} if role is Role.OPERATOR else set()) if allowed else {403}
            assert answer.status in expected, (role, operation.name, answer.status, answer.text)


async def test_the_whole_matrix_of_operations_and_scopes(stand: Stand) -> None:
    for scope in ApiScope:
        program = await stand.program(f"m-{scope.name.lower()}", scope)
        for operation in OPERATIONS:
            answer = await sent(program, operation, NOWHERE)
            allowed = TOKENS_MAY[operation.actions[0]] is scope
            assert answer.status in (DONE if allowed else {403}), (scope, operation.name, answer.status, answer.text)


async def test_without_token_and_login_nothing_is_shown(stand: Stand) -> None:
    for operation in OPERATIONS:
        answer = await sent(stand.nobody(), operation, NOWHERE)
        assert answer.status == 401, operation.name
        assert answer.json["code"] == "unauthenticated" and answer.headers["API-Version"] == "1.0.0"
    document = await stand.nobody().get("/openapi.json")
    assert document.status == 200 and document.headers["Access-Control-Allow-Origin"] == "*"


async def test_nothing_of_another_municipality_is_in_any_answer(stand: Stand) -> None:
    """Both have all there is; the program and the people are of Wierdam, and ask for Elderlo's by name as well."""
    place, now = stand.place, stand.place.clock()
    names: dict[str, dict[str, str]] = {}
    for code, operator, team in ((WIERDAM, "101", "w"), (ELDERLO, "102", "e")):
        talk = await a_talk(place.serve, operator, code)
        await waiting_callers(place.serve, code, 1)
        request = await a_request(place.serve, code, operator=operator, subject="paspoort")
        calamity = Calamity(code, now, None, f"Brand in {code}", AfterCalamity.QUEUE, "test")
        await set_calamity(place.serve.background, calamity, now)
        names[code] = {
            "id": str(talk.call.id),
            "nummer": operator,
            "kenmerk": request.reference,
            "code": f"{team}-burgerzaken",
        }
    senders = [await stand.program("w-alles")]
    senders += [await stand.person(f"w-{role.value}", role, WIERDAM) for role in Role if role is not Role.OPERATOR]
    senders.append(await stand.person("w-operator", Role.OPERATOR, WIERDAM, "101"))
    foreign = [*FOREIGN, *(value for key, value in names[ELDERLO].items() if key in ("id", "kenmerk"))]
    for sender in senders:
        for operation in OPERATIONS:
            if operation.is_command or operation.media == "text/event-stream":
                continue
            body = {"zoek": "burgerzaken"} if operation.body is not None else None
            for code in (WIERDAM, ELDERLO):
                answer = await sent(sender, operation, names[code], body=body)
                assert [word for word in foreign if word in answer.text] == [], (operation.name, code, answer.text)
                if code == ELDERLO and operation.path_names:
                    assert answer.status in (403, 404), (operation.name, answer.status)
            if operation.query.model_fields.get("gemeente") is not None:
                answer = await sender.get(f"{operation.path}?gemeente=GM9902")
                words = [word for word in foreign if word != "GM9902" and word in answer.text]
                assert words == [] and '"gemeente":"GM9902"' not in answer.text, operation.name


async def test_a_call_that_came_from_elsewhere_does_not_say_so(stand: Stand) -> None:
    """Its facts and legs name the other municipality, an operator and an extension of it."""
    talk = await a_talk(stand.place.serve, "101", WIERDAM)
    await stand.place.serve.pool.execute(
        """INSERT INTO call_fact (call_id, seq, at, kind, detail)
        SELECT $1, max(seq) + 1, now(), 'noted', '{"what": "municipality", "municipality": "GM9902", "to": "2201"}'
        FROM call_fact WHERE call_id = $1""",
        talk.call.id,
    )
    await stand.place.serve.pool.execute(
        """INSERT INTO call_leg (id, call_id, channel_id, role, party, started_at)
        VALUES ($1, $2, 'chan-e', 'operator', '102', now())""",
        uuid4(),
        talk.call.id,
    )
    answer = await (await stand.everything()).get(f"/gesprekken/{talk.call.id}/verloop")
    assert answer.status == 200 and [word for word in FOREIGN if word in answer.text] == []
    assert {"what": "municipality"} in [one["details"] for one in answer.json["feiten"]]
    group = await stand.program("m-groep", of=None)
    whole = await group.get(f"/gesprekken/{talk.call.id}/verloop")
    assert "GM9902" in whole.text and '"102"' in whole.text
