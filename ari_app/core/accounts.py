"""Accounts: the people who log in on the pages, what a name and a password must be, and when a code is asked. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from ari_app.core.access import Role, Scope
from ari_app.core.ids import AccountId, MunicipalityCode, OperatorNumber, TeamCode, WebSessionId

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

#: a session ends so long after it was last used, but never in a talk
SESSION_IDLE = timedelta(minutes=60)
#: between the password and the code
CODE_WAIT = timedelta(minutes=10)
LINK_LASTS = timedelta(days=3)
#: so long after the second factor was taken away its owner may set a new one with the password alone
FACTOR_IS_SET_WITHIN = timedelta(days=3)
RECOVERY_CODES = 10

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128
LONGEST_LOGIN = 100
LONGEST_NAME = 100
_LOGIN = re.compile(rf"[a-z0-9][a-z0-9._@+-]{{0,{LONGEST_LOGIN - 1}}}")

#: what is left of the most used passwords of twelve characters and more without figures and signs around them
_COMMON = frozenset(
    {
        "welkom",
        "wachtwoord",
        "password",
        "passw",
        "paswoord",
        "qwerty",
        "qwertyuiop",
        "qwertyuiopasdf",
        "azerty",
        "azertyuiop",
        "asdfghjkl",
        "admin",
        "administrator",
        "beheerder",
        "gemeente",
        "klantcontact",
        "klantcontactcentrum",
        "telefoon",
        "letmein",
        "iloveyou",
        "welkomwelkom",
        "geheim",
        "supergeheim",
        "zomer",
        "winter",
        "lente",
        "herfst",
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
        "maandag",
        "dinsdag",
        "woensdag",
        "donderdag",
        "vrijdag",
        "zaterdag",
        "zondag",
        "amsterdam",
        "rotterdam",
        "utrecht",
        "nederland",
        "feyenoord",
        "ajax",
        "changeme",
        "changemenow",
        "qazwsxedcrfv",
        "passwordpassword",
        "unknown",
        "trustno",
        "dragon",
        "monkey",
        "football",
        "baseball",
        "princess",
        "sunshine",
        "voetbal",
        "hallo",
        "hallohallo",
        "inloggen",
    }
)


class PasswordFault(StrEnum):
    """Why a password will not do."""

    SHORT = "short"
    LONG = "long"
    COMMON = "common"
    OWN_NAME = "own_name"


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role as it was given: for a municipality, for the municipalities of a team, or (neither) for all."""

    role: Role
    municipality: MunicipalityCode | None = None
    team: TeamCode | None = None

    def __str__(self) -> str:
        """As it is typed: `operator:GM9901`."""
        of = self.municipality or self.team
        return self.role.value if of is None else f"{self.role.value}:{of}"


@dataclass(frozen=True, slots=True)
class Account:
    """`scope`: every municipality that some role of the account is held for. Instants are UTC."""

    id: AccountId
    login: str
    name: str
    operator: OperatorNumber | None
    roles: tuple[RoleRow, ...]
    scope: Scope
    has_password: bool
    has_second_factor: bool
    created_at: datetime
    locked_at: datetime | None = None
    has_provider: bool = False  # somebody of the identity provider may log in to it
    sets_factor_until: datetime | None = None  # until then its owner may set a second factor at a login


@dataclass(frozen=True, slots=True)
class WebSession:
    """One login on the pages. `agent`: the browser in a word or two; nothing about where it is."""

    id: WebSessionId
    created_at: datetime
    last_seen_at: datetime
    agent: str
    issuer: str | None = None  # of the identity provider by which it began


def read_login(text: str) -> str | None:
    """The name to log in with, as it is stored; None when no account can have it."""
    login = text.strip().lower()
    return login if _LOGIN.fullmatch(login) else None


def password_fault(password: str, login: str) -> PasswordFault | None:
    """Length, and nothing that is guessed first; no other rule makes passwords better."""
    if len(password) < SHORTEST_PASSWORD:
        return PasswordFault.SHORT
    if len(password) > LONGEST_PASSWORD:
        return PasswordFault.LONG
    plain = password.lower()
    own = login.partition("@")[0]
    if len(own) > 3 and own in plain:
        return PasswordFault.OWN_NAME
    if len(set(plain)) < 5 or plain in "01234567890123456789012345678901234567890":
        return PasswordFault.COMMON
    word = re.sub(r"^[^a-z]+|[^a-z]+$", "", plain)
    return PasswordFault.COMMON if not word or word in _COMMON else None


def needs_code(
    roles: Collection[Role], address: Address | None, trusted: Collection[Network], trusted_roles: Collection[Role]
) -> bool:
    """Whether a second factor is asked: always, but of these roles in these networks. `address` None: not known."""
    if address is None or not roles or not set(roles) <= set(trusted_roles):
        return True
    return not is_in(address, trusted)


def is_in(address: Address, networks: Collection[Network]) -> bool:
    """Whether one of the networks has the address."""
    return any(address.version == network.version and address in network for network in networks)
