"""What an overload means outside of calls: Asterisk refuses new ones, jobs wait, and the record has a row of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol

import structlog

from ari_app.calls.admission import Admission
from ari_app.calls.errors import SwitchUnavailable
from ari_app.core.ids import AsteriskId
from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.calls.overloads import Overloads

log = structlog.get_logger(__name__)

Job = Callable[[], Awaitable[None]]

#: Asterisk is told so often, and believes it for so long: a process that dies refuses nobody for longer
TELL_SECONDS = 0.5
BELIEVED = timedelta(seconds=2)
#: the ports may be others after a restart of Asterisk
PORTS_SECONDS = 60.0
RETRY_SECONDS = 1.0


class Refuser(Protocol):
    """The part of the switch that the dialplan hears of an overload by. Raises SwitchUnavailable."""

    async def refuse_new_calls(self, until: datetime, dialled: str = "") -> None: ...

    async def sound_pairs(self) -> int | None: ...


def when_there_is_room(admission: Admission, job: Job) -> Job:
    """The job, which waits for its next tick while this machine has more callers than it can carry."""

    async def run() -> None:
        if admission.has_extras:
            await job()

    return run


async def tell_asterisk(admission: Admission, switch: Refuser, clock: Callable[[], datetime]) -> None:
    """Let the dialplan refuse new calls while they are too many, for as long as the process lives."""
    ports_due = 0.0
    while True:
        try:
            if monotonic() >= ports_due:
                admission.sound_pairs = await switch.sound_pairs()
                ports_due = monotonic() + PORTS_SECONDS
            await refuse(admission.refuses_all, admission.refused_numbers(), switch, clock() + BELIEVED)
        except SwitchUnavailable as error:
            log.debug("busy_not_told", error=str(error))
        await asyncio.sleep(TELL_SECONDS)


async def refuse(are_all: bool, dialled: Collection[str], switch: Refuser, until: datetime) -> None:
    """Refuse new calls until then: all, or those to these numbers. Raises SwitchUnavailable."""
    if are_all:
        await switch.refuse_new_calls(until)
        return
    for number in dialled:
        await switch.refuse_new_calls(until, number)


async def keep_record(
    admission: Admission, rows: Overloads, asterisk_id: AsteriskId, clock: Callable[[], datetime]
) -> None:
    """Store each overload, for as long as the process lives; first end those of a process that died in one."""
    while True:
        try:
            await rows.close_left(asterisk_id, clock())
            break
        except StoreUnavailable:
            await asyncio.sleep(RETRY_SECONDS)
    await admission.keep_record(rows.store)
