"""Whether the store answers, as the calls of this process and its heartbeat found it: `core.door` over time."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta

from ari_app.calls.clock import Clock, time_limit
from ari_app.calls.ports import Ledger
from ari_app.core.call import Call, Fact, Leg
from ari_app.core.door import RETRY, Absence, after_failure, after_heartbeat
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.survey import SurveyAnswer
from ari_app.core.transfer import Transfer

#: the longest try for which a caller may be in silence
TRY_PATIENCE = timedelta(seconds=1)


class Door:
    """One per process. Whoever writes says how it went; nothing waits here."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._absence: Absence | None = None
        self._stored_at: datetime | None = None

    @property
    def is_away(self) -> bool:
        """The store is known to be away: whoever can do without it does not even try."""
        return self._absence is not None and self._absence.is_known

    @property
    def is_shut(self) -> bool:
        """The store has been away for so long that nobody is held at the door any more."""
        return self._absence is not None and self._absence.is_over(self._clock.now())

    def take_turn(self) -> bool:
        """Whether to try a write now: always while the store answers, else one call for all every half second."""
        absence, now = self._absence, self._clock.now()
        if absence is None or absence.retry_at is None:
            return True
        if now < absence.retry_at:
            return False
        self._absence = replace(absence, retry_at=now + RETRY)
        return True

    async def try_to_store(
        self,
        ledger: Ledger,
        write: tuple[
            Call, Sequence[Fact], Sequence[Leg], Sequence[Transfer], Sequence[QueueVisit], Sequence[SurveyAnswer]
        ],
        *,
        is_short: bool,
    ) -> Call | None:
        """The stored call; None when no answer came, and then it is unsure whether it is stored. Raises StaleRow.

        A short try ends before silence becomes long, and is made twice at once, as is that of a call which the store
        does not know: a connection that broke is no reason to let anybody wait. A try that took too long while others'
        writes arrived is no absence: there are many of them.
        """
        began_at = self._clock.now()
        try:
            async with time_limit(self._clock, TRY_PATIENCE) if is_short else nullcontext():
                try:
                    stored = await ledger.store(*write)
                except StoreUnavailable:
                    if write[0].last_seq > 0 and not is_short:
                        raise
                    stored = await ledger.store(*write)
        except (StoreUnavailable, TimeoutError) as error:
            if isinstance(error, TimeoutError) and self._stored_at is not None and self._stored_at > began_at:
                return None
            self._absence = after_failure(self._absence, self._clock.now(), of_call=True)
            return None
        self._absence, self._stored_at = None, self._clock.now()
        return stored

    def heartbeat_failed(self) -> None:
        self._absence = after_failure(self._absence, self._clock.now(), of_call=False)

    def heartbeat_written(self) -> None:
        self._absence = after_heartbeat(self._absence)
