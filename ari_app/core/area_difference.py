"""The changes that an import makes: by name for the report, by key for the tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from ari_app.core.area import Area, DirectNumber, Member, Municipality, SharedNumber
from ari_app.core.area_contents import AreaFile, MemberKey
from ari_app.core.calendar import special_days_known_until, special_days_run_out
from ari_app.core.ids import EntryCode, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.numbers import format_shared


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The outcome of an import, by name; `warnings` are sentences about the area as it is now."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def did_something(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(slots=True)
class Difference:
    """The keys of the things to write: new and changed ones, and those that go."""

    municipalities: set[MunicipalityCode] = field(default_factory=set)
    shared_numbers: set[str] = field(default_factory=set)
    members: set[MemberKey] = field(default_factory=set)
    teams: set[TeamCode] = field(default_factory=set)
    operators: set[OperatorNumber] = field(default_factory=set)
    special_days: dict[date, tuple[str, str]] = field(default_factory=dict)  # name, source
    entries: set[EntryCode] = field(default_factory=set)
    callable_countries: bool = False
    gone_members: set[MemberKey] = field(default_factory=set)
    gone_teams: set[TeamCode] = field(default_factory=set)
    gone_operators: set[OperatorNumber] = field(default_factory=set)
    gone_entries: set[EntryCode] = field(default_factory=set)


@dataclass(slots=True)
class _Tally:
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def differs(self, name: str, old: object | None, new: object | None) -> bool:
        """Count one thing; returns whether it must be written. None is absence."""
        if old == new:
            self.unchanged.append(name)
        elif old is None:
            self.added.append(name)
        elif new is None:
            self.removed.append(name)
        else:
            self.changed.append(name)
        return old != new


def compare(
    known: Area,
    new: Area,
    wanted: AreaFile,
    new_pins: Collection[OperatorNumber],
    special_days: Mapping[date, tuple[str, str]],
    today: date,
) -> tuple[ImportReport, Difference]:
    """The difference that a file makes.

    `new_pins`: operators who get another PIN. `special_days`: those that were imported before, with name and source.
    """
    tally, difference = _Tally(), Difference()
    for code in wanted.named.municipalities:
        if tally.differs(f"municipality {code}", _whole(known, code), _whole(new, code)):
            difference.municipalities.add(code)
    _compare_numbers(known, new, wanted, tally, difference)
    _compare_people(known, new, wanted, new_pins, tally, difference)
    for day, name in wanted.named.special_days.items():
        entry = (name, wanted.special_day_sources[day])
        if tally.differs(f"special day {day}", special_days.get(day), entry):
            difference.special_days[day] = entry
    _compare_directory(known, new, wanted, tally, difference)
    report = ImportReport(
        tuple(tally.added),
        tuple(tally.changed),
        tuple(tally.unchanged),
        tuple(tally.removed),
        (*_unconsulted(known, new, difference), *unanswered(new), *running_out(new.special_days, today)),
    )
    return report, difference


def _whole(area: Area, code: MunicipalityCode) -> tuple[Municipality, list[DirectNumber]] | None:
    """A municipality with its direct numbers."""
    municipality = area.municipalities.get(code)
    if municipality is None:
        return None
    direct = (number for number in area.direct_numbers.values() if number.municipality == code)
    return municipality, sorted(direct, key=lambda number: number.e164)


def _compare_numbers(known: Area, new: Area, wanted: AreaFile, tally: _Tally, difference: Difference) -> None:
    for digits, shared in wanted.named.shared_numbers.items():
        before = known.shared_numbers.get(digits)
        name = format_shared(digits)
        old = None if before is None else (before.default, before.choose_within_seconds)
        if tally.differs(f"shared number {name}", old, (shared.default, shared.choose_within_seconds)):
            difference.shared_numbers.add(digits)
        for member in shared.members:
            code = member.municipality
            if tally.differs(f"member {code} of {name}", _member(before, code), member):
                difference.members.add((digits, code))
    for digits, code in sorted(wanted.removals.members):
        member_name = f"member {code} of {format_shared(digits)}"
        if tally.differs(member_name, _member(known.shared_numbers.get(digits), code), None):
            difference.gone_members.add((digits, code))


def _compare_people(
    known: Area,
    new: Area,
    wanted: AreaFile,
    new_pins: Collection[OperatorNumber],
    tally: _Tally,
    difference: Difference,
) -> None:
    for code in sorted({*wanted.named.teams, *wanted.removals.teams}):
        team = new.teams.get(code)
        if tally.differs(f"team {code}", known.teams.get(code), team):
            (difference.gone_teams if team is None else difference.teams).add(code)
    lost_a_team = {
        number for number, operator in known.operators.items() if not wanted.removals.teams.isdisjoint(operator.teams)
    }
    for number in sorted({*wanted.named.operators, *wanted.removals.operators, *lost_a_team}):
        before, operator = known.operators.get(number), new.operators.get(number)
        old = None if before is None else (before, False)
        if tally.differs(f"operator {number}", old, None if operator is None else (operator, number in new_pins)):
            (difference.gone_operators if operator is None else difference.operators).add(number)


def _compare_directory(known: Area, new: Area, wanted: AreaFile, tally: _Tally, difference: Difference) -> None:
    if wanted.callable_countries is not None:
        old, now = sorted(known.callable_countries) or None, sorted(new.callable_countries) or None
        difference.callable_countries = tally.differs("countries outside", old, now)
    for code in sorted({*wanted.named.entries, *wanted.removals.entries}):
        entry = new.entries.get(code)
        if tally.differs(f"directory entry {code}", known.entries.get(code), entry):
            (difference.gone_entries if entry is None else difference.entries).add(code)


def _member(shared: SharedNumber | None, code: MunicipalityCode) -> Member | None:
    members = () if shared is None else shared.members
    return next((member for member in members if member.municipality == code), None)


def _unconsulted(known: Area, new: Area, difference: Difference) -> Iterator[str]:
    for digits, code in sorted(difference.members):
        before = known.shared_numbers.get(digits)
        member = _member(new.shared_numbers[digits], code)
        if before is not None and _member(before, code) is None and member is not None and not member.consultations:
            yield f"{code} joins {format_shared(digits)}, and no consultation of its neighbours is recorded (AV §6)"


def unanswered(new: Area) -> Iterator[str]:
    """The warning that no operator serves a municipality."""
    manned = {team for operator in new.operators.values() for team in operator.teams}
    answered = {code for team in new.teams.values() if team.code in manned for code in team.serves}
    for code in sorted(new.municipalities.keys() - answered):
        yield f"nobody answers for {code}: no team with operators serves it"


def running_out(special_days: Mapping[date, str], today: date) -> Iterator[str]:
    """The warning that designated days are known for too short a time."""
    if special_days_run_out(special_days, today):
        until = special_days_known_until(special_days)
        yield f"designated days are known until {until}: add those of the next decree as [[special_day]]"
