"""The ticks of callbacks: what is promised anew, taken over or taken back as time passes; and callers who gave up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from ari_app.core.area import Area
from ari_app.core.call import EndReason, Fact, FactKind, Stage
from ari_app.core.callback_rules import LEASE
from ari_app.core.callbacks import CallbackRequest, Confirmed, RequestKind, RequestReason, RequestState
from ari_app.core.ids import CallId, RequestId
from ari_app.storage.calls.ledger import PostgresLedger
from tests.core.test_deadlines import local
from tests.jobs.callback_stand import AREA, MONDAY, TEAM, Stand
from tests.storage.callback_values import ANNA, KCC, NUMBER, OOSTERWENDE, ZAND, ZANDERMEER, number
from tests.storage.values import new_call

pytestmark = pytest.mark.postgres


async def test_a_tick_reads_the_open_requests_once_and_again_only_when_an_owner_changed(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.ask(municipality=ZANDERMEER, team=ZAND)
    reads: list[Collection[RequestKind]] = []
    read = stand.store.open_requests

    async def counted(kinds: Collection[RequestKind] = tuple(RequestKind)) -> Sequence[CallbackRequest]:
        reads.append(kinds)
        return await read(kinds)

    monkeypatch.setattr(stand.store, "open_requests", counted)
    await stand.ticks.tick()
    assert reads == [[RequestKind.VIRTUAL_HOLD], tuple(RequestKind)]
    del reads[:]
    stand.area = replace(AREA, teams={code: team for code, team in AREA.teams.items() if code != ZAND})
    await stand.ticks.tick()
    assert reads == [[RequestKind.VIRTUAL_HOLD], tuple(RequestKind), tuple(RequestKind)]


async def test_a_virtual_hold_that_was_not_called_today_is_a_promise_for_tomorrow(stand: Stand) -> None:
    request = await stand.ask(kind=RequestKind.VIRTUAL_HOLD, queued_at=MONDAY)
    stand.hands.at("2026-03-02T16:59")
    await stand.ticks.tick()
    assert (await stand.service.request(request.id)).kind is RequestKind.VIRTUAL_HOLD  # type: ignore[union-attr]
    stand.hands.at("2026-03-02T17:00")
    await stand.ticks.tick()
    lapsed = await stand.service.request(request.id)
    assert lapsed is not None
    assert (lapsed.kind, lapsed.next_attempt_at) == (RequestKind.PROMISE, local("2026-03-03T08:30"))


async def test_requests_of_a_team_that_was_taken_out_are_another_teams_and_it_is_reminded(stand: Stand) -> None:
    request = await stand.ask(team=ZAND, operator=ANNA)
    stand.area = replace(AREA, teams={KCC: TEAM})
    stand.hands.at("2026-03-03T15:00")
    await stand.turn()
    now = await stand.service.request(request.id)
    assert now is not None
    assert (now.owner_team, now.owner_operator, now.deadline_at) == (KCC, ANNA, request.deadline_at)
    assert [fact["fact"] for fact in await stand.facts(request)][:2] == ["created", "assigned"]
    assert {to for to, _ in stand.mails} == {"kcc@gemeente.example"}


async def test_a_lease_whose_owner_is_gone_is_taken_back(stand: Stand) -> None:
    request = await stand.ask()
    now = stand.hands.now
    await stand.service.claim(request.id, ANNA, now, lease_owner="a")
    stand.hands.now += LEASE
    await stand.ticks.tick()
    given_back = await stand.service.request(request.id)
    assert given_back is not None
    assert given_back.state is RequestState.OPEN


async def test_designated_days_that_run_out_are_logged_once_a_day(stand: Stand) -> None:
    stand.area = replace(AREA, special_days={datetime(2026, 1, 2, tzinfo=UTC).date(): "dag na Nieuwjaarsdag"})
    with structlog.testing.capture_logs() as lines:
        for moment in ("02T09:00", "02T10:00", "03T09:00"):
            stand.hands.at(f"2026-03-{moment}")
            await stand.ticks.tick()
    assert [line["event"] for line in lines].count("designated_days_run_out") == 2


# --- callers who gave up waiting ---


async def call_of(
    stand: Stand, when: str, *, answered: bool = False, caller: str | None = NUMBER, keeps: RequestId | None = None
) -> CallId:
    """A call of Oosterwende that is over; `keeps`: an outbound one, for this request."""
    at = local(when)
    reason = EndReason.CALLER_HUNG_UP if answered else EndReason.ABANDONED_WAITING
    call = replace(
        new_call(at=at),
        municipality=OOSTERWENDE,
        stage=Stage.ENDED,
        queued_at=at,
        answered_at=at if answered else None,
        ended_at=at + timedelta(minutes=1),
        end_reason=reason,
        pii_caller_number=caller,
    )
    ledger = PostgresLedger(stand.database.pool)
    await ledger.store(replace(call, callback_request=keeps), [Fact(at, FactKind.ARRIVED)])
    await ledger.close()
    return call.id


def wanting_abandoned() -> Area:
    town = AREA.municipalities[OOSTERWENDE]
    rules = replace(town.callback, abandoned=True)
    return replace(AREA, municipalities={**AREA.municipalities, OOSTERWENDE: replace(town, callback=rules)})


async def test_a_caller_who_gave_up_waiting_is_called_back_where_the_municipality_wants_it(stand: Stand) -> None:
    call_id = await call_of(stand, "2026-03-02T15:00")
    await stand.ticks.tick()
    assert list(await stand.service.open_requests()) == []
    stand.area = wanting_abandoned()
    for _ in range(2):
        await stand.ticks.tick()
    (request,) = await stand.service.open_requests()
    assert (request.reason, request.call_id, request.pii_number) == (RequestReason.ABANDONED, call_id, NUMBER)
    assert request.first_contact_at == local("2026-03-02T15:00")
    assert request.number_confirmed_how is Confirmed.UNCONFIRMED
    await stand.service.close_by_person(request.id, "opgelost", "Anna", MONDAY)
    await stand.ticks.tick()
    assert list(await stand.service.open_requests()) == []


async def test_a_caller_who_gave_up_twice_has_one_promise_from_the_first_call(stand: Stand) -> None:
    stand.area = wanting_abandoned()
    await call_of(stand, "2026-03-02T15:00")
    await stand.ticks.tick()
    stand.hands.now += timedelta(minutes=30)
    await call_of(stand, "2026-03-02T16:20")
    for _ in range(2):
        await stand.ticks.tick()
    (request,) = await stand.service.open_requests()
    assert (request.first_contact_at, request.joined_count) == (local("2026-03-02T15:00"), 1)


async def test_a_caller_who_was_helped_later_or_has_no_callable_number_is_not_promised_a_call(stand: Stand) -> None:
    stand.area = wanting_abandoned()
    await call_of(stand, "2026-03-02T15:00")
    await call_of(stand, "2026-03-02T15:10", answered=True)
    await call_of(stand, "2026-03-02T15:00", caller=None)
    await call_of(stand, "2026-03-02T15:00", caller="+31909123456")
    await call_of(stand, "2026-02-27T15:00", caller=number(5))
    await stand.ticks.tick()
    assert list(await stand.service.open_requests()) == []


async def test_a_citizen_who_hangs_up_on_a_callback_has_not_asked_again(stand: Stand) -> None:
    stand.area = wanting_abandoned()
    await call_of(stand, "2026-03-02T15:00")
    await stand.ticks.tick()
    (request,) = await stand.service.open_requests()
    stand.hands.now += timedelta(minutes=30)
    await call_of(stand, "2026-03-02T16:20", keeps=request.id)
    await stand.ticks.tick()
    (request,) = await stand.service.open_requests()
    assert request.joined_count == 0
