"""Who may do what with which municipality's data. One table, asked by pages, live regions and commands. Pure.

match decide(actor, Action.ACCOUNTS, municipalities):
    case Verdict.UNKNOWN: ...     # 404: it is not the actor's to know that it exists
    case Verdict.FORBIDDEN: ...   # 403: it is not the actor's to do
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ari_app.core.ids import AccountId, MunicipalityCode, OperatorNumber

#: municipalities whose data may be read; None: the whole group. Data outside the scope does not exist for the reader. A
#: call that never reached a municipality (its caller left in the menu) is only in the scope of the whole group.
Scope = frozenset[MunicipalityCode] | None

NOBODYS: Scope = frozenset()


class Role(StrEnum):
    """What somebody is to a municipality, to a team, or to the whole group."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    EDITOR = "editor"
    ANALYST = "analyst"
    ADMINISTRATOR = "administrator"


class ApiScope(StrEnum):
    """What a token of another program is for, as it is typed and as the API's document has it."""

    CALLS = "gesprekken:lezen"
    NUMBERS = "nummers:lezen"
    TRANSFERS = "doorverbindingen:schrijven"
    QUEUES = "wachtrijen:lezen"
    STAFF = "medewerkers:lezen"
    STEER = "medewerkers:schrijven"
    REQUESTS = "terugbelverzoeken:lezen"
    CHANGE_REQUESTS = "terugbelverzoeken:schrijven"
    DIRECTORY = "nummerplan:lezen"
    NOTICES = "calamiteiten:lezen"
    CALAMITY = "calamiteiten:schrijven"
    HOURS = "openingstijden:lezen"
    CLOSE_EARLY = "openingstijden:schrijven"
    CHANGES = "gebeurtenissen:lezen"
    FIGURES = "meetwaarden:lezen"


class Action(StrEnum):
    """What can be looked at or done, on a screen or by a program; each route, live region and operation names one."""

    OWN_ACCOUNT = "own_account"  # start page, own sessions and password
    DESK = "desk"  # the operator's desk, on which their own state is shown
    OWN_STATE = "own_state"  # ready, pause, logging out at the phone
    CALL = "call"  # the caller whom one has: who it is, and commands about them
    DIRECTORY = "directory"  # colleagues and departments, and who of them is there
    SCRIPTS = "scripts"  # the answers that operators give
    EDIT_SCRIPTS = "edit_scripts"  # write them, and publish what somebody else wrote
    NUMBER_PLAN = "number_plan"  # the directory as a list: what is wrong with it, who was never transferred to
    EDIT_NUMBER_PLAN = "edit_number_plan"  # its entries, and files of them
    CALLBACKS = "callbacks"  # promises to call citizens back, one's own and those of one's teams
    QUEUE_LINE = "queue_line"  # how many callers wait, and for how long
    BOARD = "board"  # the wallboard: how it goes now, and today's figures
    BOARD_ADDRESSES = "board_addresses"  # addresses that show a wallboard to whoever has them
    STAFF = "staff"  # the operators of one's municipalities, and what goes on at each
    STEER = "steer"  # an operator's state, over their head; what they have to wait for; one transfer more
    REQUESTS = "requests"  # all callbacks of one's municipalities, and what is at risk
    CHANGE_REQUESTS = "change_requests"  # give one of them to others, close one
    SEE_NUMBER = "see_number"  # the number of a citizen and what was noted; whoever looks is in the audit log
    NOTICES = "notices"  # the calamities that callers hear now
    CALAMITY = "calamity"  # what callers hear first
    CLOSE_EARLY = "close_early"  # closing early today, and opening again
    CALLS = "calls"  # all calls of one's municipalities, with their stories
    OWN_CALLS = "own_calls"  # those that one has, or had
    HOURS = "hours"  # when one's municipalities are open
    CHANGES = "changes"  # which of the rows that one may read have changed
    PARTICIPATION = "participation"  # who shares a 14-number, whom they consulted, and what each had of a period
    FIGURES = "figures"  # of a period, without anything personal
    LIST_ACCOUNTS = "list_accounts"
    END_SESSIONS = "end_sessions"  # of somebody else's account
    GIVE_ROLES = "give_roles"  # to a new account, or to one that is there; and take them away
    AUDIT = "audit"  # who looked at what, and changed what
    CHANGE_ACCOUNTS = "change_accounts"  # lock one, give it a new link or another operator's number


