"""The text of an answer as HTML: made of its blocks, so that there is nothing in it but what they have."""

from __future__ import annotations

from html import escape

from ari_app.core.script_text import Block, Heading, Items, Paragraph, Spans, blocks


def html_of(text: str, *, first_level: int = 1) -> str:
    """`first_level`: of the highest heading of the text, on the page where it stands."""
    return "\n".join(_block(block, first_level) for block in blocks(text))


def _block(block: Block, first_level: int) -> str:
    match block:
        case Heading(level, spans):
            tag = f"h{min(6, first_level + level - 1)}"
            return f"<{tag}>{_spans(spans)}</{tag}>"
        case Items(items, is_numbered):
            tag = "ol" if is_numbered else "ul"
            return f"<{tag}>{''.join(f'<li>{_spans(item)}</li>' for item in items)}</{tag}>"
        case Paragraph(spans):
            return f"<p>{_spans(spans)}</p>"


def _spans(spans: Spans) -> str:
    parts = []
    for span in spans:
        said = escape(span.text)
        if span.url:
            # Another tab: leaving the desk would end the phone in it.
            where = 'target="_blank" rel="noopener noreferrer"'
            parts.append(f'<a class="nl-link" href="{escape(span.url)}" {where}>{said}</a>')
        else:
            parts.append(f"<strong>{said}</strong>" if span.is_strong else said)
    return "".join(parts)
