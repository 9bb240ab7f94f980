"""Commands of administrators about an account: they change rows only. Pure.

A link is named by the SHA-256 of its token, so that whoever reads the command cannot use it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ari_app.core.access import NOBODYS, Action, Actor, Scope, Verdict, decide, within
from ari_app.core.ids import AccountId, OperatorNumber
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.provider_commands import ProviderCommand


@dataclass(frozen=True, slots=True)
class AddAccount:
    """Make an account, whose id is that of the command's account. `roles`: as they are typed, separated by commas."""

    login: str
    name: str
    link_digest: str
    roles: str = ""
    operator_number: OperatorNumber | None = None


@dataclass(frozen=True, slots=True)
class LockAccount:
    """Nobody logs in with it, and its logins end."""


@dataclass(frozen=True, slots=True)
class UnlockAccount:
    """It may be used again, also at once after wrong passwords."""


@dataclass(frozen=True, slots=True)
class ResetAccount:
    """Forget password, second factor and recovery codes, end the logins, and let a new link choose others."""

    link_digest: str


@dataclass(frozen=True, slots=True)
class ForgetFactor:
    """Forget the second factor and the recovery codes and end the logins; at the next one its owner sets a new one.

    The password stays.
    """


@dataclass(frozen=True, slots=True)
class GiveRole:
    """`role`: as it is typed, such as `operator:GM9901`."""

    role: str


@dataclass(frozen=True, slots=True)
class TakeRole:
    """`role`: as it is typed."""

    role: str


@dataclass(frozen=True, slots=True)
class LinkOperator:
    """The operator that this person is at the phone; None: none."""

    operator_number: OperatorNumber | None = None


AccountCommand = (
    AddAccount
    | LockAccount
    | UnlockAccount
    | ResetAccount
    | ForgetFactor
    | GiveRole
    | TakeRole
    | LinkOperator
    | ProviderCommand
)


def refusal(actor: Actor, account: AccountId, command: AccountCommand, of: Scope, roles: Scope) -> RefusalReason | None:
    """Why this actor may not do it; None: they may.

    `of`: the municipalities of the account's roles as they are; `roles`: those of the roles that are given or taken.
    Nobody changes their own account, so that nobody raises themself, and somebody else is left who is an
    administrator. Nobody gives a role beyond their own municipalities.
    """
    if actor.account == account:
        return RefusalReason.OWN_ACCOUNT
    match command:
        case AddAccount() | GiveRole() | TakeRole():
            own = actor.scope_of(Action.GIVE_ROLES)
            is_new = isinstance(command, AddAccount)
            known = is_new or decide(actor, Action.GIVE_ROLES, of) is Verdict.ALLOWED
            # Without a role a new account is the whole group's, and its maker would not see it.
            is_lost = is_new and roles == NOBODYS and own is not None
            is_allowed = own != NOBODYS and known and within(roles, own) and not is_lost
        case _:
            is_allowed = decide(actor, Action.CHANGE_ACCOUNTS, of) is Verdict.ALLOWED
    return None if is_allowed else RefusalReason.NOT_ALLOWED
