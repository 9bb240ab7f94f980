"""Wachtrijen, medewerkers, terugbelverzoeken, nummerplan, calamiteiten and openingstijden, as programs read them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ari_app.core.access import ApiScope, Role
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.storage.area.calamities import set_calamity
from ari_app.storage.callbacks.at_risk import RequestAtRisk, open_requests
from ari_app.web.api import requests
from tests.web.api.stand import BASE, ELDERLO, WIERDAM, Stand
from tests.web.callers import NUMBER, a_request, a_talk
from tests.web.rows import an_operator, waiting_callers

pytestmark = [pytest.mark.postgres, pytest.mark.asyncio(loop_scope="module")]


async def test_queues_say_how_many_wait_also_where_nobody_does(stand: Stand) -> None:
    group = await stand.program("l-groep", of=None)
    before = {one["gemeente"]: one for one in (await group.get("/wachtrijen")).json["wachtrijen"]}
    assert before[WIERDAM]["aantalWachtend"] == 0 and before[WIERDAM]["langsteWachtSinds"] is None
    await waiting_callers(stand.place.serve, WIERDAM, 2)
    after = {one["gemeente"]: one for one in (await group.get("/wachtrijen")).json["wachtrijen"]}
    assert after[WIERDAM]["aantalWachtend"] == 2 and after[WIERDAM]["langsteWachtSinds"].endswith("Z")
    assert after[ELDERLO]["aantalWachtend"] == 0 and after[ELDERLO]["normSeconden"] == 25
    (one,) = (await group.get("/wachtrijen?gemeente=GM9902")).json["wachtrijen"]
    assert one["gemeenteNaam"] == "Elderlo"


async def test_operators_have_their_states_and_the_call_that_they_have(stand: Stand) -> None:
    everything = await stand.everything()
    (anna,) = (await everything.get("/medewerkers")).json["medewerkers"]
    assert (anna["nummer"], anna["naam"], anna["toestand"], anna["gesprek"]) == ("101", "Anna", "away", None)
    talk = await a_talk(stand.place.serve, "101", WIERDAM)
    one = (await everything.get("/medewerkers/101")).json
    assert (one["toestand"], one["gesprek"], one["teams"]) == ("talking", str(talk.call.id), ["KCC Wierdam"])
    assert (await everything.get("/medewerkers?toestand=ready")).json["medewerkers"] == []
    assert (await everything.get("/medewerkers/102")).status == 404
    assert (await everything.get("/medewerkers/ik")).status == 400  # a program of nobody in particular


async def test_an_operator_reads_their_own_state_and_nobody_elses(stand: Stand) -> None:
    anna = await stand.person("l-anna", Role.OPERATOR, WIERDAM, "101")
    await an_operator(stand.place.serve, "101", WIERDAM)
    assert (await anna.get("/medewerkers/ik")).json["toestand"] == "ready"
    assert [one["nummer"] for one in (await anna.get("/medewerkers")).json["medewerkers"]] == ["101"]
    await stand.place.serve.pool.execute("INSERT INTO operator_team VALUES ('102', 'wierdam')")
    assert (await anna.get("/medewerkers/102")).status == 404
    await stand.place.serve.pool.execute("DELETE FROM operator_team WHERE operator = '102' AND team = 'wierdam'")


async def test_requests_come_by_deadline_in_pages_and_without_numbers(stand: Stand) -> None:
    everything = await stand.everything()
    made = [await a_request(stand.place.serve, WIERDAM, number=f"+3111955520{at}", subject="paspoort") for at in "1234"]
    first = await everything.get("/terugbelverzoeken?aantal=3")
    next_path = first.json["_links"]["next"]["href"].removeprefix("/api/v1")
    second = await everything.get(next_path)
    listed = first.json["terugbelverzoeken"] + second.json["terugbelverzoeken"]
    assert {one["kenmerk"] for one in listed} >= {one.reference for one in made} and len(listed) == len(
        {one["id"] for one in listed}
    )
    assert second.json["_links"]["next"] is None and "+3111955520" not in first.text + second.text
    one = await everything.get(f"/terugbelverzoeken/{made[0].reference}")
    assert one.json["feiten"][0]["soort"] == "created" and one.json["team"] == "wierdam"
    assert "+3111955520" not in one.text
    # Nobody of the team is logged in, and it must be called today or tomorrow: some of that is a risk, some is not.
    risky = (await everything.get("/terugbelverzoeken?risico=true")).json["terugbelverzoeken"]
    rest = (await everything.get("/terugbelverzoeken?risico=false")).json["terugbelverzoeken"]
    assert len(risky) + len(rest) == len(listed) and all(one["risicos"] for one in risky)
    assert (await everything.get("/terugbelverzoeken?team=elderlo")).json["terugbelverzoeken"] == []


async def test_a_number_to_call_back_is_shown_to_who_may_and_kept(stand: Stand) -> None:
    request = await a_request(stand.place.serve, WIERDAM, number="+31119555301")
    program = await stand.program("l-nummer", ApiScope.NUMBERS)
    shown = await program.get(f"/terugbelverzoeken/{request.reference}/nummer")
    assert shown.json == {"kenmerk": request.reference, "nummer": "+31119555301", "notitie": "", "redenSluiting": None}
    assert await stand.place.deeds("callback.number_shown") == ["service:l-nummer"]
    reader = await stand.program("l-lezer", ApiScope.REQUESTS)
    assert (await reader.get(f"/terugbelverzoeken/{request.reference}/nummer")).status == 403
    assert (await program.get("/terugbelverzoeken/0000000/nummer")).status == 404


async def test_an_operator_reads_the_requests_of_their_own_list(stand: Stand) -> None:
    anna = await stand.person("l-anna2", Role.OPERATOR, WIERDAM, "101")
    ours = await a_request(stand.place.serve, WIERDAM, number="+31119555302")
    listed = (await anna.get("/terugbelverzoeken?aantal=100")).json["terugbelverzoeken"]
    assert ours.reference in {one["kenmerk"] for one in listed}
    assert (await anna.get(f"/terugbelverzoeken/{ours.reference}")).json["id"] == str(ours.id)
    assert (await anna.get(f"/terugbelverzoeken/{ours.reference}/nummer")).status == 403
    await stand.place.serve.pool.execute("DELETE FROM operator_team WHERE operator = '101'")
    assert (await anna.get(f"/terugbelverzoeken/{ours.reference}")).status == 404
    await stand.place.serve.pool.execute("INSERT INTO operator_team VALUES ('101', 'wierdam')")


async def test_the_directory_is_listed_and_searched(stand: Stand) -> None:
    everything = await stand.everything()
    first = (await everything.get("/nummerplan?aantal=1")).json
    assert [one["code"] for one in first["vermeldingen"]] == ["w-belasting"]
    rest = (await everything.get(first["_links"]["next"]["href"].removeprefix("/api/v1"))).json
    assert [one["code"] for one in rest["vermeldingen"]] == ["w-burgerzaken"] and rest["_links"]["next"] is None
    found = await everything.send("POST", "/nummerplan/zoekopdrachten", {"zoek": "paspoort"})
    (one,) = found.json["vermeldingen"]
    assert (one["code"], one["bereikbaarOp"], one["toestand"]) == ("w-burgerzaken", "2101", "unknown")
    assert (await everything.get("/nummerplan/w-burgerzaken")).json["naam"] == "Burgerzaken Wierdam"
    assert (await everything.get("/nummerplan/e-burgerzaken")).status == 404
    assert (await everything.get("/nummerplan?soort=person")).json["vermeldingen"] == []


async def test_calamities_that_go_on_are_for_readers_and_planned_ones_for_those_who_may_end_them(
    stand: Stand,
) -> None:
    now, pool = stand.place.clock(), stand.place.serve.background
    for begins, text in ((now, "Brand"), (now + timedelta(days=1), "Gepland")):
        await set_calamity(pool, Calamity(WIERDAM, begins, None, text, AfterCalamity.QUEUE, "test"), now)
    reader = await stand.program("l-calamiteit", ApiScope.NOTICES)
    everything = await stand.everything()
    read = (await reader.get("/calamiteiten")).json["calamiteiten"]
    assert [(one["tekst"], one["isActief"]) for one in read] == [("Brand", True)]
    both = (await everything.get("/calamiteiten")).json["calamiteiten"]
    assert [one["tekst"] for one in both] == ["Brand", "Gepland"]


async def test_opening_hours_say_the_week_and_this_moment(stand: Stand) -> None:
    (town,) = (await (await stand.everything()).get("/openingstijden")).json["openingstijden"]
    assert town["gemeente"] == WIERDAM and len(town["week"]) == 5
    assert town["week"][0] == {"dag": 1, "van": "08:30", "tot": "17:00"}
    assert (town["isOpen"], town["openTot"] is None, town["geslotenOmdat"] is None) in (
        (True, False, True),
        (False, True, False),
    )


async def test_no_number_of_a_caller_is_in_any_list(stand: Stand) -> None:
    await a_talk(stand.place.serve, "101", WIERDAM)
    await a_request(stand.place.serve, WIERDAM, number=NUMBER)
    everything = await stand.everything()
    for path in ("/gesprekken", "/medewerkers", "/terugbelverzoeken", "/wachtrijen"):
        assert NUMBER not in (await everything.get(path)).text


async def test_a_page_of_requests_reads_no_more_rows_than_it_needs(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        await a_request(stand.place.serve, WIERDAM, number=f"+3111955570{number}")
    everything, read = await stand.everything(), list[int]()

    async def counted(*asked: Any, **more: Any) -> list[RequestAtRisk]:
        found = await open_requests(*asked, **more)
        read.append(len(found))
        return found

    monkeypatch.setattr(requests, "open_requests", counted)
    listed, path = list[str](), "/terugbelverzoeken?aantal=2"
    while path:
        page = (await everything.get(path)).json
        listed += [one["kenmerk"] for one in page["terugbelverzoeken"]]
        following = page["_links"]["next"]
        path = following["href"].removeprefix(BASE) if following else ""
    assert max(read) <= 3 and len(listed) == len(set(listed)) >= 4
    monkeypatch.setattr(requests, "MOST_READ", 2)
    for risky in ("true", "false"):
        one_page = (await everything.get(f"/terugbelverzoeken?aantal=100&risico={risky}")).json["terugbelverzoeken"]
        assert {bool(one["risicos"]) for one in one_page} <= {risky == "true"}
        listed = [one for one in listed if one not in {shown["kenmerk"] for shown in one_page}]
    assert listed == []
