"""Times, positions, references and telephone numbers, said as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.calendar import AMSTERDAM
from ari_app.prompts.phrases import callback_caller as callback_to_caller
from ari_app.prompts.phrases import caller as to_caller
from ari_app.prompts.phrases import colleague as to_colleague
from ari_app.prompts.phrases.parts import digits, number
from tests.prompts.transcripts import spoken

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("e164", "said"),
    [
        ("+31612345678", "nul, zes. één, twee. drie, vier. vijf, zes. zeven, acht."),
        ("+3225550123", "nul, nul. drie, twee. twee, vijf. vijf, vijf. nul, één. twee, drie."),
    ],
)
def test_a_callers_number_is_read_back_in_groups(e164: str, said: str) -> None:
    start = f"We bellen u op dit nummer, {said} Klopt dat? Toets één. "
    assert spoken(callback_to_caller.shown(e164)) == f"{start}Een ander nummer? Toets twee."
    assert spoken(callback_to_caller.typed(e164)) == f"{start}Opnieuw? Toets twee."


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (time(8, 30), "vanaf half negen."),
        (time(8, 15), "vanaf kwart over acht."),
        (time(8, 45), "vanaf kwart voor negen."),
        (time(9), "vanaf negen uur."),
        (time(8, 35), "vanaf acht uur, vijfendertig,"),
        (time(8, 1), "vanaf acht uur, één,"),
        (time(12), "vanaf twaalf uur."),
        (time(12, 30), "vanaf half één."),
        (time(12, 45), "vanaf kwart voor één."),
        (time(13), "vanaf één uur."),
        (time(17, 59), "vanaf vijf uur, negenenvijftig,"),
        (time(18), "vanaf zes uur. 's avonds."),
        (time(23, 45), "vanaf kwart voor twaalf. 's avonds."),
        (time(0), "vanaf nul uur."),
        (time(0, 30), "vanaf nul uur, dertig,"),
        (time(5, 30), "vanaf half zes. 's nachts."),
        (time(6), "vanaf zes uur."),
    ],
)
def test_a_time_of_day_is_said_in_natural_dutch(at: time, said: str) -> None:
    assert spoken(to_caller.clock(at)) == said


@given(
    now=st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    ahead=st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_every_opening_can_be_said_and_names_the_right_day(now: datetime, ahead: timedelta) -> None:
    opens = now + ahead
    said = spoken(to_caller.opening(opens, now))
    here = opens.astimezone(AMSTERDAM)
    days = (here.date() - now.astimezone(AMSTERDAM).date()).days
    weekday = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")[here.weekday()]
    assert (days == 0) == ("vandaag" in said)
    assert (days == 1) == ("morgen" in said)
    assert (days > 1) == (f"op {weekday}" in said)
    assert said.count("vanaf") == 1


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "U bent nu als eerste aan de beurt."),
        (1, "U bent nu als eerste aan de beurt."),
        (2, "U bent nummer twee in de rij."),
        (42, "U bent nummer tweeënveertig in de rij."),
        (99, "U bent nummer negenennegentig in de rij."),
        (100, "Er wachten nu honderd mensen of meer. Het kan lang duren."),
        (10_000, "Er wachten nu honderd mensen of meer. Het kan lang duren."),
    ],
)
def test_a_position_in_the_queue(n: int, said: str) -> None:
    assert spoken(to_caller.position(n)) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("217", "twee, één, zeven."),
        ("0612", "nul, zes. één, twee."),
        ("4821-3", "vier, acht, twee. één, drie."),
        ("5", "vijf."),
        ("ab", ""),
    ],
)
def test_a_reference_is_said_digit_by_digit_in_groups(text: str, said: str) -> None:
    assert spoken(digits(text)) == said


@pytest.mark.parametrize(
    ("e164", "said"),
    [
        ("+31612345678", "nul, zes. één, twee. drie, vier. vijf, zes. zeven, acht."),
        ("+31201234567", "nul, twee, nul. één, twee, drie. vier, vijf. zes, zeven."),
        ("+31119990400", "nul, één, één, negen. negen, negen. nul, vier. nul, nul."),
        ("+31881234567", "nul, acht, acht. één, twee, drie. vier, vijf. zes, zeven."),
        ("+318001234", "nul, acht, nul, nul. één, twee. drie, vier."),
        ("+3224567890", "nul, nul. drie, twee. twee, vier. vijf, zes. zeven, acht. negen, nul."),
    ],
)
def test_a_telephone_number_is_said_as_a_person_gives_it(e164: str, said: str) -> None:
    assert spoken(number(e164)) == said


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "De beller is korter dan een minuut aan de lijn."),
        (1, "De beller is één minuut aan de lijn."),
        (59, "De beller is negenenvijftig minuten aan de lijn."),
        (60, "De beller is al een uur of langer aan de lijn."),
    ],
)
def test_the_time_that_a_caller_has_been_on_the_line_is_said_in_minutes(n: int, said: str) -> None:
    assert spoken(to_colleague.minutes(n)) == said
