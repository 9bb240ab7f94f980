"""The upkeep, on both stores: virtual holds lapse, owners are found, abandoned calls promised, reminders stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ari_app.core.area import Area
from ari_app.core.call import Call, EndReason, Stage
from ari_app.core.callbacks import Confirmed, RequestKind, RequestReason
from ari_app.core.reminders import Audience, ReminderKind, ReminderWay
from tests.callbacks.conftest import Stand
from tests.core.test_deadlines import local
from tests.storage.callback_values import ANNA, DIRECTORY, KCC, NUMBER, OOSTERWENDE, TEN, ZAND, ZANDERMEER, at
from tests.storage.values import new_call

pytestmark = pytest.mark.postgres


async def test_a_virtual_hold_that_was_not_called_on_its_day_is_a_promise_for_the_next(stand: Stand) -> None:
    request = await stand.created(kind=RequestKind.VIRTUAL_HOLD, queued_at=TEN)
    assert list(await stand.service.lapse_virtual_holds(local("2026-03-02T16:59"))) == []
    for changed in (1, 0):
        assert len(await stand.service.lapse_virtual_holds(local("2026-03-02T17:00"))) == changed
    lapsed = await stand.now_is(request)
    assert (lapsed.kind, lapsed.next_attempt_at) == (RequestKind.PROMISE, local("2026-03-03T08:30"))
    assert await stand.kinds(request.id) == ["created", "virtual_hold_lapsed"]


async def test_a_virtual_hold_that_is_being_called_does_not_lapse(stand: Stand) -> None:
    request = await stand.created(kind=RequestKind.VIRTUAL_HOLD, queued_at=TEN)
    await stand.service.claim(request.id, ANNA, local("2026-03-02T16:59"), lease_owner="a")
    assert list(await stand.service.lapse_virtual_holds(local("2026-03-02T17:01"))) == []


async def test_requests_of_a_team_that_was_taken_out_of_the_area_go_to_another_team(stand: Stand) -> None:
    request = await stand.created(municipality=ZANDERMEER, team=ZAND, operator=ANNA)
    assert list(await stand.service.inherit_requests(await stand.service.open_requests(), at(1))) == []
    stand.area = replace(DIRECTORY, teams={KCC: DIRECTORY.teams[KCC]})
    (inherited,) = await stand.service.inherit_requests(await stand.service.open_requests(), at(2))
    assert inherited == await stand.now_is(request)
    assert (inherited.owner_team, inherited.owner_operator, inherited.deadline_at) == (KCC, ANNA, request.deadline_at)
    assert list(await stand.service.inherit_requests(await stand.service.open_requests(), at(3))) == []


# --- callers who gave up waiting ---


def wanting_abandoned() -> Area:
    town = DIRECTORY.municipalities[OOSTERWENDE]
    rules = replace(town.callback, abandoned=True)
    return replace(DIRECTORY, municipalities={**DIRECTORY.municipalities, OOSTERWENDE: replace(town, callback=rules)})


def abandoned(minutes: float, *, number: str | None = NUMBER, answered: bool = False) -> Call:
    """A call of Oosterwende that ended before, or after, a human answered."""
    moment = at(minutes)
    return replace(
        new_call(at=moment),
        municipality=OOSTERWENDE,
        stage=Stage.ENDED,
        queued_at=moment,
        answered_at=moment if answered else None,
        ended_at=moment + timedelta(minutes=1),
        end_reason=EndReason.CALLER_HUNG_UP if answered else EndReason.ABANDONED_WAITING,
        pii_caller_number=number,
    )


async def test_a_caller_who_gave_up_waiting_is_promised_once_where_the_municipality_wants_it(stand: Stand) -> None:
    call = await stand.called(abandoned(0))
    assert list(await stand.service.promise_abandoned_calls(at(5))) == []
    stand.area = wanting_abandoned()
    (made,) = await stand.service.promise_abandoned_calls(at(5))
    request = made.request
    assert (request.reason, request.call_id, request.pii_number) == (RequestReason.ABANDONED, call.id, NUMBER)
    assert (request.first_contact_at, request.number_confirmed_how) == (TEN, Confirmed.UNCONFIRMED)
    assert list(await stand.service.promise_abandoned_calls(at(6))) == []
    await stand.service.close_by_person(request.id, "opgelost", "Anna", at(7))
    assert list(await stand.service.promise_abandoned_calls(at(8))) == []


@pytest.mark.parametrize(
    "calls",
    [
        [abandoned(0), abandoned(10, answered=True)],
        [abandoned(0, number=None)],
        [abandoned(0, number="+31900123456")],
        [abandoned(-2 * 24 * 60)],
        [abandoned(0, answered=True)],
    ],
    ids=["called again and was helped", "number withheld", "paid number", "too long ago", "was answered"],
)
async def test_a_caller_who_needs_no_call_or_cannot_be_called_is_not_promised_one(
    stand: Stand, calls: list[Call]
) -> None:
    stand.area = wanting_abandoned()
    for call in calls:
        await stand.called(call)
    assert list(await stand.service.promise_abandoned_calls(at(30))) == []
    assert list(await stand.service.open_requests()) == []


async def test_a_caller_who_gave_up_twice_has_one_promise_from_the_first_call(stand: Stand) -> None:
    stand.area = wanting_abandoned()
    await stand.called(abandoned(0))
    await stand.service.promise_abandoned_calls(at(5))
    await stand.called(abandoned(10))
    (made,) = await stand.service.promise_abandoned_calls(at(15))
    assert made.joined
    assert (made.request.first_contact_at, made.request.joined_count) == (TEN, 1)
    assert list(await stand.service.promise_abandoned_calls(at(16))) == []


# --- reminders ---


async def test_a_reminder_is_stored_once_and_marks_its_request(stand: Stand) -> None:
    request = await stand.created()
    now = local("2026-03-03T17:00")
    ways = {(KCC, audience): [ReminderWay.EMAIL] for audience in Audience}
    due = await stand.reminders.record_due(await stand.service.open_requests(), ways, now)
    assert [one.kind for one in due] == [
        ReminderKind.DAY_START,
        ReminderKind.BEFORE_DEADLINE,
        ReminderKind.AT_DEADLINE,
    ]
    assert list(await stand.reminders.record_due(await stand.service.open_requests(), ways, now)) == []
    late = await stand.now_is(request)
    assert late.escalated_at == now
    assert await stand.kinds(request.id) == ["created", "reminded", "reminded", "escalated"]


async def test_a_reminder_is_about_what_is_open_when_it_is_sent(stand: Stand) -> None:
    request = await stand.created()
    other = await stand.created(pii_number="0612345679")
    day_start, before, _ = await stand.reminders.record_due(
        await stand.service.open_requests(), {}, local("2026-03-03T15:00")
    )
    assert {one.id for one in await stand.reminders.requests_of(day_start, at(1))} == {request.id, other.id}
    about = before.request_id
    assert [one.id for one in await stand.reminders.requests_of(before, at(1))] == [about]
    assert about is not None
    await stand.service.close_by_person(about, "opgelost", "Anna", at(2))
    assert list(await stand.reminders.requests_of(before, at(3))) == []
    assert len(await stand.reminders.requests_of(day_start, at(3))) == 1
