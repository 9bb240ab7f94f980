"""The choices of municipalities: what each does to a wait, and which is in force when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product

import pytest

from ari_app.core.ids import MunicipalityCode
from ari_app.core.queue_visits import VisitOutcome, VisitReason
from ari_app.core.service_level import Answering, answering
from ari_app.reports.choices import (
    Choices,
    Definition,
    Denominator,
    EarlyAbandons,
    Judgement,
    changes_within,
    in_force,
    in_words,
    judged,
)
from ari_app.reports.waits import Clock, Wait, WaitEnd, end_of, wait_key, wait_of

pytestmark = pytest.mark.pure

NORM = 25
A, H, C, O = WaitEnd.ANSWERED, WaitEnd.HUNG_UP, WaitEnd.CHOSE_CALLBACK, WaitEnd.OTHER  # noqa: E741
MET, MISSED, OUT = Judgement.MET, Judgement.MISSED, Judgement.LEFT_OUT
TOWN = MunicipalityCode("GM9901")


@pytest.mark.parametrize(
    ("choices", "end", "seconds", "expected"),
    [
        ({}, A, 25, MET),
        ({}, A, 26, MISSED),
        ({}, H, 25, OUT),
        ({}, C, 25, OUT),
        ({}, H, 26, MISSED),
        ({}, O, 3, MISSED),
        ({"early_abandons": EarlyAbandons.MET}, H, 25, MET),
        ({"early_abandons": EarlyAbandons.MET}, O, 25, MISSED),
        ({"early_abandons": EarlyAbandons.MISSED}, C, 1, MISSED),
        ({"early_abandons": EarlyAbandons.MISSED, "short_abandon_seconds": 5}, H, 5, OUT),
        ({"early_abandons": EarlyAbandons.MISSED, "short_abandon_seconds": 5}, C, 5, MISSED),
        ({"short_abandon_seconds": 60}, H, 60, OUT),
        ({"denominator": Denominator.ANSWERED}, H, 60, OUT),
        ({"denominator": Denominator.ANSWERED}, O, 900, OUT),
        ({"denominator": Denominator.ANSWERED}, A, 26, MISSED),
        ({"clock": Clock.ARRIVAL}, A, 5, OUT),
    ],
)
def test_a_wait_is_judged(choices: dict[str, object], end: WaitEnd, seconds: int, expected: Judgement) -> None:
    wait = Wait(Clock.QUEUE, end, False, seconds)
    assert judged(wait, replace(Choices(), **choices), NORM) is expected  # type: ignore[arg-type]


def test_calamities_do_not_count_unless_chosen() -> None:
    wait = Wait(Clock.QUEUE, A, True, 5)
    assert judged(wait, Choices(), NORM) is OUT
    assert judged(wait, Choices(counts_calamities=True), NORM) is MET


@pytest.mark.parametrize(
    ("outcome", "in_calamity", "seconds"), list(product(VisitOutcome, (True, False), (0, 25, 26, 900)))
)
def test_without_choices_it_is_the_figure_of_the_wallboard(
    outcome: VisitOutcome, in_calamity: bool, seconds: int
) -> None:
    on_board = answering(VisitReason.MENU, outcome, in_calamity=in_calamity, is_within=seconds <= NORM)
    end = end_of(outcome)
    ours = OUT if end is None else judged(Wait(Clock.QUEUE, end, in_calamity, seconds), Choices(), NORM)
    assert ours is {Answering.WITHIN: MET, Answering.BEYOND: MISSED, Answering.NOT_COUNTED: OUT}[on_board]


@pytest.mark.parametrize("clock", Clock)
@pytest.mark.parametrize("end", WaitEnd)
@pytest.mark.parametrize("in_calamity", [True, False])
def test_keys_are_read_as_they_were_written(clock: Clock, end: WaitEnd, in_calamity: bool) -> None:
    wait = Wait(clock, end, in_calamity, 17)
    assert wait_of(wait_key(clock, end, in_calamity, 17)) == wait
    assert wait_of("talk_ms") is wait_of("end:closed") is wait_of("in") is None


def made(day: date, norm: int, hour: int = 9) -> Definition:
    return Definition(TOWN, day, Choices(norm_seconds=norm), "anna", datetime(2026, 1, 1, hour, tzinfo=UTC))


HISTORY = [made(date(2026, 7, 1), 30), made(date(2026, 3, 1), 20), made(date(2026, 7, 1), 40, hour=8)]


@pytest.mark.parametrize(
    ("day", "norm"),
    [(date(2026, 2, 28), None), (date(2026, 3, 1), 20), (date(2026, 6, 30), 20), (date(2026, 7, 1), 30)],
)
def test_the_last_choice_of_before_counts_and_of_two_for_a_day_the_later(day: date, norm: int | None) -> None:
    assert in_force(HISTORY, TOWN, day).norm_seconds == norm
    assert in_force(HISTORY, "GM9902", day) == Choices()


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (date(2026, 3, 1), date(2026, 6, 30), ()),
        (date(2026, 2, 28), date(2026, 3, 1), (date(2026, 3, 1),)),
        (date(2026, 1, 1), date(2026, 12, 31), (date(2026, 3, 1), date(2026, 7, 1))),
    ],
)
def test_a_period_across_a_change_knows_it(first: date, last: date, days: tuple[date, ...]) -> None:
    assert changes_within(HISTORY, TOWN, first, last) == days


def test_saying_the_same_again_is_no_change() -> None:
    history = [*HISTORY, made(date(2026, 9, 1), 30)]
    assert changes_within(history, TOWN, date(2026, 8, 1), date(2026, 12, 31)) == ()


def test_choices_are_said_in_a_sentence() -> None:
    assert in_words(Choices(), 25) == (
        "Norm 25 seconden, gerekend vanaf de wachtrij; wie zelf binnen de norm ophing of koos voor terugbellen, telt "
        "niet mee; bellers tijdens een calamiteit tellen niet mee."
    )
    other = Choices(Clock.ARRIVAL, 5, Denominator.ANSWERED, counts_calamities=True)
    assert in_words(other, 20) == (
        "Norm 20 seconden, gerekend vanaf het binnenkomen van de oproep; deel van de bellers die iemand spraken; wie "
        "binnen 5 seconden ophing, is geen uitval; bellers tijdens een calamiteit tellen mee."
    )
