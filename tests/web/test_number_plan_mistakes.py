"""Mistakes of a number plan in Dutch: each has words of its own, and names nothing of another municipality."""

from __future__ import annotations

import re

import pytest

from ari_app.area_file.directory_csv import read_entries
from ari_app.area_file.errors import AreaRefused, Mistake
from ari_app.core.area import Area, Municipality
from ari_app.core.ids import MunicipalityCode
from ari_app.web.number_plan_mistakes import mistake_words

pytestmark = pytest.mark.pure

WIERDAM = MunicipalityCode("GM9901")
KNOWN = Area(municipalities={WIERDAM: Municipality(WIERDAM, "Wierdam")})
HEAD = "code;kind;name;municipality;extension;endpoint;number;operator;deputy;hours\r\n"


@pytest.mark.parametrize(
    "line",
    [
        "x;person;X;GM9901;;;;;;",
        "x;person;X;GM9901;;PJSIP/x;0612345678;;;",
        "x;queue;X;GM9901;;PJSIP/x;;;;",
        "X;person;X;GM9901;;PJSIP/x;;;;",
        ";person;X;GM9901;;PJSIP/x;;;;",
        f"x;person;{'x' * 130};GM9901;;PJSIP/x;;;;",
        "x;ding;X;GM9901;;PJSIP/x;;;;",
        "x;person;X;GM99;;PJSIP/x;;;;",
        "x;person;X;GM9909;;PJSIP/x;;;;",
        "x;person;X;GM9901;01;PJSIP/x;;;;",
        "x;person;X;GM9901;112;PJSIP/x;;;;",
        "x;person;X;GM9901;;toestel;;;;",
        "x;person;X;GM9901;;;14 020;;;",
        "x;person;X;GM9901;;;0032 2 555 12 12;;;",
        "x;person;X;GM9901;;;+870 773 111 632;;;",
        "x;person;X;GM9901;;;bel mij;;;",
        "x;person;X;GM9901;;;012;;;",
        "x;person;X;GM9901;;;;9;;",
        "x;person;X;GM9901;;;;999;;",
        "x;person;X;GM9901;;PJSIP/x;;;x;",
        "x;person;X;GM9901;;PJSIP/x;;;niemand;",
        "x;person;X;GM9901;;PJSIP/x;;;;ma 17:00-08:00",
        "x;person;X;GM9901;;PJSIP/x;;;;ma 08:00-12:00 11:00-13:00",
        "x;person;X;GM9901;;PJSIP/x;;;;ma 25:00-26:00",
        "x;person;X;GM9901;;PJSIP/x;;;;;te veel",
        'x;person;"X\nY";GM9901;;PJSIP/x;;;;',
        'x;person;"X',
        "x;person;X;GM9901;;PJSIP/x;;;;\nx;person;X;GM9901;;PJSIP/x;;;;",
    ],
)
def test_every_mistake_has_words_of_its_own(line: str) -> None:
    with pytest.raises(AreaRefused) as refused:
        read_entries(f"{HEAD}{line}\n", KNOWN, WIERDAM)
    fallback = re.sub(r": .*", "", mistake_words(Mistake("", "?")))
    for mistake in refused.value.mistakes:
        said = mistake_words(mistake)
        assert not said.startswith(fallback), mistake
        assert "{" not in said


def test_a_wrong_heading_is_told_in_words() -> None:
    with pytest.raises(AreaRefused) as refused:
        read_entries("code;nmae;kind;kind\n", KNOWN, WIERDAM)
    assert [(one.path, mistake_words(one)) for one in refused.value.mistakes] == [
        ("nmae", "Deze kolom kennen wij niet. Bedoelt u name?"),
        ("kind", "Deze kolom staat er twee keer."),
        ("name", "Deze kolom ontbreekt. Op de eerste regel staan de namen van de kolommen."),
    ]
