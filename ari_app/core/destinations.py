"""The destinations of transfers: what a call's task needs to know of one, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from ari_app.core.ids import Endpoint, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.operator_commands import RefusalReason

#: how long a person outside may take to press the key with which they take the caller
ACCEPT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Destination:
    """One of endpoint, operator, team and queue. `party` is what reports show, never a number outside.

    `must_accept`: a voicemail may pick up there, so a key is asked for. The person who picks up hears the `subject`.
    """

    party: str
    endpoint: Endpoint | None = None
    operator: OperatorNumber | None = None
    team: TeamCode | None = None
    queue: MunicipalityCode | None = None
    must_accept: bool = False
    subject: str = ""
    deputies: tuple[str, ...] = ()  # extensions to try instead, in this order
    pii_number: str | None = None

    @property
    def has_phone(self) -> bool:
        """Whether it can be rung, and a person there be consulted first."""
        return self.endpoint is not None


@dataclass(frozen=True, slots=True)
class NoDestination:
    """The keyed number reaches nobody, and why; `deputies` are the extensions to try instead, in this order."""

    reason: RefusalReason
    deputies: tuple[str, ...] = ()
