"""Charts as rectangles in per cent of their picture, so that they fit any width and need no style. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ari_app.reports.tally import Tally

#: upper ends of the bins of waits, in seconds; the last bin has no end
WAIT_BINS = (5, 10, 15, 20, 25, 30, 45, 60, 120, 300, 600)


@dataclass(frozen=True, slots=True)
class Rect:
    """`kind`: the name of the series, for its look."""

    kind: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class WaitBin:
    """Answered callers who waited longer than `after`, up to `until` seconds; None: however long."""

    after: int
    until: int | None
    count: int
    percent: float


def stacked(columns: Sequence[Sequence[tuple[str, int]]]) -> tuple[Rect, ...]:
    """A bar for each column, of parts that stand on each other; the highest one fills the picture."""
    most = max((sum(count for _, count in parts) for parts in columns), default=0)
    if not most:
        return ()
    found, width = [], 100 / len(columns)
    for number, parts in enumerate(columns):
        base = 100.0
        for kind, count in parts:
            height = 100 * count / most
            base -= height
            if count:
                rect = Rect(kind, number * width + width * 0.1, base, width * 0.8, height)
                found.append(Rect(kind, *(round(one, 2) for one in (rect.left, rect.top, rect.width, rect.height))))
    return tuple(found)


def wait_bins(tally: Tally) -> tuple[WaitBin, ...]:
    """Up to the last bin that anybody is in."""
    counts = [0] * (len(WAIT_BINS) + 1)
    for seconds, count in tally.answered_waits.items():
        counts[next((place for place, until in enumerate(WAIT_BINS) if seconds <= until), len(WAIT_BINS))] += count
    last = max((place for place, count in enumerate(counts) if count), default=-1)
    most = max(counts)
    return tuple(
        WaitBin(
            WAIT_BINS[place - 1] if place else 0,
            WAIT_BINS[place] if place < len(WAIT_BINS) else None,
            counts[place],
            round(100 * counts[place] / most, 2),
        )
        for place in range(last + 1)
    )


def heat(count: int, most: int) -> int:
    """From 0, nothing, to 4, the most."""
    return 0 if not count else 1 + min(3, 4 * count // (most + 1))
