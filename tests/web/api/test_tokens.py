"""Tokens of programs and cookies of people: who gets in, for how long, and how often."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from ari_app.core.access import ApiScope, Role
from ari_app.storage.accounts.service_tokens import TokenRefused, add_token, end_token, list_tokens
from tests.web.api.stand import OF_WIERDAM, WIERDAM, Stand

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]

DAY = timedelta(days=1)


async def test_a_token_opens_what_its_scopes_say_until_it_ends(stand: Stand) -> None:
    place = stand.place
    kiss = await stand.program("kiss", ApiScope.CALLS, ApiScope.NUMBERS)
    assert (await kiss.get("/gesprekken")).status == 200
    assert await end_token(place.serve.background, "kiss", "test", place.clock())
    refused = await kiss.get("/gesprekken")
    assert refused.status == 401 and refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert not await end_token(place.serve.background, "kiss", "test", place.clock())
    assert await place.deeds("token.add") == await place.deeds("token.end") == ["test"]


async def test_a_token_expires_and_the_database_has_only_its_hash(stand: Stand) -> None:
    token = await stand.token("kort", ApiScope.CALLS, lasts=timedelta(hours=1))
    program, clock = stand.with_token(token), stand.place.clock
    assert (await program.get("/gesprekken")).status == 200
    (row,) = await stand.place.serve.pool.fetch("SELECT t::text AS all, used_at FROM service_token t WHERE name='kort'")
    assert token not in row["all"] and row["used_at"] is not None
    clock.pass_by(timedelta(hours=2))
    assert (await program.get("/gesprekken")).status == 401
    clock.pass_by(timedelta(hours=-2))


@pytest.mark.parametrize(
    ("name", "scopes", "lasts", "says"),
    [
        ("Met Spatie", {ApiScope.CALLS}, DAY, "small letters"),
        ("niets", set(), DAY, "for something"),
        ("eeuwig", {ApiScope.CALLS}, DAY * 5000, "at most"),
        ("dubbel", {ApiScope.CALLS}, DAY, "another name"),
    ],
)
async def test_what_makes_no_sense_is_no_token(
    stand: Stand, name: str, scopes: set[ApiScope], lasts: timedelta, says: str
) -> None:
    pool, now = stand.place.serve.background, stand.place.clock()
    if name == "dubbel":
        await stand.token(name)
    with pytest.raises(TokenRefused, match=says):
        await add_token(pool, name, scopes, OF_WIERDAM, "test", now, lasts=lasts)


async def test_somebody_who_is_logged_in_reads_with_their_cookie(stand: Stand) -> None:
    bea = await stand.person("t-bea", Role.SUPERVISOR, WIERDAM)
    assert (await bea.get("/gesprekken")).status == 200
    analyst = await stand.person("t-ana", Role.ANALYST, WIERDAM)
    assert (await analyst.get("/gesprekken")).status == 403


async def test_wrong_words_and_wrong_schemes_are_nobody(stand: Stand) -> None:
    for said in ("Bearer x", "Bearer", "Basic YTpi", "Bearer " + "x" * 5000, "bearer  ", "Bearer é"):
        answer = await stand.nobody().get("/gesprekken", {"Authorization": said})
        assert (answer.status, answer.json["code"]) == (401, "unauthenticated"), said
        assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_too_many_requests_wait_and_others_do_not(stand: Stand) -> None:
    busy = await stand.program("druk", ApiScope.CALLS, most_per_minute=2)
    quiet = await stand.program("rustig", ApiScope.CALLS)
    statuses = [(await busy.get("/gesprekken")).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = await busy.get("/gesprekken")
    assert 0 < int(refused.headers["Retry-After"]) <= 30 and refused.json["status"] == 429
    assert (await quiet.get("/gesprekken")).status == 200


async def test_no_token_is_in_a_log_or_an_answer(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    token = await stand.token("stil", ApiScope.CALLS)
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        program = stand.with_token(token)
        answers = [await program.get(path) for path in ("/gesprekken", "/wachtrijen", "/gesprekken?cursor=x", "/nee")]
    said = "".join([repr(logs), caplog.text, *(answer.text for answer in answers), *map(repr, answers)])
    assert token not in said
    (one,) = [one for one in await list_tokens(stand.place.serve.background) if one.name == "stil"]
    assert token not in repr(one)
