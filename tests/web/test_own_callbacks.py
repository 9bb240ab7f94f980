"""An operator's list of callbacks: theirs and their team's, by the rule by which `claim_next` hands them out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ari_app.core.callback_rules import owner_now
from ari_app.core.callbacks import Absence, CallbackRequest
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.storage.callbacks.own import OwnRequest, own_requests
from ari_app.storage.operators.absences import add_absence, list_absences
from tests.web.callers import a_request
from tests.web.people import Place

pytestmark = pytest.mark.postgres

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
ANNA, BERT, CAS = OperatorNumber("101"), OperatorNumber("102"), OperatorNumber("103")
SCOPE = frozenset({WIERDAM})


@pytest.fixture
async def request_of_anna(place: Place) -> CallbackRequest:
    """Cas is of the same team; Bert is not."""
    await place.serve.pool.execute(
        "INSERT INTO operator VALUES ('103', 'Cas', ''); INSERT INTO operator_team VALUES ('103', 'wierdam')"
    )
    return await a_request(place.serve, WIERDAM, operator="101")


async def listed(place: Place) -> dict[OperatorNumber, list[OwnRequest]]:
    return await own_requests(place.site.pool, SCOPE, {ANNA, BERT, CAS}, place.clock())


async def follows_the_rule(place: Place, request: CallbackRequest) -> OperatorNumber | None:
    """Compare each list with `owner_now`; returns the one person it is for."""
    owner = owner_now(request, await list_absences(place.serve.background, None, place.clock()), place.clock())
    found = await listed(place)
    assert found[BERT] == []
    for reader in (ANNA, CAS):
        assert [(one.id, one.is_own) for one in found[reader]] == [(request.id, owner.operator == reader)]
        assert found[reader][0].owner == (None if owner.operator is None else "Anna")
    return owner.operator


async def test_what_is_for_one_person_is_the_teams_when_they_are_late(
    place: Place, request_of_anna: CallbackRequest
) -> None:
    assert await follows_the_rule(place, request_of_anna) == ANNA
    until = request_of_anna.personal_until_at
    assert until is not None
    place.clock.pass_by(until - place.clock())
    assert await follows_the_rule(place, request_of_anna) is None


async def test_what_is_for_one_person_is_the_teams_while_they_are_away(
    place: Place, request_of_anna: CallbackRequest
) -> None:
    now = place.clock()
    away = Absence(ANNA, now + timedelta(minutes=1), now + timedelta(minutes=3), "ziek")
    await add_absence(place.serve.background, away, "test", now)
    owners = []
    for _ in range(4):
        owners.append(await follows_the_rule(place, request_of_anna))
        place.clock.pass_by(timedelta(minutes=1))
    assert owners == [ANNA, None, None, ANNA]


async def test_ones_own_come_first_then_those_with_the_first_deadline(
    place: Place, request_of_anna: CallbackRequest
) -> None:
    of_team = await a_request(place.serve, WIERDAM, number="+31119555125")
    await place.serve.pool.execute(
        "UPDATE callback_request SET deadline_at = deadline_at + interval '1 hour' WHERE id = $1", of_team.id
    )
    of_cas = await a_request(place.serve, WIERDAM, number="+31119555124", operator="103")
    await a_request(place.serve, ELDERLO, number="+31119555126")
    found = await listed(place)
    assert [one.id for one in found[ANNA]] == [request_of_anna.id, of_cas.id, of_team.id]
    assert [one.id for one in found[CAS]] == [of_cas.id, request_of_anna.id, of_team.id]
    assert found[BERT] == []
