"""Calls that the dialplan's fallback took, read back from the channel event log."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.area import Area
from ari_app.core.call import EndReason
from ari_app.core.event_log.cel import CelEvent, CelKind, LogPosition, histories
from ari_app.core.event_log.fallback import FallbackCall, FallbackWatch, endpoint_of, fallback_calls
from ari_app.core.event_log.fallback_rows import fallback_rows
from ari_app.core.ids import AsteriskId
from ari_app.core.limits import Limit
from tests.core.cel_values import Channel, at, citizen, in_fallback, phone_rung, real_events, refused

pytestmark = pytest.mark.pure


def in_order(*channels: list[CelEvent]) -> list[CelEvent]:
    return sorted((event for events in channels for event in events), key=lambda event: event.at)


def helped(name: str = "f", start: float = 0.0, *, call_id: str = "call-1") -> list[CelEvent]:
    return in_order(
        in_fallback(name, start, start + 60, call_id=call_id, bridge=f"bridge-{name}"),
        phone_rung(f"{name}-1", name, start + 5, start + 60.1, bridge=f"bridge-{name}"),
        phone_rung(f"{name}-2", name, start + 5, start + 10, endpoint="phone02"),
    )


def test_a_real_log_has_one_citizen_helped_and_one_not() -> None:
    sent, forsaken = fallback_calls(histories(real_events()))
    assert (sent.dialled, sent.reason, sent.helped_by) == ("140120", "sent_by_application", "PJSIP/phone04")
    assert sent.was_in_application
    assert (forsaken.dialled, forsaken.reason, forsaken.helped_at) == ("140121", "no_heartbeat", None)
    assert not forsaken.was_in_application
    assert len(sent.phones) == len(forsaken.phones) == 8


def test_a_citizen_is_helped_from_the_moment_both_are_in_one_bridge() -> None:
    (call,) = fallback_calls(histories(helped()))
    assert call.call_id == "call-1"
    assert call.dialled == "140119"
    assert (call.started_at, call.fallback_at, call.ended_at) == (at(0), at(0.1), at(60))
    assert call.helped_at == at(10.01)
    assert call.helped_by == "PJSIP/phone01"
    assert [phone.channel_id for phone in call.phones] == ["f-1", "f-2"]


def test_a_prompt_that_answers_is_no_help() -> None:
    (call,) = fallback_calls(
        histories(in_order(in_fallback("f", 0, 30, call_id="call-1"), phone_rung("p", "f", 5, 30)))
    )
    assert call.line_answered_at == at(0.1)
    assert call.helped_at is None
    assert call.helped_by is None
    assert [phone.channel_id for phone in call.phones] == ["p"]


def test_a_caller_who_heard_busy_was_in_no_fallback_and_is_told_of_all_the_same() -> None:
    (call,) = fallback_calls(histories(refused("r", 0, call_id="call-1", limit="caller_limit")))
    assert (call.was_refused, call.reason, call.helped_at) == (True, "caller_limit", None)
    assert (call.started_at, call.fallback_at, call.ended_at) == (at(0), at(0.01), at(0.05))
    watch = FallbackWatch()
    events = refused("r", 0, call_id="call-1")
    assert [found.was_refused for found in watch.add((LogPosition("log", n), e) for n, e in enumerate(events))] == [
        True
    ]
    assert watch.needed_from is None


@pytest.mark.parametrize(
    ("limit", "reason"), [(Limit.OVERLOAD, EndReason.TURNED_AWAY), (Limit.TRUNK, EndReason.HEARD_BUSY)]
)
def test_a_caller_whom_the_dialplan_refused_ends_by_the_limit_that_was_reached(limit: Limit, reason: EndReason) -> None:
    call_id = "12345678-1234-8234-9234-123456789abc"
    (found,) = fallback_calls(histories(refused("r", 0, call_id=call_id, limit=limit)))
    call, facts, _, _ = fallback_rows(found, None, (), Area(), AsteriskId("node1"))
    assert (call.end_reason, facts[-1].detail["limit"], facts[-1].detail["reason"]) == (reason, limit, reason)


def test_a_phone_that_answers_when_the_caller_is_gone_helped_nobody() -> None:
    (call,) = fallback_calls(
        histories(in_order(in_fallback("f", 0, 10, call_id="call-1"), phone_rung("p", "f", 5, 11, bridge="empty")))
    )
    assert call.helped_at is None


def test_talks_before_the_fallback_are_no_help_of_the_fallback() -> None:
    made = Channel("f", call_id="call-1")
    before = [made(CelKind.BRIDGE_ENTER, -20, bridge_id="talk"), made(CelKind.BRIDGE_EXIT, -10, bridge_id="talk")]
    (call,) = fallback_calls(histories(in_order(before, in_fallback("f", 0, 30, call_id="call-1"))))
    assert call.helped_at is None


def test_callers_with_the_same_linked_id_are_distinguished_by_their_bridges() -> None:
    # both had been connected to the operator line "line" before
    first = in_fallback("f1", 0, 60, call_id="call-1", bridge="b1", linked_id="line")
    second = in_fallback("f2", 1, 61, call_id="call-2", bridge="b2", linked_id="line")
    phones = [
        phone_rung("p1", "line", 5, 60, endpoint="phone01", bridge="b2"),
        phone_rung("p2", "line", 5, 60, endpoint="phone02", bridge="b1"),
        phone_rung("p3", "line", 5, 10, endpoint="phone03"),
    ]
    one, two = fallback_calls(histories(in_order(first, second, *phones)))
    assert (one.call_id, one.helped_by) == ("call-1", "PJSIP/phone02")
    assert (two.call_id, two.helped_by) == ("call-2", "PJSIP/phone01")
    assert len(one.phones) + len(two.phones) == 3


def test_other_calls_are_not_touched() -> None:
    assert fallback_calls(histories(citizen("a", 0, 30))) == []


def test_the_endpoint_of_a_channel_may_have_dashes_itself() -> None:
    assert endpoint_of("PJSIP/town-hall-01-0000002f") == "PJSIP/town-hall-01"


def located(events: list[CelEvent]) -> list[tuple[LogPosition, CelEvent]]:
    return list(zip((LogPosition("log", byte) for byte in count(0, 100)), events, strict=False))


def test_given_a_call_that_lasts_when_it_ends_then_it_is_handed_out_once() -> None:
    watch = FallbackWatch()
    rows = located(helped())
    assert watch.add(rows[:-2]) == []
    (call,) = watch.add(rows[-2:])
    assert (call.helped_by, len(call.phones)) == ("PJSIP/phone01", 2)
    assert watch.add([]) == []
    assert watch.needed_from is None


def test_given_a_restart_when_reading_begins_where_it_is_needed_then_nothing_is_missing() -> None:
    rows = located(in_order(citizen("a", 0, 5), helped("f", 3), citizen("b", 8, 90)))
    whole = FallbackWatch().add(rows)
    for stop in range(len(rows)):
        watch = FallbackWatch()
        before = watch.add(rows[:stop])
        begin = watch.needed_from.byte // 100 if watch.needed_from else stop
        assert before + FallbackWatch().add(rows[begin:]) == whole


def test_a_watch_keeps_no_channel_that_is_over_and_no_line_of_an_operator() -> None:
    line = Channel("line", context="from-phones", exten="1400")
    watch = FallbackWatch()
    watch.add(located([line(CelKind.CHAN_START, 0), line(CelKind.APP_START, 0, "Stasis")]))
    assert watch.needed_from is None
    watch.add(located(in_order(helped("f"), citizen("a", 1, 50))))
    assert watch.needed_from is None


def test_given_asterisk_was_killed_when_it_is_back_then_the_calls_of_that_moment_are_handed_out() -> None:
    watch = FallbackWatch()
    watch.add(located([event for event in helped() if event.at < at(30)]))
    (call,) = watch.asterisk_was_restarted(at(30))
    assert call.ended_at is None
    assert call.helped_by == "PJSIP/phone01"
    assert watch.needed_from is None


def test_a_fallback_whose_start_was_lost_is_still_found() -> None:
    watch = FallbackWatch()
    (call,) = watch.add(located(in_fallback("f", 0, 30, call_id="call-1")[1:]))
    assert (call.call_id, call.dialled) == ("call-1", "")


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=6),
    st.lists(st.integers(0, 80), max_size=6),
)
def test_a_watch_finds_the_same_calls_however_the_log_is_cut(starts: list[int], cuts: list[int]) -> None:
    rows = located(in_order(*(helped(f"f{n}", start, call_id=f"call-{n}") for n, start in enumerate(starts))))
    watch = FallbackWatch()
    edges = sorted({0, *(min(cut, len(rows)) for cut in cuts), len(rows)})
    found: list[FallbackCall] = []
    for start, end in zip(edges, edges[1:], strict=False):
        found += watch.add(rows[start:end])
    assert {call.call_id: call.helped_by for call in found} == {
        f"call-{n}": "PJSIP/phone01" for n in range(len(starts))
    }
    assert len(found) == len(starts)
    assert watch.needed_from is None
