"""An area and wishes for callbacks in it; a test changes the values that it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from ari_app.core.area import Area, Municipality, OpeningSpan, Operator, Team
from ari_app.core.callback_requests import Wish
from ari_app.core.callbacks import (
    AttemptOutcome,
    CallbackAttempt,
    CallbackRequest,
    CloseKind,
    Confirmed,
    RequestKind,
    RequestReason,
    RequestState,
)
from ari_app.core.ids import AttemptId, CallId, MunicipalityCode, OperatorNumber, RequestId, TeamCode
from ari_app.core.numbers import E164

TEN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday; ten o'clock in the Netherlands
OOSTERWENDE = MunicipalityCode("GM9901")
ZANDERMEER = MunicipalityCode("GM9902")
KCC = TeamCode("kcc")
ZAND = TeamCode("zand")
ANNA = OperatorNumber("101")
BRAM = OperatorNumber("102")
NUMBER = E164("+31612345678")
OFFICE_HOURS = {day: (OpeningSpan(time(8, 30), time(17)),) for day in range(5)}

DIRECTORY = Area(
    municipalities={
        OOSTERWENDE: Municipality(OOSTERWENDE, "Oosterwende", hours=OFFICE_HOURS),
        ZANDERMEER: Municipality(ZANDERMEER, "Zandermeer", hours=OFFICE_HOURS),
    },
    teams={
        KCC: Team(KCC, "Klantcontact", (OOSTERWENDE, ZANDERMEER)),
        ZAND: Team(ZAND, "Receptie", (ZANDERMEER,)),
    },
    operators={ANNA: Operator(ANNA, "Anna", (KCC,)), BRAM: Operator(BRAM, "Bram", (KCC,))},
)


def at(minutes: float) -> datetime:
    return TEN + timedelta(minutes=minutes)


def asked(now: datetime = TEN, **changes: object) -> Wish:
    wish = Wish(
        municipality=OOSTERWENDE,
        reason=RequestReason.MENU,
        first_contact_at=now,
        number_confirmed_how=Confirmed.SHOWN,
        pii_number=NUMBER,
        team=KCC,
    )
    return replace(wish, **changes)  # type: ignore[arg-type]


def number(last: int) -> E164:
    return E164(f"+31612{last:06}")


#: every field has a value of its own, none its default: what comes back was really stored
FULL_REQUEST = CallbackRequest(
    id=RequestId(UUID(int=7)),
    reference="1234567",
    municipality=OOSTERWENDE,
    reason=RequestReason.WAITING,
    kind=RequestKind.VIRTUAL_HOLD,
    state=RequestState.CLOSED,
    first_contact_at=at(0),
    deadline_at=at(1000),
    plan_by_at=at(900),
    owner_team=KCC,
    number_confirmed_how=Confirmed.TYPED,
    pii_number=NUMBER,
    created_at=at(1),
    last_seq=1,
    call_id=CallId(UUID(int=8)),
    queued_at=at(0.5),
    owner_operator=ANNA,
    owner_entry="oosterwende-burgerzaken",
    personal_until_at=at(240),
    subject="paspoort",
    pii_note="vraagt naar mevrouw Jansen",
    transfer_count=2,
    joined_count=1,
    attempts_count=3,
    first_attempt_at=at(10),
    next_attempt_at=at(20),
    escalate_at_once=True,
    escalated_at=at(2),
    reached_at=at(21),
    closed_at=at(22),
    close_kind=CloseKind.BY_PERSON,
    closed_by="102",
    pii_close_reason="is verhuisd",
)
LEASED = replace(
    FULL_REQUEST,
    state=RequestState.IN_PROGRESS,
    closed_at=None,
    close_kind=None,
    closed_by=None,
    pii_close_reason=None,
    lease_owner="session 1",
    lease_until_at=at(30),
)
FULL_ATTEMPT = CallbackAttempt(
    id=AttemptId(UUID(int=9)),
    request_id=FULL_REQUEST.id,
    number=2,
    operator=ANNA,
    started_at=at(20),
    call_id=CallId(UUID(int=10)),
    answered_at=at(20.5),
    reached_at=at(21),
    ended_at=at(22),
    outcome=AttemptOutcome.REACHED,
)
