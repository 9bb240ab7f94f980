"""Calamities and early closings by the API: begun and ended once, by programs that may, and in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest

from ari_app.core.access import ApiScope
from ari_app.core.calendar import instant_of, local_date
from tests.web.api.stand import Program, Stand
from tests.web.controllers import rows_are_changed

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]


async def begun(program: Program, **body: str) -> Any:
    return await program.send("POST", "/calamiteiten", {"gemeente": "GM9901", "tekst": "Brand", **body})


async def test_a_calamity_begins_and_ends_and_the_audit_log_has_the_program(stand: Stand) -> None:
    program = await stand.program("s-calamiteit", ApiScope.CALAMITY, ApiScope.NOTICES)
    ahead = (stand.place.clock() + timedelta(hours=1)).isoformat()
    async with rows_are_changed(stand.place):
        assert (await begun(program)).status == 201
        assert (await begun(program, tekst="Straks", vanaf=ahead)).status == 201
        listed = (await program.get("/calamiteiten")).json["calamiteiten"]
        assert [one["tekst"] for one in listed] == ["Brand", "Straks"]
        for one in listed:
            body = {"gemeente": "GM9901", "vanaf": one["vanaf"]}
            assert (await program.send("POST", "/calamiteiten/beeindigingen", body)).status == 201
        over = await program.send("POST", "/calamiteiten/beeindigingen", {"gemeente": "GM9901"})
    assert (over.status, over.json["code"]) == (409, "nothing_to_end")
    assert (await program.get("/calamiteiten")).json["calamiteiten"] == []
    assert set(await stand.place.deeds("calamity.set")) == {"service:s-calamiteit"}
    assert (await begun(program, gemeente="GM9902")).status == 404
    for wrong in ({"tekst": " \n"}, {"tot": "2020-01-01T00:00:00Z"}, {"tekst": "#"}):
        assert (await begun(program, **wrong)).status == 400, wrong


@pytest.fixture
def noon(stand: Stand) -> Iterator[datetime]:
    """The time of the pages is noon: that day goes on for hours."""
    before = stand.place.clock()
    stand.place.clock.now = instant_of(local_date(before), time(12))
    yield stand.place.clock.now
    stand.place.clock.now = before


async def test_a_municipality_closes_early_today_and_opens_again(stand: Stand, noon: datetime) -> None:
    program = await stand.program("s-sluiten", ApiScope.CLOSE_EARLY, ApiScope.HOURS)
    path, today_at = "/openingstijden/sluitingen", noon + timedelta(hours=5)
    body = {"gemeente": "GM9901", "reden": "stroomstoring", "tot": today_at.isoformat()}
    key = {"Idempotency-Key": str(uuid4())}
    async with rows_are_changed(stand.place) as asked:
        done = await program.send("POST", path, body, key)
        again = await program.send("POST", path, body, key)
        other = await program.send("POST", path, {**body, "reden": "iets anders"}, key)
        all_day = await program.send("POST", path, {"gemeente": "GM9901", "reden": "rest van de dag"})
        rows = await stand.place.serve.pool.fetch("SELECT reason, ends_at, author FROM early_closing ORDER BY id")
        opened = await program.send("POST", "/openingstijden/heropeningen", {"gemeente": "GM9901"})
        over = await program.send("POST", "/openingstijden/heropeningen", {"gemeente": "GM9901"})
    assert (done.status, again.text) == (201, done.text) and len(asked) == 4
    assert (other.status, other.json["code"]) == (409, "other_command")
    assert all_day.status == 201 and opened.status == 201
    midnight = instant_of(local_date(noon) + timedelta(days=1), time(0))
    assert [tuple(row) for row in rows] == [
        ("stroomstoring", today_at, "service:s-sluiten"),
        ("rest van de dag", midnight, "service:s-sluiten"),
    ]
    assert (over.status, over.json["code"]) == (409, "nothing_to_end")
    assert await stand.place.deeds("municipality.close_early") == ["service:s-sluiten"] * 2
    assert (await program.send("POST", path, {**body, "gemeente": "GM9902"})).status == 404
    assert (await (await stand.program("s-leest", ApiScope.HOURS)).send("POST", path, body)).status == 403


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reden": " \t"}, {"reden": "characters"}),
        ({"reden": "x" * 101}, {"reden": "string_too_long"}),
        ({"tot": "2020-01-01T00:00:00Z"}, {"tot": "too_early"}),
        ({"tot": "2090-01-01T00:00:00Z"}, {"tot": "not_today"}),
        ({"vanaf": "2090-01-01T00:00:00Z"}, {"vanaf": "not_today"}),
        ({"vanaf": "2090-01-01T10:00:00Z", "tot": "2090-01-01T09:00:00Z"}, {"vanaf": "not_today", "tot": "too_early"}),
        ({"vanaf": "vanmiddag"}, {"vanaf": "instant"}),
        ({"gemeente": "\u0000"}, {"gemeente": "string_pattern_mismatch"}),
    ],
)
async def test_a_closing_that_makes_no_sense_names_its_field(
    stand: Stand, wrong: dict[str, str], said: dict[str, str]
) -> None:
    body = {"gemeente": "GM9901", "reden": "storing", **wrong}
    answer = await (await stand.everything()).send("POST", "/openingstijden/sluitingen", body)
    assert answer.status == 400 and {one["name"]: one["code"] for one in answer.json["invalidParams"]} == said


async def test_a_closing_is_the_same_when_its_moments_are_over_at_the_second_try(stand: Stand, noon: datetime) -> None:
    program = await stand.program("s-later", ApiScope.CLOSE_EARLY)
    key, soon = {"Idempotency-Key": str(uuid4())}, (noon + timedelta(minutes=1)).isoformat()
    body = {"gemeente": "GM9901", "reden": "storing", "tot": soon}
    async with rows_are_changed(stand.place):
        first = await program.send("POST", "/openingstijden/sluitingen", body, key)
        stand.place.clock.pass_by(timedelta(minutes=2))
        again = await program.send("POST", "/openingstijden/sluitingen", body, key)
    assert (first.status, again.status, again.text) == (201, 201, first.text)
