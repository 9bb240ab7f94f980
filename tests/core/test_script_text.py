"""The text of an answer: which lines are headings, lists and links, and that nothing else is ever made of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.script_text import Heading, Items, Paragraph, Span, blocks, is_link, plain_words
from ari_app.render.scripts import html_of

pytestmark = pytest.mark.pure

ANSWER = """Kom **zelf** langs.
Dat duurt kort.
# Wat neemt u mee?
- een pasfoto
- [de tarieven](https://example.org/a?b=1)
1. eerst dit
2. dan dat"""


def test_lines_are_blocks() -> None:
    assert blocks(ANSWER) == (
        Paragraph((Span("Kom "), Span("zelf", is_strong=True), Span(" langs. Dat duurt kort."))),
        Heading(1, (Span("Wat neemt u mee?"),)),
        Items(((Span("een pasfoto"),), (Span("de tarieven", url="https://example.org/a?b=1"),))),
        Items(((Span("eerst dit"),), (Span("dan dat"),)), is_numbered=True),
    )
    assert "de tarieven" in plain_words(ANSWER) and "https" not in plain_words(ANSWER)


def test_headings_stand_below_those_of_the_page() -> None:
    assert html_of("# Een\n## Twee\n### Drie", first_level=4) == "<h4>Een</h4>\n<h5>Twee</h5>\n<h6>Drie</h6>"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//example.org",
        "https:",
        "/a",
        "https://[",
        "mailto:",
        "ht\ntps://x",
    ],
)
def test_an_address_that_leads_elsewhere_is_text(url: str) -> None:
    assert not is_link(url)
    assert "<a" not in html_of(f"[klik]({url})")


@pytest.mark.parametrize("url", ["https://example.org", "http://example.org/a", "mailto:a@example.org", "tel:14020"])
def test_an_address_of_a_page_mail_or_telephone_is_a_link(url: str) -> None:
    assert is_link(url)
    assert f'href="{url}"' in html_of(f"[klik]({url})")


def test_what_looks_like_html_is_text() -> None:
    shown = html_of(
        '<script>alert(1)</script>\n[x"onmouseover=alert(1)](https://example.org/"onclick="y)\n# <img src=x>'
    )
    assert "<script" not in shown and "<img" not in shown
    assert re.search(r'<[^>]*" ?on', shown) is None


@given(st.text(max_size=400))
def test_of_no_text_comes_another_mark_than_those_we_write(text: str) -> None:
    marks = set(re.findall(r"<(/?[^\s>]+)", html_of(text)))
    known = {"p", "h1", "h2", "h3", "ul", "ol", "li", "strong", "a"}
    assert marks <= known | {f"/{one}" for one in known}
