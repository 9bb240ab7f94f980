"""Meetwaarden: figures by program, of one's own municipalities, each with its definition."""

from __future__ import annotations

import pytest

from ari_app.core.access import ApiScope, Role
from ari_app.core.calendar import local_date
from ari_app.reports.measures import MEASURES
from ari_app.reports.upkeep import count_changes
from tests.web.api.stand import ELDERLO, WIERDAM, Program, Stand
from tests.web.callers import a_talk

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]


async def counted(stand: Stand) -> None:
    await count_changes(stand.place.serve.background, stand.place.clock())


async def test_figures_are_of_the_own_municipality_and_have_their_definitions(stand: Stand) -> None:
    program = await stand.program("c-cijfers", ApiScope.FIGURES)
    group = await stand.program("c-groep", ApiScope.FIGURES, of=None)
    await counted(stand)
    before = {code: await answered(group, code) for code in (WIERDAM, ELDERLO)}
    await a_talk(stand.place.serve, "101", WIERDAM)
    await a_talk(stand.place.serve, "102", ELDERLO)
    await counted(stand)
    for code, count in before.items():
        assert await answered(group, code) == count + 1
    found = (await program.get("/meetwaarden")).json
    assert {one["code"]: one["definitie"] for one in found["meetwaarden"]} == {
        code: one.definition for code, one in MEASURES.items()
    }
    assert [one["gemeente"] for one in found["keuzes"]] == [WIERDAM]
    assert found["eersteDag"] == found["laatsteDag"] == local_date(stand.place.clock()).isoformat()
    assert value(found, "beantwoord") == before[WIERDAM] + 1
    assert value((await group.get("/meetwaarden")).json, "beantwoord") == sum(before.values()) + 2


async def answered(group: Program, code: str) -> int:
    return int(value((await group.get(f"/meetwaarden?gemeente={code}")).json, "beantwoord") or 0)


def value(found: dict[str, object], code: str) -> float | None:
    values = found["meetwaarden"]
    assert isinstance(values, list)
    (one,) = [one for one in values if one["code"] == code]
    return None if one["waarde"] is None else float(one["waarde"])


async def test_nothing_of_another_municipality_is_in_any_answer(stand: Stand) -> None:
    program = await stand.program("c-eigen", ApiScope.FIGURES)
    await a_talk(stand.place.serve, "102", ELDERLO)
    await counted(stand)
    for asked in ("", "&per=gemeente", "&per=team", "&per=nummer", "&per=stap"):
        text = (await program.get(f"/meetwaarden?periode=vandaag{asked}")).text
        assert ELDERLO not in text and "elderlo" not in text, asked
    theirs = (await program.get(f"/meetwaarden?gemeente={ELDERLO}&per=gemeente")).json
    assert value(theirs, "aangeboden") == 0 and theirs["groepen"] == [] and theirs["keuzes"] == []
    assert value((await program.get("/meetwaarden?team=elderlo")).json, "aangeboden") == 0


@pytest.mark.parametrize("per", ["gemeente", "team", "nummer", "stap"])
async def test_groups_add_up_to_the_whole(stand: Stand, per: str) -> None:
    program = await stand.everything()
    await a_talk(stand.place.serve, "101", WIERDAM)
    await counted(stand)
    found = (await program.get(f"/meetwaarden?per={per}")).json
    assert sum(value(group, "aangeboden") or 0 for group in found["groepen"]) == value(found, "aangeboden") != 0


@pytest.mark.parametrize("period", ["2026-13", "morgen", "2026-02-30", "1999"])
async def test_what_is_no_period_is_said(stand: Stand, period: str) -> None:
    answer = await (await stand.everything()).get(f"/meetwaarden?periode={period}")
    assert answer.status == 400
    (one,) = answer.json["invalidParams"]
    assert (one["name"], one["code"]) == ("periode", "period")


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.ANALYST, 200), (Role.ADMINISTRATOR, 200), (Role.SUPERVISOR, 200), (Role.OPERATOR, 403), (Role.EDITOR, 403)],
)
async def test_roles(stand: Stand, role: Role, status: int) -> None:
    person = await stand.person(f"c-{role}", role, WIERDAM)
    assert (await person.get("/meetwaarden")).status == status
