"""From rows of the channel event log to waiting times, and from those to figures and a verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ari_app.core.event_log.cel import BridgeSpan, ChannelHistory
from ari_app.core.ids import BridgeId, ChannelId
from tests.bench import marks, trace
from tests.bench.capacity import CapacityFigures
from tests.bench.connecting import connected
from tests.bench.figures import APPLICATION, DIAL, QUEUE, Measured, percentile, ratios, table, verdicts
from tests.bench.restart import CrowdedFigures, Restarted
from tests.bench.sound import SoundTap, gap_ms
from tests.bench.start import CALLS, HELP, CommandFigures
from tests.bench.storm import Storm
from tests.bench.storm_figures import Phase, Sound, StormFigures
from tests.bench.trace import trace_of

pytestmark = pytest.mark.pure

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _at(ms: float) -> datetime:
    return NOON + timedelta(milliseconds=ms)


def _channel(
    name: str,
    context: str,
    started_ms: float,
    *bridges: tuple[str, float, float | None],
    fallback_at: datetime | None = None,
) -> ChannelHistory:
    spans = tuple(
        BridgeSpan(BridgeId(bridge), _at(entered), None if left is None else _at(left))
        for bridge, entered, left in bridges
    )
    return ChannelHistory(
        ChannelId(name), name, _at(started_ms), _at(started_ms), context, "1", started_at=_at(started_ms),
        bridges=spans, fallback_at=fallback_at,
    )  # fmt: skip


def test_given_a_callee_who_answers_then_both_are_bridged_when_the_later_one_enters() -> None:
    caller = _channel("caller", "from-trunk", 0, ("talk", 8, 2000))
    callee = _channel("callee", "from-citizen-phones", 2, ("talk", 9, 2000))
    assert connected([caller, callee], NOON).connect_ms == (9.0,)


def test_given_an_operator_on_a_standing_line_then_only_the_caller_has_to_come() -> None:
    operator = _channel("operator", "from-phones", -60_000, ("standing", -50_000, None))
    caller = _channel("caller", "from-trunk", 0, ("standing", 12, 2000))
    assert connected([operator, caller], NOON).connect_ms == (12.0,)


def test_given_callers_who_wait_together_then_they_are_no_company() -> None:
    first = _channel("first", "from-trunk", 0, ("waiting", 5, None))
    second = _channel("second", "from-trunk", 1, ("waiting", 6, None))
    assert connected([first, second], NOON) == connected([second, first], NOON)
    assert connected([first, second], NOON).failed == 2


def test_given_a_callee_who_left_before_the_caller_came_then_they_never_met() -> None:
    operator = _channel("operator", "from-phones", -60_000, ("standing", -50_000, 5))
    caller = _channel("caller", "from-trunk", 0, ("standing", 12, 2000))
    assert connected([operator, caller], NOON).failed == 1


def test_given_a_caller_helped_by_the_fallback_then_the_call_failed() -> None:
    caller = _channel("caller", "from-trunk", 0, ("queue", 12, 2000), fallback_at=_at(3))
    callee = _channel("callee", "from-phones", 5, ("queue", 12, 2000))
    assert connected([caller, callee], NOON).failed == 1


def test_given_callers_of_the_warm_up_then_they_are_not_counted() -> None:
    early = _channel("early", "from-trunk", -5, ("talk", 8, 2000))
    late = _channel("late", "from-trunk", 5, ("talk", 8, 2000))
    operator = _channel("operator", "from-phones", -60_000, ("talk", -50_000, None))
    assert connected([early, late, operator], NOON).connect_ms == (3.0,)


@pytest.mark.parametrize(("percent", "value"), [(0, 1.0), (50, 50.0), (99, 99.0), (100, 100.0)])
def test_percentile(percent: float, value: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], percent) == value


def _round(ours_ms: float, queue_ms: float, p99_ms: float = 20.0, failed: int = 0) -> list[Measured]:
    return [
        Measured(APPLICATION, 100, failed, (p99_ms,) * (100 - failed), ours_ms, 0.4, 0.3),
        Measured(QUEUE, 100, 0, (10.0,) * 100, queue_ms),
        Measured(DIAL, 100, 0, (3.0,) * 100, queue_ms / 2),
    ]


def test_ratios_are_taken_within_a_round() -> None:
    slow_machine, fast_machine = _round(12.0, 10.0), _round(7.0, 5.0)
    spread = ratios([slow_machine, fast_machine], QUEUE)
    assert (spread.least, spread.most) == (1.2, 1.4)


def test_given_figures_within_the_aims_then_all_pass() -> None:
    assert all(verdict.is_met for verdict in verdicts([_round(14.0, 10.0)]))


@pytest.mark.parametrize(
    ("measured", "missed"),
    [
        (_round(14.0, 10.0, failed=1), ["no failed call"]),
        (_round(14.0, 10.0, p99_ms=51.0), ["p99 <= 50 ms", "p99 <= 2 x app_queue"]),
        (_round(15.1, 10.0), ["Asterisk CPU <= 1.5 x app_queue"]),
        (
            [Measured(APPLICATION, 100, 0, (20.0,), 0.5, 15.1), *_round(14.0, 10.0)[1:]],
            ["application CPU <= 15 ms per call"],
        ),
    ],
)
def test_given_a_figure_beyond_its_aim_then_that_one_fails(measured: list[Measured], missed: list[str]) -> None:
    assert [verdict.aim for verdict in verdicts([measured]) if not verdict.is_met] == missed


def test_given_no_caller_who_was_connected_then_the_aim_is_missed() -> None:
    failed = [verdict.aim for verdict in verdicts([_round(14.0, 10.0, failed=100)]) if not verdict.is_met]
    assert failed == ["no failed call", "p99 <= 50 ms", "p99 <= 2 x app_queue"]


def test_the_table_has_a_line_for_every_contender() -> None:
    lines = table([_round(14.0, 10.0), _round(13.0, 10.0)]).splitlines()
    assert [line.split()[0] for line in lines[1:4]] == [APPLICATION, QUEUE, DIAL]
    assert "13.5 ms (13.0-14.0)" in lines[1]


def test_given_a_wait_or_a_cost_beyond_a_multiple_of_app_queue_then_those_aims_are_missed() -> None:
    slow = [
        Measured(APPLICATION, 100, 0, (8.1,) * 100, 9.0, 4.0, 3.1),
        Measured(QUEUE, 100, 0, (4.0,) * 100, 10.0),
        Measured(DIAL, 100, 0, (3.0,) * 100, 5.0),
    ]
    failed = [verdict.aim for verdict in verdicts([slow]) if not verdict.is_met]
    assert failed == ["p99 <= 2 x app_queue", "CPU of Asterisk + application + PostgreSQL <= 1.6 x app_queue"]


def _step(kind: str, name: str, began_ms: float, ended_ms: float) -> dict[str, object]:
    times = {"began_at": NOON.timestamp() + began_ms / 1000, "ended_at": NOON.timestamp() + ended_ms / 1000}
    return {"kind": kind, "name": name, "call_id": "the call", "channel_id": "caller", **times}


def test_a_moment_of_the_wait_is_what_was_waited_for_and_together_they_are_the_whole() -> None:
    caller = _channel("caller", "from-trunk", 0, ("standing", 20, 2000))
    operator = _channel("operator", "from-phones", -60_000, ("standing", -50_000, None))
    found = trace_of(
        [
            _step(marks.EVENT, "StasisStart", 3, 3),
            _step(marks.STATEMENT, "call, connecting", 4, 8),
            _step(marks.ORDER, "channels.answer", 8, 12),
            _step(marks.STATEMENT, "session, offered", 10, 13),
            _step(marks.ORDER, "bridges.add_channel", 15, 22),
            _step(marks.STATEMENT, "call, ended", 2000, 2003),
        ],
        [caller, operator],
        NOON.timestamp(),
        NOON.timestamp() + 60,
    )
    (chain,) = found.chains
    assert chain.bridged_ms == pytest.approx(20)
    spent = {trace.DIALPLAN: 3, trace.STORE: 7, trace.ASTERISK: 7, trace.APPLICATION: 3}
    assert chain.shares == pytest.approx(spent, abs=0.01)
    assert found.per_call[marks.STATEMENT, "call, ended"] == 1
    text = found.as_text()
    assert "call, connecting" in text
    assert "statement call, ended: 1.00" in text
    assert text.index("channels.answer") < text.index("bridges.add_channel")


def _restarted(calls: int, ready_seconds: float, lost: int = 0) -> Restarted:
    return Restarted(calls, 300.0, ready_seconds, ready_seconds + 0.4, lost, 0.5, 0.1)


def test_given_starts_within_the_aims_then_all_pass_by_the_median_of_the_restarts() -> None:
    restarts = (_restarted(0, 0.9), _restarted(500, 1.2), _restarted(500, 1.4), _restarted(500, 9.0))
    figures = CrowdedFigures(100, 500, restarts, 70 * 2**20, 80 * 2**20, 80 * 2**20)
    assert all(verdict.is_met for verdict in figures.verdicts())
    assert "9.0 x import click" in figures.as_text()


@pytest.mark.parametrize(
    ("idle", "busy", "idle_mb", "missed"),
    [
        (_restarted(0, 1.1), _restarted(500, 1.5), 70, "exec to ready without a call"),
        (_restarted(0, 0.9), _restarted(500, 1.5), 81, "memory with 100 operators"),
        (_restarted(0, 0.9), _restarted(500, 1.5, lost=1), 70, "no lost call"),
    ],
)
def test_given_a_start_beyond_an_aim_then_that_one_fails(
    idle: Restarted, busy: Restarted, idle_mb: int, missed: str
) -> None:
    figures = CrowdedFigures(100, 500, (idle, busy), idle_mb * 2**20, 90 * 2**20, 90 * 2**20)
    (failed,) = [verdict.aim for verdict in figures.verdicts() if not verdict.is_met]
    assert failed.startswith(missed)


def test_a_command_is_compared_with_the_reference_of_its_own_round() -> None:
    figures = CommandFigures((0.1, 0.2), {HELP: (0.12, 0.24), CALLS: (0.7, 1.2)})
    assert (figures.ratios(HELP).least, figures.ratios(HELP).most) == (1.2, 1.2)
    assert [verdict.is_met for verdict in figures.verdicts()] == [True, False]


CAPACITY = CapacityFigures(
    cores=2,
    talking=100,
    waiting=300,
    idle_ms={"asterisk": 80.0, "application": 20.0},
    talk_ms={"asterisk": 1.5, "application": 0.1},
    waiting_ms={"asterisk": 0.9, "application": 0.1},
    call_ms={"asterisk": 7.0, "application": 9.0, "postgres": 4.0},
    ways_ms={"nothing is sent": 0.04, "music made for each": 1.5},
)


def test_what_a_machine_carries_is_counted_as_if_all_calls_were_of_the_dearer_kind() -> None:
    assert CAPACITY.live_calls == round((0.75 * 2000 - 100) / 1.6)
    assert CAPACITY.calls_per_second == 75
    assert f"ARI_APP_CAPACITY_CALLS={CAPACITY.live_calls}" in CAPACITY.as_text()
    assert "nothing is sent 0.04, music made for each 1.50 ms" in CAPACITY.as_text()
    assert [verdict.is_met for verdict in CAPACITY.verdicts()] == [False]


def a_phase(**changed: Any) -> Phase:
    phase = Phase(1.0, 60.0, {"caller_hung_up": 100}, 100, 0, 0.001, (5.0, 20.0))
    return replace(phase, **changed)


@pytest.mark.parametrize(
    ("changed", "missed"),
    [
        ({}, []),
        ({"storm": a_phase(cut=1)}, ["no talk cut"]),
        ({"storm": a_phase(ends={"handled_by_fallback": 1})}, ["in the fallback"]),
        ({"storm": a_phase(idle_share=0.02)}, ["operators free"]),
        ({"storm": a_phase(connected=94)}, ["connected per minute"]),
        ({"queue_per_minute": 120.0}, ["connected per minute"]),
        ({"calm": a_phase(connect_ms=(5.0, 120.0))}, ["at 1 x: free to connected"]),
        ({"calm": a_phase(ends={"caller_hung_up": 99, "turned_away": 1})}, ["at 1 x: nobody turned away"]),
        ({"storm": a_phase(connect_ms=(5.0, 1200.0))}, ["in the storm: free to connected"]),
        ({"reason_seconds": 2.5}, ["a reason within"]),
        ({"back_seconds": None}, ["normal again"]),
        ({"restart_seconds": 11.0}, ["killed in the storm"]),
        ({"sound": Sound(10, 201.0, 20.0)}, ["no gap"]),
        ({"sound": Sound(0, 0.0, 0.0)}, ["no gap"]),
        ({"audit_agrees": False}, ["record = event log"]),
    ],
)
def test_a_storm_is_judged_by_each_of_its_aims(changed: dict[str, Any], missed: list[str]) -> None:
    figures = StormFigures(a_phase(), a_phase(times=3.0), 80.0, 0.5, 6.0, 4.0, True, Sound(10, 60.0, 20.0))
    verdicts = replace(figures, **changed).verdicts()
    assert len(verdicts) == 13
    found = [verdict.as_text() for verdict in verdicts if not verdict.is_met]
    assert len(found) == len(missed)
    assert all(part in text for part, text in zip(missed, found, strict=True))


def test_callers_of_a_storm_come_as_often_as_its_capacity_and_their_patience_say() -> None:
    assert Storm(capacity=600, hold_seconds=30, speakers=12).per_second(3.0) == pytest.approx(51)


def test_a_gap_in_the_sound_is_the_longest_time_without_a_packet_also_at_its_ends() -> None:
    assert gap_ms([1.0, 1.02, 1.32, 1.34], 1.0, 1.36) == pytest.approx(300)
    assert gap_ms([1.0, 1.02], 0.5, 1.02) == pytest.approx(500)
    assert gap_ms([], 1.0, 3.0) == pytest.approx(2000)


def test_what_a_phone_hears_and_what_it_says_are_told_apart_and_reports_are_no_sound() -> None:
    phone, exchange = b"\x7f\x00\x01\x16", b"\x7f\x00\x01\x01"

    def packet(source: bytes, target: bytes, ports: tuple[int, int], kind: int = 8) -> bytes:
        ip = bytes(12) + source + target + ports[0].to_bytes(2, "big") + ports[1].to_bytes(2, "big") + bytes(4)
        return ip + bytes((0x80, kind)) + bytes(10) + b"sound"

    tap = SoundTap("127.0.1.22")
    for number in range(50):
        tap.take(1 + number / 50, packet(phone, exchange, (5000, 11000)))
        if number < 20 or number >= 40:
            tap.take(1 + number / 50, packet(exchange, phone, (11000, 5000)))
        tap.take(1 + number / 50, packet(exchange, phone, (11001, 5001), kind=72))
    assert tap.longest_gap_ms(1, 1.98) == {(11000, 5000): pytest.approx(420)}
    assert tap.longest_pause_ms(1, 1.98) == pytest.approx(20)
