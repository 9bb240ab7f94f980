"""Reminders by mail: plain Dutch, and a reference by which the request is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ari_app.core.reminders import Reminder, ReminderKind
from ari_app.render.mail import mail_of
from tests.core.test_deadlines import local
from tests.prompts.dutch import wording_problems
from tests.storage.callback_values import ANNA, DIRECTORY, FULL_REQUEST, KCC, OOSTERWENDE

pytestmark = pytest.mark.pure

NOW = local("2026-03-02T10:00")
REQUEST = replace(
    FULL_REQUEST,
    municipality=OOSTERWENDE,
    reference="1234567",
    deadline_at=local("2026-03-09T17:00"),
    plan_by_at=local("2026-03-09T17:00"),
)


@pytest.mark.parametrize("kind", ReminderKind)
@pytest.mark.parametrize("count", [1, 3])
def test_a_mail_is_plain_dutch(kind: ReminderKind, count: int) -> None:
    mail = mail_of(Reminder(kind, NOW, NOW.date(), KCC, ANNA), [REQUEST] * count, DIRECTORY, NOW)
    assert [wording_problems(text) for text in (mail.subject, mail.body)] == [[], []]
    assert mail.body.count("- kenmerk 1234567, Oosterwende: bellen vóór maandag 9 maart, 17.00 uur\n") == count
    assert "Voor medewerker 101." in mail.body


@pytest.mark.parametrize(("count", "says"), [(1, "1 terugbelafspraak"), (2, "2 terugbelafspraken")])
def test_the_mail_of_the_morning_counts_the_requests(count: int, says: str) -> None:
    mail = mail_of(Reminder(ReminderKind.DAY_START, NOW, NOW.date(), KCC), [REQUEST] * count, DIRECTORY, NOW)
    assert mail.subject == f"Vandaag terugbellen: {says}"
    assert f"Uw team heeft vandaag {says}." in mail.body


def test_a_mail_names_the_deadline_also_when_the_call_is_better_made_before() -> None:
    planned = replace(REQUEST, plan_by_at=local("2026-03-06T17:00"))
    mail = mail_of(Reminder(ReminderKind.BEFORE_DEADLINE, NOW, NOW.date(), KCC), [planned], DIRECTORY, NOW)
    line = "bellen vóór maandag 9 maart, 17.00 uur. Bel liefst vóór vrijdag 6 maart, 17.00 uur\n"
    assert line in mail.body
    assert wording_problems(mail.body) == []


def test_a_request_whose_deadline_is_over_is_marked() -> None:
    late = replace(REQUEST, deadline_at=local("2026-03-01T17:00"))
    mail = mail_of(Reminder(ReminderKind.OVERDUE, NOW, NOW.date(), KCC), [late], DIRECTORY, NOW)
    assert "17.00 uur (te laat)\n" in mail.body
