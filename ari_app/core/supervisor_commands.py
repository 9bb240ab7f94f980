"""Commands of supervisors that no call has to carry out: they change rows, and calls read them."""

from __future__ import annotations

from dataclasses import dataclass

from ari_app.core.ids import OperatorNumber, RequestId, TeamCode


@dataclass(frozen=True, slots=True)
class AllowTransfer:
    """Allow one transfer more than AV §2 in a call that goes on. `reason` is kept with the call."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnlockPin:
    """Let the operator log in again at once after wrong PINs."""


@dataclass(frozen=True, slots=True)
class AssignRequest:
    """Give a request to be called back to a team, or to somebody in particular."""

    request: RequestId
    team: TeamCode | None = None
    operator: OperatorNumber | None = None


SupervisorCommand = AllowTransfer | UnlockPin | AssignRequest
