"""The table of rights, cell by cell, for two municipalities."""

from __future__ import annotations

from uuid import UUID

import pytest

from ari_app.core.access import (
    MAY,
    TOKENS_MAY,
    TOUCHES_ALL,
    Action,
    Actor,
    ApiScope,
    Grant,
    Role,
    Scope,
    Verdict,
    decide,
    may,
)
from ari_app.core.ids import AccountId, MunicipalityCode

pytestmark = pytest.mark.pure

WIERDAM, ELDERLO = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
OWN: Scope = frozenset({WIERDAM})
FOREIGN: Scope = frozenset({ELDERLO})
BOTH: Scope = frozenset({WIERDAM, ELDERLO})
#: the table as people read it in docs/pages.md
TABLE = {
    Action.OWN_ACCOUNT: set(Role),
    Action.DESK: {Role.OPERATOR, Role.SUPERVISOR},
    Action.OWN_STATE: {Role.OPERATOR, Role.SUPERVISOR},
    Action.CALL: {Role.OPERATOR, Role.SUPERVISOR},
    Action.DIRECTORY: {Role.OPERATOR, Role.SUPERVISOR},
    Action.SCRIPTS: {Role.OPERATOR, Role.SUPERVISOR},
    Action.EDIT_SCRIPTS: {Role.EDITOR},
    Action.NUMBER_PLAN: {Role.OPERATOR, Role.SUPERVISOR, Role.EDITOR, Role.ADMINISTRATOR},
    Action.EDIT_NUMBER_PLAN: {Role.EDITOR, Role.ADMINISTRATOR},
    Action.CALLBACKS: {Role.OPERATOR, Role.SUPERVISOR},
    Action.QUEUE_LINE: {Role.OPERATOR, Role.SUPERVISOR},
    Action.BOARD: {Role.SUPERVISOR},
    Action.BOARD_ADDRESSES: {Role.SUPERVISOR},
    Action.STAFF: {Role.SUPERVISOR},
    Action.STEER: {Role.SUPERVISOR},
    Action.REQUESTS: {Role.SUPERVISOR},
    Action.CHANGE_REQUESTS: {Role.SUPERVISOR},
    Action.SEE_NUMBER: {Role.SUPERVISOR},
    Action.NOTICES: set(Role),
    Action.CALAMITY: {Role.SUPERVISOR},
    Action.CLOSE_EARLY: {Role.SUPERVISOR},
    Action.CALLS: {Role.SUPERVISOR},
    Action.OWN_CALLS: {Role.OPERATOR, Role.SUPERVISOR},
    Action.HOURS: set(Role),
    Action.CHANGES: {Role.OPERATOR, Role.SUPERVISOR},
    Action.PARTICIPATION: {Role.SUPERVISOR, Role.ADMINISTRATOR},
    Action.FIGURES: {Role.SUPERVISOR, Role.ANALYST, Role.ADMINISTRATOR},
    Action.LIST_ACCOUNTS: {Role.ADMINISTRATOR},
    Action.END_SESSIONS: {Role.ADMINISTRATOR},
    Action.GIVE_ROLES: {Role.ADMINISTRATOR},
    Action.CHANGE_ACCOUNTS: {Role.ADMINISTRATOR},
    Action.AUDIT: {Role.ADMINISTRATOR},
}


def actor(*grants: Grant) -> Actor:
    return Actor(AccountId(UUID(int=1)), "anna", "Anna", None, grants)


def test_the_table_is_whole() -> None:
    assert {action: set(roles) for action, roles in MAY.items()} == TABLE


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_each_role_for_each_action_in_its_own_municipality_in_another_and_in_both(action: Action, role: Role) -> None:
    anna = actor(Grant(role, OWN))
    allowed = role in TABLE[action]
    assert decide(anna, action, OWN) is (Verdict.ALLOWED if allowed else Verdict.FORBIDDEN)
    assert decide(anna, action, FOREIGN) is Verdict.UNKNOWN
    both = allowed and action not in TOUCHES_ALL
    assert decide(anna, action, BOTH) is (Verdict.ALLOWED if both else Verdict.FORBIDDEN)
    assert anna.scope_of(action) == (OWN if allowed else frozenset())
    assert may(anna, action) is (allowed or action is Action.OWN_ACCOUNT)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", Action)
def test_a_role_for_the_group_is_one_for_each_municipality(action: Action, role: Role) -> None:
    verdict = Verdict.ALLOWED if role in TABLE[action] else Verdict.FORBIDDEN
    of: tuple[Scope, ...] = (OWN, FOREIGN, BOTH, None, frozenset())
    for scope in of:
        assert decide(actor(Grant(role, None)), action, scope) is verdict


def test_one_role_lends_nothing_to_another_municipality() -> None:
    anna = actor(Grant(Role.ADMINISTRATOR, OWN), Grant(Role.ANALYST, FOREIGN))
    assert decide(anna, Action.LIST_ACCOUNTS, OWN) is Verdict.ALLOWED
    assert decide(anna, Action.LIST_ACCOUNTS, FOREIGN) is Verdict.FORBIDDEN
    assert decide(anna, Action.END_SESSIONS, BOTH) is Verdict.FORBIDDEN
    assert anna.known == BOTH


def test_whoever_has_no_role_may_see_their_own_account_only() -> None:
    nobody = actor()
    assert [action for action in Action if may(nobody, action)] == [Action.OWN_ACCOUNT]
    assert {decide(nobody, action, OWN) for action in Action} == {Verdict.UNKNOWN}


def test_what_belongs_to_the_whole_group_is_not_done_by_one_municipality() -> None:
    anna = actor(Grant(Role.ADMINISTRATOR, OWN))
    assert decide(anna, Action.LIST_ACCOUNTS, None) is Verdict.ALLOWED
    assert decide(anna, Action.END_SESSIONS, None) is Verdict.FORBIDDEN


def test_no_token_can_do_what_only_people_do() -> None:
    only_people = {
        Action.PARTICIPATION,
        Action.NUMBER_PLAN,
        Action.EDIT_NUMBER_PLAN,
        Action.OWN_ACCOUNT,
        Action.DESK,
        Action.OWN_STATE,
        Action.BOARD,
        Action.BOARD_ADDRESSES,
        Action.OWN_CALLS,
        Action.SCRIPTS,
        Action.EDIT_SCRIPTS,
        Action.LIST_ACCOUNTS,
        Action.END_SESSIONS,
        Action.GIVE_ROLES,
        Action.CHANGE_ACCOUNTS,
        Action.AUDIT,
    }
    assert set(Action) - set(TOKENS_MAY) == only_people
    assert set(TOKENS_MAY.values()) == set(ApiScope)


@pytest.mark.parametrize("scope", ApiScope)
def test_a_token_does_what_its_scope_is_for_in_its_own_municipalities(scope: ApiScope) -> None:
    kiss = actor(Grant(scope, OWN))
    allowed = {action for action, needed in TOKENS_MAY.items() if needed is scope}
    assert {action for action in Action if kiss.scope_of(action) == OWN} == allowed
    assert {action for action in Action if kiss.scope_of(action) == frozenset()} == set(Action) - allowed
    assert kiss.roles == frozenset()
