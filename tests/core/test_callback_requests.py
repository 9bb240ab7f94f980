"""The one place where a request is made: which wishes can be promised, and what is kept when one is asked again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ari_app.core.area import DirectNumber
from ari_app.core.callback_requests import NotPromised, WishPart, asked_fact, joined, new_request
from ari_app.core.callbacks import CallbackFactKind, RequestKind
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.tariffs import NotCalled
from tests.core.callback_values import MONDAY_TEN, area_of, made, new
from tests.core.test_deadlines import WIERDAM, local
from tests.storage.callback_values import ANNA, BRAM, KCC, asked

pytestmark = pytest.mark.pure

AREA = replace(
    area_of(replace(WIERDAM, geographic_numbers=("+31119990100",))),
    direct_numbers={"+31119990105": DirectNumber("+31119990105", WIERDAM.code, operator=ANNA)},
)


@pytest.mark.parametrize(
    ("changes", "part", "not_called"),
    [
        ({"pii_number": ""}, WishPart.NUMBER, NotCalled.NOT_A_NUMBER),
        ({"pii_number": "0900 1234"}, WishPart.NUMBER, NotCalled.PAID),
        ({"pii_number": "112"}, WishPart.NUMBER, NotCalled.SHORT),
        ({"pii_number": "+4930123456"}, WishPart.NUMBER, NotCalled.ABROAD),
        ({"pii_number": "0119 990 100"}, WishPart.NUMBER, NotCalled.SERVED),
        ({"pii_number": "0031119990105"}, WishPart.NUMBER, NotCalled.SERVED),
        ({"municipality": MunicipalityCode("GM0001")}, WishPart.MUNICIPALITY, None),
        ({"team": TeamCode("x")}, WishPart.TEAM, None),
        ({"operator": OperatorNumber("999")}, WishPart.OPERATOR, None),
    ],
)
def test_a_wish_that_nobody_could_keep_names_the_part_in_the_way(
    changes: dict[str, object], part: WishPart, not_called: NotCalled | None
) -> None:
    refused = new_request(asked(MONDAY_TEN, **{"municipality": WIERDAM.code, **changes}), AREA, MONDAY_TEN)
    assert isinstance(refused, NotPromised)
    assert (refused.part, refused.not_called) == (part, not_called)
    assert "1234" not in repr(refused)


def test_without_a_team_of_its_own_a_wish_is_for_the_team_of_the_municipality() -> None:
    assert new(team=None).owner_team == KCC
    refused = new_request(asked(municipality=WIERDAM.code, team=None), replace(AREA, teams={}), MONDAY_TEN)
    assert isinstance(refused, NotPromised)
    assert refused.part is WishPart.TEAM


def test_a_virtual_hold_needs_the_moment_that_gives_its_place() -> None:
    with pytest.raises(ValueError, match="moment"):
        asked(kind=RequestKind.VIRTUAL_HOLD)


def test_the_fact_is_the_same_whether_it_is_the_first_wish_or_a_repeated_one() -> None:
    one = asked_fact(new(subject="paspoort"), CallbackFactKind.CREATED)
    other = asked_fact(replace(new(subject="paspoort"), created_at=local("2026-03-02T11:00")), CallbackFactKind.JOINED)
    assert one.detail == other.detail


LATER = local("2026-03-02T15:00")


@pytest.mark.parametrize(
    ("first", "again", "field", "expected"),
    [
        ({}, {}, "deadline_at", local("2026-03-03T17:00")),
        ({}, {}, "joined_count", 1),
        ({"pii_note": "a"}, {"pii_note": "b"}, "pii_note", "a\nb"),
        ({"pii_note": "a"}, {"pii_note": "a"}, "pii_note", "a"),
        ({}, {"subject": "reizen"}, "subject", "reizen"),
        ({"subject": "paspoort"}, {"subject": "reizen"}, "subject", "paspoort"),
        ({"transfer_count": 2}, {"transfer_count": 1}, "transfer_count", 2),
        ({"transfer_count": 1}, {"transfer_count": 2}, "transfer_count", 2),
        ({}, {"operator": ANNA}, "owner_operator", ANNA),
        ({"operator": ANNA}, {"operator": BRAM}, "owner_operator", ANNA),
        ({}, {"entry": "burgerzaken"}, "owner_entry", "burgerzaken"),
        ({}, {"kind": RequestKind.VIRTUAL_HOLD, "queued_at": LATER}, "kind", RequestKind.VIRTUAL_HOLD),
        ({"kind": RequestKind.VIRTUAL_HOLD, "queued_at": MONDAY_TEN}, {}, "kind", RequestKind.VIRTUAL_HOLD),
        (
            {"kind": RequestKind.VIRTUAL_HOLD, "queued_at": MONDAY_TEN},
            {"kind": RequestKind.VIRTUAL_HOLD, "queued_at": LATER},
            "queued_at",
            MONDAY_TEN,
        ),
    ],
)
def test_a_request_that_is_asked_for_again_keeps_its_first_deadline_and_owner(
    first: dict[str, object], again: dict[str, object], field: str, expected: object
) -> None:
    request = made(**first)  # type: ignore[arg-type]
    after, (fact,) = joined(request, new(LATER, **again), AREA)  # type: ignore[arg-type]
    assert getattr(after, field) == expected
    assert (after.id, after.reference, after.created_at) == (request.id, request.reference, request.created_at)
    assert fact.kind is CallbackFactKind.JOINED


def test_a_request_that_waits_for_a_decision_is_tried_again_when_the_citizen_asks_again() -> None:
    undecided = replace(made(), next_attempt_at=None, escalated_at=local("2026-03-02T12:00"))
    after, _ = joined(undecided, new(LATER), AREA)
    assert (after.next_attempt_at, after.escalated_at) == (LATER, None)
    planned = replace(made(), escalated_at=local("2026-03-02T12:00"))
    after, _ = joined(planned, new(LATER), AREA)
    assert (after.next_attempt_at, after.escalated_at) == (planned.next_attempt_at, planned.escalated_at)
