"""HTML of a source as the text of an answer. What could do anything is taken out first; what is not shown is said.

`nh3` leaves only the marks below; what it leaves is read as lines of `core.script_text`, so no HTML of anybody is ever
stored, or shown.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import nh3

from ari_app.core.script_text import is_link

_TAGS = {"h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "ul", "ol", "li", "a", "strong", "b", "em", "i", "div", "span"}
_TAGS |= {
    "table",
    "tr",
    "td",
    "th",
    "thead",
    "tbody",
    "details",
    "summary",
    "blockquote",
    "dl",
    "dt",
    "dd",
    "pre",
    "hr",
}
#: with everything that is in them
_GONE = {
    "script",
    "style",
    "svg",
    "math",
    "iframe",
    "object",
    "embed",
    "template",
    "noscript",
    "form",
    "select",
    "title",
}
_BLOCKS = {"p", "div", "table", "tr", "blockquote", "details", "dl", "dt", "dd", "pre", "hr", "ul", "ol"}
_HEADINGS = {"h1": "#", "h2": "#", "summary": "#", "h3": "##", "h4": "###", "h5": "###", "h6": "###"}
_STRONG = {"strong", "b"}
#: what the text of an answer does not have
_LEFT_OUT = {"img": "a picture", "video": "a film", "audio": "a sound", "iframe": "a page within the page"}
_LEFT_OUT |= {
    "object": "an attachment",
    "embed": "an attachment",
    "form": "a form",
    "script": "a script",
    "svg": "a picture",
}


def text_of_html(html: str) -> tuple[str, tuple[str, ...]]:
    """The lines, and what was left out, in words."""
    tags = set(re.findall(r"<\s*([a-zA-Z]+)", html))
    left_out = {_LEFT_OUT[tag.lower()] for tag in tags if tag.lower() in _LEFT_OUT}
    clean = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_GONE,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    )
    reader = _Lines()
    reader.feed(clean)
    reader.close()
    return reader.text, tuple(sorted(left_out))


class _Lines(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line = ""
        self._mark = ""  # at the beginning of the line
        self._lists: list[tuple[str, int]] = []
        self._href = ""
        self._label = ""

    @property
    def text(self) -> str:
        self._end_line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HEADINGS:
            self._end_block()
            self._mark = f"{_HEADINGS[tag]} "
        elif tag == "li":
            self._end_line()
            kind, number = self._lists[-1] if self._lists else ("ul", 0)
            if self._lists:
                self._lists[-1] = (kind, number + 1)
            self._mark = f"{number + 1}. " if kind == "ol" else "- "
        elif tag in ("td", "th") and self._line:
            self._line += " | "
        elif tag == "br":
            self._line += " "
        elif tag == "a":
            self._href, self._label = dict(attrs).get("href") or "", ""
        elif tag in _STRONG and not self._href:
            self._line += "**"
        elif tag in _BLOCKS and not self._in_item():
            self._end_block()
        if tag in ("ul", "ol"):
            self._end_line()
            self._lists.append((tag, 0))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self._end_line()
            if self._lists:
                self._lists.pop()
            if not self._lists:
                self._end_block()
        elif tag == "a":
            label, href = _one_line(self._label), self._href
            self._href = self._label = ""
            is_shown = is_link(href) and not set("()") & set(href) and not set("[]") & set(label) and label
            self._line += f"[{label}]({href})" if is_shown else label
        elif tag in _STRONG and not self._href:
            self._line += "**"
        elif tag in _HEADINGS or (tag in _BLOCKS and not self._in_item()):
            self._end_block()
        elif tag == "li":
            self._end_line()

    def handle_data(self, data: str) -> None:
        if self._href:
            self._label += data
        else:
            self._line += data

    def _in_item(self) -> bool:
        return bool(self._lists)

    def _end_line(self) -> None:
        said = _one_line(self._line.replace("****", ""))
        if said:
            self._lines.append(f"{self._mark}{said}")
        if said or not self._mark:
            self._mark = ""
        self._line = ""

    def _end_block(self) -> None:
        self._end_line()
        self._mark = ""
        if self._lines and self._lines[-1]:
            self._lines.append("")


def _one_line(text: str) -> str:
    return " ".join(text.split())
