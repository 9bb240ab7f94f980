"""Addresses and forms that no page of ours makes: each is answered as what is not there, or makes no sense."""

from __future__ import annotations

import pytest

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.web.routes import OPEN_ROUTES, ROUTES
from tests.web.people import SECRET, Place

pytestmark = pytest.mark.postgres

EVERYTHING = tuple(map(RoleRow, (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.OPERATOR, Role.EDITOR)))


async def test_a_name_in_an_address_that_nothing_has_is_not_found(place: Place) -> None:
    await place.account("anna", *EVERYTHING, operator="101", secret=SECRET)
    browser = await place.logged_in("anna")
    for route in (*ROUTES, *OPEN_ROUTES):
        before, brace, after = route.path.partition("{")
        if not brace or route.path.endswith("/live"):
            continue
        for text in ("%00", "a%00", "%ff", "%ed%a0%80", "9" * 400, "%F0%9F%98%80"):
            path = f"{before}{text}{after.partition('}')[2]}"
            answer = await (browser.get(path) if route.method == "GET" else browser.post(path, {"id": "x"}))
            assert answer.status in (400, 404), (route.method, path, answer.status)


async def test_parameters_that_make_no_sense_break_no_page(place: Place) -> None:
    await place.account("anna", *EVERYTHING, operator="101", secret=SECRET)
    browser = await place.logged_in("anna")
    said = ("antwoord", "aantal", "niet", "wat", "eerder", "team", "gemeente", "gedaan", "verder", "zoek", "q")
    pages = [one.path for one in ROUTES if one.method == "GET" and "{" not in one.path]
    for text in ("%00", "%ff", "%C2%B2", "-1", "9" * 5000, "%F0%9F%98%80", "onzeker", "&wat=aan&wat=uit"):
        for path in (*pages, "/inloggen"):
            answer = await browser.get(f"{path}?{'&'.join(f'{name}={text}' for name in said)}")
            assert answer.status < 500, (path, text[:20])


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59", "0001-01-01T00:00:00+23:59", "\u0660001"])
async def test_moments_at_the_ends_of_time_are_said_to_be_wrong(place: Place, moment: str) -> None:
    await place.account("anna", *EVERYTHING, operator="101", secret=SECRET)
    browser = await place.logged_in("anna")
    forms: dict[str, dict[str, str]] = {
        "/calamiteiten": {"tekst": "Brand", "g-GM9901": "1", "vanaf": moment, "tot": moment},
        "/calamiteiten/einde": {"gemeente": "GM9901", "begin": moment},
        "/calamiteiten/sluiten": {"waarom": "Brand", "g-GM9901": "1", "van": moment, "einde": moment},
    }
    known = {one.path for one in ROUTES if one.method == "POST"}
    assert set(forms) <= known, sorted(path for path in known if path.startswith("/calam"))
    for path, form in forms.items():
        answer = await browser.post(path, {"id": "5b3c6a0e-8f52-4a54-9e0a-6f2a3f4d1c11", **form})
        assert answer.status == 400, path
