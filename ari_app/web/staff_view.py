"""Operators as a supervisor sees them: the order of the list."""

from __future__ import annotations

from ari_app.core.operators import OperatorState
from ari_app.storage.operators.staff import StaffMember

#: who is at work comes first, and who is not there last
_ORDER = {
    state: place
    for place, state in enumerate(
        (
            OperatorState.TALKING,
            OperatorState.OFFERED,
            OperatorState.WRAP_UP,
            OperatorState.READY,
            OperatorState.PAUSED,
            OperatorState.AWAY,
        )
    )
}


def by_state(member: StaffMember) -> tuple[int, str, str]:
    """The key to sort by."""
    return _ORDER[member.state], member.name, member.number
