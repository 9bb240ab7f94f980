"""Commands that no call has to carry out: they change rows, and calls read them. All but one are of supervisors."""

from __future__ import annotations

from dataclasses import dataclass, field

from ari_app.core.ids import OperatorNumber, RequestId, TeamCode


@dataclass(frozen=True, slots=True)
class AllowTransfer:
    """Allow one transfer more than AV §2 in a call that goes on. `reason` is kept with the call."""

    reason: str


@dataclass(frozen=True, slots=True)
class AskAllowance:
    """The operator asks supervisors to allow one transfer more in the call that they have."""


@dataclass(frozen=True, slots=True)
class UnlockPin:
    """Let the operator log in again at once after wrong PINs, and on the pages after wrong passwords and codes."""


@dataclass(frozen=True, slots=True)
class AssignRequest:
    """Give a request to be called back to a team, or to somebody in particular."""

    request: RequestId
    team: TeamCode | None = None
    operator: OperatorNumber | None = None


@dataclass(frozen=True, slots=True)
class CloseByPerson:
    """Decide that a citizen is not called any more. The reason is kept with the request."""

    request: RequestId
    pii_reason: str = field(repr=False)


SupervisorCommand = AllowTransfer | AskAllowance | UnlockPin | AssignRequest | CloseByPerson
