"""Gesprekken: lists with filters and pages, one call, its story, and the number of its caller."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ari_app.core.access import ApiScope, Role
from ari_app.core.call import EndReason, Stage
from ari_app.core.operators import OperatorState
from tests.web.api.stand import ELDERLO, WIERDAM, Program, Stand
from tests.web.callers import NUMBER, a_talk, an_earlier_call
from tests.web.rows import a_call

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]


async def ids(program: Program, query: str) -> list[str]:
    answer = await program.get(f"/gesprekken?{query}")
    assert answer.status == 200, answer.text
    return [one["id"] for one in answer.json["gesprekken"]]


async def test_a_screen_pops_for_the_call_that_an_operator_has(stand: Stand) -> None:
    anna = await stand.person("g-anna", Role.OPERATOR, WIERDAM, "101")
    assert await ids(anna, "medewerker=ik&status=actief") == []
    talk = await a_talk(stand.place.serve, "101", WIERDAM)
    answer = await anna.get("/gesprekken?medewerker=ik&status=actief")
    (call,) = answer.json["gesprekken"]
    assert (call["id"], call["gemeente"], call["medewerker"]) == (str(talk.call.id), WIERDAM, "101")
    assert call["status"] == "actief" and call["stap"] == "talking" and call["beantwoordOp"].endswith("Z")
    assert 80 <= call["gewachtSeconden"] < 120 and 0 <= call["gesprokenSeconden"] < 40
    assert NUMBER not in answer.text
    kiss = await stand.program("g-kiss", ApiScope.CALLS, operator="101")
    assert await ids(kiss, "medewerker=ik&status=actief") == [str(talk.call.id)]
    shown = await anna.get(f"/gesprekken/{talk.call.id}/beller")
    assert shown.json["nummer"] == NUMBER
    assert await stand.place.deeds("call.number_shown") == ["account:g-anna"]
    await talk.operator_is(OperatorState.READY, has_call=False)
    assert await ids(anna, "medewerker=ik&status=actief") == []  # somebody else has the caller now
    await talk.becomes(stage=Stage.ENDED, ended_at=datetime.now(UTC), end_reason=EndReason.CALLER_HUNG_UP)
    assert await ids(anna, "medewerker=ik&status=actief") == []
    # Of the call that is over they know everything but the number.
    assert (await anna.get(f"/gesprekken/{talk.call.id}")).json["status"] == "beeindigd"
    assert (await anna.get(f"/gesprekken/{talk.call.id}/verloop")).status == 200
    assert (await anna.get(f"/gesprekken/{talk.call.id}/beller")).status == 403


async def test_an_operator_sees_no_calls_of_others(stand: Stand) -> None:
    anna = await stand.person("g-anna2", Role.OPERATOR, WIERDAM, "101")
    other = await a_call(stand.place.serve, WIERDAM)
    assert str(other.id) not in await ids(anna, "")
    assert (await anna.get(f"/gesprekken/{other.id}")).status == 404
    assert (await anna.get(f"/gesprekken/{other.id}/beller")).status == 404
    assert (await anna.get("/gesprekken?medewerker=102")).status == 403


async def test_pages_hold_every_call_once(stand: Stand) -> None:
    program = await stand.program("g-lijst", ApiScope.CALLS)
    wanted = {str((await a_call(stand.place.serve, WIERDAM, waited_seconds=at)).id) for at in range(7)}
    path, found = "/gesprekken?aantal=3&status=actief", list[str]()
    while True:
        page = (await program.get(path)).json
        found += [one["id"] for one in page["gesprekken"]]
        if page["_links"]["next"] is None:
            break
        assert len(page["gesprekken"]) == 3
        path = page["_links"]["next"]["href"].removeprefix("/api/v1")
    assert len(found) == len(set(found)) and wanted <= set(found)
    moments = [(await program.get(f"/gesprekken/{one}")).json["binnengekomenOp"] for one in found]
    assert moments == sorted(moments, reverse=True)


async def test_filters_by_period_municipality_status_and_operator(stand: Stand) -> None:
    program = await stand.program("g-filter", ApiScope.CALLS, of=None)
    old = await an_earlier_call(stand.place.serve, WIERDAM, EndReason.ABANDONED_WAITING)
    new = await a_call(stand.place.serve, ELDERLO)
    talk = await a_talk(stand.place.serve, "102", ELDERLO)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert str(old.id) in await ids(program, f"tot={yesterday}") and str(old.id) not in await ids(
        program, f"vanaf={yesterday}"
    )
    assert str(new.id) in await ids(program, "gemeente=GM9902") and str(new.id) not in await ids(
        program, "gemeente=GM9901"
    )
    assert str(old.id) in await ids(program, "status=beeindigd") and str(old.id) not in await ids(
        program, "status=actief"
    )
    assert await ids(program, "medewerker=102") == [str(talk.call.id)]
    assert await ids(program, "gemeente=GM0000") == []


@pytest.mark.parametrize(
    ("query", "name", "code"),
    [
        ("kleur=rood", "kleur", "extra_forbidden"),
        ("status=actief&status=actief", "status", "repeated"),
        ("status=weg", "status", "enum"),
        ("vanaf=gisteren", "vanaf", "instant"),
        ("vanaf=2026-11-29T10:00:00", "vanaf", "instant"),
        ("vanaf=1700000000", "vanaf", "instant"),
        ("tot=0001-01-01T00:00:00Z", "tot", "instant"),
        ("aantal=0", "aantal", "greater_than_equal"),
        ("aantal=veel", "aantal", "int_parsing"),
        ("cursor=onzin", "cursor", "cursor"),
        ("cursor=fHx8", "cursor", "cursor"),
        ("medewerker=ik", "medewerker", "no_operator"),
        ("gemeente=%00", "gemeente", "string_pattern_mismatch"),
    ],
)
async def test_what_nobody_knows_is_a_problem_with_its_name(stand: Stand, query: str, name: str, code: str) -> None:
    program = await stand.everything()
    answer = await program.get(f"/gesprekken?{query}")
    assert answer.status == 400, answer.text
    assert [(one["name"], one["code"]) for one in answer.json["invalidParams"]] == [(name, code)]
    assert answer.headers["API-Version"] == "1.0.0"


async def test_all_that_is_wrong_is_said_together_and_nothing_is_repeated(stand: Stand) -> None:
    program = await stand.program("g-samen", ApiScope.CALLS)
    answer = await program.get("/gesprekken?status=0612345678&aantal=0612345678x&x=1")
    assert {one["name"] for one in answer.json["invalidParams"]} == {"status", "aantal", "x"}
    assert "0612345678" not in answer.text


async def test_the_story_of_a_call_says_nothing_personal(stand: Stand) -> None:
    program = await stand.program("g-verhaal", ApiScope.CALLS)
    talk = await a_talk(stand.place.serve, "101", WIERDAM)
    answer = await program.get(f"/gesprekken/{talk.call.id}/verloop")
    story = answer.json
    assert [one["soort"] for one in story["feiten"]] == ["arrived"]
    assert {one["rol"] for one in story["benen"]} == {"caller", "operator"}
    assert story["wachtrijen"][0]["uitkomst"] == "answered" and story["wachtrijen"][0]["medewerker"] == "101"
    assert NUMBER not in answer.text


async def test_a_number_is_for_a_scope_of_its_own_and_whoever_looks_is_known(stand: Stand) -> None:
    talk = await a_talk(stand.place.serve, "101", WIERDAM)
    withheld = await a_call(stand.place.serve, WIERDAM)
    foreign = await a_talk(stand.place.serve, "102", ELDERLO)
    without = await stand.program("g-zonder", *(set(ApiScope) - {ApiScope.NUMBERS}))
    assert (await without.get(f"/gesprekken/{talk.call.id}/beller")).status == 403
    program = await stand.program("g-nummers", ApiScope.NUMBERS)
    assert (await program.get(f"/gesprekken/{talk.call.id}/beller")).json["nummer"] == NUMBER
    assert (await program.get(f"/gesprekken/{withheld.id}/beller")).json["nummer"] is None
    assert (await program.get(f"/gesprekken/{foreign.call.id}/beller")).status == 404
    assert (await stand.place.deeds("call.number_shown")).count("service:g-nummers") == 2


@pytest.mark.parametrize("path", ["/gesprekken/", "/Gesprekken", "/gesprekken/geen-id", "/", "", "/gesprekken/x/y"])
async def test_what_is_nowhere_is_a_problem_too(stand: Stand, path: str) -> None:
    program = await stand.everything()
    answer = await program.get(path)
    assert answer.status == 404 and answer.headers["Content-Type"].startswith("application/problem+json")


async def test_another_method_says_which_can_be(stand: Stand) -> None:
    program = await stand.program("g-methode", ApiScope.CALLS)
    answer = await program.send("DELETE", "/gesprekken")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


async def test_a_search_is_no_entry_of_the_directory(stand: Stand) -> None:
    answer = await (await stand.everything()).get("/nummerplan/zoekopdrachten")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
