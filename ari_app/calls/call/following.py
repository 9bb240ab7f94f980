"""The caller of an operator whose phone is a page: music while the page is away, and then the page's new line."""

from __future__ import annotations

from dataclasses import replace

from ari_app.calls.call.cleanup import end_standing_leg
from ari_app.calls.call.flow import Flow
from ari_app.calls.call.rows import ended
from ari_app.core.call import Fact, FactKind, Leg, LegEndReason
from ari_app.core.ids import new_leg_id
from ari_app.core.operators import OperatorSession

_BY_LINE = {"by": "operator", "how": "line"}


def is_line_away(flow: Flow) -> bool:
    """Whether the operator who has the caller has no line, and is waited for."""
    session = _session(flow)
    return session is not None and session.is_reconnecting


def has_left_with_line(flow: Flow) -> bool:
    """Whether the operator's line is gone, or another one: their leg is ended, and nobody waits for a page.

    For a transfer, where a colleague is on the line and can have the caller.
    """
    session, handling_party = _session(flow), flow.handling_party
    if session is None or handling_party is None or handling_party.owns_channel:
        return False
    if session.channel_id == handling_party.channel_id:
        return False
    end_standing_leg(flow, at=session.line_lost_at or flow.now)
    return True


async def follow_line(flow: Flow, handling_party: Leg) -> Leg:
    """The leg of the handling party, after it was compared with the line that their session has now.

    Without a line the caller is on hold from the moment at which it was lost. With another one that has the leg's
    place, and the caller is on hold only where they were before.
    """
    session = _session(flow)
    if session is None or handling_party.owns_channel:
        return handling_party
    if session.is_reconnecting:
        if flow.call.held_at is None:
            flow.note(Fact(flow.now, FactKind.HELD, _BY_LINE), held_at=session.line_lost_at, has_music=True)
            await _have_arranged(flow)
        return handling_party
    if session.channel_id is None or session.channel_id == handling_party.channel_id:
        return handling_party
    now = flow.now
    flow.change_leg(ended(handling_party, session.line_lost_at or now, LegEndReason.LOST))
    leg = replace(
        handling_party,
        id=new_leg_id(),
        channel_id=session.channel_id,
        started_at=now,
        answered_at=now,
        joined_at=now,
        left_at=None,
    )
    flow.change_leg(leg)
    flow.note(handled_by=leg.id)
    if flow.call.held_at is not None and flow.call.held_at == session.line_lost_at:
        flow.note(Fact(now, FactKind.HELD_NO_MORE, _BY_LINE), held_at=None)
    await _have_arranged(flow)
    return leg


async def _have_arranged(flow: Flow) -> None:
    """Write it, and let the stage move the caller; a talk does not wait for a store that is away."""
    flow.is_placed = False
    await flow.commit_if_possible()


def _session(flow: Flow) -> OperatorSession | None:
    session_id = flow.call.operator_session
    return None if session_id is None else flow.shell.registry.session(session_id)
