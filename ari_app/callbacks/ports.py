"""The store that the service needs: rows of callbacks, read and written, without a decision of its own.

Every method raises StoreUnavailable. After it a write may have arrived all the same: repeat the very same one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from ari_app.core.call import Call
from ari_app.core.callback_limits import AskedFor
from ari_app.core.callbacks import (
    Absence,
    CallbackAttempt,
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
    RequestKind,
)
from ari_app.core.ids import AsteriskId, AttemptId, CallId, MunicipalityCode, OperatorNumber, RequestId, TeamCode
from ari_app.core.limits import Limit
from ari_app.core.reminders import Reminder, ReminderOutcome, ReminderWay


class CallbackRows(Protocol):
    """The rows of one transaction. All of it is committed, and listeners are notified after that; or nothing is.

    A row that is read here is locked until then, so that an answer which rests on it is as durable as the row.
    """

    async def request(self, request_id: RequestId) -> CallbackRequest | None: ...

    async def open_request_of(self, municipality: MunicipalityCode, pii_number: str) -> CallbackRequest | None:
        """The open one of this number and municipality; there is at most one."""
        ...

    async def asked_before(
        self, municipality: MunicipalityCode, pii_number: str, asked: CallbackFact
    ) -> tuple[CallbackRequest, CallbackFactKind] | None:
        """The request of this number and municipality that knows a wish with these very details, CREATED or JOINED.

        None too when it was closed in the call that the details name: what is asked after that is a wish of its own.
        """
        ...

    async def request_and_attempt(self, attempt_id: AttemptId) -> tuple[CallbackRequest, CallbackAttempt] | None: ...

    async def attempts(self, request_id: RequestId) -> Sequence[CallbackAttempt]:
        """In their order; of a request that is locked."""
        ...

    async def next_due(
        self,
        operator: OperatorNumber,
        teams: Collection[TeamCode],
        municipalities: Collection[MunicipalityCode],
        resumes: Mapping[MunicipalityCode, datetime],
        now: datetime,
    ) -> CallbackRequest | None:
        """The promise that this operator should keep first; one that another transaction has locked is passed over.

        It is due, and owned by the operator or by one of these teams; its number is in no lease and not on the line. It
        is of one of these municipalities, or its deadline comes before the moment in `resumes` of its municipality.
        """
        ...

    async def expired_leases(self, now: datetime, limit: int) -> Sequence[CallbackRequest]:
        """Those whose lease ended, in no order; those that another transaction has locked are passed over."""
        ...

    async def is_on_the_line(self, pii_number: str, now: datetime) -> bool:
        """Whether a call from this number is open, one that is older than four hours not counted."""
        ...

    async def next_reference_number(self) -> int:
        """Never the same twice; a gap means nothing."""
        ...

    async def insert(self, request: CallbackRequest, facts: Sequence[CallbackFact]) -> CallbackRequest | None:
        """The new row with its `last_seq`; None when this number and municipality have an open one."""
        ...

    async def update(self, request: CallbackRequest, facts: Sequence[CallbackFact]) -> CallbackRequest:
        """The changed row with its new `last_seq`. Raises AlreadyTaken when its number is in another lease."""
        ...

    async def write_attempt(self, attempt: CallbackAttempt) -> None: ...

    async def insert_reminder(self, reminder: Reminder, way: ReminderWay, now: datetime) -> int | None:
        """Its id; None when this reminder goes this way already."""
        ...

    async def finish_reminder(self, reminder_id: int, outcome: ReminderOutcome, now: datetime) -> None: ...


class CallbackStore(Protocol):
    """Rows of callbacks; many tasks, and many programs, may use them at once."""

    def transaction(self) -> AbstractAsyncContextManager[CallbackRows]: ...

    async def request(self, request_id: RequestId) -> CallbackRequest | None: ...

    async def open_requests(self, kinds: Collection[RequestKind] = ...) -> Sequence[CallbackRequest]:
        """Those that must be done first come first."""
        ...

    async def open_requests_of_number(
        self, pii_number: str, municipalities: Collection[MunicipalityCode]
    ) -> Sequence[CallbackRequest]:
        """Those that must be done first come first."""
        ...

    async def open_requests_of_team(self, team: TeamCode) -> Sequence[CallbackRequest]:
        """Those that must be done first come first."""
        ...

    async def asked_for(
        self, municipality: MunicipalityCode, caller: str | None, number: str | None, call_id: CallId, since: datetime
    ) -> AskedFor:
        """The wishes of callers since then, without a person of ours and without this call.

        Of a caller, also the calls that came before this one and are about to be promised something.
        """
        ...

    async def extend_leases_of_calls(self, asterisk_id: AsteriskId, lease_until_at: datetime) -> None:
        """The leases whose open attempt has a call of this Asterisk that goes on."""
        ...

    async def abandoned_calls(self, municipalities: Collection[MunicipalityCode], since: datetime) -> Sequence[Call]:
        """Calls to these, arrived since then, whose callers gave up waiting and were not helped or promised since.

        Without the calls that have the fact that a limit was reached.
        """
        ...

    async def note_limit(self, call: Call, limit: Limit, now: datetime) -> None:
        """The fact of an ended call that its caller is promised nothing; once, however many programs write it."""
        ...

    async def absences(self, now: datetime) -> Sequence[Absence]:
        """Those that are not over."""
        ...

    async def known_reminders(self, keys: Iterable[str]) -> Collection[str]:
        """Which of these reminders are stored."""
        ...
