"""Values that calls and storage share: open rows, the verdict on a PIN, the errors of the ledger.

LedgerError
├── StoreUnavailable
├── StaleRow
├── AlreadyTaken
└── CallbackRefused
    ├── NoSuchRequest
    ├── RequestClosed
    ├── CloseRefused
    ├── UnknownOwner
    ├── LeaseLost
    └── AttemptOpen
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ari_app.core.call import Call, Leg
from ari_app.core.operators import OperatorLine, OperatorSession
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.transfer import Transfer


class LedgerError(Exception):
    """Base of the errors that a ledger raises."""


class StoreUnavailable(LedgerError):
    """The ledger cannot be reached now. A write may have been committed all the same: retry the very same one."""


class StaleRow(LedgerError):
    """The stored row is not the one that this write continues: another controller owns it."""


class AlreadyTaken(LedgerError):
    """Such a row exists: the operator is logged in already, or the number is in use."""


class CallbackRefused(LedgerError):
    """A change of a request to be called back that cannot be made; nothing was changed."""


class NoSuchRequest(CallbackRefused):
    """There is no such request in the scope."""


class RequestClosed(CallbackRefused):
    """The request is closed already."""


class CloseRefused(CallbackRefused):
    """Somebody has this request at the moment, or no reason was given."""


class UnknownOwner(CallbackRefused):
    """There is no such team or operator to give a request to."""


class LeaseLost(CallbackRefused):
    """The lease belongs to another owner by now, who calls or will call."""


class AttemptOpen(CallbackRefused):
    """There is an attempt under this lease that has not ended."""


class PinVerdict(StrEnum):
    OK = "ok"
    WRONG = "wrong"
    LOCKED = "locked"  # number or phone have to wait; also said of numbers that do not exist


@dataclass(frozen=True, slots=True)
class OpenRows:
    """The rows of one Asterisk that are not closed."""

    calls: tuple[Call, ...] = ()
    legs: tuple[Leg, ...] = ()  # open ones, also of ended calls
    lines: tuple[OperatorLine, ...] = ()
    sessions: tuple[OperatorSession, ...] = ()
    transfers: tuple[Transfer, ...] = ()  # open ones, also of ended calls
    visits: tuple[QueueVisit, ...] = ()  # open ones, also of ended calls
