"""Taking part in a 14-number (AV §4, §6): who shares it since when, who was consulted, and what each had."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date

from aiohttp import web

from ari_app.core.access import Action, Scope, overlap
from ari_app.core.area import SharedNumber
from ari_app.core.calendar import local_date
from ari_app.core.ids import MunicipalityCode
from ari_app.core.numbers import format_shared
from ari_app.core.participation import Participant, participants
from ari_app.reports.periods import Period
from ari_app.reports.reading import OfNumber, read_by_number
from ari_app.web.csv_file import csv_file, lines
from ari_app.web.names import Names
from ari_app.web.number_plan import day_words
from ari_app.web.pages.answers import page_for
from ari_app.web.periods import read_period
from ari_app.web.site import Visit

LONGEST_DAYS = 1100
_HEAD = (
    "nummer",
    "gemeente",
    "vanaf",
    "tot en met",
    "gesprekken",
    "beantwoord",
    "gespreksminuten",
    "deel van de gesprekken (procent)",
    "deel van de minuten (procent)",
)
KINDS = {"consulted": "geraadpleegd", "informed": "geïnformeerd"}


@dataclass(frozen=True, slots=True)
class Share:
    """What a municipality had of one number in a period. Shares only for who sees all of it; None else."""

    name: str
    calls: int
    answered: int
    minutes: float
    calls_percent: float | None
    minutes_percent: float | None


@dataclass(frozen=True, slots=True)
class Shared:
    """A number that a municipality of the reader's has a part in."""

    number: str
    default: str
    participants: tuple[Participant, ...]
    shares: tuple[Share, ...]


async def show(visit: Visit) -> web.Response:
    """Of an address that is wrong the form alone, which says what is."""
    values, faults, period = _period(visit)
    found = [] if faults else await _found(visit, period)
    return page_for(
        visit,
        "participation",
        status=400 if faults else 200,
        found=found,
        values=values,
        faults={name: faults.get(name, "") for name in ("vanaf", "tot")},
        export=f"/deelname.csv?vanaf={values['vanaf']}&tot={values['tot']}",
        kinds=KINDS,
        day=lambda day: "" if day is None else day_words(day),
        decimal=_decimal,
    )


async def export(visit: Visit) -> web.StreamResponse:
    """The shares of a period, for a spreadsheet. Raises HTTPBadRequest, and as `csv_file`."""
    _, faults, period = _period(visit)
    if faults:
        raise web.HTTPBadRequest
    return await csv_file(visit.request, f"deelname-{period.first}-{period.last}.csv", _HEAD, _rows(visit, period))


async def _rows(visit: Visit, period: Period) -> AsyncIterator[str]:
    """Raises StoreUnavailable."""
    days = (period.first.isoformat(), period.last.isoformat())
    yield lines(
        (
            shared.number,
            one.name,
            *days,
            str(one.calls),
            str(one.answered),
            _decimal(one.minutes),
            _decimal(one.calls_percent),
            _decimal(one.minutes_percent),
        )
        for shared in await _found(visit, period)
        for one in shared.shares
    )


async def _found(visit: Visit, period: Period) -> list[Shared]:
    area, scope = visit.site.area.current, visit.actor.scope_of(Action.PARTICIPATION)
    own = [
        shared
        for _, shared in sorted(area.shared_numbers.items())
        if overlap(frozenset(member.municipality for member in shared.members), scope)
    ]
    counted = await read_by_number(visit.site.pool, scope, [shared.digits for shared in own], period)
    return [_shared(visit, shared, scope, [one for one in counted if one.number == shared.digits]) for shared in own]


def _shared(visit: Visit, shared: SharedNumber, scope: Scope, counted: Sequence[OfNumber]) -> Shared:
    area, now = visit.site.area.current, visit.site.now()
    default = None if shared.default is None else area.municipalities.get(shared.default)
    return Shared(
        format_shared(shared.digits),
        "" if default is None else default.name,
        participants(area, shared, now),
        _shares(visit, shared, scope, counted),
    )


def _shares(visit: Visit, shared: SharedNumber, scope: Scope, counted: Sequence[OfNumber]) -> tuple[Share, ...]:
    """Of the reader's municipalities; others' calls are not counted, and so there are no shares of a whole."""
    names = Names.of(visit.site.area.current, scope)
    counts = {MunicipalityCode(one.municipality): one for one in counted}
    members = {member.municipality for member in shared.members if scope is None or member.municipality in scope}
    calls, minutes = sum(one.arrived for one in counted), sum(one.talk_ms for one in counted)
    found = []
    for code in sorted({*counts, *members}, key=lambda code: (code == "", names.town(code))):
        had = counts.get(code) or OfNumber(shared.digits, code, 0, 0, 0)
        found.append(
            Share(
                names.town(code) if code else "geen gemeente gekozen",
                had.arrived,
                had.answered,
                had.talk_ms / 60_000,
                100 * had.arrived / calls if calls and scope is None else None,
                100 * had.talk_ms / minutes if minutes and scope is None else None,
            )
        )
    return tuple(found)


def _period(visit: Visit) -> tuple[dict[str, str], dict[str, str], Period]:
    """Without days: this month until today."""
    now, query = visit.site.now(), visit.request.query
    today = local_date(now)
    values = {name: query.get(name, "").strip() for name in ("vanaf", "tot")}
    if not any(values.values()):
        values = {"vanaf": today.replace(day=1).isoformat(), "tot": today.isoformat()}
    faults: dict[str, str] = {}
    read_period(values, faults, now)
    if faults:
        return values, faults, Period(today, today)
    period = Period(date.fromisoformat(values["vanaf"]), date.fromisoformat(values["tot"]))
    if period.days > LONGEST_DAYS:
        faults["tot"] = "Kies hooguit drie jaar."
    return values, faults, period


def _decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}".replace(".", ",")
