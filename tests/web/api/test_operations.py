"""The served API against its own document: every answer fits the schema that is said of it, whatever is sent."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from ari_app.web.api.operations import OPERATIONS
from ari_app.web.api.table import Operation
from tests.web.api.stand import ELDERLO, WIERDAM, Stand, Told
from tests.web.api.test_walls import NOWHERE, path_of
from tests.web.callers import a_request, a_talk
from tests.web.rows import waiting_callers

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

#: what a sender may think of, of each type and of none
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    "",
    " ",
    "ik",
    "101",
    "GM9901",
    "\x00",
    "\u202e😀",
    "x" * 5000,
    "2026-11-29T10:00:00Z",
    "9999-12-31T23:59:59Z",
    "00000000-0000-0000-0000-000000000000",
    "'; DROP TABLE call; --",
    "../../etc/passwd",
    [],
    {},
    ["a"],
    {"a": 1},
)
TRIES = 12


def fits(document: dict[str, Any], operation: Operation, answer: Told) -> None:
    """Raises for a status, a kind or a shape that the document does not know."""
    row = document["paths"][operation.path][operation.method.lower()]
    assert str(answer.status) in row["responses"], (operation.name, answer.status, answer.text)
    response = row["responses"][str(answer.status)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    media = answer.headers["Content-Type"].partition(";")[0]
    schema = response["content"][media]["schema"]
    # References are of the whole document.
    OAS31Validator({**schema, "components": document["components"]}).validate(answer.json)
    assert answer.headers["API-Version"] == document["info"]["version"]
    for header in ("X-Content-Type-Options", "Content-Security-Policy", "Cache-Control", "X-Frame-Options"):
        assert header in answer.headers, header


async def document_of(stand: Stand) -> dict[str, Any]:
    found: dict[str, Any] = (await stand.nobody().get("/openapi.json")).json
    return found


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
async def test_answers_fit_their_schema_whatever_is_sent(stand: Stand, operation: Operation) -> None:
    if operation.media != "application/json":
        return
    document, everything = await document_of(stand), await stand.everything()
    chance = random.Random(operation.name)
    row = document["paths"][operation.path][operation.method.lower()]
    queries = [one["name"] for one in row["parameters"] if one["in"] == "query"]
    known = operation.body.model_json_schema().get("properties", {}) if operation.body is not None else {}
    for _ in range(TRIES):
        values = {name: str(chance.choice(ODD)).replace("/", "%2F") for name in NOWHERE}
        path = path_of(operation, {name: value or "x" for name, value in values.items()}).replace("?", "%3F")
        path = path.replace("\x00", "%00").replace("#", "%23").replace("..", "%2E%2E")
        wanted = {name: str(chance.choice(ODD)) for name in queries if chance.random() < 0.5}
        body = {name: chance.choice(ODD) for name in known if chance.random() < 0.8} if known else None
        headers = {} if chance.random() < 0.7 else {"Idempotency-Key": "x"}
        # With an id that is none, nothing can be asked of a controller that is not there.
        headers = {"Idempotency-Key": "x"} if operation.is_command else headers
        async with everything.session.request(
            operation.method,
            f"{everything.base}/api/v1{path}"[:6000],
            params={name: value[:500] for name, value in wanted.items()},
            headers={**everything.headers, **headers, "Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode("utf-8", "surrogatepass"),
            allow_redirects=False,
        ) as found:
            answer = Told(found.status, found.headers, await found.text())
        assert answer.status < 500, (operation.name, answer.text)
        if answer.status != 404 or operation.path_names:
            fits(document, operation, answer)


async def test_what_is_there_fits_its_schema_too(stand: Stand) -> None:
    document = await document_of(stand)
    talk = await a_talk(stand.place.serve, "101", WIERDAM)
    await waiting_callers(stand.place.serve, WIERDAM, 1)
    await waiting_callers(stand.place.serve, ELDERLO, 1)
    request = await a_request(stand.place.serve, WIERDAM, operator="101", subject="paspoort")
    names = {"id": str(talk.call.id), "nummer": "101", "kenmerk": request.reference, "code": "w-burgerzaken"}
    for program in (await stand.everything(), await stand.program("o-groep", of=None)):
        for operation in OPERATIONS:
            if operation.is_command or operation.media != "application/json":
                continue
            body = {"zoek": "paspoort"} if operation.body is not None else None
            answer = await program.send(operation.method, path_of(operation, names), body)
            assert answer.status == 200, (operation.name, answer.text)
            fits(document, operation, answer)
