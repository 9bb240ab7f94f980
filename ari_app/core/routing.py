"""Routing of a call: the owner of the dialled number, and whether the caller may come in now. Stateless.

A stage asks three questions in turn: `entry` (whose number was dialled?), `admit_shared` or `admit` (may the caller
come in, or only hear an announcement?), and, after the menu, `choose` or `default_choice`.

A calamity text is heard in closed hours too: a caller at night wants to know about the flood as well. With
`AfterCalamity.END` the call ends after it, also in opening hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ari_app.core.area import AfterCalamity, Area, Calamity, DirectNumber, Member, Municipality, SharedNumber
from ari_app.core.calendar import ClosedNow, ClosedWhy, OpenNow, local_date, open_state
from ari_app.core.ids import Endpoint, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.numbers import normalise_dialled


class NotServedWhy(StrEnum):
    """Why nobody is reached on a dialled number."""

    NOT_A_NUMBER = "not_a_number"
    NOT_OURS = "not_ours"
    NO_MEMBER_YET = "no_member_yet"  # a shared number without a connected municipality today


@dataclass(frozen=True, slots=True)
class AskMunicipality:
    """Several municipalities share the dialled number; `shared` has the members that are offered today."""

    shared: SharedNumber


@dataclass(frozen=True, slots=True)
class Known:
    """The dialled number belongs to one municipality; `shared_number` when it is a 14-number."""

    municipality: MunicipalityCode
    shared_number: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The operator, team or phone that a direct number rings: exactly one of these."""

    operator: OperatorNumber | None = None
    team: TeamCode | None = None
    endpoint: Endpoint | None = None

    def __str__(self) -> str:
        return next((str(who) for who in (self.operator, self.team, self.endpoint) if who is not None), "")


@dataclass(frozen=True, slots=True)
class Direct:
    """A direct number for running cases: its person or team rings first, then the deputy, then the queue."""

    number: DirectNumber


@dataclass(frozen=True, slots=True)
class NotServed:
    """Nobody is reached on the dialled number."""

    reason: NotServedWhy


Entry = AskMunicipality | Known | Direct | NotServed


