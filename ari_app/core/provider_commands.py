"""What the pages ask when somebody comes from the identity provider: an account with the roles that it says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FollowProvider:
    """Make the account of this subject if there is none, and give it exactly these roles of the provider.

    Roles that were given here stay. `roles`: as they are typed, separated by commas. An account that exists with the
    same login is another one's.
    """

    issuer: str
    subject: str
    login: str
    name: str
    roles: str = ""


@dataclass(frozen=True, slots=True)
class LinkSubject:
    """The person of the provider who may log in to this account; without a subject: none."""

    issuer: str
    subject: str = ""


ProviderCommand = FollowProvider | LinkSubject
