"""The steps of an overload: which value asks for which, how soon they are reached, and how slowly they are left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.core.admission import (
    FALL_AFTER,
    HEALTH,
    RELEASE,
    RISE_AFTER,
    SAMPLE,
    THRESHOLDS,
    LagMeter,
    Lasting,
    Level,
    Signal,
    Step,
    after_signals,
    asked_for,
    keeps,
)

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TICK = timedelta(milliseconds=250)
LONG_AGO = NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("signal", "value", "step"),
    [
        (Signal.ORDERS, 0.0, Step.NORMAL),
        (Signal.ORDERS, 0.25, Step.NO_EXTRAS),
        (Signal.ORDERS, 0.6, Step.RINGING),
        (Signal.ORDERS, 1.2, Step.TURNING_AWAY),
        (Signal.ORDERS, 5.0, Step.BUSY),
        (Signal.EVENTS, 1.0, Step.TURNING_AWAY),
        (Signal.LOOP, 0.3, Step.RINGING),
        (Signal.CALLS, 0.79, Step.NORMAL),
        (Signal.CALLS, 0.8, Step.NO_EXTRAS),
        (Signal.CALLS, 1.5, Step.RINGING),
        (Signal.SOUND, 0.99, Step.BUSY),
        (Signal.TURNED_AWAY, 0.0, Step.NORMAL),
        (Signal.TURNED_AWAY, 0.1, Step.TURNING_AWAY),
        (Signal.TURNED_AWAY, 1.0, Step.BUSY),
    ],
)
def test_a_value_asks_for_a_step(signal: Signal, value: float, step: Step) -> None:
    assert asked_for(signal, value) is step


@pytest.mark.parametrize("signal", Signal)
def test_every_signal_has_thresholds_that_rise_and_keeps_a_step_for_longer_than_it_asks_for_it(signal: Signal) -> None:
    assert sorted(THRESHOLDS[signal]) == list(THRESHOLDS[signal])
    for threshold in THRESHOLDS[signal]:
        assert keeps(signal, threshold * RELEASE) >= asked_for(signal, threshold * RELEASE)
    assert keeps(signal, 0.0) is Step.NORMAL


def test_a_step_is_reached_at_once_and_names_its_signal() -> None:
    level = after_signals(Level(LONG_AGO), {Signal.ORDERS: 1.2, Signal.CALLS: 0.85}, NOW)
    assert level == Level(NOW, Step.TURNING_AWAY, Signal.ORDERS)


def test_a_step_is_left_slowly_one_at_a_time_and_within_ten_seconds_all_are() -> None:
    level, now = Level(NOW, Step.BUSY, Signal.ORDERS), NOW
    seen = {level.step: now}
    while level.step is not Step.NORMAL:
        now += TICK
        level = after_signals(level, {Signal.ORDERS: 0.01}, now)
        seen.setdefault(level.step, now)
    assert list(seen) == [Step.BUSY, Step.TURNING_AWAY, Step.RINGING, Step.NO_EXTRAS, Step.NORMAL]
    assert now - NOW <= timedelta(seconds=8)
    assert level.signal is None


def test_a_value_between_release_and_threshold_keeps_the_step() -> None:
    level = Level(NOW, Step.RINGING, Signal.CALLS)
    for number in range(1, 100):
        level = after_signals(level, {Signal.CALLS: 0.9 * RELEASE + 0.01}, NOW + number * TICK)
    assert level.step is Step.RINGING


def test_without_signals_everything_is_normal_after_a_while() -> None:
    level = Level(NOW, Step.NO_EXTRAS, Signal.SOUND)
    level = after_signals(level, {}, NOW + TICK)
    assert level.step is Step.NO_EXTRAS
    assert after_signals(level, {}, NOW + TICK + FALL_AFTER).step is Step.NORMAL


values = st.fixed_dictionaries(
    {},
    optional={
        Signal.ORDERS: st.floats(0, 6),
        Signal.EVENTS: st.floats(0, 3),
        Signal.LOOP: st.floats(0, 2),
        Signal.CALLS: st.floats(0, 1.3),
        Signal.TURNED_AWAY: st.sampled_from([0.0, 0.2, 1.0]),
    },
)


@given(st.lists(st.tuples(values, st.integers(1, 6)), min_size=5, max_size=60))
@settings(deadline=None, max_examples=150)
def test_it_never_swings_faster_than_its_hysteresis(history: list[tuple[dict[Signal, float], int]]) -> None:
    level, now = Level(LONG_AGO), NOW
    changes: list[tuple[datetime, Step, Step]] = []
    for found, ticks in history:
        for _ in range(ticks):
            now += TICK
            before, level = level, after_signals(level, found, now)
            if level.step is not before.step:
                changes.append((now, before.step, level.step))
                assert level.since == now
            wanted = max((asked_for(*one) for one in found.items()), default=Step.NORMAL)
            assert level.step >= wanted or now - level.since < RISE_AFTER, "a step that is needed comes soon"
    for (at, _, reached), (then, _, next_step) in pairwise(changes):
        if next_step > reached:
            assert then - at >= RISE_AFTER
        else:
            assert then - at >= FALL_AFTER and next_step == reached - 1


def test_health_is_what_is_measured_and_not_what_was_set() -> None:
    assert HEALTH.isdisjoint({Signal.CALLS, Signal.SOUND, Signal.TURNED_AWAY})


def test_events_that_come_late_are_told_from_a_clock_that_is_behind() -> None:
    meter = LagMeter()
    for number in range(40):
        meter.add(NOW + number * TICK, -3.0 + 0.01)
    assert meter.take() == pytest.approx(0.0)
    for number in range(8):
        meter.add(NOW + (40 + number) * TICK, -3.0 + 1.2)
    assert meter.take() == pytest.approx(1.19)
    assert meter.take() == 0.0, "nothing came since"
    for number in range(400):
        meter.add(NOW + (50 + number) * TICK, 5.0)
    assert meter.take() == pytest.approx(0.0), "a clock was set: that is no lag"


def test_of_few_events_nothing_is_concluded() -> None:
    meter = LagMeter()
    for seconds in (0.0, 9.0):
        meter.add(NOW, seconds)
    assert meter.take() == 0.0


@pytest.mark.parametrize(
    ("measured", "lasted"),
    [
        ([5.0, 5.0, 5.0], 0.0),
        ([5.0, 5.0, 5.0, 5.0], 5.0),
        ([5.0, 5.0, 0.1, 5.0], 0.1),
        ([0.1, 5.0, 5.0, 5.0, 4.0], 4.0),
    ],
)
def test_a_value_counts_when_it_lasted_for_a_second(measured: list[float], lasted: float) -> None:
    value = Lasting()
    assert [value.add(NOW + number * SAMPLE, one) for number, one in enumerate(measured)][-1] == lasted


def test_samples_that_are_far_apart_are_too_few() -> None:
    """A process that was stopped for a while takes few."""
    value = Lasting()
    assert [value.add(NOW + number * 4 * SAMPLE, 5.0) for number in range(6)][-1] == 0.0


def test_a_value_lasted_no_longer_because_the_clock_was_set_back() -> None:
    value = Lasting()
    for number in range(8):
        value.add(NOW + number * SAMPLE, 5.0)
    before = NOW - timedelta(hours=1)
    assert [value.add(before + number * SAMPLE, 1.0) for number in range(4)] == [0.0, 0.0, 0.0, 1.0]


def test_a_step_is_reached_and_left_in_its_time_also_when_the_clock_was_set_back() -> None:
    before = NOW - timedelta(hours=1)
    level = after_signals(Level(NOW), {Signal.LOOP: 9.0}, before)
    assert after_signals(level, {Signal.LOOP: 9.0}, before + RISE_AFTER).step is Step.BUSY
    level = after_signals(Level(NOW, Step.BUSY, Signal.LOOP, NOW), {}, before)
    assert level.step is Step.BUSY
    assert after_signals(level, {}, before + FALL_AFTER).step is Step.TURNING_AWAY


def test_the_soonest_event_is_one_of_the_last_minute_also_when_the_clock_was_set_back() -> None:
    meter = LagMeter()
    meter.add(NOW, 0.0)
    before = NOW - timedelta(hours=1)
    meter.take()
    for _ in range(4):
        meter.add(before, 7.0)
    assert meter.take() == pytest.approx(0.0)
