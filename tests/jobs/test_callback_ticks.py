"""Promises that are not forgotten: each reminder is sent once, by one of several programs, however late."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from ari_app.callbacks.reminders import ReminderService
from ari_app.callbacks.service import CallbackService
from ari_app.calls.callbacks.ports import Spoken, SpokenReminder
from ari_app.core.area import Area, Contact
from ari_app.core.call import EndReason, Fact, FactKind, Stage
from ari_app.core.callback_rules import LEASE
from ari_app.core.callbacks import CallbackRequest, Confirmed, Created, RequestKind, RequestReason, RequestState
from ari_app.core.ids import AsteriskId, CallId, RequestId
from ari_app.core.reminders import due_reminders
from ari_app.jobs.callback_ticks import CallbackTicks
from ari_app.jobs.delivery import Mailer, NotSent, SmtpServer
from ari_app.jobs.reminder_sender import ReminderSender, Ways
from ari_app.storage.callbacks.reminders import ReminderQueue
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from ari_app.storage.db.outbox import Outbox
from tests.core.test_deadlines import local
from tests.jobs.mail_server import MailServer
from tests.storage.callback_values import ANNA, DIRECTORY, KCC, NUMBER, OOSTERWENDE, ZAND, ZANDERMEER, asked, number
from tests.storage.values import new_call

pytestmark = pytest.mark.postgres

TEAM = replace(
    DIRECTORY.teams[KCC],
    reminders=Contact("kcc@gemeente.example", "PJSIP/phone20"),
    supervisor=Contact("chef@gemeente.example"),
)
AREA = replace(DIRECTORY, teams={**DIRECTORY.teams, KCC: TEAM})
MONDAY = local("2026-03-02T16:00")


class Hands:
    """A clock whose hands the test turns."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def at(self, text: str) -> datetime:
        self.now = local(text)
        return self.now


@dataclass
class Hook:
    """A webhook that keeps what it is given; `away` is how often it fails first."""

    away: int = 0
    got: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    async def send(self, event_id: str, payload: dict[str, object], at: datetime) -> None:
        if self.away:
            self.away -= 1
            raise NotSent("away")
        self.got.append((event_id, payload))


@dataclass
class Caller:
    answer: Spoken = Spoken.HEARD
    rung: list[SpokenReminder] = field(default_factory=list)

    async def remind(self, reminder: SpokenReminder) -> Spoken:
        self.rung.append(reminder)
        return self.answer


@dataclass
class Stand:
    """One program, as far as callbacks go."""

    database: Database
    mail: MailServer
    hands: Hands
    hook: Hook
    caller: Caller
    area: Area = AREA

    def __post_init__(self) -> None:
        self.store = PostgresCallbackStore(self.database.pool)
        self.service = CallbackService(self.store, lambda: self.area)
        self.reminders = ReminderService(self.store, lambda: self.area)
        self.queue = ReminderQueue(self.database.pool)
        mailer = Mailer(SmtpServer.from_url(self.mail.url), "terugbellen@gemeente.example")
        self.use(Ways(mailer, self.hook, self.caller))  # type: ignore[arg-type]

    def use(self, ways: Ways) -> None:
        outbox = Outbox(self.database.pool)
        self.sender = ReminderSender(self.reminders, self.queue, outbox, ways, lambda: self.area, self.hands)
        self.ticks = CallbackTicks(
            self.service, self.reminders, self.sender, lambda: self.area, self.hands, AsteriskId("node1")
        )

    async def ask(self, **changes: object) -> CallbackRequest:
        made = await self.service.create_or_join(asked(self.hands.now, **changes), self.hands.now)
        assert isinstance(made, Created)
        return made.request

    async def facts(self, request: CallbackRequest) -> list[dict[str, object]]:
        query = "SELECT kind, detail FROM callback_fact WHERE request_id = $1 ORDER BY seq"
        rows = await self.database.pool.fetch(query, request.id)
        return [{"fact": row["kind"], **json.loads(row["detail"])} for row in rows]

    async def turn(self) -> None:
        await self.ticks.tick()
        await self.sender.mail()
        await self.sender.post()
        await self.sender.speak()

    async def close(self) -> None:
        await self.store.close()

    @property
    def mails(self) -> list[tuple[str, str]]:
        return [(str(message["To"]), str(message["Subject"])) for message in self.mail.messages]


