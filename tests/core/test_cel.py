"""Rows of the channel event log, and the histories made of them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.event_log.cel import COLUMNS, CelKind, ChannelRole, histories, parse_row
from tests.core.cel_values import Channel, at, citizen, real_events

pytestmark = pytest.mark.pure

GOOD = ["ANSWER", "1795451109.910844", "node1-1.0", "node1-1.0", "PJSIP/x-1", "", "operator", "s", "Stasis", "", "", ""]


def test_a_row_keeps_its_microseconds() -> None:
    found = parse_row(GOOD)
    assert found is not None
    assert found.at == datetime(2026, 11, 23, 16, 25, 9, 910844, tzinfo=UTC)
    assert found.at.utcoffset() == timedelta(0)


def test_more_columns_at_the_end_are_ignored() -> None:
    assert parse_row([*GOOD, "more"]) == parse_row(GOOD)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("eventtype", ""),
        ("uniqueid", ""),
        ("eventtime", ""),
        ("eventtime", "1795451109"),
        ("eventtime", "1795451109.91"),
        ("eventtime", "-1795451109.910844"),
        ("eventtime", "１795451109.910844"),
        ("eventtime", "999999999999999999.910844"),
        ("extra", "{"),
        ("extra", "[1]"),
        ("extra", "[" * 100_000),
        # what Postgres or a terminal would choke on
        ("uniqueid", "node1-\0"),
        ("channame", "PJSIP/\x1b[2J"),
        ("exten", "1" * 257),
    ],
)
def test_a_row_with_an_impossible_cell_is_refused(column: str, value: str) -> None:
    cells = list(GOOD)
    cells[COLUMNS.index(column)] = value
    assert parse_row(cells) is None


@pytest.mark.parametrize("cause", [True, -1, 2**15, 2**70, "16", None, [16]])
def test_a_cause_that_is_none_is_not_known(cause: object) -> None:
    made = Channel("a")
    (history,) = histories([made(CelKind.CHAN_START, 0), made(CelKind.HANGUP, 1, hangupcause=cause)])
    assert history.hangup_cause is None


@pytest.mark.parametrize(("said", "kept"), [("no\0_heart\ud800beat", "no_heartbeat"), ("x" * 999, "x" * 64), ([1], "")])
def test_a_reason_is_a_word_that_can_be_stored(said: object, kept: str) -> None:
    (history,) = histories([Channel("a")(CelKind.FALLBACK, 0, extra=said)])
    assert history.fallback_reason == kept


@given(st.lists(st.text(max_size=30), max_size=15))
def test_no_cells_raise_an_exception(cells: list[str]) -> None:
    assert parse_row(cells) is None or len(cells) >= len(COLUMNS)


def test_a_real_log_gives_each_channel_its_role() -> None:
    found = histories(real_events())
    assert all(history.started_at and history.ended_at and history.hangup_cause is not None for history in found)
    assert Counter(history.role for history in found) == {
        ChannelRole.OPERATOR_LINE: 1,
        ChannelRole.CITIZEN: 4,
        ChannelRole.DIALLED: 2,
        ChannelRole.FALLBACK_PHONE: 16,
        ChannelRole.FALLBACK_CALLER: 1,
        ChannelRole.DIALPLAN_ONLY: 2,
    }


def test_a_caller_of_a_real_log_has_the_linked_id_of_the_line_it_was_connected_with() -> None:
    found = histories(real_events())
    line = next(history for history in found if history.role is ChannelRole.OPERATOR_LINE)
    caller = next(history for history in found if history.role is ChannelRole.CITIZEN)
    assert caller.linked_ids == (caller.channel_id, line.channel_id)
    assert caller.bridges[0].bridge_id == line.bridges[0].bridge_id
    assert caller.bridges[0].until_at is not None


def test_a_history_has_the_moments_of_its_rows() -> None:
    (history,) = histories(citizen("a", 0, 30))
    assert (history.started_at, history.answered_at, history.ended_at) == (at(0), at(0.1), at(30))
    assert history.call_id == "call-1"
    assert history.exten == "140119"
    assert (history.in_application[0].from_at, history.in_application[0].until_at) == (at(0.01), at(30))
    assert history.hangup_cause == 16


def test_a_log_that_begins_in_the_middle_of_a_channel_has_no_start_of_it() -> None:
    (history,) = histories(citizen("a", 0, 30)[2:])
    assert history.started_at is None
    assert history.first_seen_at == at(0.1)


def test_a_second_answer_does_not_move_the_first() -> None:
    made = Channel("a")
    (history,) = histories(
        [made(CelKind.CHAN_START, 0), made(CelKind.ANSWER, 1, "Stasis"), made(CelKind.ANSWER, 5, "Answer")]
    )
    assert (history.answered_at, history.answered_by) == (at(1), "Stasis")


def test_events_of_other_types_only_show_that_the_channel_lives() -> None:
    made = Channel("a")
    (history,) = histories([made(CelKind.CHAN_START, 0), made("PARK_START", 4), made("ANYTHING", 5, bridge_id="b")])
    assert history.last_seen_at == at(5)
    assert history.bridges == ()


def test_a_channel_that_left_a_bridge_and_came_back_has_two_spans() -> None:
    made = Channel("a")
    enter, leave = CelKind.BRIDGE_ENTER, CelKind.BRIDGE_EXIT
    (history,) = histories(
        [made(enter, 1, bridge_id="b"), made(leave, 2, bridge_id="b"), made(enter, 3, bridge_id="b")]
    )
    assert [(span.from_at, span.until_at) for span in history.bridges] == [(at(1), at(2)), (at(3), None)]


@pytest.mark.parametrize(
    ("rows", "role"),
    [
        ([("CHAN_START", "")], ChannelRole.DIALPLAN_ONLY),
        ([("CHAN_START", ""), ("APP_START", "Dial")], ChannelRole.DIALPLAN_ONLY),
        ([("CHAN_START", ""), ("APP_START", "Stasis")], ChannelRole.CITIZEN),
        ([("CHAN_START", ""), ("FALLBACK", "CELGenUserEvent")], ChannelRole.FALLBACK_CALLER),
        ([("CHAN_START", ""), ("APP_START", "Stasis"), ("FALLBACK", "CELGenUserEvent")], ChannelRole.CITIZEN),
    ],
)
def test_the_role_of_a_citizens_channel(rows: list[tuple[str, str]], role: ChannelRole) -> None:
    made = Channel("a")
    (history,) = histories(made(kind, place, app) for place, (kind, app) in enumerate(rows))
    assert history.role is role


def test_a_call_that_found_no_application_was_never_in_it() -> None:
    made = Channel("a")
    (history,) = histories(
        [
            made(CelKind.CHAN_START, 0),
            made(CelKind.APP_START, 1, "Stasis"),
            made(CelKind.APP_END, 1, "Stasis"),
            made(CelKind.FALLBACK, 1, "CELGenUserEvent", extra="stasis_failed"),
        ]
    )
    assert history.role is ChannelRole.FALLBACK_CALLER


def test_an_operator_who_only_heard_that_the_application_is_away_has_no_line() -> None:
    made = Channel("a", context="from-phones", exten="1400")
    tried = [
        made(CelKind.CHAN_START, 0),
        made(CelKind.APP_START, 1, "Stasis"),
        made(CelKind.APP_END, 1, "Stasis"),
    ]
    (turned_away,) = histories([*tried, made(CelKind.ANSWER, 1, "Answer")])
    (line,) = histories([*tried[:2], made(CelKind.ANSWER, 1, "Stasis")])
    assert turned_away.role is ChannelRole.DIALPLAN_ONLY
    assert line.role is ChannelRole.OPERATOR_LINE
