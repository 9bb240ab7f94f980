"""Measures of waiting: within the norm, and how long. Pure."""

from __future__ import annotations

from collections.abc import Callable

from ari_app.reports.counting import Count
from ari_app.reports.measures.shape import Figure, Group, Measure, Unit, mean, plain, share
from ari_app.reports.tally import Tally

_COUNTED_WAITS = "waits of answered callers whom the choices count, in whole seconds rounded up"


def _mean_wait(tally: Tally) -> Figure:
    count = tally.answered_waits.total()
    spent = sum(seconds * times for seconds, times in tally.answered_waits.items())
    return Figure(spent / count if count else None, count)


def _percentile(percent: int) -> Callable[[Tally], Figure]:
    return lambda tally: Figure(tally.percentile(percent), tally.answered_waits.total())


WAITING = (
    Measure(
        "binnen_norm",
        "Beantwoord binnen de norm",
        Group.WAITING,
        Unit.SHARE,
        "Deel van de bellers dat binnen de norm een mens sprak, volgens de keuzes van de gemeente die erbij staan.",
        "met / (met + missed), by the choices",
        share(lambda tally: tally.met, lambda tally: tally.met + tally.missed),
    ),
    Measure(
        "wachttijd_gemiddeld",
        "Wachttijd, gemiddeld",
        Group.WAITING,
        Unit.SECONDS,
        "Gemiddelde tijd die beantwoorde bellers wachtten, in hele seconden naar boven afgerond.",
        f"mean of the {_COUNTED_WAITS}",
        _mean_wait,
    ),
    *(
        Measure(
            f"wachttijd_{name}", f"Wachttijd, {shown}", Group.WAITING, Unit.SECONDS, said, formula, _percentile(percent)
        )
        for name, shown, said, formula, percent in (
            (
                "mediaan",
                "mediaan",
                "De helft van de beantwoorde bellers wachtte niet langer dan dit.",
                f"the least of the {_COUNTED_WAITS} that 50 % do not exceed",
                50,
            ),
            (
                "p90",
                "negen van de tien",
                "Negen van de tien beantwoorde bellers wachtten niet langer dan dit.",
                f"the least of the {_COUNTED_WAITS} that 90 % do not exceed",
                90,
            ),
            (
                "langste",
                "langste",
                "De langste tijd die een beantwoorde beller wachtte.",
                f"the greatest of the {_COUNTED_WAITS}",
                100,
            ),
        )
    ),
    plain(
        "van_elders",
        "Doorverbonden uit een andere wachtrij",
        Group.WAITING,
        "Keren dat een mens een beller in deze wachtrij zette, en de beller die wachtrij weer verliet.",
        Count.FROM_ELSEWHERE,
    ),
    Measure(
        "wachttijd_van_elders",
        "Wachttijd na doorverbinden",
        Group.WAITING,
        Unit.SECONDS,
        "Gemiddelde tijd in deze wachtrij van bellers die een mens erin zette.",
        "elsewhere_ms / from_elsewhere",
        mean(Count.ELSEWHERE_MS, Count.FROM_ELSEWHERE),
    ),
)
