"""The steps of a script: written as lines, walked by choices, and never without an end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.script_steps import (
    Choice,
    Step,
    StepsRefused,
    lines_of,
    plain,
    read_lines,
    read_plain,
    walk,
)

pytestmark = pytest.mark.pure

LINES = """1. Is het paspoort gestolen?
- Ja: 2
- Nee: einde
2. Vraag de beller om aangifte te doen.
- Gedaan: einde"""
STEPS = (
    Step(1, "Is het paspoort gestolen?", (Choice("Ja", 2), Choice("Nee", None))),
    Step(2, "Vraag de beller om aangifte te doen.", (Choice("Gedaan", None),)),
)


def test_lines_become_steps_and_steps_the_same_lines() -> None:
    assert read_lines(LINES) == STEPS
    assert lines_of(STEPS) == LINES
    assert read_plain(plain(STEPS)) == STEPS
    assert read_lines("1) Vraag het\n   nog eens\n* ja -> stap 2\n\n2) Klaar.") == (
        Step(1, "Vraag het nog eens", (Choice("ja", 2),)),
        Step(2, "Klaar."),
    )


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("- Ja: 2", "Regel 1"),
        ("1. Vraag\n- Ja", "Regel 2"),
        ("1. Vraag\n- Ja: 3", "stap 3, en die is er niet"),
        ("1. Vraag\n1. Nog een", "Stap 1 staat er twee keer"),
        ("1. Vraag\n2. Nooit bereikt", "Geen keuze leidt naar stap 2"),
        ("1. Vraag\n- Ja: 2\n2. Terug\n- Ja: 1", "dan is er geen einde"),
        ("1. " + "x" * 501, "Stap 1"),
        ("1. Vraag\n" + "\n".join(f"- {one}: einde" for one in range(10)), "meer dan 9 keuzes"),
        ("1. Vraag\n- " + "x" * 81 + ": einde", "keuze bij stap 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(lines: str, says: str) -> None:
    with pytest.raises(StepsRefused, match=says):
        read_lines(lines)


def test_forty_steps_are_enough() -> None:
    many = tuple(Step(one, "Ga door", (Choice("Ja", one + 1 if one < 41 else None),)) for one in range(1, 42))
    with pytest.raises(StepsRefused, match="hooguit 40"):
        read_plain(plain(many))


@pytest.mark.parametrize(
    "value",
    [
        {"number": 1},
        [1],
        [{"number": 1000, "text": "x"}],
        [{"number": -1, "text": "x"}],
        [{"number": True, "text": "x"}],
        [{"number": 1, "text": "x", "choices": [{"to": 1}]}],
    ],
)
def test_json_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(StepsRefused):
        read_plain(value)


def test_a_walk_goes_by_the_choices_and_ends() -> None:
    assert walk(STEPS, ()).now == STEPS[0]
    first = walk(STEPS, (0,))
    assert (first.past, first.now) == (((STEPS[0], Choice("Ja", 2)),), STEPS[1])
    assert walk(STEPS, (1,)).now is None
    assert walk(STEPS, (0, 0)).now is None
    assert walk(STEPS, (7,)).now == STEPS[0], "a choice that is not there changes nothing"
    assert walk((), (0,)).now is None


@given(st.text(max_size=300))
def test_no_text_does_anything_but_steps_or_a_refusal(text: str) -> None:
    try:
        steps = read_lines(text)
    except StepsRefused:
        return
    assert read_lines(lines_of(steps)) == steps
