"""Requests of one municipality, made as the program makes them; a test changes what it is about."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ari_app.core.area import Area, Municipality, Operator, Team
from ari_app.core.calendar import DESIGNATED_DAYS
from ari_app.core.callback_requests import NewRequest, new_request, request_from
from ari_app.core.callbacks import AttemptOutcome, CallbackAttempt, CallbackRequest
from ari_app.core.ids import CallId, RequestId, new_attempt_id
from ari_app.core.references import reference_of
from tests.core.test_deadlines import WIERDAM, local
from tests.storage.callback_values import ANNA, BRAM, KCC, asked

MONDAY_TEN = local("2026-03-02T10:00")


def area_of(*towns: Municipality) -> Area:
    """One team for all of them, with two operators."""
    return Area(
        municipalities={town.code: town for town in towns},
        teams={KCC: Team(KCC, "Klantcontact", tuple(town.code for town in towns))},
        operators={ANNA: Operator(ANNA, "Anna", (KCC,)), BRAM: Operator(BRAM, "Bram", (KCC,))},
        special_days=DESIGNATED_DAYS,
    )


def new(now: datetime = MONDAY_TEN, town: Municipality = WIERDAM, **changes: object) -> NewRequest:
    """A wish, checked; `changes` are of the wish."""
    found = new_request(asked(now, municipality=town.code, **changes), area_of(town), now)
    assert isinstance(found, NewRequest)
    return found


def made(now: datetime = MONDAY_TEN, town: Municipality = WIERDAM, n: int = 1, **changes: object) -> CallbackRequest:
    """The row of a wish; `changes` are of the wish."""
    return request_from(new(now, town, **changes), RequestId(UUID(int=n)), reference_of(n), area_of(town))


def attempts(*tries: tuple[str, AttemptOutcome | None], call_id: CallId | None = None) -> list[CallbackAttempt]:
    """One after the other, each at a moment in the Netherlands; the outcome None: not over."""
    return [
        CallbackAttempt(
            new_attempt_id(),
            RequestId(UUID(int=1)),
            number,
            ANNA,
            local(at),
            call_id,
            ended_at=None if outcome is None else local(at),
            outcome=outcome,
        )
        for number, (at, outcome) in enumerate(tries, start=1)
    ]
