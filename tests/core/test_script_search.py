"""What somebody types in a hurry: unfinished words, typing errors and synonyms become a query of the full text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.ids import MunicipalityCode
from ari_app.core.script_search import is_worth_noting, meant_by, queries_of, typed_words
from ari_app.core.scripts import Synonym, Vocabulary

pytestmark = pytest.mark.pure

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
WORDS = Vocabulary.of(
    ["paspoort", "parkeervergunning", "rijbewijs", "verhuizing", "afval"],
    [Synonym("kliko", "afval"), Synonym("pas", "paspoort", ELDERLO), Synonym("brommer", "rijbewijs am")],
)


def test_words_that_say_nothing_are_left_out_unless_there_are_no_others() -> None:
    assert typed_words("Hoe vraag ik een PASPOORT aan?") == ["vraag", "paspoort"]
    assert typed_words("hoe en waar") == ["hoe", "en", "waar"]
    assert typed_words("café") == ["cafe"]


def test_a_typing_error_means_the_word_that_it_nearly_is() -> None:
    assert meant_by("pasport", WORDS, WIERDAM) == ["paspoort"]
    assert meant_by("rijbewjis", WORDS, WIERDAM) == ["rijbewijs"]
    assert meant_by("pasp", WORDS, WIERDAM) == [], "an unfinished word is no error"
    assert meant_by("1234", WORDS, WIERDAM) == [], "digits are not corrected"


def test_a_part_of_a_compound_finds_it() -> None:
    assert meant_by("vergunning", WORDS, WIERDAM) == ["parkeervergunning"]


def test_a_synonym_counts_for_its_own_municipality() -> None:
    assert meant_by("kliko", WORDS, WIERDAM) == ["afval"]
    assert meant_by("pas", WORDS, ELDERLO) == ["paspoort"]
    assert meant_by("pas", WORDS, WIERDAM) == []


def test_the_query_has_each_word_or_what_it_means() -> None:
    assert queries_of("kliko legen", WORDS, WIERDAM)[0] == "(kliko:* | afval) & (legen:*)"
    assert queries_of("brommer", WORDS, WIERDAM)[0] == "(brommer:* | (rijbewijs & am))"
    assert queries_of("a b", WORDS, None) == ("(a:*) & (b:*)", "(a:*) | (b:*)")
    assert queries_of(" !? ", WORDS, None) == ("", "")


@given(st.text(max_size=200))
def test_no_text_breaks_out_of_the_query(text: str) -> None:
    query = queries_of(text, WORDS, WIERDAM)[0]
    left = query.replace(" & ", "").replace(" | ", "").replace(":*", "").replace("(", "").replace(")", "")
    assert left == "" or left.isalnum()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Hondenbelasting opzeggen", "hondenbelasting opzeggen"),
        ("0612345678", ""),
        ("jan 3", ""),
        ("een twee drie vier vijf zes", ""),
    ],
)
def test_what_is_kept_of_a_search_has_no_numbers_and_is_short(typed: str, kept: str) -> None:
    assert is_worth_noting(typed) == kept
