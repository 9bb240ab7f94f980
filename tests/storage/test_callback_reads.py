"""Lists, stories and figures of callbacks, and the personal data that they leave out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ari_app.callbacks.service import CallbackService
from ari_app.core.access import Scope
from ari_app.core.call import Fact, FactKind
from ari_app.core.callbacks import Absence, AttemptOutcome, CallbackRequest, Created
from ari_app.core.ids import MunicipalityCode, OperatorNumber, new_call_id
from ari_app.core.limits import Limit
from ari_app.storage.callbacks.reads import Due, limited, list_requests, promise, promise_definition, request_story
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from ari_app.storage.operators.absences import AbsenceRefused, add_absence, end_absences, list_absences
from tests.core.test_deadlines import local
from tests.storage.callback_values import ANNA, DIRECTORY, KCC, OOSTERWENDE, ZAND, ZANDERMEER, asked, number
from tests.storage.values import new_call

pytestmark = pytest.mark.postgres

GROUP: Scope = None
SCOPES: list[Scope] = [frozenset({OOSTERWENDE}), frozenset({ZANDERMEER}), frozenset({OOSTERWENDE, ZANDERMEER})]
NOW = local("2026-03-03T12:00")


@pytest.fixture
async def service(database: Database) -> AsyncIterator[CallbackService]:
    await database.pool.execute(
        """
        INSERT INTO municipality (code, name) VALUES ('GM9901', 'Oosterwende'), ('GM9902', 'Zandermeer');
        INSERT INTO operator VALUES ('101', 'Anna', '');
        """
    )
    store = PostgresCallbackStore(database.pool)
    yield CallbackService(store, lambda: DIRECTORY)
    await store.close()


async def made(service: CallbackService, when: str, n: int, **changes: object) -> CallbackRequest:
    now = local(when)
    created = await service.create_or_join(asked(now, pii_number=number(n), **changes), now)
    assert isinstance(created, Created)
    return created.request


async def tried(service: CallbackService, request: CallbackRequest, when: str, outcome: AttemptOutcome) -> None:
    now = local(when)
    assert await service.claim(request.id, ANNA, now, lease_owner="a")
    attempt = await service.start_attempt(request.id, "a", ANNA, new_call_id(), now)
    talk = {"answered_at": now, "reached_at": now} if outcome is AttemptOutcome.REACHED else {}
    await service.end_attempt(attempt.id, outcome, now + timedelta(minutes=5), **talk)


async def test_open_requests_come_in_the_order_of_their_urgency(service: CallbackService, database: Database) -> None:
    later = await made(service, "2026-03-03T09:00", 1)
    today = await made(service, "2026-03-02T09:00", 2)
    overdue = await made(service, "2026-02-26T09:00", 3, municipality=ZANDERMEER, team=ZAND)
    closed = await made(service, "2026-03-02T09:00", 4)
    await service.close_by_person(closed.id, "opgelost", "Anna", NOW)

    async def seen(**question: object) -> list[str]:
        found = await list_requests(database.background, GROUP, NOW, **question)  # type: ignore[arg-type]
        return [line.reference for line in found]

    assert await seen() == [overdue.reference, today.reference, later.reference]
    assert await seen(due=Due.TODAY) == [overdue.reference, today.reference]
    assert await seen(due=Due.OVERDUE) == [overdue.reference]
    assert await seen(municipality=ZANDERMEER) == await seen(team=ZAND) == [overdue.reference]
    assert await seen(team=KCC) == [today.reference, later.reference]


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_request_outside_the_scope_does_not_exist(
    service: CallbackService, database: Database, scope: frozenset[MunicipalityCode]
) -> None:
    requests = [
        await made(service, "2026-03-02T09:00", 1),
        await made(service, "2026-03-02T09:00", 2, municipality=ZANDERMEER),
    ]
    for request in requests:
        await tried(service, request, "2026-03-02T10:00", AttemptOutcome.NO_ANSWER)
    found = await list_requests(database.background, scope, NOW)
    assert {line.municipality for line in found} == scope
    for other in {OOSTERWENDE, ZANDERMEER} - scope:
        assert await list_requests(database.background, scope, NOW, municipality=other) == []
        assert await promise(database.background, scope, municipality=other) == []
    for request in requests:
        story = await request_story(database.background, scope, request.reference)
        assert (story is not None) == (request.municipality in scope)
    assert {month.municipality for month in await promise(database.background, scope)} == scope
    assert await list_requests(database.background, frozenset(), NOW) == []


async def test_personal_data_is_shown_only_when_it_is_asked_for(service: CallbackService, database: Database) -> None:
    request = await made(service, "2026-03-02T09:00", 1, pii_note="mevrouw Jansen")
    await service.close_by_person(request.id, "mevrouw Jansen is verhuisd", "Anna", NOW)
    again = await made(service, "2026-03-03T09:00", 1, pii_note="mevrouw Jansen")
    for reference in (request.reference, again.reference):
        bare = await request_story(database.background, GROUP, reference)
        whole = await request_story(database.background, GROUP, reference, with_personal_data=True)
        assert bare is not None
        assert whole is not None
        assert whole.request.pii_number == number(1)
        shown = str([bare.request.pii_number, bare.request.pii_note, bare.request.pii_close_reason, bare.facts])
        assert "Jansen" not in shown
        assert number(1) not in shown
    assert (await list_requests(database.background, GROUP, NOW))[0].pii_number is None
    with_numbers = await list_requests(database.background, GROUP, NOW, with_personal_data=True)
    assert with_numbers[0].pii_number == number(1)
    assert number(1) not in repr(with_numbers)


async def test_the_proof_of_one_request(service: CallbackService, database: Database) -> None:
    request = await made(service, "2026-03-02T09:00", 1)
    await tried(service, request, "2026-03-02T10:00", AttemptOutcome.NO_ANSWER)
    await tried(service, request, "2026-03-03T17:00", AttemptOutcome.REACHED)
    story = await request_story(database.background, GROUP, request.reference)
    assert story is not None
    assert (story.request.first_attempt_at, story.request.reached_at) == (
        local("2026-03-02T10:00"),
        local("2026-03-03T17:00"),
    )
    assert story.on_time is True  # at the deadline itself, to the second
    assert story.definition == "AV2-next-working-day"
    assert [attempt.outcome for attempt in story.attempts] == [AttemptOutcome.NO_ANSWER, AttemptOutcome.REACHED]


async def test_the_promise_is_counted_per_municipality_and_month_of_its_deadline(
    service: CallbackService, database: Database
) -> None:
    kept = [await made(service, "2025-03-03T09:00", n) for n in range(3)]
    late = await made(service, "2025-03-03T09:00", 10)
    given_up = await made(service, "2025-03-03T09:00", 11)
    await made(service, "2025-03-03T09:00", 12)  # nobody ever looked at it
    tried_only = await made(service, "2025-03-03T09:00", 13)
    helped = await made(service, "2025-03-03T09:00", 14)
    for request in kept:
        await tried(service, request, "2025-03-04T09:00", AttemptOutcome.REACHED)
    await tried(service, late, "2025-03-04T17:01", AttemptOutcome.REACHED)
    await service.close_by_person(given_up.id, "geen gehoor", "Anna", local("2025-03-04T12:00"))
    await tried(service, tried_only, "2025-03-04T12:00", AttemptOutcome.NO_ANSWER)
    talk = local("2025-03-04T11:00")
    await service.close_as_helped(helped.id, ANNA, talk, talk, new_call_id())
    # On the last day of the month the deadline lies in the next one; elsewhere it is another line.
    april = await made(service, "2025-03-31T16:00", 20)
    await tried(service, april, "2025-03-31T16:30", AttemptOutcome.REACHED)
    other = await made(service, "2025-03-03T09:00", 30, municipality=ZANDERMEER)
    await tried(service, other, "2025-03-03T10:00", AttemptOutcome.REACHED)
    far = datetime.now(UTC) + timedelta(days=1)
    await service.create_or_join(asked(far, pii_number=number(40)), far)  # open, and not due

    months = {(m.municipality, m.month): m for m in await promise(database.background, GROUP) if m.due}
    assert set(months) == {
        (OOSTERWENDE, date(2025, 3, 1)),
        (OOSTERWENDE, date(2025, 4, 1)),
        (ZANDERMEER, date(2025, 3, 1)),
    }
    march = months[OOSTERWENDE, date(2025, 3, 1)]
    assert (march.due, march.kept, march.late, march.unreached, march.open_overdue) == (8, 4, 1, 1, 2)
    assert march.tried_in_time == 1
    assert march.share_kept == Decimal("0.5000")
    assert march.kept + march.late + march.unreached + march.open_overdue == march.due
    assert months[OOSTERWENDE, date(2025, 4, 1)].share_kept == 1
    assert march.municipality_name == "Oosterwende"
    assert "Europe/Amsterdam" in await promise_definition(database.background)


async def test_a_month_without_anything_due_has_no_share(service: CallbackService, database: Database) -> None:
    far = datetime.now(UTC) + timedelta(days=1)
    await service.create_or_join(asked(far), far)
    (month,) = await promise(database.background, GROUP)
    assert (month.due, month.share_kept) == (0, None)


async def test_limits_that_were_reached_are_counted_by_municipality_within_the_scope(
    service: CallbackService, database: Database
) -> None:
    ledger = PostgresLedger(database.pool)
    for n, (town, limit) in enumerate(((OOSTERWENDE, "caller"), (OOSTERWENDE, "caller"), (ZANDERMEER, "hour"))):
        call = replace(new_call(at=NOW + timedelta(minutes=n)), municipality=town)
        facts = [
            Fact(call.arrived_at, FactKind.ARRIVED),
            Fact(call.arrived_at, FactKind.CALLBACK_LIMITED, {"limit": limit}),
        ]
        await ledger.store(call, facts)
    await ledger.close()
    found = await limited(database.background, GROUP, NOW)
    assert [(row.municipality_name, row.limit_reached, row.count) for row in found] == [
        ("Oosterwende", Limit.CALLER, 2),
        ("Zandermeer", Limit.HOUR, 1),
    ]
    assert found[0].last_at == NOW + timedelta(minutes=1)
    assert [row.municipality for row in await limited(database.background, frozenset({ZANDERMEER}), NOW)] == [
        ZANDERMEER
    ]
    assert await limited(database.background, GROUP, NOW + timedelta(minutes=3)) == []


async def test_operators_are_away_and_come_back(service: CallbackService, database: Database) -> None:
    pool = database.background
    leave = Absence(ANNA, local("2026-03-09T00:00"), local("2026-03-16T00:00"), "verlof")
    await add_absence(pool, Absence(ANNA, NOW), "chef", NOW)
    await add_absence(pool, leave, "chef", NOW)
    assert await list_absences(pool, None, NOW) == [Absence(ANNA, NOW), leave]
    assert await list_absences(pool, None, local("2026-03-16T00:00")) == [Absence(ANNA, NOW)]
    assert await end_absences(pool, ANNA, NOW + timedelta(hours=1)) == 2
    assert await list_absences(pool, None, NOW + timedelta(hours=2)) == []
    assert await end_absences(pool, ANNA, NOW + timedelta(hours=2)) == 0
    with pytest.raises(AbsenceRefused, match="no operator 999"):
        await add_absence(pool, Absence(OperatorNumber("999"), NOW), "chef", NOW)
