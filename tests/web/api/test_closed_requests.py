"""Terugbelverzoeken that are closed, by the API: found by period and by how each ended; why is for whoever may know."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from ari_app.core.access import ApiScope, Role
from tests.web.api.stand import ELDERLO, WIERDAM, Stand
from tests.web.test_closed_requests import WHY, closed, helped

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]


async def test_closed_requests_are_listed_in_pages_the_last_first(stand: Stand) -> None:
    program = await stand.program("k-lezer", ApiScope.REQUESTS)
    ours = await helped(stand.place.serve, WIERDAM)
    made = [await closed(stand.place.serve, WIERDAM, number=f"+3111955561{n}", by="service:kiss") for n in range(3)]
    theirs = await closed(stand.place.serve, ELDERLO)
    listed, path = list[dict[str, object]](), "/terugbelverzoeken?status=gesloten&aantal=2"
    while path:
        answer = (await program.get(path)).json
        listed += answer["terugbelverzoeken"]
        following = answer["_links"]["next"]
        path = following["href"].removeprefix("/api/v1") if following else ""
    assert [one["kenmerk"] for one in listed] == [*(one.reference for one in reversed(made)), ours.reference]
    assert theirs.reference not in str(listed) and WHY not in str(listed)
    first, *_, last = listed
    assert (first["toestand"], first["geslotenHoe"], first["geslotenDoor"]) == ("closed", "by_person", "service:kiss")
    assert (last["geslotenHoe"], last["geslotenDoor"]) == ("helped", "101")
    begun = quote(str(last["geslotenOp"]))
    for asked, count in (
        ("geslotenHoe=helped", 1),
        ("geslotenHoe=reached", 0),
        ("medewerker=101", 1),
        (f"vanaf={begun}", 4),
        (f"tot={begun}", 0),
        ("gemeente=GM9902", 0),
        ("team=elderlo", 0),
    ):
        answer = (await program.get(f"/terugbelverzoeken?status=gesloten&{asked}")).json
        assert len(answer["terugbelverzoeken"]) == count, asked
    shown = await (await stand.program("k-nummer", ApiScope.NUMBERS)).get(
        f"/terugbelverzoeken/{made[0].reference}/nummer"
    )
    assert (shown.json["redenSluiting"], shown.json["nummer"]) == (WHY, "+31119555610")
    anna = await stand.person("k-anna", Role.OPERATOR, WIERDAM, "101")
    assert len((await anna.get("/terugbelverzoeken?status=gesloten")).json["terugbelverzoeken"]) == 4


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("vanaf=2026-11-29T10:00:00Z&geslotenHoe=reached", {"vanaf": "only_closed", "geslotenHoe": "only_closed"}),
        ("status=gesloten&risico=true", {"risico": "only_open"}),
        ("status=klaar", {"status": "enum"}),
        ("status=gesloten&tot=gisteren&geslotenHoe=x", {"tot": "instant", "geslotenHoe": "enum"}),
        ("status=gesloten&cursor=x", {"cursor": "cursor"}),
    ],
)
async def test_filters_that_do_not_go_together_are_named(stand: Stand, query: str, wrong: dict[str, str]) -> None:
    answer = await (await stand.everything()).get(f"/terugbelverzoeken?{query}")
    assert answer.status == 400 and {one["name"]: one["code"] for one in answer.json["invalidParams"]} == wrong
