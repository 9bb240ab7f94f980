"""Each change of a request: exactly these fields, exactly this fact; and the changes that are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime

import pytest

from ari_app.core.area import Area, Team
from ari_app.core.calendar import DESIGNATED_DAYS
from ari_app.core.callback_changes import (
    assigned,
    closed_as_helped,
    closed_by_person,
    given_back,
    inherited,
    lapsed,
    leased,
    not_callable,
)
from ari_app.core.callbacks import (
    CallbackFactKind,
    CallbackRequest,
    Change,
    CloseKind,
    RequestKind,
    RequestState,
)
from ari_app.core.ids import OperatorNumber, TeamCode, new_call_id
from ari_app.core.ledger import CloseRefused
from tests.core.callback_values import MONDAY_TEN, area_of, made
from tests.core.test_deadlines import WIERDAM, local
from tests.storage.callback_values import ANNA, BRAM, KCC, ZAND

pytestmark = pytest.mark.pure

NOON = local("2026-03-02T12:00")
OPEN = made()
PLANNED = replace(OPEN, state=RequestState.PLANNED, attempts_count=1, next_attempt_at=local("2026-03-02T14:00"))
UNDECIDED = replace(OPEN, attempts_count=3, next_attempt_at=None, escalated_at=local("2026-03-02T11:00"))
LEASED = replace(OPEN, state=RequestState.IN_PROGRESS, lease_owner="call:1", lease_until_at=local("2026-03-02T12:04"))
OF_ANNA = made(operator=ANNA)
CALL = new_call_id()


def differences(before: CallbackRequest, after: CallbackRequest) -> dict[str, object]:
    names = [field.name for field in fields(before)]
    return {name: getattr(after, name) for name in names if getattr(before, name) != getattr(after, name)}


def given_to(team: TeamCode | None, operator: OperatorNumber | None) -> Callable[[CallbackRequest], Change]:
    return lambda request: assigned(request, team, operator, WIERDAM, DESIGNATED_DAYS, "Chef", NOON)


def by_person(request: CallbackRequest) -> Change:
    return closed_by_person(request, " is verhuisd ", "Chef", NOON)


def as_helped(request: CallbackRequest) -> Change:
    return closed_as_helped(request, ANNA, local("2026-03-02T11:50"), NOON, CALL)


def lease(request: CallbackRequest) -> Change:
    return leased(request, ANNA, "call:1", local("2026-03-02T12:04"), NOON)


def release(request: CallbackRequest) -> Change:
    return given_back(request, CallbackFactKind.RELEASED, NOON)


CLOSED = {"state": RequestState.CLOSED, "next_attempt_at": None, "closed_at": NOON}
#: of the request itself: four open hours after noon
ANNAS_UNTIL = local("2026-03-02T16:00")


@pytest.mark.parametrize(
    ("before", "change", "expected", "fact", "detail"),
    [
        (OPEN, given_to(ZAND, None), {"owner_team": ZAND}, "assigned", {"team": ZAND, "operator": None, "by": "Chef"}),
        (
            OPEN,
            given_to(None, BRAM),
            {"owner_operator": BRAM, "personal_until_at": ANNAS_UNTIL},
            "assigned",
            {"team": KCC, "operator": BRAM, "by": "Chef"},
        ),
        (
            OF_ANNA,
            given_to(ZAND, None),
            {"owner_team": ZAND, "owner_operator": None, "personal_until_at": None},
            "assigned",
            {"team": ZAND, "operator": None, "by": "Chef"},
        ),
        (
            UNDECIDED,
            given_to(None, None),
            {"next_attempt_at": NOON, "escalated_at": None},
            "assigned",
            {"team": KCC, "operator": None, "by": "Chef"},
        ),
        (
            PLANNED,
            lease,
            {
                "state": RequestState.IN_PROGRESS,
                "lease_owner": "call:1",
                "lease_until_at": local("2026-03-02T12:04"),
            },
            "claimed",
            {"operator": ANNA, "lease_owner": "call:1"},
        ),
        (
            LEASED,
            release,
            {"state": RequestState.OPEN, "lease_owner": None, "lease_until_at": None},
            "released",
            {"lease_owner": "call:1"},
        ),
        (
            replace(LEASED, attempts_count=2),
            release,
            {"state": RequestState.PLANNED, "lease_owner": None, "lease_until_at": None},
            "released",
            {"lease_owner": "call:1"},
        ),
        (
            replace(LEASED, attempts_count=3, next_attempt_at=None),
            release,
            {"state": RequestState.OPEN, "lease_owner": None, "lease_until_at": None},
            "released",
            {"lease_owner": "call:1"},
        ),
        (
            PLANNED,
            by_person,
            {
                **CLOSED,
                "close_kind": CloseKind.BY_PERSON,
                "closed_by": "Chef",
                "pii_close_reason": "is verhuisd",
            },
            "closed",
            {"how": "by_person", "by": "Chef"},
        ),
        (
            OPEN,
            as_helped,
            {
                **CLOSED,
                "close_kind": CloseKind.HELPED,
                "closed_by": ANNA,
                "reached_at": local("2026-03-02T11:50"),
            },
            "closed",
            {"how": "helped", "by": ANNA, "call_id": str(CALL)},
        ),
    ],
    ids=[
        "to a team",
        "to a person",
        "to a team, from a person",
        "decided",
        "leased",
        "released, not tried before",
        "released, tried before",
        "released, waits for a decision",
        "closed by a person",
        "closed as helped",
    ],
)
def test_a_change_is_these_fields_and_this_fact(
    before: CallbackRequest,
    change: Callable[[CallbackRequest], Change],
    expected: dict[str, object],
    fact: str,
    detail: dict[str, object],
) -> None:
    after, facts = change(before)
    assert differences(before, after) == expected
    assert [(one.at, one.kind, one.detail) for one in facts] == [(NOON, fact, detail)]


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_person_closes_with_a_reason(reason: str) -> None:
    with pytest.raises(CloseRefused, match="reason"):
        closed_by_person(OPEN, reason, "Chef", NOON)


@pytest.mark.parametrize("change", [by_person, as_helped])
def test_a_request_is_not_closed_while_somebody_calls(change: Callable[[CallbackRequest], Change]) -> None:
    with pytest.raises(CloseRefused, match="being called by call:1"):
        change(LEASED)


# --- what happens by itself ---

WITHOUT_ITS_TEAM = replace(
    area_of(WIERDAM), teams={code: Team(code, code, (WIERDAM.code,)) for code in (TeamCode("b"), TeamCode("a"))}
)
WITHOUT_ANY_TEAM = replace(area_of(WIERDAM), teams={})


@pytest.mark.parametrize(
    ("request_", "area", "team"),
    [
        (OPEN, area_of(WIERDAM), None),
        (OPEN, WITHOUT_ITS_TEAM, "a"),
        (OF_ANNA, WITHOUT_ITS_TEAM, "a"),
        (LEASED, WITHOUT_ITS_TEAM, None),
        (OPEN, WITHOUT_ANY_TEAM, None),
    ],
    ids=["team exists", "team is gone", "team is gone, person stays", "being called", "no team left"],
)
def test_a_request_of_a_team_that_is_gone_is_inherited(request_: CallbackRequest, area: Area, team: str | None) -> None:
    change = inherited(request_, area, NOON)
    if team is None:
        assert change is None
        return
    assert change is not None
    after, (fact,) = change
    assert differences(request_, after) == {"owner_team": team}
    assert fact.detail == {"team": team, "operator": request_.owner_operator, "instead_of": KCC}


SERVES_IT = area_of(replace(WIERDAM, geographic_numbers=(OPEN.pii_number,)))
ABROAD = replace(PLANNED, pii_number="+4930123456")


@pytest.mark.parametrize(
    ("request_", "area", "why"),
    [
        (OPEN, area_of(WIERDAM), None),
        (PLANNED, SERVES_IT, "served"),
        (ABROAD, area_of(WIERDAM), "abroad"),
        (ABROAD, replace(area_of(WIERDAM), callable_countries=frozenset({"DE"})), None),
    ],
    ids=["may be called", "is served here by now", "its country was closed", "its country is open"],
)
def test_a_number_that_may_not_be_called_any_more_waits_for_a_decision(
    request_: CallbackRequest, area: Area, why: str | None
) -> None:
    change = not_callable(request_, area, NOON)
    if why is None:
        assert change is None
        return
    assert change is not None
    after, (fact,) = change
    expected = {"state": RequestState.OPEN, "next_attempt_at": None, "escalated_at": NOON}
    assert differences(request_, after) == expected
    assert fact.detail == {"why": "not_called", "number": why}


HOLD = made(kind=RequestKind.VIRTUAL_HOLD, queued_at=MONDAY_TEN)


@pytest.mark.parametrize(
    ("request_", "now", "planned"),
    [
        (HOLD, local("2026-03-02T16:59"), None),
        (HOLD, local("2026-03-02T17:00"), local("2026-03-03T08:30")),
        (HOLD, local("2026-03-03T09:00"), local("2026-03-03T09:00")),
        (replace(HOLD, lease_owner="call:1"), local("2026-03-02T17:00"), None),
        (OPEN, local("2026-03-02T17:00"), None),
    ],
    ids=["still its day", "its day is over", "the next day", "being called", "an ordinary promise"],
)
def test_a_virtual_hold_lapses_when_its_day_is_over(
    request_: CallbackRequest, now: datetime, planned: datetime | None
) -> None:
    change = lapsed(request_, area_of(WIERDAM), now)
    if planned is None:
        assert change is None
        return
    assert change is not None
    after, facts = change
    assert differences(request_, after) == {"kind": RequestKind.PROMISE, "next_attempt_at": planned}
    assert [one.kind for one in facts] == [CallbackFactKind.VIRTUAL_HOLD_LAPSED]
