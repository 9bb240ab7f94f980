"""How long somebody at a screen waits: from the click to the commit, and to the answer that the screen hears."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

from ari_app.core.commands import AnyCommand, AskedCommand
from ari_app.core.ids import CommandId, OperatorNumber
from ari_app.core.operator_commands import ACCEPTED, HoldOrResume
from ari_app.core.operators import PauseReason
from ari_app.core.state_commands import BeReady, TakePause
from ari_app.storage.commands.asker import Answers, ask
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import WEB
from tests.acceptance.crowd import ended
from tests.acceptance.record import eventually, questions
from tests.bench.figures import Verdict, percentile
from tests.bench.processor import cpu_seconds
from tests.bench.stand import OUR_NUMBER, Stand, operator_number
from tests.bench.throughput import working_application
from tests.roles import as_role

#: the aims, from the click to the row that has the answer
LONGEST_MEDIAN_MS, LONGEST_P99_MS = 30.0, 150.0
STAY_SECONDS = 600.0
ARRIVE_SECONDS = 60.0

_TALKERS = """
SELECT session.operator FROM call JOIN operator_session session ON session.id = call.operator_session
WHERE call.stage = 'talking' ORDER BY session.operator"""
_COMMITTED = """
SELECT id, extract(epoch FROM answered_at - asked_at)::float8 * 1000 AS ms FROM command
WHERE id = ANY ($1::uuid[]) AND answered_at IS NOT NULL"""


@dataclass(frozen=True)
class Clicks:
    """`per_second` commands, by turns of operators in a talk (hold, resume) and of others (pause, ready)."""

    per_second: float = 20.0
    seconds: float = 30.0
    operators: int = 20


@dataclass(frozen=True, slots=True)
class ClickFigures:
    """Milliseconds per command. Committed: by Postgres's clock, from the row's insert to the commit of its answer."""

    committed_ms: tuple[float, ...]
    heard_ms: tuple[float, ...]
    refused: int
    application_cpu_ms: float

    def as_text(self) -> str:
        rows = (
            f"{what}: p50 {percentile(values, 50):.1f}, p99 {percentile(values, 99):.1f}, most {max(values):.1f} ms"
            for what, values in (("click to committed", self.committed_ms), ("click to heard", self.heard_ms))
        )
        lines = (f"{len(self.heard_ms)} commands of screens, {self.refused} not accepted", *rows)
        return "\n".join((*lines, f"CPU of the application per command: {self.application_cpu_ms:.2f} ms"))

    def verdicts(self) -> list[Verdict]:
        middle, p99 = percentile(self.committed_ms, 50), percentile(self.committed_ms, 99)
        return [
            Verdict("no command refused", self.refused == 0, str(self.refused)),
            Verdict(
                f"click to committed, p50 <= {LONGEST_MEDIAN_MS:.0f} ms",
                middle <= LONGEST_MEDIAN_MS,
                f"{middle:.1f} ms",
            ),
            Verdict(f"click to committed, p99 <= {LONGEST_P99_MS:.0f} ms", p99 <= LONGEST_P99_MS, f"{p99:.1f} ms"),
        ]


async def measure_clicks(stand: Stand, clicks: Clicks) -> ClickFigures:
    """Half of the operators talk, the other half waits; everybody clicks in turn."""
    async with (
        working_application(stand, clicks.operators, STAY_SECONDS) as application,
        AsyncExitStack() as stack,
    ):
        talking = clicks.operators // 2
        run = stand.callers(OUR_NUMBER, calls=talking, per_second=10.0, hold_seconds=STAY_SECONDS)
        callers = await stack.enter_async_context(run)
        query = "SELECT count(*) FROM call WHERE stage = 'talking'"
        await eventually(stand.database_url, query, equals=talking, within_seconds=ARRIVE_SECONDS)
        async with questions(stand.database_url) as record:
            talkers = {row["operator"] for row in await record.fetch(_TALKERS)}
        url = as_role(stand.database_url, WEB)
        web = await stack.enter_async_context(Database(url))
        answers = await stack.enter_async_context(Answers(url))
        await _click(web, answers, talkers, Clicks(clicks.per_second, 1.0, clicks.operators))
        before = cpu_seconds(application.pid)
        found = await _click(web, answers, talkers, clicks)
        used = cpu_seconds(application.pid) - before
        async with questions(stand.database_url) as record:
            rows = await record.fetch(_COMMITTED, [command_id for command_id, _, _ in found])
        stand.asterisk.cli("channel request hangup all")
        await ended([callers])
    return ClickFigures(
        committed_ms=tuple(row["ms"] for row in rows),
        heard_ms=tuple(ms for _, ms, _ in found),
        refused=sum(not is_accepted for _, _, is_accepted in found),
        application_cpu_ms=used * 1000 / len(found),
    )


async def _click(
    web: Database, answers: Answers, talkers: set[str], clicks: Clicks
) -> list[tuple[CommandId, float, bool]]:
    clock = asyncio.get_running_loop().time
    begins, turns = clock(), [0] * clicks.operators
    waiting = []
    for number in range(round(clicks.per_second * clicks.seconds)):
        at = number % clicks.operators
        operator, turn = operator_number(at), turns[at]
        turns[at] += 1
        wanted = _hold(turn) if operator in talkers else _state(turn)
        await asyncio.sleep(max(0.0, begins + number / clicks.per_second - clock()))
        asked = AskedCommand(wanted, OperatorNumber(operator))
        waiting.append(asyncio.create_task(_one(web, answers, asked)))
    return list(await asyncio.gather(*waiting))


def _hold(turn: int) -> AnyCommand:
    return HoldOrResume(is_for_hold=turn % 2 == 0)


def _state(turn: int) -> AnyCommand:
    return TakePause(PauseReason.MEETING) if turn % 2 == 0 else BeReady()


async def _one(web: Database, answers: Answers, asked: AskedCommand) -> tuple[CommandId, float, bool]:
    began = time.perf_counter()
    answer = await ask(
        web.pool, asked, actor="service:bench", scope=None, expires_in=timedelta(seconds=10), answers=answers
    )
    return asked.id, (time.perf_counter() - began) * 1000, answer == ACCEPTED
