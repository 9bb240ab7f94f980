"""The figures of screens beside calls, and whether they meet the aims."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.desk_page import PageFigures
from tests.bench.figures import Spread, Verdict, percentile
from tests.bench.shown import Shown

#: of the pages' process, of one core
MOST_CORES = 0.3
LONGEST_DESK_P99_MS, LONGEST_EVENT_P95_MS = 250.0, 200.0
#: how much longer connecting may take than without screens
MOST_P99_RATIO = 1.2
MOST_PAGE_OCTETS, LONGEST_PAINT_MS = 150_000, 1000.0


@dataclass(frozen=True, slots=True)
class Round:
    """The calls alone, and beside the screens. CPU of Asterisk, application and PostgreSQL in milliseconds per call."""

    p99_alone_ms: float
    p99_beside_ms: float
    failed: int
    cpu_alone_ms: float
    cpu_beside_ms: float
    idle_cores: float  # of the pages, with no call but those who wait
    pages_cores: float
    watchers_cores: float  # of the screens' own process, on the same machine
    pages_bytes: int
    shown: Shown

    @property
    def ratio(self) -> float:
        return self.p99_beside_ms / self.p99_alone_ms

    def as_text(self) -> str:
        desk, board = self.shown.desk_ms, self.shown.board_ms
        return (
            f"web {self.pages_cores:.3f} core ({self.idle_cores:.3f} idle), desk p50 {percentile(desk, 50):.0f} ms, "
            f"p99 {percentile(desk, 99):.0f} ms, board p99 {percentile(board, 99):.0f} ms, "
            f"bridged p99 {self.p99_beside_ms:.1f} ms ({self.p99_alone_ms:.1f} without screens)"
        )


@dataclass(frozen=True, slots=True)
class WatchFigures:
    """`page`: None where no browser is."""

    desks: int
    boards: int
    per_second: float
    rounds: tuple[Round, ...]
    page: PageFigures | None

    def as_text(self) -> str:
        rounds = self.rounds
        desk, event, board = (
            [getattr(one.shown, name) for one in rounds] for name in ("desk_ms", "event_ms", "board_ms")
        )
        page = "not measured: no browser" if self.page is None else (
            f"{self.page.octets / 1000:.0f} kB with gzip, first paint after {self.page.paint_ms:.0f} ms"
        )  # fmt: skip
        rows = {
            "CPU of the pages, core": Spread.of([one.pages_cores for one in rounds]).as_text(),
            "the same without calls, but for a few who wait": Spread.of([one.idle_cores for one in rounds]).as_text(),
            "memory of the pages, MB": Spread.of([one.pages_bytes / 1e6 for one in rounds]).as_text(),
            "from commit to desk, p50": _spread(desk, 50),
            "from commit to desk, p99": _spread(desk, 99),
            "from Asterisk's event to desk, p95": _spread(event, 95),
            "from commit to board, p50": _spread(board, 50),
            "from commit to board, p99": _spread(board, 99),
            "bridged after, p99, without screens": Spread.of([one.p99_alone_ms for one in rounds]).as_text(" ms"),
            "the same with screens": Spread.of([one.p99_beside_ms for one in rounds]).as_text(" ms"),
            "CPU per call of Asterisk, application, PostgreSQL": Spread.of(
                [one.cpu_alone_ms for one in rounds]
            ).as_text(" ms"),
            "the same with screens, which PostgreSQL serves too": Spread.of(
                [one.cpu_beside_ms for one in rounds]
            ).as_text(" ms"),
            "frames per second": Spread.of([one.shown.frames_per_second for one in rounds]).as_text(),
            "kB per second": Spread.of([one.shown.octets_per_second / 1000 for one in rounds]).as_text(),
            "CPU of the bench's own screens, core": Spread.of([one.watchers_cores for one in rounds]).as_text(),
            "page of a desk": page,
        }
        head = f"{self.desks} desks and {self.boards} boards beside {self.per_second:g} calls per second"
        return "\n".join((head, *(f"{what}: {found}" for what, found in rows.items())))

    def verdicts(self) -> list[Verdict]:
        rounds = self.rounds
        failed, missed = (sum(of) for of in zip(*((one.failed, one.shown.missed) for one in rounds), strict=True))
        cores = Spread.of([one.pages_cores for one in rounds])
        desk = Spread.of([percentile(one.shown.desk_ms, 99) for one in rounds])
        event = Spread.of([percentile(one.shown.event_ms, 95) for one in rounds])
        ratio = Spread.of([one.ratio for one in rounds])
        found = [
            Verdict("beside screens: no failed call", failed == 0, str(failed)),
            Verdict("beside screens: every caller was shown, and gone again", missed == 0, f"{missed} not"),
            Verdict(f"CPU of the pages <= {MOST_CORES} core", cores.middle <= MOST_CORES, cores.as_text()),
            Verdict(
                f"from commit to desk, p99 <= {LONGEST_DESK_P99_MS:.0f} ms",
                desk.middle <= LONGEST_DESK_P99_MS,
                desk.as_text(" ms"),
            ),
            Verdict(
                f"from Asterisk's event to desk, p95 <= {LONGEST_EVENT_P95_MS:.0f} ms",
                event.middle <= LONGEST_EVENT_P95_MS,
                event.as_text(" ms"),
            ),
            Verdict(
                f"p99 of bridged after, with screens <= {MOST_P99_RATIO:g} x without",
                ratio.middle <= MOST_P99_RATIO,
                ratio.as_text(" x"),
            ),
        ]
        if self.page is not None:
            octets, paint_ms = self.page.octets, self.page.paint_ms
            found += [
                Verdict(
                    f"page of a desk <= {MOST_PAGE_OCTETS / 1000:.0f} kB with gzip",
                    octets <= MOST_PAGE_OCTETS,
                    f"{octets / 1000:.0f} kB",
                ),
                Verdict(
                    f"first paint <= {LONGEST_PAINT_MS:.0f} ms", paint_ms <= LONGEST_PAINT_MS, f"{paint_ms:.0f} ms"
                ),
            ]
        return found


def _spread(of_rounds: list[tuple[float, ...]], percent: float) -> str:
    return Spread.of([percentile(values, percent) for values in of_rounds]).as_text(" ms")