@dataclass(frozen=True, slots=True)
class Open:
    """The caller may come in, after these announcements."""

    calamities: tuple[Calamity, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """Closed; announced without answering the line, after these calamity texts. `opens_at` None: no opening in sight.

    `name` is the name of the legal day, or the reason of the municipality's own closing. Only before the menu can
    there be texts of several municipalities: announce each with its municipality's name.
    """

    why: ClosedWhy
    name: str | None
    opens_at: datetime | None
    calamities: tuple[Calamity, ...] = ()


@dataclass(frozen=True, slots=True)
class CalamityOnly:
    """The call ends after these texts; announced without answering the line."""

    calamities: tuple[Calamity, ...]


Admission = Open | Closed | CalamityOnly


def entry(area: Area, dialled: str, now: datetime) -> Entry:
    """The owner of the dialled number, in any notation that a trunk delivers."""
    number = normalise_dialled(dialled)
    if number.shared is not None:
        if number.shared not in area.shared_numbers:
            return NotServed(NotServedWhy.NOT_OURS)
        shared = offered(area, number.shared, now)
        if not shared.members:
            return NotServed(NotServedWhy.NO_MEMBER_YET)
        if shared.question_is_needed:
            return AskMunicipality(shared)
        return Known(shared.members[0].municipality, shared.digits)
    if number.e164 is None:
        return NotServed(NotServedWhy.NOT_A_NUMBER)
    direct = area.direct_numbers.get(number.e164)
    if direct is not None:
        return Direct(direct)
    for municipality in area.municipalities.values():
        if number.e164 in municipality.geographic_numbers:
            return Known(municipality.code)
    return NotServed(NotServedWhy.NOT_OURS)


def municipalities_of(entry: Entry) -> frozenset[MunicipalityCode]:
    """The municipalities of which one is to answer; none where nobody is reached."""
    match entry:
        case AskMunicipality(shared):
            return frozenset(member.municipality for member in shared.members)
        case Known(municipality=municipality):
            return frozenset({municipality})
        case Direct(number):
            return frozenset({number.municipality})
        case NotServed():
            return frozenset()


def direct_number(area: Area, dialled: str) -> DirectNumber | None:
    """The direct number with these digits in the present area; None if there is none."""
    e164 = normalise_dialled(dialled).e164
    return None if e164 is None else area.direct_numbers.get(e164)


def is_served(area: Area, e164: str) -> bool:
    """Whether calls to this number come in here. Dialled as a number outside, it would be a call from ourselves."""
    return e164 in area.direct_numbers or any(e164 in one.geographic_numbers for one in area.municipalities.values())


def rung_next(number: DirectNumber | None, rung: Target) -> Target | None:
    """The target to ring after `rung` did not answer a direct number; None: the call goes to the municipality's queue.

    The deputy follows the number's person or team, once. Nobody follows another target, which the number had before
    the area changed.
    """
    if number is None or not number.has_deputy or rung != Target(number.operator, number.team, number.endpoint):
        return None
    return Target(operator=number.deputy_operator, endpoint=number.deputy_endpoint)


def offered(area: Area, digits: str | None, now: datetime) -> SharedNumber:
    """The shared number with only the members that are connected today; their keys do not change (AV §6).

    A number that is not, or no longer, in the area has no members.
    """
    shared = None if digits is None else area.shared_numbers.get(digits)
    if shared is None:
        return SharedNumber(digits or "", ())
    return replace(shared, members=tuple(member for member in shared.members if _is_offered(area, member, now)))


def choose(shared: SharedNumber, digit: str) -> MunicipalityCode | None:
    """The municipality with this menu key; None if there is none."""
    return next((member.municipality for member in shared.members if str(member.key) == digit), None)


def default_choice(area: Area, digits: str | None, now: datetime) -> MunicipalityCode | None:
    """The municipality for a caller who did not choose; None: any operator of the number.

    A default that is not offered today does not count.
    """
    shared = offered(area, digits, now)
    return next((member.municipality for member in shared.members if member.municipality == shared.default), None)


def admit_shared(area: Area, shared: SharedNumber, now: datetime) -> Admission:
    """Whether to ask for the municipality: any result but `Open` is announced at once, without the question.

    When a member is open, only a calamity of all members that ends the call is announced here; other texts follow the
    choice.
    """
    admission = _admit_any(area, _members(area, shared), now)
    return Open() if isinstance(admission, Open) else admission


def admit(area: Area, municipality: MunicipalityCode | None, shared_number: str | None, now: datetime) -> Admission:
    """Whether a caller may come in for this municipality, or (None) for any operator of the shared number.

    For any operator one open member is enough, and calamities count only when all members have one.
    """
    known = None if municipality is None else area.municipalities.get(municipality)
    if known is None:
        return _admit_any(area, _members(area, offered(area, shared_number, now)), now)
    calamity = _calamity(area, known, now)
    if calamity is not None and calamity.then is AfterCalamity.END:
        return CalamityOnly((calamity,))
    texts = () if calamity is None else (calamity,)
    match open_state(known, area.special_days, now):
        case OpenNow():
            return Open(texts)
        case ClosedNow(why, name, opens_at):
            return Closed(why, name, opens_at, texts)


def _is_offered(area: Area, member: Member, now: datetime) -> bool:
    today = local_date(now)
    municipality = area.municipalities.get(member.municipality)
    if municipality is None or not municipality.exists_on(today):
        return False
    return member.technical_since is None or member.technical_since <= today


def _members(area: Area, shared: SharedNumber) -> tuple[Municipality, ...]:
    return tuple(area.municipalities[member.municipality] for member in shared.members)


def _admit_any(area: Area, members: Sequence[Municipality], now: datetime) -> Admission:
    calamities = [_calamity(area, member, now) for member in members]
    active = _texts(calamity for calamity in calamities if calamity is not None)
    everywhere = bool(members) and None not in calamities
    if everywhere and all(calamity.then is AfterCalamity.END for calamity in active):
        return CalamityOnly(active)
    closed: list[ClosedNow] = []
    for member in members:
        state = open_state(member, area.special_days, now)
        if isinstance(state, OpenNow):
            return Open(active if everywhere else ())
        closed.append(state)
    reasons = {(state.why, state.name) for state in closed}
    why, name = reasons.pop() if len(reasons) == 1 else (ClosedWhy.HOURS, None)
    openings = [state.opens_at for state in closed if state.opens_at is not None]
    return Closed(why, name, min(openings, default=None), active)


def _calamity(area: Area, municipality: Municipality, now: datetime) -> Calamity | None:
    """The active calamity that was set last."""
    active = [
        calamity
        for calamity in area.calamities
        if calamity.municipality == municipality.code and calamity.is_active(now)
    ]
    return max(active, key=lambda calamity: calamity.from_at, default=None)


def _texts(calamities: Iterable[Calamity]) -> tuple[Calamity, ...]:
    """One calamity per text: an announcement for the whole area is heard once."""
    return tuple({calamity.text: calamity for calamity in calamities}.values())