@pytest.fixture
async def stand(database_url: str) -> AsyncIterator[Stand]:
    async with Database(database_url) as database, MailServer() as mail:
        stand = Stand(database, mail, Hands(MONDAY), Hook(), Caller())
        yield stand
        await stand.close()


async def test_a_promise_is_reminded_of_in_the_morning_before_and_at_its_deadline_and_daily(stand: Stand) -> None:
    request = await stand.ask()
    for moment in ("02T17:00", "03T08:30", "03T08:31", "03T15:00", "03T17:00", "03T23:00", "04T09:00", "05T09:00"):
        stand.hands.at(f"2026-03-{moment}")
        await stand.turn()
        await stand.turn()
    assert stand.mails == [
        ("kcc@gemeente.example", "Vandaag terugbellen: 1 terugbelafspraak"),
        ("kcc@gemeente.example", "Bijna te laat: terugbellen voor Oosterwende"),
        ("chef@gemeente.example", "Te laat: terugbellen voor Oosterwende"),
        ("kcc@gemeente.example", "Vandaag terugbellen: 1 terugbelafspraak"),
        ("chef@gemeente.example", "Nog steeds te laat: terugbellen voor Oosterwende"),
        ("kcc@gemeente.example", "Vandaag terugbellen: 1 terugbelafspraak"),
        ("chef@gemeente.example", "Nog steeds te laat: terugbellen voor Oosterwende"),
    ]
    told = [payload["kind"] for _, payload in stand.hook.got]
    assert told == ["day_start", "before_deadline", "at_deadline", "day_start", "overdue", "day_start", "overdue"]
    facts = [fact["kind"] for fact in await stand.facts(request) if fact["fact"] == "reminded"]
    assert facts == ["before_deadline", "at_deadline", "overdue", "overdue"]
    late = await stand.service.request(request.id)
    assert late is not None
    assert late.escalated_at == local("2026-03-03T17:00")


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


async def test_a_mail_holds_reference_municipality_and_deadline_and_no_personal_data(stand: Stand) -> None:
    request = await stand.ask(pii_note="mevrouw Jansen, over haar uitkering", subject="uitkering")
    stand.hands.at("2026-03-03T08:30")
    await stand.turn()
    mail = stand.mail.messages[0]
    text = f"{mail['Subject']} {mail.get_content()} {mail.as_string()} {stand.hook.got}"
    assert request.reference in text
    assert "Oosterwende" in text
    assert "dinsdag 3 maart, 17.00 uur" in text
    digits = re.sub(r"\D", "", NUMBER)
    for secret in (NUMBER, digits, digits[2:], "Jansen", "uitkering"):
        assert secret not in text


async def test_the_owners_day_names_all_that_is_due_and_the_phone_may_call_the_first(stand: Stand) -> None:
    for n in range(3):
        await stand.ask(pii_number=number(n))
    mine = await stand.ask(pii_number=number(9), operator=ANNA)
    stand.hands.at("2026-03-03T08:30")
    await stand.turn()
    assert sorted(subject for _, subject in stand.mails) == [
        "Vandaag terugbellen: 1 terugbelafspraak",
        "Vandaag terugbellen: 3 terugbelafspraken",
    ]
    by_owner = {one.owner_operator: one for one in stand.caller.rung}
    assert by_owner[ANNA].requests == (mine.id,)
    assert len(by_owner[None].requests) == 3
    assert by_owner[None].pii_phone == "PJSIP/phone20"