#: the table
MAY: Mapping[Action, frozenset[Role]] = {
    Action.OWN_ACCOUNT: frozenset(Role),
    Action.DESK: frozenset({Role.OPERATOR, Role.SUPERVISOR}),
    Action.OWN_STATE: frozenset({Role.OPERATOR, Role.SUPERVISOR}),
    Action.CALL: frozenset({Role.OPERATOR, Role.SUPERVISOR}),
    Action.DIRECTORY: frozenset({Role.OPERATOR, Role.SUPERVISOR}),
    Action.SCRIPTS: frozenset({Role.OPERATOR, Role.SUPERVISOR}),
    Action.EDIT_SCRIPTS: frozenset({Role.EDITOR}),
    Action.NUMBER_PLAN: frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.EDITOR, Role.ADMINISTRATOR}),
    Action.EDIT_NUMBER_PLAN: frozenset({Role.EDITOR, Role.ADMINISTRATOR}),
    Action.CALLBACKS: frozenset({Role.OPERATOR, Role.SUPERVISOR}),
    Action.QUEUE_LINE: frozenset({Role.OPERATOR, Role.SUPERVISOR}),
    Action.BOARD: frozenset({Role.SUPERVISOR}),
    Action.BOARD_ADDRESSES: frozenset({Role.SUPERVISOR}),
    Action.STAFF: frozenset({Role.SUPERVISOR}),
    Action.STEER: frozenset({Role.SUPERVISOR}),
    Action.REQUESTS: frozenset({Role.SUPERVISOR}),
    Action.CHANGE_REQUESTS: frozenset({Role.SUPERVISOR}),
    Action.SEE_NUMBER: frozenset({Role.SUPERVISOR}),
    Action.NOTICES: frozenset(Role),
    Action.CALAMITY: frozenset({Role.SUPERVISOR}),
    Action.CLOSE_EARLY: frozenset({Role.SUPERVISOR}),
    Action.CALLS: frozenset({Role.SUPERVISOR}),
    Action.OWN_CALLS: frozenset({Role.OPERATOR, Role.SUPERVISOR}),
    Action.HOURS: frozenset(Role),
    Action.CHANGES: frozenset({Role.OPERATOR, Role.SUPERVISOR}),
    Action.PARTICIPATION: frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    Action.FIGURES: frozenset({Role.SUPERVISOR, Role.ANALYST, Role.ADMINISTRATOR}),
    Action.LIST_ACCOUNTS: frozenset({Role.ADMINISTRATOR}),
    Action.END_SESSIONS: frozenset({Role.ADMINISTRATOR}),
    Action.GIVE_ROLES: frozenset({Role.ADMINISTRATOR}),
    Action.AUDIT: frozenset({Role.ADMINISTRATOR}),
    Action.CHANGE_ACCOUNTS: frozenset({Role.ADMINISTRATOR}),
}
#: the same for tokens of other programs: what is not here, no token can do
TOKENS_MAY: Mapping[Action, ApiScope] = {
    Action.CALLS: ApiScope.CALLS,
    Action.SEE_NUMBER: ApiScope.NUMBERS,
    Action.CALL: ApiScope.TRANSFERS,
    Action.QUEUE_LINE: ApiScope.QUEUES,
    Action.STAFF: ApiScope.STAFF,
    Action.STEER: ApiScope.STEER,
    Action.REQUESTS: ApiScope.REQUESTS,
    Action.CHANGE_REQUESTS: ApiScope.CHANGE_REQUESTS,
    Action.CALLBACKS: ApiScope.CHANGE_REQUESTS,
    Action.DIRECTORY: ApiScope.DIRECTORY,
    Action.NOTICES: ApiScope.NOTICES,
    Action.CALAMITY: ApiScope.CALAMITY,
    Action.HOURS: ApiScope.HOURS,
    Action.CLOSE_EARLY: ApiScope.CLOSE_EARLY,
    Action.CHANGES: ApiScope.CHANGES,
    Action.FIGURES: ApiScope.FIGURES,
}
#: what touches all municipalities of the thing it is done to, so that each of them has to be the actor's; for the
#: others it is enough that one of them is
TOUCHES_ALL = frozenset({Action.END_SESSIONS, Action.CHANGE_ACCOUNTS})


@dataclass(frozen=True, slots=True)
class Grant:
    """One role, or one scope of a token, and the municipalities that it is held for; None: for the whole group."""

    role: Role | ApiScope
    scope: Scope


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who is logged in, or another program. `operator`: their number when they take calls."""

    account: AccountId
    login: str
    name: str
    operator: OperatorNumber | None
    grants: tuple[Grant, ...]

    def scope_of(self, action: Action) -> Scope:
        """The municipalities for which this actor may do it; empty: none."""
        token = TOKENS_MAY.get(action)
        return together(grant.scope for grant in self.grants if grant.role in MAY[action] or grant.role == token)

    @property
    def known(self) -> Scope:
        """The municipalities of which this actor may know anything at all."""
        return together(grant.scope for grant in self.grants)

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.grants if isinstance(grant.role, Role))


class Verdict(StrEnum):
    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"


def may(actor: Actor, action: Action) -> bool:
    """Whether the actor may do it for any municipality."""
    return action is Action.OWN_ACCOUNT or actor.scope_of(action) != NOBODYS


def decide(actor: Actor, action: Action, municipalities: Scope) -> Verdict:
    """May the actor do this to a thing of these municipalities? None: to one of the whole group."""
    if actor.known is not None and not overlap(actor.known, municipalities):
        return Verdict.UNKNOWN
    own = actor.scope_of(action)
    allowed = own is None or overlap(own, municipalities)
    if action in TOUCHES_ALL:
        allowed = allowed and within(municipalities, own)
    return Verdict.ALLOWED if allowed else Verdict.FORBIDDEN


def overlap(one: Scope, other: Scope) -> bool:
    """Whether they have a municipality in common."""
    if one is None or other is None:
        return one != NOBODYS and other != NOBODYS
    return not one.isdisjoint(other)


def within(inner: Scope, outer: Scope) -> bool:
    """Whether everything of the one is in the other."""
    return outer is None or (inner is not None and inner <= outer)


def together(scopes: Iterable[Scope]) -> Scope:
    """All municipalities that any of them has."""
    found: set[MunicipalityCode] = set()
    for scope in scopes:
        if scope is None:
            return None
        found |= scope
    return frozenset(found)
