"""The callers that are offered a callback, when, and the request that a call's row owes its caller."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ari_app.core.area import Area, CallbackRules, Member, Municipality, SharedNumber
from ari_app.core.call import Call, EndReason
from ari_app.core.callback_offers import (
    abandoned_wish,
    agreed_wish,
    ends_without,
    is_offered,
    is_offered_to,
    kind_for_waiting,
    left_in,
    offer_due_at,
    shared_number_with_offers,
    wish_at_end,
)
from ari_app.core.callbacks import Confirmed, RequestKind, RequestReason
from ari_app.core.ids import MunicipalityCode, RequestId
from tests.core.callback_values import MONDAY_TEN, area_of
from tests.core.test_deadlines import WIERDAM, local
from tests.storage.callback_values import NUMBER
from tests.storage.values import new_call

pytestmark = pytest.mark.pure

SILENT = Municipality(MunicipalityCode("GM9905"), "Zwijgdam", callback=CallbackRules(offered=False))
SHARED = SharedNumber("140119", (Member(WIERDAM.code, 1), Member(SILENT.code, 2)))
AREA = replace(area_of(WIERDAM, SILENT), shared_numbers={SHARED.digits: SHARED})
NO_TEAM = replace(AREA, teams={})
WAITING = replace(
    new_call(at=MONDAY_TEN), municipality=WIERDAM.code, queued_at=MONDAY_TEN, pii_caller_number="+31201234567"
)
IN_MENU = replace(new_call(at=MONDAY_TEN), shared_number=SHARED.digits)
AGREED = replace(
    WAITING,
    callback_reason=RequestReason.WAITING,
    callback_kind=RequestKind.VIRTUAL_HOLD,
    callback_confirmed_how=Confirmed.TYPED,
    pii_callback_number=NUMBER,
)


def ruled(**rules: object) -> Area:
    """The area, with other rules for its first municipality."""
    town = replace(WIERDAM, callback=replace(WIERDAM.callback, **rules))  # type: ignore[arg-type]
    return replace(AREA, municipalities={**AREA.municipalities, town.code: town})


@pytest.mark.parametrize(
    ("area", "code", "offered"),
    [
        (AREA, WIERDAM.code, True),
        (AREA, SILENT.code, False),
        (AREA, MunicipalityCode("GM0001"), False),
        (NO_TEAM, WIERDAM.code, False),
    ],
    ids=["wants it", "does not want it", "unknown", "no team to own it"],
)
def test_a_municipality_that_wants_it_and_has_a_team_offers_it(
    area: Area, code: MunicipalityCode, offered: bool
) -> None:
    assert is_offered(area, code) is offered


@pytest.mark.parametrize(
    ("area", "call", "offered"),
    [
        (AREA, WAITING, True),
        (AREA, replace(WAITING, municipality=SILENT.code), False),
        (AREA, IN_MENU, True),
        (ruled(offered=False), IN_MENU, False),
        (AREA, replace(IN_MENU, shared_number=None), False),
    ],
)
def test_a_caller_without_municipality_is_asked_when_one_of_the_number_offers_it(
    area: Area, call: Call, offered: bool
) -> None:
    assert is_offered_to(area, call, MONDAY_TEN) is offered


def test_only_municipalities_that_offer_it_are_in_the_menu_of_it() -> None:
    assert [member.municipality for member in shared_number_with_offers(AREA, SHARED.digits, MONDAY_TEN).members] == [
        WIERDAM.code
    ]


@pytest.mark.parametrize(
    ("call", "due_after_seconds"),
    [
        (WAITING, 60),
        (replace(WAITING, queued_at=None), 60),
        (replace(WAITING, queued_at=MONDAY_TEN + timedelta(seconds=10)), 70),
        (replace(WAITING, callback_offered_at=MONDAY_TEN), None),
        (replace(WAITING, municipality=SILENT.code), None),
    ],
    ids=["in the queue", "on the way to it", "later in the queue", "was asked", "is not asked"],
)
def test_a_waiting_caller_is_asked_once_after_the_set_time(call: Call, due_after_seconds: int | None) -> None:
    due = None if due_after_seconds is None else MONDAY_TEN + timedelta(seconds=due_after_seconds)
    assert offer_due_at(AREA, call, MONDAY_TEN) == due


@pytest.mark.parametrize(
    ("area", "call", "now", "kind"),
    [
        (AREA, WAITING, MONDAY_TEN, RequestKind.VIRTUAL_HOLD),
        (AREA, WAITING, local("2026-03-02T16:59"), RequestKind.VIRTUAL_HOLD),
        (AREA, WAITING, local("2026-03-02T17:00"), RequestKind.PROMISE),
        (ruled(keep_place=False), WAITING, MONDAY_TEN, RequestKind.PROMISE),
        (AREA, replace(WAITING, queued_at=None), MONDAY_TEN, RequestKind.PROMISE),
        (AREA, replace(WAITING, municipality=None), MONDAY_TEN, RequestKind.PROMISE),
    ],
)
def test_a_place_is_kept_only_for_the_rest_of_its_day(area: Area, call: Call, now: datetime, kind: RequestKind) -> None:
    assert kind_for_waiting(area, call, now) is kind


LEAVING = replace(WAITING, stage_entered_at=MONDAY_TEN + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"callback_reason": RequestReason.CLOSED}, EndReason.CLOSED),
        ({"callback_reason": RequestReason.CALAMITY}, EndReason.CALAMITY),
        (
            {"callback_kind": RequestKind.PROMISE, "wait_until_at": LEAVING.stage_entered_at},
            EndReason.WAITED_TOO_LONG,
        ),
        (
            {"callback_kind": RequestKind.PROMISE, "nobody_until_at": LEAVING.stage_entered_at},
            EndReason.NOBODY_AVAILABLE,
        ),
        ({"callback_kind": None}, EndReason.NOBODY_AVAILABLE),
        ({"callback_kind": RequestKind.PROMISE}, None),
        (
            {
                "callback_kind": RequestKind.PROMISE,
                "wait_until_at": LEAVING.stage_entered_at + timedelta(seconds=1),
            },
            None,
        ),
    ],
    ids=["closed", "calamity", "waited long", "nobody came", "was asked at the end", "can wait", "has patience left"],
)
def test_a_caller_who_is_not_called_back_waits_on_when_there_is_something_to_wait_for(
    changes: dict[str, object], reason: EndReason | None
) -> None:
    assert ends_without(replace(LEAVING, **changes)) is reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (AGREED, EndReason.CALLBACK_PROMISED),
        (replace(WAITING, callback_reason=RequestReason.CLOSED), EndReason.CLOSED),
        (replace(WAITING, callback_reason=RequestReason.CALAMITY), EndReason.CALAMITY),
        (replace(WAITING, callback_reason=RequestReason.MENU), EndReason.ABANDONED_IN_MENU),
        (replace(WAITING, callback_reason=RequestReason.WAITING), EndReason.ABANDONED_WAITING),
    ],
)
def test_a_caller_who_hangs_up_with_a_confirmed_number_has_the_promise(call: Call, reason: EndReason) -> None:
    assert left_in(call) is reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, RequestReason.WAITING),
        ({"callback_reason": RequestReason.MENU}, RequestReason.MENU),
        ({"callback_reason": None}, RequestReason.WAITING),
        ({"calamity": True}, RequestReason.CALAMITY),
    ],
)
def test_an_agreed_wish_says_where_it_comes_from(changes: dict[str, object], reason: RequestReason) -> None:
    wish = agreed_wish(replace(AGREED, **changes))  # type: ignore[arg-type]
    assert wish is not None
    assert (wish.reason, wish.pii_number, wish.number_confirmed_how) == (reason, NUMBER, Confirmed.TYPED)
    assert (wish.kind, wish.queued_at, wish.first_contact_at) == (RequestKind.VIRTUAL_HOLD, MONDAY_TEN, MONDAY_TEN)


@pytest.mark.parametrize("missing", ["pii_callback_number", "callback_confirmed_how", "callback_kind", "municipality"])
def test_nothing_is_agreed_without(missing: str) -> None:
    assert agreed_wish(replace(AGREED, **{missing: None})) is None  # type: ignore[arg-type]


CALLS_BACK_ABANDONED = ruled(abandoned=True)


@pytest.mark.parametrize(
    ("area", "changes", "owed"),
    [
        (CALLS_BACK_ABANDONED, {}, True),
        (AREA, {}, False),
        (CALLS_BACK_ABANDONED, {"answered_at": MONDAY_TEN}, False),
        (CALLS_BACK_ABANDONED, {"pii_caller_number": None}, False),
        (CALLS_BACK_ABANDONED, {"municipality": None}, False),
    ],
    ids=["wants it", "does not want it", "was answered", "number withheld", "no municipality"],
)
def test_a_caller_who_gave_up_is_called_back_where_the_municipality_wants_it(
    area: Area, changes: dict[str, object], owed: bool
) -> None:
    wish = abandoned_wish(replace(WAITING, **changes), area)  # type: ignore[arg-type]
    assert (wish is not None) is owed
    if wish is not None:
        assert (wish.reason, wish.kind) == (RequestReason.ABANDONED, RequestKind.PROMISE)


@pytest.mark.parametrize(
    ("call", "reason", "owed"),
    [
        (AGREED, EndReason.LOST, RequestReason.WAITING),
        (AGREED, EndReason.CALLBACK_PROMISED, RequestReason.WAITING),
        (replace(AGREED, callback_reference="1234567"), EndReason.LOST, None),
        (WAITING, EndReason.ABANDONED_WAITING, RequestReason.ABANDONED),
        (WAITING, EndReason.ABANDONED_IN_MENU, RequestReason.ABANDONED),
        (WAITING, EndReason.LOST, RequestReason.ABANDONED),
        (WAITING, EndReason.CLOSED, None),
        (WAITING, EndReason.HANDLED_BY_FALLBACK, None),
    ],
)
def test_a_call_owes_what_was_agreed_or_what_its_municipality_wants_for_those_who_gave_up(
    call: Call, reason: EndReason, owed: RequestReason | None
) -> None:
    wish = wish_at_end(call, reason, CALLS_BACK_ABANDONED)
    assert (None if wish is None else wish.reason) is owed


def test_a_callback_that_was_not_answered_owes_nothing_again() -> None:
    call = replace(WAITING, callback_request=RequestId(WAITING.id))
    assert wish_at_end(call, EndReason.ABANDONED_WAITING, CALLS_BACK_ABANDONED) is None
