"""Hold at the door: since when the store is away, who tries, and which rows may follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from ari_app.core.call import Call, EndReason, Stage
from ari_app.core.door import FORGOTTEN, HOLD, RETRY, after_failure, after_heartbeat, holds, may_follow
from ari_app.core.ids import AsteriskId, CallId, ChannelId, RequestId
from ari_app.core.numbers import E164

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CALL = Call(CallId(uuid4()), AsteriskId("node1"), ChannelId("citizen"), "140119", Stage.WAITING, NOW, NOW)


def test_an_absence_counts_from_its_first_failure_and_is_tried_again_later() -> None:
    absence = after_failure(None, NOW, of_call=True)
    again = after_failure(absence, NOW + SECOND, of_call=False)
    assert (again.since, again.retry_at, again.is_known, again.has_lost_writes) == (
        NOW,
        NOW + SECOND + RETRY,
        True,
        True,
    )


def test_a_failure_long_after_the_last_one_begins_another_absence() -> None:
    absence = after_failure(None, NOW, of_call=True)
    later = NOW + FORGOTTEN + SECOND
    assert absence.is_forgotten(later)
    assert after_failure(absence, later, of_call=True).since == later


def test_it_is_over_after_half_a_minute_of_failures_and_not_of_silence() -> None:
    absence = after_failure(None, NOW, of_call=True)
    assert not absence.is_over(NOW + HOLD)  # nobody has tried lately
    for second in range(1, 30):
        absence = after_failure(absence, NOW + second * SECOND, of_call=True)
    assert not absence.is_over(NOW + HOLD - SECOND)
    assert absence.is_over(NOW + HOLD)


def test_a_heartbeat_ends_an_absence_that_only_a_heartbeat_saw() -> None:
    assert after_heartbeat(after_failure(None, NOW, of_call=False)) is None
    assert after_heartbeat(None) is None


def test_a_heartbeat_that_is_written_while_calls_cannot_be_lets_them_try_and_proves_nothing() -> None:
    """As when somebody has locked the table of calls."""
    absence = after_failure(None, NOW, of_call=True)
    heard = after_heartbeat(absence)
    assert heard is not None and (heard.since, heard.is_known) == (NOW, False)
    assert after_failure(heard, NOW + SECOND, of_call=True).since == NOW


def test_new_callers_are_taken_for_half_a_minute() -> None:
    assert holds(None, NOW)
    assert holds(NOW, NOW + HOLD - SECOND)
    assert not holds(NOW, NOW + HOLD)


@pytest.mark.parametrize("stage", Stage)
def test_the_row_of_a_new_caller_may_follow_until_somebody_else_is_touched(stage: Stage) -> None:
    call = replace(CALL, stage=stage)
    assert may_follow(call) == (stage not in (Stage.CONNECTING, Stage.TALKING, Stage.SURVEY, Stage.ENDED))
    assert not may_follow(replace(call, answered_at=NOW)), "who has talked to somebody"
    assert not may_follow(replace(call, pii_callback_number=E164("+31201234567"))), "a promise"
    assert not may_follow(replace(call, callback_request=RequestId(uuid4()))), "we called them"
    assert not may_follow(replace(call, ending=EndReason.CLOSED)), "an intention"
