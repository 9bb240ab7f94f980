"""The audit log on its page: of one's own municipalities, by period, person and kind, without PINs and numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from ari_app.core.access import ApiScope, Role
from ari_app.core.accounts import RoleRow
from ari_app.core.call import EndReason
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode
from ari_app.storage.accounts.deeds import DeedsAsked, list_deeds
from ari_app.storage.accounts.service_tokens import add_token
from ari_app.storage.calls.numbers import callers_number, callers_numbers
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.scopes import reading
from ari_app.web.deed_words import DEEDS, KINDS
from ari_app.web.pages import audit
from tests.web.callers import NUMBER, a_request, an_earlier_call
from tests.web.people import Browser, Place

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
OWN, BOTH = frozenset({WIERDAM}), frozenset({WIERDAM, ELDERLO})


@pytest.fixture
async def ada(place: Place) -> Browser:
    """An administrator of Wierdam; supervisors of both; their logins are deeds too."""
    place.trusts_all_roles()
    await place.account("ada", RoleRow(Role.ADMINISTRATOR, WIERDAM))
    await place.account("bea", RoleRow(Role.SUPERVISOR, WIERDAM))
    await place.account("eva", RoleRow(Role.SUPERVISOR, ELDERLO))
    await place.serve.pool.execute("INSERT INTO operator_team VALUES ('101', 'elderlo')")
    browser = await place.logged_in("ada")
    await place.area_has(lambda area: "101" in area.operators and len(area.operators[OperatorNumber("101")].teams) == 2)
    return browser


async def deed(place: Place, actor: str, action: str, detail: Mapping[str, object]) -> None:
    async with transaction(place.serve.background) as connection:
        await record_deed(connection, place.clock(), actor, action, detail)


async def a_token(place: Place, name: str, *of: MunicipalityCode) -> None:
    lasts, now = timedelta(days=1), place.clock()
    await add_token(place.serve.background, name, [ApiScope.STEER], frozenset(of), "test", now, lasts=lasts)


def rows_of(html: str) -> list[str]:
    """Each row of the table as text, without its moment."""
    rows = re.findall(r"<tr class=\"utrecht-table__row\"><td[^>]*>.*?</td>(.*?)</tr>", html, re.S)
    return [
        " | ".join(filter(None, (part.strip() for part in re.sub(r"<[^>]+>", "\n", row).split("\n")))) for row in rows
    ]


async def test_looks_and_changes_of_ones_own_municipalities_are_there_and_no_others(place: Place, ada: Browser) -> None:
    ours = await an_earlier_call(place.serve, WIERDAM, EndReason.CALLER_HUNG_UP)
    theirs = await an_earlier_call(place.serve, ELDERLO, EndReason.CALLER_HUNG_UP)
    request = await a_request(place.serve, WIERDAM)
    now, web = place.clock(), place.site.pool
    assert await callers_number(web, BOTH, ours.id, "account:bea", now)
    assert await callers_number(web, BOTH, theirs.id, "account:eva", now)
    assert len(await callers_numbers(web, BOTH, [ours.id, theirs.id], "account:bea", now)) == 2
    await deed(place, "account:bea", "callback.number_shown", {"reference": request.reference})
    await deed(place, "service:kiss", "calamity.set", {"municipality": WIERDAM, "text": NUMBER})
    await deed(place, "account:eva", "calamity.set", {"municipality": ELDERLO})
    await deed(
        place,
        "jan",
        "account.role_add",
        {"account": "bea", "role": "supervisor:elderlo"},
    )
    await deed(place, "jan", "account.role_add", {"account": "bea", "role": "supervisor:GM9902"})
    await deed(place, "jan", "account.role_add", {"account": "bea", "role": "supervisor"})
    await deed(place, "jan", "account.role_add", {"account": "bea", "role": "supervisor:wierdam"})
    await deed(place, "jan", "area.import", {"key_changes": 3})
    html = await (await ada.get("/auditlog")).text()
    shown = rows_of(html)
    assert shown[:5] == [
        "jan | gaf een rol | rol teamleider (KCC Wierdam), account bea",
        "programma kiss | zette een calamiteit aan | Wierdam",
        f"bea | bekeek het nummer van een terugbelverzoek | terugbelverzoek {request.reference}",
        "bea | downloadde nummers van bellers | Wierdam, aantal gesprekken 1",
        f"bea | bekeek het nummer van een beller | gesprek {ours.id}",
    ]
    assert any(row.startswith("ada | logde in") for row in shown)
    for foreign in ("Elderlo", "elderlo", "GM9902", "eva", str(theirs.id), "area.import", NUMBER):
        assert foreign not in html, foreign
    async with reading(web, OWN) as connection:
        assert await connection.fetchval("SELECT count(*) FROM audit_entry WHERE NOT municipalities && '{GM9901}'") == 0
    assert await web.fetchval("SELECT count(*) FROM audit_entry") == 0, "without a scope there is nothing"
    everything = await list_deeds(web, None, DeedsAsked())
    assert {"area.import", "account.role_add"} < {one.action for one in everything}


async def test_of_somebody_who_works_elsewhere_too_only_what_is_nobodys_word_is_shown(
    place: Place, ada: Browser
) -> None:
    detail = {"operator": "101", "reason": "druk in Elderlo"}
    await deed(place, "account:eva", "operator.make_pause", detail)
    await deed(place, "account:bea", "operator.make_ready", detail)
    shown = rows_of(await (await ada.get("/auditlog?soort=medewerkers")).text())
    assert shown == [
        "bea | zette een medewerker op klaar | Anna (101)",
        "iemand van een andere gemeente | zette een medewerker op pauze | Anna (101)",
    ]
    whole = await list_deeds(place.site.pool, BOTH, DeedsAsked(actions=("operator",)))
    assert all(one.is_own for one in whole) and len(whole) == 2


async def test_looking_for_an_actor_from_elsewhere_finds_what_is_shown_and_no_more(place: Place, ada: Browser) -> None:
    await a_token(place, "kiss-elderlo", ELDERLO)
    await a_token(place, "kiss-wierdam", WIERDAM)
    await a_token(place, "kiss-samen", WIERDAM, ELDERLO)
    for actor in (
        "account:eva",
        "service:kiss-elderlo",
        "service:kiss-samen",
        "service:kiss-wierdam",
        "service:gone",
    ):
        await deed(place, actor, "operator.make_pause", {"operator": "101"})
    hidden = "iemand van een andere gemeente | zette een medewerker op pauze | Anna (101)"
    known = "programma kiss-wierdam | zette een medewerker op pauze | Anna (101)"
    shown = rows_of(await (await ada.get("/auditlog?soort=medewerkers")).text())
    assert shown == [hidden, known, hidden, hidden, hidden]
    for who, found in (("eva", []), ("kiss-elderlo", []), ("gone", []), ("kiss-wierdam", [known])):
        assert rows_of(await (await ada.get(f"/auditlog?wie={who}")).text()) == found, who
    whole = await list_deeds(place.site.pool, None, DeedsAsked(who="kiss-elderlo"))
    assert [one.actor for one in whole if one.action == "operator.make_pause"] == ["service:kiss-elderlo"]


async def test_a_name_is_found_as_it_is_shown(place: Place, ada: Browser) -> None:
    issuer = "https://login.gemeente.example:8443/Realms/kcc"
    for actor in ("console:Jan", f"provider:{issuer}", "service:kiss", "account:bea"):
        await deed(place, actor, "calamity.set", {"municipality": WIERDAM})
    html = await (await ada.get("/auditlog?soort=calamiteiten")).text()
    names = [row.partition(" | ")[0] for row in rows_of(html)]
    assert names == ["bea", "programma kiss", f"inlogdienst {issuer}", "op de server: Jan"]
    for name in (*names, "jan", issuer, "KISS"):
        address = f"/auditlog?{urlencode({'wie': name, 'soort': 'calamiteiten'})}"
        assert len(rows_of(await (await ada.get(address)).text())) == 1, name


async def test_no_digits_that_may_be_a_pin_or_a_number_are_shown(place: Place, ada: Browser) -> None:
    call = await an_earlier_call(place.serve, WIERDAM, EndReason.CALLER_HUNG_UP)
    for reason in ("bel 06-1234 5678 terug", "pin 4711", "+31119555123"):
        await deed(place, "account:bea", "transfer_allowed", {"call_id": str(call.id), "reason": reason})
    html = await (await ada.get("/auditlog?soort=medewerkers")).text()
    assert "reden bel ••• terug" in html and "reden pin •••" in html and html.count("•••") == 3
    assert not re.search("4711|5678|555123", html.replace(str(call.id), ""))


async def test_it_is_narrowed_by_period_person_and_kind_and_goes_on(
    place: Place, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_LISTED", 2)
    for n in range(5):
        await deed(place, "account:bea", "calamity.set", {"municipality": WIERDAM, "name": f"nummer {n}"})
    await deed(place, "service:bea", "calamity.end", {"municipality": WIERDAM})
    path, seen = "/auditlog?wie=BEA&soort=calamiteiten", list[str]()
    while path:
        html = await (await ada.get(path)).text()
        seen += rows_of(html)
        found = re.findall(r'href="(/auditlog\?[^"]*cursor=[^"]*)"', html)
        path = found[0].replace("&amp;", "&") if found else ""
    assert len(seen) == 6 and len(set(seen)) == 6
    for asked in ("wie=niemand", "soort=programmas", "vanaf=2026-01-01&tot=2026-01-02"):
        assert "niets gevonden" in await (await ada.get(f"/auditlog?{asked}")).text(), asked
    place.clock.pass_by(timedelta(minutes=1))
    for asked in ("wie=" + "x" * 201, "soort=anders", "vanaf=gisteren", "cursor=x", "wie=%07"):
        assert (await ada.get(f"/auditlog?{asked}")).status == 400, asked


async def test_an_account_of_a_team_and_one_of_the_whole_group(place: Place, ada: Browser) -> None:
    await place.account("toon", RoleRow(Role.OPERATOR, None, TeamCode("wierdam")))
    await place.account("gert", RoleRow(Role.SUPERVISOR))
    await deed(place, "toon", "login", {"second_factor": False})
    await deed(place, "gert", "login", {"second_factor": False})
    html = await (await ada.get("/auditlog?soort=inloggen")).text()
    assert "toon" in html and "gert" not in html


def test_each_kind_has_deeds_and_each_deed_a_kind() -> None:
    def kinds_of(action: str) -> list[str]:
        return [kind for kind, (_, of) in KINDS.items() if action in of or action.split(".")[0] in of]

    assert all(kinds_of(action) for action in DEEDS)
    assert {kind for action in DEEDS for kind in kinds_of(action)} == set(KINDS)
