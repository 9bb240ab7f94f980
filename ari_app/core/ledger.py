"""What the keeper of the record and the calls both speak of: open rows, the verdict on a PIN, failures.

LedgerError
├── StoreUnavailable
├── StaleRow
├── AlreadyTaken
└── CallbackRefused
    ├── NoSuchRequest
    ├── RequestClosed
    ├── CloseRefused
    ├── LeaseLost
    └── AttemptOpen
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ari_app.core.call import Call, Leg
from ari_app.core.operators import OperatorLine, OperatorSession
from ari_app.core.transfer import Transfer


class LedgerError(Exception):
    """Base of what a ledger raises on purpose."""


class StoreUnavailable(LedgerError):
    """The ledger cannot be written or read now. A write may have arrived all the same: repeat the very same one."""


class StaleRow(LedgerError):
    """The stored row is not the one this write continues: another controller owns it."""


class AlreadyTaken(LedgerError):
    """There is such a row already: this operator is logged in, this number is in use."""


class CallbackRefused(LedgerError):
    """A change of a request to be called back that cannot be made; nothing was changed."""


class NoSuchRequest(CallbackRefused):
    """There is no such request, or it is not ours to see."""


class RequestClosed(CallbackRefused):
    """The request is closed already."""


class CloseRefused(CallbackRefused):
    """Somebody has this request at the moment, or no reason was given."""


class LeaseLost(CallbackRefused):
    """The lease belongs to another owner by now, who calls or will call."""


class AttemptOpen(CallbackRefused):
    """There is an attempt under this lease that has not ended."""


class PinVerdict(StrEnum):
    OK = "ok"
    WRONG = "wrong"
    LOCKED = "locked"  # too many wrong ones; also said of numbers that do not exist


@dataclass(frozen=True, slots=True)
class OpenRows:
    """All rows of one Asterisk that are not closed."""

    calls: tuple[Call, ...] = ()
    legs: tuple[Leg, ...] = ()  # the open legs of those calls, and legs left open by ended calls
    lines: tuple[OperatorLine, ...] = ()
    sessions: tuple[OperatorSession, ...] = ()
    transfers: tuple[Transfer, ...] = ()  # open ones, also of ended calls
