"""The question which municipality a caller wants: whole sentences, in the time that the number gives."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.area import Member, SharedNumber
from ari_app.core.numbers import AREA_CODES, FICTITIOUS_AREA_CODES
from ari_app.prompts.phrases import caller as to_caller
from tests.prompts.phrase_values import LINDENHOVE, NUMBER, menu
from tests.prompts.transcripts import spoken

pytestmark = pytest.mark.pure


def test_given_time_then_a_menu_is_whole_sentences_and_is_read_twice() -> None:
    said = menu(calls_back=True)
    choices = "Voor Lindenhove, toets één. Voor Oud-Waterdam, toets vier."
    assert spoken(said.first) == (
        "Welkom bij veertien, nul, één, één, negen, Voor welke gemeente belt u? U kunt meteen kiezen. "
        f"{choices} Wilt u liever teruggebeld worden? Toets een sterretje."
    )
    assert said.again is not None
    assert spoken(said.again) == f"We hebben uw keuze niet gehoord. {choices}"


@pytest.mark.parametrize(
    ("within", "first", "again"),
    [
        (9, "Welkom. Voor welke gemeente belt u? Lindenhove, toets één. Oud-Waterdam, toets vier.", None),
        (10, "Welkom. Voor welke gemeente belt u? Voor Lindenhove, toets één. Voor Oud-Waterdam,", "Kies nu uw gem"),
        (
            11,
            "Welkom. Voor welke gemeente belt u? Voor Lindenhove, toets één. Voor Oud-Waterdam, toets vier. "
            "Wilt u liever teruggebeld worden? Toets een sterretje.",
            "Kies nu uw gemeente.",
        ),
        (15, "Welkom. Voor welke gemeente belt u? Voor Lindenhove", "We hebben uw keuze niet gehoord. Voor Lindenhove"),
    ],
)
def test_given_less_time_then_a_menu_says_less_but_names_everybody(
    within: float, first: str, again: str | None
) -> None:
    said = menu(within=within, calls_back=True)
    assert spoken(said.first).startswith(first)
    assert (said.again is None) is (again is None)
    assert spoken(said.again or ()).startswith(again or "")


@given(members=st.integers(2, 9), within=st.floats(5, 120), length=st.floats(0.3, 3), calls_back=st.booleans())
def test_a_menu_without_a_key_is_over_in_time_unless_naming_everybody_takes_longer(
    members: int, within: float, length: float, calls_back: bool
) -> None:
    number = SharedNumber("140119", tuple(Member(LINDENHOVE, key) for key in range(1, members + 1)))

    def seconds(phrase: Iterable[str]) -> float:
        return length * len(tuple(phrase))

    said = to_caller.menu(number, calls_back=calls_back, within_seconds=within, seconds=seconds)
    assert [f"nl/toets-{key}" for key in range(1, members + 1)] == [
        name for name in said.first if name.startswith("nl/toets-")
    ]
    if said.again is not None:
        assert seconds(said.first) + seconds(said.again) + 2 * to_caller.MENU_PATIENCE_SECONDS <= within


def test_given_a_wrong_key_then_it_says_so_and_reads_the_choices() -> None:
    said = spoken(to_caller.wrong_key(NUMBER, calls_back=False))
    assert said == "Deze keuze kennen we niet. Voor Lindenhove, toets één. Voor Oud-Waterdam, toets vier."


@pytest.mark.parametrize(
    ("dialled", "said"),
    [
        ("140119", "Welkom bij veertien, nul, één, één, negen,"),
        ("140297", "Welkom bij veertien, nul, twee, negen, zeven,"),
        ("14020", "Welkom bij veertien, nul, twintig,"),
        ("14010", "Welkom bij veertien, nul, tien,"),
        ("14079", "Welkom bij veertien, nul, negenenzeventig,"),
        ("31119012345", "Welkom."),
        ("", "Welkom."),
    ],
)
def test_a_14_number_is_said_as_people_say_it(dialled: str, said: str) -> None:
    assert spoken(to_caller.welcome(dialled)) == said


def test_every_14_number_can_be_welcomed() -> None:
    for area in AREA_CODES | FICTITIOUS_AREA_CODES:
        assert spoken(to_caller.welcome(f"14{area}")).startswith("Welkom bij veertien, nul, ")


def test_given_no_choice_then_the_default_is_announced() -> None:
    assert spoken(to_caller.not_chosen(LINDENHOVE)) == "We verbinden u met de gemeente Lindenhove."
    assert spoken(to_caller.not_chosen(None)) == "U krijgt zo een medewerker aan de lijn."


def test_the_menu_offers_a_callback_only_where_there_are_callbacks() -> None:
    asked = "Wilt u liever teruggebeld worden? Toets een sterretje."
    assert spoken(menu(calls_back=True).first).endswith(asked)
    assert spoken(to_caller.wrong_key(NUMBER, calls_back=True)).endswith(asked)
    assert "teruggebeld" not in spoken(menu().first)
