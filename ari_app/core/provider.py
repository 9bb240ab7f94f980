"""What an identity provider (OpenID Connect) says of a person, and the roles that follow from it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ari_app.core.access import Role
from ari_app.core.accounts import LONGEST_LOGIN, LONGEST_NAME, read_login

#: claims of a person are short; what is longer is none
LONGEST_SUBJECT = 255  # OpenID Connect Core, 2
MOST_VALUES = 1000
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """How claims become roles.

    `roles`: for each value of the claim `roles_claim` the roles that it stands for, as they are typed: with a
    municipality or a team behind it, or without. `scope_claim`: the claim with the municipalities and teams that roles
    without one are for; only those of `allowed` count. Without it they are for the whole group.
    """

    roles: Mapping[str, tuple[str, ...]]
    roles_claim: str = "roles"
    scope_claim: str | None = None
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ProviderGrants:
    """What a provider may give at all, by the settings: whoever speaks in its name, no other role is believed."""

    issuer: str
    roles: frozenset[str]

    @classmethod
    def of(cls, issuer: str, rules: ProviderRules) -> ProviderGrants:
        found: set[str] = set()
        for role in (role for given in rules.roles.values() for role in given):
            is_whole = ":" in role or rules.scope_claim is None
            found.update({role} if is_whole else {f"{role}:{code}" for code in rules.allowed})
        return cls(issuer, frozenset(found))


@dataclass(frozen=True, slots=True)
class ProviderPerson:
    """Somebody whom the provider has let in. `roles`: as they are typed, in order."""

    issuer: str
    subject: str
    login: str
    name: str
    roles: tuple[str, ...] = field(default=())
    session: str | None = None  # what the provider calls its own login (`sid`)


def person_of(issuer: str, claims: Mapping[str, Any], rules: ProviderRules) -> ProviderPerson | None:
    """Of claims whose token was verified; None without a subject.

    The name to log in with is for people who read it: accounts are found by issuer and subject, and by nothing else.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        return None
    texts = [claims.get(name) for name in ("preferred_username", "email", "sub")]
    logins = [read_login(text) for text in texts if isinstance(text, str)]
    login = next((one for one in logins if one is not None), "medewerker")
    named = claims.get("name")
    name = " ".join(named.split()) if isinstance(named, str) else ""
    if not name or not name.isprintable():
        name = login
    return ProviderPerson(issuer, subject, login[: LONGEST_LOGIN - 9], name[:LONGEST_NAME], roles_of(claims, rules))


def session_of(claims: Mapping[str, Any]) -> str | None:
    """What the provider calls its own login; None where it says nothing, or no text."""
    said = claims.get("sid")
    return said if isinstance(said, str) and 0 < len(said) <= LONGEST_SUBJECT and said.isprintable() else None


def roles_of(claims: Mapping[str, Any], rules: ProviderRules) -> tuple[str, ...]:
    """The roles that the claims stand for; a value that the rules do not know stands for none."""
    said = _values(claims.get(rules.roles_claim))
    of = None if rules.scope_claim is None else _scopes(claims.get(rules.scope_claim), rules.allowed)
    found: set[str] = set()
    for value in said:
        for role in rules.roles.get(value, ()):
            if ":" in role or of is None:
                found.add(role)
            else:
                found.update(f"{role}:{code}" for code in of)
    return tuple(sorted(found))


def read_rules(text: str) -> Mapping[str, tuple[str, ...]]:
    """`Klantcontactmedewerker=operator:kcc,Beheerder=administrator`. Raises ValueError, which shows no value."""
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(","):
        value, separator, role = (word.strip() for word in part.rpartition("="))
        word, _, of = role.partition(":")
        if not separator or not value or word not in set(Role) or (":" in role and not _CODE.fullmatch(of)):
            raise ValueError(f"must be pairs such as Teamleider=supervisor:GM9901; roles are {', '.join(Role)}")
        found[value] = (*found.get(value, ()), role)
    return found


def _values(said: object) -> Collection[str]:
    """A claim with several values is a list; a text is one value."""
    if isinstance(said, str):
        return [said] if said else []
    if isinstance(said, list):
        return [one for one in said[:MOST_VALUES] if isinstance(one, str)]
    return []


def _scopes(said: object, allowed: frozenset[str]) -> list[str]:
    return sorted(allowed.intersection(_values(said)))
