"""What the page of figures shows: numbers as the Dutch write them, comparisons, charts and their tables. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ari_app.core.calendar import AMSTERDAM
from ari_app.core.call import EndReason
from ari_app.reports.charts import Rect, WaitBin, heat, stacked, wait_bins
from ari_app.reports.choices import in_words
from ari_app.reports.counting import Count, end_key
from ari_app.reports.measures import MEASURES, Figure, Group, Measure, Unit
from ari_app.reports.periods import Period, Step
from ari_app.reports.reading import Bucket, Sums
from ari_app.reports.report import Report, choices_on, grouped, norm_of, report_of
from ari_app.reports.tally import Tally
from ari_app.web.call_filters import ENDS
from ari_app.web.names import Names

_DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
_MONTHS = ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
           "november", "december")  # fmt: skip
#: columns of the tables by municipality, team and number
COLUMNS = ("aangeboden", "beantwoord", "uitval", "binnen_norm", "wachttijd_gemiddeld", "gesprekstijd")
#: the calls behind a figure, as the page of calls is asked for them
CALLS_BEHIND: Mapping[str, Mapping[str, str]] = {
    "aangeboden": {},
    "opgehangen": {"einde": "opgehangen"},
    "tijdens_sluiting": {"einde": "gesloten"},
    "geen_plaats": {"einde": "bezet"},
    "doorverbonden_niet": {"einde": "geholpen", "doorverbonden": "nee"},
    "doorverbonden_een_keer": {"doorverbonden": "ja"},
}


@dataclass(frozen=True, slots=True)
class FigureRow:
    """`earlier`: by the choices of the first day; empty where they are the same. `behind`: more of an address."""

    measure: Measure
    value: str
    of: str
    before: str
    year_ago: str
    earlier: str
    behind: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class StepRow:
    name: str
    arrived: int
    answered: int
    within: str


@dataclass(frozen=True, slots=True)
class GroupRow:
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndRow:
    """Calls that ended so; `code`: as the page of calls is asked for them."""

    code: str
    name: str
    count: int
    percent: float


@dataclass(frozen=True, slots=True)
class HeatRow:
    """Of each hour the calls, and how many that are among the others, from 0 to 4."""

    day: str
    hours: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class FiguresView:
    period: str
    before: str
    year_ago: str
    step: str
    counted_at: datetime | None
    counting_from: str
    choices: tuple[tuple[str, str, str], ...]
    changed_on: tuple[str, ...]
    groups: tuple[tuple[Group, tuple[FigureRow, ...]], ...]
    steps: tuple[StepRow, ...]
    ends_of_chart: tuple[str, str]
    most: int
    bars: tuple[Rect, ...]
    waits: tuple[WaitBin, ...]
    norm_seconds: int | None
    ends: tuple[EndRow, ...]
    hours: tuple[int, ...]
    heat: tuple[HeatRow, ...]
    tables: tuple[tuple[str, tuple[GroupRow, ...]], ...]
    subjects: tuple[tuple[str, int], ...]


def shown(measure: Measure, figure: Figure) -> str:
    if figure.value is None:
        return "te weinig" if figure.is_too_few else "-"
    if measure.unit is Unit.COUNT:
        return whole(round(figure.value))
    if measure.unit is Unit.SHARE:
        return f"{figure.value:.1f} %".replace(".", ",")
    return lasting(figure.value)


def whole(count: int) -> str:
    return f"{count:,}".replace(",", ".")


def lasting(seconds: float) -> str:
    """`42 s`, `2 min 05 s`, `3 uur 05 min`."""
    rest = round(seconds)
    if rest < 60:
        return f"{rest} s"
    if rest < 3600:
        return f"{rest // 60} min {rest % 60:02} s"
    return f"{whole(rest // 3600)} uur {rest % 3600 // 60:02} min"


def days(period: Period) -> str:
    """The period in words."""
    if period.is_year:
        return str(period.first.year)
    if period.is_month:
        return f"{_MONTHS[period.first.month - 1]} {period.first.year}"
    first, last = (f"{one.day} {_MONTHS[one.month - 1]} {one.year}" for one in (period.first, period.last))
    return first if first == last else f"{first} tot en met {last}"


def view_of(
    names: Names, sums: Sequence[Sums], hours: Mapping[tuple[int, int], int], subjects: Mapping[str, str]
) -> FiguresView:
    """`sums`: of the period, of the one before, and of the one a year ago."""
    report, before, year_ago = (report_of(names.area, one) for one in sums)
    here = sums[0]
    steps = grouped(names.area, here, lambda bucket: bucket.step_at.isoformat())
    every = [(at, steps.get(at.isoformat(), Tally())) for at in here.period.steps()]
    pairs = [(at, tally.counts[Count.ARRIVED], tally.counts[Count.ANSWERED]) for at, tally in every]
    columns = [[("answered", answered), ("other", max(0, arrived - answered))] for _, arrived, answered in pairs]
    within = MEASURES["binnen_norm"]
    busiest = [hour for _, hour in hours]
    span = tuple(range(min(busiest), max(busiest) + 1)) if busiest else ()
    return FiguresView(
        period=days(here.period),
        before=days(here.period.before),
        year_ago=days(here.period.year_ago),
        step={Step.QUARTER: "kwartier", Step.DAY: "dag", Step.MONTH: "maand"}[here.period.step],
        counted_at=here.counted_at,
        counting_from="" if here.counting_from is None else days(Period(here.counting_from, here.counting_from)),
        choices=tuple(_choices(names, here)),
        changed_on=tuple(f"{names.town(town)}: vanaf {days(Period(day, day))}" for town, day in report.changed_on),
        groups=tuple(_groups(report, before, year_ago)),
        steps=tuple(
            StepRow(_step_name(at, here.period.step), arrived, answered, shown(within, within.figure(tally)))
            for (at, arrived, answered), (_, tally) in zip(pairs, every, strict=True)
            if arrived or here.period.step is not Step.QUARTER
        ),
        ends_of_chart=(_step_name(every[0][0], here.period.step), _step_name(every[-1][0], here.period.step)),
        most=max(arrived for _, arrived, _ in pairs),
        bars=stacked(columns),
        waits=wait_bins(report.tally),
        norm_seconds=_one_norm(names, here),
        ends=tuple(_ends(report.tally)),
        hours=span,
        heat=tuple(_heat(hours, span)),
        tables=tuple(_tables(names, here)),
        subjects=tuple(
            (subjects.get(code, code), count) for code, count in report.tally.with_prefix("subject:").items()
        ),
    )


def _choices(names: Names, sums: Sums) -> list[tuple[str, str, str]]:
    """What each municipality chose, those that chose the same together, and since when."""
    chosen = choices_on(names.area, sums, sums.period.last)
    since = {one.municipality: one.from_day for one in sums.definitions if one.from_day <= sums.period.last}
    found: dict[tuple[str, str], list[str]] = {}
    for code, name in names.towns.items():
        if sums.buckets and not any(bucket.municipality == code for bucket in sums.buckets):
            continue
        day = since.get(code)
        words = "" if day is None else days(Period(day, day))
        found.setdefault((in_words(*chosen(code)), words), []).append(name)
    return [(", ".join(towns), words, day) for (words, day), towns in found.items()]


def _groups(report: Report, before: Report, year_ago: Report) -> list[tuple[Group, tuple[FigureRow, ...]]]:
    rows: dict[Group, list[FigureRow]] = {}
    for line, then, last_year in zip(report.lines, before.lines, year_ago.lines, strict=True):
        measure = line.measure
        earlier = "" if line.earlier in (None, line.figure) or line.earlier is None else shown(measure, line.earlier)
        rows.setdefault(measure.group, []).append(
            FigureRow(
                measure,
                shown(measure, line.figure),
                "" if measure.unit is Unit.COUNT or measure.group is Group.TEAM else whole(line.figure.of),
                shown(measure, then.figure),
                shown(measure, last_year.figure),
                earlier,
                CALLS_BEHIND.get(measure.code) if line.figure.value else None,
            )
        )
    return [(group, tuple(found)) for group, found in rows.items()]


def _step_name(at: datetime, step: Step) -> str:
    there = at.astimezone(AMSTERDAM)
    if step is Step.QUARTER:
        return f"{there:%H.%M}"
    if step is Step.DAY:
        return f"{_DAYS[there.weekday()]} {there.day} {_MONTHS[there.month - 1][:3]}"
    return f"{_MONTHS[there.month - 1]} {there.year}"


def _one_norm(names: Names, sums: Sums) -> int | None:
    """None: the municipalities have several."""
    chosen = choices_on(names.area, sums, sums.period.last)
    norms = {norm_of(names.area, code, chosen(code)[0]) for code in names.towns}
    return norms.pop() if len(norms) == 1 else None


def _ends(tally: Tally) -> list[EndRow]:
    """Every call that is over is in one of them; none that nobody ended so."""
    found = [(code, words, _count(tally, ends)) for code, (words, ends) in ENDS.items()]
    most = max((count for _, _, count in found), default=0)
    return [EndRow(code, words, count, round(100 * count / most, 2)) for code, words, count in found if count]


def _count(tally: Tally, ends: Sequence[EndReason]) -> int:
    return tally.sum(*(end_key(end) for end in ends))


def _heat(hours: Mapping[tuple[int, int], int], span: Sequence[int]) -> list[HeatRow]:
    most = max(hours.values(), default=0)
    weekdays = sorted({weekday for weekday, _ in hours})
    return [
        HeatRow(
            _DAYS[weekday - 1],
            tuple((hours.get((weekday, hour), 0), heat(hours.get((weekday, hour), 0), most)) for hour in span),
        )
        for weekday in weekdays
    ]


def _tables(names: Names, sums: Sums) -> list[tuple[str, tuple[GroupRow, ...]]]:
    """Of one thing only there is no table: it is the whole. Teams and numbers that are none of the readers' are one."""
    keys: tuple[tuple[str, Callable[[Bucket], str]], ...] = (
        ("Per gemeente", lambda bucket: names.town(bucket.municipality or None) or "geen gemeente gekozen"),
        ("Per team dat als eerste opnam", lambda bucket: names.team(bucket.team) if bucket.team else "door niemand"),
        ("Per nummer dat gebeld werd", lambda bucket: bucket.number or "ander, of wij belden zelf"),
    )
    found = []
    for name, key in keys:
        groups = grouped(names.area, sums, key)
        if len(groups) > 1:
            rows = tuple(
                GroupRow(group, tuple(shown(MEASURES[code], MEASURES[code].figure(tally)) for code in COLUMNS))
                for group, tally in groups.items()
            )
            found.append((name, rows))
    return found
