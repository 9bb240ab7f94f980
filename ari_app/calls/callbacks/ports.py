"""What calls need of the promise to call back, and what the reminders need of the calls.

`CallbackBook` and `Promises` are fulfilled by `storage.callbacks` in the program and by a fake in the tests;
`ReminderCaller` is the calls' own, handed to the job that finds due reminders.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from ari_app.core.area import Area
from ari_app.core.callbacks import AttemptOutcome, CallbackAttempt, CallbackRequest, Created, NewRequest, RequestKind
from ari_app.core.ids import AttemptId, CallId, MunicipalityCode, OperatorNumber, RequestId, TeamCode
from ari_app.core.reminders import ReminderKind


class CallbackBook(Protocol):
    """Every change is committed when it returns. All raise StoreUnavailable, and CallbackRefused for what they refuse.

    A change that may have arrived can be asked for again as it is: `create_or_join` by the same call, `claim` by the
    same owner, `start_attempt` by the same call; `attempt_answered`, `talk_began`, `end_attempt` of the same attempt.
    """

    async def create_or_join(self, new: NewRequest, area: Area) -> Created: ...

    async def open_of_number(
        self, pii_number: str, municipalities: Collection[MunicipalityCode]
    ) -> tuple[CallbackRequest, ...]:
        """What somebody is to be called back for, to be shown to an operator of these when they call again."""
        ...

    async def request(self, request_id: RequestId) -> CallbackRequest | None: ...

    async def open_requests(self, kinds: Collection[RequestKind] = ...) -> tuple[CallbackRequest, ...]: ...

    async def claim_next(
        self,
        operator: OperatorNumber,
        teams: Collection[TeamCode],
        municipalities: Collection[MunicipalityCode],
        now: datetime,
        *,
        lease_until_at: datetime,
        lease_owner: str,
        kinds: Collection[RequestKind] = ...,
    ) -> CallbackRequest | None: ...

    async def claim(
        self,
        request_id: RequestId,
        operator: OperatorNumber,
        now: datetime,
        *,
        lease_until_at: datetime,
        lease_owner: str,
    ) -> CallbackRequest | None: ...

    async def extend_lease(self, request_id: RequestId, lease_owner: str, lease_until_at: datetime) -> bool: ...

    async def release(self, request_id: RequestId, lease_owner: str, now: datetime) -> CallbackRequest: ...

    async def start_attempt(
        self, request_id: RequestId, lease_owner: str, operator: OperatorNumber, call_id: CallId | None, now: datetime
    ) -> CallbackAttempt: ...

    async def attempt_answered(self, attempt_id: AttemptId, at: datetime) -> None: ...

    async def talk_began(self, attempt_id: AttemptId, at: datetime) -> None: ...

    async def end_attempt(
        self,
        attempt_id: AttemptId,
        outcome: AttemptOutcome,
        area: Area,
        now: datetime,
        *,
        answered_at: datetime | None = None,
        reached_at: datetime | None = None,
    ) -> CallbackRequest: ...

    async def close_as_helped(
        self, request_id: RequestId, by: OperatorNumber, talk_began_at: datetime, now: datetime, call_id: CallId
    ) -> CallbackRequest: ...


@dataclass(frozen=True, slots=True)
class SpokenReminder:
    """A reminder to be spoken: how many requests it is about, and whose they are."""

    id: int  # of its row; the same reminder keeps it when it is tried again
    kind: ReminderKind
    owner_team: TeamCode
    owner_operator: OperatorNumber | None
    requests: tuple[RequestId, ...]  # those that must be done first come first
    pii_phone: str = field(repr=False)  # E.164, or a phone of this Asterisk ("PJSIP/phone30")


class Spoken(Enum):
    HEARD = "heard"  # picked up; it is done
    NOT_HEARD = "not_heard"  # nobody picked up: to be tried again later
    NOT_NOW = "not_now"  # could not be tried: no trunk, Asterisk away


class ReminderCaller(Protocol):
    async def remind(self, reminder: SpokenReminder) -> Spoken:
        """Ring the phone, say what is due, let it be called with a key; returns when it was picked up, or not."""
        ...