async def test_given_two_copies_that_tick_at_once_then_each_reminder_is_sent_once(database_url: str) -> None:
    async with Database(database_url) as one, Database(database_url) as two, MailServer() as mail:
        hands, hook, caller = Hands(MONDAY), Hook(), Caller()
        copies = [Stand(database, mail, hands, hook, caller) for database in (one, two)]
        for n in range(8):
            await copies[0].ask(pii_number=number(n))
        for moment in ("03T08:30", "03T15:00", "03T17:00"):
            hands.at(f"2026-03-{moment}")
            await asyncio.gather(*(copy.turn() for copy in copies * 2))
        assert len(mail.messages) == 1 + 8 + 8
        assert len({str(message["Message-ID"]) for message in mail.messages}) == 17
        assert len(hook.got) == len({event for event, _ in hook.got}) == 17
        for copy in copies:
            await copy.close()


async def test_given_copies_that_find_different_reminders_of_one_request_then_none_waits_for_the_other(
    database_url: str,
) -> None:
    async with Database(database_url) as one, Database(database_url) as two, MailServer() as mail:
        hands, hook, caller = Hands(MONDAY), Hook(), Caller()
        copies = [Stand(database, mail, hands, hook, caller) for database in (one, two)]
        requests = [await copies[0].ask(pii_number=number(n)) for n in range(10)]
        now = hands.at("2026-03-04T09:00")
        due = due_reminders(requests, [], AREA, now)
        in_turn = [copy.reminders.record(found, {}, now) for copy, found in zip(copies, (due, due[::-1]), strict=True)]
        stored = await asyncio.gather(*in_turn)
        keys = [reminder.key for found in stored for reminder in found]
        assert sorted(keys) == sorted(reminder.key for reminder in due)
        for copy in copies:
            await copy.close()


async def test_given_a_sender_that_died_when_another_comes_then_late_but_not_never(stand: Stand) -> None:
    await stand.ask()
    stand.hands.at("2026-03-03T08:30")
    await stand.ticks.tick()
    taken = await stand.queue.take(["email"], stand.hands.now, next_try_at=stand.hands.now + timedelta(minutes=2))  # type: ignore[list-item]
    assert len(taken) == 1  # and then its process was killed
    await stand.turn()
    assert stand.mails == []
    stand.hands.at("2026-03-03T08:33")
    await stand.turn()
    await stand.turn()
    assert len(stand.mails) == 1


@pytest.mark.parametrize(
    ("asked_at", "wakes_at"),
    [("2026-03-27T10:00", "2026-03-30T18:00"), ("2026-10-23T10:00", "2026-10-26T18:00")],
    ids=["clocks forward", "clocks back"],
)
async def test_given_a_machine_that_slept_over_a_change_of_the_clock_then_every_reminder_is_sent_when_it_wakes(
    stand: Stand, asked_at: str, wakes_at: str
) -> None:
    stand.hands.at(asked_at)
    await stand.ask()
    stand.hands.at(wakes_at)
    with structlog.testing.capture_logs() as lines:
        await stand.turn()
        await stand.turn()
    due = {line["kind"]: line["late_seconds"] for line in lines if line["event"] == "reminder_due"}
    assert due == {"day_start": 9.5 * 3600, "before_deadline": 3 * 3600, "at_deadline": 3600}
    assert len(stand.mails) == 3


async def test_a_mail_server_that_is_away_is_asked_again_and_a_refusal_is_not(stand: Stand) -> None:
    await stand.ask()
    stand.hands.at("2026-03-03T08:30")
    stand.mail.refuse = "451 later"
    await stand.turn()
    assert stand.mails == []
    stand.mail.refuse = None
    await stand.turn()
    assert stand.mails == []  # not yet
    stand.hands.at("2026-03-03T08:32")
    await stand.turn()
    assert len(stand.mails) == 1
    stand.hands.at("2026-03-03T15:00")
    stand.mail.refuse = "550 no such user"
    with structlog.testing.capture_logs() as lines:
        await stand.turn()
    assert [line["given_up"] for line in lines if line["event"] == "reminder_not_sent"] == [True]
    stand.mail.refuse = None
    stand.hands.at("2026-03-03T16:30")
    await stand.turn()
    assert len(stand.mails) == 1


