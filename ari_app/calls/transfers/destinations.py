"""The destination of a transfer: the directory's entry for the keyed digits, and whether it can be reached now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ari_app.calls.call.flow import Flow
from ari_app.calls.errors import SwitchUnavailable
from ari_app.core.destinations import Destination, NoDestination
from ari_app.core.directory import resolve
from ari_app.core.ids import MunicipalityCode
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.presence import Presence
from ari_app.core.skills import skills_of


async def find(flow: Flow, keyed: str) -> Destination | NoDestination:
    """The destination that these digits mean for the handling party, or why they lead nowhere.

    A phone that is not registered is refused here, before it is rung in vain.
    """
    found = resolve(flow.area, keyed, _municipalities(flow), flow.now)
    if isinstance(found, NoDestination):
        return found
    if found.pii_number is not None:
        endpoint = flow.shell.switch.outside(found.pii_number)
        return NoDestination(RefusalReason.NO_WAY_OUT) if endpoint is None else replace(found, endpoint=endpoint)
    if found.endpoint is not None and await _is_unreachable(flow, found):
        return NoDestination(RefusalReason.UNREACHABLE, found.deputies)
    return found


async def stand_in(flow: Flow, deputies: Sequence[str]) -> str | None:
    """The first of these extensions that can be reached now: an operator is not sent from one dead phone to another."""
    for deputy in deputies:
        found = resolve(flow.area, deputy, _municipalities(flow), flow.now)
        if isinstance(found, Destination) and not await _is_unreachable(flow, found):
            return deputy
    return None


async def _is_unreachable(flow: Flow, found: Destination) -> bool:
    if found.operator is not None:
        return flow.shell.registry.session_of(found.operator) is None
    if found.endpoint is None or not flow.shell.admission.has_extras:
        return False  # it is rung, to find out
    try:
        return await flow.shell.switch.presence(found.endpoint) is Presence.UNREACHABLE
    except SwitchUnavailable:
        return False


def _municipalities(flow: Flow) -> frozenset[MunicipalityCode]:
    """The municipalities whose entries may be used: those of the operator, or, for a colleague, that of the caller."""
    session_id = flow.call.operator_session
    session = None if session_id is None else flow.shell.registry.session(session_id)
    if session is None:
        return frozenset() if flow.call.municipality is None else frozenset({flow.call.municipality})
    return skills_of(flow.area, session.operator).any
