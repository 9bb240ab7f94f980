"""The sums that measures are taken of: counts, and waits judged by each municipality's choices. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ari_app.reports.choices import Choices, Judgement, is_short, judged
from ari_app.reports.waits import wait_of

#: a municipality's choices, and its norm in seconds
ChoicesOf = Callable[[str], tuple[Choices, int]]


@dataclass(slots=True)
class Tally:
    """`answered_waits`: callers who were answered by whole seconds that they waited, of those whom the choices count.

    `team_ms`: milliseconds by state, of operators. `fewest_calls`: the largest of the municipalities' choices.
    """

    counts: Counter[str] = field(default_factory=Counter)
    met: int = 0
    missed: int = 0
    short_abandons: int = 0
    answered_waits: Counter[int] = field(default_factory=Counter)
    team_ms: Counter[str] = field(default_factory=Counter)
    fewest_calls: int = 0

    def add(self, counts: Mapping[str, int], choices: Choices, norm_seconds: int) -> None:
        """The counts of one bucket of a municipality with these choices."""
        self.fewest_calls = max(self.fewest_calls, choices.fewest_calls)
        for key, count in counts.items():
            wait = wait_of(key)
            if wait is None:
                self.counts[key] += count
            elif wait.clock is choices.clock:
                verdict = judged(wait, choices, norm_seconds)
                if verdict is Judgement.MET:
                    self.met += count
                elif verdict is Judgement.MISSED:
                    self.missed += count
                if verdict is not Judgement.LEFT_OUT and wait.end == "a":
                    self.answered_waits[wait.seconds] += count
                if is_short(wait, choices):
                    self.short_abandons += count

    def sum(self, *keys: str) -> int:
        return sum(self.counts[key] for key in keys)

    def with_prefix(self, prefix: str) -> dict[str, int]:
        """By the rest of the key, the largest first."""
        found = {key[len(prefix) :]: count for key, count in self.counts.items() if key.startswith(prefix)}
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

    def percentile(self, percent: int) -> int | None:
        """The shortest wait that so many per cent of the answered callers did not exceed; None: nobody was answered."""
        total = self.answered_waits.total()
        reached = 0
        for seconds, count in sorted(self.answered_waits.items()):
            reached += count
            if reached * 100 >= percent * total:
                return seconds
        return None


def tallied(buckets: Iterable[tuple[str, Mapping[str, int]]], choices_of: ChoicesOf) -> Tally:
    """Of buckets with their municipality; empty for calls that reached none."""
    tally = Tally()
    for municipality, counts in buckets:
        tally.add(counts, *choices_of(municipality))
    return tally
