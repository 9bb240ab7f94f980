"""Files of scripts: the shapes of VAC, kennisartikel and CSV, and articles of somebody who means harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ari_app.sample
from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.script_files import ScriptFile, read_scripts
from ari_app.area_file.script_html import text_of_html
from ari_app.area_file.script_writing import written_csv, written_vac
from ari_app.core.area import Area, DirectoryEntry, EntryKind
from ari_app.core.ids import EntryCode, MunicipalityCode
from ari_app.core.script_steps import Choice, Step
from ari_app.core.scripts import Source
from ari_app.render.scripts import html_of

pytestmark = pytest.mark.pure

WIERDAM = MunicipalityCode("GM9901")
BZ = DirectoryEntry(EntryCode("wierdam-bz"), EntryKind.DEPARTMENT, "Burgerzaken", WIERDAM)
AREA = Area(entries={BZ.code: BZ})
VAC = {
    "vraag": "Hoe vraag ik een paspoort aan?",
    "antwoord": "<h2>Zo doet u dat</h2><p>Kom <b>zelf</b> langs,<br>"
    "met <a href='https://example.org'>een foto</a>.</p>",
    "toelichting": "<p>Alleen op afspraak</p>",
    "status": "actief",
    "doelgroep": "eu-burger",
    "afdelingen": [{"afdelingId": "1", "afdelingNaam": "burgerzaken"}],
    "trefwoorden": [{"trefwoord": "reisdocument"}],
    "gerelateerdeVACs": [{"VAC": "https://objecten.example/objects/b2"}],
}
ARTICLE = {
    "uuid": "a1",
    "upnUri": "http://standaarden.overheid.nl/owms/terms/paspoort",
    "afdelingen": [{"afdelingnaam": "Burgerzaken"}],
    "vertalingen": [
        {
            "taal": "nl",
            "titel": "Paspoort",
            "tekst": "<p>Een paspoort is een reisdocument.</p>",
            "bewijs": "<h3>Meenemen</h3><ul><li>foto</li></ul>",
            "deskMemo": "<p>Spoed kost extra</p>",
            "trefwoorden": [{"trefwoord": "pas"}],
        }
    ],
}


def read(*articles: object) -> ScriptFile:
    return read_scripts(json.dumps(articles), "vac.json", WIERDAM, AREA)


def test_a_vac_is_a_script() -> None:
    (one,) = read({"uuid": "b1", "record": {"data": VAC}}).scripts
    assert (one.source, one.key, one.municipality, one.related) == (Source.VAC, "b1", WIERDAM, ("b2",))
    assert one.text.question == "Hoe vraag ik een paspoort aan?"
    assert one.text.answer == "# Zo doet u dat\n\nKom **zelf** langs, met [een foto](https://example.org)."
    assert (one.text.memo, one.text.keywords, one.text.department) == ("Alleen op afspraak", ("reisdocument",), BZ.code)


def test_an_article_of_the_product_catalogue_is_one_script_with_its_sections() -> None:
    (one,) = read(ARTICLE).scripts
    assert (one.source, one.key, one.text.subject) == (Source.ARTICLE, "a1", "paspoort")
    assert one.text.answer == "Een paspoort is een reisdocument.\n\n# Bewijs\n### Meenemen\n\n- foto"
    assert (one.text.memo, one.text.department) == ("Spoed kost extra", BZ.code)


def test_a_page_of_the_objects_api_and_one_object_are_read_too() -> None:
    page = {"count": 1, "results": [{"uuid": "b1", "record": {"data": VAC}}]}
    for said in (page, VAC):
        assert len(read_scripts(json.dumps(said), "x.json", None, AREA).scripts) == 1


def test_what_is_not_active_is_not_for_operators() -> None:
    (one,) = read({**VAC, "status": "te-verwijderen"}).scripts
    assert not one.is_active


def test_attachments_pictures_and_unknown_departments_are_left_out_with_a_reason() -> None:
    file = read(
        {**VAC, "antwoord": "<p>Zie <img src=x></p>", "bijlagen": ["a.pdf"], "afdelingen": [{"afdelingNaam": "X"}]}
    )
    for what in ("a picture", "no department `X`", "`bijlagen` left out: files are not kept"):
        assert any(what in note for note in file.notes)
    assert len(file.notes) == 3 and all(note.startswith("article 1: ") for note in file.notes)


HOSTILE = [
    "<script>alert(1)</script><p>Tekst</p>",
    "<p>Tekst</p><svg onload=alert(1)><style>*{display:none}</style></svg>",
    "<p style='position:fixed' onclick='x()'>Tekst</p><style>p{color:red}</style>",
    "<p><a href='javascript:alert(1)'>Tekst</a></p>",
    "<p><a href='data:text/html,<script>1</script>'>Tekst</a></p>",
    "<iframe src='//x'></iframe><object data=x></object><p>Tekst</p>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></math><p>Tekst</p>",
    "<p>Te<!-- -->kst</p><form action=//x><input name=a></form>",
    "<p>Tekst</p><noscript><p title='</noscript><img src=x onerror=1>'></noscript>",
]


@pytest.mark.parametrize("html", HOSTILE)
def test_an_article_of_somebody_who_means_harm_is_only_its_words(html: str) -> None:
    text, _ = text_of_html(html)
    shown = html_of(text)
    for mark in ("script", "style", "onload", "onclick", "onerror", "javascript:", "data:", "<svg", "<img", "<iframe"):
        assert mark not in shown, (mark, shown)
    assert "Tekst" in shown


def test_marks_of_ours_in_the_words_of_an_article_do_no_harm() -> None:
    text, _ = text_of_html("<p>[klik](javascript:alert(1)) &lt;script&gt;</p>")
    assert "<a" not in html_of(text) and "<script" not in html_of(text)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", "{", "is no JSON"),
        ("a.json", '"x"', "has no list of articles"),
        ("a.json", "[1]", "article 1: is no object"),
        ("a.json", '[{"titel": "x"}]', "article 1: has neither"),
        ("a.json", '[{"vraag": "", "antwoord": "x"}]', "article 1: `question`"),
        ("a.json", '[{"vraag": "a\\u0000b", "antwoord": "x"}]', "article 1: `question`"),
        ("a.json", '[{"vraag": "a", "antwoord": "x", "trefwoorden": [{"trefwoord": "\\ud800"}]}]', "`keywords`"),
        ("a.json", f'[{{"uuid": "{"x" * 201}", "vraag": "a", "antwoord": "x"}}]', "its key is no text of at most 200"),
        ("a.json", '[{"uuid": "a\\u0000", "vraag": "a", "antwoord": "x"}]', "its key is no text of at most 200"),
        ("a.json", '[{"vertalingen": [{"taal": "en"}]}]', "no text in Dutch"),
        ("a.json", '[{"vraag": "a", "antwoord": "b"}, {"vraag": "a", "antwoord": "c"}]', "article 2: the key `a`"),
        ("a.json", '[{"vraag": "a", "antwoord": "b", "geldigTot": "morgen"}]', "`geldigTot`: is no day"),
        ("a.csv", "vraag;tekst\nx;y", "column `tekst` is not known"),
        ("a.csv", "vraag;onderwerp\nx;y", "column `antwoord` is missing"),
        ("a.csv", "vraag;antwoord\nx;y;z", "line 2: has more cells"),
        ("a.csv", "vraag;antwoord;stappen\nx;y;1. Ga\n", ""),
        ("a.csv", "vraag;antwoord;stappen\nx;y;- Ga", "line 2: `stappen`: Regel 1"),
    ],
)
def test_each_mistake_is_said_with_its_place(name: str, content: str, says: str) -> None:
    if not says:
        assert len(read_scripts(content, name, None, AREA).scripts) == 1
        return
    with pytest.raises(AreaRefused) as refused:
        read_scripts(content, name, None, AREA)
    assert says in str(refused.value)


def test_what_is_written_is_read_again() -> None:
    steps = (Step(1, "Nieuw?", (Choice("Ja", None),)),)
    (one,) = read({**VAC, "antwoord": "<ul><li>een</li></ul>", "stappen": "1. Nieuw?\n- Ja: einde"}).scripts
    assert one.text.steps == steps
    said = [("b1", one.text)]
    assert one.text.answer == "- een", "a cell that begins so is a formula to a spreadsheet"
    csv = written_csv(said, lambda code: "Burgerzaken")
    assert "'- een" in csv
    (again,) = read_scripts(csv, "a.csv", WIERDAM, AREA).scripts
    assert (again.key, again.text) == ("b1", one.text)
    objects = json.dumps(written_vac(said, lambda code: "Burgerzaken", html_of))
    (again,) = read_scripts(objects, "a.json", WIERDAM, AREA).scripts
    assert (again.key, again.text) == ("b1", one.text)


def test_the_scripts_of_the_sample_have_no_mistake() -> None:
    text = Path(ari_app.sample.__file__).with_name("antwoorden.csv").read_text(encoding="utf-8")
    file = read_scripts(text, "antwoorden.csv", None, Area())
    assert (len(file.scripts), file.notes) == (25, [])
    assert sum(bool(one.text.steps) for one in file.scripts) >= 10
