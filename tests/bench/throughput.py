"""Calls per second on this application, on app_queue and on Dial(), in turn."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from tests.acceptance.application import Application
from tests.acceptance.crowd import ended
from tests.acceptance.record import eventually, questions
from tests.bench import marks
from tests.bench.connecting import connected
from tests.bench.figures import APPLICATION, DIAL, QUEUE, Measured
from tests.bench.processor import Meter
from tests.bench.stand import DIAL_NUMBER, OUR_NUMBER, QUEUE_NUMBER, Stand, echo_seconds, now
from tests.bench.start import INSTALLED
from tests.bench.trace import Trace, trace_of

LOGIN_SECONDS = 120.0
LEAVE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """The same for every contender. The warm-up is not counted."""

    per_second: float = 20.0
    seconds: float = 60.0
    hold_seconds: float = 2.0
    warm_up_seconds: float = 3.0

    @property
    def calls(self) -> int:
        return max(1, round(self.per_second * self.seconds))

    @property
    def warm_up_calls(self) -> int:
        return max(1, round(self.per_second * self.warm_up_seconds))


async def measure(stand: Stand, load: Load, rounds: int, say: Callable[[str], None]) -> list[list[Measured]]:
    """Every round has every contender, so that a machine that grows slower does so for all of them."""
    found = []
    for number in range(1, rounds + 1):
        one_round = []
        for contender in (APPLICATION, QUEUE, DIAL):
            measured = await measure_one(stand, load, contender)
            one_round.append(measured)
            say(f"round {number} of {rounds}: {as_line(measured)}")
        found.append(one_round)
    return found


def as_line(measured: Measured) -> str:
    """One contender in one round."""
    ours = "" if measured.application_cpu_ms is None else f", application {measured.application_cpu_ms:.2f} ms"
    return (
        f"{measured.contender:<12} Asterisk {measured.asterisk_cpu_ms:.2f} ms{ours} of CPU per call, "
        f"bridged after {measured.p50_ms:.1f} ms (p99 {measured.p99_ms:.1f}), "
        f"{measured.failed} of {measured.calls} failed"
    )


async def measure_one(stand: Stand, load: Load, contender: str) -> Measured:
    prepare, number = _CONTENDERS[contender]
    prepared_from = now()
    async with prepare(stand, load) as application:
        pids = {
            "asterisk": stand.asterisk.pid,
            "application": None if application is None else application.pid,
            "postgres": None if application is None else stand.postgres_pid,
        }
        meter = Meter(pids)
        await _run(stand, load, number, load.warm_up_calls)
        began_at, before = now(), meter.read()
        failed_in_sipp = await _run(stand, load, number, load.calls)
        after = meter.read()
        callers = connected(await stand.channels_since(prepared_from), began_at)
        untold = 0 if application is None else load.calls - await _told(stand, began_at)
    used = {name: _per_call(before[name], after[name], load.calls) for name in pids}
    assert callers.calls == load.calls, f"{load.calls} calls were made, the log tells of {callers.calls}"
    return Measured(
        contender,
        callers.calls,
        max(callers.failed, failed_in_sipp, untold),
        callers.connect_ms,
        used["asterisk"] or 0.0,
        used["application"],
        used["postgres"],
    )


def _per_call(before: float | None, after: float | None, calls: int) -> float | None:
    return None if before is None or after is None else (after - before) * 1000 / calls


async def _told(stand: Stand, since: datetime) -> int:
    """How many calls the record has as answered by an operator, and ended by the caller."""
    still_open = "SELECT count(*) FROM call WHERE ended_at IS NULL"
    await eventually(stand.database_url, still_open, equals=0, within_seconds=LEAVE_SECONDS)
    query = (
        "SELECT count(*) FROM call WHERE arrived_at >= $1 AND answered_at IS NOT NULL AND end_reason = 'caller_hung_up'"
    )
    async with questions(stand.database_url) as record:
        return int(await record.fetchval(query, since))


async def _run(stand: Stand, load: Load, number: str, calls: int) -> int:
    """Returns how many calls did not go as a caller expects."""
    callers = stand.callers(number, calls=calls, per_second=load.per_second, hold_seconds=load.hold_seconds)
    async with callers as run:
        return (await run.ended()).failed


async def trace(stand: Stand, load: Load) -> Trace:
    """Where the time of a call goes, in one turn of the application alone, which writes down what it does."""
    file = stand.directory / f"marks-{secrets.token_hex(3)}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    traced = partial(Application, module=marks.__name__)
    options = {**INSTALLED, marks.MARKS_FILE: str(file)}
    prepared_from = now()
    async with working_application(stand, stand.agents, load.seconds + 120, options, traced):
        await _run(stand, load, OUR_NUMBER, load.warm_up_calls)
        began_at = now()
        await _run(stand, load, OUR_NUMBER, load.calls)
        channels = await stand.channels_since(prepared_from)
        await _told(stand, began_at)
        until = now()
    return trace_of(marks.read(file), channels, began_at.timestamp(), until.timestamp())


@asynccontextmanager
async def working_application(
    stand: Stand,
    operators: int,
    stay_seconds: float,
    options: Mapping[str, str] = INSTALLED,
    kind: Callable[..., Application] = Application,
    *,
    speaking: int = 0,
) -> AsyncIterator[Application]:
    """The application with so many operators on standing lines, ready. At the end everybody is hung up.

    So many of them say what they hear. They are the first to be there, and so the first to have a caller.
    """
    application = kind(stand.asterisk, stand.database_url, options)
    await application.start()
    ready = "SELECT count(*) FROM operator_session WHERE state = 'ready'"
    try:
        async with AsyncExitStack() as stack:
            runs = []
            if speaking:
                runs.append(await stack.enter_async_context(stand.operators(speaking, stay_seconds, speaks=True)))
                await eventually(stand.database_url, ready, equals=speaking, within_seconds=LOGIN_SECONDS)
                await asyncio.sleep(echo_seconds(speaking))
            if operators > speaking:
                others = stand.operators(operators - speaking, stay_seconds, first=speaking)
                runs.append(await stack.enter_async_context(others))
            await eventually(stand.database_url, ready, equals=operators, within_seconds=LOGIN_SECONDS)
            yield application
            stand.asterisk.cli("channel request hangup all")
            await ended(runs)
            for query in (
                "SELECT count(*) FROM operator_line WHERE ended_at IS NULL",
                "SELECT count(*) FROM call WHERE ended_at IS NULL",
            ):
                await eventually(stand.database_url, query, equals=0, within_seconds=LEAVE_SECONDS)
    finally:
        await application.stop()


def _with_application(stand: Stand, load: Load) -> AbstractAsyncContextManager[Application | None]:
    return working_application(stand, stand.agents, load.seconds + 120)


@asynccontextmanager
async def _with_phones(stand: Stand, load: Load) -> AsyncIterator[Application | None]:
    async with await stand.phones():
        yield None


_CONTENDERS: dict[str, tuple[Callable[[Stand, Load], AbstractAsyncContextManager[Application | None]], str]] = {
    APPLICATION: (_with_application, OUR_NUMBER),
    QUEUE: (_with_phones, QUEUE_NUMBER),
    DIAL: (_with_phones, DIAL_NUMBER),
}
