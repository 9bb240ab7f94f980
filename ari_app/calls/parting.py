"""What is left to do when a talk, or an attempt at one, is over."""

from __future__ import annotations

import structlog

from ari_app.calls.errors import SwitchUnavailable
from ari_app.calls.flow import Flow
from ari_app.calls.news import CallDone

log = structlog.get_logger(__name__)


def free_operator(flow: Flow, wrap_up_seconds: int) -> None:
    """The operator whom this call has, or was offered to, is told that it is no longer theirs."""
    mailbox = flow.session_mailbox(flow.call.operator_session)
    if mailbox is not None:
        mailbox.post(CallDone(flow.call.id, flow.now, wrap_up_seconds))


async def leave_bridge(flow: Flow) -> None:
    """A bridge that was made for this talk goes, and that of a session that is gone; a living session keeps its own."""
    bridge_id, session_id = flow.call.bridge_id, flow.call.operator_session
    session = None if session_id is None else flow.shell.registry.session(session_id)
    if bridge_id is None or (session is not None and session.bridge_id == bridge_id):
        return
    try:
        await flow.shell.switch.destroy_bridge(bridge_id)
    except SwitchUnavailable as error:
        log.warning("bridge_left", bridge_id=bridge_id, error=str(error))
