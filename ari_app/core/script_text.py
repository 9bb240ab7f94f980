"""The text of an answer: lines that an editor writes, as blocks that a page shows. Pure.

    # Wat neemt u mee?          a heading; ## and ### are smaller ones
    - een pasfoto               a list; with 1. a numbered one
    Betaal **contant**, of lees [de tarieven](https://example.org).

What is none of these is a paragraph. There is no other way to write anything, so no text of anybody becomes HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST_ANSWER = 20_000
#: an address is shown as a link when it leads to one of these; else it stays text
SCHEMES = frozenset({"http", "https", "mailto", "tel"})

_HEADING = re.compile(r"(#{1,3})\s+(.+)")
_ITEM = re.compile(r"[-*]\s+(.+)")
_NUMBERED = re.compile(r"\d{1,3}[.)]\s+(.+)")
_INLINE = re.compile(r"\*\*(?P<strong>[^*\n]+)\*\*|\[(?P<label>[^\]\n]+)\]\((?P<url>[^()\s]+)\)")


@dataclass(frozen=True, slots=True)
class Span:
    """Words within a block. `url`: where they lead."""

    text: str
    is_strong: bool = False
    url: str = ""


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    level: int  # 1 to 3, within the answer
    spans: Spans


@dataclass(frozen=True, slots=True)
class Paragraph:
    spans: Spans


@dataclass(frozen=True, slots=True)
class Items:
    items: tuple[Spans, ...]
    is_numbered: bool = False


Block = Heading | Paragraph | Items


def blocks(text: str) -> tuple[Block, ...]:
    return tuple(_blocks(text))


def plain_words(text: str) -> str:
    """The same without marks, for search and for lists."""
    found: list[str] = []
    for block in _blocks(text):
        parts = block.items if isinstance(block, Items) else (block.spans,)
        found += ["".join(span.text for span in spans) for spans in parts]
    return "\n".join(found)


def is_link(url: str) -> bool:
    """Whether a page may lead there."""
    if not url.isprintable() or " " in url or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.netloc if parts.scheme in ("http", "https") else parts.path)


def _blocks(text: str) -> Iterator[Block]:
    paragraph: list[str] = []
    items: list[Spans] = []
    numbered = False
    for raw in [*text.splitlines(), ""]:
        line = raw.strip()
        heading, item, number = _HEADING.fullmatch(line), _ITEM.fullmatch(line), _NUMBERED.fullmatch(line)
        found = item or number
        if paragraph and (not line or heading or found):
            yield Paragraph(_spans(" ".join(paragraph)))
            paragraph = []
        if items and (not found or numbered != bool(number)):
            yield Items(tuple(items), numbered)
            items = []
        if heading:
            yield Heading(len(heading[1]), _spans(heading[2]))
        elif found:
            items.append(_spans(found[1]))
            numbered = bool(number)
        elif line:
            paragraph.append(line)


def _spans(text: str) -> Spans:
    found: list[Span] = []
    at = 0
    for part in _INLINE.finditer(text):
        is_strong = part["strong"] is not None
        if not is_strong and not is_link(part["url"]):
            continue
        if part.start() > at:
            found.append(Span(text[at : part.start()]))
        found.append(Span(part["strong"], is_strong=True) if is_strong else Span(part["label"], url=part["url"]))
        at = part.end()
    if at < len(text):
        found.append(Span(text[at:]))
    return tuple(found)
