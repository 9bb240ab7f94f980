"""The configuration of an area, as frozen values: shared numbers, opening hours, teams, operators, the directory.

Storage loads one `Area` for the whole node and replaces it whole when something changed; decisions take it as an
argument. Times of day are local time in Europe/Amsterdam; instants are timezone-aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

from ari_app.core.ids import Endpoint, EntryCode, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.retention import Retention
from ari_app.core.survey import SurveyRules


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
    is_early: bool = False  # made on the day itself: the reason is for whoever made it, and their colleagues


class AfterCalamity(StrEnum):
    QUEUE = "queue"  # after the text the call goes on as any other
    END = "end"  # after the text the call ends


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
    """The limits within which a municipality serves its callers."""

    answer_within_seconds: int = 25  # AV §1
    overflow_after_seconds: int = 60  # then operators with it as secondary skill are offered the caller
    max_wait_seconds: int = 900
    position_every_seconds: int = 45
    nobody_grace_seconds: int = 60  # how long a caller is held while no operator at all is logged in
    transfer_ring_seconds: int = 25  # then a transferred caller comes back


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """A municipality's rules about calling back. Times of day are Europe/Amsterdam."""

    offered: bool = True  # callers are offered to be called back
    keep_place: bool = True  # virtual hold: a waiting caller may hang up and keep their place
    offer_after_seconds: int = 60  # of waiting, before it is offered
    abandoned: bool = False  # callers with a known number who gave up waiting are called back too
    team: TeamCode | None = None  # the owner of requests; None: the first team that serves the municipality
    max_attempts: int = 3  # then a person decides
    retry_minutes: int = 120  # at least between two attempts
    call_from: time = time(8, 30)  # citizens are called from
    call_until: time = time(20, 0)  # until these times only
    personal_overdue_minutes: int = 240  # of opening time; then a request for one person is their team's
    remind_before_minutes: int = 120
    most_per_caller: int = 3  # numbers in an hour, for one caller without a person of ours
    most_per_number: int = 3  # requests in an hour to call one number, likewise
    most_per_hour: int = 100  # requests in an hour of all callers, likewise


@dataclass(frozen=True, slots=True)
class Municipality:
    code: MunicipalityCode
    name: str
    spoken: str | None = None  # a spelling that the synthesizer pronounces as the name: "Wiechen" for Wijchen
    aliases: tuple[str, ...] = ()
    #: 0 = Monday … 6 = Sunday; a missing day is closed
    hours: Mapping[int, tuple[OpeningSpan, ...]] = field(default_factory=dict)
    closings: tuple[Closing, ...] = ()
    #: legal days (Algemene termijnenwet art. 3, designated days) on which it is open nevertheless
    open_on_days: frozenset[date] = frozenset()
    #: every legal day is an ordinary day here (a number that never closes)
    open_on_legal_days: bool = False
    norms: Norms = Norms()
    callback: CallbackRules = CallbackRules()
    retention: Retention = Retention()
    survey: SurveyRules = SurveyRules()
    #: geographic number for callers from abroad (AV §4), E.164
    geographic_numbers: tuple[str, ...] = ()
    #: municipalities merge: the first day, and the first day no longer
    valid_from: date | None = None
    valid_until: date | None = None

    @property
    def spoken_name(self) -> str:
        return self.spoken or self.name

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
    """A municipality on a shared number. It keeps its `key` when others join (AV §6)."""

    municipality: MunicipalityCode
    key: int  # 1..9
    technical_since: date | None = None
    operational_since: date | None = None
    consultations: tuple[Consultation, ...] = ()


CHOOSE_WITHIN_SECONDS = 15


@dataclass(frozen=True, slots=True)
class SharedNumber:
    digits: str  # "140119"
    members: tuple[Member, ...]  # ordered by key
    #: the municipality of callers who do not choose; None = any operator of the number
    default: MunicipalityCode | None = None
    #: a caller who presses no key has heard the menu, twice if possible, and waited for so long at most
    choose_within_seconds: int = CHOOSE_WITHIN_SECONDS

    @property
    def question_is_needed(self) -> bool:
        return len(self.members) > 1


@dataclass(frozen=True, slots=True)
class DirectNumber:
    """A number for running cases (AV §1): without a question it rings a person or a team, and then their deputy."""

    e164: str
    municipality: MunicipalityCode
    operator: OperatorNumber | None = None
    team: TeamCode | None = None
    endpoint: Endpoint | None = None  # the phone of somebody who is not an operator
    deputy_operator: OperatorNumber | None = None  # rings after them; at most one of these two
    deputy_endpoint: Endpoint | None = None

    @property
    def has_deputy(self) -> bool:
        return self.deputy_operator is not None or self.deputy_endpoint is not None


class Reach(StrEnum):
    LINE = "line"  # its operators hold a line open
    RING = "ring"  # their phones are rung for each call


class Whisper(StrEnum):
    FULL = "full"  # beep, and the municipality's name
    BEEP = "beep"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Contact:
    """The addresses for reminders; without one none is sent. `pii_phone`: E.164, or a phone of this Asterisk."""

    pii_email: str | None = field(default=None, repr=False)
    pii_phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Team:
    code: TeamCode
    name: str
    serves: tuple[MunicipalityCode, ...]
    helps: tuple[MunicipalityCode, ...] = ()  # as secondary skill: offered after overflow_after_seconds
    reach: Reach = Reach.LINE
    ring_seconds: int = 20
    wrap_up_seconds: int = 30
    whisper: Whisper = Whisper.FULL
    reminders: Contact = Contact()
    supervisor: Contact = Contact()

    @property
    def towns(self) -> frozenset[MunicipalityCode]:
        """The municipalities whose callers it answers, as primary or as secondary skill."""
        return frozenset((*self.serves, *self.helps))


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
    """The outcome of the nightly check for an entry of the directory."""

    FINE = "fine"
    UNREACHABLE = "unreachable"  # its phone is not registered
    TARGET_MISSING = "target_missing"  # its team, operator or municipality does not exist, or its team is empty
    EXPIRED = "expired"
    DEPUTY_MISSING = "deputy_missing"
    DEPUTY_UNREACHABLE = "deputy_unreachable"
    EXTENSION_CLASHES = "extension_clashes"
    NUMBER_REFUSED = "number_refused"  # by now a paid-service number (AV §8), or of a country that may not be called


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """An entry of the directory: a person or a place to which a caller may be transferred (AV §3).

    Exactly one of endpoint, operator, team, queue and pii_number is its target. `hours`: None means always; the owner's
    closings and legal days are taken off them.
    """

    code: EntryCode
    kind: EntryKind
    name: str
    municipality: MunicipalityCode  # its owner
    extension: str | None = None  # keyed by operators; unique in the area
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
    # The nightly check as of loading. Not compared: a new check does not make another entry.
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
    entries: Mapping[EntryCode, DirectoryEntry] = field(default_factory=dict)  # the directory
    #: countries, as ISO codes, whose numbers may be called besides Dutch ones
    callable_countries: frozenset[str] = frozenset()
    by_extension: Mapping[str, DirectoryEntry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = {entry.extension: entry for entry in self.entries.values() if entry.extension is not None}
        object.__setattr__(self, "by_extension", found)
