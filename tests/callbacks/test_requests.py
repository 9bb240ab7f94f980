"""Requests to be called back, on both stores: made once, joined, given to an owner, closed; whatever is repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pytest

from ari_app.core.callback_requests import NotPromised, WishPart
from ari_app.core.callbacks import CallbackFactKind, CloseKind, RequestKind, RequestReason
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, RequestId, TeamCode, new_call_id
from ari_app.core.ledger import CloseRefused, NoSuchRequest, RequestClosed, UnknownOwner
from ari_app.core.tariffs import NotCalled
from tests.callbacks.conftest import Stand
from tests.references import is_reference
from tests.storage.callback_values import ANNA, BRAM, DIRECTORY, KCC, OOSTERWENDE, TEN, ZAND, ZANDERMEER, asked, at

pytestmark = pytest.mark.postgres

NOWHERE = RequestId(new_call_id())


async def test_a_request_has_number_deadline_owner_and_reference_from_the_first_second(stand: Stand) -> None:
    request = await stand.created(pii_number="06 1234 5678", team=None, pii_note="belt over een paspoort")
    assert request == await stand.now_is(request)
    assert (request.pii_number, request.owner_team) == ("+31612345678", KCC)
    assert request.deadline_at == datetime.fromisoformat("2026-03-03T17:00+01:00")
    assert is_reference(request.reference)
    assert await stand.kinds(request.id) == ["created"]


@pytest.mark.parametrize(
    ("changes", "field", "not_called"),
    [
        ({"pii_number": "0900 1234"}, WishPart.NUMBER, NotCalled.PAID),
        ({"pii_number": "abc"}, WishPart.NUMBER, NotCalled.NOT_A_NUMBER),
        ({"municipality": MunicipalityCode("GM0001")}, WishPart.MUNICIPALITY, None),
        ({"team": TeamCode("x")}, WishPart.TEAM, None),
        ({"operator": OperatorNumber("999")}, WishPart.OPERATOR, None),
    ],
)
async def test_a_promise_that_nobody_could_keep_is_not_made(
    stand: Stand, changes: Mapping[str, object], field: WishPart, not_called: NotCalled | None
) -> None:
    refused = await stand.service.create_or_join(asked(TEN, **changes), TEN)
    assert isinstance(refused, NotPromised)
    assert (refused.part, refused.not_called) == (field, not_called)
    assert await stand.service.open_requests() in ([], ())


async def test_a_municipality_that_no_team_answers_for_promises_nothing(stand: Stand) -> None:
    stand.area = replace(DIRECTORY, teams={ZAND: DIRECTORY.teams[ZAND]})
    refused = await stand.service.create_or_join(asked(team=None), TEN)
    assert isinstance(refused, NotPromised)
    assert refused.part is WishPart.TEAM


async def test_given_an_open_request_when_the_same_number_asks_again_then_it_joins_with_the_first_deadline(
    stand: Stand,
) -> None:
    first = await stand.created(pii_note="paspoort")
    again = await stand.service.create_or_join(
        asked(at(300), reason=RequestReason.OPERATOR, pii_note="nu dringend", subject="reizen"), at(300)
    )
    assert not isinstance(again, NotPromised)
    assert again.joined
    assert (again.request.id, again.request.reference) == (first.id, first.reference)
    assert again.request.deadline_at == first.deadline_at
    assert again.request.pii_note == "paspoort\nnu dringend"
    assert again.request.joined_count == 1
    facts = await stand.facts(first.id)
    assert [(fact.kind, fact.detail["reason"]) for fact in facts] == [("created", "menu"), ("joined", "operator")]


async def test_another_municipality_or_a_closed_request_is_another_promise(stand: Stand) -> None:
    first = await stand.created()
    other = await stand.created(municipality=ZANDERMEER)
    assert other.id != first.id
    await stand.service.close_by_person(first.id, "opgelost", "Anna", at(5))
    assert (await stand.created(at(6))).id not in (first.id, other.id)


async def test_given_a_crash_after_the_commit_when_the_same_call_asks_the_same_again_then_nothing_is_added(
    stand: Stand,
) -> None:
    call_id = new_call_id()
    first = await stand.service.create_or_join(asked(call_id=call_id), TEN)
    repeated = await stand.service.create_or_join(asked(call_id=call_id), at(0.1))
    assert repeated == first
    assert not isinstance(first, NotPromised)
    other = new_call_id()
    joined = [await stand.service.create_or_join(asked(at(1), call_id=other), at(1)) for _ in range(2)]
    assert not isinstance(joined[0], NotPromised)
    assert joined[0].joined
    assert joined[1] == joined[0]
    assert await stand.kinds(first.request.id) == ["created", "joined"]


async def test_a_promise_becomes_a_virtual_hold_when_its_caller_keeps_a_place(stand: Stand) -> None:
    await stand.created()
    kept = await stand.created(at(5), kind=RequestKind.VIRTUAL_HOLD, queued_at=at(4))
    assert (kept.kind, kept.queued_at) == (RequestKind.VIRTUAL_HOLD, at(4))


async def test_a_promise_that_was_closed_in_the_talk_it_was_made_in_can_be_made_again(stand: Stand) -> None:
    call_id = new_call_id()
    first = await stand.created(call_id=call_id)
    assert (await stand.created(call_id=call_id)).id == first.id
    await stand.service.close_as_helped(first.id, ANNA, at(1), at(2), call_id)
    again = await stand.created(at(3), call_id=call_id)
    assert again.is_open and again.id != first.id


async def test_another_owner_gets_the_request_with_its_deadline(stand: Stand) -> None:
    request = await stand.created()
    given = await stand.service.assign(request.id, ZAND, BRAM, "Chef", at(1))
    assert (given.owner_team, given.owner_operator, given.deadline_at) == (ZAND, BRAM, request.deadline_at)
    for team, operator in ((TeamCode("x"), None), (None, OperatorNumber("999"))):
        with pytest.raises(UnknownOwner):
            await stand.service.assign(request.id, team, operator, "Chef", at(2))
    assert await stand.now_is(request) == given


async def test_a_person_closes_with_a_reason_and_never_while_somebody_calls(stand: Stand) -> None:
    request = await stand.created()
    with pytest.raises(CloseRefused, match="reason"):
        await stand.service.close_by_person(request.id, "  ", "Anna", at(1))
    await stand.claimed(at(1))
    with pytest.raises(CloseRefused, match="being called"):
        await stand.service.close_by_person(request.id, "opgelost", "Anna", at(1))
    await stand.service.release(request.id, "a", at(2))
    closed = await stand.service.close_by_person(request.id, "opgelost", "Anna", at(3))
    assert (closed.closed_by, closed.pii_close_reason, closed.reached_at) == ("Anna", "opgelost", None)
    with pytest.raises(RequestClosed):
        await stand.service.close_by_person(request.id, "nog eens", "Anna", at(4))
    with pytest.raises(NoSuchRequest):
        await stand.service.close_by_person(NOWHERE, "niets", "Anna", at(4))


async def test_a_citizen_who_called_again_and_was_helped_is_reached_by_that_talk(stand: Stand) -> None:
    request = await stand.created()
    assert list(await stand.service.open_requests_of_number("+31612345678", [OOSTERWENDE])) == [request]
    assert list(await stand.service.open_requests_of_number("+31612345678", [ZANDERMEER])) == []
    call_id = CallId(new_call_id())
    closed = await stand.service.close_as_helped(request.id, ANNA, at(30), at(35), call_id)
    assert (closed.close_kind, closed.reached_at) == (CloseKind.HELPED, at(30))
    assert (await stand.facts(request.id))[-1].detail["call_id"] == str(call_id)
    assert list(await stand.service.open_requests_of_number("+31612345678", [OOSTERWENDE])) == []


async def test_a_refused_change_leaves_nothing_behind(stand: Stand) -> None:
    request = await stand.created()

    class Undone(Exception):
        pass

    with pytest.raises(Undone):
        async with stand.store.transaction() as rows:
            await rows.update(replace(request, subject="half"), [])
            raise Undone
    assert await stand.now_is(request) == request


async def test_personal_data_of_a_fact_stands_under_its_own_key(stand: Stand) -> None:
    request = await stand.created(pii_note="mevrouw Jansen")
    (fact,) = await stand.facts(request.id)
    assert fact.kind is CallbackFactKind.CREATED
    assert [key for key, value in fact.detail.items() if "Jansen" in str(value)] == ["pii_note"]
