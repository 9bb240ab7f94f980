"""What a storm came to, and whether its aims were met."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.bench.figures import Verdict, percentile

#: the aims
MOST_IDLE_SHARE, LEAST_OF_BEST = 0.01, 0.95
LONGEST_REASON_SECONDS, LONGEST_BACK_SECONDS = 2, 10
LONGEST_CONNECT_MS, LONGEST_GAP_MS = 100, 200
LONGEST_CONNECT_IN_STORM_MS = 1000


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of offered load. `idle_share`: of the operators' time, free while somebody waited."""

    times: float
    seconds: float
    ends: dict[str, int]
    connected: int
    cut: int
    idle_share: float
    connect_ms: tuple[float, ...] = field(repr=False)

    @property
    def per_minute(self) -> float:
        return self.connected * 60 / self.seconds

    @property
    def lost(self) -> int:
        """Calls that ended as nobody's call should."""
        return sum(self.ends.get(reason, 0) for reason in ("handled_by_fallback", "fault", "lost"))

    def as_text(self) -> str:
        ends = ", ".join(f"{count} {reason}" for reason, count in sorted(self.ends.items()))
        return (
            f"{self.times:g} x capacity for {self.seconds:.0f} s: {self.per_minute:.0f} connected per minute, "
            f"{self.cut} talks cut, free operators beside waiting callers {self.idle_share:.2%} of their time, "
            f"free to connected p50 {percentile(self.connect_ms, 50):.0f}, p99 {percentile(self.connect_ms, 99):.0f} ms"
            f" ({ends})"
        )


@dataclass(frozen=True, slots=True)
class Sound:
    """What the speakers heard in the storm. `pause_ms`: the longest of their own, which is not the exchange's."""

    talks: int
    gap_ms: float
    pause_ms: float


@dataclass(frozen=True, slots=True)
class StormFigures:
    calm: Phase
    storm: Phase
    queue_per_minute: float  # app_queue under the same storm
    reason_seconds: float
    back_seconds: float | None  # after the storm; None: not within LEAVE_SECONDS
    restart_seconds: float | None  # after a kill -9 in it
    audit_agrees: bool
    sound: Sound

    def as_text(self) -> str:
        lines = [self.calm.as_text(), self.storm.as_text()]
        lines.append(f"app_queue in the same storm: {self.queue_per_minute:.0f} connected per minute")
        return "\n".join(lines)

    def verdicts(self) -> list[Verdict]:
        calm, storm, back = self.calm, self.storm, self.back_seconds
        p99, storm_p99 = percentile(calm.connect_ms, 99), percentile(storm.connect_ms, 99)
        turned_away = calm.ends.get("turned_away", 0)
        least = LEAST_OF_BEST * calm.per_minute
        verdicts = [
            Verdict("at 1 x: no call lost, or in the fallback", calm.lost == 0, str(calm.lost)),
            Verdict("at 1 x: nobody turned away", turned_away == 0, str(turned_away)),
            Verdict(
                f"at 1 x: free to connected, p99 <= {LONGEST_CONNECT_MS} ms", p99 <= LONGEST_CONNECT_MS, f"{p99:.0f} ms"
            ),
            Verdict(
                f"in the storm: free to connected, p99 <= {LONGEST_CONNECT_IN_STORM_MS} ms",
                storm_p99 <= LONGEST_CONNECT_IN_STORM_MS,
                f"{storm_p99:.0f} ms",
            ),
            Verdict("in the storm: no talk cut", storm.cut == 0, str(storm.cut)),
            Verdict("in the storm: no call lost, or in the fallback", storm.lost == 0, str(storm.lost)),
            Verdict(
                f"in the storm: operators free beside waiting callers <= {MOST_IDLE_SHARE:.0%} of their time",
                storm.idle_share <= MOST_IDLE_SHARE,
                f"{storm.idle_share:.2%}",
            ),
            Verdict(
                f"in the storm: connected per minute >= {LEAST_OF_BEST:.0%} of that at 1 x, and than app_queue",
                storm.per_minute >= max(least, self.queue_per_minute),
                f"{storm.per_minute:.0f} of {calm.per_minute:.0f}; app_queue {self.queue_per_minute:.0f}",
            ),
            Verdict(
                f"every refused caller has a reason within {LONGEST_REASON_SECONDS} s",
                self.reason_seconds <= LONGEST_REASON_SECONDS,
                f"{self.reason_seconds:.1f} s",
            ),
            Verdict(
                f"normal again <= {LONGEST_BACK_SECONDS} s after the storm",
                back is not None and back <= LONGEST_BACK_SECONDS,
                "not seen" if back is None else f"{back:.1f} s",
            ),
            Verdict(
                f"in the storm: no gap > {LONGEST_GAP_MS} ms in the sound of {self.sound.talks} talks",
                self.sound.talks > 0 and self.sound.gap_ms <= LONGEST_GAP_MS,
                f"{self.sound.gap_ms:.0f} ms; the callers' own longest pause {self.sound.pause_ms:.0f} ms",
            ),
            Verdict("record = event log", self.audit_agrees, "agrees" if self.audit_agrees else "differs"),
        ]
        if self.restart_seconds is not None:
            verdicts.append(
                Verdict(
                    f"killed in the storm: back <= {LONGEST_BACK_SECONDS} s",
                    self.restart_seconds <= LONGEST_BACK_SECONDS,
                    f"{self.restart_seconds:.1f} s",
                )
            )
        return verdicts
