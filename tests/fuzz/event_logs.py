"""Channel event logs of which some lines are whole and others damaged."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hypothesis import strategies as st

from tests.core.cel_values import REAL_LOG, in_fallback, phone_rung, refused, written
from tests.fuzz.damage import ODD, damaged

WORDS = (
    "CHAN_START", "CHAN_END", "HANGUP", "ANSWER", "BRIDGE_ENTER", "BRIDGE_EXIT", "APP_START", "FALLBACK", "REFUSED",
    "Stasis", "AppQueue", "from-phones", "operator", "s", "1795451109.910844", "00000000000.000000", "0.000000",
    '{"extra": "x"}', '{""extra"": ""no_heartbeat""}', '{""hangupcause"": 99999999999}', '{""hangupcause"": true}',
    '{""extra"": ""\\u0000""}', '{""extra"": ""\\ud800""}', '{""bridge_id"": [1]}', '""', '","', "\\",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """`whole`: as Asterisk wrote it."""

    content: bytes
    whole: bool


def calls(number: int) -> list[str]:
    """The lines of three calls that the dialplan kept: helped, given up, and heard busy; their channels are new."""
    channel = f"f{number}"
    ids = [str(UUID(int=3 * number + n + 1)) for n in range(3)]
    events = [
        *in_fallback(channel, 0, 60, call_id=ids[0], bridge=f"b{number}"),
        *phone_rung(f"{channel}-1", channel, 5, 60.1, bridge=f"b{number}"),
        *in_fallback(f"g{number}", 1, 20, call_id=ids[1]),
        *refused(f"r{number}", 2, call_id=ids[2]),
    ]
    return [written(event) for event in sorted(events, key=lambda event: event.at)]


@st.composite
def logs(draw: st.DrawFn, rows: Sequence[str] = ()) -> list[Line]:
    """A real log's lines, or `rows`; up to a third of them damaged, with garbage between."""
    whole = list(rows) or REAL_LOG.read_text().splitlines(keepends=True)[: draw(st.integers(1, 40))]
    lines = [Line(row.encode(), whole=True) for row in whole]
    for _ in range(draw(st.integers(0, max(2, len(lines) // 3)))):
        at = draw(st.integers(0, len(lines)))
        if at == len(lines) or draw(st.booleans()):
            source = draw(st.sampled_from(whole))
            lines.insert(at, Line(_damaged_line(draw, source), whole=False))
        else:
            lines[at] = Line(_damaged_line(draw, draw(st.sampled_from(whole))), whole=False)
    return lines


def _damaged_line(draw: st.DrawFn, source: str) -> bytes:
    if draw(st.booleans()):  # one cell is wrong, and the line has its form
        cells = next(csv.reader([source]), [])
        if cells:
            cells[draw(st.integers(0, len(cells) - 1))] = draw(st.sampled_from((*ODD, *WORDS)))
            content = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells).encode("utf-8", "replace")
            return content.replace(b"\n", b" ") + b"\n"
    return draw(damaged(source, WORDS) | st.binary(max_size=60)) + b"\n"
