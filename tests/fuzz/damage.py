"""Damage to a good file: what editors, spreadsheets, mail programs, full disks and people do to it, and worse."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import strategies as st

#: what stands where a value should: other types, far too much, other alphabets, invisible and impossible characters
ODD = (
    "", " ", "0", "-1", "1", "9" * 30, "9" * 5000, "1e999", "nan", "-inf", "0x_1", "true", "None", "NULL", "[]", "{}",
    "[" * 300, "{a=" * 100, '"' * 3, "'", '"', "\\", "\\u0000", "\\ud800", "\0", "\x1b[2J", "\r", "\u2028", "\ufeff",
    "\u202e", "é", "e\u0301", "\U0001f4de", "٣", "²", "ﬀ", "ß", "İ", "x" * 121, "x" * 5000, "a.a.a", "=", "=1+1", "@",
    "'=1", "#", ";", ",", "\t", "|", "%", "%s", "{0}", "../..", "GM0000", "GM9901", "GM9999", "101", "112", "1400",
    "0900 1234", "+31119990100", "+870773111632", "+1", "14 0119", "24:00", "00:00-24:00", "25:61-99:99", "0001-01-01",
    "9999-12-31", "2026-02-30", "1900-01-01T00:00:00+23:59", "2026-10-25T02:30:00", "0:0", "zo 9:00-10:00",
    "99999999999.999999", "2147483648", "9223372036854775808", "18446744073709551616",
)  # fmt: skip
_TOKEN = re.compile(r'"[^"\n]*"|[\w:.+-]+|[^\w\s]|\n')
_KINDS = (
    "exchange",
    "exchange",
    "exchange",
    "drop",
    "twice",
    "swap",
    "line twice",
    "line gone",
    "line moved",
    "insert",
)
_ENDINGS = ("as it is",) * 12 + ("cut", "crlf", "cr", "bom", "bom twice", "utf-16", "latin-1", "bytes", "nul", "blank")


@st.composite
def damaged(draw: st.DrawFn, text: str, words: Sequence[str] = (), ending: bool = True) -> bytes:
    """The bytes of a file that was `text`; `words` are those of its format, such as its keys."""
    odd = st.sampled_from((*ODD, *words, *words))
    for _ in range(draw(st.integers(0, 4))):
        text = _once(draw, text, draw(odd) if draw(st.integers(0, 9)) else draw(st.text(max_size=8)))
    return _ended(draw, text) if ending else text.encode("utf-8", "replace")


def noise() -> st.SearchStrategy[bytes]:
    return st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))


def _once(draw: st.DrawFn, text: str, odd: str) -> str:
    kind = draw(st.sampled_from(_KINDS))
    if kind.startswith("line"):
        lines = text.splitlines(keepends=True) or [""]
        at, other = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
        line = lines[at] if kind == "line twice" else lines.pop(at)
        if kind != "line gone":
            lines.insert(other, line)
        return "".join(lines)
    tokens = list(_TOKEN.finditer(text))
    if not tokens or kind == "insert":
        at = draw(st.integers(0, len(text)))
        return text[:at] + odd + text[at:]
    token, other_token = draw(st.sampled_from(tokens)), draw(st.sampled_from(tokens))
    start, end = token.span()
    match kind:
        case "exchange":
            # Within its quotes as often as with them: another text, or no text at all.
            if token[0].startswith('"') and len(token[0]) > 1 and draw(st.booleans()):
                start, end = start + 1, end - 1
            return text[:start] + odd + text[end:]
        case "drop":
            return text[:start] + text[end:]
        case "twice":
            return text[:end] + token[0] + text[end:]
        case _:
            return text[:start] + other_token[0] + text[end:]


def _ended(draw: st.DrawFn, text: str) -> bytes:
    content = text.encode("utf-8", "replace")
    match draw(st.sampled_from(_ENDINGS)):
        case "cut":
            return content[: draw(st.integers(0, len(content)))]
        case "crlf":
            return content.replace(b"\n", b"\r\n")
        case "cr":
            return content.replace(b"\n", b"\r")
        case "bom":
            return b"\xef\xbb\xbf" + content
        case "bom twice":
            return b"\xef\xbb\xbf\xef\xbb\xbf" + content
        case "utf-16":
            return text.encode("utf-16", "replace")
        case "latin-1":
            return text.encode("latin-1", "replace") + b"\xe9"
        case "bytes":
            at = draw(st.integers(0, len(content)))
            return content[:at] + draw(st.binary(min_size=1, max_size=6)) + content[at:]
        case "nul":
            return content + bytes(50)
        case "blank":
            return content + b"\n" * 500
    return content
