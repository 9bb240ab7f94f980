"""What an area consists of, as frozen values: who shares which number, who is open when, who answers for whom.

Storage loads one `Directory` for the whole node and replaces it whole when something changed; decisions take it as an
argument. Times of day are local time in Europe/Amsterdam; instants are timezone-aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

from ari_app.core.ids import Endpoint, EntryCode, MunicipalityCode, OperatorNumber, TeamCode


@dataclass(frozen=True, slots=True)
class OpeningSpan:
    opens: time
    closes: time  # 00:00 is the end of the day


@dataclass(frozen=True, slots=True)
class Closing:
    """A part of a day, or several days, on which a municipality is closed by its own choice."""

    starts_at: datetime
    ends_at: datetime
    reason: str


class AfterCalamity(StrEnum):
    QUEUE = "queue"  # the text, then the normal way
    END = "end"  # the text is all


@dataclass(frozen=True, slots=True)
class Calamity:
    """A text that every caller of a municipality hears first, from its start to its end (AV §1)."""

    municipality: MunicipalityCode
    from_at: datetime
    until_at: datetime | None
    text: str
    then: AfterCalamity
    author: str

    def is_active(self, now: datetime) -> bool:
        return self.from_at <= now and (self.until_at is None or now < self.until_at)


@dataclass(frozen=True, slots=True)
class Norms:
    """What a municipality promises its callers."""

    answer_within_seconds: int = 25  # AV §1
    overflow_after_seconds: int = 60  # then helping teams see the caller
    max_wait_seconds: int = 900
    position_every_seconds: int = 45
    nobody_grace_seconds: int = 60  # how long to hold a caller when no operator at all is logged in
    transfer_ring_seconds: int = 25  # then a caller who is handed over comes back


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """How a municipality keeps the promise to call back. Times of day are Europe/Amsterdam."""

    offered: bool = True  # callers are asked whether they want it
    keep_place: bool = True  # a waiting caller may keep their place in the queue
    offer_after_seconds: int = 60  # a caller waits this long before they are asked
    abandoned: bool = False  # who hung up before a human answered, with a known number, is called back too
    team: TeamCode | None = None  # whose requests are; None: the first team that serves the municipality
    max_attempts: int = 3  # then a person decides
    retry_minutes: int = 120  # at least between two attempts
    call_from: time = time(8, 30)  # citizens are called between
    call_until: time = time(20, 0)  # these times only
    personal_overdue_minutes: int = 240  # of opening time; then somebody's own request is their team's
    remind_before_minutes: int = 120


@dataclass(frozen=True, slots=True)
class Municipality:
    code: MunicipalityCode
    name: str
    aliases: tuple[str, ...] = ()
    #: 0 = Monday … 6 = Sunday; a missing day is closed
    hours: Mapping[int, tuple[OpeningSpan, ...]] = field(default_factory=dict)
    closings: tuple[Closing, ...] = ()
    #: legal days (Algemene termijnenwet art. 3, designated days) on which it is open all the same
    open_on_days: frozenset[date] = frozenset()
    #: every legal day is an ordinary day here (a number that never closes)
    open_on_legal_days: bool = False
    norms: Norms = Norms()
    callback: CallbackRules = CallbackRules()
    #: geographic number for callers from abroad (AV §4), E.164
    geographic_numbers: tuple[str, ...] = ()
    #: municipalities merge: the first day, and the first day no longer
    valid_from: date | None = None
    valid_until: date | None = None

    def exists_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day < self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Consultation:
    """A neighbour was consulted or informed about joining (AV §6)."""

    neighbour: str
    on: date
    author: str
    kind: str  # "consulted" | "informed"


@dataclass(frozen=True, slots=True)
class Member:
    """A municipality on a shared number. `key` stays with it, whoever joins later (AV §6)."""

    municipality: MunicipalityCode
    key: int  # 1..9
    technical_since: date | None = None
    operational_since: date | None = None
    consultations: tuple[Consultation, ...] = ()


@dataclass(frozen=True, slots=True)
class SharedNumber:
    digits: str  # "140119"
    members: tuple[Member, ...]  # ordered by key
    #: where a caller goes who does not choose; None = any operator of the number
    default: MunicipalityCode | None = None

    @property
    def question_is_needed(self) -> bool:
        return len(self.members) > 1


@dataclass(frozen=True, slots=True)
class DirectNumber:
    """A number for running cases (AV §1): rings a person or a team, and then their deputy, without a question."""

    e164: str
    municipality: MunicipalityCode
    operator: OperatorNumber | None = None
    team: TeamCode | None = None
    endpoint: Endpoint | None = None  # the phone of somebody who is not an operator
    deputy_operator: OperatorNumber | None = None  # who rings after them; one of these two, or nobody
    deputy_endpoint: Endpoint | None = None

    @property
    def has_deputy(self) -> bool:
        return self.deputy_operator is not None or self.deputy_endpoint is not None


class Reach(StrEnum):
    LINE = "line"  # operators hold their line open
    RING = "ring"  # their phone is rung per call


class Whisper(StrEnum):
    FULL = "full"  # beep, and the municipality's name
    BEEP = "beep"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Contact:
    """Where reminders go; nothing is sent where there is nothing. `pii_phone`: E.164, or a phone of this Asterisk."""

    pii_email: str | None = field(default=None, repr=False)
    pii_phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Team:
    code: TeamCode
    name: str
    serves: tuple[MunicipalityCode, ...]
    helps: tuple[MunicipalityCode, ...] = ()  # seen after overflow_after_seconds
    reach: Reach = Reach.LINE
    ring_seconds: int = 20
    wrap_up_seconds: int = 30
    whisper: Whisper = Whisper.FULL
    reminders: Contact = Contact()
    supervisor: Contact = Contact()


@dataclass(frozen=True, slots=True)
class Operator:
    number: OperatorNumber
    name: str
    teams: tuple[TeamCode, ...]


class EntryKind(StrEnum):
    PERSON = "person"
    DEPARTMENT = "department"
    GROUP = "group"
    QUEUE = "queue"
    OUTSIDE = "outside"  # another organisation


class CheckResult(StrEnum):
    """What the nightly check found about an entry of the number plan."""

    FINE = "fine"
    UNREACHABLE = "unreachable"  # its phone is not registered
    TARGET_MISSING = "target_missing"  # its team, operator or municipality does not exist, or nobody is in its team
    EXPIRED = "expired"
    DEPUTY_MISSING = "deputy_missing"
    DEPUTY_UNREACHABLE = "deputy_unreachable"
    EXTENSION_CLASHES = "extension_clashes"
    NUMBER_REFUSED = "number_refused"  # a paid-service number by now (AV §8), or a country that is closed again


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """Somebody, or something, a caller may be handed over to (AV §3).

    Exactly one of endpoint, operator, team, queue and pii_number says where. `hours`: None means always; the owner's
    closings and legal days are taken off them.
    """

    code: EntryCode
    kind: EntryKind
    name: str
    municipality: MunicipalityCode  # whose entry it is
    extension: str | None = None  # what an operator keys; one entry's in the whole area
    endpoint: Endpoint | None = None  # a phone of this Asterisk
    operator: OperatorNumber | None = None
    team: TeamCode | None = None
    queue: MunicipalityCode | None = None
    pii_number: str | None = field(default=None, repr=False)  # E.164, also a mobile phone
    subject: str = ""
    keywords: tuple[str, ...] = ()
    hours: Mapping[int, tuple[OpeningSpan, ...]] | None = None
    deputy: EntryCode | None = None
    shared: bool = False  # all municipalities of the area may use it
    valid_from: date | None = None
    valid_until: date | None = None  # the first day no longer
    # What the nightly check found, as of loading: entries that differ in nothing else are the same.
    last_checked_at: datetime | None = field(default=None, compare=False)
    last_check: CheckResult | None = field(default=None, compare=False)

    def exists_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day < self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Area:
    municipalities: Mapping[MunicipalityCode, Municipality] = field(default_factory=dict)
    shared_numbers: Mapping[str, SharedNumber] = field(default_factory=dict)  # by digits
    direct_numbers: Mapping[str, DirectNumber] = field(default_factory=dict)  # by E.164
    teams: Mapping[TeamCode, Team] = field(default_factory=dict)
    operators: Mapping[OperatorNumber, Operator] = field(default_factory=dict)
    special_days: Mapping[date, str] = field(default_factory=dict)  # designated days, with their name
    calamities: tuple[Calamity, ...] = ()
    entries: Mapping[EntryCode, DirectoryEntry] = field(default_factory=dict)  # the number plan
    #: countries, as ISO codes, whose numbers may be called besides Dutch ones
    callable_countries: frozenset[str] = frozenset()
    by_extension: Mapping[str, DirectoryEntry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = {entry.extension: entry for entry in self.entries.values() if entry.extension is not None}
        object.__setattr__(self, "by_extension", found)
