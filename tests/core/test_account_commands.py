"""Who may change which account, and give which role: nobody their own, and nothing beyond their municipalities."""

from __future__ import annotations

from uuid import UUID

import pytest

from ari_app.core.access import Actor, Grant, Role, Scope
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
from ari_app.core.ids import AccountId, MunicipalityCode
from ari_app.core.operator_commands import RefusalReason

pytestmark = pytest.mark.pure

OWN: Scope = frozenset({MunicipalityCode("GM9901")})
FOREIGN: Scope = frozenset({MunicipalityCode("GM9902")})
BOTH: Scope = frozenset({MunicipalityCode("GM9901"), MunicipalityCode("GM9902")})
NONE: Scope = frozenset()
BEA, OTHER = AccountId(UUID(int=1)), AccountId(UUID(int=2))
WHOLE: tuple[AccountCommand, ...] = (LockAccount(), UnlockAccount(), ResetAccount("ab"), ForgetFactor(), LinkOperator())
OF_ROLES: tuple[AccountCommand, ...] = (GiveRole("editor"), TakeRole("editor"))
ADD = AddAccount("anna", "Anna", "ab", "editor")
NOT_ALLOWED = RefusalReason.NOT_ALLOWED


def bea(*grants: Grant) -> Actor:
    return Actor(BEA, "bea", "Bea", None, grants)


ADMINISTRATOR = bea(Grant(Role.ADMINISTRATOR, OWN))
OF_ALL = bea(Grant(Role.ADMINISTRATOR, None))


@pytest.mark.parametrize("command", WHOLE)
def test_an_account_is_changed_by_who_answers_for_all_its_municipalities(command: AccountCommand) -> None:
    assert refusal(ADMINISTRATOR, OTHER, command, OWN, NONE) is None
    for of in (FOREIGN, BOTH, None, NONE):
        assert refusal(ADMINISTRATOR, OTHER, command, of, NONE) is NOT_ALLOWED
        assert refusal(OF_ALL, OTHER, command, of, NONE) is None


@pytest.mark.parametrize("command", OF_ROLES)
def test_a_role_is_given_and_taken_by_who_answers_for_its_municipalities(command: AccountCommand) -> None:
    for of in (OWN, BOTH, None):
        assert refusal(ADMINISTRATOR, OTHER, command, of, OWN) is None
        for roles in (FOREIGN, BOTH, None):
            assert refusal(ADMINISTRATOR, OTHER, command, of, roles) is NOT_ALLOWED
            assert refusal(OF_ALL, OTHER, command, of, roles) is None
    assert refusal(ADMINISTRATOR, OTHER, command, FOREIGN, OWN) is NOT_ALLOWED, "an account that is not theirs to know"


def test_a_new_account_has_a_role_in_its_makers_municipalities() -> None:
    assert refusal(ADMINISTRATOR, OTHER, ADD, None, OWN) is None
    for roles in (FOREIGN, BOTH, None, NONE):
        assert refusal(ADMINISTRATOR, OTHER, ADD, None, roles) is NOT_ALLOWED
        assert refusal(OF_ALL, OTHER, ADD, None, roles) is None


@pytest.mark.parametrize("command", [*WHOLE, *OF_ROLES, ADD])
def test_nobody_changes_their_own_account_and_other_roles_change_none(command: AccountCommand) -> None:
    assert refusal(OF_ALL, BEA, command, None, NONE) is RefusalReason.OWN_ACCOUNT
    for role in set(Role) - {Role.ADMINISTRATOR}:
        for scope in (OWN, None):
            assert refusal(bea(Grant(role, scope)), OTHER, command, OWN, OWN) is NOT_ALLOWED, role
    assert refusal(bea(), OTHER, command, OWN, OWN) is NOT_ALLOWED
