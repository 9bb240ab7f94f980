"""Figures as text for a terminal, and as values for programs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from textwrap import wrap

from ari_app.core.area import Area
from ari_app.core.ids import MunicipalityCode
from ari_app.reports.choices import in_words
from ari_app.reports.measures import MEASURES, Figure, Group, Measure, Unit
from ari_app.reports.report import Report, choices_on
from ari_app.reports.tally import Tally

#: of each group of `--by`
SHORT = ("aangeboden", "beantwoord", "uitval", "binnen_norm", "wachttijd_gemiddeld", "keuze_geen", "keuze_verkeerd")
_WIDTH = 78
_NAME, _VALUE, _OF = 46, 10, 9


def figure_text(measure: Measure, figure: Figure) -> str:
    """`-` where there is nothing to take it of; `few` where there is too little of it."""
    if figure.value is None:
        return "few" if figure.is_too_few else "-"
    if measure.unit is Unit.COUNT:
        return f"{figure.value:,.0f}"
    return f"{figure.value:,.1f} {'%' if measure.unit is Unit.SHARE else 's'}"


def report_text(report: Report, area: Area) -> str:
    """Every measure with its definition, below the choices by which it was taken."""
    lines = [*choices_text(report, area)]
    group: Group | None = None
    for line in report.lines:
        if line.measure.group is not group:
            group = line.measure.group
            lines += ["", f"{group:<{_NAME}}{'VALUE':>{_VALUE}}{'OF':>{_OF}}"]
        of = "" if line.measure.unit is Unit.COUNT else f"{line.figure.of:,}"
        lines.append(f"{line.measure.name:<{_NAME}}{figure_text(line.measure, line.figure):>{_VALUE}}{of:>{_OF}}")
        if line.earlier is not None and line.earlier != line.figure:
            shown = figure_text(line.measure, line.earlier)
            lines.append(f"{'  by the earlier choices':<{_NAME}}{shown:>{_VALUE}}{line.earlier.of:>{_OF},}")
        lines += [f"    {words}" for words in wrap(line.measure.definition, _WIDTH)]
    subjects = report.tally.with_prefix("subject:")
    if subjects:
        lines += ["", "Onderwerpen (van gesprekken met een nawerk)"]
        lines += [f"{code:<{_NAME}}{count:>{_VALUE},}" for code, count in subjects.items()]
    return "\n".join(lines)


def choices_text(report: Report, area: Area) -> list[str]:
    """The choices in force on the last day, with the municipalities that made them, and since when."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    choices = choices_on(area, report.sums, report.sums.period.last)
    for code in sorted({bucket.municipality for bucket in report.sums.buckets if bucket.municipality}):
        known = area.municipalities.get(MunicipalityCode(code))
        since = max(
            (
                one.from_day
                for one in report.sums.definitions
                if one.municipality == code and one.from_day <= report.sums.period.last
            ),
            default=None,
        )
        name = code if known is None else known.name
        found[in_words(*choices(code))].append(name if since is None else f"{name} (since {since})")
    lines = [f"{', '.join(names)}: {words}" for words, names in found.items()]
    for town, day in report.changed_on:
        lines.append(f"{town}: other choices from {day} on; figures are by the later ones, and by the earlier ones too")
    return lines


def grouped_text(groups: Mapping[str, Tally], heading: str) -> str:
    """A line for each group."""
    shown = [MEASURES[code] for code in SHORT]
    lines = [f"{heading:<20}" + "".join(f"{one.code:>21}" for one in shown)]
    for name, tally in groups.items():
        lines.append(f"{name or '-':<20}" + "".join(f"{figure_text(one, one.figure(tally)):>21}" for one in shown))
    return "\n".join(lines)


def figure_rows(measures: Sequence[tuple[Measure, Figure]]) -> list[dict[str, object]]:
    """For JSON."""
    return [
        {
            "measure": measure.code,
            "name": measure.name,
            "unit": measure.unit.value,
            "value": figure.value,
            "of": figure.of,
            "definition": measure.definition,
            "formula": measure.formula,
        }
        for measure, figure in measures
    ]
