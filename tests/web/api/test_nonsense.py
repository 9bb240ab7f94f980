"""Addresses, cursors and headers that no program of good will sends: each is the sender's mistake, and none is ours."""

from __future__ import annotations

import base64

import pytest

from ari_app.web.api.operations import OPERATIONS
from tests.web.api.stand import Stand

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.parametrize("text", ["%00", "1%00", "%ff", "%ed%a0%80", "%F0%9F%98%80", "9" * 400, "..%2f..", "%0d%0a"])
async def test_a_name_in_an_address_that_nothing_has_is_not_found(stand: Stand, text: str) -> None:
    everything = await stand.everything()
    for operation in (one for one in OPERATIONS if one.path_names and one.body is None):
        path = operation.path
        for name in operation.path_names:
            path = path.replace(f"{{{name}}}", text)
        answer = await everything.send(operation.method, path)
        assert answer.status in (400, 404), (operation.method, path, answer.text)
        assert answer.headers["Content-Type"].startswith("application/problem+json")
    closing = await everything.send("POST", f"/terugbelverzoeken/{text}/sluitingen", {"reden": "x"})
    assert closing.status == 404, closing.text


ROW = "17959672-6252-8eb2-b04b-e2e01c44af91"
FORGED = (
    f"0001-01-01T00:00:00+23:59|{ROW}",
    f"9999-12-31T23:59:59-23:59|{ROW}",
    f"0001-01-01T00:00:00+00:00|{ROW}",
    f"2026-11-29|{ROW}",
    "2026-11-29T12:00:00+00:00|\x00",
    "\x00",
    "",
    "a|b|c",
)


@pytest.mark.parametrize("forged", FORGED)
async def test_a_cursor_that_we_did_not_write_is_the_senders_mistake(stand: Stand, forged: str) -> None:
    everything, cursor = await stand.everything(), base64.urlsafe_b64encode(forged.encode()).decode().rstrip("=")
    for path in ("/gesprekken", "/terugbelverzoeken"):
        answer = await everything.get(f"{path}?cursor={cursor}")
        assert (answer.status, [one["name"] for one in answer.json["invalidParams"]]) == (400, ["cursor"]), path
    assert (await everything.get(f"/nummerplan?cursor={cursor}")).status in (200, 400)  # what comes after any word


POSITIONS = (
    "1a60c9c28859:9999999999999999999",
    "1a60c9c28859:12:9999999999999999999",
    "1a60c9c28859:9223372036854775808",
    "\xff",
)


@pytest.mark.parametrize("position", POSITIONS)
async def test_a_position_that_no_log_has_is_the_senders_mistake(stand: Stand, position: str) -> None:
    answer = await (await stand.everything()).get("/gebeurtenissen", {"Last-Event-ID": position})
    assert (answer.status, answer.json["invalidParams"][0]["name"]) == (400, "Last-Event-ID")


@pytest.mark.parametrize("token", ["", "\xff" * 43, "\U0001f600" * 20, "a b", "x" * 5000])
async def test_a_token_that_is_none_opens_nothing(stand: Stand, token: str) -> None:
    nobody = stand.nobody()
    answer = await nobody.get("/wachtrijen", {"Authorization": f"Bearer {token}"})
    assert (answer.status, answer.json["code"]) == (401, "unauthenticated")
    assert (await nobody.get("/wachtrijen", {"Cookie": f"sid={token}"})).status == 401
