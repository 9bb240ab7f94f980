"""The channel event log: whatever stands in a line, the whole lines are read, and reading goes on behind it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.area import Area
from ari_app.core.event_log.audit import Period, audit
from ari_app.core.event_log.cel import CelEvent, LogPosition, histories
from ari_app.core.event_log.fallback import FallbackCall, FallbackWatch
from ari_app.core.event_log.fallback_rows import fallback_rows
from ari_app.core.ids import AsteriskId
from ari_app.jobs.cel_file import events_since, read
from ari_app.jobs.unseen_events import UnseenEvents
from tests.fuzz import NO_LIMIT, fuzz, in_bounded_time
from tests.fuzz.event_logs import Line, logs

pytestmark = [pytest.mark.pure, NO_LIMIT]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(9000, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "cel.csv"


def _read_to_the_end(log: Path, most_bytes: int) -> tuple[list[CelEvent], int]:
    """The events, and the number of bad lines; fails when reading does not come to an end."""
    size = log.stat().st_size
    found: list[CelEvent] = []
    position: LogPosition | None = None
    bad = 0
    for _ in range(2 + size // 50):
        batch = read(log, position, most_bytes)
        assert batch.position is not None
        assert position is None or batch.position.byte >= position.byte
        found += (event for _, event in batch.events)
        bad += batch.bad_lines
        position = batch.position
        if not batch.is_more:
            break
    assert position is not None
    assert position.byte == log.read_bytes().rfind(b"\n") + 1, "behind the last whole line"
    return found, bad


def _in_order(wanted: list[CelEvent], found: list[CelEvent]) -> bool:
    rest = iter(found)
    return all(event in rest for event in wanted)


def test_every_whole_line_of_a_damaged_log_is_read_and_nothing_that_is_read_does_harm(log: Path) -> None:
    @fuzz(400)
    @given(logs(), st.integers(20_000, 300_000))
    def reads(lines: list[Line], most_bytes: int) -> None:
        log.write_bytes(b"".join(line.content for line in lines if line.whole))
        whole = list(events_since(log, BEGINNING))
        log.write_bytes(b"".join(line.content for line in lines))
        with in_bounded_time():
            found, _ = _read_to_the_end(log, most_bytes)
            assert _in_order(whole, found)
            assert list(events_since(log, BEGINNING)) == found
            known = histories(found)
            audit(known, (), Period(BEGINNING, NEVER)).as_text()
            for call in _all_calls(found):
                _assert_row_is_fit(call)
        ends = UnseenEvents(log)._logged({history.channel_id for history in known}, BEGINNING).ends
        assert all(left.cause is None or 0 <= left.cause < 2**15 for left in ends.values())

    reads()


def _all_calls(events: list[CelEvent]) -> list[FallbackCall]:
    watch = FallbackWatch()
    found = watch.add((LogPosition("x", n), event) for n, event in enumerate(events))
    return [*found, *watch.asterisk_was_restarted(NEVER)]


def _assert_row_is_fit(found: FallbackCall) -> None:
    """A row of it, if its id is one: moments in order, texts that can be stored."""
    try:
        call, facts, legs, stays = fallback_rows(found, None, (), Area(), AsteriskId("node1"))
    except ValueError:
        return  # its id is none: the taker says so, and passes over it
    assert all(stay.left_at is not None and stay.entered_at <= stay.left_at for stay in stays)
    for leg in legs:
        assert leg.hangup_cause is None or 0 <= leg.hangup_cause < 2**15
    for text in (call.channel_id, *(str(fact.detail) for fact in facts), *(str(leg.party) for leg in legs)):
        assert "\0" not in text
        assert "\\x00" not in text
        text.encode()
