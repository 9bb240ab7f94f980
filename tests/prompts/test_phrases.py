"""The sentences that callers, operators and colleagues hear at every kind of moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from ari_app.core.area import Member, SharedNumber
from ari_app.core.call import EndReason
from ari_app.core.callbacks import RequestKind
from ari_app.core.numbers import AREA_CODES, FICTITIOUS_AREA_CODES
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.operators import PauseReason
from ari_app.core.reminders import ReminderKind
from ari_app.core.survey import SurveyQuestion
from ari_app.core.tariffs import NotCalled
from ari_app.core.transfer import TransferOutcome
from ari_app.prompts.catalogue import load
from ari_app.prompts.phrases import callback_caller as callback_to_caller
from ari_app.prompts.phrases import callback_operator as callback_to_operator
from ari_app.prompts.phrases import caller as to_caller
from ari_app.prompts.phrases import colleague as to_colleague
from ari_app.prompts.phrases import operator as to_operator
from ari_app.prompts.phrases.parts import MUSIC, RING_TONE, digits
from ari_app.prompts.tones import TONES
from tests.prompts.phrase_values import LINDENHOVE, WATERDAM, local, menu
from tests.prompts.transcripts import spoken

pytestmark = pytest.mark.pure


ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("now", "opens", "said"),
    [
        ("2026-11-23T07:55", "2026-11-23T08:30", "vandaag weer bellen, vanaf half negen."),
        ("2026-11-23T00:01", "2026-11-23T08:30", "vandaag weer bellen, vanaf half negen."),
        ("2026-11-23T23:59", "2026-11-24T08:30", "morgen weer bellen, vanaf half negen."),
        ("2026-11-20T17:30", "2026-11-23T09:00", "weer bellen op maandag, vanaf negen uur."),
        ("2026-11-17T17:30", "2026-11-23T08:45", "weer bellen op maandag, vanaf kwart voor negen."),
        # a week ahead "op maandag" alone could be heard as today
        ("2026-11-16T17:30", "2026-11-23T08:30", "weer bellen op maandag, drieëntwintig, november, vanaf half negen."),
        ("2026-12-24T17:30", "2027-01-04T08:30", "weer bellen op maandag, vier, januari, vanaf half negen."),
        # five holidays in a row (DOMAIN §4): Tuesday 4 May 2027 to Monday 10 May
        ("2027-05-04T17:30", "2027-05-10T08:30", "weer bellen op maandag, vanaf half negen."),
        # the clock goes forward, and back, in between
        ("2026-03-28T23:30", "2026-03-29T13:00", "morgen weer bellen, vanaf één uur."),
        ("2026-03-29T00:30", "2026-03-30T08:30", "morgen weer bellen, vanaf half negen."),
        ("2026-03-29T01:30", "2026-03-29T08:30", "vandaag weer bellen, vanaf half negen."),
        ("2026-10-24T23:30", "2026-10-26T08:30", "weer bellen op maandag, vanaf half negen."),
        ("2026-10-25T00:15", "2026-10-26T08:30", "morgen weer bellen, vanaf half negen."),
    ],
)
def test_given_a_closed_municipality_then_the_opening_is_announced(now: str, opens: str, said: str) -> None:
    heard = spoken(to_caller.closed(LINDENHOVE, local(opens), local(now)))
    assert heard.startswith("De gemeente Lindenhove is nu gesloten. U kunt ons ")
    assert heard.endswith(said)


def test_given_a_call_at_half_past_eleven_utc_then_the_day_is_the_one_in_the_netherlands() -> None:
    late = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)  # 2 July, 00:30
    said = spoken(to_caller.opening(datetime(2026, 7, 2, 6, 30, tzinfo=UTC), late))
    assert said == "U kunt ons vandaag weer bellen, vanaf half negen."


def test_given_no_opening_in_sight_then_no_time_is_promised() -> None:
    heard = spoken(to_caller.closed(None, None, local("2026-11-23T07:55")))
    assert heard == "We zijn nu gesloten. Probeer het later nog eens. Dank u wel voor het bellen."


def test_an_instant_without_a_timezone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        to_caller.opening(local("2026-11-23T07:55").replace(tzinfo=None), local("2026-11-23T07:55"))


@pytest.mark.parametrize(
    ("now", "deadline", "said"),
    [
        ("2026-11-23T10:00", "2026-11-24T17:00", "We bellen u uiterlijk morgen terug."),
        ("2026-11-20T10:00", "2026-11-23T17:00", "We bellen u terug, uiterlijk op maandag,"),
        ("2026-12-24T10:00", "2027-01-04T17:00", "We bellen u terug, uiterlijk op maandag, vier, januari,"),
        # an older promise that is confirmed on its last day, or after it
        ("2026-11-24T10:00", "2026-11-24T17:00", "We bellen u vandaag nog terug."),
        ("2026-11-24T17:30", "2026-11-24T17:00", "We bellen u zo snel mogelijk terug."),
    ],
)
def test_a_callers_promise_has_the_deadline_and_the_reference_digit_by_digit(
    now: str, deadline: str, said: str
) -> None:
    promise = callback_to_caller.promise(RequestKind.PROMISE, local(deadline), "3874205", local(now))
    end = "Uw kenmerk is, drie, acht, zeven. vier, twee. nul, vijf. Dank u wel voor het bellen."
    assert spoken(promise) == f"{said} {end}"


def test_an_operator_hears_the_municipalities_of_the_login() -> None:
    assert spoken(to_operator.logged_in_for([LINDENHOVE])) == "U bent aangemeld voor, Lindenhove,"
    assert spoken(to_operator.logged_in_for([LINDENHOVE, WATERDAM])) == (
        "U bent aangemeld voor, Lindenhove, en, Oud-Waterdam,"
    )
    assert spoken(to_operator.logged_in_for([])) == "U bent aangemeld."


@pytest.mark.parametrize(
    ("kind", "count", "said"),
    [
        (ReminderKind.DAY_START, 5, "U moet vandaag nog terugbellen. Het aantal is, vijf,"),
        (ReminderKind.DAY_START, 21, "U moet vandaag nog terugbellen. Het zijn er meer dan twintig."),
        (
            ReminderKind.OVERDUE,
            1,
            "U moet vandaag nog terugbellen. Het aantal is, één, De afgesproken tijd is al voorbij.",
        ),
    ],
)
def test_a_reminder_counts_the_callbacks_and_says_when_they_are_late(kind: ReminderKind, count: int, said: str) -> None:
    asks = " Wilt u de eerste nu bellen? Toets één."
    assert spoken(callback_to_operator.reminder(kind, count)) == said + asks


def test_a_refused_third_transfer_names_the_keys_that_work() -> None:
    said = spoken(to_operator.refusal(RefusalReason.TRANSFER_LIMIT))
    assert said.endswith("Toets daarvoor sterretje zes, en een hekje.")


def test_the_keys_of_the_pause_reasons_are_read_out_as_they_work() -> None:
    asked = spoken(to_operator.ASK_PAUSE_REASON)
    said = {reason: spoken(to_operator.paused(reason)) for reason in PauseReason}
    assert len(set(said.values())) == len(PauseReason)
    for words, reason in (
        ("één voor pauze", PauseReason.BREAK),
        ("twee voor lunch", PauseReason.LUNCH),
        ("drie voor overleg", PauseReason.MEETING),
        ("vier voor training", PauseReason.TRAINING),
        ("vijf voor administratie", PauseReason.ADMINISTRATION),
    ):
        assert words in asked
        assert words.split()[-1] in said[reason]


def test_every_fixed_phrase_exists_and_no_text_is_left_over() -> None:
    """The phrases and the dialplan play exactly the texts of the catalogue."""
    now = local("2026-11-23T07:55")
    played: set[str] = set()
    for module in (to_caller, to_operator, to_colleague, callback_to_caller, callback_to_operator):
        for name, value in vars(module).items():
            if name.isupper() and isinstance(value, tuple) and not name.startswith("_"):
                played |= set(value) - {MUSIC, RING_TONE}
    played |= {name for reason in RefusalReason for name in to_operator.refusal(reason, "0123456789")}
    played |= {name for how in TransferOutcome for name in to_operator.outcome(how)}
    played |= {*to_operator.came_back(LINDENHOVE)}
    played |= {*callback_to_operator.announced(LINDENHOVE, ("nl/welkom",), ("nl/welkom",))}
    played |= {name for reason in EndReason for name in callback_to_operator.not_reached(reason)}
    played |= {*callback_to_operator.promised("0123456789")}
    played |= {name for kind in ReminderKind for n in range(1, 30) for name in callback_to_operator.reminder(kind, n)}
    for minutes in range(70):
        played |= {*to_colleague.briefing(LINDENHOVE, ("nl/welkom",), minutes * 60.0, must_accept=True)}
    for area in AREA_CODES | FICTITIOUS_AREA_CODES:
        played |= set(to_caller.welcome(f"14{area}"))
    played |= {*callback_to_caller.instead_of_the_queue(now + timedelta(days=1), now)}
    played |= {
        *to_caller.welcome(""),
        *to_caller.greeting(LINDENHOVE),
        *to_caller.chosen(LINDENHOVE),
        *to_caller.not_chosen(None),
    }
    nine = SharedNumber("140119", tuple(Member(LINDENHOVE, key) for key in range(1, 10)))
    for within in range(5, 200):
        for said in (menu(nine, within), menu(nine, within, calls_back=True)):
            played |= {*said.first, *(said.again or ())}
    played |= {*to_caller.wrong_key(nine, calls_back=True), *to_caller.which_municipality(nine)}
    played |= {name for digit in "0123456789" for name in digits(digit)}
    played |= {
        *to_operator.whisper(LINDENHOVE),
        *to_operator.logged_in_for([LINDENHOVE, WATERDAM]),
        *to_operator.logged_in_for([]),
    }
    played |= {*to_caller.closed(None, None, now), *to_caller.closed(LINDENHOVE, None, now)}
    played |= {name for question in SurveyQuestion for name in to_caller.survey_question(question)}
    played |= {name for n in range(1, 200) for name in to_caller.position(n)}
    played |= {name for reason in PauseReason for name in to_operator.paused(reason)}
    played |= {name for minute in range(24 * 60) for name in to_caller.clock(time(minute // 60, minute % 60))}
    played |= {name for day in range(400) for name in to_caller.opening(now + timedelta(days=day), now)}
    played |= {name for day in range(-1, 400) for name in callback_to_caller.latest(now + timedelta(days=day), now)}
    played |= {*callback_to_caller.latest(now + timedelta(hours=1), now)}
    played |= {name for kind in RequestKind for name in callback_to_caller.offer(kind)}
    played |= {name for kind in RequestKind for name in callback_to_caller.promise(kind, now, "0123456789", now)}
    played |= {name for reason in NotCalled for name in callback_to_caller.not_called(reason)}
    played |= {*callback_to_caller.shown("+31612345678"), *callback_to_caller.typed("+31612345678")}
    played.add(next(iter(to_caller.calamity("De brug is dicht."))))
    dialplan = (ROOT / "asterisk-conf" / "extensions.conf").read_text(encoding="utf-8")
    played |= set(re.findall(r"@SOUNDS_DIR@/(nl/[\w-]+)", dialplan))

    made = {*load().prompts(), *load().prompts_for(LINDENHOVE, "Lindenhove"), *(f"toon/{name}" for name in TONES)}
    played -= {name for name in played if name.startswith(f"gemeente/{WATERDAM}/")}
    assert played == made
