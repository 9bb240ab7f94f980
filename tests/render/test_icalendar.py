"""The calendar file as RFC 5545 wants it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.callbacks import RequestKind, RequestReason, RequestState
from ari_app.core.ids import OperatorNumber
from ari_app.render.icalendar import team_calendar
from ari_app.storage.callbacks.reads import RequestLine
from tests.core.test_deadlines import local
from tests.storage.callback_values import KCC, OOSTERWENDE

pytestmark = pytest.mark.pure

NOW = local("2026-03-02T10:00")


def line(name: str | None = "Oosterwende", operator: str | None = None) -> RequestLine:
    deadline = local("2026-03-03T17:00")
    return RequestLine(
        reference="1234567",
        municipality=OOSTERWENDE,
        municipality_name=name,
        reason=RequestReason.MENU,
        kind=RequestKind.PROMISE,
        state=RequestState.OPEN,
        first_contact_at=NOW,
        deadline_at=deadline,
        plan_by_at=deadline - timedelta(hours=1),
        owner_team=KCC,
        owner_operator=None if operator is None else OperatorNumber(operator),
        owner_entry=None,
        subject="paspoort",
        attempts_count=1,
        next_attempt_at=None,
        escalated_at=None,
        last_seq=3,
        pii_number="+31612345678",
    )


def test_an_entry_has_moment_summary_and_owner() -> None:
    text = team_calendar("KCC; balie, 1e", [line(operator="101")], NOW)
    assert text.split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//ari_app//callbacks//NL",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Terugbellen KCC\\; balie\\, 1e",
        "BEGIN:VEVENT",
        "UID:callback-1234567@ari-app.invalid",
        "DTSTAMP:20260302T090000Z",
        "SEQUENCE:3",
        "DTSTART:20260303T144500Z",
        "DTEND:20260303T150000Z",
        "SUMMARY:Terugbellen 1234567\\, Oosterwende",
        "DESCRIPTION:Beloofd vóór dinsdag 3 maart\\, 17.00 uur. Voor medewerker 101",
        " . Pogingen: 1.",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    assert "612345678" not in text


@given(st.text(max_size=200))
def test_whatever_a_municipality_is_called_the_lines_are_whole_and_short(name: str) -> None:
    text = team_calendar(name, [line(name)], NOW)
    lines = text.split("\r\n")
    assert all(len(one.encode("utf-8", "surrogatepass")) <= 75 for one in lines)
    assert not any("\n" in one or "\r" in one for one in lines)
    unfolded = text.replace("\r\n ", "").split("\r\n")
    assert sum(one.startswith("SUMMARY:Terugbellen 1234567") for one in unfolded) == 1
    assert unfolded.count("END:VEVENT") == 1
