"""Promises that are not forgotten: each reminder is sent once, by one of several programs, however late."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from ari_app.calls.callbacks.ports import Spoken
from ari_app.core.area import Contact
from ari_app.core.reminders import due_reminders
from ari_app.jobs.reminder_sender import Ways
from ari_app.storage.db.engine import Database
from tests.core.test_deadlines import local
from tests.jobs.callback_stand import AREA, MONDAY, TEAM, Caller, Hands, Hook, Stand
from tests.jobs.mail_server import MailServer
from tests.storage.callback_values import ANNA, DIRECTORY, KCC, NUMBER, number

pytestmark = pytest.mark.postgres


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
