"""Limits on the callbacks that callers ask for by themselves, on both stores."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ari_app.core.area import Area, CallbackRules
from ari_app.core.call import Call, EndReason, FactKind, Stage
from ari_app.core.callback_requests import NotPromised, WishPart
from ari_app.core.callbacks import Confirmed, RequestKind, RequestReason
from ari_app.core.limits import Limit
from tests.callbacks.conftest import Stand
from tests.storage.callback_values import DIRECTORY, NUMBER, OOSTERWENDE, ZANDERMEER, asked, at, number
from tests.storage.values import new_call

pytestmark = pytest.mark.postgres

CALLER = "+31201234567"


def limited(**rules: int) -> Area:
    town = replace(DIRECTORY.municipalities[OOSTERWENDE], callback=CallbackRules(abandoned=True, **rules))  # type: ignore[arg-type]
    return replace(DIRECTORY, municipalities={**DIRECTORY.municipalities, OOSTERWENDE: town})


def asking(minutes: float, *, confirmed: str | None = None, caller: str | None = CALLER) -> Call:
    """A caller who is in LEAVING_CALLBACK, before or after they confirmed a number."""
    return replace(
        new_call(at=at(minutes)),
        municipality=OOSTERWENDE,
        stage=Stage.LEAVING_CALLBACK,
        pii_caller_number=caller,
        pii_callback_number=confirmed,
        callback_kind=None if confirmed is None else RequestKind.PROMISE,
        callback_confirmed_how=None if confirmed is None else Confirmed.TYPED,
    )


async def test_one_caller_is_called_back_on_so_many_numbers_within_an_hour(stand: Stand) -> None:
    stand.area = limited(most_per_caller=2)
    for n in range(2):
        await stand.called(asking(n, confirmed=number(n)))
    third = await stand.called(asking(3))
    assert await stand.service.limit_of_caller(third, None, at(3)) is Limit.CALLER
    other = await stand.called(asking(4, caller="+31201234568"))
    withheld = await stand.called(asking(4, caller=None))
    for call in (other, withheld):
        assert await stand.service.limit_of_caller(call, None, at(4)) is None
    later = await stand.called(asking(61))
    assert await stand.service.limit_of_caller(later, None, at(61.5)) is None


async def test_calls_at_the_same_time_count_those_that_came_before(stand: Stand) -> None:
    stand.area = limited(most_per_caller=2)
    calls = [await stand.called(asking(n / 60)) for n in range(5)]
    found = [await stand.service.limit_of_caller(call, None, at(1)) for call in calls]
    assert found == [None, None, Limit.CALLER, Limit.CALLER, Limit.CALLER]


async def test_a_caller_who_asks_for_the_same_number_again_has_asked_for_one(stand: Stand) -> None:
    stand.area = limited(most_per_caller=2)
    for n in range(4):
        await stand.called(asking(n, confirmed=NUMBER))
    call = await stand.called(asking(5))
    assert await stand.service.limit_of_caller(call, None, at(5)) is None


async def test_one_number_is_asked_for_so_often_within_an_hour(stand: Stand) -> None:
    stand.area = limited(most_per_number=2)
    for town in (OOSTERWENDE, ZANDERMEER):
        await stand.created(at(0), municipality=town)
    call = await stand.called(asking(5))
    assert await stand.service.limit_of_caller(call, NUMBER, at(5)) is Limit.NUMBER
    assert await stand.service.limit_of_caller(call, number(1), at(5)) is None
    assert await stand.service.limit_of_caller(call, NUMBER, at(61)) is None


async def test_requests_that_people_make_are_not_counted(stand: Stand) -> None:
    stand.area = limited(most_per_hour=1)
    await stand.created(at(0), reason=RequestReason.DESK)
    call = await stand.called(asking(5))
    assert await stand.service.limit_of_caller(call, None, at(5)) is None
    await stand.created(at(6), pii_number=number(1))
    assert await stand.service.limit_of_caller(call, None, at(7)) is Limit.HOUR


async def test_over_the_limit_a_person_still_adds_a_request_and_a_confirmed_one_is_kept(stand: Stand) -> None:
    stand.area = limited(most_per_caller=1, most_per_number=1, most_per_hour=1)
    await stand.created(at(0))
    for n, reason in enumerate((RequestReason.OPERATOR, RequestReason.DESK, RequestReason.WAITING)):
        assert (await stand.created(at(1), reason=reason, pii_number=number(n))).is_open


async def test_over_the_limit_a_caller_who_gave_up_is_not_promised_a_call(stand: Stand) -> None:
    stand.area = limited(most_per_hour=1)
    await stand.created(at(0), pii_number=number(1))
    over = replace(
        asking(5), stage=Stage.ENDED, queued_at=at(5), ended_at=at(6), end_reason=EndReason.ABANDONED_WAITING
    )
    call = await stand.called(over)
    wish = asked(at(5), reason=RequestReason.ABANDONED, call_id=call.id, pii_number=CALLER)
    refused = await stand.service.create_or_join(wish, at(7))
    assert isinstance(refused, NotPromised)
    assert (refused.part, refused.limit) == (WishPart.LIMIT, Limit.HOUR)
    assert list(await stand.service.promise_abandoned_calls(at(7))) == []


async def test_a_caller_who_gave_up_and_was_refused_takes_no_place_that_becomes_free(stand: Stand) -> None:
    stand.area = limited(most_per_hour=1)
    await stand.created(at(0), pii_number=number(1))
    over = replace(
        asking(5), stage=Stage.ENDED, queued_at=at(5), ended_at=at(6), end_reason=EndReason.ABANDONED_WAITING
    )
    call = await stand.called(over)
    read = await stand.store.abandoned_calls([OOSTERWENDE], at(0))
    assert [one.id for one in read] == [call.id]
    assert list(await stand.service.promise_abandoned_calls(at(7))) == []
    assert await stand.store.abandoned_calls([OOSTERWENDE], at(0)) == []
    assert list(await stand.service.promise_abandoned_calls(at(61))) == []
    asker = await stand.called(asking(62))
    assert await stand.service.limit_of_caller(asker, None, at(62)) is None
    await stand.store.note_limit(read[0], Limit.HOUR, at(63))  # another program, which read the call before
    noted = await stand.facts_of_call(call)
    assert noted == [(call.last_seq + 1, FactKind.CALLBACK_LIMITED, {"limit": "hour"})]
