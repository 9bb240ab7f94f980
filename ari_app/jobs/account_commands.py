"""Commands of administrators about accounts, carried out in the transaction that answers them.

Their rights are read anew, in the same transaction: those of the page may be older than a lock.
"""

from __future__ import annotations

from datetime import datetime

from ari_app.core.access import NOBODYS, Action, Actor, Scope, overlap, together, within
from ari_app.core.account_commands import (
    AccountCommand,
    AddAccount,
    ForgetFactor,
    GiveRole,
    LinkOperator,
    LockAccount,
    ResetAccount,
    TakeRole,
    UnlockAccount,
    refusal,
)
from ari_app.core.accounts import Account, RoleRow
from ari_app.core.ids import AccountId, OperatorNumber
from ari_app.core.operator_commands import ACCEPTED, Answer, RefusalReason, Refused
from ari_app.core.provider import ProviderGrants
from ari_app.core.provider_commands import FollowProvider, LinkSubject
from ari_app.storage.accounts.changes import (
    AccountRefused,
    account_in,
    add_in,
    change_roles_in,
    link_in,
    lock_in,
    one_at_a_time,
    role_in,
    set_operator_in,
    unlock_in,
)
from ari_app.storage.accounts.rows import actor_with, operator_towns
from ari_app.storage.accounts.second_factor import forget_factor_in
from ari_app.storage.accounts.subjects import follow_in
from ari_app.storage.accounts.subjects import link_in as link_subject_in
from ari_app.storage.db.engine import Connection

_OF_ACCOUNT = "account:"


async def change_account(
    connection: Connection,
    account: AccountId,
    wanted: AccountCommand,
    by: str,
    now: datetime,
    provider: ProviderGrants | None = None,
) -> Answer:
    """`by`: as the row of the command names its actor. The role of the pages writes these rows, and could write any
    name in them: so nothing is believed but an account, with the rights that it has, and the provider of the settings,
    with the roles that it may give. A terminal changes accounts without a command.
    """
    await one_at_a_time(connection)
    try:
        if isinstance(wanted, FollowProvider):
            return await _follow(connection, account, wanted, by, now, provider)
        actor = await _actor(connection, by)
        found = await account_in(connection, account)
        if (found is None) is not isinstance(wanted, AddAccount):
            return Refused(RefusalReason.NO_SUCH_ACCOUNT if found is None else RefusalReason.LOGIN_TAKEN)
        roles, of_roles = await _roles(connection, actor, wanted)
        reason = refusal(actor, account, wanted, None if found is None else found.scope, of_roles)
        if reason is not None:
            return Refused(reason)
        own = actor.scope_of(Action.CHANGE_ACCOUNTS)
        await _require_own_operator(connection, own, wanted, found)
        if isinstance(wanted, AddAccount):
            return await _add(connection, account, wanted, roles, own, by, now)
        if found is not None:
            await _change(connection, found, wanted, roles, own, by, now)
    except AccountRefused as refused:
        return Refused(refused.reason)
    return ACCEPTED


async def _follow(
    connection: Connection,
    account: AccountId,
    wanted: FollowProvider,
    by: str,
    now: datetime,
    provider: ProviderGrants | None,
) -> Answer:
    """What a provider says of its own people. Raises AccountRefused."""
    if provider is None or wanted.issuer != provider.issuer or by != f"provider:{provider.issuer}":
        return Refused(RefusalReason.NOT_ALLOWED)
    if not provider.roles.issuperset(word for word in wanted.roles.split(",") if word):
        return Refused(RefusalReason.NOT_ALLOWED)
    await follow_in(connection, account, wanted, by, now)
    return ACCEPTED


async def _add(
    connection: Connection,
    account: AccountId,
    wanted: AddAccount,
    roles: list[RoleRow],
    reach: Scope,
    by: str,
    now: datetime,
) -> Answer:
    token_hash = _digest(wanted.link_digest)
    await add_in(connection, account, wanted.login, wanted.name, wanted.operator_number, roles, by, now)
    made = await account_in(connection, account)
    if made is not None:
        await link_in(connection, made, token_hash, reach, by, now)
    return ACCEPTED


async def _change(
    connection: Connection,
    found: Account,
    wanted: AccountCommand,
    roles: list[RoleRow],
    reach: Scope,
    by: str,
    now: datetime,
) -> None:
    match wanted:
        case LockAccount():
            await lock_in(connection, found, by, now)
        case UnlockAccount():
            await unlock_in(connection, found, by, now)
        case ResetAccount(link_digest):
            await link_in(connection, found, _digest(link_digest), reach, by, now)
        case ForgetFactor():
            await forget_factor_in(connection, found, by, now)
        case GiveRole():
            await change_roles_in(connection, found, roles, (), by, now)
        case TakeRole():
            await change_roles_in(connection, found, (), roles, by, now)
        case LinkOperator(operator):
            await set_operator_in(connection, found, operator, by, now)
        case LinkSubject(issuer, subject):
            await link_subject_in(connection, found, issuer, subject, reach, by, now)


async def _actor(connection: Connection, by: str) -> Actor:
    """Raises AccountRefused for somebody who is not there, or locked, by now."""
    actor = await actor_with(connection, by.removeprefix(_OF_ACCOUNT)) if by.startswith(_OF_ACCOUNT) else None
    if actor is None:
        raise AccountRefused(f"{by} may change no account", RefusalReason.NOT_ALLOWED)
    return actor


async def _roles(connection: Connection, actor: Actor, wanted: AccountCommand) -> tuple[list[RoleRow], Scope]:
    """The roles that are given or taken, and the municipalities of all of them.

    A team may get municipalities later: a role for one without any is the whole group's to give. Raises AccountRefused.
    """
    match wanted:
        case AddAccount(roles=text):
            words = [word for word in text.split(",") if word]
        case GiveRole(text) | TakeRole(text):
            words = [text]
        case _:
            words = []
    found = [await role_in(connection, word) for word in words]
    if actor.scope_of(Action.GIVE_ROLES) is not None and any(scope == NOBODYS for _, scope in found):
        raise AccountRefused("a role for a team without municipalities", RefusalReason.NOT_ALLOWED)
    return [role for role, _ in found], together(scope for _, scope in found)


async def _require_own_operator(
    connection: Connection, own: Scope, wanted: AccountCommand, found: Account | None
) -> None:
    """Whoever is an operator at the phone has that operator's callers: all their municipalities have to be the actor's.

    So they have to be for a new link, second factor or person of the provider, who could be that operator. An operator
    of none of these does not exist for the actor. Raises AccountRefused.
    """
    number: OperatorNumber | None = None
    if isinstance(wanted, AddAccount | LinkOperator):
        number = wanted.operator_number
    elif isinstance(wanted, ResetAccount | ForgetFactor | LinkSubject) and found is not None:
        number = found.operator
        if number is not None and not within(await operator_towns(connection, number), own):
            raise AccountRefused(f"operator {number} works for others too", RefusalReason.NOT_ALLOWED)
        return
    if number is None or own is None:
        return
    towns = await operator_towns(connection, number)
    if not overlap(towns, own):
        raise AccountRefused(f"no operator has number {number}", RefusalReason.NO_SUCH_OPERATOR)
    if not within(towns, own):
        raise AccountRefused(f"operator {number} works for others too", RefusalReason.NOT_ALLOWED)


def _digest(text: str) -> bytes:
    """Raises AccountRefused for what is no SHA-256."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise AccountRefused("a link is named by a SHA-256")
    return found
