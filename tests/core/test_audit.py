"""The record against Asterisk's own account."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.event_log.audit import AuditReport, DifferenceKind, Period, RecordedChannel, audit
from ari_app.core.event_log.cel import CelEvent, CelKind, histories
from ari_app.core.ids import ChannelId
from tests.core.cel_values import Channel, at, citizen, in_fallback, phone_rung

pytestmark = pytest.mark.pure

PERIOD = Period(at(0), at(3600))
LEG = RecordedChannel(ChannelId("a"), "leg", at(10), at(10.1), at(40), end_is_estimated=False, call_id="call-1")


def report(events: list[CelEvent], *recorded: RecordedChannel, period: Period = PERIOD) -> AuditReport:
    return audit(histories(events), recorded, period)


def kinds(found: AuditReport) -> list[DifferenceKind]:
    return [difference.kind for difference in found.differences]


def test_a_record_that_agrees_has_no_differences() -> None:
    found = report(citizen("a", 10, 40), LEG)
    assert found.agrees
    assert found.compared == 1
    assert found.in_log == {"citizen": 1}
    assert found.largest_seconds == {"started": 0.0, "answered": 0.0, "ended": 0.0}


@pytest.mark.parametrize(
    ("changed", "kind", "seconds"),
    [
        ({"started_at": at(10.1001)}, DifferenceKind.STARTED, 0.1001),
        ({"answered_at": at(9.9)}, DifferenceKind.ANSWERED, -0.2),
        ({"ended_at": at(41)}, DifferenceKind.ENDED, 1.0),
        ({"answered_at": None}, DifferenceKind.ANSWERED, None),
        ({"ended_at": None}, DifferenceKind.ENDED, None),
    ],
)
def test_each_moment_is_compared(changed: dict[str, object], kind: DifferenceKind, seconds: float | None) -> None:
    found = report(citizen("a", 10, 40), replace(LEG, **changed))  # type: ignore[arg-type]
    assert kinds(found) == [kind]
    assert found.differences[0].seconds == (None if seconds is None else pytest.approx(seconds))


def test_a_difference_within_the_tolerance_is_only_reported() -> None:
    found = report(citizen("a", 10, 40), replace(LEG, ended_at=at(40.1), started_at=at(9.96)))
    assert found.agrees
    assert found.largest_seconds["ended"] == pytest.approx(0.1)
    assert found.largest_seconds["started"] == pytest.approx(0.04)


@pytest.mark.parametrize("exten", ["140119", "s", "1400"])
def test_a_channel_of_the_application_must_have_a_record(exten: str) -> None:
    made = Channel("a", context="from-phones" if exten != "140119" else "from-trunk", exten=exten)
    events = [made(CelKind.CHAN_START, 10), made(CelKind.APP_START, 10, "Stasis"), *made.end(20)]
    assert kinds(report(events)) == [DifferenceKind.NOT_RECORDED]


def test_channels_that_never_reached_the_application_need_no_record() -> None:
    unknown = Channel("u", context="from-phones", exten="999")
    events = [
        unknown(CelKind.CHAN_START, 10),
        unknown(CelKind.ANSWER, 10, "Answer"),
        *unknown.end(12),
        *phone_rung("p", "other", 20, 30),
    ]
    found = report(events)
    assert found.agrees
    assert found.in_log == {"dialplan_only": 1, "fallback_phone": 1}


def test_a_call_of_the_fallback_is_counted_separately_until_it_is_recorded() -> None:
    events = in_fallback("f", 10, 60, call_id="call-9")
    assert kinds(report(events)) == [DifferenceKind.FALLBACK_NOT_RECORDED]
    assert report(events, RecordedChannel(ChannelId("f"), "leg", at(10), at(10.1), at(60), False, "call-9")).agrees


@pytest.mark.parametrize("ended", [20.0, 60.0])
def test_a_leg_that_went_to_the_fallback_may_end_there_or_with_its_channel(ended: float) -> None:
    made = Channel("a", call_id="call-1")
    events = [
        made(CelKind.CHAN_START, 10),
        made(CelKind.APP_START, 10, "Stasis"),
        made(CelKind.ANSWER, 10.1, "Stasis"),
        made(CelKind.APP_END, 20, "Stasis"),
        made(CelKind.FALLBACK, 20, "CELGenUserEvent", extra="sent_by_application"),
        *made.end(60),
    ]
    assert report(events, replace(LEG, ended_at=at(ended))).agrees
    assert kinds(report(events, replace(LEG, ended_at=at(35)))) == [DifferenceKind.ENDED]


def test_a_leg_whose_channel_is_not_in_the_log_is_a_difference() -> None:
    assert kinds(report([], LEG)) == [DifferenceKind.NOT_IN_LOG]


def test_two_legs_for_one_channel_are_a_difference() -> None:
    assert kinds(report(citizen("a", 10, 40), LEG, LEG)) == [DifferenceKind.RECORDED_TWICE]


def test_a_leg_recorded_as_a_line_or_with_another_call_is_a_difference() -> None:
    assert kinds(report(citizen("a", 10, 40), replace(LEG, kind="line"))) == [DifferenceKind.WRONG_KIND]
    assert kinds(report(citizen("a", 10, 40), replace(LEG, call_id="call-2"))) == [DifferenceKind.WRONG_CALL]


def test_an_estimated_end_may_differ_and_is_reported() -> None:
    found = report(citizen("a", 10, 40), replace(LEG, ended_at=at(55), end_is_estimated=True))
    assert found.agrees
    assert [end.seconds for end in found.estimated_ends] == [pytest.approx(15.0)]
    assert "ended" not in found.largest_seconds


def test_a_channel_that_asterisk_never_ended_may_have_an_estimated_end_only() -> None:
    killed = citizen("a", 10, 40)[:3]
    estimated = report(killed, replace(LEG, end_is_estimated=True))
    assert estimated.agrees
    assert estimated.estimated_ends[0].seconds is None
    assert kinds(report(killed, LEG)) == [DifferenceKind.ENDED]


def test_a_call_that_still_lasts_agrees_when_both_say_so() -> None:
    assert report(citizen("a", 10, 40)[:3], replace(LEG, ended_at=None)).agrees


def test_an_end_at_the_very_edge_of_the_period_may_be_missing_from_one_account() -> None:
    period = Period(at(0), at(40.05))
    assert report(citizen("a", 10, 40), replace(LEG, ended_at=None), period=period).agrees
    assert not report(citizen("a", 10, 39.9), replace(LEG, ended_at=None), period=period).agrees


def test_only_channels_that_started_in_the_period_count() -> None:
    later = Period(at(20), at(3600))
    assert report(citizen("a", 10, 40), period=later).in_log == {}
    assert report([], LEG, period=later).agrees
    # one account says just before, the other just after: it counts, and agrees
    edge = report(citizen("a", 19.97, 40), replace(LEG, started_at=at(20.01), answered_at=at(20.07)), period=later)
    assert edge.agrees
    assert edge.compared == 1


def test_the_report_can_be_read_by_people_and_programs() -> None:
    found = report(citizen("a", 10, 40), replace(LEG, ended_at=at(41)))
    text = found.as_text()
    assert "ended                  a  citizen  call call-1  recorded 2026-11-23T09:00:41.000+00:00" in text
    assert "+1.000 s" in text
    read = json.loads(json.dumps(found.as_dict()))
    assert read["agrees"] is False
    assert read["differences"][0]["kind"] == "ended"
    assert read["channels_in_log"] == {"citizen": 1}


@given(
    st.lists(
        st.tuples(st.sampled_from("abcde"), st.floats(0, 100), st.floats(0.2, 100), st.booleans(), st.booleans()),
        max_size=8,
        unique_by=lambda call: call[0],
    ),
)
def test_the_differences_are_exactly_the_channels_that_one_side_lacks(
    calls: list[tuple[str, float, float, bool, bool]],
) -> None:
    events = [row for name, start, long, logged, _ in calls if logged for row in citizen(name, start, start + long)]
    recorded = [
        RecordedChannel(ChannelId(name), "leg", at(start), at(start + 0.1), at(start + long), False, "call-1")
        for name, start, long, _, kept in calls
        if kept
    ]
    found = report(events, *recorded)
    assert {(d.kind, str(d.channel_id)) for d in found.differences} == {
        (DifferenceKind.NOT_RECORDED if logged else DifferenceKind.NOT_IN_LOG, name)
        for name, _, _, logged, kept in calls
        if logged != kept
    }
    assert found.compared == sum(logged and kept for _, _, _, logged, kept in calls)