async def test_a_webhook_waits_in_the_outbox_until_it_arrives(stand: Stand) -> None:
    await stand.ask()
    stand.hook.away = 3
    stand.hands.at("2026-03-03T08:30")
    await stand.turn()
    waiting = await stand.database.pool.fetch("SELECT tries_count, done_at FROM outbox")
    assert [tuple(row) for row in waiting] == [(1, None)]
    for minutes in (1, 3, 7, 15):
        stand.hands.now = local("2026-03-03T08:30") + timedelta(minutes=minutes)
        await stand.turn()
    assert [payload["kind"] for _, payload in stand.hook.got] == ["day_start"]


async def test_given_a_mail_server_that_hangs_then_the_webhook_goes_all_the_same(stand: Stand) -> None:
    await stand.ask()
    stand.hands.at("2026-03-03T08:30")
    stand.mail.slow_seconds = 0.3
    await stand.ticks.tick()
    mailing = asyncio.create_task(stand.sender.mail())
    await stand.sender.post()
    assert len(stand.hook.got) == 1
    assert stand.mails == []
    await mailing
    assert len(stand.mails) == 1


async def test_a_request_that_was_done_meanwhile_is_not_reminded_of(stand: Stand) -> None:
    request = await stand.ask()
    stand.hands.at("2026-03-03T08:30")
    await stand.ticks.tick()
    await stand.service.close_by_person(request.id, "opgelost", "Anna", stand.hands.now)
    await stand.turn()
    assert stand.mails == []
    assert stand.caller.rung == []
    outcomes = await stand.database.pool.fetch("SELECT way, outcome FROM callback_reminder ORDER BY way")
    assert {row["way"]: row["outcome"] for row in outcomes} == {
        "screen": "sent",
        "email": "not_needed",
        "webhook": "not_needed",
        "phone": "not_needed",
    }


async def test_a_phone_that_nobody_picks_up_rings_three_times_and_never_at_night(stand: Stand) -> None:
    await stand.ask()
    stand.caller.answer = Spoken.NOT_HEARD
    for minutes in range(0, 120, 5):
        stand.hands.now = local("2026-03-03T08:30") + timedelta(minutes=minutes)
        await stand.ticks.tick()
        await stand.sender.speak()
    assert len(stand.caller.rung) == 3
    stand.area = replace(AREA, teams={KCC: replace(TEAM, supervisor=Contact(None, "+31119990100"))})
    stand.caller.answer = Spoken.HEARD
    stand.hands.at("2026-03-03T23:00")  # it was overdue at five, and the machine slept
    await stand.ticks.tick()
    await stand.sender.speak()
    assert len(stand.caller.rung) == 3
    stand.hands.at("2026-03-04T08:30")
    await stand.ticks.tick()
    await stand.sender.speak()
    assert "+31119990100" in {one.pii_phone for one in stand.caller.rung[3:]}
    assert "+31119990100" not in repr(stand.caller.rung)


async def test_without_a_supervisors_address_the_team_hears_it(stand: Stand) -> None:
    stand.area = replace(AREA, teams={KCC: replace(TEAM, supervisor=Contact())})
    await stand.ask()
    stand.hands.at("2026-03-03T17:00")
    await stand.turn()
    assert ("kcc@gemeente.example", "Te laat: terugbellen voor Oosterwende") in stand.mails


async def test_without_ways_the_screen_has_it(stand: Stand) -> None:
    stand.area = DIRECTORY
    stand.use(Ways())
    await stand.ask()
    stand.hands.at("2026-03-03T17:00")
    await stand.turn()
    ways = await stand.database.pool.fetch("SELECT DISTINCT way FROM callback_reminder")
    assert [row["way"] for row in ways] == ["screen"]


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
