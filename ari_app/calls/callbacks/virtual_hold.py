"""Virtual holds: callbacks at the place that the caller kept in the queue."""

from __future__ import annotations

import structlog

from ari_app.calls.operators.tasks import OperatorTasks
from ari_app.calls.shell import Shell
from ari_app.core.callbacks import CallbackRequest, RequestKind
from ari_app.core.deadlines import may_call_now
from ari_app.core.ids import CallId, RequestId
from ari_app.core.operators import OperatorSession

log = structlog.get_logger(__name__)


class VirtualHolds:
    """Hands virtual holds to the dispatcher: they are served in turn with the callers who wait."""

    def __init__(self, shell: Shell, operators: OperatorTasks) -> None:
        self._shell = shell
        self._operators = operators

    async def refresh(self) -> None:
        """Hand the dispatcher every virtual hold that may be called now. Raises StoreUnavailable."""
        requests = await self._shell.callbacks.open_requests([RequestKind.VIRTUAL_HOLD])
        self._shell.dispatcher.set_virtual_holds([one for one in requests if self._is_due(one)], self._begin)

    def _is_due(self, request: CallbackRequest) -> bool:
        area, now = self._shell.area(), self._shell.clock.now()
        town = area.municipalities.get(request.municipality)
        planned = request.next_attempt_at is None or request.next_attempt_at <= now
        is_free = request.lease_owner is None and planned
        return is_free and town is not None and may_call_now(town, area.special_days, now)

    def _begin(self, request_id: RequestId, session: OperatorSession) -> None:
        self._operators.start(self._call(request_id, session), f"virtual hold {request_id}")

    async def _call(self, request_id: RequestId, session: OperatorSession) -> None:
        refused = await self._operators.callbacks.start_this(session, request_id)
        if refused is not None:
            log.info("virtual_hold_not_called", reason=refused.reason.value)
            self._shell.dispatcher.not_called(CallId(request_id))
