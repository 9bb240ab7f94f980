"""The row of a callback: a call like any other, except that we make it."""

from __future__ import annotations

from datetime import datetime

from ari_app.core.call import Call, Leg, LegRole, Stage
from ari_app.core.callbacks import CallbackRequest
from ari_app.core.ids import CallId, new_channel_id, new_leg_id
from ari_app.core.operators import OperatorSession


def callback_call(
    request: CallbackRequest, session: OperatorSession, call_id: CallId, now: datetime
) -> tuple[Call, Leg]:
    """The call and the citizen's leg, before anybody is dialled. Transfers of the first call count on (AV §2)."""
    channel_id = new_channel_id(call_id, "callback")
    call = Call(
        id=call_id,
        asterisk_id=session.asterisk_id,
        channel_id=channel_id,
        dialled="",
        stage=Stage.CONNECTING,
        stage_entered_at=now,
        arrived_at=now,
        municipality=request.municipality,
        transfer_count=request.transfer_count,
        operator_session=session.id,
        callback_request=request.id,
        pii_caller_number=request.pii_number,
    )
    return call, Leg(new_leg_id(), call_id, channel_id, LegRole.CALLBACK, None, started_at=now)
