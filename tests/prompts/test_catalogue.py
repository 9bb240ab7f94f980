"""The texts themselves: Dutch that everybody understands (B1), and names that can be relied on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ari_app.core.ids import MunicipalityCode
from ari_app.prompts import catalogue
from ari_app.prompts.errors import BadCatalogue, BadText
from tests.prompts.dutch import problems_of

pytestmark = pytest.mark.pure

CATALOGUE = catalogue.load()
SPOKEN = {
    **CATALOGUE.prompts(),
    **CATALOGUE.prompts_for(MunicipalityCode("GM9901"), "Lindenhove"),
}


def test_every_text_is_plain_dutch() -> None:
    found = {name: problems_of(text) for name, text in SPOKEN.items()}
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_the_measure_of_plain_dutch_sees_what_it_should() -> None:
    assert problems_of("Please press 1 en gelieve je persoonsgegevensverwerking") == [
        "English: Please",
        "English: press",
        "officialese: gelieve",
        "too familiar: je",
        "write in words: 1",
        "long word: persoonsgegevensverwerking",
        "the last sign tells the voice to go down, up or on",
    ]
    assert problems_of("Blijft u hier. Blijft u hier? Dit is een betaald nummer.") == [
        "another form of request: Blijft u hier.",
        "not idiomatic: betaald nummer",
    ]


def test_every_name_is_a_file_name_everywhere() -> None:
    for name in (*CATALOGUE.texts, *CATALOGUE.municipality_texts):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "nul"),
        (1, "één"),
        (8, "acht"),
        (14, "veertien"),
        (20, "twintig"),
        (21, "eenentwintig"),
        (22, "tweeëntwintig"),
        (33, "drieëndertig"),
        (48, "achtenveertig"),
        (80, "tachtig"),
        (99, "negenennegentig"),
        (100, "honderd"),
    ],
)
def test_a_number_in_words(n: int, words: str) -> None:
    assert catalogue.number_words(n) == words


def test_every_number_has_its_own_word() -> None:
    assert len({catalogue.number_words(n) for n in range(101)}) == 101
    for n in (-1, 101):
        with pytest.raises(ValueError, match="0 to 100"):
            catalogue.number_words(n)


def test_a_name_may_stand_in_the_catalogue_once() -> None:
    document = {
        "voice": {"language": "nl", "words_per_minute": 150, "pitch": 40, "word_gap_ms": 10},
        "caller": {"welkom": "Welkom."},
        "waiting": {},
        "survey": {},
        "callback": {},
        "operator": {},
        "desk": {},
        "promise": {},
        "date": {},
        "municipality": {},
        "series": [],
    }
    assert catalogue.parse(document).texts == {"welkom": "Welkom."}
    for twice in (
        {"waiting": {"welkom": "Dag."}},
        {"municipality": {"welkom": "Welkom bij {name}."}},
        {"series": [{"name": "welkom", "text": "{words},", "from": 1, "to": 1}]},
    ):
        with pytest.raises(BadCatalogue, match="'welkom'"):
            catalogue.parse({**document, **twice})


def test_the_same_free_text_has_one_name_however_it_is_laid_out() -> None:
    name = catalogue.said_prompt("De brug is dicht.\nU kunt omrijden.")
    assert name == catalogue.said_prompt("  De brug is   dicht. U kunt omrijden. ")
    assert name != catalogue.said_prompt("De brug is open. U kunt omrijden.")


def test_codes_of_the_synthesizer_and_control_characters_are_not_passed_on() -> None:
    assert catalogue.speakable("De brug\x00 [[h'Ekj@]] is\tdicht.") == "De brug h'Ekj@]] is dicht."


@pytest.mark.parametrize("text", ["", "  \n ", "...", "x" * (catalogue.MAX_TEXT_LENGTH + 1)])
def test_a_text_that_cannot_be_said_is_refused(text: str) -> None:
    with pytest.raises(BadText):
        catalogue.speakable(text)


@pytest.mark.parametrize("code", ["", "../GM9901", "GM/9901", ".", "GM 9901", "x" * 33])
def test_a_code_that_is_no_file_name_is_refused(code: str) -> None:
    with pytest.raises(BadText, match="municipality code"):
        CATALOGUE.prompts_for(MunicipalityCode(code), "Lindenhove")


def test_a_name_with_braces_is_spoken_as_it_is() -> None:
    """Braces in a name are no template."""
    texts = CATALOGUE.prompts_for(MunicipalityCode("GM9901"), "{name} {0}")
    assert texts["gemeente/GM9901/menu"] == "Voor {name} {0},"


def test_the_documentation_quotes_the_catalogue() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "prompts.md").read_text(encoding="utf-8")
    quoted = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \|$", guide, re.MULTILINE))
    assert len(quoted) >= 10
    texts = {**CATALOGUE.texts, **CATALOGUE.municipality_texts}
    assert quoted == {name: texts.get(name) for name in quoted}
