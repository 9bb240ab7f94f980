"""The bench itself works: a short run has a figure for everything, and no call fails."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from ari_app.local.asterisk_root import AsteriskProgram
from tests.bench.__main__ import run
from tests.bench.clicking import Clicks
from tests.bench.figures import APPLICATION, DIAL, QUEUE
from tests.bench.importing import Country
from tests.bench.plan import Plan
from tests.bench.restart import Crowded
from tests.bench.stand import Stand, exchange
from tests.bench.start import CALLS, HELP
from tests.bench.throughput import Load
from tests.bench.watching import Watch

pytestmark = pytest.mark.asterisk

PLAN = Plan(
    Load(per_second=4.0, seconds=2.5, hold_seconds=0.5, warm_up_seconds=0.5),
    rounds=1,
    agents=6,
    crowded=Crowded(waiting=6, talking=4, times=1),
    command_rounds=1,
    country=Country(6, 10),
    clicks=Clicks(per_second=5, seconds=2, operators=4),
    watch=Watch(
        desks=8,
        boards=3,
        operators=4,
        load=Load(per_second=4.0, seconds=2.0, hold_seconds=0.5, warm_up_seconds=0.5),
        settle_seconds=0,
        idle_seconds=0.5,
        rounds=1,
        with_page=False,
    ),
)


@pytest.fixture
def stand(
    asterisk_program: AsteriskProgram, sounds_dir: Path, server_directory: Path, database_url: str, tmp_path: Path
) -> Iterator[Stand]:
    asterisk = exchange(asterisk_program, sounds_dir, server_directory / "bench", PLAN.agents)
    asterisk.start()
    yield Stand(asterisk, database_url, tmp_path, PLAN.agents)
    asterisk.stop()


async def test_given_a_short_run_then_every_figure_is_there_and_no_call_failed(stand: Stand) -> None:
    findings = await run(stand, PLAN)
    (one_round,) = findings.rounds
    assert [measured.contender for measured in one_round] == [APPLICATION, QUEUE, DIAL]
    for measured in one_round:
        assert (measured.calls, measured.failed) == (10, 0)
        assert 0 < measured.p50_ms <= measured.p99_ms
        assert measured.asterisk_cpu_ms > 0
    assert one_round[0].application_cpu_ms is not None
    assert one_round[0].application_cpu_ms > 0
    crowded = findings.crowded
    assert crowded is not None
    assert [(restarted.calls, restarted.lost) for restarted in crowded.restarts] == [(0, 0), (10, 0)]
    for restarted in crowded.restarts:
        assert 0 < restarted.recovery_ms / 1000 < restarted.ready_seconds <= restarted.resumed_seconds
    assert crowded.idle_bytes > 0
    assert math.isfinite(crowded.bytes_per_call)
    clicks = findings.clicks
    assert clicks is not None
    assert (len(clicks.heard_ms), len(clicks.committed_ms), clicks.refused) == (10, 10, 0)
    assert 0 < min(clicks.committed_ms) <= max(clicks.committed_ms) < max(clicks.heard_ms)
    commands = findings.commands
    assert commands is not None
    assert all(used > 0 for used in (*commands.reference, *commands.commands[HELP], *commands.commands[CALLS]))
    country = findings.country
    assert country is not None
    assert country.first.cpu_seconds > 0 < country.again.cpu_seconds
    watch = findings.watch
    assert watch is not None
    (beside,) = watch.rounds
    assert (beside.failed, beside.shown.missed) == (0, 0)
    # Eight calls; each comes to a desk and goes from it, and each board counts it.
    assert len(beside.shown.desk_ms) == len(beside.shown.event_ms) == 16
    assert min(beside.shown.desk_ms) > 0 and len(beside.shown.board_ms) > 0
    assert beside.pages_cores > 0 and beside.pages_bytes > 0 and beside.shown.frames_per_second > 0
    assert beside.p99_alone_ms > 0 and math.isfinite(beside.ratio)
    assert len(findings.verdicts()) == 6 + 5 + 2 + 2 + 3 + 6
